/*
 * process: what both programs do before anything else.
 */
#ifndef FLEXSYNC_PROCESS_H
#define FLEXSYNC_PROCESS_H

/*
 * The key will be in our memory: no core dump, and no other process of the same user may look into it. A
 * lack of memory within jansson ends the program, with a message and status 71: jansson reports it as a
 * mistake in the text, or leaves out what it had no room for (2.14), and that must not become a record.
 */
void process_begin(void);

#endif
