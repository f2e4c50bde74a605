#include "result.h"

#include <stdio.h>

static bool anything_done(const struct sync_row *row)
{
    const struct sync_counts *c = &row->counts;
    return c->fetched > 0 || c->inserted > 0 || c->updated > 0 || c->deleted > 0;
}

static int exit_status_of(const struct sync_row *row, const struct error *error)
{
    if (row->status == SYNC_SUCCESS)
        return EXIT_STATUS_DONE;
    if (row->status == SYNC_FAILED || error->code == ERROR_USAGE) /* an id is nobody's */
        return error_exit_status(error->code);
    /* Sending was forbidden, by the quota or because its ledger cannot be kept. */
    return row->resumes_at && !anything_done(row) ? error_exit_status(error->code) : EXIT_STATUS_PARTIAL;
}

void result_add(struct engine_result *result, bool contacts, const struct sync_row *row,
                const struct error *error, const char *line)
{
    if (!contacts) {
        if (row->resumes_at) /* a pause is the account's */
            result->resumes_at = row->resumes_at;
        if (row->status != SYNC_SUCCESS && result->status == SYNC_SUCCESS) {
            result->status = SYNC_PARTIAL;
            result->exit_status = EXIT_STATUS_PARTIAL;
        }
        return;
    }
    (void)snprintf(result->summary, sizeof result->summary, "%s", line);
    result->status = row->status;
    result->error = *error;
    result->exit_status = exit_status_of(row, error);
    result->resumes_at = row->resumes_at;
}
