/*
 * flexsim: a stand-in for a Flex Rental Solutions site, for tests, benchmarks and the quick start. It answers
 * as flex-api.md says, on loopback, with made-up contacts, and misbehaves by script. See --help.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "control.h"
#include "options.h"
#include "server.h"

#ifndef FLEXSIM_VERSION
#define FLEXSIM_VERSION "0"
#endif

#define DESCRIPTORS 8192
#define EXIT_USAGE  64
#define EXIT_LISTEN 69
#define EXIT_CREATE 73

static int print_help(void)
{
    struct buf b = {0};
    buf_puts(&b, "flexsim - a stand-in for a Flex Rental Solutions site\n\n"
                 "Usage: flexsim [OPTION…]\n\n"
                 "Answers GET /f5/api/contact, /contact/search, /contact/{id}, /resource-type and\n"
                 "/user-profile/current-user, and the site's specification, on loopback, with made-up "
                 "contacts. Options marked * can be changed while it runs.\n");
    options_help(&b);
    buf_puts(&b, "     --help, --version\n\n");
    buf_puts(&b, script_help());
    buf_puts(&b, "\nControl requests, GET or POST, without key, never counted:\n");
    control_help(&b);
    buf_puts(
        &b,
        "\nExamples:\n"
        "  flexsim --port 0 --port-file /tmp/port --hourly 0 --daily 0 --monthly 0\n"
        "  flexsim --contacts 60 --order shuffle --sort ignore --latency 60 --script faults.txt\n"
        "  flexsim --edit-rate 50 --visible-share 20 --hourly 20 --daily 100 --monthly 1000\n"
        "  curl -H 'X-Auth-Token: flexsim-key' 'http://127.0.0.1:8080/f5/api/contact?page=1&size=2000'\n"
        "  curl -X POST 'http://127.0.0.1:8080/__edit?n=12&kind=rename'\n"
        "  curl -X POST --data-binary 'detail => hang' http://127.0.0.1:8080/__script\n"
        "  curl 'http://127.0.0.1:8080/__config?hourly=200&sort=ignore'; curl http://127.0.0.1:8080/__stats\n"
        "\nExit status: 0 ended by SIGTERM or SIGINT, 64 usage, 69 cannot listen, 73 cannot write the port "
        "file.\n");
    bool good = !b.failed && fwrite(b.data, 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    buf_free(&b);
    return good ? 0 : EXIT_CREATE;
}

/* Whole or not at all: whoever waits for the file may read it as soon as it is there. */
static int write_port_file(const char *path, unsigned port)
{
    char temporary[PATH_MAX + 32];
    (void)snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
    FILE *file = fopen(temporary, "we");
    if (!file)
        return -errno;
    bool good = fprintf(file, "%u\n", port) > 0;
    good &= fclose(file) == 0;
    if (good && rename(temporary, path) == 0)
        return 0;
    int error = errno ? -errno : -EIO;
    (void)unlink(temporary);
    return error;
}

static int announce(const struct settings *set, unsigned port)
{
    if (set->port_file[0]) {
        int error = write_port_file(set->port_file, port);
        if (error < 0) {
            (void)fprintf(stderr, "flexsim: %s: %s\n", set->port_file, strerror(-error));
            return EXIT_CREATE;
        }
    }
    bool ipv6 = strchr(set->listen, ':') != NULL;
    (void)printf("flexsim: %s://%s%s%s:%u/f5/api, %lld contacts, key %s\n",
                 set->tls_cert[0] ? "https" : "http", ipv6 ? "[" : "", set->listen, ipv6 ? "]" : "", port,
                 (long long)set->contacts, set->key);
    (void)fflush(stdout);
    return 0;
}

static void summarize(struct sim *s)
{
    struct buf b = {0};
    stats_summary(s->stats, &b);
    if (!b.failed)
        (void)fwrite(b.data, 1, b.len, stdout);
    (void)fflush(stdout);
    buf_free(&b);
}

/* Until somebody wants it to end. The settings are those it began with: the running ones may change by now.
 */
static int serve(struct sim *s, const struct settings *set, const sigset_t *ending)
{
    char error[SCRIPT_ERROR_MAX];
    struct server *server;
    if (server_new(s, error, &server) < 0) {
        (void)fprintf(stderr, "flexsim: %s\n", error);
        return EXIT_LISTEN;
    }
    int status = announce(set, server_port(server)), number;
    if (status == 0)
        (void)sigwait(ending, &number);
    if (status == 0 && set->port_file[0])
        (void)unlink(set->port_file);
    server_free(server);
    if (status == 0)
        summarize(s);
    return status;
}

/* A connection is a descriptor, and there may be thousands. */
static void want_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct settings set;
    char error[OPTIONS_ERROR_MAX];
    enum options_result result = options_read(argc, argv, &set, error);
    if (result == OPTIONS_HELP)
        return print_help();
    if (result == OPTIONS_VERSION)
        return puts("flexsim " FLEXSIM_VERSION) < 0 ? EXIT_CREATE : 0;
    if (result == OPTIONS_WRONG) {
        (void)fprintf(stderr, "flexsim: %s (see flexsim --help)\n", error);
        return EXIT_USAGE;
    }
    if (!server_may_listen(&set)) {
        (void)fprintf(stderr, "flexsim: listen: '%s' is no loopback address\n", set.listen);
        return EXIT_USAGE;
    }
    /* Blocked before there are threads, so that only sigwait() sees them. */
    sigset_t ending;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    want_descriptors();
    struct sim *sim;
    if (sim_new(&set, error, &sim) < 0) {
        (void)fprintf(stderr, "flexsim: %s\n", error);
        return EXIT_USAGE;
    }
    int status = serve(sim, &set, &ending);
    sim_free(sim);
    return status;
}
