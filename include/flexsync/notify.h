/*
 * notify: what the service manager is told, sd_notify(3). Without one, nothing happens.
 */
#ifndef FLEXSYNC_NOTIFY_H
#define FLEXSYNC_NOTIFY_H

#include <stdint.h>

/* Everything stands. Also ends a reload. */
void notify_ready(const char *status);

/* SIGHUP came: Type=notify-reload wants the monotonic time with it. */
void notify_reloading(void);

/* A start takes longer, and goes on: `usec` from now, READY or the next of these is to be expected. */
void notify_extend(int64_t usec);

void notify_stopping(void);
void notify_status(const char *status);
void notify_watchdog(void);

#endif
