#include "config_bench.h"

static void assert_reads_back(struct bench *bench, enum config_need need)
{
    struct config *first = bench->config;
    bench->config = NULL;
    char *text = printed(first);
    if (load_text(bench, text, need) < 0)
        fail_msg("does not read back:\n%s%s", bench->mistakes, text);
    assert_equal_configs(first, bench->config);
    char *again = printed(bench->config);
    assert_string_equal(again, text);
    free(again);
    free(text);
    (void)config_free(first);
}

static void what_is_printed_reads_back_as_the_same(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {
        "",
        EVERYTHING,
        "limits = { rate = 0.333333333333333314829616256247; };",
        "limits = { rate = 1e-300; };",
        "limits = { rate = 999.99999999999989; };",
        "flex = { proxy = \"a\\\"b\\\\c\\\\\\\"d\\\\n\\\\x41 \xc3\xa9 // # /* ; }\"; };",
        "log = { file = \"/\\\\\"; error_file = \"/\\\\x00\"; };",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_int_equal(load(bench, texts[i]), 0);
        assert_reads_back(bench, CONFIG_WITHOUT_KEY);
    }
}

static void the_key_is_printed_only_as_where_it_comes_from(void **state)
{
    struct bench *bench = *state;
    static const char *const places[] = {
        [KEY_CREDENTIAL] = "# key: from the credential flex-api-key\n",
        [KEY_ENVIRONMENT] = "# key: from the variable FLEX_API_KEY\n",
        [KEY_FILE] = "# key: from the file of flex.api_key_file\n",
    };
    write_bytes(bench->key, KEY, strlen(KEY));
    for (enum config_key_source source = KEY_FILE; source >= KEY_CREDENTIAL; source--) {
        if (source == KEY_ENVIRONMENT)
            set_variable("FLEX_API_KEY", KEY);
        if (source == KEY_CREDENTIAL)
            set_variable("CREDENTIALS_DIRECTORY", bench->directory);
        assert_int_equal(load_with_key_file(bench), 0);
        assert_key(bench, KEY, source);
        char *text = printed(bench->config);
        assert_non_null(strstr(text, places[source]));
        assert_null(strstr(text, KEY));
        free(text);
        assert_reads_back(bench, CONFIG_COMPLETE);
    }
}

static void a_stream_that_refuses_is_noticed(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load(bench, ""), 0);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_true(config_print(bench->config, full) < 0);
    assert_true(config_print_template(full) < 0);
    (void)fclose(full);
}

static void the_template_is_etc_flexsync_conf(void **state)
{
    (void)state;
    char file[BYTES_MAX];
    FILE *in = fopen(SOURCE_DIR "/etc/flexsync.conf", "r");
    assert_non_null(in);
    size_t length = fread(file, 1, sizeof file - 1, in);
    file[length] = '\0';
    assert_int_equal(fclose(in), 0);
    char *text = printed(NULL);
    assert_string_equal(file, text);
    free(text);
}

static void the_template_says_nothing_but_the_defaults(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load(bench, ""), 0);
    struct config *defaults = bench->config;
    bench->config = NULL;
    char *text = printed(NULL);
    assert_int_equal(load(bench, text), 0);
    assert_equal_configs(defaults, bench->config);
    free(text);
    (void)config_free(defaults);
}

/* The sign of a commented setting: right before its name. */
static char *find_sign(char *text, const struct setting *s)
{
    char group[64], line[64];
    (void)snprintf(group, sizeof group, "\n%s = {", s->group);
    (void)snprintf(line, sizeof line, "\n    #%s = ", s->name);
    char *at = strstr(text, group);
    assert_non_null(at);
    at = strstr(at, line);
    assert_non_null(at);
    return strchr(at, '#');
}

static void each_setting_of_the_template_counts_once_its_sign_is_removed(void **state)
{
    struct bench *bench = *state;
    char *all = printed(NULL);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char *text = printed(NULL);
        *find_sign(text, &config_schema[i]) = ' ';
        *find_sign(all, &config_schema[i]) = ' ';
        assert_int_equal(load(bench, text), 0);
        if (config_schema_is_text(config_schema[i].type))
            assert_non_null(*(char *const *)member(bench->config, i));
        free(text);
    }
    assert_int_equal(load(bench, all), 0);
    free(all);
}

static void the_example_of_the_environment_names_every_variable(void **state)
{
    (void)state;
    char file[BYTES_MAX];
    FILE *in = fopen(SOURCE_DIR "/etc/flexsync.env.example", "r");
    assert_non_null(in);
    size_t length = fread(file, 1, sizeof file - 1, in);
    file[length] = '\0';
    assert_int_equal(fclose(in), 0);
    assert_non_null(strstr(file, "\nFLEX_API_KEY="));
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char line[64];
        (void)snprintf(line, sizeof line,
                       "%s=", config_schema[i].environment ? config_schema[i].environment : "");
        if (config_schema[i].environment)
            assert_non_null(strstr(file, line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(what_is_printed_reads_back_as_the_same),
        BENCH_TEST(the_key_is_printed_only_as_where_it_comes_from),
        BENCH_TEST(a_stream_that_refuses_is_noticed),
        BENCH_TEST(the_template_is_etc_flexsync_conf),
        BENCH_TEST(the_template_says_nothing_but_the_defaults),
        BENCH_TEST(each_setting_of_the_template_counts_once_its_sign_is_removed),
        BENCH_TEST(the_example_of_the_environment_names_every_variable),
    };
    return cmocka_run_group_tests_name("config: printing", tests, NULL, NULL);
}
