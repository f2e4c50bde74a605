/* What the program and the daemon in it share. Inside of daemon only. */
#ifndef FLEXSYNC_DAEMON_INTERNAL_H
#define FLEXSYNC_DAEMON_INTERNAL_H

#include "flexsync/config.h"
#include "options.h"

/* Runs until it is asked to end, or as --once says; returns the exit status. Takes over `config`. */
int daemon_run(const struct options *options, struct config *config);

#endif
