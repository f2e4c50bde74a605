/* Which columns there are, what they mean to a spreadsheet, and which of them somebody wants. */
#include "flexsync/cleanup.h"
#include "flexsync/entity.h"
#include "flexsync/export.h"
#include "flexsync/suggest.h"
#include "flexsync/text.h"
#include "format.h"

#include <stdio.h>
#include <string.h>

#define WIDTH_TEXT 16
#define WIDTH_ID   38

/* Those that people look at first, in this order; then the others as the table has them. */
static const struct export_column known[] = {
    {"contact_id", EXPORT_DIGITS, WIDTH_ID},
    {"name", EXPORT_TEXT, 30},
    {"first_name", EXPORT_TEXT, WIDTH_TEXT},
    {"last_name", EXPORT_TEXT, WIDTH_TEXT},
    {"company", EXPORT_TEXT, 30},
    {"job_title", EXPORT_TEXT, 22},
    {"email", EXPORT_TEXT, 30},
    {"phone", EXPORT_DIGITS, 20},
    {"city", EXPORT_TEXT, WIDTH_TEXT},
    {"country", EXPORT_TEXT, WIDTH_TEXT},
    {"contact_type", EXPORT_TEXT, 12},
    {"status", EXPORT_TEXT, 10},
    {"birthday", EXPORT_DAY, 12},
    {"code", EXPORT_DIGITS, 12},
    {"barcode", EXPORT_DIGITS, 14},
    {"rfid_tag", EXPORT_DIGITS, 14},
    {"external_number", EXPORT_DIGITS, WIDTH_TEXT},
    {"assigned_number", EXPORT_DIGITS, WIDTH_TEXT},
    {"id", EXPORT_NUMBER, 8},
    {"flex_created_date", EXPORT_TIME, 20},
    {"flex_last_edit_date", EXPORT_TIME, 20},
    {"created_at", EXPORT_TIME, 20},
    {"updated_at", EXPORT_TIME, 20},
    {"deleted_at", EXPORT_TIME, 20},
    {"flex_data", EXPORT_JSON, 40}, /* only where it is asked for */
};

static struct export_column of_entity(const struct column *column)
{
    static const enum export_kind kinds[] = {
        [COLUMN_TEXT] = EXPORT_TEXT, [COLUMN_INTEGER] = EXPORT_FLAG, [COLUMN_REAL] = EXPORT_NUMBER};
    size_t length = strlen(column->name);
    bool is_id = length > 3 && strcmp(column->name + length - 3, "_id") == 0;
    return (struct export_column){column->name, kinds[column->type], is_id ? WIDTH_ID : WIDTH_TEXT};
}

static const struct export_column *find_known(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

bool export_is_time(const char *name)
{
    const struct export_column *column = find_known(name);
    return column && column->kind == EXPORT_TIME;
}

const char *export_zoned(char zoned[static EXPORT_ZONED_MAX], const char *text)
{
    size_t length = strlen(text);
    if (length + sizeof "Z" > EXPORT_ZONED_MAX || !text_lacks_zone(text))
        return text;
    (void)snprintf(zoned, EXPORT_ZONED_MAX, "%sZ", text);
    return zoned;
}

static bool find(const char *name, struct export_column *ret)
{
    const struct export_column *column = find_known(name);
    int i = column ? -1 : entity_column(&entity_contacts, name);
    if (column)
        *ret = *column;
    else if (i >= 0)
        *ret = of_entity(&entity_contacts.columns[i]);
    return column || i >= 0;
}

static void add(struct export_columns *columns, const struct export_column *column)
{
    columns->names[columns->count] = column->name;
    columns->columns[columns->count++] = *column;
}

static void take_all(struct export_columns *columns)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (known[i].kind != EXPORT_JSON)
            add(columns, &known[i]);
    for (size_t i = 0; i < entity_contacts.column_count; i++) {
        struct export_column column = of_entity(&entity_contacts.columns[i]);
        if (!find_known(column.name))
            add(columns, &column);
    }
}

static int refuse(const char *name, struct error *err)
{
    char meant[SUGGEST_TEXT_MAX];
    struct suggest suggest = {.name = name};
    struct export_columns all = {.count = 0};
    take_all(&all);
    for (size_t i = 0; i < all.count; i++)
        suggest_try(&suggest, all.names[i]);
    return error_set(err, ERROR_USAGE, RETRY_NEVER,
                     "there is no column \"%.60s\"%s (name, email, phone, city and others; `flexsync export "
                     "--format csv | head -n 1` shows them)",
                     name, suggest_text(meant, &suggest));
}

static int take_one(struct export_columns *columns, const char *name, struct error *err)
{
    struct export_column column;
    if (!find(name, &column))
        return refuse(name, err);
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->names[i], name) == 0)
            return error_set(err, ERROR_USAGE, RETRY_NEVER, "the column %s is named twice", name);
    add(columns, &column);
    return 0;
}

static int take_list(struct export_columns *columns, const char *list, struct error *err)
{
    CLEANUP_FREE char *copy = strdup(list);
    if (!copy)
        return error_memory(err);
    char *rest = copy;
    for (char *name; (name = strsep(&rest, ","));)
        if (take_one(columns, name, err) < 0)
            return -1;
    return 0;
}

int export_columns(struct export_columns *ret, const struct export_format *format, const char *list,
                   struct error *err)
{
    struct export_columns columns = {.count = 0};
    if (format->own && list)
        return error_set(err, ERROR_USAGE, RETRY_NEVER,
                         "%s has fields of its own; leave out --columns, or take --format csv",
                         format->people);
    if (list && take_list(&columns, list, err) < 0)
        return -1;
    for (size_t i = 0; format->own && format->own[i]; i++)
        if (take_one(&columns, format->own[i], err) < 0)
            return -1;
    if (!list && !format->own)
        take_all(&columns);
    *ret = columns;
    return 0;
}
