#include "config_bench.h"

static void the_site_is_https_or_this_machine(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *written, *taken;
    } good[] = {
        {SITE, SITE},
        {SITE "/", SITE},
        {SITE "///", SITE},
        {"https://example.com", "https://example.com"},
        {"https://example.com/", "https://example.com"},
        {"HTTPS://Example.com:8443/f5/api", "HTTPS://Example.com:8443/f5/api"},
        {"https://192.0.2.1/f5/api", "https://192.0.2.1/f5/api"},
        {"https://[2001:db8::1]:443/f5/api", "https://[2001:db8::1]:443/f5/api"},
        {"http://127.0.0.1:8080/f5/api", "http://127.0.0.1:8080/f5/api"},
        {"http://127.255.0.3/", "http://127.255.0.3"},
        {"http://[::1]:8080/f5/api", "http://[::1]:8080/f5/api"},
        {"http://localhost/f5/api", "http://localhost/f5/api"},
        {"http://LOCALHOST:1/f5/api", "http://LOCALHOST:1/f5/api"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        set_variable("FLEX_BASE_URL", good[i].written);
        assert_int_equal(load(bench, ""), 0);
        assert_string_equal(bench->config->flex.base_url, good[i].taken);
    }
}

static void any_other_site_is_refused_with_an_example_and_never_repeated(void **state)
{
    struct bench *bench = *state;
    static const char *const bad[] = {
        "http://SECRET.com/f5/api",
        "http://128.0.0.1/f5/api",
        "http://126.255.255.255/",
        "http://[::2]/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost@example.com/",
        "https://user:SECRET@example.com/",
        "https://user@example.com/",
        "https://:SECRET@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com/f5/api",
        "demo.flexrentalsolutions.com",
        "//example.com/",
        "https:/",
        "https://",
        "https:///f5/api",
        "https://?x",
        "https://example.com/?",
        "https://example.com/f5/api?a=b",
        "https://example.com/#",
        "https://example.com/f5/api#part",
        "https://example.com:99999/f5/api",
        "https://example.com:x/",
        "https://exa mple.com/",
        "https://example.com/f5 api",
        "https://[::1/",
        "localhost:8080",
        "/",
        "http://",
        "http:///",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_variable_refused(bench, "FLEX_BASE_URL", bad[i],
                                "https://SITE.flexrentalsolutions.com/f5/api");
        assert_null(strstr(bench->mistakes, "SECRET"));
    }
}

static void a_missing_site_is_a_mistake_only_where_a_sync_is_wanted(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_API_KEY", KEY);
    assert_int_equal(load_text(bench, "\nflex = { timeout = \"5s\"; };", CONFIG_COMPLETE), -1);
    assert_mistake(bench, ": flex.base_url: is missing; set it");
    assert_says(bench, "FLEX_BASE_URL");
    assert_int_equal(load_text(bench, "", CONFIG_WITHOUT_KEY), 0);
}

static void a_wrong_site_is_not_called_missing_as_well(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_API_KEY", KEY);
    assert_int_equal(load_text(bench, "flex = { base_url = 5; };", CONFIG_COMPLETE), -1);
    assert_int_equal(line_count(bench), 1);
    assert_mistake(bench, ":1: flex.base_url: is a number");
}

static void the_key_comes_from_the_credential_else_the_variable_else_the_file(void **state)
{
    struct bench *bench = *state;
    char elsewhere[] = "/tmp/test_config.XXXXXX", credential[64];
    assert_non_null(mkdtemp(elsewhere));
    (void)snprintf(credential, sizeof credential, "%s/flex-api-key", elsewhere);
    write_bytes(bench->key, "of-the-file", 11);
    assert_int_equal(load_with_key_file(bench), 0);
    assert_key(bench, "of-the-file", KEY_FILE);
    set_variable("FLEX_API_KEY", "of-the-variable");
    assert_int_equal(load_with_key_file(bench), 0);
    assert_key(bench, "of-the-variable", KEY_ENVIRONMENT);
    set_variable("CREDENTIALS_DIRECTORY", elsewhere);
    assert_int_equal(load_with_key_file(bench), 0);
    assert_key(bench, "of-the-variable", KEY_ENVIRONMENT);
    write_bytes(credential, "of-the-credential", 17);
    assert_int_equal(load_with_key_file(bench), 0);
    assert_key(bench, "of-the-credential", KEY_CREDENTIAL);
    write_bytes(credential, "\n", 1);
    assert_int_equal(load_with_key_file(bench), 0);
    assert_key(bench, "of-the-variable", KEY_ENVIRONMENT);
    set_variable("FLEX_API_KEY", " ");
    assert_int_equal(load_with_key_file(bench), 0);
    assert_key(bench, "of-the-file", KEY_FILE);
    assert_int_equal(unlink(credential), 0);
    assert_int_equal(rmdir(elsewhere), 0);
}

