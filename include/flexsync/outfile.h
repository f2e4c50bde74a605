/*
 * outfile: a file that comes into being as a whole or not at all.
 *
 * What is written goes into a temporary file beside the target, mode 0600, since it holds people's data; one
 * that takes the place of another file gets that one's mode, owner and group, as far as it may.
 * outfile_commit() brings it to the disk and puts it in the target's place in one step; until then, and if
 * the program is killed, the target is as it was. What a killed program leaves (TARGET.flexsync-XXXXXX) is
 * removed by the next one that writes into that folder; a lock tells it from what is being written. A target
 * that is no regular file (a pipe, /dev/null) and the standard output are written straight to, since they
 * cannot be replaced.
 */
#ifndef FLEXSYNC_OUTFILE_H
#define FLEXSYNC_OUTFILE_H

#include "flexsync/error.h"

#include <stdbool.h>
#include <stdio.h>

struct outfile;

/*
 * Opens for writing; path NULL or "-" is the standard output. `by_name`: a library writes it, which opens it
 * by outfile_name(); then a file is behind it in any case, and outfile_commit() copies it where nothing can
 * be replaced. ERROR_USAGE for a folder, ERROR_CREATE when it cannot be made. Free with outfile_free().
 */
int outfile_open(struct outfile **ret, const char *path, bool by_name, struct error *err);

/* What is printed here becomes the file; valid until outfile_commit() or outfile_free(). */
FILE *outfile_stream(const struct outfile *file);

/* The name under which a library writes it; only with `by_name`. */
const char *outfile_name(const struct outfile *file);

/* The target, for messages. */
const char *outfile_target(const struct outfile *file);

/*
 * ERROR_STORE_FULL, ERROR_STORE: it could not be written, and the target is as it was. What is left in the
 * buffer of the standard output is the caller's.
 */
int outfile_commit(struct outfile *file, struct error *err);

/* Fills *err from errno for a write that failed; returns -1. */
int outfile_failed(const struct outfile *file, struct error *err);

/* Without a commit nothing remains of it. NULL is allowed; returns NULL. */
struct outfile *outfile_free(struct outfile *file);

#endif
