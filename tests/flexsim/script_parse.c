#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script_parts.h"

#define RULES_MAX 10000
#define BODY_MAX  ((size_t)64 * 1024 * 1024)

enum argument {
    ARG_NONE,
    ARG_NUMBER,
    ARG_OPTIONAL_NUMBER,
    ARG_PATH,
    ARG_OPTIONAL_PATH,
    ARG_URL,
    ARG_FILE,
    ARG_REST,
    ARG_PATH_AND_REST,
    ARG_CHARSET,
};

enum option { OPT_BYTES = 1, OPT_STATUS = 2, OPT_RETRY_AFTER = 4, OPT_BODY = 8, OPT_GZIP = 16 };

static const struct action_word {
    const char *word;
    enum action action;
    enum argument argument;
    unsigned options;
    int64_t min, max, preset; /* of the number: the argument, or status= */
} action_words[] = {
    {"delay", ACTION_DELAY, ARG_NUMBER, 0, 0, 86400000, 0},
    {"wrong-total", ACTION_WRONG_TOTAL, ARG_NUMBER, 0, -1000000000000, 1000000000000, 0},
    {"drop-row", ACTION_DROP_ROW, ARG_NUMBER, 0, 1, 1000000000, 0},
    {"duplicate-row", ACTION_DUPLICATE_ROW, ARG_NUMBER, 0, 1, 1000000000, 0},
    {"replace-field", ACTION_REPLACE_FIELD, ARG_PATH_AND_REST, 0, 0, 0, 0},
    {"remove-field", ACTION_REMOVE_FIELD, ARG_PATH, 0, 0, 0, 0},
    {"huge-number", ACTION_HUGE_NUMBER, ARG_OPTIONAL_PATH, 0, 0, 0, 0},
    {"nul", ACTION_NUL, ARG_OPTIONAL_PATH, 0, 0, 0, 0},
    {"duplicate-key", ACTION_DUPLICATE_KEY, ARG_OPTIONAL_PATH, 0, 0, 0, 0},
    {"deep", ACTION_DEEP, ARG_OPTIONAL_NUMBER, 0, 1, 10000000, 100000},
    {"charset", ACTION_CHARSET, ARG_CHARSET, 0, 0, 0, 0},
    {"upper-ids", ACTION_UPPER_IDS, ARG_OPTIONAL_NUMBER, 0, 1, 1000000000, 0},
    {"status", ACTION_STATUS, ARG_NUMBER, OPT_RETRY_AFTER | OPT_BODY, 200, 599, 0},
    {"hang", ACTION_HANG, ARG_NONE, 0, 0, 0, 0},
    {"reset", ACTION_RESET, ARG_NONE, OPT_BYTES, 0, 0, 0},
    {"cut", ACTION_CUT, ARG_NONE, OPT_BYTES, 0, 0, 0},
    {"cut-unframed", ACTION_CUT_UNFRAMED, ARG_NONE, OPT_BYTES, 0, 0, 0},
    {"stall", ACTION_STALL, ARG_NONE, OPT_BYTES, 0, 0, 0},
    {"truncate", ACTION_TRUNCATE, ARG_NONE, OPT_BYTES, 0, 0, 0},
    {"garbage", ACTION_GARBAGE, ARG_NONE, OPT_STATUS, 200, 599, 200},
    {"html", ACTION_HTML, ARG_NONE, OPT_STATUS, 200, 599, 200},
    {"empty", ACTION_EMPTY, ARG_NONE, OPT_STATUS, 200, 599, 200},
    {"flood", ACTION_FLOOD, ARG_NONE, OPT_BYTES | OPT_GZIP, 0, 0, 0},
    {"redirect", ACTION_REDIRECT, ARG_URL, OPT_STATUS, 300, 399, 302},
    {"body", ACTION_BODY, ARG_FILE, OPT_STATUS, 200, 599, 200},
    {"json", ACTION_JSON, ARG_REST, 0, 0, 0, 200},
    {"normal", ACTION_NORMAL, ARG_NONE, 0, 0, 0, 0},
};

/* One line being read; `problem` is empty while it is well. */
struct line {
    char *at;
    char problem[256];
};

static bool wrong(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct line *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(l->problem, sizeof(l->problem), format, args);
    va_end(args);
    return false;
}

static void skip_blanks(struct line *l)
{
    while (*l->at == ' ' || *l->at == '\t')
        l->at++;
}

/* The next word, quotes taken away; NULL at the end of the line or where a quote is not closed. */
static char *next_word(struct line *l)
{
    skip_blanks(l);
    if (!*l->at)
        return NULL;
    char *word = l->at, *out = l->at;
    bool quoted = false;
    for (; *l->at && (quoted || (*l->at != ' ' && *l->at != '\t')); l->at++) {
        if (*l->at == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && *l->at == '\\' && l->at[1])
            l->at++;
        *out++ = *l->at;
    }
    if (quoted) {
        (void)wrong(l, "the quotation mark is not closed");
        return NULL;
    }
    if (*l->at)
        l->at++;
    *out = '\0';
    return word;
}

