/*
 * libFuzzer target: whatever a server answers, a record is refused or has an id that is usable and columns
 * whose texts end where SQLite thinks they do; and read again with itself it has no difference.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu17 -D_GNU_SOURCE -Iinclude
 * tests/fuzz/fuzz_record.c src/map/NAME.c… src/base/{buffer,error,hash}.c -ljansson -lm && ./a.out
 * tests/fuzz/corpus/record
 */
#include "flexsync/diff.h"
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
    if (body)
        check_diff(body);
    free(body);
    return 0;
}
