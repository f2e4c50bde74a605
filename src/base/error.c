#include "flexsync/error.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const int exit_statuses[ERROR_CODE_COUNT] = {
    [ERROR_NONE] = EXIT_STATUS_DONE,  [ERROR_USAGE] = EX_USAGE,
    [ERROR_ANSWER] = EX_DATAERR,      [ERROR_UNREACHABLE] = EX_UNAVAILABLE,
    [ERROR_SYSTEM] = EX_OSERR,        [ERROR_CREATE] = EX_CANTCREAT,
    [ERROR_STORE] = EX_IOERR,         [ERROR_STORE_BUSY] = EX_IOERR,
    [ERROR_STORE_MISSING] = EX_IOERR, [ERROR_STORE_FULL] = EX_IOERR,
    [ERROR_STORE_CORRUPT] = EX_IOERR, [ERROR_QUOTA] = EX_TEMPFAIL,
    [ERROR_LOCKED] = EX_TEMPFAIL,     [ERROR_KEY] = EX_NOPERM,
    [ERROR_CONFIG] = EX_CONFIG,
};

const struct exit_kind exit_kinds[EXIT_KINDS] = {
    {EXIT_STATUS_DONE, "done", ""},
    {EXIT_STATUS_PARTIAL, "partial: some records, or a proof, are missing", "flexsync history"},
    {EX_USAGE, "the command line is wrong, or an id is nobody's", "flexsync --help"},
    {EX_DATAERR, "the server's answer is of no use", "flexsync check"},
    {EX_UNAVAILABLE, "the server cannot be reached, or is in trouble", "flexsync check"},
    {EX_OSERR, "out of memory or of file descriptors", "free -h"},
    {EX_CANTCREAT, "a file cannot be made", "namei -l FILE"},
    {EX_IOERR, "the disk is full, the database locked or damaged", "flexsync check"},
    {EX_TEMPFAIL, "the quota is used up, or another sync is running", "flexsync quota"},
    {EX_NOPERM, "the key is refused", "flexsync check"},
    {EX_CONFIG, "the settings are wrong", "flexsyncd -t"},
};

const struct exit_kind *exit_kind_of(int64_t status)
{
    size_t i = 0;
    while (i < EXIT_KINDS && exit_kinds[i].status != status)
        i++;
    return i < EXIT_KINDS ? &exit_kinds[i] : NULL;
}

/* Whoever knows better than the table which command helps has put it into the sentence: "flexsync list shows
 * them", and not "flexsync (process 12)". */
static bool names_command(const char *text)
{
    static const char *const programs[] = {"flexsync ", "flexsyncd ", "systemctl ", "journalctl ", "adduser ",
                                           "sqlite3 ",  "mkdir ",     "df ",        "kill "};
    for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
        size_t length = strlen(programs[i]);
        for (const char *at = text; (at = strstr(at, programs[i])); at += length)
            if (at[length] == '-' || at[length] == '/' || islower((unsigned char)at[length]) ||
                isdigit((unsigned char)at[length]))
                return true;
    }
    return false;
}

char *error_line(char line[static ERROR_LINE_MAX], enum error_code code, const char *text)
{
    const char *next = exit_kind_of(error_exit_status(code))->next;
    bool told = !*next || names_command(text);
    (void)snprintf(line, ERROR_LINE_MAX, "%.1000s%s%s", text, told ? "" : "; next: ", told ? "" : next);
    return line;
}

int error_set(struct error *err, enum error_code code, enum error_retry retry, const char *format, ...)
{
    if (!err)
        return -1;
    char text[ERROR_TEXT_MAX]; /* whoever adds to an error has its old text among the arguments */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_disarm(text);
    err->code = code;
    err->retry = retry;
    memcpy(err->text, text, strlen(text) + 1);
    return -1;
}

int error_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, RETRY_LATER, "out of memory");
}

bool error_is_machine(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOMEM;
}

int error_machine(struct error *err, int number)
{
    if (number == ENOMEM)
        return error_memory(err);
    return error_set(err, ERROR_SYSTEM, RETRY_LATER, "too many files are open%s",
                     number == EMFILE
                         ? "; raise the limit of this program: ulimit -n, or LimitNOFILE= of the unit"
                         : " on this machine; raise the limit: sysctl fs.file-max");
}

int error_exit_status(enum error_code code)
{
    return exit_statuses[code];
}
