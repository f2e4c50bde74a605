#include "command.h"
#include "flexsync/outfile.h"
#include "flexsync/text.h"
#include "interrupt.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct result {
    struct read_counts counts;
    int64_t bytes;
    bool stopped;
};

static bool is_asked(void *arg)
{
    struct result *result = arg;
    result->stopped = result->stopped || interrupt_asked();
    return result->stopped;
}

static int copy(struct store *store, struct outfile *file, struct result *result, struct error *err)
{
    struct stat written;
    if (read_counts(store, &entity_contacts, &result->counts, err) < 0 ||
        store_backup(store, outfile_name(file), is_asked, result, err) < 0)
        return -1;
    if (result->stopped)
        return 0;
    if (stat(outfile_name(file), &written) == 0)
        result->bytes = written.st_size;
    return outfile_commit(file, err);
}

static int back_up(struct store *store, const struct call *call, struct result *result, struct error *err)
{
    const char *target = call->words[0];
    struct outfile *file = NULL;
    if (strcmp(target, "-") == 0 && isatty(STDOUT_FILENO))
        return error_set(
            err, ERROR_USAGE, RETRY_NEVER,
            "a database is nothing for a terminal; name a file: flexsync backup contacts-copy.db");
    if (command_output(call, target, err) < 0 || outfile_open(&file, target, true, err) < 0)
        return -1;
    int r = copy(store, file, result, err);
    (void)outfile_free(file);
    return r;
}

static void say_done(const struct call *call, const struct result *result)
{
    char n[TEXT_MAX], size[TEXT_MAX];
    if (result->stopped)
        command_say("stopped; there is no copy, and the database is as it was");
    else if (strcmp(call->words[0], "-") != 0)
        (void)printf("%s contacts in %s, %s, checked; to use it: flexsync restore %s\n",
                     text_format_count(n, result->counts.total), call->words[0],
                     text_format_size(size, result->bytes), call->words[0]);
}

int command_backup(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct interrupt interrupt;
    struct result result = {.stopped = false};
    struct store *store = command_open(call, &status);
    if (!store)
        return status;
    interrupt_defer(&interrupt);
    if (back_up(store, call, &result, &err) < 0)
        status = command_failed(&err);
    else
        say_done(call, &result);
    (void)store_close(store);
    if (result.stopped) /* else the copy is there, and 130 would deny it */
        interrupt_allow(&interrupt);
    return status;
}
