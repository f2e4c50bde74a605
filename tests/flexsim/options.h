/*
 * The table of settings: from it follow the command line, /__config and --help.
 */
#ifndef FLEXSIM_OPTIONS_H
#define FLEXSIM_OPTIONS_H

#include "buf.h"
#include "settings.h"

#define OPTIONS_ERROR_MAX  512
#define OPTIONS_OFFSET_MAX INT64_C(3155760000) /* a hundred years */

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_WRONG };

void options_defaults(struct settings *ret);

/* Reads the command line over the defaults; where it is wrong, `error` says how. */
enum options_result options_read(int argc, char *const *argv, struct settings *ret,
                                 char error[static OPTIONS_ERROR_MAX]);

/* One setting by name; `running`: only those that can change then. 0, or -1 and `error`. */
int options_assign(struct settings *set, const char *name, const char *value, bool running,
                   char error[static OPTIONS_ERROR_MAX]);

/* As JSON, those that /__config can change. */
void options_render(const struct settings *set, struct buf *b);
/* The part of --help that lists them. */
void options_help(struct buf *b);

#endif
