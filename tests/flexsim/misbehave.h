/*
 * What a verdict makes of an answer. Works on the answer alone, without the lock.
 */
#ifndef FLEXSIM_MISBEHAVE_H
#define FLEXSIM_MISBEHAVE_H

#include "answer.h"

/* The normal answer, with the changes of the verdict in its text. `shape`: enum shape. */
void misbehave_change(const struct verdict *v, const struct call *call, int64_t shape, struct answer *a);

/* What the deciding rule says instead; of the normal answer where it needs one (cut, truncate, …). */
void misbehave_decide(const struct rule *r, struct answer *a);
/* Whether the normal answer is needed at all. */
bool misbehave_needs_normal(const struct rule *r);

#endif
