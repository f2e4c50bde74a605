#include "flexsync/freshness.h"

#include <math.h>
#include <stdio.h>

#define Z          1.959963984540054 /* of the normal distribution: 95 % lie within */
#define TENTHS     1000.0            /* of a percent */
#define ROUND_SLIP 1e-9              /* 0.997 is not to become 99.6 for the sake of its last bit */

struct freshness freshness_of(int64_t audits, int64_t stale)
{
    struct freshness fresh = {.audits = audits, .stale = stale};
    if (audits < FRESHNESS_LEAST || stale < 0 || stale > audits)
        return fresh;
    double n = (double)audits, p = 1 - (double)stale / n, zz = Z * Z / n;
    double middle = (p + zz / 2) / (1 + zz);
    double half = Z / (1 + zz) * sqrt(p * (1 - p) / n + zz / (4 * n));
    fresh.known = true;
    fresh.share = p;
    fresh.low = fmax(middle - half, 0);
    fresh.high = fmin(middle + half, 1);
    return fresh;
}

char *freshness_format(char text[static FRESHNESS_TEXT_MAX], double share, bool up)
{
    double tenths = up ? ceil(share * TENTHS - ROUND_SLIP) : floor(share * TENTHS + ROUND_SLIP);
    bool whole = tenths >= TENTHS || tenths <= 0;
    (void)snprintf(text, FRESHNESS_TEXT_MAX, whole ? "%.0f" : "%.1f", tenths / 10);
    return text;
}
