#include "flexsync/cli.h"

#include "command.h"
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/engine.h"
#include "flexsync/health.h"
#include "flexsync/lock.h"
#include "flexsync/process.h"
#include "flexsync/suggest.h"
#include "flexsync/text.h"
#include "render.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
    {"sync", "[--full] [--dry-run] [--accept-vanished] [ID]...",
     "sync now, everybody or these contacts; where the daemon runs, it does it", "flexsync sync --dry-run",
     "fda", 0, ENGINE_IDS_MAX, command_sync},
    {"status", "[--watch] [--exit-code] [--max-age AGE] [--json]",
     "how it is: running, complete, fresh, last and next sync, what waits, quota, last problem",
     "flexsync status", "wxmj", 0, 0, command_status},
    {"health", "[--max-age AGE]",
     "one line for monitoring; ends with 0 (OK), 1 (warning), 2 (critical) or 3 (not known)",
     "flexsync health --max-age 1h", "m", 0, 0, command_health},
    {"metrics", "", "OpenMetrics text for Prometheus: node_exporter's textfile collector", "flexsync metrics",
     "", 0, 0, command_metrics},
    {"history", "[-n N] [--json]", "past syncs, newest first", "flexsync history -n 5", "nj", 0, 0,
     command_history},
    {"list", "[OPTION]...", "contacts by name", "flexsync list --active --type Vendor --has email,phone",
     "AtHsnj", 0, 0, command_list},
    {"search", "[--active] [-n N] [--json] TEXT...",
     "contacts with words that begin like these, best first; accents and case do not count",
     "flexsync search muller berlin", "Anj", 1, INT_MAX, command_search},
    {"show", "[--raw] [--json] ID", "one contact with all that is known, by contact_id or id",
     "flexsync show 17", "rj", 1, 1, command_show},
    {"changes", "[--since T] [-n N] [--json] [ID]", "what changed, field by field, newest first",
     "flexsync changes --since 7d", "snj", 0, 1, command_changes},
    {"export", "[-o FILE] [OPTION]...", "contacts as a file for a spreadsheet, a phone or a program",
     "flexsync export -o contacts.xlsx", "oFCAEtHsr", 0, 0, command_export},
    {"quota", "[--json]", "requests used and left by hour, day and month, when they are free, and the pace",
     "flexsync quota", "j", 0, 0, command_quota},
    {"check", "[--quick] [--save DIR]",
     "test settings, key and its user, connection, page numbering, order of edits, endpoints and database",
     "flexsync check --save answers", "qS", 0, 0, command_check},
    {"backup", "FILE", "a checked copy of the database, while it is in use",
     "flexsync backup contacts-copy.db", "", 1, 1, command_backup},
    {"restore", "FILE",
     "put a backup in the place of the database, which is kept beside it; the daemon must be stopped",
     "flexsync restore contacts-copy.db", "", 1, 1, command_restore},
    {"forget", "ID", "erase an Inactive contact with its history", "flexsync forget 17", "", 1, 1,
     command_forget},
    {"help", "[COMMAND]", "print this, or help on a command", "flexsync help export", "", 0, 1, command_help},
};

