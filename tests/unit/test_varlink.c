/* The messages of the control socket, and what is refused of them. */
#include "flexsync/varlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_call(const char *text)
{
    struct varlink_call call;
    struct error err = {0};
    if (varlink_parse_call(&call, text, strlen(text), &err) < 0) {
        assert_int_equal(err.code, ERROR_ANSWER);
        assert_true(err.text[0] != '\0');
        return false;
    }
    json_decref(call.root);
    return true;
}

static bool is_reply(const char *text)
{
    struct varlink_reply reply;
    struct error err = {0};
    if (varlink_parse_reply(&reply, text, strlen(text), &err) < 0)
        return false;
    json_decref(reply.root);
    return true;
}

static void a_call_has_a_method_parameters_and_flags(void **state)
{
    (void)state;
    struct varlink_call call;
    struct error err;
    const char *text = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":1},\"more\":true}";
    assert_int_equal(varlink_parse_call(&call, text, strlen(text), &err), 0);
    assert_string_equal(call.method, "a.b.C");
    assert_int_equal(json_integer_value(json_object_get(call.parameters, "x")), 1);
    assert_true(call.more);
    assert_false(call.oneway);
    json_decref(call.root);
    text = "{\"method\":\"a.b.C\",\"parameters\":null,\"more\":null,\"oneway\":true,\"other\":[]}";
    assert_int_equal(varlink_parse_call(&call, text, strlen(text), &err), 0);
    assert_null(call.parameters);
    assert_true(call.oneway);
    json_decref(call.root);
}

static void what_is_no_call_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "[]",
        "null",
        "\"io.flexsync.Status\"",
        "{}",
        "{\"method\":1}",
        "{\"method\":null}",
        "{\"method\":\"a.B\",\"method\":\"a.C\"}",
        "{\"method\":\"a.B\",\"parameters\":[]}",
        "{\"method\":\"a.B\",\"parameters\":\"x\"}",
        "{\"method\":\"a.B\",\"more\":1}",
        "{\"method\":\"a.B\",\"oneway\":\"yes\"}",
        "{\"method\":\"a.B\",\"more\":true,\"oneway\":true}",
        "{\"method\":\"a.B\"} x",
        "{\"method\":\"a\\u0000B\"}",
        "{\"method\":\"\xff\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (is_call(wrong[i]))
            fail_msg("taken for a call: %s", wrong[i]);
    assert_true(is_call("{\"method\":\"a.B\"}"));
}

static void nesting_without_end_is_refused(void **state)
{
    (void)state;
    size_t depth = 100000;
    char *text = malloc(depth + 64);
    assert_non_null(text);
    int n = sprintf(text, "{\"method\":\"a.B\",\"parameters\":{\"x\":");
    memset(text + n, '[', depth);
    text[(size_t)n + depth] = '\0';
    assert_false(is_call(text));
    free(text);
}

static void a_method_too_long_to_be_named_in_an_answer_is_refused(void **state)
{
    (void)state;
    char text[VARLINK_NAME_MAX + 64];
    char name[VARLINK_NAME_MAX + 2];
    memset(name, 'm', sizeof name);
    name[VARLINK_NAME_MAX] = '\0';
    (void)sprintf(text, "{\"method\":\"%s\"}", name);
    assert_true(is_call(text));
    name[VARLINK_NAME_MAX] = 'm';
    name[VARLINK_NAME_MAX + 1] = '\0';
    (void)sprintf(text, "{\"method\":\"%s\"}", name);
    assert_false(is_call(text));
}

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    assert_true(is_reply("{}"));
    assert_true(is_reply("{\"parameters\":{}}"));
    assert_true(is_reply("{\"continues\":true,\"parameters\":{}}"));
    assert_true(is_reply("{\"error\":\"a.B\"}"));
    assert_false(is_reply("[]"));
    assert_false(is_reply("{\"error\":1}"));
    assert_false(is_reply("{\"parameters\":[]}"));
    assert_false(is_reply("{\"continues\":1}"));
    assert_false(is_reply("{\"error\":\"a.B\",\"continues\":true}"));
}

static void what_is_made_is_read_back(void **state)
{
    (void)state;
    struct varlink_call call;
    struct varlink_reply reply;
    struct error err;
    json_t *message = varlink_call("a.b.C", json_pack("{s:i}", "x", 1), true);
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    assert_int_equal(varlink_parse_call(&call, text, strlen(text), &err), 0);
    assert_true(call.more);
    assert_string_equal(call.method, "a.b.C");
    json_decref(call.root);
    free(text);

    message = varlink_error("a.b.Wrong", json_pack("{s:s}", "why", "so"));
    text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    assert_int_equal(varlink_parse_reply(&reply, text, strlen(text), &err), 0);
    assert_string_equal(reply.error, "a.b.Wrong");
    assert_string_equal(json_string_value(json_object_get(reply.parameters, "why")), "so");
    json_decref(reply.root);
    free(text);

    message = varlink_reply(json_object(), true);
    assert_true(json_is_true(json_object_get(message, "continues")));
    json_decref(message);
    message = varlink_reply(json_object(), false);
    assert_null(json_object_get(message, "continues"));
    json_decref(message);
    assert_null(varlink_reply(NULL, false)); /* parameters that could not be made are no empty ones */
    assert_null(varlink_call("a.B", NULL, true));
    assert_null(varlink_error("a.B", NULL));
}