static void white_space_around_the_key_is_dropped(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {KEY, KEY "\n", KEY "\r\n", " \t" KEY " \n\n", ("\n" KEY)};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        write_bytes(bench->key, texts[i], strlen(texts[i]));
        assert_int_equal(load_with_key_file(bench), 0);
        assert_key(bench, KEY, KEY_FILE);
    }
}

static void a_key_that_could_forge_a_header_is_refused_and_never_shown(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {"SECRET\r\nHost: x", "SECRET x",       "SECRET\tx",
                                        "SECRET\x7f",        "SECRET\xc3\xa9", "\xef\xbb\xbfSECRET",
                                        "SECRET\n\nSECRET2"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        write_bytes(bench->key, texts[i], strlen(texts[i]));
        assert_int_equal(load_with_key_file(bench), -1);
        assert_int_equal(line_count(bench), 1);
        assert_mistake(bench, ":3: flex.api_key_file: holds a space, a line end or a character");
        assert_null(strstr(bench->mistakes, "SECRET"));
        assert_null(strstr(bench->err.text, "SECRET"));
    }
    write_bytes(bench->key, "SEC\0RET", 7);
    assert_int_equal(load_with_key_file(bench), -1);
    set_variable("FLEX_API_KEY", "SECRET\nx");
    assert_int_equal(load_with_key_file(bench), -1);
    assert_memory_equal(bench->mistakes, "FLEX_API_KEY: holds", 19);
    assert_null(strstr(bench->mistakes, "SECRET"));
}

static void a_key_has_a_largest_length(void **state)
{
    struct bench *bench = *state;
    char key[4 * CONFIG_KEY_MAX];
    memset(key, 'k', sizeof key);
    write_bytes(bench->key, key, CONFIG_KEY_MAX);
    assert_int_equal(load_with_key_file(bench), 0);
    assert_int_equal(strlen(bench->config->api_key), CONFIG_KEY_MAX);
    write_bytes(bench->key, key, CONFIG_KEY_MAX + 1);
    assert_int_equal(load_with_key_file(bench), -1);
    assert_mistake(bench, ":3: flex.api_key_file: is longer than any API key");
    write_bytes(bench->key, key, sizeof key);
    assert_int_equal(load_with_key_file(bench), -1);
    assert_mistake(bench, ":3: flex.api_key_file: is longer than any API key");
    key[sizeof key - 1] = '\0';
    set_variable("FLEX_API_KEY", key);
    assert_int_equal(load_with_key_file(bench), -1);
    assert_says(bench, "FLEX_API_KEY: is longer than any API key");
}

static void a_missing_key_is_told_with_the_remedy(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_BASE_URL", SITE);
    set_variable("FLEX_API_KEY", "");
    assert_int_equal(load_text(bench, "", CONFIG_COMPLETE), -1);
    assert_int_equal(line_count(bench), 1);
    assert_says(bench, "FLEX_API_KEY: no API key; set this or the credential flex-api-key, or name a file");
    assert_says(bench, "Add API Key");
    write_bytes(bench->key, " \n", 2);
    assert_int_equal(load_with_key_file(bench), -1);
    assert_mistake(bench, ":3: flex.api_key_file: is an empty file; put the API key into it");
}

static void a_test_of_the_settings_does_without_a_key_but_not_with_a_bad_one(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_BASE_URL", SITE);
    assert_int_equal(load_text(bench, "", CONFIG_TEST), 0);
    set_variable("FLEX_API_KEY", "two words");
    assert_int_equal(load_text(bench, "", CONFIG_TEST), -1);
    assert_says(bench, "FLEX_API_KEY: holds a space");
}

