/*
 * read: what people ask the database. Works beside a writer, in either mode of store_open().
 */
#ifndef FLEXSYNC_READ_H
#define FLEXSYNC_READ_H

#include "flexsync/store.h"

struct read_counts {
    int64_t total, active; /* rows */
    int64_t whole;         /* of them, with their whole record */
    int64_t waiting;       /* queued for a record */
    int64_t troubled;      /* of them, after a failed attempt */
};

int read_counts(struct store *store, const struct entity *entity, struct read_counts *ret, struct error *err);

/* Why a record waits to be fetched. */
enum read_class {
    WAITING_NEW,     /* its whole record was never fetched */
    WAITING_CHANGED, /* the listing or the feed shows an edit */
    WAITING_PLANNED, /* the planner chose it: overdue, audit, benefit */
    WAITING_OTHER,   /* asked for, vanished, returned, part of a full pass */
    WAITING_FAILED,  /* an attempt failed, whatever the reason was */
    WAITING_CLASSES
};

struct read_waiting {
    int64_t of[WAITING_CLASSES]; /* records in the queue */
    int64_t unfetched;           /* of all of them, never fetched whole */
};

/* Of an entity with a queue. */
int read_waiting(struct store *store, const struct entity *entity, struct read_waiting *ret,
                 struct error *err);

/* Records drawn at random and looked at again since `since` (wall, usec), and how many of them were stale. */
int read_audits(struct store *store, const struct entity *entity, int64_t since, int64_t *ret_audits,
                int64_t *ret_stale, struct error *err);

/* A row of sync_log with the texts it holds; valid during the callback only. Unknown figures are
 * SYNC_UNKNOWN. */
typedef int read_cycle_fn(void *arg, const struct sync_row *row);

/* The last `limit` cycles of an entity (NULL: of all), newest first. A callback that returns non-zero ends
 * it. */
int read_cycles(struct store *store, const struct entity *entity, unsigned limit, read_cycle_fn *each,
                void *arg, struct error *err);

/* One row of a listing for people; texts may be NULL and are valid during the callback only. */
struct read_contact {
    int64_t id;
    const char *contact_id, *name, *first_name, *last_name, *contact_type, *status, *company, *email, *phone,
        *city;
    const char *updated_at;
    bool whole;
};

typedef int read_contact_fn(void *arg, const struct read_contact *contact);

/* Contacts in the order of their names; `active` leaves out the others. limit 0: all. */
int read_contacts(struct store *store, bool active, unsigned limit, read_contact_fn *each, void *arg,
                  struct error *err);

/* One column of a contact, in the order of the table. Texts are valid during the callback only. */
typedef int read_column_fn(void *arg, const char *column, const struct value *value);

/*
 * Every column of the contact with that contact_id or, if there is none, that number in column id. Returns 1,
 * or 0 when there is none.
 */
int read_contact(struct store *store, const char *id, read_column_fn *each, void *arg, struct error *err);

#endif
