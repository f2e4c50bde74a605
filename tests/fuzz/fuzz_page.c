/*
 * libFuzzer target: whatever a server answers, a page is refused, or each of its rows is a record of the same
 * id and the same content. The rows are read one by one: that must accept what jansson takes whole, and
 * nothing else. Built as fuzz_record.c says.
 */
#include "flexsync/page.h"
#include "flexsync/utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_odd(const struct page *page)
{
    size_t last = 0;
    for (size_t i = 0; i < page->odd_count; i++) {
        const struct page_odd *odd = &page->odd[i];
        if (odd->position <= last || (odd->id[0] && !record_id_usable(odd->id)) || !odd->reason)
            abort();
        last = odd->position;
    }
    if (page->unusable < page->odd_count ||
        (page->unusable > page->odd_count && page->odd_count < PAGE_ODD_MAX))
        abort();
}

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

/* What is put right, or is one bad row, is a page though jansson refuses the whole. */
static bool is_put_right(const struct page *page)
{
    bool unread = false;
    for (size_t i = 0; i < page->odd_count; i++)
        unread = unread || !page->odd[i].legible;
    return unread || page->unusable > PAGE_ODD_MAX || page->findings.half_surrogates > 0;
}

/* Does jansson take the whole? What it refuses for its limits alone may be a page. */
static void check_whole(const char *body, size_t length, const struct page *page)
{
    json_error_t e = {0};
    size_t bom = utf8_bom(body, length);
    body += bom;
    length -= bom;
    json_auto_t *root = json_loadb(body, length, JSON_ALLOW_NUL, &e);
    enum json_error_code code = json_error_code(&e);
    bool list = json_is_array(root) || json_is_array(json_object_get(root, "content"));
    const json_t *rows = json_is_array(root) ? root : json_object_get(root, "content");
    if (page && root && json_array_size(rows) != page->row_count + page->unusable)
        abort();
    if (page && !root && !is_put_right(page) && code != json_error_numeric_overflow &&
        code != json_error_stack_overflow)
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
    check_odd(page);
    for (size_t i = 0; i < page->row_count; i++)
        check_row(&page->rows[i]);
    (void)page_free(page);
    return 0;
}
