#include "flexsync/text.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define UNTOUCHED INT64_C(-7)

static void reads_durations_in_every_unit_with_and_without_a_space(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t usec;
    } cases[] = {
        {"0s", 0},
        {"250ms", 250 * USEC_PER_MSEC},
        {"30s", 30 * USEC_PER_SEC},
        {"15min", 15 * USEC_PER_MIN},
        {"2h", 2 * USEC_PER_HOUR},
        {"31 d", 31 * USEC_PER_DAY},
        {"2w", 14 * USEC_PER_DAY},
        {"007s", 7 * USEC_PER_SEC},
        {"365000d", 365000 * USEC_PER_DAY},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t usec = UNTOUCHED;
        assert_int_equal(text_parse_duration(cases[i].text, &usec), 0);
        assert_int_equal(usec, cases[i].usec);
    }
}

static void refuses_what_is_no_duration_and_leaves_the_result_alone(void **state)
{
    (void)state;
    static const char *const cases[] = {"",    "30",        "s",    " 5s",  "-5s",
                                        "+5s", "1.5h",      "5 s ", "5sec", "5S",
                                        "5m",  "5 min 3 s", "0x5s", "5\ts", "five minutes"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t usec = UNTOUCHED;
        assert_int_equal(text_parse_duration(cases[i], &usec), -EINVAL);
        assert_int_equal(usec, UNTOUCHED);
    }
}

static void refuses_durations_beyond_a_thousand_years(void **state)
{
    (void)state;
    static const char *const cases[] = {"365001d", "52143w", "99999999999999999999s", "9223372036854775807d",
                                        "9223372036854775807ms"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t usec = UNTOUCHED;
        assert_int_equal(text_parse_duration(cases[i], &usec), -ERANGE);
        assert_int_equal(usec, UNTOUCHED);
    }
}

static void writes_durations_in_the_shortest_form_that_is_read_back(void **state)
{
    (void)state;
    static const struct {
        int64_t usec;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1500 * USEC_PER_MSEC, "1500ms"},
        {90 * USEC_PER_SEC, "90s"},
        {15 * USEC_PER_MIN, "15min"},
        {24 * USEC_PER_HOUR, "1d"},
        {7 * USEC_PER_DAY, "7d"},
        {25 * USEC_PER_HOUR, "25h"},
    };
    char text[TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t again = UNTOUCHED;
        assert_string_equal(text_format_duration(text, cases[i].usec), cases[i].text);
        assert_int_equal(text_parse_duration(text, &again), 0);
        assert_int_equal(again, cases[i].usec);
    }
}

static void tells_people_spans_in_two_units_at_the_most(void **state)
{
    (void)state;
    static const struct {
        int64_t usec;
        const char *text;
    } cases[] = {
        {-5 * USEC_PER_SEC, "0 s"},         {0, "0 s"},
        {499 * USEC_PER_MSEC, "0 s"},       {500 * USEC_PER_MSEC, "1 s"},
        {59499 * USEC_PER_MSEC, "59 s"},    {59500 * USEC_PER_MSEC, "1 min"},
        {250 * USEC_PER_SEC, "4 min 10 s"}, {125 * USEC_PER_MIN, "2 h 5 min"},
        {2 * USEC_PER_HOUR, "2 h"},         {27 * USEC_PER_HOUR, "1 d 3 h"},
        {2 * USEC_PER_DAY, "2 d"},          {61 * USEC_PER_DAY + USEC_PER_HOUR, "61 d"},
        {INT64_MAX, "106751991 d"},
    };
    char text[TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(text_format_span(text, cases[i].usec), cases[i].text);
}

static void groups_thousands(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    assert_string_equal(text_format_count(text, 0), "0");
    assert_string_equal(text_format_count(text, 999), "999");
    assert_string_equal(text_format_count(text, 1699), "1,699");
    assert_string_equal(text_format_count(text, 100000), "100,000");
    assert_string_equal(text_format_count(text, 1234567), "1,234,567");
    assert_string_equal(text_format_count(text, -100), "-100");
    assert_string_equal(text_format_count(text, -1000), "-1,000");
    assert_string_equal(text_format_count(text, INT64_MIN), "-9,223,372,036,854,775,808");
}

static void writes_sizes_without_ever_saying_1000_of_a_unit(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    assert_string_equal(text_format_size(text, 0), "0 B");
    assert_string_equal(text_format_size(text, 812), "812 B");
    assert_string_equal(text_format_size(text, 999), "999 B");
    assert_string_equal(text_format_size(text, 1000), "1.0 kB");
    assert_string_equal(text_format_size(text, 9949), "9.9 kB");
    assert_string_equal(text_format_size(text, 9950), "10 kB");
    assert_string_equal(text_format_size(text, 4200000), "4.2 MB");
    assert_string_equal(text_format_size(text, 999499), "999 kB");
    assert_string_equal(text_format_size(text, 999500), "1.0 MB");
    assert_string_equal(text_format_size(text, INT64_MAX), "9223372 TB");
}

static void writes_and_reads_utc_as_the_database_holds_it(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01 00:00:00"},
        {951782400, "2000-02-29 00:00:00"},
        {1770249600, "2026-02-05 00:00:00"},
        {4102444799, "2099-12-31 23:59:59"},
    };
    char text[TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t wall = UNTOUCHED;
        assert_string_equal(text_format_utc(text, cases[i].seconds * USEC_PER_SEC + 999999), cases[i].text);
        assert_int_equal(text_parse_utc(text, &wall), 0);
        assert_int_equal(wall, cases[i].seconds * USEC_PER_SEC);
    }
}

