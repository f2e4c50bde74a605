#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "population.h"

enum type { TYPE_INT, TYPE_DOUBLE, TYPE_WORD, TYPE_BOOL, TYPE_FLAG, TYPE_TEXT };

#define WORDS_MAX  10
#define JOINED_MAX 96 /* bytes that all words of an option take together at most */

struct option {
    const char *name;
    enum type type;
    size_t offset;
    double min, max;              /* numbers; of a text, `max` is its room */
    const char *preset;           /* as it would be written */
    bool running;                 /* can be changed by /__config */
    const char *words[WORDS_MAX]; /* in the order of the enum */
    const char *argument, *help;  /* an option without a name is a heading, which is its help */
};

#define AT(field)   offsetof(struct settings, field)
#define ROOM(field) 0, (double)sizeof(((struct settings *)NULL)->field)
#define COUNT_MAX   1e12
/* clang-format off */
#define HEADING(text) {.help = text}

static const struct option options[] = {
    HEADING("Server"),
    {"listen", TYPE_TEXT, AT(listen), ROOM(listen), "127.0.0.1", false, {0}, "ADDRESS",
     "loopback addresses only"},
    {"port", TYPE_INT, AT(port), 0, 65535, "8080", false, {0}, "N", "0: any free one"},
    {"port-file", TYPE_TEXT, AT(port_file), ROOM(port_file), "", false, {0}, "FILE",
     "the port is written there once it listens"},
    {"threads", TYPE_INT, AT(threads), 1, 64, "2", false, {0}, "N", "that answer requests"},
    {"key", TYPE_TEXT, AT(key), ROOM(key), "flexsim-key", true, {0}, "KEY",
     "wanted in X-Auth-Token, else 401"},
    {"refresh-token", TYPE_INT, AT(refresh_token), 0, COUNT_MAX, "0", true, {0}, "N",
     "the Nth answer brings X-Auth-Token-Refreshed, and only that token is good from then on; 0: never"},
    {"tls-cert", TYPE_TEXT, AT(tls_cert), ROOM(tls_cert), "", false, {0}, "FILE",
     "PEM; https instead of http"},
    {"tls-key", TYPE_TEXT, AT(tls_key), ROOM(tls_key), "", false, {0}, "FILE", "PEM"},
    {"script", TYPE_TEXT, AT(script), ROOM(script), "", false, {0}, "FILE", "of misbehaviour, see below"},
    {"latency", TYPE_INT, AT(latency), 0, 86400000, "0", true, {0}, "MS", "before every answer"},
    {"gzip", TYPE_FLAG, AT(gzip), 0, 0, "no", true, {0}, NULL, "compress where Accept-Encoding asks for it"},
    {"chunked", TYPE_FLAG, AT(chunked), 0, 0, "no", true, {0}, NULL, "send no Content-Length"},
    HEADING("Contacts"),
    {"contacts", TYPE_INT, AT(contacts), 0, POPULATION_MAX, "1699", false, {0}, "N", "how many"},
    {"seed", TYPE_INT, AT(seed), 0, 9e15, "1", false, {0}, "N", "the same seed makes the same bytes"},
    {"deleted-share", TYPE_DOUBLE, AT(deleted_share), 0, 100, "2", false, {0}, "PERCENT",
     "of them are flagged as deleted, and still listed"},
    {"edit-rate", TYPE_DOUBLE, AT(edit_rate), 0, 1e9, "0", true, {0}, "N", "edits an hour (virtual time)"},
    {"add-rate", TYPE_DOUBLE, AT(add_rate), 0, 1e9, "0", true, {0}, "N", "new contacts an hour"},
    {"delete-rate", TYPE_DOUBLE, AT(delete_rate), 0, 1e9, "0", true, {0}, "N", "deletions an hour"},
    {"delete-how", TYPE_WORD, AT(delete_how), 0, 0, "vanish", true, {"vanish", "flag", "either"}, NULL,
     "what a deletion does"},
    {"visible-share", TYPE_DOUBLE, AT(visible_share), 0, 100, "30", true, {0}, "PERCENT",
     "of the edits change the listed row as well"},
    {"unknown", TYPE_WORD, AT(unknown), 0, 0, "404", true,
     {"404", "404-code", "400", "410", "500", "204", "null", "redirect", "html"}, NULL,
     "what the address of an unknown or deleted contact answers"},
    {"denied", TYPE_INT, AT(denied), 0, POPULATION_MAX, "0", false, {0}, "N",
     "are listed, but their record is refused: Access Denied"},
    {"denied-status", TYPE_WORD, AT(denied_status), 0, 0, "401", true, {"401", "403"}, NULL, "of such a refusal"},
    HEADING("Listings"),
    {"paging", TYPE_WORD, AT(paging), 0, 0, "one", true, {"one", "zero"}, NULL,
     "pages are numbered from one (page 0 is page 1 again), or from zero"},
    {"max-size", TYPE_INT, AT(max_size), 1, 1e9, "2000", true, {0}, "N", "larger pages are cut down to it"},
    {"list-slow", TYPE_INT, AT(list_slow), 0, 1e9, "0", true, {0}, "N",
     "a page of /contact asked for with more rows answers 504 (HTML), after --latency; 0: none does"},
    {"shape", TYPE_WORD, AT(shape), 0, 0, "page", true, {"page", "array", "array-paged"}, NULL,
     "Spring page; plain array of all, or of a page"},
    {"order", TYPE_WORD, AT(order), 0, 0, "stable", true, {"stable", "shuffle"}, NULL,
     "without a sort: the same always, or another at every request"},
    {"sort", TYPE_WORD, AT(sort), 0, 0, "honour", true, {"honour", "ignore", "reject"}, NULL,
     "sort=id|name|lastEditDate|createdDate[,asc|desc]; reject: 400"},
    {"edit-order", TYPE_WORD, AT(edit_order), 0, 0, "local", true, {"local", "instant"}, NULL,
     "sort=lastEditDate goes by the dates in records, or by when the edits were: they differ when utc-offset moves"},
    {"search-empty", TYPE_WORD, AT(search_empty), 0, 0, "all", true, {"all", "none"}, NULL,
     "whom a search for nothing finds"},
    HEADING("Limits"),
    {"hourly", TYPE_INT, AT(hourly), 0, COUNT_MAX, "2000", true, {0}, "N", "requests an hour; 0: no limit"},
    {"daily", TYPE_INT, AT(daily), 0, COUNT_MAX, "10000", true, {0}, "N", "a day"},
    {"monthly", TYPE_INT, AT(monthly), 0, COUNT_MAX, "100000", true, {0}, "N", "a month"},
    {"window", TYPE_WORD, AT(window), 0, 0, "aligned", true, {"aligned", "rolling"}, NULL,
     "to the clock (UTC), or the last hour, 24 hours, 31 days"},
    {"count-refused", TYPE_BOOL, AT(count_refused), 0, 0, "no", true, {0}, "yes|no",
     "whether a 401 and a 429 count as well"},
    {"no-window-text", TYPE_FLAG, AT(no_window_text), 0, 0, "no", true, {0}, NULL,
     "a 429 does not say which window"},
    {"retry-after", TYPE_TEXT, AT(retry_after), ROOM(retry_after), "", true, {0}, "TEXT",
     "Retry-After of every 429"},
    {"concurrent", TYPE_INT, AT(concurrent), 0, COUNT_MAX, "30", true, {0}, "N",
     "requests at the same time, more are answered 429; 0: no limit"},
    HEADING("About the site"),
    {"profile", TYPE_WORD, AT(profile), 0, 0, "yes", true, {"yes", "locked", "no", "denied"}, NULL,
     "/user-profile/current-user: whether its user is locked; no: 404; denied: 401, Access Denied"},
    {"api-docs", TYPE_WORD, AT(api_docs), 0, 0, "v3", true, {"v3", "old", "none"}, NULL,
     "at /f5/v3/api-docs, at /f5/api/api-docs, or nowhere"},
    {"api-docs-without", TYPE_TEXT, AT(api_docs_without), ROOM(api_docs_without), "", true, {0}, "PATH[,PATH…]",
     "endpoints that are not in it, such as /element/search,/resource-type"},
    HEADING("Clock"),
    {"date-offset", TYPE_INT, AT(date_offset), -OPTIONS_OFFSET_MAX, OPTIONS_OFFSET_MAX, "0", true, {0}, "SECONDS",
     "of the virtual clock (Date, windows, edits) from the machine's"},
    {"utc-offset", TYPE_INT, AT(utc_offset), -86400, 86400, "0", true, {0}, "SECONDS",
     "of the dates in records (local, without a zone) from the clock"},
};
/* clang-format on */
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static void *field_of(struct settings *set, const struct option *o)
{
    return (char *)set + o->offset;
}