static const struct {
    struct option option;
    const char *value; /* what it takes, for the help; NULL: nothing */
    const char *help;
} option_table[] = {
    {{"full", no_argument, NULL, 'f'}, NULL, "fetch every record, not only new and changed ones"},
    {{"dry-run", no_argument, NULL, 'd'},
     NULL,
     "change nothing; say what would be fetched, and what it would cost"},
    {{"accept-vanished", no_argument, NULL, 'a'}, NULL, "believe it when many are gone at once"},
    {{"output", required_argument, NULL, 'o'}, "FILE", "where to; - or nothing: the standard output"},
    {{"format", required_argument, NULL, 'F'}, "NAME", "csv, jsonl, xlsx, vcf; else as FILE ends, else csv"},
    {{"columns", required_argument, NULL, 'C'}, "NAMES", "these, in this order: name,email,phone"},
    {{"active", no_argument, NULL, 'A'}, NULL, "leave out the inactive ones"},
    {{"all", no_argument, NULL, 'E'}, NULL, "the inactive ones too (vcf leaves them out)"},
    {{"type", required_argument, NULL, 't'}, "TYPE", "only Company, Individual, or what they are: Vendor"},
    {{"has", required_argument, NULL, 'H'}, "FIELDS", "only with these: email,phone,address or a column"},
    {{"since", required_argument, NULL, 's'},
     "T",
     "changed since: 7d, 24h, 2025-06-15, \"2025-06-15 12:30\""},
    {{"number", required_argument, NULL, 'n'}, "N", "so many at the most"},
    {{"raw", no_argument, NULL, 'r'},
     NULL,
     "show: the JSON as the server sent it; csv: no ' in front of what looks like a formula"},
    {{"quick", no_argument, NULL, 'q'}, NULL, "do not read every page of the database"},
    {{"save", required_argument, NULL, 'S'},
     "DIR",
     "write what the site answers into files, every value replaced by a made-up one"},
    {{"watch", no_argument, NULL, 'w'}, NULL, "live, on a terminal, until Ctrl-C"},
    {{"exit-code", no_argument, NULL, 'x'}, NULL, "end with the verdict of flexsync health: 0, 1, 2 or 3"},
    {{"max-age", required_argument, NULL, 'm'},
     "AGE",
     "how old the last success may be; else four times sync.interval, 1h at least"},
    {{"json", no_argument, NULL, 'j'}, NULL, "one JSON object with a version"},
};
#define COMMAND_SAY_MAX (ERROR_LINE_MAX + 16)
#define OPTION_MAX      40
#define SHORT_OPTIONS   "no" /* these have a letter for people; the others' are ours alone */

void command_say(const char *format, ...)
{
    char text[COMMAND_SAY_MAX] = "flexsync: ";
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + length, sizeof text - length, format, args);
    va_end(args);
    text_drop_half(text);
    render_sentence(stderr, 0, text);
}

static void print_usage(FILE *out)
{
    (void)fputs("Usage: flexsync [-c FILE] COMMAND [OPTION]... [WORD]...\n"
                "The local copy of the contacts of a Flex Rental Solutions site.\n\n",
                out);
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    (void)fputs("\n  -c, --config FILE  settings (default " CONFIG_DEFAULT_FILE ")\n"
                "  -V, --version      print the version\n"
                "  -h, --help         print this; after a command: help on it\n",
                out);
    (void)fputs("\nExit status, and what to type next:\n", out);
    for (size_t i = 0; i < EXIT_KINDS; i++)
        (void)fprintf(out, *exit_kinds[i].next ? "  %3d  %-49s  %s\n" : "  %3d  %s\n", exit_kinds[i].status,
                      exit_kinds[i].means, exit_kinds[i].next);
}

static void print_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "Usage: flexsync [-c FILE] %s %s\n%s.\n\n", command->name, command->arguments,
                  command->help);
    for (size_t i = 0; i < ARRAY_LENGTH(option_table); i++) {
        const struct option *option = &option_table[i].option;
        char name[OPTION_MAX];
        if (!strchr(command->letters, option->val))
            continue;
        if (strchr(SHORT_OPTIONS, option->val))
            (void)snprintf(name, sizeof name, "-%c, --%s %s", option->val, option->name,
                           option_table[i].value);
        else
            (void)snprintf(name, sizeof name, "--%s %s", option->name,
                           option_table[i].value ? option_table[i].value : "");
        (void)fprintf(out, "  %-20s %s\n", name, option_table[i].help);
    }
    (void)fprintf(out, "\nExample: %s\n", command->example);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* "; did you mean …?" for a mistyped --option of the command. */