static void refuses_times_of_another_form_and_days_that_do_not_exist(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2026-02-05",
        "2026-02-05 00:00",
        "2026-02-05T00:00:00",
        "2026-02-05 00:00:00Z",
        " 2026-02-05 00:00:00",
        "2026-2-5 0:0:0",
        "2026-02-31 00:00:00",
        "2026-13-01 00:00:00",
        "2026-02-05 24:00:00",
        "2026-02-05 23:59:60",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t wall = UNTOUCHED;
        assert_int_equal(text_parse_utc(cases[i], &wall), -EINVAL);
        assert_int_equal(wall, UNTOUCHED);
    }
}

static void tells_people_local_time_with_no_more_date_than_needed(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC-2", 1), 0); /* two hours ahead of UTC */
    tzset();
    int64_t noon = 0;
    assert_int_equal(text_parse_utc("2026-11-23 10:00:00", &noon), 0);
    char text[TEXT_MAX];
    assert_string_equal(text_format_local(text, noon + 3 * USEC_PER_HOUR, noon), "15:00");
    assert_string_equal(text_format_local(text, noon - USEC_PER_DAY, noon), "22 Nov 12:00");
    assert_string_equal(text_format_local(text, noon + 60 * USEC_PER_DAY, noon), "22 Jan 2027 12:00");
    assert_string_equal(text_format_day(text, noon, noon), "23 Nov");
    assert_string_equal(text_format_day(text, noon - USEC_PER_DAY, noon), "22 Nov");
    assert_string_equal(text_format_day(text, noon + 60 * USEC_PER_DAY, noon), "22 Jan 2027");
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void reads_days_with_and_without_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
        bool has_time;
    } cases[] = {
        {"1979-02-28", 289008000, false},
        {"1979-02-28T00:00:01", 289008001, true},
        {"1979-02-28 00:00:01.5Z", 289008001, true},
        {"1960-01-01", -315619200, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t seconds = UNTOUCHED;
        bool has_time = !cases[i].has_time;
        assert_int_equal(text_parse_day(cases[i].text, &seconds, &has_time), 0);
        assert_int_equal(seconds, cases[i].seconds);
        assert_int_equal(has_time, cases[i].has_time);
    }
    static const char *const wrong[] = {"", "in May", "1979-02-31", "28.02.1979", "1979-02-28T", "1979-2-28"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        int64_t seconds;
        bool has_time;
        assert_int_equal(text_parse_day(wrong[i], &seconds, &has_time), -EINVAL);
    }
}

