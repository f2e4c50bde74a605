#include "config_bench.h"
#include "trouble_bench.h"

static void an_empty_file_gives_the_documented_defaults(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load(bench, ""), 0);
    const struct config *c = bench->config;
    assert_null(c->flex.base_url);
    assert_null(c->flex.api_key_file);
    assert_null(c->flex.ca_file);
    assert_null(c->flex.proxy);
    assert_int_equal(c->flex.timeout, 30 * USEC_PER_SEC);
    assert_int_equal(c->flex.connect_timeout, 10 * USEC_PER_SEC);
    assert_int_equal(c->limits.plan, PLAN_ENTERPRISE);
    assert_int_equal(c->limits.concurrent, 30);
    assert_true(c->limits.rate == 10.0);
    assert_int_equal(c->limits.burst, 30);
    assert_int_equal(c->limits.share, 50);
    assert_string_equal(c->limits.ledger, "/var/lib/flexsync/quota.db");
    assert_int_equal(c->sync.interval, 15 * USEC_PER_MIN);
    assert_true(c->sync.on_start);
    assert_int_equal(c->sync.strategy, STRATEGY_AUTO);
    assert_int_equal(c->sync.page_size, 2000);
    assert_int_equal(c->sync.max_age, 31 * USEC_PER_DAY);
    assert_int_equal(c->sync.max_vanished, 10);
    assert_string_equal(c->database.path, "/var/lib/flexsync/contacts.db");
    assert_int_equal(c->database.keep_changes, 730 * USEC_PER_DAY);
    assert_int_equal(c->database.keep_log, 365 * USEC_PER_DAY);
    assert_int_equal(c->log.level, LOG_LEVEL_INFO);
    assert_null(c->log.file);
    assert_null(c->log.error_file);
    assert_null(c->api_key);
    assert_int_equal(c->key_source, KEY_NONE);
}

static void every_setting_is_taken_from_the_file(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load(bench, EVERYTHING), 0);
    const struct config *c = bench->config;
    assert_string_equal(c->flex.base_url, SITE);
    assert_string_equal(c->flex.api_key_file, "/k");
    assert_int_equal(c->flex.timeout, 1500 * USEC_PER_MSEC);
    assert_int_equal(c->flex.connect_timeout, 2 * USEC_PER_SEC);
    assert_string_equal(c->flex.ca_file, "/ca.pem");
    assert_string_equal(c->flex.proxy, "http://p:3128");
    assert_int_equal(c->limits.plan, PLAN_LITE);
    assert_int_equal(c->limits.hourly, 1);
    assert_int_equal(c->limits.daily, 2);
    assert_int_equal(c->limits.monthly, 3);
    assert_int_equal(c->limits.concurrent, 4);
    assert_true(c->limits.rate == 0.1);
    assert_int_equal(c->limits.burst, 5);
    assert_int_equal(c->limits.share, 6);
    assert_string_equal(c->limits.ledger, "/l.db");
    assert_int_equal(c->sync.interval, USEC_PER_SEC);
    assert_false(c->sync.on_start);
    assert_int_equal(c->sync.strategy, STRATEGY_FULL);
    assert_int_equal(c->sync.page_size, 7);
    assert_int_equal(c->sync.max_age, 7 * USEC_PER_DAY);
    assert_int_equal(c->sync.max_vanished, 0);
    assert_string_equal(c->database.path, "/d.db");
    assert_int_equal(c->database.keep_changes, USEC_PER_DAY);
    assert_int_equal(c->database.keep_log, 2 * USEC_PER_DAY);
    assert_int_equal(c->log.level, LOG_LEVEL_DEBUG);
    assert_string_equal(c->log.file, "/a.log");
    assert_string_equal(c->log.error_file, "/e.log");
}

static void each_plan_gives_its_quotas_and_numbers_override_them(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *text;
        int64_t hourly, daily, monthly;
    } cases[] = {
        {"limits = { plan = \"enterprise\"; };", 2000, 10000, 100000},
        {"limits = { plan = \"enterprise-plus\"; };", 5000, 25000, 250000},
        {"limits = { plan = \"lite\"; };", 20, 100, 1000},
        {"limits = { plan = \"lite\"; daily = 77; };", 20, 77, 1000},
        {"limits = { hourly = 5; monthly = 1000000000; };", 5, 10000, 1000000000},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(load(bench, cases[i].text), 0);
        assert_int_equal(bench->config->limits.hourly, cases[i].hourly);
        assert_int_equal(bench->config->limits.daily, cases[i].daily);
        assert_int_equal(bench->config->limits.monthly, cases[i].monthly);
    }
}

