#include "flexsync/health.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <stdio.h>
#include <string.h>

#define CLOCK_OFF_MAX (5 * USEC_PER_MIN) /* less than this is no wrong clock */

const char *const health_level_names[HEALTH_LEVELS] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

#define GOES_ON "nothing; the next sync goes on where this one ended"

const struct health_kind health_kinds[STATE_COUNT] = {
    [STATE_OK] = {"ok", "up to date", "", HEALTH_OK, HEALTH_CRITICAL},
    [STATE_STARTING] = {"starting", "the first sync has not ended yet",
                        "nothing; flexsync status shows how far it is", HEALTH_WARNING, HEALTH_WARNING},
    [STATE_UNFINISHED] = {"unfinished", "the last sync was interrupted", GOES_ON, HEALTH_OK, HEALTH_WARNING},
    [STATE_PARTIAL] = {"partial", "some records are missing",
                       "nothing; the next sync asks for what is missing, flexsync sync asks at once",
                       HEALTH_OK, HEALTH_WARNING},
    [STATE_UNPROVEN] = {"unproven", "the listing could not be proven whole",
                        "nothing; the next sync reads the listing again. If every sync ends like that, tell "
                        "Flex's support the numbers",
                        HEALTH_OK, HEALTH_WARNING},
    [STATE_GONE] = {"gone", "too many are gone at once to be believed",
                    "look in Flex whether they are gone; if they are: flexsync sync --accept-vanished",
                    HEALTH_WARNING, HEALTH_WARNING},
    [STATE_PAUSED] = {"paused", "the request quota is used up",
                      "wait, it goes on by itself; flexsync quota shows when", HEALTH_OK, HEALTH_WARNING},
    [STATE_UNREACHABLE] = {"unreachable", "the server cannot be reached, or is in trouble",
                           "check the network; flexsync check tries it now", HEALTH_OK, HEALTH_CRITICAL},
    [STATE_UNTRUSTED] = {"untrusted", "the server's certificate is not trusted",
                         "put a certificate authority of your own into flex.ca_file; look at the clock: "
                         "timedatectl",
                         HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_UNUSABLE] = {"unusable", "the server's answer is of no use",
                        "check flex.base_url, it ends in /f5/api; flexsync check tries it now", HEALTH_OK,
                        HEALTH_CRITICAL},
    [STATE_REFUSED] = {"refused", "the server refuses the API key",
                       "make a new key in Flex and put it in place, then systemctl restart flexsyncd; the "
                       "daemon stays up and tries again on reload or after six hours",
                       HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_FORBIDDEN] = {"forbidden", "the user of the API key may not read the contacts",
                         "in Flex, unlock the key's user or give it the right to read contacts, then "
                         "systemctl reload flexsyncd; or use the key of another user",
                         HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_FULL] = {"full", "the disk is full",
                    "make room where it says; df -h shows the disks. The daemon goes on by itself",
                    HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_BUSY] = {"busy", "another program keeps the database locked",
                    "end the transaction of the program that has the database open: fuser -v names it",
                    HEALTH_OK, HEALTH_CRITICAL},
    [STATE_DAMAGED] = {"damaged", "the database is damaged",
                       "put a backup in its place: flexsync restore FILE; the damaged file is kept aside",
                       HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_STORE] = {"store", "the database cannot be used",
                     "look at the rights on it and its folder (namei -l), and at the disk (journalctl -k)",
                     HEALTH_OK, HEALTH_CRITICAL},
    [STATE_MISSING] = {"missing", "there is no database", "systemctl start flexsyncd, or flexsync sync",
                       HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_CREATE] = {"create", "a file cannot be made",
                      "make its folder, with the right to write there: namei -l FILE", HEALTH_OK,
                      HEALTH_CRITICAL},
    [STATE_SYSTEM] = {"system", "out of memory or of file descriptors",
                      "look what else runs on the machine: free -h", HEALTH_OK, HEALTH_CRITICAL},
    [STATE_SETTINGS] = {"settings", "the settings are wrong", "correct them: flexsyncd -t names each mistake",
                        HEALTH_CRITICAL, HEALTH_CRITICAL},
    [STATE_DOWN] = {"down", "flexsyncd does not run",
                    "systemctl start flexsyncd; why it ended: journalctl -u flexsyncd -n 20", HEALTH_CRITICAL,
                    HEALTH_CRITICAL},
    [STATE_WRITER] = {"writer", "another program writes the database",
                      "wait for its end or stop it, then systemctl start flexsyncd", HEALTH_CRITICAL,
                      HEALTH_CRITICAL},
    [STATE_CLOCK] = {"clock", "this machine's clock is wrong", "set the clock: timedatectl status",
                     HEALTH_WARNING, HEALTH_WARNING},
    [STATE_STALE] = {"stale", "nothing failed, and yet there was no success",
                     "flexsync sync; journalctl -u flexsyncd shows what it does", HEALTH_CRITICAL,
                     HEALTH_CRITICAL},
    [STATE_UNREADABLE] = {"unreadable", "this user may not read the database",
                          "become root or a member of the group: adduser USER flexsync", HEALTH_UNKNOWN,
                          HEALTH_UNKNOWN},
};

