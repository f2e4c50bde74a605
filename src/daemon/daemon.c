#include "daemon_internal.h"
#include "flexsync/cleanup.h"
#include "flexsync/control.h"
#include "flexsync/engine.h"
#include "flexsync/notify.h"
#include "flexsync/text.h"
#include "schedule.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define STATUS_EVERY USEC_PER_SEC        /* how often STATUS follows a cycle that runs */
#define EXTEND       (60 * USEC_PER_SEC) /* that a start asks for, beyond the time that it has, */
#define EXTEND_EVERY (5 * USEC_PER_SEC)  /* and asks for again */
#define LOOK_EVERY   USEC_PER_MIN        /* how often an idle daemon looks whether its files are there */

struct daemon {
    struct options options;
    struct log *log;
    sd_event *event;
    struct engine *engine;
    struct control *control; /* NULL: there is no socket */
    struct check *check;     /* that somebody waits for, or NULL */
    struct schedule schedule;
    int64_t extended_at;       /* monotonic */
    sd_event_source *timer;    /* the schedule */
    sd_event_source *status;   /* STATUS while a cycle runs */
    sd_event_source *look;     /* after the files */
    sd_event_source *watchdog; /* NULL without one */
    sd_event_source *signals[5];
    uint64_t watchdog_usec;
    bool on_start, ending;
    bool moved; /* the last run ended because its database was removed or replaced */
    char last_status[FACTS_LINE_MAX];
};

static int64_t now_monotonic(void)
{
    return clock_monotonic(&clock_system);
}

static void log_event(struct daemon *daemon, enum event event, const char *text)
{
    const struct log_record record = {.level = event_kinds[event].level, .message_id = event_kinds[event].id};
    log_write(daemon->log, &record, "%s", text);
}

static struct log_options log_options_of(const struct config *config)
{
    return (struct log_options){.level = (enum log_level)config->log.level,
                                .file = config->log.file,
                                .error_file = config->log.error_file};
}

static void facts_now(void *arg, struct facts *ret)
{
    struct daemon *daemon = arg;
    engine_facts(daemon->engine, ret);
    if (!engine_busy(daemon->engine))
        ret->next_at = ret->now + daemon->schedule.next - now_monotonic();
}

static char *status_line(struct daemon *daemon, char *line, size_t size)
{
    struct facts facts;
    facts_now(daemon, &facts);
    return facts_line(line, size, &facts);
}

static void tell_status(struct daemon *daemon)
{
    char line[FACTS_LINE_MAX];
    (void)status_line(daemon, line, sizeof line);
    if (strcmp(line, daemon->last_status) == 0)
        return;
    (void)snprintf(daemon->last_status, sizeof daemon->last_status, "%s", line);
    notify_status(line);
}