static const char *suggest_option(char meant[static SUGGEST_TEXT_MAX], const char *name,
                                  const struct command *command)
{
    struct suggest suggest = {.name = name + strspn(name, "-")};
    for (size_t i = 0; command && i < ARRAY_LENGTH(option_table); i++)
        if (strchr(command->letters, option_table[i].option.val))
            suggest_try(&suggest, option_table[i].option.name);
    if (suggest.best)
        (void)snprintf(meant, SUGGEST_TEXT_MAX, "; did you mean --%s?", suggest.best);
    else
        meant[0] = '\0';
    return meant;
}

static int usage_error(const char *what, const char *name, const struct command *command)
{
    bool asks = name[0] && name[strlen(name) - 1] == '?'; /* did you mean …? */
    command_say("%s%s%s: flexsync %s%s--help", what, name, asks ? " Try" : "; try",
                command ? command->name : "", command ? " " : "");
    return error_exit_status(ERROR_USAGE);
}

/* What was typed for the option that getopt has just refused: one that another command has may have taken a
 * value with it. */
static const char *typed_option(const struct call *call, int letter, char buffer[static 3])
{
    const char *last = call->argv[optind - 1];
    bool apart = letter != '?' && optarg && last == optarg;
    if (apart)
        return call->argv[optind - 2];
    if (strncmp(last, "--", 2) == 0 || letter != '?' || !optopt)
        return last;
    (void)snprintf(buffer, 3, "-%c", optopt);
    return buffer;
}

static int no_such_option(const struct call *call, const char *name)
{
    char meant[SUGGEST_TEXT_MAX], text[SUGGEST_TEXT_MAX + ERROR_TEXT_MAX];
    (void)snprintf(text, sizeof text, "%.200s%s", name, suggest_option(meant, name, call->command));
    return usage_error("this is no option of the command: ", text, call->command);
}

static int no_such_command(const char *name)
{
    char meant[SUGGEST_TEXT_MAX], text[SUGGEST_TEXT_MAX + ERROR_TEXT_MAX];
    struct suggest suggest = {.name = name};
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        suggest_try(&suggest, commands[i].name);
    (void)snprintf(text, sizeof text, "%.200s%s", name, suggest_text(meant, &suggest));
    return usage_error("there is no command ", text, NULL);
}

int command_help(struct call *call)
{
    const struct command *command = call->word_count ? find_command(call->words[0]) : NULL;
    if (call->word_count && !command)
        return no_such_command(call->words[0]);
    if (command)
        print_command(stdout, command);
    else
        print_usage(stdout);
    return EXIT_STATUS_DONE;
}

int command_failed(const struct error *err)
{
    char line[ERROR_LINE_MAX];
    command_say("%s", error_line(line, err->code, err->text));
    return error_exit_status(err->code);
}

int command_verdict(const struct call *call, int status)
{
    bool judges = call->exit_code || call->command->run == command_health;
    return judges && status != EXIT_STATUS_DONE ? HEALTH_UNKNOWN : status;
}

int command_end(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno == EPIPE) /* `flexsync list | head` has seen enough */
        return status;
    struct error err;
    (void)error_set(&err, ERROR_STORE, RETRY_NEVER,
                    "cannot write the output: %s; make room where it goes: df -h", strerror(errno));
    return command_failed(&err);
}

/* One that is missing although a writer runs was removed under it, and to start it is no remedy. */
int command_store(const struct config *config, struct store **ret, struct error *err)
{
    const char *path = config->database.path;
    struct lock_holder holder;
    if (store_open(ret, path, STORE_READ, 0, NULL, err) == 0)
        return 0;
    if (err->code != ERROR_STORE_MISSING || lock_holder(path, &holder) <= 0)
        return -1;
    return error_set(err, ERROR_STORE_MISSING, RETRY_LATER,
                     "the database %.250s was removed, or is not set up yet; %s (process %d) runs, and makes "
                     "or opens it with its next sync; to begin that now: flexsync sync",
                     path, holder.program, holder.pid);
}

