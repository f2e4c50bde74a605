#include "complaint.h"

#include "flexsync/cleanup.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

/* How live sites say that a record is unknown: `words`, and `then` later on, if it is not NULL. */
static const struct {
    const char *words, *then;
} unknown_record[] = {
    {"unable to find", NULL}, {"not found", NULL},      {"does not exist", NULL},
    {"no ", " with id"},      {"no ", " with this id"},
};

static bool at_word(const char *text, const char *found)
{
    return found == text || !isalnum((unsigned char)found[-1]);
}

static bool says_unknown(const char *text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(unknown_record); i++) {
        const char *found = strcasestr(text, unknown_record[i].words);
        while (found && !at_word(text, found))
            found = strcasestr(found + 1, unknown_record[i].words);
        if (found && (!unknown_record[i].then || strcasestr(found, unknown_record[i].then)))
            return true;
    }
    return false;
}

/* Flex's own names, and those of Spring, which Flex is made with. A lone `message` is what gateways say too.
 */
static bool is_own(const json_t *root)
{
    return json_object_get(root, "exceptionMessage") || json_object_get(root, "exceptionCode") ||
           json_object_get(root, "httpStatusCode") ||
           (json_object_get(root, "status") &&
            (json_object_get(root, "error") || json_object_get(root, "message")));
}

bool complaint_read(const char *body, size_t length, struct complaint *ret)
{
    *ret = (struct complaint){0};
    if (!body || length == 0 || length > COMPLAINT_MAX)
        return false;

    json_t *root = json_loadb(body, length, JSON_ALLOW_NUL, NULL);
    bool own = json_is_object(root) && is_own(root);
    if (own) {
        const char *text = json_string_value(json_object_get(root, "exceptionMessage"));
        ret->unknown = text && says_unknown(text);
    }
    json_decref(root);
    return own;
}
