/*
 * interrupt: Ctrl-C while a file is being written. The signal is put off, so that what was begun can be
 * cleaned up, and takes its effect afterwards. Inside of cli only.
 */
#ifndef FLEXSYNC_INTERRUPT_H
#define FLEXSYNC_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

struct interrupt {
    sigset_t before;
};

/* From here on SIGINT, SIGTERM and SIGHUP wait. */
void interrupt_defer(struct interrupt *interrupt);

/* Does one wait? */
bool interrupt_asked(void);

/* Ends the waiting: a signal that came meanwhile ends the program here. Left out where all was done before
 * one could be heard: it came too late. */
void interrupt_allow(const struct interrupt *interrupt);

#endif