static void the_ledger_lies_beside_the_database_unless_set(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load(bench, "database = { path = \"/a/b/c.db\"; };"), 0);
    assert_string_equal(bench->config->limits.ledger, "/a/b/quota.db");
    assert_int_equal(load(bench, "database = { path = \"c.db\"; };"), 0);
    assert_string_equal(bench->config->limits.ledger, "quota.db");
    assert_int_equal(load(bench, "database = { path = \"/c.db\"; }; limits = { ledger = \"/q\"; };"), 0);
    assert_string_equal(bench->config->limits.ledger, "/q");
    set_variable("DB_PATH", "/env/x.db");
    assert_int_equal(load(bench, "database = { path = \"/a/b/c.db\"; };"), 0);
    assert_string_equal(bench->config->limits.ledger, "/env/quota.db");
}

static void an_empty_text_counts_as_not_set(void **state)
{
    struct bench *bench = *state;
    set_variable("DB_PATH", "");
    set_variable("LOG_LEVEL", "");
    assert_int_equal(load(bench,
                          "flex = { base_url = \"\"; ca_file = \"\"; proxy = \"\"; api_key_file = \"\"; };\n"
                          "limits = { ledger = \"\"; }; database = { path = \"\"; };\n"
                          "log = { file = \"\"; error_file = \"\"; };"),
                     0);
    assert_null(bench->config->flex.base_url);
    assert_null(bench->config->flex.proxy);
    assert_null(bench->config->log.file);
    assert_string_equal(bench->config->limits.ledger, "/var/lib/flexsync/quota.db");
    assert_string_equal(bench->config->database.path, "/var/lib/flexsync/contacts.db");
}

static void a_real_setting_takes_whole_numbers_and_scientific_ones(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *text;
        double rate;
    } cases[] = {{"5", 5},     {"0", 0},        {"-0", 0},      {"-0.0", 0}, {".5", 0.5}, {"5.", 5},
                 {"1e2", 100}, {"1e-3", 0.001}, {"1000", 1000}, {"+3", 3},   {"7L", 7}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "limits = { rate = %s; };", cases[i].text);
        assert_int_equal(load(bench, text), 0);
        assert_memory_equal(&bench->config->limits.rate, &cases[i].rate, sizeof(double));
    }
}

static void syntax_that_libconfig_allows_is_understood(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(
        load(bench, "\xef\xbb\xbfsync : {\r\n  page_size : 5, /* 6 \" */ max_vanished\n=\n7\n // \"8\n}\r\n"
                    "# limits = { hourly = 0;\nlog={file=\"/a\" \"b\\x63\"} limits={burst=9L}"
                    "#no line end"),
        0);
    assert_int_equal(bench->config->sync.page_size, 5);
    assert_int_equal(bench->config->sync.max_vanished, 7);
    assert_string_equal(bench->config->log.file, "/abc");
    assert_int_equal(bench->config->limits.burst, 9);
}

static void the_environment_wins_over_the_file(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_BASE_URL", "https://env.example.com/");
    set_variable("DB_PATH", "/env.db");
    set_variable("LOG_LEVEL", "error");
    set_variable("LOG_FILE", "/env.log");
    assert_int_equal(load(bench, EVERYTHING), 0);
    assert_string_equal(bench->config->flex.base_url, "https://env.example.com");
    assert_string_equal(bench->config->database.path, "/env.db");
    assert_int_equal(bench->config->log.level, LOG_LEVEL_ERROR);
    assert_string_equal(bench->config->log.file, "/env.log");
    assert_string_equal(bench->config->log.error_file, "/e.log");
}

