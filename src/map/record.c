#include "flexsync/record.h"

#include "column.h"
#include "flexsync/cleanup.h"
#include "json.h"

#include <string.h>

#define ID_FORBIDDEN " /?#%\\" /* they would end or change the URL that the id becomes part of */

bool record_id_usable(const char *id)
{
    size_t length = strnlen(id, RECORD_ID_MAX + 1);
    if (length == 0 || length > RECORD_ID_MAX || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (id[i] <= ' ' || id[i] > '~' || strchr(ID_FORBIDDEN, id[i]))
            return false;
    return true;
}

static int map_columns(struct record *record, const json_t *root)
{
    const struct entity *entity = record->entity;
    for (size_t i = 0; i < entity->column_count; i++)
        if (column_read(&record->values[i], &record->findings, &entity->columns[i], root) < 0)
            return -1;
    return 0;
}

static int hash_content(struct record *record, const json_t *root)
{
    CLEANUP(buffer_free) struct buffer canonical;
    buffer_init(&canonical, SIZE_MAX);
    return map_json_hash(root, &canonical, &record->content_hash);
}

static void free_record(struct record **record)
{
    *record = record_free(*record);
}

int record_parse(struct record **ret, const struct entity *entity, const char *body, size_t length,
                 struct error *err)
{
    json_auto_t *root = NULL;
    CLEANUP(free_record) struct record *record = calloc(1, sizeof *record);
    if (!record)
        return error_memory(err);
    record->entity = entity;
    if (map_json_load(&root, &record->findings, (struct slice){body, length}, 0, err) < 0)
        return -1;
    if (!json_is_object(root))
        return error_set(err, ERROR_ANSWER, RETRY_NOW, "the answer is JSON, but no %s", entity->noun);
    if (!map_json_id(record->id, root))
        return error_set(err, ERROR_ANSWER, RETRY_NEVER, "the %s in the answer has no usable id",
                         entity->noun);
    record->deleted = json_is_true(json_object_get(root, "deleted"));
    if (map_columns(record, root) < 0 || hash_content(record, root) < 0)
        return error_memory(err);
    *ret = take_pointer(record);
    return 0;
}

struct record *record_free(struct record *record)
{
    if (!record)
        return NULL;
    for (size_t i = 0; i < ENTITY_COLUMNS_MAX; i++)
        if (record->values[i].type == VALUE_TEXT)
            free(record->values[i].text);
    free(record);
    return NULL;
}

void findings_add(struct findings *sum, const struct findings *more)
{
    sum->ill_typed += more->ill_typed;
    sum->duplicate_keys += more->duplicate_keys;
    sum->nul_characters += more->nul_characters;
    sum->big_numbers += more->big_numbers;
}