static void a_key_file_that_cannot_be_read_is_told_with_its_line(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load_with_key_file(bench), -1);
    assert_mistake(bench, ":3: flex.api_key_file: does not exist");
    assert_int_equal(mkdir(bench->key, 0700), 0);
    assert_int_equal(load_with_key_file(bench), -1);
    assert_mistake(bench, ":3: flex.api_key_file: is a directory");
    assert_int_equal(rmdir(bench->key), 0);
    assert_int_equal(mkfifo(bench->key, 0600), 0); /* nobody writes: must not wait for it */
    assert_int_equal(load_with_key_file(bench), -1);
    assert_int_equal(line_count(bench), 1);
    assert_int_equal(unlink(bench->key), 0);
    write_bytes(bench->key, KEY, strlen(KEY));
    assert_int_equal(chmod(bench->key, 0), 0);
    assert_int_equal(chmod(bench->directory, 0755), 0);
    bool root = geteuid() == 0; /* which reads everything */
    assert_true(!root || seteuid(65534) == 0);
    int r = load_path(bench, bench->file, CONFIG_COMPLETE);
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(r, -1);
    assert_mistake(bench,
                   ":3: flex.api_key_file: cannot be read by this user, which is right if it is root's with "
                   "mode 600: do this as root");
}

static void a_key_in_place_of_the_key_file_is_never_shown(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(
        load_text(bench, "flex = { base_url = \"" SITE "\"; api_key_file = \"SECRET\"; };", CONFIG_COMPLETE),
        -1);
    assert_int_equal(line_count(bench), 1);
    assert_mistake(bench, ":1: flex.api_key_file: is not a whole path");
    assert_null(strstr(bench->mistakes, "SECRET"));
}

static void the_placeholder_of_the_old_example_is_no_key(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_BASE_URL", SITE);
    set_variable("FLEX_API_KEY", "your-api-key-here");
    assert_int_equal(load_text(bench, "", CONFIG_COMPLETE), -1);
    assert_int_equal(line_count(bench), 1);
    assert_says(bench, "FLEX_API_KEY: still holds the placeholder");
}

static void readers_of_the_database_need_no_key(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_API_KEY", "SECRET\nx");
    assert_int_equal(load_text(bench, "flex = { api_key_file = \"/nowhere\"; };", CONFIG_WITHOUT_KEY), 0);
    assert_null(bench->config->api_key);
    assert_int_equal(bench->config->key_source, KEY_NONE);
}

static void a_key_is_compared_without_being_told(void **state)
{
    struct bench *bench = *state;
    char proof[CONFIG_PROOF_MAX], again[CONFIG_PROOF_MAX];
    set_variable("FLEX_BASE_URL", SITE);
    set_variable("FLEX_API_KEY", KEY);
    assert_int_equal(load_text(bench, "", CONFIG_COMPLETE), 0);
    assert_int_equal(config_key_prove(bench->config, proof, &bench->err), 0);
    assert_int_equal(config_key_prove(bench->config, again, &bench->err), 0);
    assert_string_not_equal(proof, again); /* the salt */
    assert_true(config_key_matches(bench->config, proof) && config_key_matches(bench->config, again));
    for (size_t i = 0; i < strlen(proof); i += 7) {
        strcpy(again, proof);
        again[i] = again[i] == '0' ? '1' : '0';
        assert_false(config_key_matches(bench->config, again));
    }
    static const char *const odd[] = {"", "0", "zz", "the right one"};
    for (size_t i = 0; i < ARRAY_LENGTH(odd); i++)
        assert_false(config_key_matches(bench->config, odd[i]));
    set_variable("FLEX_API_KEY", KEY "x");
    assert_int_equal(load_text(bench, "", CONFIG_COMPLETE), 0);
    assert_false(config_key_matches(bench->config, proof));
    assert_int_equal(load_text(bench, "", CONFIG_WITHOUT_KEY), 0);
    assert_false(config_key_matches(bench->config, proof));
}

static void the_placeholder_of_the_template_is_no_site(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_API_KEY", KEY);
    static const char text[] = "flex = {\n base_url = \"https://SITE.flexrentalsolutions.com/f5/api\"; };";
    assert_int_equal(load_text(bench, text, CONFIG_TEST), -1);
    assert_mistake(bench, ":2: flex.base_url: still has the template's SITE; put the name of your site");
    assert_int_equal(load_text(bench, text, CONFIG_COMPLETE), -1);
    assert_int_equal(load_text(bench, text, CONFIG_WITHOUT_KEY), 0);
}

static void a_test_of_the_settings_looks_for_the_certificates(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_BASE_URL", SITE);
    assert_int_equal(load_text(bench, "flex = {\n ca_file = \"/nowhere/ca.pem\"; };", CONFIG_TEST), -1);
    assert_mistake(bench, ":2: flex.ca_file: cannot be read: No such file or directory; name a file");
    assert_int_equal(load_text(bench, "flex = { ca_file = \"/tmp\"; };", CONFIG_TEST), -1);
    assert_says(bench, "Is a directory");
    write_bytes(bench->key, "x", 1);
    char text[256];
    (void)snprintf(text, sizeof text, "flex = { ca_file = \"%s\"; };", bench->key);
    assert_int_equal(load_text(bench, text, CONFIG_TEST), 0);
}