/* All that is left of the line. */
static char *rest_of(struct line *l)
{
    skip_blanks(l);
    char *rest = l->at;
    l->at += strlen(l->at);
    return rest;
}

static bool copy_text(struct line *l, char **ret, const char *text)
{
    free(*ret);
    *ret = strdup(text);
    return *ret || wrong(l, "no memory");
}

static bool read_number(struct line *l, const char *what, const char *text, int64_t min, int64_t max,
                        int64_t *ret)
{
    return parse_int(text, min, max, ret) || wrong(l, "%.20s: '%.60s' is no number from %lld to %lld", what,
                                                   text, (long long)min, (long long)max);
}

static bool read_kind(struct line *l, const char *word, struct rule *r)
{
    r->kind = -1;
    if (!strcmp(word, "any"))
        return true;
    for (int i = 0; i < CALL_KINDS; i++) {
        if (!strcmp(word, call_kind_name((enum call_kind)i))) {
            r->kind = i;
            return true;
        }
    }
    return wrong(
        l,
        "'%.60s' is no kind of request: list, search, detail, resource-type, profile, api-docs, other or any",
        word);
}

static bool read_sort(struct line *l, const char *value, struct rule *r)
{
    r->sort = !strcmp(value, "yes");
    return r->sort || !strcmp(value, "no") || wrong(l, "sort: '%.60s' is neither yes nor no", value);
}

static bool read_condition(struct line *l, char *word, struct rule *r)
{
    const int64_t max = INT64_MAX - 1;
    char *value = strchr(word, '=');
    if (!value)
        return wrong(
            l, "'%.60s' is no condition: page=, size=, id=, text=, sort=, nth=, every=, from=, to=, times=",
            word);
    *value++ = '\0';
    if (!strcmp(word, "page") && !strcmp(value, "none"))
        return (r->page = CALL_NO_PAGE) == CALL_NO_PAGE;
    if (!strcmp(word, "page"))
        return read_number(l, word, value, 0, max, &r->page);
    if (!strcmp(word, "size"))
        return read_number(l, word, value, 0, max, &r->size);
    if (!strcmp(word, "id"))
        return copy_text(l, &r->id, value);
    if (!strcmp(word, "text"))
        return copy_text(l, &r->text, value);
    if (!strcmp(word, "sort"))
        return read_sort(l, value, r);
    if (!strcmp(word, "nth"))
        return read_number(l, word, value, 1, max, &r->from) && ((r->to = r->from) || true);
    if (!strcmp(word, "every"))
        return read_number(l, word, value, 1, max, &r->every);
    if (!strcmp(word, "from"))
        return read_number(l, word, value, 1, max, &r->from);
    if (!strcmp(word, "to"))
        return read_number(l, word, value, 1, max, &r->to);
    if (!strcmp(word, "times"))
        return read_number(l, word, value, 1, max, &r->times);
    return wrong(
        l,
        "'%.60s=' is no condition: page=, size=, id=, text=, sort=, nth=, every=, from=, to=, times=", word);
}

static bool read_charset(struct line *l, const char *word, struct rule *r)
{
    static const char *const words[] = {"latin1", "invalid", "bom"};
    for (int i = 0; word && i < 3; i++) {
        if (!strcmp(word, words[i])) {
            r->charset = (enum charset)i;
            return true;
        }
    }
    return wrong(l, "charset: latin1, invalid or bom");
}

static bool read_body(struct line *l, const char *path, struct rule *r)
{
    struct buf b = {0};
    int error = buf_read_file(&b, path, BODY_MAX);
    if (error < 0) {
        buf_free(&b);
        return wrong(l, "%.120s: %s", path, strerror(-error));
    }
    r->body = blob_from_buf(&b);
    return r->body || wrong(l, "no memory");
}

static bool read_text_body(struct line *l, struct rule *r)
{
    r->body = blob_from_text(rest_of(l));
    return r->body || wrong(l, "no memory");
}

static bool read_argument(struct line *l, const struct action_word *a, struct rule *r)
{
    if (a->argument == ARG_NONE)
        return true;
    if (a->argument == ARG_REST)
        return read_text_body(l, r);
    skip_blanks(l);
    bool optional = a->argument == ARG_OPTIONAL_NUMBER || a->argument == ARG_OPTIONAL_PATH;
    if (!*l->at && optional)
        return true;
    char *word = next_word(l);
    if (!word)
        return *l->problem ? false : wrong(l, "%s: what follows is missing", a->word);
    switch (a->argument) {
    case ARG_NUMBER:
    case ARG_OPTIONAL_NUMBER:
        return read_number(l, a->word, word, a->min, a->max, &r->number);
    case ARG_PATH:
    case ARG_OPTIONAL_PATH:
    case ARG_URL:
        return copy_text(l, &r->path, word);
    case ARG_FILE:
        return read_body(l, word, r);
    case ARG_PATH_AND_REST:
        if (!copy_text(l, &r->path, word) || !read_text_body(l, r))
            return false;
        return r->body->len || wrong(l, "%s: the JSON value is missing", a->word);
    case ARG_CHARSET:
        return read_charset(l, word, r);
    case ARG_NONE:
    case ARG_REST:
        break;
    }
    return true;
}

