#include "flexsync/record.h"

#include "column.h"
#include "flexsync/cleanup.h"
#include "flexsync/utf8.h"
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

bool record_id_is_uuid(const char *id)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i = 0;
    for (; id[i] && shape[i]; i++)
        if (shape[i] == 'x' ? !strchr("0123456789abcdefABCDEF", id[i]) : id[i] != shape[i])
            return false;
    return id[i] == shape[i];
}

bool record_id_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || (record_id_is_uuid(a) && strcasecmp(a, b) == 0);
}

static int map_columns(struct record *record, const json_t *root)
{
    const struct entity *entity = record->entity;
    for (size_t i = 0; i < entity->column_count; i++)
        if (column_read(&record->values[i], &record->findings, &entity->columns[i], root) < 0)
            return -1;
    return 0;
}

static int hash_content(struct record *record, json_t *root)
{
    CLEANUP(buffer_free) struct buffer canonical;
    buffer_init(&canonical, SIZE_MAX);
    return map_json_fold_id(root) < 0 ? -1 : map_json_hash(root, &canonical, &record->content_hash);
}

/* What was cut may come whole the next time; what cannot be read is for people to correct. */
static int refuse(const struct entity *entity, const struct map_json_fault *fault, struct error *err)
{
    if (!fault->reason)
        return error_memory(err);
    if (!fault->lasting)
        return map_json_refuse(fault->reason, fault->position, err);
    return error_set(err, ERROR_ANSWER, RETRY_NEVER,
                     "its answer cannot be read: %s (at byte %zu); correct the %s in Flex", fault->reason,
                     fault->position, entity->noun);
}

static void free_record(struct record **record)
{
    *record = record_free(*record);
}

int record_parse(struct record **ret, const struct entity *entity, const char *body, size_t length,
                 struct error *err)
{
    json_auto_t *root = NULL;
    struct map_json_fault fault;
    size_t bom = utf8_bom(body, length);
    if (length > RECORD_BYTES_MAX)
        return error_set(err, ERROR_ANSWER, RETRY_NEVER,
                         "its answer is longer than 4 MiB; shorten the %s in Flex", entity->noun);
    CLEANUP(free_record) struct record *record = calloc(1, sizeof *record);
    if (!record)
        return error_memory(err);
    record->entity = entity;
    if (map_json_read(&root, &record->findings, (struct slice){body + bom, length - bom}, &fault) < 0)
        return refuse(entity, &fault, err);
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
    sum->half_surrogates += more->half_surrogates;
    sum->big_numbers += more->big_numbers;
    sum->other_case += more->other_case;
}