static void join_words(const struct option *o, const char *joint, char ret[static JOINED_MAX])
{
    size_t at = 0;
    for (int i = 0; i < WORDS_MAX && o->words[i]; i++)
        at += (size_t)snprintf(ret + at, JOINED_MAX - at, "%s%s", i ? joint : "", o->words[i]);
}

static int wrong(const struct option *o, const char *value, char error[static OPTIONS_ERROR_MAX])
{
    char words[JOINED_MAX];
    int at = snprintf(error, OPTIONS_ERROR_MAX, "%s: '%.100s' is not ", o->name, value);
    size_t used = at > 0 ? (size_t)at : 0, room = OPTIONS_ERROR_MAX - used;
    switch (o->type) {
    case TYPE_INT:
    case TYPE_DOUBLE:
        (void)snprintf(error + used, room, "a number from %.0f to %.0f", o->min, o->max);
        break;
    case TYPE_WORD:
        join_words(o, ", ", words);
        (void)snprintf(error + used, room, "one of %s", words);
        break;
    case TYPE_BOOL:
    case TYPE_FLAG:
        (void)snprintf(error + used, room, "yes or no");
        break;
    case TYPE_TEXT:
        (void)snprintf(error + used, room, "a text of up to %.0f printable bytes", o->max - 1);
        break;
    }
    return -1;
}

