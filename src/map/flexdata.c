#include "flexsync/flexdata.h"

#include "flexsync/cleanup.h"
#include "json.h"

#include <string.h>

/* 1, 0 if it is no JSON, or -1 without memory. */
static int read_stored(json_t **ret, struct findings *ret_findings, const char *text)
{
    struct map_json_fault fault;
    struct slice whole = {text, text ? strlen(text) : 0};
    if (map_json_read(ret, ret_findings, whole, &fault) == 0)
        return 1;
    return fault.reason ? 0 : -1;
}

json_t *flexdata_read(const char *text)
{
    json_auto_t *value = NULL;
    struct findings findings;
    if (read_stored(&value, &findings, text) <= 0 || findings.big_numbers)
        return NULL;
    return take_pointer(value);
}

int flexdata_append(struct buffer *out, const char *text)
{
    json_auto_t *value = NULL;
    struct findings findings;
    int r = read_stored(&value, &findings, text);
    if (r <= 0)
        return r;
    size_t from = out->length;
    if (buffer_append_text(out, text) < 0)
        return -1;
    (void)map_json_replace_surrogates(out->data + from, out->length - from);
    for (char *p = out->data + from; *(p += strcspn(p, "\r\n"));)
        *p = ' '; /* line ends can only be between tokens */
    return 1;
}
