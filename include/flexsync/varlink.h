/*
 * varlink: the messages of the control socket (varlink.org), as pure functions over JSON.
 *
 * A message is a JSON object and a NUL byte. A call names a method, has parameters, and may want many replies
 * (`more`) or none (`oneway`); a reply has parameters, and says whether another one follows (`continues`), or
 * names an error. What a stranger sent is refused here, or is of the form that these structs promise.
 */
#ifndef FLEXSYNC_VARLINK_H
#define FLEXSYNC_VARLINK_H

#include "flexsync/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define VARLINK_NAME_MAX 255 /* bytes of the name of a method or parameter */

#define VARLINK_INVALID_PARAMETER "org.varlink.service.InvalidParameter" /* its field is "parameter" */

struct varlink_call {
    json_t *root;             /* owned; the rest points into it */
    const char *method;       /* as it came: "interface.Method", or nonsense */
    const json_t *parameters; /* an object, or NULL */
    bool more, oneway, upgrade;
};

struct varlink_reply {
    json_t *root;             /* owned; the rest points into it */
    const json_t *parameters; /* an object, or NULL */
    const char *error;        /* NULL: none */
    bool continues;
};

/* Reads a message without its NUL. ERROR_ANSWER when it is none. Release with json_decref() of root. */
int varlink_parse_call(struct varlink_call *ret, const char *text, size_t length, struct error *err);
int varlink_parse_reply(struct varlink_reply *ret, const char *text, size_t length, struct error *err);

enum varlink_type { VARLINK_BOOL, VARLINK_TEXT, VARLINK_TEXTS };

struct varlink_field {
    const char *name;
    enum varlink_type type;
    bool optional; /* may be missing, or null */
};

/*
 * The name of a parameter that is not as declared, not declared, or missing; NULL when all are right. Valid
 * as long as both arguments are.
 */
const char *varlink_wrong(const json_t *parameters, const struct varlink_field *fields, size_t count);

/*
 * New messages, to be released with json_decref(); NULL without memory. `parameters` is taken over in any
 * case; NULL is an allocation that failed, and makes these fail too.
 */
json_t *varlink_call(const char *method, json_t *parameters, bool more);
json_t *varlink_reply(json_t *parameters, bool continues);
json_t *varlink_error(const char *name, json_t *parameters);

/* The interface of "interface.Method": the bytes before the last dot, or 0 when there is none. */
size_t varlink_interface_length(const char *method);

/* A JSON string of any bytes: where they are no UTF-8, those above 0x7f become '?'. NULL without memory. */
json_t *varlink_text(const char *text);

#endif
