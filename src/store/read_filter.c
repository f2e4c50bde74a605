/* Which contacts are meant, as SQL. */
#include "flexsync/suggest.h"
#include "read_parts.h"

#include <string.h>

#define NAME_MAX_LENGTH 40

/* `json_…` of what may be no JSON ends the whole query. */
#define FLEX_DATA "CASE WHEN json_valid(c.flex_data) THEN c.flex_data END"

/* What a contact can have that is no column of its own: SQL on contacts c. */
static const struct {
    const char *name, *sql;
} more[] = {
    {"address", "json_array_length(" FLEX_DATA ", '$.addresses') > 0"},
    {"note", "trim(coalesce(json_extract(" FLEX_DATA ", '$.narrativeDescription'), '')) <> ''"},
};

static const char *sql_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(more); i++)
        if (strcmp(more[i].name, name) == 0)
            return more[i].sql;
    return NULL;
}

static int refuse(const char *name, struct error *err)
{
    char meant[SUGGEST_TEXT_MAX];
    struct suggest suggest = {.name = name};
    for (size_t i = 0; i < ARRAY_LENGTH(more); i++)
        suggest_try(&suggest, more[i].name);
    for (size_t i = 0; i < entity_contacts.column_count; i++)
        suggest_try(&suggest, entity_contacts.columns[i].name);
    return error_set(
        err, ERROR_USAGE, RETRY_NEVER,
        "contacts cannot be chosen by whether they have \"%.40s\"%s (email, phone, address, city, "
        "company, or another column; flexsync show 1 shows them)",
        name, suggest_text(meant, &suggest));
}

static int append_one(struct buffer *sql, const char *name, struct error *err)
{
    const char *own = sql_of(name);
    int r = -1;
    if (own)
        r = buffer_printf(sql, " AND %s", own);
    else if (entity_column(&entity_contacts, name) >= 0)
        r = buffer_printf(sql, " AND trim(coalesce(c.%s, '')) <> ''", name);
    else
        return refuse(name, err);
    return r < 0 ? error_memory(err) : 0;
}

static int append_has(struct buffer *sql, const char *names, struct error *err)
{
    while (*names) {
        char name[NAME_MAX_LENGTH + 1];
        size_t length = strcspn(names, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), names);
        if (append_one(sql, name, err) < 0)
            return -1;
        names += length + (names[length] == ',');
    }
    return 0;
}

int read_append_filter(struct buffer *sql, const struct read_filter *filter, struct error *err)
{
    int r = buffer_append_text(sql, " WHERE (NOT ?1 OR c.status IS NOT 'Inactive')"
                                    " AND (?2 IS NULL OR c.updated_at >= ?2)");
    if (r == 0 && filter->type)
        r = buffer_append_text(
            sql, " AND (c.contact_type = ?3 COLLATE NOCASE OR EXISTS (SELECT 1 FROM json_each(" FLEX_DATA
                 ", '$.resourceTypes') e WHERE CASE WHEN e.type = 'object' THEN ?3 COLLATE NOCASE IN"
                 " (json_extract(e.value, '$.name'), json_extract(e.value, '$.namePlural')) END))");
    if (r < 0)
        return error_memory(err);
    return filter->has ? append_has(sql, filter->has, err) : 0;
}

void read_bind_filter(sqlite3_stmt *s, const struct read_filter *filter)
{
    (void)sqlite3_bind_int(s, 1, filter->active);
    bind_utc(s, 2, filter->since);
    if (filter->type)
        bind_text(s, 3, filter->type);
}

int read_kinds(struct store *store, read_kind_fn *each, void *arg, struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = read_prepare(
        store,
        "SELECT contact_type AS name FROM contacts WHERE contact_type <> ''"
        " UNION SELECT json_extract(e.value, '$.name') FROM contacts c,"
        " json_each(" FLEX_DATA ", '$.resourceTypes') e"
        " WHERE CASE WHEN e.type = 'object' THEN json_type(e.value, '$.name') = 'text' END ORDER BY 1",
        err);
    int r = s ? 1 : -1;
    while (r > 0 && (r = statement_step(store, s, err)) > 0)
        if (each(arg, read_text(s, 0)) != 0)
            return 0;
    return r;
}
