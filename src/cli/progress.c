#include "progress.h"

#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH   16
#define COLUMNS_MAX 160

/* Cuts what would not fit on the terminal's line: a line that is broken cannot be drawn over. */
static void cut(char *line, size_t size)
{
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_col < size)
        line[window.ws_col - 1] = '\0';
}

/* Appends to a line as far as it has room; plain ASCII. */
__attribute__((format(printf, 3, 4))) static void add(char *line, size_t size, const char *format, ...)
{
    size_t length = strlen(line);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + length, size - length, format, args);
    va_end(args);
}

static void show_bar(const struct facts *facts)
{
    char line[COLUMNS_MAX] = "", bar[BAR_WIDTH + 1], a[TEXT_MAX], b[TEXT_MAX];
    size_t filled = facts->planned ? facts->done * BAR_WIDTH / facts->planned : BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    add(line, sizeof line, "[%s] %s of %s", bar, text_format_count(a, (int64_t)facts->done),
        text_format_count(b, (int64_t)facts->planned));
    if (facts->rate > 0)
        add(line, sizeof line, ", %.0f/s, %s left", facts->rate,
            text_format_span(
                a, (int64_t)((double)(facts->planned - facts->done) / facts->rate * (double)USEC_PER_SEC)));
    if (facts->left_hour != SYNC_UNKNOWN)
        add(line, sizeof line, ", quota left %s", text_format_count(a, facts->left_hour));
    add(line, sizeof line, ", %s requests", text_format_count(a, facts->requests));
    cut(line, sizeof line);
    (void)fprintf(stderr, "\r\033[K%s", line);
}

static void show_line(const char *text)
{
    char line[FACTS_LINE_MAX];
    (void)snprintf(line, sizeof line, "%s", text);
    cut(line, sizeof line);
    text_drop_half(line);
    (void)fprintf(stderr, "\r\033[K%s", line);
}

void progress_show(const struct facts *facts, const char *line, bool terminal)
{
    if (!terminal) {
        (void)fprintf(stderr, "%s\n", line);
    } else if (facts->state == FACTS_FETCHING) {
        show_bar(facts);
    } else {
        show_line(line);
    }
    (void)fflush(stderr);
}

void progress_clear(bool terminal)
{
    if (terminal)
        (void)fputs("\r\033[K", stderr);
}
