/* The files that the program lives on, which no command may write its output over. */
#include "command.h"
#include "flexsync/cleanup.h"

#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

struct guarded {
    const char *path; /* NULL: not set */
    const char *what;
    const char *const *suffixes; /* of the files that go with it; NULL: it is alone */
};

/* One and the same file; or, where one is not there, one and the same name in a folder. */
static bool guard_is_same(const char *a, const char *b)
{
    struct stat of_a, of_b;
    bool there = stat(a, &of_a) == 0 && stat(b, &of_b) == 0;
    if (!there) {
        CLEANUP_FREE char *folder_a = strdup(a), *folder_b = strdup(b), *name_a = strdup(a),
                          *name_b = strdup(b);
        if (!folder_a || !folder_b || !name_a || !name_b || strcmp(basename(name_a), basename(name_b)) != 0 ||
            stat(dirname(folder_a), &of_a) < 0 || stat(dirname(folder_b), &of_b) < 0)
            return false;
    }
    return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static int guard_one(const struct guarded *guarded, const char *target, struct error *err)
{
    static const char *const alone[] = {"", NULL};
    CLEANUP_FREE char *real = guarded->path ? realpath(guarded->path, NULL) : NULL;
    for (const char *const *suffix = guarded->suffixes ? guarded->suffixes : alone; *suffix; suffix++) {
        CLEANUP_FREE char *path = NULL;
        if (asprintf(&path, "%s%s", real ? real : guarded->path, *suffix) < 0)
            return error_memory(err);
        if (guard_is_same(target, path))
            return error_set(err, ERROR_USAGE, RETRY_NEVER,
                             "%.200s is %s that this program needs; it was left as it is: name another file",
                             target, guarded->what);
    }
    return 0;
}

int command_output(const struct call *call, const char *target, struct error *err)
{
    static const char *const of_database[] = {"", "-wal", "-shm", "-journal", ".lock", NULL};
    static const char *const of_ledger[] = {"", "-journal", "-wal", "-shm", NULL};
    const struct config *config = call->config;
    const struct guarded files[] = {
        {config->database.path, "the database, or a file beside it", of_database},
        {config->limits.ledger, "the quota's ledger, or a file beside it", of_ledger},
        {call->file ? call->file : CONFIG_DEFAULT_FILE, "the settings file", NULL},
        {config->flex.api_key_file, "the file with the key", NULL},
        {config->flex.ca_file, "the file with certificates", NULL},
        {config->log.file, "the log", NULL},
        {config->log.error_file, "the log of errors", NULL},
    };
    for (size_t i = 0; target && strcmp(target, "-") != 0 && i < ARRAY_LENGTH(files); i++)
        if (files[i].path && guard_one(&files[i], target, err) < 0)
            return -1;
    return 0;
}
