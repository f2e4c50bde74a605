#include "flexsync/page.h"

#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "flexsync/utf8.h"
#include "json.h"
#include "slice.h"

#include <string.h>

#define ROWS_FIRST 128

/* Newer versions of Spring Data put the figures into an object `page` beside `content`. */
static const json_t *figure_field(const json_t *root, const char *name)
{
    const json_t *field = json_object_get(root, name);
    return field ? field : json_object_get(json_object_get(root, "page"), name);
}

static int64_t figure(const json_t *root, const char *name)
{
    int64_t count;
    return map_json_integer(figure_field(root, name), &count) && count >= 0 ? count : PAGE_UNKNOWN;
}

static int flag(const json_t *root, const char *name)
{
    const json_t *field = json_object_get(root, name);
    return json_is_boolean(field) ? json_is_true(field) : PAGE_UNKNOWN;
}

static void read_figures(struct page *page, const json_t *root)
{
    page->total = figure(root, "totalElements");
    page->total_pages = figure(root, "totalPages");
    page->number = figure(root, "number");
    page->size = figure(root, "size");
    page->first = flag(root, "first");
    page->last = flag(root, "last");
}

/* Decoded, because a name can be written with escapes. What is no name, the envelope's reading will tell. */
static bool is_name(struct slice text, const char *name)
{
    json_auto_t *string = map_json_name(text);
    return string && strcmp(json_string_value(string), name) == 0;
}

/* The last `content`, because the last one counts; empty if there is none. */
static struct slice find_content(struct slice page)
{
    struct slice_walk walk = slice_walk(page);
    struct slice name, value, found = {page.start + page.length, 0};
    while (slice_next(&walk, &name, &value))
        if (is_name(name, "content"))
            found = value;
    return found;
}

/*
 * The page without its rows, which are read one by one: a tree of all of them takes ten times the text's
 * memory. The answer is JSON exactly when this text, with a null in the rows' place, and the list of rows
 * are.
 */
static int load_envelope(json_t **ret, struct findings *ret_findings, struct slice page, struct slice content,
                         struct error *err)
{
    CLEANUP(buffer_free) struct buffer text;
    buffer_init(&text, SIZE_MAX);
    size_t before = (size_t)(content.start - page.start), after = page.length - before - content.length;
    if (buffer_append(&text, page.start, before) < 0 ||
        buffer_append_text(&text, content.length ? "null" : "") < 0 ||
        buffer_append(&text, content.start + content.length, after) < 0)
        return error_memory(err);
    if (map_json_load(ret, ret_findings, (struct slice){text.data, text.length}, 0, err) < 0) {
        json_auto_t *whole = NULL;
        (void)map_json_load(&whole, ret_findings, page, 0, err); /* for the right position in the error */
        return -1;
    }
    return 0;
}

/* Room for one more; grown by what is really there, since a stranger says how many there are. */
static struct page_row *new_row(struct page *page, size_t *capacity)
{
    if (page->row_count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : ROWS_FIRST;
        struct page_row *rows = reallocarray(page->rows, more, sizeof *rows);
        if (!rows)
            return NULL;
        page->rows = rows;
        *capacity = more;
    }
    page->rows[page->row_count] = (struct page_row){0};
    return &page->rows[page->row_count++];
}

static int fill_row(struct page_row *row, const char *id, json_t *value, struct slice text,
                    struct buffer *scratch)
{
    CLEANUP(buffer_free) struct buffer json;
    buffer_init(&json, SIZE_MAX);
    (void)snprintf(row->id, sizeof row->id, "%s", id); /* record_id_usable() has seen its length */
    if (map_json_fold_id(value) < 0 || map_json_hash(value, scratch, &row->hash) < 0 ||
        slice_compact(text, &json) < 0)
        return -1;
    row->length = json.length;
    row->json = buffer_take(&json);
    return row->json ? 0 : -1;
}

/* The id of a row that cannot be read as a whole: its last member of that name, if that can be. */
static void cut_id(char ret[static RECORD_ID_MAX + 1], struct slice row)
{
    struct slice_walk walk = slice_walk(row);
    struct slice name, value, found = {NULL, 0};
    while (row.start[0] == '{' && slice_next(&walk, &name, &value))
        if (is_name(name, "id"))
            found = value;
    json_auto_t *string = map_json_name(found);
    const char *id = string ? json_string_value(string) : "";
    (void)snprintf(ret, RECORD_ID_MAX + 1, "%s", record_id_usable(id) ? id : "");
}