static void reads_iso_dates_as_utc_or_with_their_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
        bool lacks_zone;
    } cases[] = {
        {"2024-03-05T23:23:37", 1709681017, true},
        {"2024-03-05 23:23:37.125", 1709681017, true},
        {"2024-03-05T23:23:37,5", 1709681017, true},
        {"2024-03-05T23:23:37Z", 1709681017, false},
        {"2024-03-05T23:23:37z", 1709681017, false},
        {"2024-03-05T23:23:37.125Z", 1709681017, false},
        {"2024-03-05T23:23:37+00:00", 1709681017, false},
        {"2024-03-05T23:23:37+02:00", 1709681017 - 7200, false},
        {"2024-03-05T23:23:37.5-0530", 1709681017 + 19800, false},
        {"2024-03-05T23:23:37-08", 1709681017 + 28800, false},
        {"2024-03-05T23:23:37+", 1709681017, false},
        {"2024-03-05T23:23:37+2", 1709681017, false},
        {"2024-03-05T23:23:37+02:3", 1709681017 - 7200, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t seconds = UNTOUCHED;
        assert_int_equal(text_parse_iso(cases[i].text, &seconds), 0);
        assert_int_equal(seconds, cases[i].seconds);
        assert_int_equal(text_lacks_zone(cases[i].text), cases[i].lacks_zone);
    }
    static const char *const wrong[] = {"", "2024-03-05", "2024-03-05T23:23", "2024-02-31T00:00:00",
                                        "yesterday"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        int64_t seconds = UNTOUCHED;
        assert_int_equal(text_parse_iso(wrong[i], &seconds), -EINVAL);
        assert_int_equal(seconds, UNTOUCHED);
        assert_false(text_lacks_zone(wrong[i]));
    }
}

static void a_birthday_is_the_same_day_everywhere(void **state)
{
    (void)state;
    int64_t seconds;
    bool has_time;
    assert_int_equal(text_parse_day("1979-02-28T00:00:00+02:00", &seconds, &has_time), 0);
    assert_int_equal(seconds, 289008000);
}

static void reads_moments_as_people_type_them(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC-2", 1), 0); /* two hours ahead of UTC */
    tzset();
    int64_t now = 0;
    assert_int_equal(text_parse_utc("2026-11-23 10:00:00", &now), 0);
    static const struct {
        const char *text, *utc;
    } cases[] = {
        {"7d", "2026-11-16 10:00:00"},
        {"90min", "2026-11-23 08:30:00"},
        {"2025-06-15", "2025-06-14 22:00:00"},
        {"2025-06-15Z", "2025-06-15 00:00:00"},
        {"2025-06-15 12:30", "2025-06-15 10:30:00"},
        {"2025-06-15T12:30:05", "2025-06-15 10:30:05"},
        {"2025-06-15T12:30:05Z", "2025-06-15 12:30:05"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t wall = UNTOUCHED;
        char text[TEXT_MAX];
        assert_int_equal(text_parse_moment(cases[i].text, now, &wall), 0);
        assert_string_equal(text_format_utc(text, wall), cases[i].utc);
    }
    static const char *const wrong[] = {
        "", "5", "5x", "soon", "2025-02-31", "2025-06-15 25:00", "2025-06-15 x"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        int64_t wall = UNTOUCHED;
        assert_int_equal(text_parse_moment(wrong[i], now, &wall), -EINVAL);
        assert_int_equal(wall, UNTOUCHED);
    }
    int64_t wall = UNTOUCHED;
    assert_int_equal(text_parse_moment("999999999d", now, &wall), -ERANGE);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void writes_numbers_with_the_fewest_digits_that_read_back(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0.1, "0.1"}, {12.5, "12.5"}, {1e300, "1e+300"}, {-3, "-3"}, {0.1 + 0.2, "0.30000000000000004"}};
    char text[TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(text_format_real(text, cases[i].number), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations_in_every_unit_with_and_without_a_space),
        cmocka_unit_test(refuses_what_is_no_duration_and_leaves_the_result_alone),
        cmocka_unit_test(refuses_durations_beyond_a_thousand_years),
        cmocka_unit_test(writes_durations_in_the_shortest_form_that_is_read_back),
        cmocka_unit_test(tells_people_spans_in_two_units_at_the_most),
        cmocka_unit_test(groups_thousands),
        cmocka_unit_test(writes_sizes_without_ever_saying_1000_of_a_unit),
        cmocka_unit_test(writes_and_reads_utc_as_the_database_holds_it),
        cmocka_unit_test(refuses_times_of_another_form_and_days_that_do_not_exist),
        cmocka_unit_test(tells_people_local_time_with_no_more_date_than_needed),
        cmocka_unit_test(reads_days_with_and_without_a_time),
        cmocka_unit_test(reads_iso_dates_as_utc_or_with_their_offset),
        cmocka_unit_test(a_birthday_is_the_same_day_everywhere),
        cmocka_unit_test(reads_moments_as_people_type_them),
        cmocka_unit_test(writes_numbers_with_the_fewest_digits_that_read_back),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
