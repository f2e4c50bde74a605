#include "feedline.h"

#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <stdio.h>

const char *feedline_verdict(const struct stats *stats)
{
    static const char *const names[] = {
        [FEED_UNKNOWN_YET] = "not known yet", [FEED_HONOURED] = "honoured", [FEED_IGNORED] = "not honoured"};
    return names[stats->verdict];
}

char *feedline(char text[static FEEDLINE_MAX], const struct stats *stats, int64_t now)
{
    char judged[TEXT_MAX], read[TEXT_MAX];
    const char *verdict = feedline_verdict(stats);
    (void)text_format_local(judged, stats->judged_at * USEC_PER_SEC, now);
    (void)text_format_local(read, stats->feed_read_at * USEC_PER_SEC, now);
    if (!stats->judged_at)
        (void)snprintf(text, FEEDLINE_MAX, "%s: the server was not asked yet", verdict);
    else if (stats->verdict != FEED_HONOURED)
        (void)snprintf(text, FEEDLINE_MAX, "%s, as asked %s", verdict, judged);
    else if (stats->feed_read_at)
        (void)snprintf(text, FEEDLINE_MAX, "%s since %s, last read %s", verdict, judged, read);
    else
        (void)snprintf(text, FEEDLINE_MAX, "%s since %s, not read to its end yet", verdict, judged);
    return text;
}
