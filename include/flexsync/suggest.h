/*
 * suggest: "did you mean …". How far what somebody wrote is from a name that there is. Pure.
 */
#ifndef FLEXSYNC_SUGGEST_H
#define FLEXSYNC_SUGGEST_H

#include <stddef.h>
#include <stdint.h>

#define SUGGEST_NEVER SIZE_MAX

/*
 * How far `name` is from `meant`, in slips of the pen, case left out; SUGGEST_NEVER where nobody can have
 * meant it.
 */
size_t suggest_slip(const char *name, const char *meant);

/* Keeps the nearest of the names that it is shown. Begin with best NULL. */
struct suggest {
    const char *name; /* what somebody wrote */
    const char *best; /* or NULL */
    size_t cost;
};

void suggest_try(struct suggest *suggest, const char *meant);

#define SUGGEST_TEXT_MAX 80

/* "; did you mean BEST?", or "" where there is none, to stand at the end of a message. */
const char *suggest_text(char buffer[static SUGGEST_TEXT_MAX], const struct suggest *suggest);

#endif
