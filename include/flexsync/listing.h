/*
 * listing: reads a listing page by page and proves that it is whole, or says that it is not.
 *
 * The server is believed in nothing but what came back. It may count pages from one with page 0 an alias of
 * page 1, or from zero; clamp the size; repeat and drop rows while others edit; answer a plain array. So the
 * walk begins at page 1, asks for page 0 unless page 1 says that it is the first, goes on while pages bring
 * new ids, and where ids are missing at the end looks once beyond the end and at page 0.
 *
 * A reading proves the listing whole if the distinct ids equal `totalElements`, which was the same on all its
 * pages, and the last page was seen. Otherwise it is read again, three times at the most; the ids of readings
 * with the same total are united, since a row that one reading missed another one brings, until the union has
 * more ids than there are: then somebody has left, and it begins anew. A reading that has everybody by itself
 * needs no union. Where there are no totals (an array) the proof is a page that is empty, or has everybody
 * once more, after pages that brought only new ids. Rows without a usable id are missing ids: with them
 * nothing is proven whole, nor read again for their sake alone.
 *
 * What no count can show: that as many were added as deleted while a reading went on, or between two that
 * both lacked somebody. Whoever is taken for gone is therefore asked for by id before anything is believed.
 *
 * Pure: no network, no disk. The caller stages the rows and says how many ids were new.
 */
#ifndef FLEXSYNC_LISTING_H
#define FLEXSYNC_LISTING_H

#include "flexsync/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTING_READINGS_MAX 3
#define LISTING_PAGES_MAX    250    /* of one reading, where no total says how many there are */
#define LISTING_PAGES_MORE   16     /* beyond what the total asks for */
#define LISTING_GAP_MAX      100    /* empty pages in a row, before the announced end */
#define LISTING_SIZE_MAX     100000 /* rows of a page that are asked for at the most */
#define LISTING_SIZE_MIN     20     /* and at least: the default size of the API */
#define LISTING_TEXT_MAX     256    /* bytes of a walk as text, its NUL included */

enum listing_step {
    LISTING_FIRST,
    LISTING_ZERO,
    LISTING_ON,
    LISTING_BEYOND,
    LISTING_OVERLAP, /* the last page before a pause, once more */
    LISTING_OVER
};
enum listing_verdict { LISTING_AGAIN, LISTING_WHOLE, LISTING_INCOMPLETE };

struct listing {
    bool paged;    /* ask by page and size */
    unsigned size; /* to ask for: ours, then what the server granted */
    unsigned page; /* to ask for now */
    enum listing_step step;
    unsigned reading;       /* counts up */
    unsigned began;         /* the first of the three that may be tried */
    unsigned first_reading; /* readings since this one are united */
    unsigned next;          /* the page after the last one of the walk */
    unsigned pages;         /* answers in this reading */
    unsigned empty;         /* the last of these, in a row, that brought no row */
    int64_t rows;           /* that a page holds, as its first answer shows */
    bool asked_zero, looked_beyond, last_seen, moved, disorder;
    int64_t total;      /* of this reading; PAGE_UNKNOWN */
    int64_t seen;       /* distinct ids of this reading */
    int64_t unusable;   /* rows of this reading without an id: missing, and no other reading brings them */
    int64_t duplicates; /* rows that came twice, in all readings */
    int64_t page_rows;  /* of the last answer of the walk, unusable ones included */
    bool zero_based;    /* page 0 brought ids of its own */
};

/* Begins the first reading. `size` is what to ask for, 1 or more. */
void listing_begin(struct listing *listing, bool paged, unsigned size);

/*
 * Takes the answer for listing->page. `new_ids` of its rows had not come in this reading. Afterwards
 * listing->step is LISTING_OVER, or listing->page and size are the next to ask for.
 */
void listing_answer(struct listing *listing, const struct page *page, size_t new_ids);

/*
 * Judges a reading that is over. `distinct` ids came in the readings since listing->first_reading, which may
 * be later afterwards: what is WHOLE is what came since then. LISTING_AGAIN: the next reading has begun.
 */
enum listing_verdict listing_judge(struct listing *listing, int64_t distinct);

/*
 * What was proven whole turned out not to be: begins another reading, which is united with none before it,
 * and may be tried three times.
 */
void listing_read_again(struct listing *listing);

/* Begins this reading again, with pages of so many rows, at least LISTING_SIZE_MIN. */
void listing_resize(struct listing *listing, unsigned size);

/*
 * The size to try where a page of `size` rows is too much for the server: half of it, and less than `total`
 * (PAGE_UNKNOWN: not known), since a larger one would be the same page.
 */
unsigned listing_smaller(unsigned size, int64_t total);

/*
 * A walk that the quota ends can go on later. listing_can_pause() says whether there is a page to go on from,
 * listing_print() writes the walk as text, listing_resume() reads it back: false for a text that is none. It
 * then asks for the last page once more, and begins again where that page is another one now.
 */
bool listing_can_pause(const struct listing *listing);
void listing_print(char text[static LISTING_TEXT_MAX], const struct listing *listing);
bool listing_resume(struct listing *listing, const char *text);

#endif
