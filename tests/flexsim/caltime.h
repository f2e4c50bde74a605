/*
 * Dates as texts. Times are milliseconds since 1970 in UTC; which hour the wall shows is for the caller to
 * add.
 */
#ifndef FLEXSIM_CALTIME_H
#define FLEXSIM_CALTIME_H

#include <stdint.h>

#define CALTIME_TEXT 40

void caltime_local(int64_t ms, char ret[static CALTIME_TEXT]); /* 2024-03-05T23:23:37 */
void caltime_utc(int64_t ms, char ret[static CALTIME_TEXT]);   /* 2024-03-05T23:23:37.123Z */
void caltime_http(int64_t ms, char ret[static CALTIME_TEXT]);  /* Tue, 05 Mar 2024 23:23:37 GMT */

/* The start of the month (UTC) that holds this second. */
int64_t caltime_month_start(int64_t seconds);

/* The machine's clock, and one that only runs forward (nanoseconds). */
int64_t caltime_real_ms(void);
uint64_t caltime_monotonic_ns(void);

#endif
