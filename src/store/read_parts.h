/*
 * read_parts: what the files of `read` share. Inside of store only.
 */
#ifndef FLEXSYNC_READ_PARTS_H
#define FLEXSYNC_READ_PARTS_H

#include "flexsync/cleanup.h"
#include "flexsync/read.h"
#include "statement.h"

#define CLEANUP_STATEMENT CLEANUP(read_finalize)
#define READ_SQL_MAX      (16 * 1024)

void read_finalize(sqlite3_stmt **s);

/* A statement for one use, or NULL with *err set. Release with CLEANUP_STATEMENT. */
sqlite3_stmt *read_prepare(struct store *store, const char *sql, struct error *err);

/* As read_prepare(); NULL for a text without memory. */
sqlite3_stmt *read_prepare_buffer(struct store *store, const struct buffer *sql, int r, struct error *err);

/* NULL for NULL; both are valid until the next step. */
const char *read_text(sqlite3_stmt *s, int column);
struct value read_value(sqlite3_stmt *s, int column);

/* Microseconds since 1970; 0 for NULL and for what is no time. */
int64_t read_utc(sqlite3_stmt *s, int column);

/* A number by which a person names a row, or its key: SQL for the id, with that text as ?1. */
#define READ_ID_OF                                                                                           \
    "coalesce((SELECT id FROM contacts WHERE contact_id = ?1),"                                              \
    " (SELECT id FROM contacts WHERE id = CAST(?1 AS INTEGER) AND CAST(id AS TEXT) = ?1))"

/* The columns of struct read_contact, of contacts c and contact_state t, and how they are read. */
#define READ_CONTACT_COLUMNS                                                                                 \
    "c.id, c.contact_id, c.name, c.first_name, c.last_name, c.contact_type, c.status, c.company, c.email,"   \
    " c.phone, c.city, c.updated_at, t.content_hash IS NOT NULL"
#define READ_CONTACT_COUNT 13
void read_fill_contact(sqlite3_stmt *s, struct read_contact *ret);

/* Appends " WHERE …" on contacts c; -1 with *err for an unknown name, or without memory. */
int read_append_filter(struct buffer *sql, const struct read_filter *filter, struct error *err);

/* Binds what read_append_filter() wrote: ?1 to ?3. */
void read_bind_filter(sqlite3_stmt *s, const struct read_filter *filter);

#endif
