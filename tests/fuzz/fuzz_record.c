/*
 * libFuzzer target: whatever a server answers, a record is refused or has an id that is usable and columns
 * whose texts end where SQLite thinks they do; and read again with itself it has no difference.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu17 -D_GNU_SOURCE -Iinclude
 * tests/fuzz/fuzz_record.c src/map/NAME.c… src/base/{buffer,error,hash}.c -ljansson -lm && ./a.out
 * tests/fuzz/corpus/record
 */
#include "flexsync/diff.h"
#include "flexsync/flexdata.h"
#include "flexsync/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_diff(const char *body)
{
    char *before = NULL, *after = NULL;
    struct error err = {0};
    if (diff_json(body, body, &before, &after, &err) < 0 || strcmp(before, "{}") != 0 ||
        strcmp(after, "{}") != 0)
        abort();
    free(before);
    free(after);
    if (diff_json(body, "{\"id\":\"other\",\"a\":[1,{}]}", &before, &after, &err) < 0)
        abort();
    free(before);
    free(after);
}

/* What is handed on is JSON of one line, which jansson takes but for its numbers, names twice and NULs. */
static void check_stored(const char *body)
{
    struct buffer out;
    json_error_t e = {0};
    buffer_init(&out, SIZE_MAX);
    int r = flexdata_append(&out, body);
    json_t *value = flexdata_read(body),
           *again = r > 0 ? json_loadb(out.data, out.length, JSON_ALLOW_NUL | JSON_DECODE_ANY, &e) : NULL;
    if (r < 0 || (value && r == 0) || (r > 0 && strpbrk(out.data, "\r\n")) ||
        (r > 0 && !again && json_error_code(&e) != json_error_numeric_overflow) ||
        (value && !json_equal(value, again)))
        abort();
    json_decref(value);
    json_decref(again);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (const struct entity *const *entity = entities; *entity; entity++) {
        struct record *record = NULL;
        struct error err = {0};
        if (record_parse(&record, *entity, (const char *)data, size, &err) < 0
                ? err.code != ERROR_ANSWER
                : !record_id_usable(record->id))
            abort();
        (void)record_free(record);
    }
    char *body = strndup((const char *)data, size);
    if (body) {
        check_diff(body);
        check_stored(body);
    }
    free(body);
    return 0;
}
