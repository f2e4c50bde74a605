#include "result.h"

#include <stdio.h>

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
    result->exit_status = sync_exit_status(row, error);
    result->resumes_at = row->resumes_at;
}
