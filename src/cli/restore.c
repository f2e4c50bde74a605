/*
 * The backup is copied beside the database and checked there, so that whatever goes wrong until then changes
 * nothing; one rename puts it in its place.
 */
#include "command.h"
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/outfile.h"
#include "flexsync/ownfile.h"
#include "flexsync/text.h"
#include "interrupt.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct restore {
    const char *from, *database;
    struct read_counts counts;
    char *aside; /* where the replaced database is; NULL: there was none */
    bool stopped;
};

static bool is_asked(void *arg)
{
    struct restore *restore = arg;
    restore->stopped = interrupt_asked();
    return restore->stopped;
}

static int restore_refuse_itself(const struct restore *restore, struct error *err)
{
    if (!command_is_same_file(restore->from, restore->database))
        return 0;
    return error_set(err, ERROR_USAGE, RETRY_NEVER,
                     "%.300s is the database itself; name a file that flexsync backup made", restore->from);
}

/* As "contacts.db.replaced-20250615-150640". */
static char *restore_aside_name(const char *target)
{
    char *name = NULL, stamp[32];
    struct tm utc;
    time_t now = (time_t)(clock_wall(&clock_system) / USEC_PER_SEC);
    (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", gmtime_r(&now, &utc));
    return asprintf(&name, "%s.replaced-%s", target, stamp) < 0 ? NULL : name;
}

static int restore_swap(struct restore *restore, struct outfile *file, struct error *err)
{
    CLEANUP_FREE char *aside = restore_aside_name(outfile_target(file));
    if (!aside)
        return error_memory(err);
    int there = store_put_aside(outfile_target(file), aside, err);
    if (there > 0)
        restore->aside = take_pointer(aside);
    return there < 0 ? -1 : outfile_commit(file, err);
}

static int restore_copy(struct restore *restore, struct store *from, struct outfile *file, struct error *err)
{
    struct error ignored; /* one of an older version has no counts yet */
    if (read_counts(from, &entity_contacts, &restore->counts, &ignored) < 0)
        restore->counts.total = -1;
    if (store_verify(from, err) < 0 || store_backup(from, outfile_name(file), is_asked, restore, err) < 0)
        return -1;
    if (restore->stopped)
        return 0;
    ownfile_settle(fileno(outfile_stream(file)), outfile_target(file));
    return restore_swap(restore, file, err);
}

static int restore_file(struct restore *restore, struct error *err)
{
    struct store *from = NULL;
    struct outfile *file = NULL;
    if (restore_refuse_itself(restore, err) < 0 ||
        store_open(&from, restore->from, STORE_BACKUP, 0, NULL, err) < 0)
        return -1;
    int r = outfile_open(&file, restore->database, true, err);
    if (r == 0)
        r = restore_copy(restore, from, file, err);
    (void)outfile_free(file);
    (void)store_close(from);
    return r;
}

static void restore_say_done(const struct restore *restore)
{
    char n[TEXT_MAX];
    if (restore->stopped) {
        command_say("stopped; the database is as it was");
        return;
    }
    (void)printf("%s is restored from %s, checked", restore->database, restore->from);
    if (restore->counts.total >= 0)
        (void)printf(": %s contacts", text_format_count(n, restore->counts.total));
    if (restore->aside)
        (void)printf("; what it was before is kept in %s", restore->aside);
    (void)printf("; to go on: systemctl start flexsyncd\n");
}

int command_restore(struct call *call)
{
    struct error err;
    struct interrupt interrupt;
    int status = EXIT_STATUS_DONE;
    struct restore restore = {.from = call->words[0], .database = call->config->database.path};
    CLEANUP_CLOSE int lock = command_lock(call, &err);
    if (lock < 0)
        return command_failed(&err);
    interrupt_defer(&interrupt);
    if (restore_file(&restore, &err) < 0)
        status = command_failed(&err);
    else
        restore_say_done(&restore);
    free(restore.aside);
    if (restore.stopped)
        interrupt_allow(&interrupt);
    return status;
}
