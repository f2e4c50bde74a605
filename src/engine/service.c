/* What the control socket answers: the methods of io.flexsync and org.varlink.service. */
#include "control_parts.h"
#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <string.h>

#define URL "https://www.flexrentalsolutions.com/"

const char control_description[] =
    "# The local copy of the contacts of a Flex Rental Solutions site, as flexsyncd keeps it.\n"
    "# Times are UTC, \"YYYY-MM-DD HH:MM:SS\".\n"
    "interface io.flexsync\n"
    "\n"
    "# Why something failed: the classes of flexsync's exit statuses.\n"
    "type Cause (none, usage, answer, unreachable, system, create, store, missing, busy, full, corrupt, "
    "quota,\n"
    "  locked, key, config)\n"
    "\n"
    "# What the daemon does now. `line` says it in a sentence; done and planned are records of the sync "
    "that\n"
    "# runs, rate is records a second, requests are those of this sync, quota_left_hour is for anybody. "
    "cause\n"
    "# and trouble are about the last sync, until the next one ends.\n"
    "type Progress (\n"
    "  state: (idle, listing, fetching, finishing, paused, refused, troubled),\n"
    "  line: string,\n"
    "  entity: ?string,\n"
    "  done: int,\n"
    "  planned: int,\n"
    "  rate: float,\n"
    "  contacts: int,\n"
    "  requests: int,\n"
    "  quota_left_hour: ?int,\n"
    "  cause: Cause,\n"
    "  trouble: ?string,\n"
    "  resumes_at: ?string,\n"
    "  next_at: ?string\n"
    ")\n"
    "\n"
    "# How a sync ended. exit_status is what flexsync ends with; `unknown` are the ids that are nobody's.\n"
    "type Result (\n"
    "  status: (success, partial, failed),\n"
    "  exit_status: int,\n"
    "  summary: string,\n"
    "  cause: Cause,\n"
    "  error: ?string,\n"
    "  resumes_at: ?string,\n"
    "  unknown: []string\n"
    ")\n"
    "\n"
    "type Finding (what: string, ok: bool, text: string)\n"
    "\n"
    "# Syncs now, or after the sync that runs, and answers when that is done. With ids, by contact_id or by "
    "the\n"
    "# number in column id: these contacts alone. full fetches every record; accept_vanished believes that "
    "many\n"
    "# are gone at once. With `more`, reports of progress come before the result.\n"
    "method Sync(full: ?bool, ids: ?[]string, accept_vanished: ?bool) ->\n"
    "  (progress: ?Progress, result: ?Result)\n"
    "\n"
    "method Status() -> (version: string, process: int, database: string, progress: Progress)\n"
    "\n"
    "# Asks the server for the beginning of its listing and for the user of the key, and\n"
    "# says what that showed.\n"
    "method Check() -> (findings: []Finding)\n"
    "\n"
    "# Whether the daemon uses the key that the proof is made of: 16 bytes of salt and the SipHash-2-4 of "
    "the key "
    "with\n"
    "# the salt as its key, in hexadecimal digits. The key itself is never told.\n"
    "method CompareKey(proof: string) -> (same: bool)\n"
    "\n"
    "# The daemon ends; what it received is stored.\n"
    "error Stopping ()\n"
    "\n"
    "# It cannot be done now; `reason` says why.\n"
    "error Refused (reason: string)\n";

static const char service_description[] =
    "# The Varlink service interface is provided by every Varlink service.\n"
    "interface org.varlink.service\n"
    "\n"
    "method GetInfo() -> (vendor: string, product: string, version: string, url: string,\n"
    "  interfaces: []string)\n"
    "\n"
    "method GetInterfaceDescription(interface: string) -> (description: string)\n"
    "\n"
    "error InterfaceNotFound (interface: string)\n"
    "error MethodNotFound (method: string)\n"
    "error MethodNotImplemented (method: string)\n"
    "error InvalidParameter (parameter: string)\n";

static const struct {
    const char *name, *description;
} interfaces[] = {{"org.varlink.service", service_description}, {"io.flexsync", control_description}};

const char *const control_state_names[FACTS_STATE_COUNT] = {
    [FACTS_IDLE] = "idle",           [FACTS_LISTING] = "listing", [FACTS_FETCHING] = "fetching",
    [FACTS_FINISHING] = "finishing", [FACTS_PAUSED] = "paused",   [FACTS_REFUSED] = "refused",
    [FACTS_TROUBLED] = "troubled",
};

const char *const control_cause_names[ERROR_CODE_COUNT] = {
    [ERROR_NONE] = "none",
    [ERROR_USAGE] = "usage",
    [ERROR_ANSWER] = "answer",
    [ERROR_UNREACHABLE] = "unreachable",
    [ERROR_SYSTEM] = "system",
    [ERROR_CREATE] = "create",
    [ERROR_STORE] = "store",
    [ERROR_STORE_BUSY] = "busy",
    [ERROR_STORE_MISSING] = "missing",
    [ERROR_STORE_FULL] = "full",
    [ERROR_STORE_CORRUPT] = "corrupt",
    [ERROR_QUOTA] = "quota",
    [ERROR_LOCKED] = "locked",
    [ERROR_KEY] = "key",
    [ERROR_CONFIG] = "config",
};

