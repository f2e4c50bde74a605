/*
 * read: what people ask the database. Works beside a writer, in either mode of store_open().
 *
 * A callback gets texts that are valid until it returns; one that returns non-zero ends the reading, which is
 * no error. What one function shows is of one moment, however long it takes.
 */
#ifndef FLEXSYNC_READ_H
#define FLEXSYNC_READ_H

#include "flexsync/store.h"

/* Why a record waits to be fetched. */
enum read_class {
    WAITING_NEW,     /* its whole record was never fetched */
    WAITING_CHANGED, /* the listing or the feed shows an edit */
    WAITING_PLANNED, /* the planner chose it: overdue, audit, benefit */
    WAITING_OTHER,   /* asked for, vanished, returned, part of a full pass */
    WAITING_FAILED,  /* an attempt failed, whatever the reason was */
    WAITING_CLASSES
};

struct read_counts {
    int64_t total, active;                /* rows */
    int64_t whole;                        /* of them, with their whole record */
    int64_t unfetched;                    /* without it, and not gone */
    int64_t out_of_reach;                 /* of these, the server does not give it */
    int64_t waiting;                      /* queued for a record */
    int64_t waiting_for[WAITING_CLASSES]; /* of them */
    int64_t denied;                       /* not waiting: the key's user may not see them */
    int64_t contradicted;                 /* likewise: listed, and yet unknown to the server */
};

/* Of an entity with a queue. As quick with many rows as with few, but for the Inactive ones. */
int read_counts(struct store *store, const struct entity *entity, struct read_counts *ret, struct error *err);

/* A record that stays as it is because of what the server answers. Texts are valid during the callback only.
 */
struct read_kept {
    int64_t id;
    const char *contact_id, *name; /* name: NULL where it has none */
};

typedef int read_kept_fn(void *arg, const struct read_kept *kept);

/* Those that are "denied", "contradicted" or "missing", at most `limit` of them, oldest row first. */
int read_kept(struct store *store, const struct entity *entity, const char *reason, unsigned limit,
              read_kept_fn *each, void *arg, struct error *err);

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

enum read_cycle {
    READ_CYCLE_LAST,   /* the newest */
    READ_CYCLE_LISTED, /* the newest whose listing was read to its end and named a total */
    READ_CYCLE_ENDED,  /* the newest over everybody that does not run any more */
    READ_CYCLE_DONE,   /* the newest over everybody that was a success */
    READ_CYCLE_KINDS
};

/* One cycle of an entity: 1, or 0 when there is none. Nothing of *ret has to be released. */
int read_cycle(struct store *store, const struct entity *entity, enum read_cycle which, struct sync_row *ret,
               struct error *err);

/* Which contacts are meant. All zero: all of them. */
struct read_filter {
    bool active;      /* leaves out the Inactive */
    int64_t since;    /* changed at that moment or later; wall, usec; 0: at any time */
    const char *type; /* "Company", "Individual", or a resource type ("Vendor"); NULL: any */
    const char *has;  /* what they must have, "email,phone"; NULL: nothing */
};

/* The kinds that filter.type finds, each once, in the order of their names. Reads every record. */
typedef int read_kind_fn(void *arg, const char *name);
int read_kinds(struct store *store, read_kind_fn *each, void *arg, struct error *err);

/* One row of a listing for people; texts may be NULL. */
struct read_contact {
    int64_t id;
    const char *contact_id, *name, *first_name, *last_name, *contact_type, *status, *company, *email, *phone,
        *city;
    const char *updated_at;
    bool whole;
};

typedef int read_contact_fn(void *arg, const struct read_contact *contact);

/*
 * Contacts in the order of their names, at most `limit` of them (0: all). ERROR_USAGE for a name in
 * filter->has that there is not.
 */
int read_contacts(struct store *store, const struct read_filter *filter, unsigned limit,
                  read_contact_fn *each, void *arg, struct error *err);

/* One column of a contact, in the order of the table. */
typedef int read_column_fn(void *arg, const char *column, const struct value *value);

/*
 * Every column of the contact with that contact_id or, if there is none, that number in column id. Returns 1,
 * or 0 when there is none.
 */
int read_contact(struct store *store, const char *id, read_column_fn *each, void *arg, struct error *err);

#define READ_ROW_COLUMNS_MAX (ENTITY_COLUMNS_MAX + 8) /* an entity's and those that every table has */

/* The values of one contact in the order of the columns that were asked for. */
typedef int read_row_fn(void *arg, const struct value *values);

/*
 * Those columns of contacts, in the order of their names. `columns` are names of the table's columns, all of
 * them known to be such, READ_ROW_COLUMNS_MAX at the most. Memory does not grow with the number of contacts.
 */
int read_rows(struct store *store, const char *const *columns, size_t count, const struct read_filter *filter,
              read_row_fn *each, void *arg, struct error *err);

/* What is known about a contact beside its columns; times are wall, usec, 0 for never; texts may be NULL. */
struct read_state {
    int64_t listed_at, fetched_at, checked_at;
    const char *waiting;            /* why its record is queued to be fetched; NULL: it is not */
    const char *trouble;            /* what went wrong at the last attempt */
    const char *employer, *bill_to; /* the names of those contacts */
    const char *merged_into;        /* the server's id of the contact that this one became part of */
};

typedef int read_state_fn(void *arg, const struct read_state *state);

/* 1, or 0 when there is none with that number in column id. */
int read_state(struct store *store, int64_t id, read_state_fn *each, void *arg, struct error *err);

/* --- the full-text search --- */

#define READ_SEARCH_WORDS_MAX 32   /* words that are looked for at the most */
#define READ_SEARCH_TEXT_MAX  1000 /* bytes of all of them */

/* With more matches there is no best one, and to rank them takes long. */
#define READ_SEARCH_RANKED_MAX 2000

/* Around what matched in struct read_match. */
#define READ_MATCH_BEGIN '\x01'
#define READ_MATCH_END   '\x02'

struct read_match {
    struct read_contact contact;
    /* By entity_contacts.search: the text with the marks around what matched; NULL where nothing did. */
    const char *const *matched;
};

typedef int read_match_fn(void *arg, const struct read_match *match);

/*
 * Contacts in which every word of the texts begins some word, best first, at most `limit` of them. Case and
 * accents do not count, and no text is an error of syntax. *ret_total is how many there are without the
 * limit, set before the first callback; SYNC_UNKNOWN for more than READ_SEARCH_RANKED_MAX, and then they come
 * in any order, those with the words in their names if there are such. ERROR_USAGE when the texts have no
 * word, or too many.
 */
int read_search(struct store *store, char *const *texts, size_t text_count, bool active, unsigned limit,
                read_match_fn *each, void *arg, int64_t *ret_total, struct error *err);

/* --- what changed --- */

struct read_change {
    int64_t id, sync_id; /* sync_id 0: not known */
    const char *contact_id, *name, *changed_at, *kind;
    const char *before, *after; /* the fields that changed, as JSON objects; or NULL */
};

typedef int read_change_fn(void *arg, const struct read_change *change);

/*
 * Changes, newest first, at most `limit` (0: all); of one contact by contact_id or number (NULL: of all), not
 * before `since` (wall, usec).
 */
int read_changes(struct store *store, const char *id, int64_t since, unsigned limit, read_change_fn *each,
                 void *arg, struct error *err);

#endif