/* A value that is not the default, as a variable has it. */
static void write_other_value(const struct setting *s, char value[static 128])
{
    char text[TEXT_MAX];
    switch (s->type) {
    case SETTING_DURATION:
        (void)snprintf(value, 128, "%s", text_format_duration(text, s->min));
        break;
    case SETTING_INTEGER:
        (void)snprintf(value, 128, "%" PRId64, s->min);
        break;
    case SETTING_REAL:
        (void)snprintf(value, 128, "2.5");
        break;
    case SETTING_BOOLEAN:
        (void)snprintf(value, 128, "%s", strcmp(s->fallback, "true") == 0 ? "false" : "true");
        break;
    case SETTING_CHOICE:
        (void)snprintf(value, 128, "%s", s->choices[strcmp(s->fallback, s->choices[0]) == 0]);
        break;
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SITE:
    case SETTING_TYPE_COUNT:
        (void)snprintf(value, 128, "%s", s->example ? s->example : "/elsewhere/file");
        break;
    }
}

static void every_setting_has_a_variable_that_wins(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &config_schema[i];
        char name[CONFIG_VARIABLE_MAX], value[128], text[256];
        const char *quote = config_schema_is_quoted(s->type) ? "\"" : "";
        write_other_value(s, value);
        (void)snprintf(text, sizeof text, "%s = { %s = %s%s%s; };", s->group, s->name, quote, value, quote);
        assert_int_equal(load(bench, text), 0);
        struct config *from_file = bench->config;
        bench->config = NULL;

        assert_int_equal(load(bench, ""), 0);
        (void)config_schema_variable(s, name);
        set_variable(name, value);
        assert_int_equal(load(bench, ""), 0);
        assert_equal_configs(from_file, bench->config);
        set_variable(name, "");
        assert_int_equal(load(bench, text), 0);
        assert_equal_configs(from_file, bench->config);
        assert_int_equal(unsetenv(name), 0);
        (void)config_free(from_file);
    }
    set_variable("FLEXSYNC_LIMITS_PLAN", "lite");
    assert_int_equal(load(bench, "limits = { plan = \"enterprise-plus\"; };"), 0);
    assert_int_equal(bench->config->limits.plan, PLAN_LITE);
    assert_int_equal(unsetenv("FLEXSYNC_LIMITS_PLAN"), 0);
}

static void wrong_variables_are_named(void **state)
{
    struct bench *bench = *state;
    assert_variable_refused(bench, "FLEXSYNC_LIMITS_PLAN", "gold", "\"enterprise-plus\" or \"lite\"");
    assert_variable_refused(bench, "FLEXSYNC_LIMITS_RATE", "fast", "a number, 0 to 1000");
    assert_variable_refused(bench, "FLEXSYNC_LIMITS_RATE", "1.5x", "a number, 0 to 1000");
    assert_variable_refused(bench, "FLEXSYNC_LIMITS_BURST", "1.5", "a whole number, 1 to 10000");
    assert_variable_refused(bench, "FLEXSYNC_LIMITS_BURST", "12 or so", "a whole number, 1 to 10000");
    assert_variable_refused(bench, "FLEXSYNC_SYNC_ON_START", "yes", "write true or false");
    assert_variable_refused(bench, "FLEXSYNC_SYNC_INTERVAL", "15", "is not a time with a unit");
    assert_variable_refused(bench, "FLEXSYNC_LIMITS_PLANN", "lite", "did you mean FLEXSYNC_LIMITS_PLAN?");
    assert_variable_refused(bench, "FLEXSYNC_LOG_WHATEVER", "", "is not known; remove it");
    set_variable("FLEXSYNC_BUILD", "build/release");
    assert_int_equal(load(bench, ""), 0);
    assert_int_equal(unsetenv("FLEXSYNC_BUILD"), 0);
}

static void every_log_level_of_the_old_tool_is_known(void **state)
{
    struct bench *bench = *state;
    for (enum log_level level = LOG_LEVEL_ERROR; level < LOG_LEVEL_COUNT; level++) {
        set_variable("LOG_LEVEL", log_level_names[level]);
        assert_int_equal(load(bench, ""), 0);
        assert_int_equal(bench->config->log.level, level);
    }
}

static void a_mistake_in_the_environment_alone_blames_the_environment_alone(void **state)
{
    struct bench *bench = *state;
    assert_variable_refused(bench, "LOG_LEVEL", "loud", "write \"error\", \"warn\", \"info\" or \"debug\"");
    assert_string_equal(bench->err.text, "1 mistake in the environment");
}

