/*
 * cli: flexsync, the command for people, as a function.
 */
#ifndef FLEXSYNC_CLI_H
#define FLEXSYNC_CLI_H

/* The program: finds the command, runs it, and returns its exit status (error.h). */
int cli_main(int argc, char **argv);

#endif
