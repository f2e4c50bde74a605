#include "flexsync/varlink.h"

#include "flexsync/cleanup.h"

#include <string.h>

static json_t *parse(const char *text, size_t length, struct error *err)
{
    json_error_t e;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &e);
    if (json_is_object(root))
        return root;
    (void)error_set(err, ERROR_ANSWER, RETRY_NEVER, "a message of the control socket is no JSON object: %s",
                    root ? "something else" : e.text);
    json_decref(root);
    return NULL;
}

/* A member that may be missing; false if it is there and of another type. */
static bool read_flag(const json_t *root, const char *name, bool *ret)
{
    const json_t *value = json_object_get(root, name);
    *ret = json_is_true(value);
    return !value || json_is_boolean(value) || json_is_null(value);
}

static bool read_object(const json_t *root, const char *name, const json_t **ret)
{
    const json_t *value = json_object_get(root, name);
    *ret = json_is_object(value) ? value : NULL;
    return !value || json_is_object(value) || json_is_null(value);
}

static int refuse(json_t *root, struct error *err)
{
    json_decref(root);
    return error_set(err, ERROR_ANSWER, RETRY_NEVER,
                     "a message of the control socket is not of the form that Varlink asks for");
}

int varlink_parse_call(struct varlink_call *ret, const char *text, size_t length, struct error *err)
{
    struct varlink_call call = {.root = parse(text, length, err)};
    if (!call.root)
        return -1;
    call.method = json_string_value(json_object_get(call.root, "method"));
    if (!call.method || strlen(call.method) > VARLINK_NAME_MAX ||
        !read_object(call.root, "parameters", &call.parameters) ||
        !read_flag(call.root, "more", &call.more) || !read_flag(call.root, "oneway", &call.oneway) ||
        !read_flag(call.root, "upgrade", &call.upgrade) || (call.more && call.oneway))
        return refuse(call.root, err);
    *ret = call;
    return 0;
}

int varlink_parse_reply(struct varlink_reply *ret, const char *text, size_t length, struct error *err)
{
    struct varlink_reply reply = {.root = parse(text, length, err)};
    if (!reply.root)
        return -1;
    const json_t *error = json_object_get(reply.root, "error");
    reply.error = json_string_value(error);
    if ((error && !reply.error && !json_is_null(error)) ||
        !read_object(reply.root, "parameters", &reply.parameters) ||
        !read_flag(reply.root, "continues", &reply.continues) || (reply.error && reply.continues))
        return refuse(reply.root, err);
    *ret = reply;
    return 0;
}

static bool is_texts(const json_t *value)
{
    size_t i;
    const json_t *element;
    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, element) if (!json_is_string(element)) return false;
    return true;
}

static bool fits(const struct varlink_field *field, const json_t *value)
{
    if (!value || json_is_null(value))
        return field->optional;
    switch (field->type) {
    case VARLINK_BOOL:
        return json_is_boolean(value);
    case VARLINK_TEXT:
        return json_is_string(value);
    case VARLINK_TEXTS:
        return is_texts(value);
    }
    return false;
}

static bool is_declared(const char *name, const struct varlink_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

const char *varlink_wrong(const json_t *parameters, const struct varlink_field *fields, size_t count)
{
    const char *name;
    json_t *value;
    for (size_t i = 0; i < count; i++)
        if (!fits(&fields[i], json_object_get(parameters, fields[i].name)))
            return fields[i].name;
    json_object_foreach((json_t *)parameters, name,
                        value) if (!is_declared(name, fields, count)) return strlen(name) <= VARLINK_NAME_MAX
        ? name
        : "parameters"; /* too long to be repeated */
    return NULL;
}

/* Ends a message; frees it where its parameters could not be made. */
static json_t *finish(json_t *message, json_t *parameters)
{
    if (message && json_object_set_new(message, "parameters", parameters) == 0)
        return message;
    if (!message)
        json_decref(parameters);
    json_decref(message);
    return NULL;
}

json_t *varlink_call(const char *method, json_t *parameters, bool more)
{
    json_t *message =
        more ? json_pack("{s:s, s:b}", "method", method, "more", 1) : json_pack("{s:s}", "method", method);
    return finish(message, parameters);
}

json_t *varlink_reply(json_t *parameters, bool continues)
{
    return finish(continues ? json_pack("{s:b}", "continues", 1) : json_object(), parameters);
}

json_t *varlink_error(const char *name, json_t *parameters)
{
    return finish(json_pack("{s:s}", "error", name), parameters);
}

size_t varlink_interface_length(const char *method)
{
    const char *dot = strrchr(method, '.');
    return dot ? (size_t)(dot - method) : 0;
}

json_t *varlink_text(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    CLEANUP_FREE char *plain = strdup(text);
    for (char *p = plain; p && *p; p++)
        if (*p & 0x80)
            *p = '?';
    return plain ? json_string(plain) : NULL;
}
