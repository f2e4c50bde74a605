/*
 * endpoints: which requests of the Flex5 API are known to be of use (flex-api.md), and which of them a site
 * says that it has in its own specification, an OpenAPI document. Pure.
 */
#ifndef FLEXSYNC_ENDPOINTS_H
#define FLEXSYNC_ENDPOINTS_H

#include "flexsync/error.h"

#include <stdbool.h>
#include <stddef.h>

#define ENDPOINTS_COUNT 45

/* A path below /f5/api, parameters as {id}, and what it is for. */
struct endpoint {
    const char *path, *purpose;
};

extern const struct endpoint endpoints[ENDPOINTS_COUNT];

struct endpoints_found {
    bool has[ENDPOINTS_COUNT]; /* answers GET, as the document says */
    size_t known;              /* how many of them */
    size_t paths;              /* that the document has altogether */
};

/*
 * Reads a document of OpenAPI 3 or Swagger 2. Names of parameters, a slash at the end and the prefixes /f5
 * and /api do not count. ERROR_ANSWER where it is not JSON or has no paths.
 */
int endpoints_read(struct endpoints_found *ret, const char *body, size_t length, struct error *err);

/*
 * Calls `each` with every path of a document, in its order; what could be more than a path (anything but
 * letters, digits and /{}._-, or a run of digits) is left out. Errors as endpoints_read().
 */
int endpoints_list(const char *body, size_t length, void (*each)(void *arg, const char *path), void *arg,
                   struct error *err);

#endif
