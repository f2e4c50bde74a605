/*
 * Made-up words. People, companies, towns and streets are put together from syllables of an alphabet, so that
 * they look like names without being anybody's.
 */
#ifndef FLEXSIM_NAMES_H
#define FLEXSIM_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "rng.h"

#define NAMES_WORD_MAX 160 /* bytes a word or an awkward text takes at most, the end included */

struct alphabet;

/* Which alphabet somebody's names are written in: mostly Latin, every other one now and then. */
const struct alphabet *names_alphabet(struct rng *r);
const struct alphabet *names_latin(void);

/* A capitalised word of the first syllable and `more` further ones. */
void names_word(const struct alphabet *a, struct rng *r, unsigned more, char ret[static NAMES_WORD_MAX]);

/* Small letters a-z only, for mailboxes and hosts. */
void names_ascii(struct rng *r, unsigned syllables, char ret[static NAMES_WORD_MAX]);

/* Whether the family comes first, and what stands between the two names. */
bool names_family_first(const struct alphabet *a);
const char *names_joint(const struct alphabet *a);

/* A syllable to tell one version of a name from the next: neighbouring numbers give different ones. */
const char *names_syllable(const struct alphabet *a, unsigned number);

/* Texts that break programs: quotes, separators, formulas, markup, line breaks, odd Unicode. */
const char *names_awkward(struct rng *r);

const char *names_company_kind(struct rng *r);
const char *names_job(unsigned number);
const char *names_country(struct rng *r);

#endif
