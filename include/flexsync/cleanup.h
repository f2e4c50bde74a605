/*
 * cleanup: release by attribute, so that every way out of a function releases what it took.
 *
 * A variable declared with one of these macros is released when its scope ends. To hand the value on, take it
 * out with take_pointer(), which leaves NULL behind.
 */
#ifndef FLEXSYNC_CLEANUP_H
#define FLEXSYNC_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void cleanup_free_pointer(void *pointer)
{
    free(*(void **)pointer);
}

static inline void cleanup_close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void cleanup_close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

#define CLEANUP_FREE  CLEANUP(cleanup_free_pointer)
#define CLEANUP_CLOSE CLEANUP(cleanup_close_fd)
#define CLEANUP_FILE  CLEANUP(cleanup_close_file)

/* The value of a pointer variable, which is NULL from then on. */
#define take_pointer(variable)                                                                               \
    ({                                                                                                       \
        __typeof__(variable) taken_ = (variable);                                                            \
        (variable) = NULL;                                                                                   \
        taken_;                                                                                              \
    })

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
