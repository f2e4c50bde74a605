#include "command.h"
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <errno.h>
#include <string.h>

/* Whom the person means. */
struct found {
    int64_t id;
    char name[ERROR_TEXT_MAX / 2];
};

static int each_column(void *arg, const char *column, const struct value *value)
{
    struct found *found = arg;
    if (strcmp(column, "id") == 0)
        found->id = value->integer;
    if (value->type == VALUE_TEXT && (strcmp(column, "name") == 0 || strcmp(column, "contact_id") == 0) &&
        (column[0] == 'n' || !found->name[0]))
        (void)snprintf(found->name, sizeof found->name, "%s", value->text);
    text_disarm(found->name);
    return 0;
}

/* Before anything is locked: is there such a contact, and may this person write? */
static int find(struct found *found, const struct call *call, struct error *err)
{
    const char *path = call->config->database.path;
    struct store *store = NULL;
    if (command_store(call->config, &store, err) < 0)
        return -1;
    int r = read_contact(store, call->words[0], each_column, found, err);
    (void)store_close(store);
    if (r <= 0)
        return r < 0 ? -1 : command_nobody(call->words[0], err);
    if (access(path, W_OK) == 0)
        return 0;
    return error_set(err, ERROR_STORE, RETRY_NEVER,
                     "cannot write %s: %s; its owner alone erases: sudo -u flexsync flexsync forget %.80s",
                     path, strerror(errno), call->words[0]);
}

static int forget(const struct found *found, const struct call *call, struct error *err)
{
    char n[TEXT_MAX];
    int64_t changes = 0;
    struct store *store = NULL;
    if (store_open(&store, call->config->database.path, STORE_WRITE, clock_wall(&clock_system), NULL, err) <
        0)
        return -1;
    int r = store_forget(store, &entity_contacts, found->id, &changes, err);
    (void)store_close(store);
    if (r == 0)
        return command_nobody(call->words[0], err);
    if (r > 0)
        (void)printf(
            "%s is erased, and the changes of it that were kept (%s); older backups still have both\n",
            found->name, text_format_count(n, changes));
    return r;
}

int command_forget(struct call *call)
{
    struct error err;
    struct found found = {.id = 0};
    if (find(&found, call, &err) < 0)
        return command_failed(&err);
    CLEANUP_CLOSE int lock = command_lock(call, &err);
    if (lock < 0 || forget(&found, call, &err) < 0)
        return command_failed(&err);
    return EXIT_STATUS_DONE;
}
