#include "caltime.h"

#include <stdio.h>
#include <time.h>

struct date {
    int64_t year;
    unsigned month, day, hour, minute, second, weekday;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970 to the proleptic Gregorian calendar, after Howard Hinnant's civil_from_days. */
static struct date date_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, 86400);
    unsigned rest = (unsigned)(seconds - days * 86400);
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    return (struct date){
        .year = (int64_t)yoe + era * 400 + (month <= 2),
        .month = month,
        .day = doy - (153 * mp + 2) / 5 + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .weekday = (unsigned)(((days + 4) % 7 + 7) % 7),
    };
}

void caltime_local(int64_t ms, char ret[static CALTIME_TEXT])
{
    struct date d = date_of(floor_div(ms, 1000));
    (void)snprintf(ret, CALTIME_TEXT, "%04lld-%02u-%02uT%02u:%02u:%02u", (long long)d.year, d.month, d.day,
                   d.hour, d.minute, d.second);
}

void caltime_utc(int64_t ms, char ret[static CALTIME_TEXT])
{
    int64_t seconds = floor_div(ms, 1000);
    struct date d = date_of(seconds);
    (void)snprintf(ret, CALTIME_TEXT, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ", (long long)d.year, d.month,
                   d.day, d.hour, d.minute, d.second, (unsigned)(ms - seconds * 1000) % 1000U);
}

void caltime_http(int64_t ms, char ret[static CALTIME_TEXT])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct date d = date_of(floor_div(ms, 1000));
    (void)snprintf(ret, CALTIME_TEXT, "%s, %02u %s %04lld %02u:%02u:%02u GMT", days[d.weekday], d.day,
                   months[d.month - 1], (long long)d.year, d.hour, d.minute, d.second);
}

int64_t caltime_month_start(int64_t seconds)
{
    struct date d = date_of(seconds);
    return floor_div(seconds, 86400) * 86400 - (int64_t)(d.day - 1) * 86400;
}

int64_t caltime_real_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t caltime_monotonic_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}