static bool set_word(const struct option *o, const char *value, int64_t *ret)
{
    for (int i = 0; i < WORDS_MAX && o->words[i]; i++) {
        if (!strcmp(o->words[i], value)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool set_text(const struct option *o, const char *value, char *ret)
{
    size_t len = strlen(value);
    if (len >= (size_t)o->max)
        return false;
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    memcpy(ret, value, len + 1);
    return true;
}

static int set_option(struct settings *set, const struct option *o, const char *value,
                      char error[static OPTIONS_ERROR_MAX])
{
    void *field = field_of(set, o);
    bool good = false;
    switch (o->type) {
    case TYPE_INT:
        good = parse_int(value, (int64_t)o->min, (int64_t)o->max, field);
        break;
    case TYPE_DOUBLE:
        good = parse_double(value, o->min, o->max, field);
        break;
    case TYPE_WORD:
        good = set_word(o, value, field);
        break;
    case TYPE_BOOL:
    case TYPE_FLAG:
        good = !strcmp(value, "yes") || !strcmp(value, "no");
        if (good)
            *(bool *)field = *value == 'y';
        break;
    case TYPE_TEXT:
        good = set_text(o, value, field);
        break;
    }
    return good ? 0 : wrong(o, value, error);
}

static const struct option *find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].name && strlen(options[i].name) == len && !memcmp(options[i].name, name, len))
            return &options[i];
    return NULL;
}

