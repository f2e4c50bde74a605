#include "progress.h"

#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH   12
#define COLUMNS_MAX 160

/* Bytes that a line may have with its NUL: one that is broken by the terminal cannot be drawn over. */
static size_t line_size(size_t size)
{
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col == 0 || window.ws_col > size)
        return size;
    return window.ws_col;
}

/* Appends to a line what fits into it as a whole; plain ASCII. */
__attribute__((format(printf, 3, 4))) static void add(char *line, size_t size, const char *format, ...)
{
    size_t length = strlen(line);
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(line + length, size - length, format, args);
    va_end(args);
    if (wanted < 0 || (size_t)wanted >= size - length)
        line[length] = '\0';
}

/* "2 min 50 s" until the planned records are here, at the pace so far; false where there is none yet. */
static bool time_left(char text[static TEXT_MAX], const struct facts *facts)
{
    if (facts->state != FACTS_FETCHING || facts->rate <= 0 || facts->done > facts->planned)
        return false;
    (void)text_format_span(
        text, (int64_t)((double)(facts->planned - facts->done) / facts->rate * (double)USEC_PER_SEC));
    return true;
}

/* What the hour has left, and whether the rest will fit into it. */
static void add_quota(char *line, size_t size, const struct facts *facts)
{
    char left[TEXT_MAX];
    if (facts->left_hour == SYNC_UNKNOWN)
        return;
    bool enough = facts->left_hour >= (int64_t)(facts->planned - facts->done);
    add(line, size, ", quota %s%s", enough ? "" : "only ", text_format_count(left, facts->left_hour));
}

/* The most important first: what does not fit is left out. */
static void show_bar(const struct facts *facts)
{
    char line[COLUMNS_MAX] = "", bar[BAR_WIDTH + 1], a[TEXT_MAX], b[TEXT_MAX];
    size_t size = line_size(sizeof line);
    size_t filled = facts->planned ? facts->done * BAR_WIDTH / facts->planned : BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    add(line, size, "fetching [%s] %s of %s", bar, text_format_count(a, (int64_t)facts->done),
        text_format_count(b, (int64_t)facts->planned));
    if (facts->rate > 0)
        add(line, size, facts->rate < 9.95 ? ", %.1f/s" : ", %.0f/s", facts->rate);
    if (time_left(a, facts))
        add(line, size, ", %s left", a);
    add_quota(line, size, facts);
    add(line, size, ", %s requests", text_format_count(a, facts->requests));
    (void)fprintf(stderr, "\r\033[K%s", line);
}

static void show_line(const char *text)
{
    char line[FACTS_LINE_MAX];
    (void)snprintf(line, line_size(sizeof line), "%s", text);
    text_drop_half(line);
    (void)fprintf(stderr, "\r\033[K%s", line);
}

void progress_show(const struct facts *facts, const char *line, bool terminal)
{
    char left[TEXT_MAX];
    if (!terminal) {
        bool known = time_left(left, facts);
        (void)fprintf(stderr, "%s%s%s\n", line, known ? ", time left " : "", known ? left : "");
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
