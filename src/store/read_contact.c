/* Contacts: lists of them, rows for exports, one with all that is known. */
#include "read_parts.h"

void read_fill_contact(sqlite3_stmt *s, struct read_contact *ret)
{
    *ret = (struct read_contact){
        .id = sqlite3_column_int64(s, 0),
        .contact_id = read_text(s, 1),
        .name = read_text(s, 2),
        .first_name = read_text(s, 3),
        .last_name = read_text(s, 4),
        .contact_type = read_text(s, 5),
        .status = read_text(s, 6),
        .company = read_text(s, 7),
        .email = read_text(s, 8),
        .phone = read_text(s, 9),
        .city = read_text(s, 10),
        .updated_at = read_text(s, 11),
        .whole = sqlite3_column_int(s, 12) != 0,
    };
}

int read_contacts(struct store *store, const struct read_filter *filter, unsigned limit,
                  read_contact_fn *each, void *arg, struct error *err)
{
    CLEANUP(buffer_free) struct buffer sql;
    buffer_init(&sql, READ_SQL_MAX);
    int r = buffer_append_text(&sql, "SELECT " READ_CONTACT_COLUMNS " FROM contacts c JOIN contact_state t"
                                     " ON t.id = c.id");
    if (r == 0 && read_append_filter(&sql, filter, err) < 0)
        return -1;
    if (r == 0)
        r = buffer_append_text(&sql, " ORDER BY c.name COLLATE NOCASE, c.id LIMIT ?4");
    CLEANUP_STATEMENT sqlite3_stmt *s = read_prepare_buffer(store, &sql, r, err);
    if (!s)
        return -1;
    read_bind_filter(s, filter);
    (void)sqlite3_bind_int64(s, 4, limit ? (sqlite3_int64)limit : -1);
    while ((r = statement_step(store, s, err)) > 0) {
        struct read_contact contact;
        read_fill_contact(s, &contact);
        if (each(arg, &contact) != 0)
            return 0;
    }
    return r;
}

int read_contact(struct store *store, const char *id, read_column_fn *each, void *arg, struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s =
        read_prepare(store, "SELECT * FROM contacts WHERE id = " READ_ID_OF, err);
    if (!s)
        return -1;
    bind_text(s, 1, id);
    int r = statement_step(store, s, err);
    if (r <= 0)
        return r;
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        struct value value = read_value(s, i);
        if (each(arg, sqlite3_column_name(s, i), &value) != 0)
            break;
    }
    return 1;
}

/* Ids alone are sorted: whole rows in the sorter would be the database once more, in memory or on the disk.
 */
static sqlite3_stmt *prepare_order(struct store *store, const struct read_filter *filter, struct error *err)
{
    CLEANUP(buffer_free) struct buffer sql;
    buffer_init(&sql, READ_SQL_MAX);
    int r = buffer_append_text(&sql, "SELECT c.id FROM contacts c");
    if (r == 0 && read_append_filter(&sql, filter, err) < 0)
        return NULL;
    if (r == 0)
        r = buffer_append_text(&sql, " ORDER BY c.name COLLATE NOCASE, c.id");
    sqlite3_stmt *s = read_prepare_buffer(store, &sql, r, err);
    if (s)
        read_bind_filter(s, filter);
    return s;
}

static sqlite3_stmt *prepare_row(struct store *store, const char *const *columns, size_t count,
                                 struct error *err)
{
    CLEANUP(buffer_free) struct buffer sql;
    buffer_init(&sql, READ_SQL_MAX);
    int r = buffer_append_text(&sql, "SELECT ");
    for (size_t i = 0; r == 0 && i < count; i++)
        r = buffer_printf(&sql, "%s%s", i ? ", " : "", columns[i]);
    if (r == 0)
        r = buffer_append_text(&sql, " FROM contacts WHERE id = ?1");
    return read_prepare_buffer(store, &sql, r, err);
}

int read_rows(struct store *store, const char *const *columns, size_t count, const struct read_filter *filter,
              read_row_fn *each, void *arg, struct error *err)
{
    struct value values[READ_ROW_COLUMNS_MAX];
    CLEANUP_STATEMENT sqlite3_stmt *order = prepare_order(store, filter, err);
    CLEANUP_STATEMENT sqlite3_stmt *row = order ? prepare_row(store, columns, count, err) : NULL;
    if (!row)
        return -1;
    int r;
    while ((r = statement_step(store, order, err)) > 0) { /* both see one moment while this one is open */
        (void)sqlite3_reset(row);
        (void)sqlite3_bind_int64(row, 1, sqlite3_column_int64(order, 0));
        int there = statement_step(store, row, err);
        if (there < 0)
            return -1;
        for (size_t i = 0; there && i < count; i++)
            values[i] = read_value(row, (int)i);
        if (there && each(arg, values) != 0)
            return 0;
    }
    return r;
}

int read_state(struct store *store, int64_t id, read_state_fn *each, void *arg, struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = read_prepare(
        store,
        "SELECT t.listed_at, t.fetched_at, t.checked_at, q.reason, q.last_error,"
        " (SELECT name FROM contacts WHERE contact_id = c.employer_id),"
        " (SELECT name FROM contacts WHERE contact_id = c.default_bill_to_contact_id), t.merged_into"
        " FROM contacts c JOIN contact_state t ON t.id = c.id LEFT JOIN detail_queue q ON q.id = c.id"
        " WHERE c.id = ?1",
        err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    int r = statement_step(store, s, err);
    if (r <= 0)
        return r;
    const struct read_state state = {.listed_at = read_utc(s, 0),
                                     .fetched_at = read_utc(s, 1),
                                     .checked_at = read_utc(s, 2),
                                     .waiting = read_text(s, 3),
                                     .trouble = read_text(s, 4),
                                     .employer = read_text(s, 5),
                                     .bill_to = read_text(s, 6),
                                     .merged_into = read_text(s, 7)};
    (void)each(arg, &state);
    return 1;
}
