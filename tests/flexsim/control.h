/*
 * Control requests, under /__: what the tests ask and do. Never counted, no key needed.
 */
#ifndef FLEXSIM_CONTROL_H
#define FLEXSIM_CONTROL_H

#include "answer.h"
#include "sim.h"

#define CONTROL_PREFIX   "/__"
#define CONTROL_BODY_MAX ((size_t)SCRIPT_TEXT_MAX)

/* Takes the lock itself. The caller clears the answer. */
void control_answer(struct sim *s, struct MHD_Connection *connection, const char *path, const char *method,
                    const struct buf *body, struct answer *ret);

/* A line for each, for --help. */
void control_help(struct buf *b);

#endif