static void arm(sd_event_source *source, int64_t delay)
{
    (void)sd_event_source_set_time_relative(source, delay > 0 ? (uint64_t)delay : 0);
    (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void arm_schedule(struct daemon *daemon)
{
    if (!daemon->options.once)
        arm(daemon->timer, daemon->schedule.next - now_monotonic());
}

/* A run for certain contacts stands beside the schedule. */
static int ask_engine(void *arg, const struct engine_request *request, uint64_t *ret_run, struct error *err)
{
    struct daemon *daemon = arg;
    if (request->id_count == 0 && !engine_busy(daemon->engine))
        schedule_begun(&daemon->schedule, now_monotonic());
    (void)sd_event_source_set_enabled(daemon->timer, SD_EVENT_OFF); /* the end of the run sets it again */
    arm(daemon->status, 0);
    int r = engine_sync(daemon->engine, request, ret_run, err); /* may end at once */
    if (r < 0 && !engine_busy(daemon->engine))
        arm_schedule(daemon);
    return r;
}

static void sync_now(struct daemon *daemon, enum sync_trigger trigger)
{
    const struct engine_request request = {.trigger = trigger};
    struct error err;
    if (ask_engine(daemon, &request, NULL, &err) < 0)
        log_line(daemon->log, LOG_LEVEL_ERROR, "%s", err.text);
}

static void note_schedule(struct daemon *daemon, const struct engine_result *result)
{
    int64_t pause = result->resumes_at ? result->resumes_at - clock_wall(&clock_system) : 0;
    if (result->resumes_at && pause < 1) /* a short pause was over before the cycle was: go on at once */
        pause = 1;
    if (result->asked)
        schedule_ended_beside(&daemon->schedule, result->error.code, pause, now_monotonic());
    else
        schedule_ended(&daemon->schedule, result->error.code, pause, now_monotonic());
}

static void on_finished(void *arg, const struct engine_result *result)
{
    struct daemon *daemon = arg;
    note_schedule(daemon, result);
    if (daemon->control)
        control_finished(daemon->control, result); /* may ask for more */
    const struct engine_request *next = engine_next(daemon->engine);
    if (!next)
        tell_status(daemon);
    else if (next->id_count == 0)
        schedule_begun(&daemon->schedule, now_monotonic());
    /* Once: where files do not stay put, the next one comes at its time. */
    bool again = result->moved && !daemon->moved && !next;
    daemon->moved = result->moved;
    if (daemon->options.once || daemon->ending || result->over || result->error.code == ERROR_STORE_CORRUPT)
        (void)sd_event_exit(daemon->event, result->exit_status);
    else if (again)
        sync_now(daemon, TRIGGER_START);
    else if (!next)
        arm_schedule(daemon);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct daemon *daemon = user;
    sync_now(daemon, daemon->schedule.trigger);
    return 0;
}

static int on_status(sd_event_source *source, uint64_t usec, void *user)
{
    (void)usec;
    struct daemon *daemon = user;
    tell_status(daemon);
    if (engine_busy(daemon->engine))
        arm(source, STATUS_EVERY);
    return 0;
}

static int on_look(sd_event_source *source, uint64_t usec, void *user)
{
    (void)usec;
    struct daemon *daemon = user;
    if (!engine_busy(daemon->engine) && engine_look(daemon->engine))
        sync_now(daemon, TRIGGER_START);
    arm(source, LOOK_EVERY);
    return 0;
}

/* A loop that turns while a cycle hangs is a hang too. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *user)
{
    (void)usec;
    struct daemon *daemon = user;
    if (!engine_stuck(daemon->engine))
        notify_watchdog();
    arm(source, (int64_t)daemon->watchdog_usec / 2);
    return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct daemon *daemon = user;
    notify_stopping();
    daemon->ending = true; /* the end of the cycle is the end of the program */
    if (daemon->control)
        control_stop(daemon->control);
    engine_stop(daemon->engine);
    if (!engine_busy(daemon->engine))
        (void)sd_event_exit(daemon->event, EXIT_STATUS_DONE);
    return 0;
}

static int on_usr1(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct daemon *daemon = user;
    char line[FACTS_LINE_MAX];
    log_event(daemon, EVENT_STATUS, status_line(daemon, line, sizeof line));
    return 0;
}

/* As `flexsyncd -t` prints it. */
static void tell_mistake(void *arg, const char *line)
{
    log_event(arg, EVENT_RELOAD_REFUSED, line);
}

static void take_config(struct daemon *daemon, struct config *config)
{
    struct error err;
    char names[CONFIG_NAMES_MAX];
    const struct log_options options = log_options_of(config);
    if (log_reconfigure(daemon->log, &options, &err) < 0)
        log_event(daemon, EVENT_RELOAD_REFUSED, err.text);
    schedule_change(&daemon->schedule, config->sync.interval, now_monotonic());
    if (config_needs_restart(engine_config(daemon->engine), config, names)) {
        char text[ERROR_TEXT_MAX];
        (void)snprintf(text, sizeof text,
                       "%s changed in the settings: that needs a restart, everything else is taken over",
                       names);
        log_event(daemon, EVENT_RELOAD_REFUSED, text);
    }
    engine_configure(daemon->engine, config);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct daemon *daemon = user;
    struct error err;
    struct config *config = NULL;
    char line[FACTS_LINE_MAX];
    notify_reloading();
    if (config_load_told(&config, daemon->options.file, CONFIG_COMPLETE, tell_mistake, daemon, &err) < 0) {
        (void)snprintf(line, sizeof line, "%.400s; the old settings stay", err.text);
        log_event(daemon, EVENT_RELOAD_REFUSED, line);
    } else {
        take_config(daemon, config);
        log_event(daemon, EVENT_RELOADED, "settings read again");
    }
    sync_now(daemon, TRIGGER_SIGNAL);
    notify_ready(status_line(daemon, line, sizeof line));
    return 0;
}

static const struct {
    int number;
    sd_event_signal_handler_t handler;
} signal_table[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}, {SIGUSR1, on_usr1}};

