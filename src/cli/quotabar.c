#include "quotabar.h"

#include "flexsync/text.h"
#include "render.h"

#include <string.h>

#define BAR_WIDTH      24
#define BAR_WIDTH_WIDE 48 /* where lines have WIDE columns */
#define WIDE           100

int64_t quotabar_left(const struct quota *quota, const struct quota_limits *limits, enum quota_window window)
{
    int64_t left = quota_limit(quota, limits, window) - quota_used(quota, window);
    return left > 0 ? left : 0;
}

/* Cells that `part` of `whole` takes: none for nothing, all for everything, and only for that. */
static int cells_of(int64_t part, int64_t whole, int width)
{
    if (part >= whole)
        return width;
    int cells = (int)((double)part * width / (double)whole);
    if (cells >= width)
        cells = width - 1;
    return cells == 0 && part > 0 ? 1 : cells;
}

void quotabar_print(FILE *out, const char *label, const struct quota *quota,
                    const struct quota_limits *limits, enum quota_window window)
{
    char bar[BAR_WIDTH_WIDE + 1], a[TEXT_MAX], b[TEXT_MAX];
    int64_t used = quota_used(quota, window), limit = quota_limit(quota, limits, window);
    int64_t share = quota_allowance(quota, limits, QUOTA_BACKGROUND, window);
    int width = render_fact_width() >= WIDE ? BAR_WIDTH_WIDE : BAR_WIDTH,
        filled = cells_of(used, limit, width);
    enum render_tone tone = used >= limit ? RENDER_BAD : used >= share ? RENDER_WARN : RENDER_GOOD;
    memset(bar, '.', sizeof bar);
    memset(bar, '#', (size_t)filled);
    if (share < limit)
        bar[cells_of(share, limit, width)] = '|';
    bar[width] = '\0';
    render_label(out, label);
    (void)fprintf(out, "%-6s[%s%s%s]%9s of %s\n", quota_window_names[window], render_tone_begin(tone), bar,
                  render_tone_end(tone), text_format_count(a, used), text_format_count(b, limit));
}

json_t *quotabar_json(const struct quota *quota, const struct quota_limits *limits, enum quota_window window)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I}", "window", quota_window_names[window], "used",
                     (json_int_t)quota_used(quota, window), "limit",
                     (json_int_t)quota_limit(quota, limits, window), "left",
                     (json_int_t)quotabar_left(quota, limits, window), "background",
                     (json_int_t)quota_allowance(quota, limits, QUOTA_BACKGROUND, window));
}