/* The words are those of whoever wrote the message. */
static const struct {
    enum error_code code; /* ERROR_NONE: of a sync that is partial, or was killed */
    const char *says;     /* a part of the sentence; NULL: any */
    enum health_state state;
} causes[] = {
    {ERROR_NONE, SYNC_SAYS_STOPPED, STATE_UNFINISHED},
    {ERROR_NONE, SYNC_SAYS_INTERRUPTED, STATE_UNFINISHED},
    {ERROR_NONE, SYNC_SAYS_UNPROVEN, STATE_UNPROVEN},
    {ERROR_NONE, SYNC_SAYS_GONE, STATE_GONE},
    {ERROR_NONE, "quota is used up", STATE_PAUSED},
    {ERROR_NONE, "the server is in trouble", STATE_UNREACHABLE},
    {ERROR_NONE, "does not know most of", STATE_UNUSABLE},
    {ERROR_NONE, NULL, STATE_PARTIAL},
    {ERROR_ANSWER, NULL, STATE_UNUSABLE},
    {ERROR_UNREACHABLE, "certificate", STATE_UNTRUSTED},
    {ERROR_UNREACHABLE, NULL, STATE_UNREACHABLE},
    {ERROR_SYSTEM, NULL, STATE_SYSTEM},
    {ERROR_CREATE, NULL, STATE_CREATE},
    {ERROR_STORE, "make room", STATE_FULL},
    {ERROR_STORE, "keeps it locked", STATE_BUSY},
    {ERROR_STORE, "damaged", STATE_DAMAGED},
    {ERROR_STORE, "restore a backup", STATE_DAMAGED},
    {ERROR_STORE, NULL, STATE_STORE},
    {ERROR_STORE_MISSING, NULL, STATE_MISSING},
    {ERROR_STORE_BUSY, NULL, STATE_BUSY},
    {ERROR_STORE_FULL, NULL, STATE_FULL},
    {ERROR_STORE_CORRUPT, NULL, STATE_DAMAGED},
    {ERROR_QUOTA, NULL, STATE_PAUSED},
    {ERROR_LOCKED, NULL, STATE_WRITER},
    {ERROR_KEY, "may not read", STATE_FORBIDDEN},
    {ERROR_KEY, "unlock that user", STATE_FORBIDDEN},
    {ERROR_KEY, NULL, STATE_REFUSED},
    {ERROR_CONFIG, NULL, STATE_SETTINGS},
};

static enum health_state state_of(enum error_code code, const char *text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++)
        if (causes[i].code == code && (!causes[i].says || strstr(text, causes[i].says)))
            return causes[i].state;
    return STATE_PARTIAL;
}

enum health_state health_of_error(const struct error *err)
{
    return state_of(err->code, err->text);
}

/* The first code with that exit status: sync_log knows no other. */
static enum error_code code_of(int64_t exit_status)
{
    for (enum error_code code = ERROR_USAGE; code < ERROR_CODE_COUNT; code++)
        if (error_exit_status(code) == exit_status)
            return code;
    return ERROR_NONE;
}