static void only_the_file_that_was_asked_for_must_exist(void **state)
{
    struct bench *bench = *state;
    if (access(CONFIG_DEFAULT_FILE, F_OK) == 0)
        skip();
    assert_int_equal(load_path(bench, NULL, CONFIG_WITHOUT_KEY), 0);
    assert_int_equal(load_path(bench, CONFIG_DEFAULT_FILE, CONFIG_WITHOUT_KEY), -1);
    set_variable("FLEX_BASE_URL", SITE);
    set_variable("FLEX_API_KEY", KEY);
    assert_int_equal(load_path(bench, NULL, CONFIG_COMPLETE), 0);
}

/* The path of a file in conf.d; overwritten by the next call. */
static const char *drop_in(const struct bench *bench, const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/conf.d/%s", bench->directory, name);
    return path;
}

static void write_drop_in(const struct bench *bench, const char *name, const char *text)
{
    (void)mkdir(drop_in(bench, ""), 0700);
    write_bytes(drop_in(bench, name), text, strlen(text));
}

static void remove_drop_ins(const struct bench *bench, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(unlink(drop_in(bench, names[i])), 0);
    assert_int_equal(rmdir(drop_in(bench, "")), 0);
}

static void files_of_conf_d_are_read_after_the_file_in_the_order_of_their_bytes(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = {"9.conf",  "10.conf", "B.conf", "a.conf",
                                        ".z.conf", "z.conf~", "README"};
    write_drop_in(bench, names[0], "sync = { interval = \"9min\"; };");
    write_drop_in(bench, names[1],
                  "sync = { interval = \"10min\"; page_size = 10; }; limits = { burst = 10; };");
    write_drop_in(bench, names[2], "limits = { share = 11; concurrent = 11; };");
    write_drop_in(bench, names[3], "limits = { share = 12; };");
    for (size_t i = 4; i < ARRAY_LENGTH(names); i++)
        write_drop_in(bench, names[i], "this is not read");
    assert_int_equal(
        load(bench, "sync = { interval = \"1min\"; max_vanished = 1; }; limits = { burst = 1; };"), 0);
    assert_int_equal(bench->config->sync.interval, 9 * USEC_PER_MIN);
    assert_int_equal(bench->config->sync.page_size, 10);
    assert_int_equal(bench->config->sync.max_vanished, 1);
    assert_int_equal(bench->config->limits.burst, 10);
    assert_int_equal(bench->config->limits.concurrent, 11);
    assert_int_equal(bench->config->limits.share, 12);

    char other[128];
    (void)snprintf(other, sizeof other, "%s/north.conf", bench->directory);
    write_bytes(other, "", 0);
    assert_int_equal(load_path(bench, other, CONFIG_WITHOUT_KEY), 0);
    assert_int_equal(bench->config->limits.burst, 30);
    assert_int_equal(unlink(other), 0);
    remove_drop_ins(bench, names, ARRAY_LENGTH(names));
}

static void mistakes_in_conf_d_are_named_with_their_file_and_line(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = {"1.conf", "2.conf", "3.conf"};
    char line[256];
    write_drop_in(bench, names[0], "\nlimits = { share = 500; };");
    write_drop_in(bench, names[1], "log = {");
    write_drop_in(bench, names[2], "\n\nlog = { file = \"/same\"; error_file = \"/same\"; };");
    assert_int_equal(load(bench, "sync = { intervall = \"1min\"; };"), -1);
    assert_mistake(bench, ":1: sync.intervall: ");
    assert_int_equal(line_count(bench), 4);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        static const char *const begins[] = {":2: limits.share: ", ":2: syntax error",
                                             ":3: log.error_file: is the same file"};
        (void)snprintf(line, sizeof line, "\n%s%s", drop_in(bench, names[i]), begins[i]);
        assert_says(bench, line);
    }
    (void)snprintf(line, sizeof line, "4 mistakes in %s and other files", bench->file);
    assert_string_equal(bench->err.text, line);

    assert_int_equal(load(bench, ""), -1);
    (void)snprintf(line, sizeof line, "3 mistakes in %s and other files", drop_in(bench, names[0]));
    assert_string_equal(bench->err.text, line);
    remove_drop_ins(bench, names, ARRAY_LENGTH(names));
    write_drop_in(bench, names[0], "log = { level = 1; };");
    assert_int_equal(load(bench, ""), -1);
    (void)snprintf(line, sizeof line, "1 mistake in %s", drop_in(bench, names[0]));
    assert_string_equal(bench->err.text, line);
    remove_drop_ins(bench, names, 1);
}