static void take_note(void *arg, const char *line)
{
    char *notes = arg;
    size_t length = strlen(notes);
    (void)snprintf(notes + length, BYTES_MAX - length, "%s\n", line);
}

static void assert_noted(struct bench *bench, const char *text, const char *path, const char *expected)
{
    static char notes[BYTES_MAX];
    notes[0] = '\0';
    assert_int_equal(load_text(bench, text, CONFIG_TEST), 0);
    config_notes(bench->config, path, take_note, notes);
    if (*expected ? !strstr(notes, expected) : *notes)
        fail_msg("the notes are '%s', and not '%s'", notes, expected);
}

static void what_is_seldom_right_is_noted_and_no_mistake(void **state)
{
    struct bench *bench = *state;
    set_variable("FLEX_BASE_URL", SITE);
    assert_noted(bench, "", NULL, "");
    assert_noted(bench, "", "/etc/flexsync/flexsync.conf", "");
    assert_noted(bench, "database = { path = \"/srv/flex/contacts.db\"; };", "/home/me/flexsync.conf", "");
    assert_noted(
        bench, "database = { path = \"/srv/flex/contacts.db\"; };", NULL,
        "/etc/flexsync/flexsync.conf: note: database.path: flexsyncd.service may write below "
        "/var/lib/flexsync and /var/log/flexsync only; allow it by systemctl edit flexsyncd.service: "
        "[Service] ReadWritePaths=/srv/flex ");
    assert_noted(bench, "log = { file = \"/var/log/app.log\"; };", NULL, "note: log.file: ");
    assert_noted(bench, "limits = { ledger = \"/home/me/quota.db\"; };", NULL,
                 "note: limits.ledger: flexsyncd.service does not see /home of this machine");
    assert_noted(bench, "database = { path = \"/var/lib/flexsync/contacts.db\"; };",
                 "/etc/flexsync/north.conf",
                 "note: database.path: flexsyncd@north.service may write below /var/lib/flexsync/north and");
    assert_noted(bench, "database = { path = \"/var/lib/flexsync/north/contacts.db\"; };",
                 "/etc/flexsync/north.conf", "");
    assert_noted(bench, "database = { path = \"contacts.db\"; };", NULL,
                 "note: database.path: is no whole path");
    write_bytes(bench->key, "x", 1); /* in /tmp */
    char text[256];
    (void)snprintf(text, sizeof text, "flex = { ca_file = \"%s\"; };", bench->key);
    assert_noted(bench, text, NULL, "note: flex.ca_file: flexsyncd.service does not see /tmp");
    set_variable("FLEX_BASE_URL", "https://demo.flexrentalsolutions.com");
    assert_noted(bench, "", "/home/me/flexsync.conf",
                 "/home/me/flexsync.conf: note: flex.base_url: does not end in /f5/api");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_site_is_https_or_this_machine),
        BENCH_TEST(any_other_site_is_refused_with_an_example_and_never_repeated),
        BENCH_TEST(a_missing_site_is_a_mistake_only_where_a_sync_is_wanted),
        BENCH_TEST(a_wrong_site_is_not_called_missing_as_well),
        BENCH_TEST(the_key_comes_from_the_credential_else_the_variable_else_the_file),
        BENCH_TEST(white_space_around_the_key_is_dropped),
        BENCH_TEST(a_key_that_could_forge_a_header_is_refused_and_never_shown),
        BENCH_TEST(a_key_has_a_largest_length),
        BENCH_TEST(a_missing_key_is_told_with_the_remedy),
        BENCH_TEST(a_key_is_compared_without_being_told),
        BENCH_TEST(the_placeholder_of_the_template_is_no_site),
        BENCH_TEST(a_test_of_the_settings_looks_for_the_certificates),
        BENCH_TEST(what_is_seldom_right_is_noted_and_no_mistake),
        BENCH_TEST(a_test_of_the_settings_does_without_a_key_but_not_with_a_bad_one),
        BENCH_TEST(a_key_file_that_cannot_be_read_is_told_with_its_line),
        BENCH_TEST(a_key_in_place_of_the_key_file_is_never_shown),
        BENCH_TEST(the_placeholder_of_the_old_example_is_no_key),
        BENCH_TEST(readers_of_the_database_need_no_key),
    };
    return cmocka_run_group_tests_name("config: site and key", tests, NULL, NULL);
}