struct store *command_open(struct call *call, int *ret_status)
{
    struct store *store = NULL;
    struct error err;
    if (command_store(call->config, &store, &err) < 0)
        *ret_status = command_failed(&err);
    return store;
}

int command_lock(const struct call *call, struct error *err)
{
    const char *database = call->config->database.path;
    struct lock_holder holder;
    if (lock_holder(database, &holder) <= 0)
        return lock_take(database, "flexsync", err);
    if (strcmp(holder.program, "flexsyncd") != 0)
        return error_set(err, ERROR_LOCKED, RETRY_LATER,
                         "%s (process %d) is writing %.250s; wait for it, and type the same again",
                         holder.program, holder.pid, database);
    return error_set(
        err, ERROR_LOCKED, RETRY_LATER,
        "flexsyncd (process %d) is writing %.200s, and only one program may; type: systemctl stop "
        "flexsyncd && flexsync %s %.80s; systemctl start flexsyncd",
        holder.pid, database, call->command->name, call->words[0]);
}

int command_needs_site(struct call *call, FILE *mistakes, struct error *err)
{
    struct config *config = NULL;
    if (config_load(&config, call->file, CONFIG_COMPLETE, mistakes, err) < 0)
        return -1;
    /* Only here: it takes longer than all that a command does that only reads. */
    if (!call->online && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)config_free(config);
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "libcurl cannot be set up");
    }
    call->online = true;
    (void)config_free(call->config);
    call->config = config;
    return 0;
}

int command_since(const struct call *call, int64_t *ret_wall_usec, struct error *err)
{
    *ret_wall_usec = 0;
    if (!call->since || text_parse_moment(call->since, clock_wall(&clock_system), ret_wall_usec) == 0)
        return 0;
    return error_set(err, ERROR_USAGE, RETRY_NEVER,
                     "--since takes how long ago (7d, 24h, 30min), a day (2025-06-15) or a time "
                     "(\"2025-06-15 12:30\"), not \"%.80s\"",
                     call->since);
}

int command_filter(const struct call *call, struct read_filter *ret, struct error *err)
{
    *ret = (struct read_filter){.active = call->active, .type = call->type, .has = call->has};
    return command_since(call, &ret->since, err);
}

int command_nobody(const char *id, struct error *err)
{
    return error_set(err, ERROR_USAGE, RETRY_NEVER,
                     "there is no contact %.80s; flexsync search NAME finds it, flexsync list shows all", id);
}

static bool take_number(struct call *call, const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || number == 0 || number > UINT_MAX)
        return false;
    call->limit = (unsigned)number;
    return true;
}

/* Fills what the letter stands for; false with *ret_status when the program is to end. */
static bool take_option(struct call *call, int letter, int *ret_status)
{
    bool *const flags[256] = {['f'] = &call->full,    ['a'] = &call->accept_vanished,
                              ['A'] = &call->active,  ['E'] = &call->all,
                              ['r'] = &call->raw,     ['j'] = &call->json,
                              ['d'] = &call->dry_run, ['w'] = &call->watch,
                              ['q'] = &call->quick,   ['x'] = &call->exit_code};
    const char **const texts[256] = {
        ['o'] = &call->output, ['F'] = &call->format, ['C'] = &call->columns, ['s'] = &call->since,
        ['t'] = &call->type,   ['H'] = &call->has,    ['S'] = &call->save,    ['m'] = &call->max_age};
    *ret_status = EXIT_STATUS_DONE;
    if (letter == 'h') {
        print_command(stdout, call->command);
        return false;
    }
    if (letter == 'c') {
        call->file = optarg;
        return true;
    }
    if (letter == ':') {
        *ret_status = usage_error("this option takes a value: ", call->argv[optind - 1], call->command);
        return false;
    }
    if (letter == '?' || !strchr(call->command->letters, letter)) {
        char typed[3];
        *ret_status = no_such_option(call, typed_option(call, letter, typed));
        return false;
    }
    if (letter == 'n' && !take_number(call, optarg)) {
        *ret_status = usage_error("-n takes a number of 1 or more, not ", optarg, call->command);
        return false;
    }
    if (flags[letter])
        *flags[letter] = true;
    if (texts[letter])
        *texts[letter] = optarg;
    return true;
}

