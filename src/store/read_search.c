/* The full-text search: a stranger's text made into a query that cannot be wrong, and what it found. */
#include "read_parts.h"

#include <string.h>

#define WHITE_SPACE " \t\r\n\f\v"
#define NAME_WEIGHT 5 /* columns of at least this weight are names */

/* What a match in a column is worth; in the others it is 1. */
static const struct {
    const char *column;
    unsigned weight;
} weights[] = {{"name", 10},      {"last_name", 6}, {"first_name", 5}, {"company", 5},
               {"short_name", 5}, {"email", 4},     {"code", 4},       {"phone", 3}};

static unsigned weight_of(const char *column)
{
    for (size_t i = 0; i < ARRAY_LENGTH(weights); i++)
        if (strcmp(weights[i].column, column) == 0)
            return weights[i].weight;
    return 1;
}

/* In quotes nothing has a meaning to FTS5 but the quote, which is doubled; the star makes it a beginning. */
static int append_word(struct buffer *query, const char *word, size_t length)
{
    int r = buffer_append_text(query, query->length ? " \"" : "\"");
    for (size_t i = 0; r == 0 && i < length; i++)
        r = word[i] == '"' ? buffer_append_text(query, "\"\"") : buffer_append(query, &word[i], 1);
    return r < 0 ? r : buffer_append_text(query, "\"*");
}

static int append_words(struct buffer *query, const char *text, size_t *count)
{
    int r = 0;
    while (r == 0 && *(text += strspn(text, WHITE_SPACE))) {
        size_t length = strcspn(text, WHITE_SPACE);
        r = append_word(query, text, length);
        text += length;
        ++*count;
    }
    return r;
}

static int make_query(struct buffer *query, char *const *texts, size_t text_count, struct error *err)
{
    size_t words = 0, bytes = 0;
    for (size_t i = 0; i < text_count; i++) {
        bytes += strlen(texts[i]);
        if (bytes <= READ_SEARCH_TEXT_MAX && append_words(query, texts[i], &words) < 0)
            return error_memory(err);
    }
    if (bytes > READ_SEARCH_TEXT_MAX || words > READ_SEARCH_WORDS_MAX)
        return error_set(err, ERROR_USAGE, RETRY_NEVER,
                         "this is too much to look for: at most %d words of %d bytes together; give fewer",
                         READ_SEARCH_WORDS_MAX, READ_SEARCH_TEXT_MAX);
    if (words == 0)
        return error_set(err, ERROR_USAGE, RETRY_NEVER,
                         "there is nothing to look for; give a name, a part of an e-mail address or a town");
    return 0;
}

/* ?1 the query, ?2 the limit, ?3 whether only the Active are wanted. */
static int append_select(struct buffer *sql, bool ranked)
{
    const struct entity *entity = &entity_contacts;
    int r = buffer_append_text(sql, "SELECT " READ_CONTACT_COLUMNS);
    for (size_t i = 0; r == 0 && i < entity->search_count; i++)
        r = buffer_printf(sql, ", highlight(contacts_fts, %zu, char(%d), char(%d))", i, READ_MATCH_BEGIN,
                          READ_MATCH_END);
    if (r == 0)
        r = buffer_append_text(sql, " FROM contacts_fts CROSS JOIN contacts c ON c.id = contacts_fts.rowid"
                                    " CROSS JOIN contact_state t ON t.id = c.id WHERE contacts_fts MATCH ?1"
                                    " AND (NOT ?3 OR c.status IS NOT 'Inactive')");
    for (size_t i = 0; r == 0 && ranked && i < entity->search_count; i++)
        r = buffer_printf(sql, "%s%u", i ? ", " : " AND rank MATCH 'bm25(", weight_of(entity->search[i]));
    return r < 0 ? r : buffer_append_text(sql, ranked ? ")' ORDER BY rank LIMIT ?2" : " LIMIT ?2");
}

/* Up to `most`: to count them all would take as long as to show them. */
static int count_matches(struct store *store, const char *query, bool active, int64_t most, int64_t *ret,
                         struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = read_prepare(
        store,
        active ? "SELECT count(*) FROM (SELECT 1 FROM contacts_fts CROSS JOIN contacts c"
                 " ON c.id = contacts_fts.rowid WHERE contacts_fts MATCH ?1 AND c.status IS NOT 'Inactive'"
                 " LIMIT ?2)"
               : "SELECT count(*) FROM (SELECT 1 FROM contacts_fts WHERE contacts_fts MATCH ?1 LIMIT ?2)",
        err);
    if (!s)
        return -1;
    bind_text(s, 1, query);
    (void)sqlite3_bind_int64(s, 2, most);
    if (statement_step(store, s, err) <= 0)
        return -1;
    *ret = sqlite3_column_int64(s, 0);
    return 0;
}

/* Of too many to be ranked, those with the words in their names are the likelier ones, if there are any. */
static int prefer_names(struct store *store, struct buffer *query, bool active, struct error *err)
{
    CLEANUP(buffer_free) struct buffer names;
    int64_t count = 0;
    buffer_init(&names, READ_SQL_MAX);
    int r = buffer_append_text(&names, "{");
    for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(weights); i++)
        if (weights[i].weight >= NAME_WEIGHT)
            r = buffer_printf(&names, " %s", weights[i].column);
    if (r < 0 || buffer_printf(&names, "} : (%s)", query->data) < 0)
        return error_memory(err);
    if (count_matches(store, names.data, active, 1, &count, err) < 0)
        return -1;
    if (count == 0)
        return 0;
    buffer_clear(query);
    return buffer_append(query, names.data, names.length) < 0 ? error_memory(err) : 0;
}

static int show_matches(struct store *store, sqlite3_stmt *s, read_match_fn *each, void *arg,
                        struct error *err)
{
    const char *matched[ENTITY_COLUMNS_MAX];
    struct read_match match = {.matched = matched};
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        read_fill_contact(s, &match.contact);
        for (size_t i = 0; i < entity_contacts.search_count; i++) {
            const char *text = read_text(s, READ_CONTACT_COUNT + (int)i);
            matched[i] = text && strchr(text, READ_MATCH_BEGIN) ? text : NULL;
        }
        if (each(arg, &match) != 0)
            return 0;
    }
    return r;
}

int read_search(struct store *store, char *const *texts, size_t text_count, bool active, unsigned limit,
                read_match_fn *each, void *arg, int64_t *ret_total, struct error *err)
{
    CLEANUP(buffer_free) struct buffer query;
    CLEANUP(buffer_free) struct buffer sql;
    buffer_init(&query, READ_SQL_MAX);
    buffer_init(&sql, READ_SQL_MAX);
    int64_t total = 0;
    if (make_query(&query, texts, text_count, err) < 0 ||
        count_matches(store, query.data, active, READ_SEARCH_RANKED_MAX + 1, &total, err) < 0)
        return -1;
    bool ranked = total <= READ_SEARCH_RANKED_MAX;
    if (!ranked && prefer_names(store, &query, active, err) < 0)
        return -1;
    CLEANUP_STATEMENT sqlite3_stmt *s = read_prepare_buffer(store, &sql, append_select(&sql, ranked), err);
    if (!s)
        return -1;
    *ret_total = ranked ? total : SYNC_UNKNOWN;
    bind_text(s, 1, query.data);
    (void)sqlite3_bind_int64(s, 2, limit ? (sqlite3_int64)limit : -1);
    (void)sqlite3_bind_int(s, 3, active);
    return show_matches(store, s, each, arg, err);
}
