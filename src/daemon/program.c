/* flexsyncd from its command line to its exit status. */
#include "daemon_internal.h"
#include "flexsync/daemon.h"
#include "flexsync/log.h"
#include "flexsync/process.h"
#include "flexsync/site.h"
#include "flexsync/store.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

static void tell_mistake(void *arg, const char *line)
{
    (void)arg;
    log_early(LOG_LEVEL_ERROR, "%s", line);
}

static void tell_note(void *arg, const char *line)
{
    (void)arg;
    log_early(LOG_LEVEL_WARN, "%s", line);
}

static void tell_nobody(void *arg, const char *line)
{
    (void)arg, (void)line;
}

/* What is in force, with where the key is from if that can be seen; without a site and a key too. */
static int load_to_print(const struct options *options, struct config **ret, struct error *err)
{
    if (config_load_told(ret, options->file, CONFIG_TEST, tell_nobody, NULL, err) == 0)
        return 0;
    return config_load_told(ret, options->file, CONFIG_WITHOUT_KEY, tell_mistake, NULL, err);
}

static int load(const struct options *options, struct config **ret, struct error *err)
{
    enum config_need need = options->test ? CONFIG_TEST : CONFIG_COMPLETE;
    if (options->print)
        return load_to_print(options, ret, err);
    return config_load_told(ret, options->file, need, tell_mistake, NULL, err);
}

static int print_settings(const struct config *config)
{
    if (config_print(config, stdout) == 0 && fflush(stdout) == 0)
        return EXIT_STATUS_DONE;
    (void)fputs("flexsyncd: cannot write the output\n", stderr);
    return error_exit_status(ERROR_STORE);
}

/* Do the settings fit the database, as far as this user can see? */
static int test_database(const struct config *config)
{
    struct error err;
    struct store *store = NULL;
    char line[ERROR_LINE_MAX];
    if (store_open(&store, config->database.path, STORE_READ, 0, NULL, &err) < 0)
        return EXIT_STATUS_DONE; /* there is none yet, or its trouble is none of the settings' */
    int r = site_check(store, config, &err);
    (void)store_close(store);
    if (r == 0 || err.code != ERROR_CONFIG)
        return EXIT_STATUS_DONE;
    log_early(LOG_LEVEL_ERROR, "flexsyncd: %s", error_line(line, err.code, err.text));
    return error_exit_status(err.code);
}

static int with_settings(const struct options *options)
{
    struct error err;
    char line[ERROR_LINE_MAX];
    struct config *config = NULL;
    if (load(options, &config, &err) < 0) {
        log_early(LOG_LEVEL_ERROR, "flexsyncd: %s", error_line(line, err.code, err.text));
        return error_exit_status(err.code);
    }
    if (!options->print && !options->test) {
        store_temporary_beside(config->database.path);
        return daemon_run(options, config);
    }
    if (options->test)
        config_notes(config, options->file, tell_note, NULL);
    int status = options->print ? print_settings(config) : test_database(config);
    (void)config_free(config);
    return status;
}

int daemon_main(int argc, char **argv)
{
    struct options options;
    int status = 0;
    if (!options_read(&options, argc, argv, &status))
        return status;
    process_begin();
    config_hide_key();
    (void)signal(SIGPIPE, SIG_IGN); /* nobody reads our stderr any more, or a server left: no reason to end */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_exit_status(ERROR_SYSTEM);
    status = with_settings(&options);
    curl_global_cleanup();
    return status;
}