int options_assign(struct settings *set, const char *name, const char *value, bool running,
                   char error[static OPTIONS_ERROR_MAX])
{
    const struct option *o = find_option(name, strlen(name));
    if (!o || (running && !o->running)) {
        (void)snprintf(error, OPTIONS_ERROR_MAX,
                       o ? "%.60s cannot be changed any more" : "there is no setting %.60s", name);
        return -1;
    }
    if (!strcmp(name, "key") && !*value)
        return wrong(o, value, error);
    return set_option(set, o, value, error);
}

void options_defaults(struct settings *ret)
{
    char error[OPTIONS_ERROR_MAX];
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].name)
            (void)set_option(ret, &options[i], options[i].preset, error);
}

/* --NAME VALUE, --NAME=VALUE, or a flag alone. */
static bool read_option(int argc, char *const *argv, int *i, struct settings *set,
                        char error[static OPTIONS_ERROR_MAX])
{
    const char *word = argv[*i];
    size_t len = strncmp(word, "--", 2) ? 0 : strcspn(word + 2, "=");
    const struct option *o = len ? find_option(word + 2, len) : NULL;
    if (!o) {
        (void)snprintf(error, OPTIONS_ERROR_MAX, "unknown option '%.100s'", word);
        return false;
    }
    const char *value = word[2 + len] ? word + 3 + len : NULL;
    if (!value && o->type == TYPE_FLAG)
        value = "yes";
    if (!value && *i + 1 < argc)
        value = argv[++*i];
    if (!value) {
        (void)snprintf(error, OPTIONS_ERROR_MAX, "--%s: its value is missing", o->name);
        return false;
    }
    return options_assign(set, o->name, value, false, error) == 0;
}

enum options_result options_read(int argc, char *const *argv, struct settings *ret,
                                 char error[static OPTIONS_ERROR_MAX])
{
    options_defaults(ret);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return OPTIONS_HELP;
        if (!strcmp(argv[i], "--version"))
            return OPTIONS_VERSION;
        if (!read_option(argc, argv, &i, ret, error))
            return OPTIONS_WRONG;
    }
    if (!ret->tls_cert[0] != !ret->tls_key[0]) {
        (void)snprintf(error, OPTIONS_ERROR_MAX, "--tls-cert and --tls-key go together");
        return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}

static void render_value(const struct settings *set, const struct option *o, struct buf *b)
{
    const void *field = (const char *)set + o->offset;
    switch (o->type) {
    case TYPE_INT:
        buf_int(b, *(const int64_t *)field);
        break;
    case TYPE_DOUBLE:
        buf_printf(b, "%.17g", *(const double *)field);
        break;
    case TYPE_WORD:
        buf_json(b, o->words[*(const int64_t *)field]);
        break;
    case TYPE_BOOL:
    case TYPE_FLAG:
        buf_bool(b, *(const bool *)field);
        break;
    case TYPE_TEXT:
        buf_json(b, field);
        break;
    }
}

void options_render(const struct settings *set, struct buf *b)
{
    const char *lead = "{\n";
    for (size_t i = 0; i < OPTIONS; i++) {
        if (!options[i].name || !options[i].running)
            continue;
        buf_printf(b, "%s  \"%s\": ", lead, options[i].name);
        render_value(set, &options[i], b);
        lead = ",\n";
    }
    buf_puts(b, "\n}\n");
}

static void help_line(const struct option *o, struct buf *b)
{
    char left[160], words[JOINED_MAX];
    const char *argument = o->argument ? o->argument : "";
    if (o->type == TYPE_WORD) {
        join_words(o, "|", words);
        (void)snprintf(left, sizeof(left), "--%s %s", o->name, words);
    } else {
        (void)snprintf(left, sizeof(left), "--%s %s", o->name, argument);
    }
    buf_printf(b, " %c %-34s %s", o->running ? '*' : ' ', left, o->help);
    if (o->preset[0] && o->type != TYPE_FLAG)
        buf_printf(b, " (%s)", o->preset);
    buf_char(b, '\n');
}

void options_help(struct buf *b)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (options[i].name)
            help_line(&options[i], b);
        else
            buf_printf(b, "\n%s:\n", options[i].help);
    }
}
