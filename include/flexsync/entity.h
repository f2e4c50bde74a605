/*
 * entity: what the kinds of things are that this program copies. One table a kind; nothing else in the
 * pipeline knows what a contact is.
 *
 * An entity says where the server lists it, how one is asked for, and which columns its table has and where
 * each comes from. From that follow the requests (fetch), the mapping (record), the tables (store) and the
 * cycle (sync). Every entity's table has, besides the columns here, `id`, the key column, `flex_data`,
 * `created_at`, `updated_at` and `deleted_at`; `store` keeps those.
 */
#ifndef FLEXSYNC_ENTITY_H
#define FLEXSYNC_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

/* Columns of an entity at the most: what struct record has room for. */
#define ENTITY_COLUMNS_MAX 48

enum column_type { COLUMN_TEXT, COLUMN_INTEGER, COLUMN_REAL };

/*
 * How a column's value is found in the record's JSON. No field and null make the column NULL; so does a value
 * of another JSON type, which is counted (struct findings).
 */
enum column_rule {
    RULE_STRING,        /* the string in `field` */
    RULE_STRING_NUMBER, /* the string or the number in `field`, as text: the server's type is not known */
    RULE_NUMBER,        /* the number in `field`, if the column's type can hold it exactly */
    RULE_BOOLEAN,       /* the boolean in `field`, as 1 and 0 */
    RULE_CHOICE,        /* the boolean in `field`, as one of two words; `absent` for no field and null */
    RULE_LISTED,        /* from the default entry of a list of objects: see struct column_list */
};

/*
 * A value out of a list of objects. The entry is the one whose `id` the record's field `named_by` holds, else
 * the one whose boolean `flag` is true, else the first; of those entries alone that have a usable value: a
 * string that is not blank, or a number, as text.
 */
struct column_list {
    const char *list;     /* the record's field that holds the list */
    const char *named_by; /* or NULL */
    const char *flag;     /* or NULL */
    const char *prefix;   /* entry's field, put before a value without its own '+' as "+PREFIX "; or NULL */
    char must_have;       /* only values with this character count ('@': an e-mail, no web address); or 0 */
};

struct column {
    const char *name;
    enum column_type type;
    enum column_rule rule;
    const char *field;                           /* of the record; of the entry for RULE_LISTED */
    const char *when_true, *when_false, *absent; /* RULE_CHOICE; absent may be NULL */
    struct column_list from;                     /* RULE_LISTED */
};

#define ENTITY_VIEW_COLUMNS_MAX 8

/* A view with one row for each object in a list of flex_data. */
struct entity_view {
    const char *name;
    const char *list; /* the record's field that holds the list */
    const char
        *named_by; /* the record's field that names the default entry, for is_default; NULL: no such column */
    const char *flag; /* or the entry's boolean that says so */
    const char *only; /* only entries with an '@' in this field, as an e-mail has it; NULL: every entry */
    struct entity_view_column {
        const char *name;
        const char *field;              /* of the entry */
        const char *otherwise;          /* another name that the field may have; or NULL */
    } columns[ENTITY_VIEW_COLUMNS_MAX]; /* ended by one without a name, if fewer */
};

struct entity {
    const char *name; /* as in sync_log.entity and on the command line */
    const char *noun; /* for messages: "contact" */
    const char *table;
    const char *key; /* the column that holds the server's id */
    const char *state_table;
    const char *changes_table; /* NULL: its changes are not recorded */
    const char *queue_table;   /* NULL: a listed row is the whole record */
    const char *audits_table;  /* as queue_table */
    const char *counts_table;  /* as queue_table */
    const char *created;       /* the columns with the server's dates; as queue_table */
    const char *edited;
    const char *list_path;
    bool paged;              /* the listing takes page, size and sort */
    const char *detail_path; /* the server's id is appended; NULL with queue_table NULL */
    const struct column *columns;
    size_t column_count;
    size_t legacy_columns;     /* so many of them stood between key and flex_data in the old tool's table */
    const char *const *search; /* columns of the full-text index `TABLE_fts`; NULL: none */
    size_t search_count;
    const struct entity_view *views;
    size_t view_count;
};

extern const struct entity entity_contacts;
extern const struct entity entity_resource_types;

/* Every entity, in the order in which a cycle asks for them; ended by NULL. */
extern const struct entity *const entities[];

/* The index of the column of that name, or -1. */
int entity_column(const struct entity *entity, const char *name);

#endif
