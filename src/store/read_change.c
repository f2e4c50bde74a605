/* What changed. */
#include "read_parts.h"

static void fill(sqlite3_stmt *s, struct read_change *ret)
{
    *ret = (struct read_change){
        .id = sqlite3_column_int64(s, 0),
        .sync_id = sqlite3_column_int64(s, 1),
        .contact_id = read_text(s, 2),
        .name = read_text(s, 3),
        .changed_at = read_text(s, 4),
        .kind = read_text(s, 5),
        .before = read_text(s, 6),
        .after = read_text(s, 7),
    };
}

int read_changes(struct store *store, const char *id, int64_t since, unsigned limit, read_change_fn *each,
                 void *arg, struct error *err)
{
    /* The history of one that is known by its contact_id alone can be asked for too. */
    CLEANUP_STATEMENT sqlite3_stmt *s =
        read_prepare(store,
                     "SELECT h.id, h.sync_id, h.contact_id, c.name, h.changed_at, h.kind, h.before, h.after"
                     " FROM contact_changes h LEFT JOIN contacts c ON c.contact_id = h.contact_id"
                     " WHERE (?1 IS NULL OR h.contact_id = ?1"
                     " OR h.contact_id = (SELECT contact_id FROM contacts WHERE id = " READ_ID_OF "))"
                     " AND (?2 IS NULL OR h.changed_at >= ?2) ORDER BY h.id DESC LIMIT ?3",
                     err);
    if (!s)
        return -1;
    bind_text(s, 1, id);
    bind_utc(s, 2, since);
    (void)sqlite3_bind_int64(s, 3, limit ? (sqlite3_int64)limit : -1);
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        struct read_change change;
        fill(s, &change);
        if (each(arg, &change) != 0)
            return 0;
    }
    return r;
}
