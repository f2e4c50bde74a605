#include "command.h"
#include "flexsync/clock.h"
#include "flexsync/facts.h"
#include "flexsync/text.h"
#include "render.h"

#define HISTORY_DEFAULT 20

struct history {
    bool json;
    json_t *rows;
};

static int each_cycle(void *arg, const struct sync_row *row)
{
    struct history *history = arg;
    if (history->json)
        return json_array_append_new(history->rows, render_json_cycle(row));
    char at[TEXT_MAX], line[FACTS_LINE_MAX];
    int64_t now = clock_wall(&clock_system);
    int used = printf("%-12s  %-6s  ", text_format_local(at, row->started_at, now),
                      sync_trigger_names[row->trigger]);
    if (row->status == SYNC_RUNNING)
        (void)printf("%s: running\n", row->entity);
    else
        render_sentence(stdout, used, facts_cycle_line(line, sizeof line, row));
    return 0;
}

int command_history(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct history history = {.json = call->json, .rows = json_array()};
    struct store *store = command_open(call, &status);
    if (store &&
        read_cycles(store, NULL, call->limit ? call->limit : HISTORY_DEFAULT, each_cycle, &history, &err) < 0)
        status = command_failed(&err);
    else if (store && call->json)
        (void)render_json(stdout,
                          json_pack("{s:i, s:O}", "version", COMMAND_JSON_VERSION, "cycles", history.rows));
    json_decref(history.rows);
    (void)store_close(store);
    return status;
}