/* --- the answers --- */

static json_t *time_or_null(int64_t wall)
{
    char text[TEXT_MAX];
    return wall ? json_string(text_format_utc(text, wall)) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? varlink_text(text) : json_null();
}

static json_t *count_or_null(int64_t count)
{
    return count == SYNC_UNKNOWN ? json_null() : json_integer(count);
}

static json_t *progress_of(const struct facts *facts)
{
    char line[FACTS_LINE_MAX];
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:I, s:f, s:I, s:I, s:o, s:s, s:o, s:o, s:o}", "state",
        control_state_names[facts->state], "line", varlink_text(facts_line(line, sizeof line, facts)),
        "entity", text_or_null(facts->entity), "done", (json_int_t)facts->done, "planned",
        (json_int_t)facts->planned, "rate", facts->rate, "contacts", (json_int_t)facts->contacts, "requests",
        (json_int_t)facts->requests, "quota_left_hour", count_or_null(facts->left_hour), "cause",
        control_cause_names[facts->cause], "trouble", text_or_null(facts->trouble), "resumes_at",
        time_or_null(facts->resumes_at), "next_at", time_or_null(facts->next_at));
}

static json_t *texts_of(const char *const *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++)
        if (json_array_append_new(array, varlink_text(texts[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *service_progress(const struct facts *facts)
{
    return varlink_reply(json_pack("{s:o}", "progress", progress_of(facts)), true);
}

json_t *service_result(const struct engine_result *result)
{
    json_t *object = json_pack(
        "{s:s, s:i, s:o, s:s, s:o, s:o, s:o}", "status", sync_status_names[result->status], "exit_status",
        result->exit_status, "summary", varlink_text(result->summary), "cause",
        control_cause_names[result->error.code], "error", text_or_null(result->error.text), "resumes_at",
        time_or_null(result->resumes_at), "unknown", texts_of(result->unknown, result->unknown_count));
    return varlink_reply(json_pack("{s:o}", "result", object), false);
}

json_t *service_findings(const struct check_finding *findings, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++)
        (void)json_array_append_new(array, json_pack("{s:s, s:b, s:o}", "what", findings[i].what, "ok",
                                                     findings[i].code == ERROR_NONE, "text",
                                                     varlink_text(findings[i].text)));
    return varlink_reply(json_pack("{s:o}", "findings", array), false);
}

json_t *service_stopping(void)
{
    return varlink_error("io.flexsync.Stopping", json_object());
}

static json_t *refusal(const struct error *err)
{
    return varlink_error("io.flexsync.Refused", json_pack("{s:o}", "reason", varlink_text(err->text)));
}

static json_t *service_error(const char *error, const char *field, const char *value)
{
    char name[64];
    (void)snprintf(name, sizeof name, "org.varlink.service.%s", error);
    return varlink_error(name, json_pack("{s:o}", field, varlink_text(value)));
}

static void invalid(struct client *client, const char *parameter)
{
    client_send(client, service_error("InvalidParameter", "parameter", parameter));
}

/* --- the methods --- */

typedef void method_fn(struct client *client, const json_t *parameters);

static void get_info(struct client *client, const json_t *parameters)
{
    (void)parameters;
    json_t *names = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(interfaces); i++)
        (void)json_array_append_new(names, json_string(interfaces[i].name));
    client_send(client, varlink_reply(json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", "flex-contacts-sync",
                                                "product", "flexsyncd", "version", FLEXSYNC_VERSION, "url",
                                                URL, "interfaces", names),
                                      false));
}

static void get_description(struct client *client, const json_t *parameters)
{
    const char *name = json_string_value(json_object_get(parameters, "interface"));
    for (size_t i = 0; i < ARRAY_LENGTH(interfaces); i++)
        if (strcmp(interfaces[i].name, name) == 0) {
            client_send(client,
                        varlink_reply(json_pack("{s:s}", "description", interfaces[i].description), false));
            return;
        }
    client_send(client, service_error("InterfaceNotFound", "interface", name));
}

static void status(struct client *client, const json_t *parameters)
{
    (void)parameters;
    const struct control_options *options = &client->control->options;
    struct facts facts;
    options->facts(options->arg, &facts);
    client_send(
        client,
        varlink_reply(json_pack("{s:s, s:i, s:o, s:o}", "version", FLEXSYNC_VERSION, "process", (int)getpid(),
                                "database", varlink_text(options->database), "progress", progress_of(&facts)),
                      false));
}

static void check(struct client *client, const json_t *parameters)
{
    (void)parameters;
    const struct control_options *options = &client->control->options;
    struct error err;
    client->waits = WAITS_CHECK;
    if (options->check(options->arg, &err) == 0)
        return;
    client->waits = WAITS_NOT;
    client_send(client, refusal(&err));
}

static void compare_key(struct client *client, const json_t *parameters)
{
    const struct control_options *options = &client->control->options;
    const char *proof = json_string_value(json_object_get(parameters, "proof"));
    client_send(client,
                varlink_reply(json_pack("{s:b}", "same", options->same_key(options->arg, proof)), false));
}

/* The texts of an array, in an array that the caller frees; they live as long as `array`. NULL when one of
 * them is no id, or they are too many. */
static const char **ids_of(const json_t *array)
{
    size_t count = json_array_size(array), i;
    const json_t *value;
    const char **ids = count <= ENGINE_IDS_MAX ? calloc(count + 1, sizeof *ids) : NULL;
    json_array_foreach(array, i, value)
    {
        size_t length = json_string_length(value);
        if (!ids || length == 0 || length > RECORD_ID_MAX) {
            free(ids);
            return NULL;
        }
        ids[i] = json_string_value(value);
    }
    return ids;
}

static void sync_ids(struct client *client, struct engine_request *request, const json_t *ids)
{
    const struct control_options *options = &client->control->options;
    CLEANUP_FREE const char **texts = ids_of(ids);
    struct error err;
    if (!texts || (json_is_array(ids) && json_array_size(ids) == 0)) {
        invalid(client, "ids");
        return;
    }
    request->ids = texts;
    request->id_count = json_array_size(ids);
    client->waits = WAITS_RUN;
    if (options->sync(options->arg, request, &client->run, &err) == 0)
        return;
    client->waits = WAITS_NOT;
    client_send(client, refusal(&err));
}

static void sync_now(struct client *client, const json_t *parameters)
{
    const json_t *ids = json_object_get(parameters, "ids");
    struct engine_request request = {.trigger = TRIGGER_MANUAL,
                                     .full = json_is_true(json_object_get(parameters, "full")),
                                     .accept_vanished =
                                         json_is_true(json_object_get(parameters, "accept_vanished"))};
    if (client->control->stopping)
        client_send(client, service_stopping());
    else if (request.full && json_is_array(ids)) /* everybody, or these alone */
        invalid(client, "full");
    else
        sync_ids(client, &request, ids);
}

static const struct varlink_field description_fields[] = {{"interface", VARLINK_TEXT, false}};
static const struct varlink_field key_fields[] = {{"proof", VARLINK_TEXT, false}};
static const struct varlink_field sync_fields[] = {
    {"full", VARLINK_BOOL, true}, {"ids", VARLINK_TEXTS, true}, {"accept_vanished", VARLINK_BOOL, true}};

static const struct method {
    const char *name;
    method_fn *call;
    const struct varlink_field *fields;
    size_t field_count;
} methods[] = {
    {"org.varlink.service.GetInfo", get_info, NULL, 0},
    {"org.varlink.service.GetInterfaceDescription", get_description, description_fields,
     ARRAY_LENGTH(description_fields)},
    {"io.flexsync.Sync", sync_now, sync_fields, ARRAY_LENGTH(sync_fields)},
    {"io.flexsync.Status", status, NULL, 0},
    {"io.flexsync.Check", check, NULL, 0},
    {"io.flexsync.CompareKey", compare_key, key_fields, ARRAY_LENGTH(key_fields)},
};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static bool knows_interface(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_LENGTH(interfaces); i++)
        if (strlen(interfaces[i].name) == length && memcmp(interfaces[i].name, name, length) == 0)
            return true;
    return false;
}

