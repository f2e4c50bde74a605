/*
 * complaint: the body of an error as Flex writes it, such as {"exceptionCode":"FLEX_5000","exceptionMessage":
 * "Access Denied"}. Inside of fetch only.
 */
#ifndef FLEXSYNC_COMPLAINT_H
#define FLEXSYNC_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

#define COMPLAINT_MAX (64 * 1024) /* bytes; a longer body is no error of Flex */

struct complaint {
    bool unknown; /* its message says that there is no such record */
};

/* False for what Flex does not write: other JSON, HTML, nothing. `body` may be NULL. */
bool complaint_read(const char *body, size_t length, struct complaint *ret);

#endif
