/* The settings file and, where it is flexsync.conf, the files of conf.d beside it. */
#include "config_private.h"

#include "flexsync/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define NAME      "flexsync.conf"
#define DIRECTORY "conf.d"
#define SUFFIX    ".conf"

static int is_drop_in(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
           strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* Not alphasort(), which goes by the locale: on the next machine another file would win. */
static int compare_drop_ins(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void report_directory(struct loading *loading, const char *directory, int error)
{
    const char *settings = loading->path;
    loading->path = directory;
    loading->incomplete = true;
    if (error_is_machine(error))
        loading->machine = error;
    else
        config_mistake_in_file(loading, 0, NULL, "cannot be read: %s; make it readable for this user",
                               strerror(error));
    loading->path = settings;
}

/* Takes the names over as paths. */
static int keep_drop_ins(struct loading *loading, const char *directory, struct dirent **entries,
                         size_t count)
{
    int r = 0;
    loading->drop_ins = calloc(count ? count : 1, sizeof *loading->drop_ins);
    for (size_t i = 0; i < count; i++) {
        char **path = loading->drop_ins ? &loading->drop_ins[loading->drop_in_count] : NULL;
        if (path && asprintf(path, "%s/%s", directory, entries[i]->d_name) >= 0)
            loading->drop_in_count++;
        else
            r = -ENOMEM;
        free(entries[i]);
    }
    free(entries);
    return r;
}

static void find_drop_ins(struct loading *loading)
{
    const char *slash = strrchr(loading->path, '/');
    const char *name = slash ? slash + 1 : loading->path;
    CLEANUP_FREE char *directory = NULL;
    struct dirent **entries = NULL;
    if (strcmp(name, NAME) != 0)
        return;
    if (asprintf(&directory, "%.*s" DIRECTORY, (int)(name - loading->path), loading->path) < 0) {
        directory = NULL;
        loading->out_of_memory = true;
        return;
    }

    int count = scandir(directory, &entries, is_drop_in, compare_drop_ins);
    if (count < 0 && errno != ENOENT)
        report_directory(loading, directory, errno);
    else if (count >= 0 && keep_drop_ins(loading, directory, entries, (size_t)count) < 0)
        loading->out_of_memory = true;
}

void config_dropin_load(struct loading *loading, bool required)
{
    const char *settings = loading->path;
    config_file_load(loading, required);
    find_drop_ins(loading);
    for (size_t i = 0; i < loading->drop_in_count && !loading->out_of_memory; i++) {
        loading->path = loading->drop_ins[i];
        config_file_load(loading, true);
    }
    loading->path = settings;
}

void config_dropin_free(struct loading *loading)
{
    for (size_t i = 0; i < loading->drop_in_count; i++)
        free(loading->drop_ins[i]);
    free(loading->drop_ins);
}
