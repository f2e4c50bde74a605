/*
 * record: one object of the server's JSON, checked and mapped to the columns of its entity.
 *
 * The JSON is the truth and is stored byte for byte; the columns are what people query. So a record is
 * refused only if its JSON is not whole or it has no usable id. A field of an unexpected type makes its
 * column NULL and is counted; unknown fields are welcome. Pure: no network, no disk, no time.
 */
#ifndef FLEXSYNC_RECORD_H
#define FLEXSYNC_RECORD_H

#include "flexsync/entity.h"
#include "flexsync/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of one record's JSON. Read and stored it takes up to ten times as much memory, beside the answers
 * that are under way (FETCHER_BODIES_MAX): the unit allows 256 MiB. A contact has some 3 kB.
 */
#define RECORD_BYTES_MAX (4 * 1024 * 1024)

#define RECORD_ID_MAX 128 /* bytes of a server's id; today's are UUIDs of 36 */

enum value_type { VALUE_NULL, VALUE_TEXT, VALUE_INTEGER, VALUE_REAL };

struct value {
    enum value_type type;
    union {
        char *text; /* owned, UTF-8, no NUL within */
        int64_t integer;
        double real;
    };
};

/* What was unusual about an answer and was put right; added up over a cycle. */
struct findings {
    int64_t ill_typed; /* columns left NULL: the field has another type, or a number that does not fit */
    int64_t
        duplicate_keys; /* records, rows with a name twice in an object: the last counts, as in JavaScript */
    int64_t nul_characters;  /* \u0000 in a string: U+FFFD in the column */
    int64_t half_surrogates; /* \ud800 without its other half: read as U+FFFD */
    int64_t big_numbers;     /* beyond 64 bits or a double: number columns NULL, text columns the digits */
    int64_t other_case;      /* ids that came in another case than they were asked for or are stored in */
};

struct record {
    const struct entity *entity;
    char id[RECORD_ID_MAX + 1];
    bool deleted;         /* the server's own `deleted` */
    int64_t content_hash; /* of the canonical form: keys sorted, no white space, big numbers whole, a UUID as
                             id in lower case */
    struct findings findings;
    struct value values[ENTITY_COLUMNS_MAX]; /* by the entity's columns */
};

/*
 * Maps a body, which may begin with a byte order mark. ERROR_ANSWER with RETRY_NOW when it is not one whole
 * JSON object; with RETRY_NEVER when by its structure it is one and yet cannot be read (no UTF-8, a raw
 * control character, too deep, too many values), because it will be the same the next time; and when it has
 * no usable id (a string of 1 to RECORD_ID_MAX printable ASCII characters without a space, '/', '?', '#', '%'
 * or '\\', and neither "." nor ".."; it becomes part of an URL). The error says why and at which byte, and
 * never quotes what stands there. Free with record_free().
 */
int record_parse(struct record **ret, const struct entity *entity, const char *body, size_t length,
                 struct error *err);

/* NULL is allowed; returns NULL. */
struct record *record_free(struct record *record);

/* Is this text an id as record_parse() demands it? */
bool record_id_usable(const char *id);

/* Has it the shape of a UUID: 8-4-4-4-12 hexadecimal digits? */
bool record_id_is_uuid(const char *id);

/* Do both mean the same record? UUIDs in either case do (RFC 9562, section 4); other ids only if equal. */
bool record_id_same(const char *a, const char *b);

void findings_add(struct findings *sum, const struct findings *more);

#endif