static void say_unknown(struct client *client, const char *method)
{
    char interface[VARLINK_NAME_MAX + 1];
    size_t length = varlink_interface_length(method);
    (void)snprintf(interface, sizeof interface, "%.*s", (int)length, method);
    if (knows_interface(method, length))
        client_send(client, service_error("MethodNotFound", "method", method));
    else
        client_send(client, service_error("InterfaceNotFound", "interface", interface));
}

void service_call(struct client *client, const char *text, size_t length)
{
    struct varlink_call call;
    struct error err;
    if (varlink_parse_call(&call, text, length, &err) < 0) {
        client->broken = true; /* Varlink has no answer to what is no call */
        return;
    }
    client->more = call.more;
    client->oneway = call.oneway;
    const struct method *method = find_method(call.method);
    const char *wrong = method ? varlink_wrong(call.parameters, method->fields, method->field_count) : NULL;
    if (!method)
        say_unknown(client, call.method);
    else if (call.upgrade) /* there is no other protocol to go on with */
        client_send(client, service_error("MethodNotImplemented", "method", call.method));
    else if (wrong)
        invalid(client, wrong);
    else
        method->call(client, call.parameters);
    if (call.oneway) /* nobody waits for the end of it */
        client->waits = WAITS_NOT;
    json_decref(call.root);
}
