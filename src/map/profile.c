#include "flexsync/profile.h"

#include "flexsync/text.h"

#include <jansson.h>
#include <stdio.h>

static void profile_copy(char ret[static PROFILE_NAME_MAX], const json_t *value)
{
    const char *text = json_string_value(value);
    (void)snprintf(ret, PROFILE_NAME_MAX, "%s", text ? text : "");
    text_disarm(ret);
}

int profile_read(struct profile *ret, const char *body, size_t length, struct error *err)
{
    json_t *object = json_loadb(body, length, 0, NULL);
    const json_t *locations = json_object_get(object, "enabledLocationIds");
    profile_copy(ret->name, json_object_get(object, "name"));
    profile_copy(ret->login, json_object_get(object, "userName"));
    profile_copy(ret->home, json_object_get(json_object_get(object, "homebaseLocation"), "name"));
    ret->locked = json_is_true(json_object_get(object, "locked"));
    ret->deleted = json_is_true(json_object_get(object, "deleted"));
    ret->locations = json_is_array(locations) ? (int64_t)json_array_size(locations) : PROFILE_UNCOUNTED;
    bool usable = json_is_string(json_object_get(object, "id")) || ret->login[0];
    json_decref(object);
    return usable ? 0
                  : error_set(err, ERROR_ANSWER, RETRY_NEVER,
                              "what the site says about the user of the key is no profile");
}

int profile_judge(const struct profile *profile, struct error *err)
{
    if (!profile->locked && !profile->deleted)
        return 0;
    return error_set(
        err, ERROR_KEY, RETRY_LATER,
        "the user of the API key is %s; unlock that user in Flex, or make a key of another one under "
        "Main Menu > Integrations > API",
        profile->locked ? "locked" : "deleted");
}

void profile_describe(const struct profile *profile, char *text, size_t size)
{
    char n[TEXT_MAX];
    if (profile->locations == PROFILE_UNCOUNTED)
        (void)snprintf(text, size, "not locked");
    else
        (void)snprintf(text, size, "not locked, sees %s location%s", text_format_count(n, profile->locations),
                       profile->locations == 1 ? "" : "s");
}
