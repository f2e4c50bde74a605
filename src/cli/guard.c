/* The files that the program lives on, which no command may write its output over. */
#include "command.h"
#include "flexsync/cleanup.h"

#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct guarded {
    const char *path; /* NULL: not set */
    const char *what;
    const char *const *suffixes; /* of the files that go with it; NULL: it is alone */
};

bool command_is_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

/* One and the same file; or, where one is not there, one and the same name in a folder. */
static bool guard_is_same(const char *a, const char *b)
{
    if (access(a, F_OK) == 0 && access(b, F_OK) == 0)
        return command_is_same_file(a, b);
    CLEANUP_FREE char *folder_a = strdup(a), *folder_b = strdup(b), *name_a = strdup(a), *name_b = strdup(b);
    return folder_a && folder_b && name_a && name_b && strcmp(basename(name_a), basename(name_b)) == 0 &&
           command_is_same_file(dirname(folder_a), dirname(folder_b));
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

/* Whatever lies there is a part of the settings, or becomes one. */
static int guard_drop_ins(const char *settings, const char *target, struct error *err)
{
    CLEANUP_FREE char *folder = strdup(settings), *drop_ins = NULL, *place = strdup(target);
    if (!folder || !place || asprintf(&drop_ins, "%s/conf.d", dirname(folder)) < 0)
        return error_memory(err);
    if (!command_is_same_file(dirname(place), drop_ins))
        return 0;
    return error_set(
        err, ERROR_USAGE, RETRY_NEVER,
        "%.200s would be in the folder of settings that this program needs; it was left as it is: "
        "name another file",
        target);
}

int command_output(const struct call *call, const char *target, struct error *err)
{
    static const char *const of_database[] = {"", "-wal", "-shm", "-journal", ".lock", NULL};
    static const char *const of_ledger[] = {"", "-journal", "-wal", "-shm", NULL};
    const struct config *config = call->config;
    const char *settings = call->file ? call->file : CONFIG_DEFAULT_FILE;
    const struct guarded files[] = {
        {config->database.path, "the database, or a file beside it", of_database},
        {config->limits.ledger, "the quota's ledger, or a file beside it", of_ledger},
        {settings, "the settings file", NULL},
        {config->flex.api_key_file, "the file with the key", NULL},
        {config->flex.ca_file, "the file with certificates", NULL},
        {config->log.file, "the log", NULL},
        {config->log.error_file, "the log of errors", NULL},
    };
    if (!target || strcmp(target, "-") == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        if (files[i].path && guard_one(&files[i], target, err) < 0)
            return -1;
    return guard_drop_ins(settings, target, err);
}
