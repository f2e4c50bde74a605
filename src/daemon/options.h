/* The command line of flexsyncd. Inside of daemon only. */
#ifndef FLEXSYNC_OPTIONS_H
#define FLEXSYNC_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *file; /* -c; NULL: the default file, which may be missing */
    bool test;        /* -t */
    bool print;       /* -T */
    bool once;        /* --once */
};

/* False: end at once with *ret_status; what there was to say has been said. */
bool options_read(struct options *ret, int argc, char **argv, int *ret_status);

#endif
