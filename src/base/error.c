#include "flexsync/error.h"

#include "flexsync/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const int exit_statuses[ERROR_CODE_COUNT] = {
    [ERROR_NONE] = EXIT_STATUS_DONE, [ERROR_USAGE] = EX_USAGE,
    [ERROR_ANSWER] = EX_DATAERR,     [ERROR_UNREACHABLE] = EX_UNAVAILABLE,
    [ERROR_SYSTEM] = EX_OSERR,       [ERROR_CREATE] = EX_CANTCREAT,
    [ERROR_STORE] = EX_IOERR,        [ERROR_STORE_BUSY] = EX_IOERR,
    [ERROR_STORE_FULL] = EX_IOERR,   [ERROR_STORE_CORRUPT] = EX_IOERR,
    [ERROR_QUOTA] = EX_TEMPFAIL,     [ERROR_LOCKED] = EX_TEMPFAIL,
    [ERROR_KEY] = EX_NOPERM,         [ERROR_CONFIG] = EX_CONFIG,
};

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

int error_exit_status(enum error_code code)
{
    return exit_statuses[code];
}
