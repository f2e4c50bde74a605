/*
 * card: one contact as a person reads it. Inside of cli only.
 */
#ifndef FLEXSYNC_CARD_H
#define FLEXSYNC_CARD_H

#include "flexsync/lists.h"
#include "flexsync/read.h"

#define CARD_COLUMNS_MAX READ_ROW_COLUMNS_MAX

/* The columns of a contact by name, all texts owned. */
struct card {
    struct {
        char *name;
        struct value value;
    } columns[CARD_COLUMNS_MAX];
    size_t count;
    struct lists *lists;
};

/* Copies one column; those beyond CARD_COLUMNS_MAX are passed over. -1 without memory. */
int card_add(struct card *card, const char *column, const struct value *value);

/* The text of a column; NULL where it has none. */
const char *card_text(const struct card *card, const char *column);
int64_t card_integer(const struct card *card, const char *column);

void card_print(const struct card *card, const struct read_state *state);

void card_free(struct card *card);

#endif