static int add_timer(struct daemon *daemon, sd_event_source **ret, sd_event_time_handler_t handler)
{
    int r = sd_event_add_time_relative(daemon->event, ret, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 10, handler,
                                       daemon);
    return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static int add_sources(struct daemon *daemon)
{
    int r = 0;
    for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(signal_table); i++)
        r = sd_event_add_signal(daemon->event, &daemon->signals[i],
                                signal_table[i].number | SD_EVENT_SIGNAL_PROCMASK, signal_table[i].handler,
                                daemon);
    if (r >= 0)
        r = add_timer(daemon, &daemon->timer, on_timer);
    if (r >= 0)
        r = add_timer(daemon, &daemon->status, on_status);
    if (r >= 0)
        r = add_timer(daemon, &daemon->look, on_look);
    if (r >= 0 && !daemon->options.once)
        arm(daemon->look, LOOK_EVERY);
    if (r >= 0 && sd_watchdog_enabled(0, &daemon->watchdog_usec) > 0) {
        r = add_timer(daemon, &daemon->watchdog, on_watchdog);
        if (r >= 0)
            arm(daemon->watchdog, (int64_t)daemon->watchdog_usec / 2);
    }
    return r;
}

static void log_start(struct daemon *daemon)
{
    static const char *const key_sources[] = {[KEY_NONE] = "nowhere",
                                              [KEY_CREDENTIAL] = "the credential flex-api-key",
                                              [KEY_ENVIRONMENT] = "FLEX_API_KEY",
                                              [KEY_FILE] = "flex.api_key_file"};
    const struct config *config = engine_config(daemon->engine);
    char line[ERROR_TEXT_MAX * 2], interval[TEXT_MAX];
    (void)snprintf(line, sizeof line,
                   "flexsyncd %s: %.300s into %.300s every %s, at most %" PRId64
                   " requests at a time, key from %s",
                   FLEXSYNC_VERSION, config->flex.base_url, config->database.path,
                   text_format_duration(interval, config->sync.interval), config->limits.concurrent,
                   key_sources[config->key_source]);
    log_event(daemon, EVENT_STARTED, line);
}

static void on_opening(void *arg)
{
    struct daemon *daemon = arg;
    int64_t now = now_monotonic();
    if (daemon->extended_at && now - daemon->extended_at < EXTEND_EVERY)
        return;
    daemon->extended_at = now;
    notify_extend(EXTEND);
    if (daemon->watchdog) /* where another database is opened under a daemon that runs */
        notify_watchdog();
}

static void on_checked(void *arg, const struct check_finding *findings, size_t count)
{
    struct daemon *daemon = arg;
    struct check *done = take_pointer(daemon->check);
    control_checked(daemon->control, findings, count); /* may ask for another one */
    (void)check_free(done);
}

/* Whoever asks while one is under way gets the findings of that one. */
static int ask_check(void *arg, struct error *err)
{
    struct daemon *daemon = arg;
    const struct check_options options = {.event = daemon->event,
                                          .clock = &clock_system,
                                          .config = engine_config(daemon->engine),
                                          .done = on_checked,
                                          .arg = daemon};
    return daemon->check ? 0 : check_new(&daemon->check, &options, err);
}

static bool same_key(void *arg, const char *proof)
{
    const struct daemon *daemon = arg;
    return config_key_matches(engine_config(daemon->engine), proof);
}