static bool read_option(struct line *l, const struct action_word *a, char *word, struct rule *r)
{
    if (a->options & OPT_GZIP && !strcmp(word, "gzip"))
        return (r->gzip = true);
    char *value = strchr(word, '=');
    if (value) {
        *value++ = '\0';
        if (a->options & OPT_BYTES && !strcmp(word, "bytes"))
            return read_number(l, word, value, 0, INT64_MAX, &r->bytes);
        if (a->options & OPT_STATUS && !strcmp(word, "status"))
            return read_number(l, word, value, a->min, a->max, &r->number);
        if (a->options & OPT_RETRY_AFTER && !strcmp(word, "retry-after"))
            return copy_text(l, &r->retry_after, value);
    }
    return wrong(l, "%s: unknown word '%.60s'", a->word, word);
}

static bool read_action(struct line *l, struct rule *r)
{
    const struct action_word *a = action_words, *end = a + sizeof(action_words) / sizeof(*a);
    char *word = next_word(l);
    if (!word)
        return *l->problem ? false : wrong(l, "there is no action after =>");
    while (a < end && strcmp(a->word, word) != 0)
        a++;
    if (a == end)
        return wrong(l, "'%.60s' is no action (see --help)", word);
    r->action = a->action;
    r->number = a->preset;
    if (!read_argument(l, a, r))
        return false;
    for (;;) {
        skip_blanks(l);
        if (a->options & OPT_BODY && !strncmp(l->at, "body=", 5)) {
            l->at += 5;
            return read_text_body(l, r);
        }
        word = next_word(l);
        if (!word)
            return !*l->problem;
        if (!read_option(l, a, word, r))
            return false;
    }
}

static bool read_rule(struct line *l, struct rule *r)
{
    char *word = next_word(l);
    if (!word || !read_kind(l, word, r))
        return false;
    for (;;) {
        word = next_word(l);
        if (!word)
            return *l->problem ? false : wrong(l, "'=>' and an action are missing");
        if (!strcmp(word, "=>"))
            break;
        if (!read_condition(l, word, r))
            return false;
    }
    if (r->from == 0)
        r->from = r->every;
    if (r->to < r->from)
        return wrong(l, "to=%lld comes before from=%lld", (long long)r->to, (long long)r->from);
    return read_action(l, r);
}

static struct rule *new_rule(struct script *s, unsigned line)
{
    if (s->count % 64 == 0) {
        struct rule *rules =
            s->count < RULES_MAX ? realloc(s->rules, (s->count + 64) * sizeof(*rules)) : NULL;
        if (!rules)
            return NULL;
        s->rules = rules;
    }
    s->rules[s->count] = (struct rule){.line = line,
                                       .kind = -1,
                                       .page = RULE_ANY,
                                       .size = RULE_ANY,
                                       .sort = -1,
                                       .to = INT64_MAX,
                                       .every = 1,
                                       .times = INT64_MAX,
                                       .bytes = -1};
    return &s->rules[s->count++];
}

/* A line of the script, which may be empty or a comment. */
static bool read_line(struct script *s, struct line *l, unsigned number)
{
    skip_blanks(l);
    if (!*l->at || *l->at == '#')
        return true;
    struct rule *r = new_rule(s, number);
    return r ? read_rule(l, r) : wrong(l, "too many rules");
}

int script_parse(const char *name, const char *text, size_t len, char error[static SCRIPT_ERROR_MAX],
                 struct script **ret)
{
    struct script *s = calloc(1, sizeof(*s));
    struct line l = {0};
    unsigned number = 0;
    bool good = s || wrong(&l, "no memory");
    if (s)
        atomic_init(&s->references, 1);
    for (const char *p = text, *end = text + len; good && p < end; number++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((stop ? stop : end) - p);
        char *copy = strndup(p, n && p[n - 1] == '\r' ? n - 1 : n);
        if (!copy)
            good = wrong(&l, "no memory");
        else if (memchr(p, '\0', n))
            good = wrong(&l, "there is a NUL byte");
        l.at = copy;
        good = good && read_line(s, &l, number + 1);
        free(copy);
        p += n + 1;
    }
    if (good) {
        *ret = s;
        return 0;
    }
    (void)snprintf(error, SCRIPT_ERROR_MAX, "%.200s:%u: %s", name, number, l.problem);
    script_unref(s);
    return -1;
}
