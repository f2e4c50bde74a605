#include "flexsync/export.h"

#include "command.h"
#include "flexsync/text.h"
#include "interrupt.h"

#include <string.h>

struct job {
    const struct call *call;
    struct export_columns columns;
    struct export_options options;
    struct read_filter filter;
    struct export *export;
    struct error error; /* of the row that could not be written */
    bool failed, stopped;
};

static int each_row(void *arg, const struct value *values)
{
    struct job *job = arg;
    job->failed = export_row(job->export, values, &job->error) < 0;
    job->stopped = !job->failed && interrupt_asked();
    return job->failed || job->stopped;
}

static bool is_stdout(const struct call *call)
{
    return !call->output || strcmp(call->output, "-") == 0;
}

/* Everything that can be wrong with the command line, before a file is touched. */
static int prepare(struct job *job, struct error *err)
{
    const struct call *call = job->call;
    struct export_options *o = &job->options;
    if (call->all && call->active)
        return error_set(err, ERROR_USAGE, RETRY_NEVER,
                         "--all and --active exclude each other; leave out one");
    if (command_output(call, call->output, err) < 0)
        return -1;
    if (call->format)
        o->format = export_format(call->format, err);
    else
        o->format = is_stdout(call) ? export_format("csv", err) : export_format_of_file(call->output, err);
    if (!o->format || command_filter(call, &job->filter, err) < 0 ||
        export_columns(&job->columns, o->format, call->columns, err) < 0)
        return -1;
    job->filter.active = call->active || (export_active_only(o->format) && !call->all);
    o->path = call->output;
    o->columns = &job->columns;
    o->raw = call->raw;
    return 0;
}

static int write_file(struct job *job, struct store *store, struct error *err)
{
    if (export_begin(&job->export, &job->options, err) < 0)
        return -1;
    int r = read_rows(store, job->columns.names, job->columns.count, &job->filter, each_row, job, err);
    if (r < 0 || job->stopped)
        return r;
    if (job->failed) {
        *err = job->error;
        return -1;
    }
    return export_end(job->export, err);
}

/* To people, of a file; on the standard output stands the export itself. */
static void say_done(const struct job *job)
{
    char n[TEXT_MAX];
    int64_t rows = export_rows(job->export), shortened = export_shortened(job->export);
    if (!is_stdout(job->call))
        (void)printf("%s %s in %s\n", text_format_count(n, rows), rows == 1 ? "contact" : "contacts",
                     job->call->output);
    if (shortened)
        command_say("%s texts were longer than Excel has room for in a cell and were cut; "
                    "--format csv and jsonl hold them whole",
                    text_format_count(n, shortened));
}

/* A pipe that was closed, and a full disk behind the standard output, are told by command_end(). */
static int end(struct job *job, int r, const struct error *err)
{
    int status = EXIT_STATUS_DONE;
    if (r < 0 && !(is_stdout(job->call) && ferror(stdout)))
        status = command_failed(err);
    else if (job->stopped)
        command_say("stopped; %s",
                    is_stdout(job->call) ? "what was printed is not all" : "the file is as it was");
    else if (r == 0)
        say_done(job);
    job->export = export_free(job->export);
    return status;
}

int command_export(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct interrupt interrupt;
    struct job job = {.call = call};
    if (prepare(&job, &err) < 0)
        return command_failed(&err);
    struct store *store = command_open(call, &status);
    if (!store)
        return status;
    interrupt_defer(&interrupt);
    int r = write_file(&job, store, &err);
    status = end(&job, r, &err);
    (void)store_close(store);
    if (job.stopped || is_stdout(call)) /* else the file is there, and 130 would deny it */
        interrupt_allow(&interrupt);
    return status;
}
