/*
 * difference: two states of a record's fields, told as what became of each. Inside of cli only.
 */
#ifndef FLEXSYNC_DIFFERENCE_H
#define FLEXSYNC_DIFFERENCE_H

#include <jansson.h>
#include <stdio.h>

/*
 * One line a field that differs: "    phoneNumbers[Work].dialNumber: 555 0100 -> 555 0101". Entries of a list
 * are told apart by their id and called by their name. Either may be NULL.
 */
void difference_print(FILE *out, const json_t *before, const json_t *after);

#endif
