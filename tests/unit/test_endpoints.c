#include "flexsync/endpoints.h"
#include "flexsync/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void read_paths(struct endpoints_found *found, const char *paths)
{
    char text[2048];
    struct error err;
    int length = snprintf(text, sizeof text, "{\"openapi\":\"3.0.1\",\"paths\":{%s}}", paths);
    assert_int_equal(endpoints_read(found, text, (size_t)length, &err), 0);
}

static bool has(const char *paths, const char *endpoint)
{
    struct endpoints_found found;
    read_paths(&found, paths);
    for (size_t i = 0; i < ENDPOINTS_COUNT; i++)
        if (strcmp(endpoints[i].path, endpoint) == 0)
            return found.has[i];
    fail_msg("%s is no endpoint", endpoint);
    return false;
}

static void an_endpoint_is_found_however_its_path_is_written(void **state)
{
    (void)state;
    assert_true(has("\"/api/contact\":{\"get\":{}}", "/contact"));
    assert_true(has("\"/contact\":{\"get\":{}}", "/contact"));
    assert_true(has("\"/f5/api/contact\":{\"get\":{}}", "/contact"));
    assert_true(has("\"/api/contact/\":{\"get\":{}}", "/contact"));
    assert_true(has("\"/api/contact/{contactId}\":{\"get\":{}}", "/contact/{id}"));
    assert_true(has("\"/api/line-item/{elementId}/row-data/\":{\"get\":{}}", "/line-item/{id}/row-data"));
}

static void another_endpoint_is_not_taken_for_it(void **state)
{
    (void)state;
    assert_false(has("\"/api/contacts\":{\"get\":{}}", "/contact"));
    assert_false(has("\"/api/contact/search\":{\"get\":{}}", "/contact/{id}"));
    assert_false(has("\"/api/contact/{id}\":{\"get\":{}}", "/contact/search"));
    assert_false(has("\"/api/contact/{id}/notes\":{\"get\":{}}", "/contact/{id}"));
    assert_false(has("\"/api/contact\":{\"post\":{}}", "/contact"));
    assert_false(has("\"\":{\"get\":{}},\"/\":{\"get\":{}}", "/contact"));
}

static void what_is_found_is_counted_once(void **state)
{
    (void)state;
    struct endpoints_found found;
    read_paths(&found, "\"/api/contact\":{\"get\":{}},\"/contact\":{\"get\":{}},\"/api/other\":{\"get\":{}}");
    assert_int_equal(found.known, 1);
    assert_int_equal(found.paths, 3);
}

static void what_is_no_specification_is_said(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "null", "[]", "{}", "{\"paths\":[]}", "<html>", "{\"paths\":{"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct endpoints_found found;
        struct error err;
        assert_int_equal(endpoints_read(&found, bodies[i], strlen(bodies[i]), &err), -1);
        assert_int_equal(err.code, ERROR_ANSWER);
    }
}

static void add_path(void *arg, const char *path)
{
    strcat(arg, path);
    strcat(arg, " ");
}

static void only_paths_are_listed(void **state)
{
    (void)state;
    char text[512] = "";
    struct error err;
    static const char body[] =
        "{\"paths\":{\"/api/a-b/{id}/c_d\":{},\"/api/k@example.com\":{},\"/api/7/12345\":{},"
        "\"/api/?q=Korla\":{},\"https://site.example/x\":{},\"/api/v3/z\":{}}}";
    assert_int_equal(endpoints_list(body, strlen(body), add_path, text, &err), 0);
    assert_string_equal(text, "/api/a-b/{id}/c_d /api/v3/z ");
}

/* --- profile --- */

static int read_profile(struct profile *profile, const char *body, struct error *err)
{
    return profile_read(profile, body, strlen(body), err);
}

static void a_profile_says_who_and_where(void **state)
{
    (void)state;
    char text[128];
    struct profile profile;
    struct error err;
    assert_int_equal(
        read_profile(&profile,
                     "{\"id\":\"1\",\"name\":\"Korla \\u001b[31m\",\"userName\":\"kz\",\"locked\":false,"
                     "\"homebaseLocation\":{\"name\":\"Nord\"},\"enabledLocationIds\":[\"a\",\"b\"]}",
                     &err),
        0);
    assert_null(strchr(profile.name, '\033'));
    assert_string_equal(profile.login, "kz");
    assert_string_equal(profile.home, "Nord");
    assert_int_equal(profile.locations, 2);
    assert_int_equal(profile_judge(&profile, &err), 0);
    profile_describe(&profile, text, sizeof text);
    assert_string_equal(text, "not locked, sees 2 locations");
}

static void a_locked_user_is_a_problem_without_a_name(void **state)
{
    (void)state;
    struct profile profile;
    struct error err;
    assert_int_equal(read_profile(&profile, "{\"id\":\"1\",\"name\":\"Korla\",\"locked\":true}", &err), 0);
    assert_int_equal(profile_judge(&profile, &err), -1);
    assert_int_equal(err.code, ERROR_KEY);
    assert_non_null(strstr(err.text, "locked"));
    assert_null(strstr(err.text, "Korla"));
    assert_int_equal(read_profile(&profile, "{\"id\":\"1\",\"deleted\":true}", &err), 0);
    assert_int_equal(profile_judge(&profile, &err), -1);
}

static void a_profile_of_null_or_odd_fields_is_read(void **state)
{
    (void)state;
    char text[128];
    struct profile profile;
    struct error err;
    assert_int_equal(read_profile(&profile,
                                  "{\"userName\":\"kz\",\"name\":null,\"locked\":null,\"homebaseLocation\":7,"
                                  "\"enabledLocationIds\":null}",
                                  &err),
                     0);
    assert_string_equal(profile.name, "");
    assert_int_equal(profile.locations, PROFILE_UNCOUNTED);
    profile_describe(&profile, text, sizeof text);
    assert_string_equal(text, "not locked");
}

static void what_is_no_profile_is_said(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",       "null",      "[]", "{}", "{\"name\":\"Korla\"}",
                                         "<html>", "{\"id\":7}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct profile profile;
        struct error err;
        assert_int_equal(read_profile(&profile, bodies[i], &err), -1);
        assert_int_equal(err.code, ERROR_ANSWER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_found_however_its_path_is_written),
        cmocka_unit_test(another_endpoint_is_not_taken_for_it),
        cmocka_unit_test(what_is_found_is_counted_once),
        cmocka_unit_test(what_is_no_specification_is_said),
        cmocka_unit_test(only_paths_are_listed),
        cmocka_unit_test(a_profile_says_who_and_where),
        cmocka_unit_test(a_locked_user_is_a_problem_without_a_name),
        cmocka_unit_test(a_profile_of_null_or_odd_fields_is_read),
        cmocka_unit_test(what_is_no_profile_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