static bool read_options(struct call *call, int argc, char **argv, int *ret_status)
{
    call->argv = argv;
    struct option names[ARRAY_LENGTH(option_table) + 3] = {{0}};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(option_table); i++)
        names[n++] = option_table[i].option;
    names[n++] = (struct option){"help", no_argument, NULL, 'h'};
    names[n] = (struct option){"config", required_argument, NULL, 'c'};
    int letter;
    optind = 0; /* begins anew, this time with options behind words */
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":n:o:c:h", names, NULL)) != -1)
        if (!take_option(call, letter, ret_status))
            return false;
    call->words = argv + optind; /* getopt has put them behind the options */
    call->word_count = argc - optind;
    if (call->word_count < call->command->words_min) {
        *ret_status = usage_error("something is missing: ", call->command->arguments, call->command);
        return false;
    }
    if (call->word_count > call->command->words_max) {
        *ret_status = usage_error("this is too much: ", call->words[call->command->words_max], call->command);
        return false;
    }
    return true;
}

/* Monitoring reads stdout alone. */
static int settings_failed(const struct call *call, const struct error *err)
{
    if (call->command->run == command_health)
        (void)printf("%s: %s: %s; flexsyncd -t names each\n", health_level_names[HEALTH_UNKNOWN],
                     health_kinds[STATE_SETTINGS].name, err->text);
    return command_verdict(call, command_failed(err));
}

static int run_command(struct call *call)
{
    struct error err;
    if (config_load(&call->config, call->file, CONFIG_WITHOUT_KEY, stderr, &err) < 0)
        return settings_failed(call, &err);
    store_temporary_beside(call->config->database.path);
    int status = call->command->run(call);
    call->config = config_free(call->config);
    return command_end(status);
}

/* Options before the command; returns its place in argv, or 0 with *ret_status. */
static int find_word(struct call *call, int argc, char **argv, int *ret_status)
{
    static const struct option names[] = {{"config", required_argument, NULL, 'c'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    opterr = 0;
    *ret_status = EXIT_STATUS_DONE;
    while ((letter = getopt_long(argc, argv, "+c:Vh", names, NULL)) != -1) {
        if (letter == 'c') {
            call->file = optarg;
        } else if (letter == 'V') {
            (void)printf("flexsync %s\n", FLEXSYNC_VERSION);
            return 0;
        } else if (letter == 'h') {
            print_usage(stdout);
            return 0;
        } else {
            *ret_status =
                usage_error("this is no option that stands before a command: ", argv[optind - 1], NULL);
            return 0;
        }
    }
    if (optind < argc)
        return optind;
    print_usage(stderr);
    *ret_status = error_exit_status(ERROR_USAGE);
    return 0;
}

int cli_main(int argc, char **argv)
{
    struct call call = {0};
    int status = 0;
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        (void)setlocale(LC_CTYPE, "C.UTF-8"); /* the database is UTF-8, whatever the terminal says */
    int word = find_word(&call, argc, argv, &status);
    if (word == 0)
        return command_end(status);
    call.command = find_command(argv[word]);
    if (!call.command)
        return no_such_command(argv[word]);
    if (!read_options(&call, argc - word, argv + word, &status))
        return command_verdict(&call, command_end(status));
    process_begin();
    config_hide_key();
    status = run_command(&call);
    if (call.online)
        curl_global_cleanup();
    return status;
}
