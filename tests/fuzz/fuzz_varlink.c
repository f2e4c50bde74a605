/*
 * libFuzzer target: whatever a client sends, it is a call or it is refused; and what is taken for a call or a
 * reply keeps what varlink.h promises of it. Built as fuzz_record.c says.
 */
#include "flexsync/varlink.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct varlink_field fields[] = {
    {"full", VARLINK_BOOL, true}, {"ids", VARLINK_TEXTS, true}, {"interface", VARLINK_TEXT, false}};

static void check_call(const struct varlink_call *call)
{
    const char *wrong = varlink_wrong(call->parameters, fields, sizeof fields / sizeof *fields);
    if (strlen(call->method) > VARLINK_NAME_MAX ||
        varlink_interface_length(call->method) > VARLINK_NAME_MAX || (call->more && call->oneway) ||
        (call->parameters && !json_is_object(call->parameters)) ||
        (wrong && strlen(wrong) > VARLINK_NAME_MAX) ||
        (!wrong && !json_is_string(json_object_get(call->parameters, "interface"))))
        abort();
    json_decref(call->root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct varlink_call call;
    struct varlink_reply reply;
    struct error err = {0};
    if (varlink_parse_call(&call, (const char *)data, size, &err) == 0)
        check_call(&call);
    else if (err.code != ERROR_ANSWER || !err.text[0])
        abort();
    if (varlink_parse_reply(&reply, (const char *)data, size, &err) == 0) {
        if ((reply.error && reply.continues) || (reply.parameters && !json_is_object(reply.parameters)))
            abort();
        json_decref(reply.root);
    }
    return 0;
}
