/* The control requests themselves. Each runs with the lock held and leaves its answer in `answer`. */
#ifndef FLEXSIM_CONTROL_PARTS_H
#define FLEXSIM_CONTROL_PARTS_H

#include "control.h"

struct control {
    struct sim *sim;
    struct MHD_Connection *connection;
    const struct buf *body;
    struct answer *answer;
    int unknown; /* of those that are removed: enum unknown, -1 as the settings say */
};

/* NULL where it is not given. */
const char *control_argument(const struct control *c, const char *name);
/* False, and the refusal in the answer, where it is given and no such number. */
bool control_number(struct control *c, const char *name, int64_t min, int64_t max, int64_t *value);

/* control.c: what is known and set */
void control_stats(struct control *c);
void control_reset_stats(struct control *c);
void control_requests(struct control *c);
void control_advance(struct control *c);
void control_spend(struct control *c);
void control_script(struct control *c);
void control_config(struct control *c);

/* control_people.c: the contacts */
void control_truth(struct control *c);
void control_ids(struct control *c);
void control_edit(struct control *c);
void control_add(struct control *c);
void control_remove(struct control *c);
void control_flag(struct control *c);
void control_restore(struct control *c);
void control_merge(struct control *c);
void control_deny(struct control *c);
void control_allow(struct control *c);

#endif
