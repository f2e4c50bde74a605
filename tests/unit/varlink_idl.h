/*
 * varlink_idl: does a value have the type that a Varlink interface description declares? Reads the text of
 * the description itself, and shares no code with what answers.
 */
#ifndef VARLINK_IDL_H
#define VARLINK_IDL_H

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define IDL_NAME 64

struct idl {
    const char *text;     /* of the description */
    char wrong[IDL_NAME]; /* the first thing that is not as declared; "": all is */
};

static inline const char *idl_space(const char *p)
{
    while (isspace((unsigned char)*p) || *p == '#')
        p += *p == '#' ? strcspn(p, "\n") : 1;
    return p;
}

static inline const char *idl_name(const char *p, char name[static IDL_NAME])
{
    size_t n = 0;
    p = idl_space(p);
    while ((isalnum((unsigned char)*p) || *p == '_' || *p == '.') && n < IDL_NAME - 1)
        name[n++] = *p++;
    name[n] = '\0';
    return idl_space(p);
}

static inline void idl_wrong(struct idl *idl, const char *what)
{
    if (!idl->wrong[0])
        (void)snprintf(idl->wrong, sizeof idl->wrong, "%s", what);
}

/* Behind `KEYWORD NAME`, or NULL. */
static inline const char *idl_find(const struct idl *idl, const char *keyword, const char *name)
{
    const char *p = idl->text;
    char wanted[2 * IDL_NAME];
    int n = snprintf(wanted, sizeof wanted, "\n%s %s", keyword, name);
    while ((p = strstr(p, wanted))) {
        p += n;
        if (!isalnum((unsigned char)*p))
            return idl_space(p);
    }
    return NULL;
}

/* Walks over one type; holds `value` against it unless that is NULL. Returns what is behind the type. */
static inline const char *idl_type(struct idl *idl, const char *p, const json_t *value, const char *what);

/* "(a: T, b: U)" or "(one, two)". */
static inline const char *idl_list(struct idl *idl, const char *p, const json_t *value, const char *what)
{
    char name[IDL_NAME];
    size_t fields = 0;
    bool is_enum = false, found = false;
    p = idl_space(p + 1);
    while (*p && *p != ')') {
        p = idl_name(p, name);
        if (*p == ':') {
            const json_t *field = json_object_get(value, name);
            fields += field != NULL;
            if (value && !field && *idl_space(p + 1) != '?')
                idl_wrong(idl, name);
            p = idl_type(idl, p + 1, field, name);
        } else {
            is_enum = true;
            found = found || (json_is_string(value) && strcmp(json_string_value(value), name) == 0);
        }
        p = idl_space(p);
        if (*p == ',')
            p = idl_space(p + 1);
    }
    if (value && (is_enum ? !found : !json_is_object(value) || json_object_size(value) != fields))
        idl_wrong(idl, what);
    return p + 1;
}

static inline bool idl_is_plain(const char *type, const json_t *value)
{
    return (strcmp(type, "bool") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "int") == 0 && json_is_integer(value)) ||
           (strcmp(type, "float") == 0 && json_is_real(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value));
}

static inline const char *idl_type(struct idl *idl, const char *p, const json_t *value, const char *what)
{
    char name[IDL_NAME];
    size_t i;
    const json_t *element;
    p = idl_space(p);
    if (*p == '?')
        return idl_type(idl, p + 1, json_is_null(value) ? NULL : value, what);
    if (p[0] == '[' && p[1] == ']') {
        if (value && !json_is_array(value))
            idl_wrong(idl, what);
        json_array_foreach((json_t *)value, i, element)(void) idl_type(idl, p + 2, element, what);
        return idl_type(idl, p + 2, NULL, what);
    }
    if (*p == '(')
        return idl_list(idl, p, value, what);
    p = idl_name(p, name);
    const char *named = idl_find(idl, "type", name);
    if (value && named)
        (void)idl_type(idl, named, value, what);
    else if (value && !idl_is_plain(name, value))
        idl_wrong(idl, what);
    return p;
}

/* Are these the parameters of a reply of that method? False with idl->wrong. */
static inline bool idl_reply(struct idl *idl, const char *method, const json_t *parameters)
{
    const char *p = idl_find(idl, "method", method);
    idl->wrong[0] = '\0';
    if (!p) {
        idl_wrong(idl, method);
        return false;
    }
    p = idl_space(idl_type(idl, p, NULL, ""));
    if (strncmp(p, "->", 2) != 0)
        idl_wrong(idl, "->");
    else
        (void)idl_type(idl, p + 2, parameters, method);
    return !idl->wrong[0];
}

/* And those of an error. */
static inline bool idl_error(struct idl *idl, const char *error, const json_t *parameters)
{
    const char *p = idl_find(idl, "error", error);
    idl->wrong[0] = '\0';
    if (!p)
        idl_wrong(idl, error);
    else
        (void)idl_type(idl, p, parameters, error);
    return !idl->wrong[0];
}

#endif
