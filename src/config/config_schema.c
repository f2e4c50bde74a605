#include "flexsync/config_schema.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/config.h"
#include "flexsync/log.h"
#include "flexsync/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AT(in, member) .group = #in, .name = #member, .offset = offsetof(struct config, in.member)
#define CHOICES(array) .choices = (array), .choice_count = ARRAY_LENGTH(array)
#define YEAR           (365 * USEC_PER_DAY)

static const char *const plans[] = {
    [PLAN_ENTERPRISE] = "enterprise",
    [PLAN_ENTERPRISE_PLUS] = "enterprise-plus",
    [PLAN_LITE] = "lite",
};

static const char *const strategies[] = {
    [STRATEGY_AUTO] = "auto",
    [STRATEGY_INCREMENTAL] = "incremental",
    [STRATEGY_FULL] = "full",
};

const struct setting config_schema[SETTING_COUNT] = {
    [SETTING_BASE_URL] = {AT(flex, base_url), .type = SETTING_SITE, .environment = "FLEX_BASE_URL",
                          .example = "https://SITE.flexrentalsolutions.com/f5/api",
                          .help = "The address of your site's API; needed. https, except to this machine."},
    [SETTING_API_KEY_FILE] =
        {AT(flex, api_key_file), .type = SETTING_PATH, .environment = "FLEX_API_KEY_FILE",
         .example = "/etc/flexsync/api-key",
         .help = "The file that holds the API key and nothing else, as a whole path. Read only if there\n"
                 "is neither the systemd credential flex-api-key nor the variable FLEX_API_KEY."},
    [SETTING_TIMEOUT] = {AT(flex, timeout), .type = SETTING_DURATION, .fallback = "30s", .min = USEC_PER_SEC,
                         .max = USEC_PER_HOUR, .help = "How long a request may take as a whole."},
    [SETTING_CONNECT_TIMEOUT] = {AT(flex, connect_timeout), .type = SETTING_DURATION, .fallback = "10s",
                                 .min = USEC_PER_SEC, .max = USEC_PER_HOUR,
                                 .help = "How long it may take to reach the server."},
    [SETTING_CA_FILE] = {AT(flex, ca_file), .type = SETTING_PATH, .example = "/etc/ssl/certs/company-ca.pem",
                         .help = "Certificate authorities to trust in place of the system's, as a PEM file."},
    [SETTING_PROXY] =
        {AT(flex, proxy), .type = SETTING_STRING, .example = "http://proxy.example.com:3128",
         .help = "The proxy on the way to the server. Variables such as https_proxy are not heeded.\n"
                 "A password in it is shown by flexsyncd -T."},

    [SETTING_PLAN] = {AT(limits, plan), .type = SETTING_CHOICE, .fallback = "enterprise", CHOICES(plans),
                      .help = "Your plan with Flex: 100,000 requests a month for enterprise, 250,000 for\n"
                              "enterprise-plus, 1,000 for lite; a tenth of that a day, a fiftieth an hour."},
    [SETTING_HOURLY] = {AT(limits, hourly), .type = SETTING_INTEGER, .computed = "from the plan",
                        .example = "2000", .min = 1, .max = 1000000000, .unit = "requests",
                        .help = "Requests an hour."},
    [SETTING_DAILY] = {AT(limits, daily), .type = SETTING_INTEGER, .computed = "from the plan",
                       .example = "10000", .min = 1, .max = 1000000000, .unit = "requests",
                       .help = "Requests a day."},
    [SETTING_MONTHLY] = {AT(limits, monthly), .type = SETTING_INTEGER, .computed = "from the plan",
                         .example = "100000", .min = 1, .max = 1000000000, .unit = "requests",
                         .help = "Requests a month."},
    [SETTING_CONCURRENT] = {AT(limits, concurrent), .type = SETTING_INTEGER, .fallback = "30", .min = 1,
                            .max = 30, .unit = "requests",
                            .help = "Requests in flight at the same time; the server allows 30."},
    [SETTING_RATE] = {AT(limits, rate), .type = SETTING_REAL, .fallback = "10.0", .min = 0, .max = 1000,
                      .unit = "requests a second",
                      .help = "How fast to send in the long run; 0 for as fast as the answers come."},
    [SETTING_BURST] = {AT(limits, burst), .type = SETTING_INTEGER, .fallback = "30", .min = 1, .max = 10000,
                       .unit = "requests", .help = "How many requests may go out at once after a silence."},
    [SETTING_SHARE] = {AT(limits, share), .type = SETTING_INTEGER, .fallback = "50", .min = 1, .max = 100,
                       .unit = "percent",
                       .help = "How much of every quota background work may use; the rest is for people\n"
                               "and other programs."},
    [SETTING_LEDGER] =
        {AT(limits, ledger), .type = SETTING_PATH, .computed = "quota.db beside the database",
         .example = "/var/lib/flexsync/quota.db", .needs_restart = true,
         .help = "Where used requests are counted. One file for all programs that use the account."},

    [SETTING_INTERVAL] = {AT(sync, interval), .type = SETTING_DURATION, .fallback = "15min",
                          .min = USEC_PER_SEC, .max = YEAR, .help = "The time from one sync to the next."},
    [SETTING_ON_START] = {AT(sync, on_start), .type = SETTING_BOOLEAN, .fallback = "true",
                          .help = "Whether the daemon syncs as soon as it runs."},
    [SETTING_STRATEGY] =
        {AT(sync, strategy), .type = SETTING_CHOICE, .fallback = "auto", CHOICES(strategies),
         .help = "How to find what changed: auto asks for the last edited first where the server\n"
                 "can sort by that, incremental never does, full fetches every record every time."},
    [SETTING_PAGE_SIZE] =
        {AT(sync, page_size), .type = SETTING_INTEGER, .fallback = "2000", .min = 1, .max = 100000,
         .unit = "records",
         .help = "Records to ask for in one page of a listing. The server may grant less, and where\n"
                 "it cannot give a page in time, less is asked for by itself, for some days."},
    [SETTING_MAX_AGE] = {AT(sync, max_age), .type = SETTING_DURATION, .fallback = "31d", .min = USEC_PER_DAY,
                         .max = 10 * YEAR,
                         .help = "After this time a record is fetched again, changed or not."},
    [SETTING_MAX_VANISHED] =
        {AT(sync, max_vanished), .type = SETTING_INTEGER, .fallback = "10", .min = 0, .max = 100,
         .unit = "percent",
         .help = "If more than this part of all records, and more than five, would vanish at once,\n"
                 "none does until a person says flexsync sync --accept-vanished."},

    [SETTING_DATABASE_PATH] = {AT(database, path), .type = SETTING_PATH,
                               .fallback = "/var/lib/flexsync/contacts.db", .environment = "DB_PATH",
                               .needs_restart = true, .help = "The SQLite database."},
    [SETTING_KEEP_CHANGES] = {AT(database, keep_changes), .type = SETTING_DURATION, .fallback = "730d",
                              .min = USEC_PER_DAY, .max = 100 * YEAR,
                              .help = "How long to keep what changed in contacts, field by field."},
    [SETTING_KEEP_LOG] = {AT(database, keep_log), .type = SETTING_DURATION, .fallback = "365d",
                          .min = USEC_PER_DAY, .max = 100 * YEAR,
                          .help = "How long to keep the log of past syncs."},

    [SETTING_LOG_LEVEL] = {AT(log, level), .type = SETTING_CHOICE, .fallback = "info",
                           .environment = "LOG_LEVEL", .choices = log_level_names,
                           .choice_count = LOG_LEVEL_COUNT, .help = "The least urgent messages to write."},
    [SETTING_LOG_FILE] = {AT(log, file), .type = SETTING_PATH, .environment = "LOG_FILE",
                          .example = "/var/log/flexsync/app.log",
                          .help = "A file for all messages, besides the journal."},
    [SETTING_LOG_ERROR_FILE] = {AT(log, error_file), .type = SETTING_PATH,
                                .example = "/var/log/flexsync/error.log",
                                .help = "A file for errors alone, besides the journal."},
};

