/*
 * lists: what stands in the lists of a record: all mails, phones and addresses of a contact. Pure.
 *
 * The rows are those of the entity's views (contact_phones and its like), read from the record itself: our
 * own connection must not run the views, since it trusts no schema. Texts are UTF-8 without NUL; what is
 * blank, null or neither text nor number is NULL.
 */
#ifndef FLEXSYNC_LISTS_H
#define FLEXSYNC_LISTS_H

#include "flexsync/entity.h"
#include "flexsync/error.h"

#include <stdbool.h>
#include <stddef.h>

struct list_entry {
    char *values[ENTITY_VIEW_COLUMNS_MAX]; /* in the order of the view's columns; or NULL */
    bool is_default;
    bool outside; /* the view leaves it out: a web address among the e-mails */
};

struct lists;

/* Of a text that is no JSON object all lists are empty. Fails without memory only. Free with lists_free(). */
int lists_parse(struct lists **ret, const struct entity *entity, const char *json, struct error *err);

/* The entries of the view of that name, in the order of the record; they live as long as `lists`. */
const struct list_entry *lists_entries(const struct lists *lists, const char *view, size_t *ret_count);

/* What is written about the contact (narrativeDescription, which has no column); NULL for nothing. */
const char *lists_note(const struct lists *lists);

/*
 * The number of an entry of contact_phones as the column `phone` has it, "+COUNTRY NUMBER"; *ret, which the
 * caller frees, is NULL for an entry without one. Fails without memory only.
 */
int lists_phone(char **ret, const struct list_entry *entry, struct error *err);

/* NULL is allowed; returns NULL. */
struct lists *lists_free(struct lists *lists);

/* The places of columns in the views of contacts, as entity.c has them. */
enum { EMAIL_LABEL, EMAIL_TEXT };
enum { PHONE_LABEL, PHONE_COUNTRY, PHONE_AREA, PHONE_NUMBER };
enum {
    ADDRESS_LABEL,
    ADDRESS_LINE1,
    ADDRESS_LINE2,
    ADDRESS_LINE3,
    ADDRESS_CITY,
    ADDRESS_STATE,
    ADDRESS_POSTAL_CODE,
    ADDRESS_COUNTRY
};
enum { KIND_ID, KIND_NAME };

#endif
