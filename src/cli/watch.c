/*
 * `flexsync status --watch`: the status again and again, in place.
 *
 * It is read anew every second, from the file of that name, and drawn where it differs. A frame is written at
 * once, over the one before, and the cursor is left below it: however the program ends, the terminal is as it
 * was. What has no room on the screen is left out.
 */
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "render.h"
#include "status.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define WATCH_EVERY  USEC_PER_SEC
#define WATCH_SLACK  (10 * USEC_PER_MSEC)
#define LINES_USUAL  24
#define CLEAR_SCREEN "\033[H\033[2J"
#define CLEAR_BELOW  "\033[J"
#define WRAP_OFF     "\033[?7l" /* a line that is too long loses its end, and takes no second one */
#define WRAP_ON      "\033[?7h"
#define FRAME_MAX    32768 /* bytes that are written at once */

struct watch {
    const struct config *config;
    sd_event *event;
    sd_event_source *timer;
    sd_event_source *signals[4];
    char *shown;        /* the frame on the screen; NULL: none */
    bool disturbed;     /* where it begins is not known any more: the terminal has broken lines anew */
    struct error error; /* of a first reading that failed */
};

static size_t screen_lines(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : LINES_USUAL;
}

static void cut_lines(char *frame, size_t most)
{
    size_t lines = 0;
    for (char *p = frame; (p = strchr(p, '\n')); p++)
        if (++lines == most)
            p[1] = '\0';
}

static size_t count_lines(const char *frame)
{
    size_t lines = 0;
    for (const char *p = frame; (p = strchr(p, '\n')); p++)
        lines++;
    return lines;
}

/* The cursor to the first line of the frame before, and each line over the one that stood there. */
static void draw(struct watch *watch, const char *frame)
{
    size_t before = watch->shown ? count_lines(watch->shown) : 0;
    (void)fputs(WRAP_OFF, stdout);
    if (watch->disturbed)
        (void)fputs(CLEAR_SCREEN, stdout);
    else if (before > 0)
        (void)printf("\033[%zuA", before);
    for (const char *line = frame; *line;) {
        size_t length = strcspn(line, "\n");
        (void)printf("\033[K%.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    (void)fputs(CLEAR_BELOW WRAP_ON, stdout);
    (void)fflush(stdout);
}

static int print_frame(const struct watch *watch, FILE *out, struct error *err)
{
    struct summary summary;
    if (summary_read(&summary, watch->config, 0, err) < 0) {
        if (!watch->shown)
            return -1;
        render_fact_tone(out, RENDER_BAD, "Database", "%s", err->text); /* it may come back */
        return 0;
    }
    summary_print(out, &summary);
    if (summary.asked < 0)
        render_fact_tone(out, RENDER_WARN, "", "%s", summary.asking.text);
    return 0;
}

static int make_frame(const struct watch *watch, char **ret, struct error *err)
{
    char *frame = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&frame, &length);
    if (!out)
        return error_memory(err);
    int r = print_frame(watch, out, err);
    if (fclose(out) != 0 && r == 0)
        r = error_memory(err);
    if (r < 0)
        free(frame);
    else
        *ret = frame;
    return r;
}

/* Reads, and draws what is new. */
static int look(struct watch *watch, struct error *err)
{
    char *frame = NULL;
    if (make_frame(watch, &frame, err) < 0)
        return -1;
    cut_lines(frame, screen_lines() - 1); /* the cursor takes one */
    if (watch->disturbed || !watch->shown || strcmp(frame, watch->shown) != 0)
        draw(watch, frame);
    free(watch->shown);
    watch->shown = frame;
    watch->disturbed = false;
    return ferror(stdout) ? error_set(err, ERROR_STORE, RETRY_NEVER, "cannot write the output") : 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)usec;
    struct watch *watch = user;
    if (look(watch, &watch->error) < 0)
        return sd_event_exit(watch->event, -1);
    (void)sd_event_source_set_time_relative(source, (uint64_t)WATCH_EVERY);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_disturbed(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct watch *watch = user;
    watch->disturbed = true;
    return sd_event_source_set_time_relative(watch->timer, 0);
}

/* NULL as handler: ends the loop. */
static int set_up(struct watch *watch)
{
    static const struct {
        int number;
        sd_event_signal_handler_t handler;
    } signals[] = {{SIGINT, NULL}, {SIGTERM, NULL}, {SIGWINCH, on_disturbed}, {SIGCONT, on_disturbed}};
    int r = sd_event_new(&watch->event);
    for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(signals); i++)
        r = sd_event_add_signal(watch->event, &watch->signals[i],
                                signals[i].number | SD_EVENT_SIGNAL_PROCMASK, signals[i].handler,
                                signals[i].handler ? watch : NULL);
    if (r >= 0)
        r = sd_event_add_time_relative(watch->event, &watch->timer, CLOCK_MONOTONIC, 0, (uint64_t)WATCH_SLACK,
                                       on_timer, watch);
    return r < 0 ? error_set(&watch->error, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s",
                             strerror(-r))
                 : 0;
}

int status_watch(const struct config *config)
{
    struct watch watch = {.config = config};
    (void)setvbuf(stdout, NULL, _IOFBF, FRAME_MAX);
    int r = set_up(&watch);
    if (r == 0)
        r = sd_event_loop(watch.event);
    (void)sd_event_source_disable_unref(watch.timer);
    for (size_t i = 0; i < ARRAY_LENGTH(watch.signals); i++)
        (void)sd_event_source_disable_unref(watch.signals[i]);
    (void)sd_event_unref(watch.event);
    free(watch.shown);
    return r < 0 ? command_failed(&watch.error) : EXIT_STATUS_DONE;
}
