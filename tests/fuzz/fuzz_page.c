/*
 * libFuzzer target: whatever a server answers, a page is refused, or each of its rows is a record of the same
 * id and the same content. The rows are read one by one: that must accept what jansson takes whole, and
 * nothing else. Built as fuzz_record.c says.
 */
#include "flexsync/page.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct page_row *row)
{
    struct record *record = NULL;
    struct error err = {0};
    if (strlen(row->json) != row->length ||
        record_parse(&record, &entity_contacts, row->json, row->length, &err) < 0 ||
        strcmp(record->id, row->id) != 0 || record->content_hash != row->hash)
        abort();
    (void)record_free(record);
}

/* Does jansson take the whole? What it refuses for its limits alone may be a page. */
static void check_whole(const char *body, size_t length, const struct page *page)
{
    json_error_t e = {0};
    json_auto_t *root = json_loadb(body, length, JSON_ALLOW_NUL, &e);
    enum json_error_code code = json_error_code(&e);
    bool list = json_is_array(root) || json_is_array(json_object_get(root, "content"));
    if (page && !root && code != json_error_numeric_overflow && code != json_error_stack_overflow)
        abort();
    if (!page && list && !memchr(body, 0, length))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct page *page = NULL;
    struct error err = {0};
    if (page_parse(&page, (const char *)data, size, &err) < 0) {
        if (err.code != ERROR_ANSWER || !err.text[0])
            abort();
        check_whole((const char *)data, size, NULL);
        return 0;
    }
    check_whole((const char *)data, size, page);
    for (size_t i = 0; i < page->row_count; i++)
        check_row(&page->rows[i]);
    (void)page_free(page);
    return 0;
}