enum health_state health_of_cycle(const struct sync_row *row)
{
    return row->status == SYNC_SUCCESS ? STATE_OK : state_of(code_of(row->exit_status), row->error_message);
}

/* What the daemon, or else the last sync that ended, says; *ret_text its sentence, or "". */
static enum health_state health_of_work(const struct health_input *input, const char **ret_text)
{
    const struct facts *daemon = input->daemon;
    *ret_text = "";
    if (daemon && daemon->cause != ERROR_NONE) {
        *ret_text = daemon->trouble;
        return state_of(daemon->cause, daemon->trouble);
    }
    if (!input->ended)
        return STATE_STARTING;
    *ret_text = input->ended->error_message;
    return health_of_cycle(input->ended);
}

static bool health_is_off(const struct health_input *input)
{
    return input->clock_ahead > CLOCK_OFF_MAX || input->clock_ahead < -CLOCK_OFF_MAX ||
           input->success_at > input->now + CLOCK_OFF_MAX;
}

/* Of a daemon that runs, and a database that can be read. */
static enum health_state health_of_running(const struct health_input *input, bool late, const char **ret_text)
{
    enum health_state state = health_of_work(input, ret_text);
    if (health_kinds[state].recent != HEALTH_CRITICAL && health_is_off(input)) {
        *ret_text = "";
        return STATE_CLOCK;
    }
    return state == STATE_OK && late ? STATE_STALE : state;
}

static enum health_state health_of(const struct health_input *input, bool late, const char **ret_text)
{
    *ret_text = "";
    if (input->unread) {
        enum health_state state = health_of_error(input->unread);
        *ret_text = input->unread->text;
        return state == STATE_STORE || state == STATE_BUSY ? STATE_UNREADABLE : state;
    }
    if (input->held < 0)
        return STATE_UNREADABLE;
    if (input->held == 0)
        return STATE_DOWN;
    if (strcmp(input->program, "flexsyncd") != 0)
        return STATE_WRITER;
    return health_of_running(input, late, ret_text);
}

/* What the sentence adds to the state's own words. */
static void add_detail(char text[static HEALTH_TEXT_MAX], const struct health_input *input,
                       enum health_state state)
{
    char span[TEXT_MAX];
    size_t length = strlen(text);
    int64_t ahead = input->clock_ahead ? input->clock_ahead : input->now - input->success_at;
    if (state == STATE_WRITER)
        (void)snprintf(text + length, HEALTH_TEXT_MAX - length, ": %.40s (process %d)", input->program,
                       input->process);
    else if (state == STATE_CLOCK)
        (void)snprintf(text + length, HEALTH_TEXT_MAX - length, ": it is %s %s %s",
                       text_format_span(span, ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of",
                       input->clock_ahead ? "the server's" : "the time of the last sync");
    else if (state == STATE_DOWN && input->ended && input->ended->status == SYNC_FAILED)
        (void)snprintf(text + length, HEALTH_TEXT_MAX - length, "; its last sync failed: %.400s",
                       input->ended->error_message);
}

static void add_success(char text[static HEALTH_TEXT_MAX], const struct health_input *input)
{
    char span[TEXT_MAX];
    size_t length = strlen(text);
    if (input->unread)
        return;
    if (!input->success_at)
        (void)snprintf(text + length, HEALTH_TEXT_MAX - length, "; no success yet");
    else if (input->success_at <= input->now)
        (void)snprintf(text + length, HEALTH_TEXT_MAX - length, "; last success %s ago",
                       text_format_span(span, input->now - input->success_at));
}

void health_judge(struct health *ret, const struct health_input *input)
{
    const char *text = "";
    bool late = !input->success_at || input->now - input->success_at > input->max_age;
    enum health_state state = health_of(input, late, &text);
    const struct health_kind *kind = &health_kinds[state];
    *ret = (struct health){
        .state = state, .level = late ? kind->late : kind->recent, .success_at = input->success_at};
    (void)snprintf(ret->text, sizeof ret->text, "%.500s", *text ? text : kind->text);
    add_detail(ret->text, input, state);
    add_success(ret->text, input);
    text_disarm(ret->text);
}
