/*
 * Contacts as JSON, compact, keys in the order of the API: the whole record, the nine fields of a listed row,
 * the seven of a row that was searched for. Which fields a record has varies: an instance (seed) never sends
 * some, a few records miss others, some have fields nobody has heard of.
 */
#ifndef FLEXSIM_RECORD_H
#define FLEXSIM_RECORD_H

#include "buf.h"
#include "contact.h"

void record_render(const struct contact *c, struct buf *b);
void record_render_row(const struct contact *c, const struct persona *p, struct buf *b);
void record_render_found(const struct contact *c, const struct persona *p, struct buf *b);

/* The resource types of the instance: the array of /resource-type, and those of one contact. */
void record_render_types(struct buf *b);

#endif
