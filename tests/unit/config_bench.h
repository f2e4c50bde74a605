/*
 * config_bench: what the tests of config share: a directory, a settings file in it, and what loading it said.
 */
#ifndef CONFIG_BENCH_H
#define CONFIG_BENCH_H

#include "flexsync/config.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/config_schema.h"
#include "flexsync/log.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SITE      "https://demo.flexrentalsolutions.com/f5/api"
#define KEY       "k3y-Of-The-Tests"
#define BYTES_MAX 65536

/* A directory for the files of one test, and what the last loading said. */
struct bench {
    char directory[32];
    char file[64];  /* the settings */
    char key[64];   /* a key file, or "" */
    char *mistakes; /* all lines */
    size_t mistakes_length;
    struct error err;
    struct config *config; /* NULL after a failure */
};

static const char *const bench_variables[] = {"CREDENTIALS_DIRECTORY",
                                              "FLEX_API_KEY",
                                              "FLEX_API_KEY_FILE",
                                              "FLEX_BASE_URL",
                                              "DB_PATH",
                                              "LOG_LEVEL",
                                              "LOG_FILE"};

static inline int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    for (size_t i = 0; i < ARRAY_LENGTH(bench_variables); i++)
        assert_int_equal(unsetenv(bench_variables[i]), 0);
    strcpy(bench->directory, "/tmp/test_config.XXXXXX");
    assert_non_null(mkdtemp(bench->directory));
    (void)snprintf(bench->file, sizeof bench->file, "%s/flexsync.conf", bench->directory);
    (void)snprintf(bench->key, sizeof bench->key, "%s/flex-api-key", bench->directory);
    *state = bench;
    return 0;
}

static inline int tear_down(void **state)
{
    struct bench *bench = *state;
    (void)config_free(bench->config);
    free(bench->mistakes);
    (void)unlink(bench->file);
    (void)unlink(bench->key);
    assert_int_equal(rmdir(bench->directory), 0);
    free(bench);
    return 0;
}

static inline void write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void set_variable(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static inline int load_path(struct bench *bench, const char *path, enum config_need need)
{
    bench->config = config_free(bench->config);
    free(bench->mistakes);
    bench->mistakes = NULL;
    bench->err = (struct error){0};
    FILE *mistakes = open_memstream(&bench->mistakes, &bench->mistakes_length);
    assert_non_null(mistakes);
    int r = config_load(&bench->config, path, need, mistakes, &bench->err);
    assert_int_equal(fclose(mistakes), 0);
    if (r < 0) {
        assert_null(bench->config);
        assert_int_equal(bench->err.retry, RETRY_NEVER);
        assert_int_equal(bench->err.code, ERROR_CONFIG);
        assert_int_not_equal(bench->mistakes_length, 0);
    } else {
        assert_int_equal(bench->mistakes_length, 0);
    }
    return r;
}

static inline int load_text(struct bench *bench, const char *text, enum config_need need)
{
    write_bytes(bench->file, text, strlen(text));
    return load_path(bench, bench->file, need);
}

/* Settings alone are in question: site and key are left out. */
static inline int load(struct bench *bench, const char *text)
{
    return load_text(bench, text, CONFIG_WITHOUT_KEY);
}

static inline unsigned line_count(const struct bench *bench)
{
    unsigned count = 0;
    for (const char *p = bench->mistakes; *p; p++)
        count += *p == '\n';
    return count;
}

/* A line of the mistakes that begins with FILE and `begin`. */
static inline void assert_mistake(const struct bench *bench, const char *begin)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s%s", bench->file, begin);
    const char *found = strstr(bench->mistakes, line);
    if (!found || (found != bench->mistakes && found[-1] != '\n'))
        fail_msg("no line that begins with \"%s\" in:\n%s", line, bench->mistakes);
}

static inline void assert_says(const struct bench *bench, const char *text)
{
    if (!strstr(bench->mistakes, text))
        fail_msg("no \"%s\" in:\n%s", text, bench->mistakes);
}

/* Loading fails with this one mistake and no other. */
static inline void assert_only_mistake(struct bench *bench, const char *text, const char *begin)
{
    if (load(bench, text) == 0)
        fail_msg("accepted: %s", text);
    assert_mistake(bench, begin);
    if (line_count(bench) != 1)
        fail_msg("more than one mistake in %s:\n%s", text, bench->mistakes);
}

/* Loading fails for the variable, and the line begins with its name. */
static inline void assert_variable_refused(struct bench *bench, const char *name, const char *value,
                                           const char *says)
{
    set_variable(name, value);
    if (load(bench, "") == 0)
        fail_msg("accepted: %s=%s", name, value);
    assert_int_equal(line_count(bench), 1);
    assert_memory_equal(bench->mistakes, name, strlen(name));
    assert_memory_equal(bench->mistakes + strlen(name), ": ", 2);
    assert_says(bench, says);
    assert_int_equal(unsetenv(name), 0);
}

static inline const void *member(const struct config *config, size_t id)
{
    return (const char *)config + config_schema[id].offset;
}

static inline void assert_equal_texts(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a)
        assert_string_equal(a, b);
}

static inline void assert_equal_configs(const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (config_schema_is_text(config_schema[i].type))
            assert_equal_texts(*(char *const *)member(a, i), *(char *const *)member(b, i));
        else if (config_schema[i].type == SETTING_REAL)
            assert_memory_equal(member(a, i), member(b, i), sizeof(double));
        else if (config_schema[i].type == SETTING_BOOLEAN)
            assert_int_equal(*(const bool *)member(a, i), *(const bool *)member(b, i));
        else
            assert_int_equal(*(const int64_t *)member(a, i), *(const int64_t *)member(b, i));
    }
    assert_equal_texts(a->api_key, b->api_key);
    assert_int_equal(a->key_source, b->key_source);
}

/* The caller frees. */
static inline char *printed(const struct config *config)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_int_equal(config ? config_print(config, out) : config_print_template(out), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Settings that name the site and the key file of the bench. */
static inline int load_with_key_file(struct bench *bench)
{
    char text[256];
    (void)snprintf(text, sizeof text, "flex = {\n base_url = \"" SITE "\";\n api_key_file = \"%s\"; };",
                   bench->key);
    return load_text(bench, text, CONFIG_COMPLETE);
}

static inline void assert_key(const struct bench *bench, const char *key, enum config_key_source source)
{
    assert_non_null(bench->config);
    assert_string_equal(bench->config->api_key, key);
    assert_int_equal(bench->config->key_source, source);
}

/* Every setting with a value that is not the default. */
#define EVERYTHING                                                                                           \
    "flex = { base_url = \"" SITE                                                                            \
    "\"; api_key_file = \"/k\"; timeout = \"1500ms\"; connect_timeout = \"2 s\";\n"                          \
    "         ca_file = \"/ca.pem\"; proxy = \"http://p:3128\"; };\n"                                        \
    "limits = { plan = \"lite\"; hourly = 1; daily = 2; monthly = 3; concurrent = 4; rate = 0.1; burst = "   \
    "5;\n"                                                                                                   \
    "           share = 6; ledger = \"/l.db\"; };\n"                                                         \
    "sync = { interval = \"1s\"; on_start = false; strategy = \"full\"; page_size = 7; max_age = \"1w\";\n"  \
    "         max_vanished = 0; };\n"                                                                        \
    "database = { path = \"/d.db\"; keep_changes = \"1d\"; keep_log = \"48h\"; };\n"                         \
    "log = { level = \"debug\"; file = \"/a.log\"; error_file = \"/e.log\"; };\n"

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
