#include "flexsync/synclog.h"

#include <stdbool.h>

static bool anything_done(const struct sync_row *row)
{
    const struct sync_counts *c = &row->counts;
    return c->fetched > 0 || c->inserted > 0 || c->updated > 0 || c->deleted > 0;
}

int sync_exit_status(const struct sync_row *row, const struct error *error)
{
    if (row->status == SYNC_SUCCESS)
        return EXIT_STATUS_DONE;
    if (row->status == SYNC_FAILED || error->code == ERROR_USAGE) /* an id is nobody's */
        return error_exit_status(error->code);
    /* Sending was forbidden, by the quota or because its ledger cannot be kept. */
    return row->resumes_at && !anything_done(row) ? error_exit_status(error->code) : EXIT_STATUS_PARTIAL;
}