const struct setting *config_schema_find(const char *group, const char *name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(config_schema[i].group, group) == 0 && strcmp(config_schema[i].name, name) == 0)
            return &config_schema[i];
    return NULL;
}

bool config_schema_has_group(const char *group)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(config_schema[i].group, group) == 0)
            return true;
    return false;
}

char *config_schema_variable(const struct setting *setting, char buffer[static CONFIG_VARIABLE_MAX])
{
    (void)snprintf(buffer, CONFIG_VARIABLE_MAX, "FLEXSYNC_%s_%s", setting->group, setting->name);
    for (char *p = buffer; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return buffer;
}

bool config_schema_is_text(enum setting_type type)
{
    return type == SETTING_STRING || type == SETTING_PATH || type == SETTING_SITE;
}

bool config_schema_is_quoted(enum setting_type type)
{
    return config_schema_is_text(type) || type == SETTING_DURATION || type == SETTING_CHOICE;
}

static void describe_choices(const struct setting *setting, char *buffer, size_t size)
{
    size_t length = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < setting->choice_count && length < size; i++) {
        const char *between = i == 0 ? "" : i + 1 == setting->choice_count ? " or " : ", ";
        int n = snprintf(buffer + length, size - length, "%s\"%s\"", between, setting->choices[i]);
        length += n > 0 ? (size_t)n : 0;
    }
}

char *config_schema_range(const struct setting *setting, char *buffer, size_t size)
{
    char least[TEXT_MAX], most[TEXT_MAX];
    switch (setting->type) {
    case SETTING_DURATION:
        (void)snprintf(buffer, size, "\"%s\" to \"%s\"", text_format_duration(least, setting->min),
                       text_format_duration(most, setting->max));
        break;
    case SETTING_INTEGER:
    case SETTING_REAL:
        (void)snprintf(buffer, size, "%" PRId64 " to %" PRId64 " %s", setting->min, setting->max,
                       setting->unit);
        break;
    case SETTING_BOOLEAN:
        (void)snprintf(buffer, size, "true or false");
        break;
    case SETTING_CHOICE:
        describe_choices(setting, buffer, size);
        break;
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SITE:
    case SETTING_TYPE_COUNT:
        buffer[0] = '\0';
        break;
    }
    return buffer;
}

static const char *const expected_forms[SETTING_TYPE_COUNT] = {
    [SETTING_STRING] = "a text in quotes, e.g. ",
    [SETTING_PATH] = "a path in quotes, e.g. ",
    [SETTING_SITE] = "an address in quotes, e.g. ",
    [SETTING_DURATION] = "a time with its unit (ms, s, min, h, d, w) in quotes, ",
    [SETTING_INTEGER] = "a whole number, ",
    [SETTING_REAL] = "a number, ",
    [SETTING_BOOLEAN] = "",
    [SETTING_CHOICE] = "",
};

char *config_schema_expected(const struct setting *setting, char *buffer, size_t size)
{
    char range[CONFIG_SCHEMA_TEXT_MAX];
    if (config_schema_is_text(setting->type))
        (void)snprintf(buffer, size, "%s\"%s\"", expected_forms[setting->type],
                       setting->fallback ? setting->fallback : setting->example);
    else
        (void)snprintf(buffer, size, "%s%s", expected_forms[setting->type],
                       config_schema_range(setting, range, sizeof range));
    return buffer;
}