static void the_table_is_whole_and_finds_what_it_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &config_schema[i];
        assert_non_null(s->group);
        assert_non_null(s->help);
        assert_true(s->fallback || s->example);
        assert_ptr_equal(config_schema_find(s->group, s->name), s);
        assert_ptr_equal(config_schema_suggest(s->group, s->name), s);
        assert_true(config_schema_has_group(s->group));
    }
    assert_null(config_schema_find("flex", "interval"));
    assert_null(config_schema_suggest("flex", "unrelated_word"));
    assert_null(config_schema_suggest_group("x"));
}

static void only_what_the_design_says_needs_a_restart(void **state)
{
    struct bench *bench = *state;
    char names[CONFIG_NAMES_MAX] = "untouched";
    assert_int_equal(load(bench, ""), 0);
    struct config *now = bench->config;
    bench->config = NULL;
    assert_int_equal(
        load(bench, "limits = { hourly = 5; }; log = { level = \"debug\"; }; sync = { interval = \"5s\"; };"),
        0);
    assert_false(config_needs_restart(now, bench->config, names));
    assert_string_equal(names, "untouched");
    assert_int_equal(load(bench, "limits = { ledger = \"/q\"; };"), 0);
    assert_true(config_needs_restart(now, bench->config, names));
    assert_string_equal(names, "limits.ledger");
    assert_int_equal(load(bench, "database = { path = \"/var/lib/flexsync/b.db\"; };"), 0);
    assert_true(config_needs_restart(now, bench->config, names));
    assert_string_equal(names, "database.path");
    assert_int_equal(load(bench, "database = { path = \"/b.db\"; };"), 0);
    assert_true(config_needs_restart(now, bench->config, names));
    assert_string_equal(names, "limits.ledger, database.path");
    (void)config_free(now);
}

/* 78 would keep the unit from being started again. */
static void a_lack_of_descriptors_is_no_mistake_in_the_settings(void **state)
{
    struct bench *bench = *state;
    struct error err;
    struct config *config = NULL;
    write_bytes(bench->file, "", 0);
    write_bytes(bench->key, KEY, strlen(KEY));
    set_variable("FLEX_BASE_URL", SITE);
    set_variable("CREDENTIALS_DIRECTORY", bench->directory);
    FILE *none = fopen("/dev/null", "w");
    assert_non_null(none);
    leave_descriptors(0);
    int r = config_load(&config, bench->file, CONFIG_COMPLETE, none, &err);
    leave_descriptors(UINT_MAX);
    assert_int_equal(r, -1);
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, "too many files are open"));
    assert_int_equal(fclose(none), 0);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    assert_null(config_free(NULL));
    assert_null(config_free(calloc(1, sizeof(struct config))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_lack_of_descriptors_is_no_mistake_in_the_settings),
        BENCH_TEST(an_empty_file_gives_the_documented_defaults),
        BENCH_TEST(every_setting_is_taken_from_the_file),
        BENCH_TEST(each_plan_gives_its_quotas_and_numbers_override_them),
        BENCH_TEST(the_ledger_lies_beside_the_database_unless_set),
        BENCH_TEST(an_empty_text_counts_as_not_set),
        BENCH_TEST(a_real_setting_takes_whole_numbers_and_scientific_ones),
        BENCH_TEST(syntax_that_libconfig_allows_is_understood),
        BENCH_TEST(the_environment_wins_over_the_file),
        BENCH_TEST(every_setting_has_a_variable_that_wins),
        BENCH_TEST(wrong_variables_are_named),
        BENCH_TEST(every_log_level_of_the_old_tool_is_known),
        BENCH_TEST(a_mistake_in_the_environment_alone_blames_the_environment_alone),
        BENCH_TEST(only_the_file_that_was_asked_for_must_exist),
        BENCH_TEST(files_of_conf_d_are_read_after_the_file_in_the_order_of_their_bytes),
        BENCH_TEST(mistakes_in_conf_d_are_named_with_their_file_and_line),
        BENCH_TEST(the_table_is_whole_and_finds_what_it_holds),
        BENCH_TEST(only_what_the_design_says_needs_a_restart),
        BENCH_TEST(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
