/*
 * daemon: flexsyncd as a function. Signals, the schedule, reload and the service manager around one engine.
 *
 * The schedule: a cycle at start (sync.on_start), then one every sync.interval, counted from the beginning of
 * one to that of the next. A 429 moves the next one to the moment at which sending may go on; a refused key
 * to six hours later. SIGHUP reads the settings again and syncs now, SIGUSR1 writes the status to the log,
 * SIGTERM and SIGINT end the cycle with everything received committed.
 */
#ifndef FLEXSYNC_DAEMON_H
#define FLEXSYNC_DAEMON_H

/* The program: reads its command line, runs, and returns its exit status (error.h). */
int daemon_main(int argc, char **argv);

#endif
