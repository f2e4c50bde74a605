/*
 * anonymize: an answer of the server without what is in it. The shape stays: structure, names of fields,
 * lengths, and what kind of character is where; every value becomes a made-up one. Pure.
 *
 * Works on the bytes, not on parsed JSON, so that what is wrong with an answer (half a surrogate, a raw tab,
 * bad UTF-8, a cut) can still be seen in the result.
 */
#ifndef FLEXSYNC_ANONYMIZE_H
#define FLEXSYNC_ANONYMIZE_H

#include "flexsync/buffer.h"

#define ANONYMIZE_ID      37   /* bytes of a UUID, the NUL included */
#define ANONYMIZE_IDS_MAX 4096 /* ids that are told apart; further ones all become number 0 */

/* The ids seen so far: an id becomes the same number wherever it comes. All zero is an empty one. */
struct anonymizer {
    char (*ids)[ANONYMIZE_ID]; /* owned, in lower case */
    size_t count;
};

/*
 * Appends the text to `ret`, made harmless:
 *
 * - letters become x or X, digits 9, each other character beyond ASCII one ü, each byte that is no UTF-8 the
 *   byte 0xff; punctuation, white space and escapes stay, as do the T and the Z of a date;
 * - a UUID becomes one of 00000000-0000-4000-8000-000000000001, …; AAAAAAAA-… where it has upper case;
 * - numbers get the digit 1 throughout; true, false and null stay;
 * - the name of a member stays where it looks like a name in a program (letters and digits, a small letter
 *   first); ids, e-mail addresses and the like that serve as names are replaced like values.
 *
 * A NUL follows the text. -EFBIG past the limit of `ret`, -ENOMEM without memory.
 */
int anonymize(struct anonymizer *anonymizer, const char *text, size_t length, struct buffer *ret);

void anonymizer_free(struct anonymizer *anonymizer);

#endif
