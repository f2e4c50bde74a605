#include "flexsync/lists.h"

#include "column.h"
#include "flexsync/cleanup.h"
#include "json.h"

#include <string.h>

#define WHITE_SPACE " \t\r\n"
#define NOTE_FIELD  "narrativeDescription"

struct list {
    const struct entity_view *view;
    struct list_entry *entries;
    size_t count;
};

struct lists {
    json_t *root;
    struct findings findings;
    struct list *lists; /* one a view */
    size_t count;
    char *note; /* or NULL */
};

/* 0, or -1 without memory; *ret stays NULL where there is nothing to read. */
static int read_text(struct lists *lists, const json_t *object, const char *field, char **ret)
{
    char *text = NULL;
    int r = column_text(&text, json_object_get(object, field), &lists->findings);
    if (r > 0 && text[strspn(text, WHITE_SPACE)])
        *ret = text;
    else
        free(text);
    return r < 0 ? -1 : 0;
}

static int read_entry(struct lists *lists, const struct entity_view *view, const json_t *object,
                      struct list_entry *entry)
{
    for (size_t i = 0; i < ENTITY_VIEW_COLUMNS_MAX && view->columns[i].name; i++) {
        const struct entity_view_column *c = &view->columns[i];
        if (read_text(lists, object, c->field, &entry->values[i]) < 0 ||
            (c->otherwise && !entry->values[i] &&
             read_text(lists, object, c->otherwise, &entry->values[i]) < 0))
            return -1;
        if (view->only && strcmp(view->only, c->field) == 0)
            entry->outside = !entry->values[i] || !strchr(entry->values[i], '@');
    }
    return 0;
}

/* Does the record name one of the list's entries as the default? Otherwise their flags count. */
static bool is_named(const struct lists *lists, const struct entity_view *view, const json_t *array)
{
    const json_t *id = view->named_by ? json_object_get(lists->root, view->named_by) : NULL, *entry;
    size_t i;
    if (!json_is_string(id))
        return false;
    json_array_foreach(array, i, entry) if (json_equal(id, json_object_get(entry, "id"))) return true;
    return false;
}

static bool is_default(const struct lists *lists, const struct entity_view *view, bool named,
                       const json_t *object)
{
    if (named)
        return json_equal(json_object_get(lists->root, view->named_by), json_object_get(object, "id"));
    return view->flag && json_is_true(json_object_get(object, view->flag));
}

static int read_list(struct lists *lists, struct list *list)
{
    const json_t *array = json_object_get(lists->root, list->view->list), *object;
    bool named = is_named(lists, list->view, array);
    size_t i, size = json_array_size(array);
    list->entries = calloc(size ? size : 1, sizeof *list->entries);
    if (!list->entries)
        return -1;
    json_array_foreach(array, i, object)
    {
        if (!json_is_object(object))
            continue;
        struct list_entry *entry = &list->entries[list->count++];
        entry->is_default = is_default(lists, list->view, named, object);
        if (read_entry(lists, list->view, object, entry) < 0)
            return -1;
    }
    return 0;
}

static int read_lists(struct lists *lists, const struct entity *entity, const char *json)
{
    struct error why = {0};
    size_t length = json ? strlen(json) : 0;
    if (map_json_load(&lists->root, &lists->findings, (struct slice){json, length}, 0, &why) < 0 &&
        why.code != ERROR_ANSWER)
        return -1;
    lists->lists = calloc(entity->view_count ? entity->view_count : 1, sizeof *lists->lists);
    if (!lists->lists)
        return -1;
    for (; lists->count < entity->view_count; lists->count++) {
        lists->lists[lists->count].view = &entity->views[lists->count];
        if (read_list(lists, &lists->lists[lists->count]) < 0) {
            lists->count++;
            return -1;
        }
    }
    return lists->root ? read_text(lists, lists->root, NOTE_FIELD, &lists->note) : 0;
}

int lists_parse(struct lists **ret, const struct entity *entity, const char *json, struct error *err)
{
    struct lists *lists = calloc(1, sizeof *lists);
    if (!lists || read_lists(lists, entity, json) < 0) {
        (void)lists_free(lists);
        return error_memory(err);
    }
    *ret = lists;
    return 0;
}

const struct list_entry *lists_entries(const struct lists *lists, const char *view, size_t *ret_count)
{
    for (size_t i = 0; i < lists->count; i++)
        if (strcmp(lists->lists[i].view->name, view) == 0) {
            *ret_count = lists->lists[i].count;
            return lists->lists[i].entries;
        }
    *ret_count = 0;
    return NULL;
}

const char *lists_note(const struct lists *lists)
{
    return lists->note;
}

int lists_phone(char **ret, const struct list_entry *entry, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    *ret = NULL;
    if (!entry->values[PHONE_NUMBER])
        return 0;
    text = strdup(entry->values[PHONE_NUMBER]);
    if (!text || column_put_prefix(&text, entry->values[PHONE_COUNTRY]) < 0)
        return error_memory(err);
    *ret = take_pointer(text);
    return 0;
}

static void free_list(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t c = 0; c < ENTITY_VIEW_COLUMNS_MAX; c++)
            free(list->entries[i].values[c]);
    free(list->entries);
}

struct lists *lists_free(struct lists *lists)
{
    if (!lists)
        return NULL;
    for (size_t i = 0; i < lists->count; i++)
        free_list(&lists->lists[i]);
    free(lists->lists);
    free(lists->note);
    json_decref(lists->root);
    free(lists);
    return NULL;
}
