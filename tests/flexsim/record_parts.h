/* The structures within a record (lists, referenceData, what nobody expects), each as one JSON value. */
#ifndef FLEXSIM_RECORD_PARTS_H
#define FLEXSIM_RECORD_PARTS_H

#include "buf.h"
#include "contact.h"

void part_addresses(const struct contact *c, const struct alphabet *a, struct buf *b);
void part_mails(const struct contact *c, struct buf *b);
void part_phones(const struct contact *c, struct buf *b);
void part_types(const struct contact *c, struct buf *b);
void part_type_names(const struct contact *c, struct buf *b); /* "Client, Vendor" */
void part_reference(const struct contact *c, struct buf *b);
void part_narrative(const struct contact *c, const struct alphabet *a, struct buf *b);
/* Whole members, each with a comma before it. */
void part_unknown(const struct contact *c, struct buf *b);

#endif
