/* What may be right and yet seldom is: told by `flexsyncd -t`, and no mistake. */
#include "config_private.h"

#include "flexsync/cleanup.h"

#include <stdarg.h>
#include <string.h>

#define FOLDER      "/etc/flexsync/"
#define ENDING      ".conf"
#define NAME_MAX_OF 64
#define API_PATH    "/f5/api"

struct notes {
    const struct config *config;
    const char *path; /* of the settings file */
    char unit[NAME_MAX_OF + 24];
    char name[NAME_MAX_OF]; /* of the site among several: NAME of flexsyncd@NAME; "" for flexsyncd */
    config_tell *tell;
    void *arg;
};

__attribute__((format(printf, 3, 4))) static void notes_add(const struct notes *notes, enum setting_id id,
                                                            const char *format, ...)
{
    char text[ERROR_TEXT_MAX], line[ERROR_LINE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)snprintf(line, sizeof line, "%.300s: note: %s.%s: %s", notes->path, config_schema[id].group,
                   config_schema[id].name, text);
    notes->tell(notes->arg, line);
}

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || folder[length - 1] == '/');
}

static void note_site(const struct notes *notes)
{
    const char *url = notes->config->flex.base_url;
    size_t length = url ? strlen(url) : 0, end = strlen(API_PATH);
    if (url && (length < end || strcmp(url + length - end, API_PATH) != 0))
        notes_add(notes, SETTING_BASE_URL, "does not end in " API_PATH ", as the addresses of Flex do: %s",
                  config_schema[SETTING_BASE_URL].example);
}

/* ProtectHome=yes and PrivateTmp=yes of the units. */
static bool note_hidden(const struct notes *notes, enum setting_id id, const char *path)
{
    static const char *const hidden[] = {"/home", "/root", "/run/user", "/tmp", "/var/tmp"};
    for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++)
        if (is_below(path, hidden[i])) {
            notes_add(notes, id, "%s does not see %s of this machine; choose another place", notes->unit,
                      hidden[i]);
            return true;
        }
    return false;
}

/* ProtectSystem=strict, and what StateDirectory= and its like allow. */
static void note_written(const struct notes *notes, enum setting_id id, const char *path)
{
    const char *between = *notes->name ? "/" : "";
    char state[NAME_MAX_OF + 32], logs[NAME_MAX_OF + 32];
    (void)snprintf(state, sizeof state, "/var/lib/flexsync%s%s", between, notes->name);
    (void)snprintf(logs, sizeof logs, "/var/log/flexsync%s%s", between, notes->name);
    const char *slash = strrchr(path, '/');
    if (path[0] != '/')
        notes_add(notes, id, "is no whole path; begin it with /");
    else if (!note_hidden(notes, id, path) && !is_below(path, state) && !is_below(path, logs))
        notes_add(notes, id,
                  "%s may write below %s and %s only; allow it by systemctl edit %s: [Service] "
                  "ReadWritePaths=%.*s (if that is done, all is well)",
                  notes->unit, state, logs, notes->unit, slash > path ? (int)(slash - path) : 1, path);
}

static const char *path_of(const struct notes *notes, enum setting_id id)
{
    return *(char *const *)config_value_of(&config_schema[id], notes->config);
}

/* The unit that reads this file; false where none does. */
static bool find_unit(struct notes *notes)
{
    const char *name = notes->path + strlen(FOLDER);
    size_t length = is_below(notes->path, FOLDER) ? strlen(name) : 0, ending = strlen(ENDING);
    if (length <= ending || length - ending >= sizeof notes->name || strchr(name, '/') ||
        strcmp(name + length - ending, ENDING) != 0)
        return false;
    bool single = strcmp(notes->path, CONFIG_DEFAULT_FILE) == 0;
    (void)snprintf(notes->name, sizeof notes->name, "%.*s", single ? 0 : (int)(length - ending), name);
    (void)snprintf(notes->unit, sizeof notes->unit, "flexsyncd%s%s.service", single ? "" : "@", notes->name);
    return true;
}

void config_notes(const struct config *config, const char *path, config_tell *tell, void *arg)
{
    static const enum setting_id written[] = {SETTING_DATABASE_PATH, SETTING_LEDGER, SETTING_LOG_FILE,
                                              SETTING_LOG_ERROR_FILE};
    static const enum setting_id read[] = {SETTING_CA_FILE, SETTING_API_KEY_FILE};
    struct notes notes = {
        .config = config, .path = path ? path : CONFIG_DEFAULT_FILE, .tell = tell, .arg = arg};
    note_site(&notes);
    if (!find_unit(&notes))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(written); i++)
        if (path_of(&notes, written[i]))
            note_written(&notes, written[i], path_of(&notes, written[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(read); i++)
        if (path_of(&notes, read[i]))
            (void)note_hidden(&notes, read[i], path_of(&notes, read[i]));
}