/* Without the socket the daemon does its work all the same. */
static void set_up_control(struct daemon *daemon)
{
    const char *database = engine_database(daemon->engine);
    CLEANUP_FREE char *path = control_path(database);
    struct error err;
    const struct control_options options = {.event = daemon->event,
                                            .clock = &clock_system,
                                            .path = path,
                                            .database = database,
                                            .facts = facts_now,
                                            .sync = ask_engine,
                                            .check = ask_check,
                                            .same_key = same_key,
                                            .arg = daemon};
    if (daemon->options.once)
        return;
    if (path ? control_new(&daemon->control, &options, &err) < 0 : error_memory(&err) < 0)
        log_event(daemon, EVENT_CONTROL_TROUBLE, err.text);
    else
        engine_reachable(daemon->engine, path);
}

static int set_up(struct daemon *daemon, struct config *config, struct error *err)
{
    const struct log_options log_options = log_options_of(config);
    const int64_t interval = config->sync.interval;
    daemon->on_start = config->sync.on_start;
    if (log_new(&daemon->log, &log_options, err) < 0) {
        (void)config_free(config);
        return -1;
    }
    int r = sd_event_new(&daemon->event);
    if (r >= 0)
        r = add_sources(daemon);
    if (r < 0) {
        (void)config_free(config);
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r));
    }
    const struct engine_options options = {.event = daemon->event,
                                           .clock = &clock_system,
                                           .log = daemon->log,
                                           .program = "flexsyncd",
                                           .finished = on_finished,
                                           .opening = on_opening,
                                           .arg = daemon};
    if (engine_new(&daemon->engine, config, &options, err) < 0)
        return -1;
    schedule_start(&daemon->schedule, interval, daemon->on_start, now_monotonic());
    set_up_control(daemon);
    return 0;
}

static int run(struct daemon *daemon)
{
    char line[FACTS_LINE_MAX];
    log_start(daemon);
    notify_ready(status_line(daemon, line, sizeof line));
    if (daemon->options.once)
        sync_now(daemon, TRIGGER_MANUAL);
    else
        arm_schedule(daemon);
    int r = sd_event_loop(daemon->event);
    log_event(daemon, EVENT_STOPPED, "flexsyncd ends");
    if (r < 0)
        return error_exit_status(ERROR_SYSTEM);
    return daemon->ending && !daemon->options.once ? EXIT_STATUS_DONE : r;
}

static void tear_down(struct daemon *daemon)
{
    daemon->control = control_free(daemon->control);
    daemon->check = check_free(daemon->check);
    daemon->engine = engine_free(daemon->engine);
    for (size_t i = 0; i < ARRAY_LENGTH(daemon->signals); i++)
        (void)sd_event_source_disable_unref(daemon->signals[i]);
    (void)sd_event_source_disable_unref(daemon->timer);
    (void)sd_event_source_disable_unref(daemon->status);
    (void)sd_event_source_disable_unref(daemon->look);
    (void)sd_event_source_disable_unref(daemon->watchdog);
    (void)sd_event_unref(daemon->event);
    daemon->log = log_free(daemon->log);
}

/* Under systemd it is mostly the unit that forbids a file, and no right on a folder would help. */
static void tell_failure(struct daemon *daemon, const struct error *err)
{
    char line[ERROR_LINE_MAX], text[ERROR_LINE_MAX];
    bool unit = err->code == ERROR_CREATE && getenv("INVOCATION_ID");
    (void)snprintf(
        text, sizeof text, "%s%s", err->text,
        unit ? "; the unit must allow it too: systemctl edit flexsyncd, [Service], ReadWritePaths= with "
               "that folder"
             : "");
    (void)error_line(line, err->code, text);
    if (daemon->log)
        log_line(daemon->log, LOG_LEVEL_ERROR, "%s", line);
    else
        log_early(LOG_LEVEL_ERROR, "flexsyncd: %s", line);
}

int daemon_run(const struct options *options, struct config *config)
{
    struct daemon daemon = {.options = *options};
    struct error err = {0};
    int status;
    if (set_up(&daemon, config, &err) < 0) {
        tell_failure(&daemon, &err);
        status = error_exit_status(err.code);
    } else {
        status = run(&daemon);
    }
    tear_down(&daemon);
    return status;
}
