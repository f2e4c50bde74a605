/*
 * The script of misbehaviour: rules, one a line, that say which requests are answered otherwise.
 * script_help() is the reference of the format; it stands in --help. A request keeps the script that it met
 * by a reference, so a new one can be loaded at any time. The counters of the rules are the only thing that
 * changes; the caller holds the lock.
 */
#ifndef FLEXSIM_SCRIPT_H
#define FLEXSIM_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "blob.h"
#include "call.h"

enum action {
    /* these change an answer and go on to the next rule */
    ACTION_DELAY,
    ACTION_WRONG_TOTAL,
    ACTION_DROP_ROW,
    ACTION_DUPLICATE_ROW,
    ACTION_REPLACE_FIELD,
    ACTION_REMOVE_FIELD,
    ACTION_HUGE_NUMBER,
    ACTION_NUL,
    ACTION_DUPLICATE_KEY,
    ACTION_DEEP,
    ACTION_CHARSET,
    ACTION_UPPER_IDS,
    /* these decide; no later rule is looked at */
    ACTION_STATUS,
    ACTION_HANG,
    ACTION_RESET,
    ACTION_CUT,
    ACTION_CUT_UNFRAMED,
    ACTION_STALL,
    ACTION_TRUNCATE,
    ACTION_GARBAGE,
    ACTION_HTML,
    ACTION_EMPTY,
    ACTION_FLOOD,
    ACTION_REDIRECT,
    ACTION_BODY,
    ACTION_JSON,
    ACTION_NORMAL,
};
#define ACTION_FIRST_FINAL ACTION_STATUS

enum charset { CHARSET_LATIN1, CHARSET_INVALID, CHARSET_BOM };

struct rule {
    unsigned line;
    /* which requests */
    int kind;        /* enum call_kind, -1: any */
    int64_t page;    /* as asked for; -2: any */
    int64_t size;    /* -2: any */
    int sort;        /* 1: only with, 0: only without, -1: either */
    char *id, *text; /* of the record, of the search; NULL: any */
    int64_t from, to, every, times;
    /* what happens */
    enum action action;
    int64_t number; /* status, ms, offset, row, levels */
    int64_t bytes;  /* -1: not said */
    enum charset charset;
    bool gzip;
    char *path;        /* of a field; the address of a redirect */
    char *retry_after; /* NULL: none */
    struct blob *body; /* NULL: none */
    /* what happened */
    int64_t matched, applied;
};

struct script;

#define SCRIPT_ERROR_MAX 512
#define SCRIPT_TEXT_MAX  (1024 * 1024)

/* -1 and `error` ("name:line: what is wrong") where it is no script. */
int script_parse(const char *name, const char *text, size_t len, char error[static SCRIPT_ERROR_MAX],
                 struct script **ret);
struct script *script_ref(struct script *s);
struct script *script_unref(struct script *s); /* takes NULL, returns NULL */

/* What the script has in store for one request. */
#define VERDICT_CHANGES 16
struct verdict {
    struct script *script; /* a reference, NULL for none */
    const struct rule *changes[VERDICT_CHANGES];
    unsigned change_count;
    const struct rule *final; /* NULL: the normal answer, changed */
    int64_t delay_ms;
};

void script_match(struct script *s, const struct call *call, struct verdict *ret);
void verdict_clear(struct verdict *v);

/* [{"line": 1, "matched": 5, "applied": 3}, …]; NULL: no memory. `s` may be NULL. */
json_t *script_to_json(const struct script *s);
const char *script_help(void);

#endif
