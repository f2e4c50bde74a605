#include "progress.h"

#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24

static void show_bar(const struct facts *facts)
{
    char bar[BAR_WIDTH + 1], done[TEXT_MAX], planned[TEXT_MAX], left[TEXT_MAX], requests[TEXT_MAX];
    size_t filled = facts->planned ? facts->done * BAR_WIDTH / facts->planned : BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r\033[K[%s] %s of %s", bar, text_format_count(done, (int64_t)facts->done),
                  text_format_count(planned, (int64_t)facts->planned));
    if (facts->rate > 0)
        (void)fprintf(stderr, ", %.0f/s, %s left", facts->rate,
                      text_format_span(left, (int64_t)((double)(facts->planned - facts->done) / facts->rate *
                                                       (double)USEC_PER_SEC)));
    (void)fprintf(stderr, ", %s requests", text_format_count(requests, facts->requests));
}

void progress_show(const struct facts *facts, bool terminal)
{
    char line[FACTS_LINE_MAX];
    if (!terminal)
        (void)fprintf(stderr, "%s\n", facts_line(line, sizeof line, facts));
    else if (facts->state == FACTS_FETCHING)
        show_bar(facts);
    else
        (void)fprintf(stderr, "\r\033[K%s", facts_line(line, sizeof line, facts));
    (void)fflush(stderr);
}

void progress_clear(bool terminal)
{
    if (terminal)
        (void)fputs("\r\033[K", stderr);
}