static const char *wrong_of(const char *parameters)
{
    static const struct varlink_field fields[] = {
        {"flag", VARLINK_BOOL, true}, {"name", VARLINK_TEXT, false}, {"names", VARLINK_TEXTS, true}};
    static char name[VARLINK_NAME_MAX + 1]; /* of the test, which runs alone */
    json_t *object = parameters ? json_loads(parameters, 0, NULL) : NULL;
    assert_true(!parameters || json_is_object(object));
    const char *wrong = varlink_wrong(object, fields, sizeof fields / sizeof *fields);
    if (wrong)
        (void)snprintf(name, sizeof name, "%s", wrong);
    json_decref(object);
    return wrong ? name : "";
}

static void parameters_are_held_against_what_is_declared(void **state)
{
    (void)state;
    assert_string_equal(wrong_of("{\"name\":\"x\"}"), "");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"flag\":true,\"names\":[\"a\",\"b\"]}"), "");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"flag\":null,\"names\":null}"), "");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"names\":[]}"), "");
    assert_string_equal(wrong_of(NULL), "name");
    assert_string_equal(wrong_of("{}"), "name");
    assert_string_equal(wrong_of("{\"name\":null}"), "name");
    assert_string_equal(wrong_of("{\"name\":1}"), "name");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"flag\":1}"), "flag");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"names\":\"a\"}"), "names");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"names\":[\"a\",1]}"), "names");
    assert_string_equal(wrong_of("{\"name\":\"x\",\"nmaes\":[]}"), "nmaes");
}

static void a_name_too_long_is_not_repeated(void **state)
{
    (void)state;
    char text[VARLINK_NAME_MAX + 64], name[VARLINK_NAME_MAX + 2];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    (void)sprintf(text, "{\"name\":\"x\",\"%s\":1}", name);
    assert_string_equal(wrong_of(text), "parameters");
}

static void an_interface_ends_before_the_last_dot(void **state)
{
    (void)state;
    assert_int_equal(varlink_interface_length("io.flexsync.Status"), strlen("io.flexsync"));
    assert_int_equal(varlink_interface_length("nonsense"), 0);
    assert_int_equal(varlink_interface_length(""), 0);
    assert_int_equal(varlink_interface_length(".x"), 0);
}

static void bytes_that_are_no_utf8_make_a_string_all_the_same(void **state)
{
    (void)state;
    json_t *text = varlink_text("caf\xc3\xa9");
    assert_string_equal(json_string_value(text), "caf\xc3\xa9");
    json_decref(text);
    text = varlink_text("caf\xe9/x");
    assert_string_equal(json_string_value(text), "caf?/x");
    json_decref(text);
}

/* Bytes changed, cut and doubled in what is right: never anything but a call or a refusal. */
static void garbage_is_a_call_or_it_is_refused(void **state)
{
    (void)state;
    static const char seed[] = "{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[\"a\",\"7\"],"
                               "\"full\":false},\"more\":true,\"oneway\":false}";
    uint64_t random = 20240305;
    int taken = 0;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof seed];
        memcpy(text, seed, sizeof seed);
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t changes = 1 + (random >> 60);
        for (size_t i = 0; i < changes; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[(random >> 33) % (sizeof text - 1)] = (char)(random >> 25);
        }
        struct varlink_call call;
        struct error err;
        if (varlink_parse_call(&call, text, sizeof text - 1, &err) < 0)
            continue;
        assert_true(strlen(call.method) <= VARLINK_NAME_MAX);
        assert_true(!call.parameters || json_is_object(call.parameters));
        json_decref(call.root);
        taken++;
    }
    assert_in_range(taken, 100, 19900); /* both ways were walked */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_has_a_method_parameters_and_flags),
        cmocka_unit_test(what_is_no_call_is_refused),
        cmocka_unit_test(nesting_without_end_is_refused),
        cmocka_unit_test(a_method_too_long_to_be_named_in_an_answer_is_refused),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(what_is_made_is_read_back),
        cmocka_unit_test(parameters_are_held_against_what_is_declared),
        cmocka_unit_test(a_name_too_long_is_not_repeated),
        cmocka_unit_test(an_interface_ends_before_the_last_dot),
        cmocka_unit_test(bytes_that_are_no_utf8_make_a_string_all_the_same),
        cmocka_unit_test(garbage_is_a_call_or_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