static void note_unusable(struct page *page, size_t position, struct slice row, const char *reason,
                          bool legible)
{
    page->unusable++;
    if (page->odd_count == PAGE_ODD_MAX)
        return;
    struct page_odd *odd = &page->odd[page->odd_count++];
    *odd = (struct page_odd){.position = position, .reason = reason, .legible = legible};
    if (!legible)
        cut_id(odd->id, row);
}

static int read_row(struct page *page, size_t *capacity, struct slice text, size_t position, size_t offset,
                    struct buffer *scratch, struct error *err)
{
    json_auto_t *value = NULL;
    struct findings findings;
    struct map_json_fault fault;
    char id[RECORD_ID_MAX + 1];
    if (text.length > RECORD_BYTES_MAX) {
        note_unusable(page, position, text, "it is longer than 4 MiB", false);
        return 0;
    }
    if (map_json_read(&value, &findings, text, &fault) < 0) {
        if (!fault.reason)
            return error_memory(err);
        if (!fault.lasting)
            return map_json_refuse(fault.reason, offset + fault.position, err);
        note_unusable(page, position, text, fault.reason, false);
        return 0;
    }

    findings_add(&page->findings, &findings);
    if (!map_json_id(id, value)) {
        const char *reason = json_is_object(value) ? "it has no usable id" : "it is no object";
        note_unusable(page, position, text, reason, true);
        return 0;
    }
    if (page->row_count >= PAGE_ROWS_MAX)
        return error_set(err, ERROR_ANSWER, RETRY_NEVER, "the page has more than %d rows", PAGE_ROWS_MAX);
    struct page_row *row = new_row(page, capacity);
    return row && fill_row(row, id, value, text, scratch) == 0 ? 0 : error_memory(err);
}

static int read_rows(struct page *page, struct slice list, const char *body, struct error *err)
{
    CLEANUP(buffer_free) struct buffer scratch;
    buffer_init(&scratch, SIZE_MAX);
    struct slice_walk walk = slice_walk(list);
    struct slice name, text;
    size_t capacity = 0, position = 0;
    while (slice_next(&walk, &name, &text)) {
        size_t offset = (size_t)(text.start - body);
        if (name.start)
            return map_json_refuse("a row has a name", offset, err);
        if (read_row(page, &capacity, text, ++position, offset, &scratch, err) < 0)
            return -1;
    }
    return walk.rest.length ? map_json_refuse("the rows do not end", (size_t)(walk.rest.start - body), err)
                            : 0;
}

static bool is_list(struct slice text)
{
    return text.length >= 2 && text.start[0] == '[' && text.start[text.length - 1] == ']';
}

/* Reads all but the rows, and tells where those stand. */
static int read_envelope(struct page *page, struct slice *ret_list, struct slice text, struct error *err)
{
    json_auto_t *root = NULL;
    struct slice list = text;
    page->array = text.length && text.start[0] == '[';
    if (!page->array) {
        list = find_content(text);
        if (load_envelope(&root, &page->findings, text, list, err) < 0)
            return -1;
    }
    if (page->array && !is_list(list))
        return map_json_refuse("it ends too early", text.length, err);
    if (!page->array && (!json_is_object(root) || !is_list(list)))
        return error_set(err, ERROR_ANSWER, RETRY_NOW, "the answer is neither a page nor an array of rows");
    read_figures(page, root);
    *ret_list = list;
    return 0;
}

static void free_page(struct page **page)
{
    *page = page_free(*page);
}

int page_parse(struct page **ret, const char *body, size_t length, struct error *err)
{
    struct slice list;
    CLEANUP(free_page) struct page *page = calloc(1, sizeof *page);
    if (!page)
        return error_memory(err);
    size_t bom = utf8_bom(body, length);
    if (read_envelope(page, &list, slice_whole(body + bom, length - bom), err) < 0 ||
        read_rows(page, list, body, err) < 0)
        return -1;
    *ret = take_pointer(page);
    return 0;
}

struct page *page_free(struct page *page)
{
    if (!page)
        return NULL;
    for (size_t i = 0; i < page->row_count; i++)
        free(page->rows[i].json);
    free(page->rows);
    free(page);
    return NULL;
}
