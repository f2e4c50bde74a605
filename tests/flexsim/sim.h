/*
 * The whole state of the stand-in server: one struct, one lock. Everything that is not the socket's business
 * works on it with the lock held (functions say where it is otherwise).
 */
#ifndef FLEXSIM_SIM_H
#define FLEXSIM_SIM_H

#include <pthread.h>

#include "drift.h"
#include "order.h"
#include "parking.h"
#include "population.h"
#include "quota.h"
#include "script.h"
#include "settings.h"
#include "stats.h"

struct sim {
    pthread_mutex_t lock;
    struct settings set;
    struct population *people;
    struct orders *orders;
    struct drift drift;
    struct quota *quota;
    struct stats *stats;
    struct script *script; /* NULL: none */
    struct parking *parking;
    struct rng rng;                    /* of control requests and shuffled listings */
    char token[SETTINGS_KEY_MAX + 32]; /* the one that is accepted now */
    int64_t accepted;                  /* requests with it, until a refresh is due */
    unsigned refreshes;
    struct blob *types;                    /* the answer of /resource-type */
    struct blob *flood_head, *flood_block; /* of an endless gzip stream */
};

/* Made from the settings; 0, or -1 and a text. */
int sim_new(const struct settings *set, char error[static SCRIPT_ERROR_MAX], struct sim **ret);
struct sim *sim_free(struct sim *s);

void sim_lock(struct sim *s);
void sim_unlock(struct sim *s);

/* Virtual time in milliseconds, UTC; the same for dates in records. */
int64_t sim_now(const struct sim *s);
int64_t sim_local_now(const struct sim *s);
/* Catches up with what happened since the last request. */
void sim_catch_up(struct sim *s);
/* New settings, with what follows from them: key, rates, refresh. */
void sim_set(struct sim *s, const struct settings *set);

#endif
