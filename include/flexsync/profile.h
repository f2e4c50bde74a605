/*
 * profile: who the API key belongs to, as /user-profile/current-user says. Pure.
 *
 * The names are for a terminal. They are personal data: never log them.
 */
#ifndef FLEXSYNC_PROFILE_H
#define FLEXSYNC_PROFILE_H

#include "flexsync/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_NAME_MAX  120
#define PROFILE_UNCOUNTED (-1)

struct profile {
    char name[PROFILE_NAME_MAX], login[PROFILE_NAME_MAX]; /* disarmed; "": not said */
    char home[PROFILE_NAME_MAX];                          /* the name of the user's own location; "": none */
    bool locked, deleted;
    int64_t locations; /* that the user sees; PROFILE_UNCOUNTED: not said */
};

/* ERROR_ANSWER where it is not JSON or has neither an id nor a login. */
int profile_read(struct profile *ret, const char *body, size_t length, struct error *err);

/* ERROR_KEY for a user that is locked or deleted, without a name; 0 for one that is well. */
int profile_judge(const struct profile *profile, struct error *err);

/* "not locked, sees 3 locations": no names. */
void profile_describe(const struct profile *profile, char *text, size_t size);

#endif
