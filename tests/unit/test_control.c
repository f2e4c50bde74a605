/* What the control socket answers, and to whom. */
#include "control_bench.h"
#include "varlink_idl.h"

#include <grp.h>

#define SYNC      "{\"method\":\"io.flexsync.Sync\"}"
#define SYNC_MORE "{\"method\":\"io.flexsync.Sync\",\"more\":true}"
#define STATUS    "{\"method\":\"io.flexsync.Status\"}"
#define INFO      "{\"method\":\"org.varlink.service.GetInfo\"}"

/* --- the file --- */

static void the_socket_is_in_the_runtime_directory_or_beside_the_database(void **state)
{
    (void)state;
    const struct {
        const char *runtime, *database, *path;
    } cases[] = {
        {NULL, "/var/lib/flexsync/contacts.db", "/var/lib/flexsync/flexsync.sock"},
        {"/run/flexsync", "/var/lib/flexsync/contacts.db", "/run/flexsync/control"},
        {"/run/flexsync:/run/other", "/x/contacts.db", "/run/flexsync/control"},
        {"run/relative", "/x/contacts.db", "/x/flexsync.sock"},
        {"", "/contacts.db", "/flexsync.sock"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (cases[i].runtime)
            (void)setenv("RUNTIME_DIRECTORY", cases[i].runtime, 1);
        else
            (void)unsetenv("RUNTIME_DIRECTORY");
        CLEANUP_FREE char *path = control_path(cases[i].database);
        assert_string_equal(path, cases[i].path);
    }
    (void)unsetenv("RUNTIME_DIRECTORY");
    /* A client has another current folder. */
    CLEANUP_FREE char *here = getcwd(NULL, 0);
    CLEANUP_FREE char *path = control_path("contacts.db");
    assert_int_equal(strncmp(path, here, strlen(here)), 0);
    assert_string_equal(path + strlen(here), "/flexsync.sock");
}

static void the_socket_is_for_owner_and_group_whatever_the_umask(void **state)
{
    struct bench *b = *state;
    struct error err;
    struct stat st;
    const struct group *group = getgrnam(CONTROL_GROUP);
    static const mode_t masks[] = {0, 077, 0777};
    for (size_t i = 0; i < ARRAY_LENGTH(masks); i++) {
        b->control = control_free(b->control);
        mode_t before = umask(masks[i]);
        int r = listen_again(b, &err);
        (void)umask(before);
        assert_int_equal(r, 0);
        assert_int_equal(stat(b->path, &st), 0);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 07777, 0660);
        if (group && geteuid() == 0)
            assert_int_equal(st.st_gid, group->gr_gid);
    }
}

static void a_socket_that_a_crash_left_behind_is_replaced(void **state)
{
    struct bench *b = *state;
    struct error err;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    b->control = control_free(b->control);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, b->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
    assert_int_equal(listen_again(b, &err), 0);
    struct peer peer = join(b);
    json_decref(ask(b, &peer, STATUS));
    leave(b, &peer);
}

static void a_socket_that_somebody_listens_on_is_left_alone(void **state)
{
    struct bench *b = *state;
    struct bench other = *b;
    struct error err;
    assert_int_equal(listen_again(&other, &err), -1);
    assert_int_equal(err.code, ERROR_CREATE);
    assert_non_null(strstr(err.text, "another program listens on it"));
    struct peer peer = join(b);
    json_t *reply = ask(b, &peer, STATUS);
    assert_non_null(reply);
    json_decref(reply);
    leave(b, &peer);
}

static void something_else_of_that_name_is_left_alone(void **state)
{
    struct bench *b = *state;
    struct error err;
    struct stat st;
    b->control = control_free(b->control);
    assert_int_equal(stat(b->path, &st), -1); /* the end took its socket away */
    int fd = open(b->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "x", 1), 1);
    (void)close(fd);
    assert_int_equal(listen_again(b, &err), -1);
    assert_int_equal(err.code, ERROR_CREATE);
    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_size, 1);
}

static void only_ones_own_socket_is_removed_at_the_end(void **state)
{
    struct bench *b = *state;
    struct stat st;
    assert_int_equal(unlink(b->path), 0);
    int fd = open(b->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    (void)close(fd);
    b->control = control_free(b->control);
    assert_int_equal(stat(b->path, &st), 0);
}

static void a_path_too_long_or_a_folder_that_is_not_there_says_so(void **state)
{
    struct bench *b = *state;
    struct error err;
    char path[200];
    const struct control_options options = {
        .event = b->event, .clock = &b->clock, .path = path, .facts = bench_facts, .arg = b};
    struct control *control = NULL;
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(control_new(&control, &options, &err), -1);
    assert_non_null(strstr(err.text, "too long for a socket"));
    (void)snprintf(path, sizeof path, "%s/no/control", b->folder);
    assert_int_equal(control_new(&control, &options, &err), -1);
    assert_int_equal(err.code, ERROR_CREATE);
    assert_null(control);
}

/* --- answers --- */

static void the_service_says_what_it_is(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    json_t *reply = ask(b, &peer, INFO);
    assert_string_equal(text_at(reply, "parameters", "product"), "flexsyncd");
    assert_string_equal(text_at(reply, "parameters", "version"), FLEXSYNC_VERSION);
    const json_t *interfaces = json_object_get(json_object_get(reply, "parameters"), "interfaces");
    assert_int_equal(json_array_size(interfaces), 2);
    assert_string_equal(json_string_value(json_array_get(interfaces, 0)), "org.varlink.service");
    assert_string_equal(json_string_value(json_array_get(interfaces, 1)), "io.flexsync");
    json_decref(reply);
    reply = ask(b, &peer,
                "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
                "\"parameters\":{\"interface\":\"io.flexsync\"}}");
    assert_string_equal(text_at(reply, "parameters", "description"), control_description);
    json_decref(reply);
    leave(b, &peer);
}

static void what_is_not_there_has_the_standard_errors(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    static const struct {
        const char *call, *error, *field, *value;
    } cases[] = {
        {"{\"method\":\"io.flexsync.Sink\"}", "MethodNotFound", "method", "io.flexsync.Sink"},
        {"{\"method\":\"io.other.Sync\"}", "InterfaceNotFound", "interface", "io.other"},
        {"{\"method\":\"nonsense\"}", "InterfaceNotFound", "interface", ""},
        {"{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"x.y\"}"
         "}",
         "InterfaceNotFound", "interface", "x.y"},
        {"{\"method\":\"org.varlink.service.GetInterfaceDescription\"}", "InvalidParameter", "parameter",
         "interface"},
        {"{\"method\":\"io.flexsync.Status\",\"parameters\":{\"verbose\":true}}", "InvalidParameter",
         "parameter", "verbose"},
        {"{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"full\":1}}", "InvalidParameter", "parameter",
         "full"},
        {"{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":\"17\"}}", "InvalidParameter", "parameter",
         "ids"},
        {"{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[17]}}", "InvalidParameter", "parameter",
         "ids"},
        {"{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[]}}", "InvalidParameter", "parameter",
         "ids"},
        {"{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[\"\"]}}", "InvalidParameter", "parameter",
         "ids"},
        {"{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"full\":true,\"ids\":[\"1\"]}}",
         "InvalidParameter", "parameter", "full"},
        {"{\"method\":\"io.flexsync.Status\",\"upgrade\":true}", "MethodNotImplemented", "method",
         "io.flexsync.Status"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char error[64];
        (void)snprintf(error, sizeof error, "org.varlink.service.%s", cases[i].error);
        assert_error(ask(b, &peer, cases[i].call), error, cases[i].field, cases[i].value);
    }
    assert_int_equal(b->syncs, 0);
    leave(b, &peer);
}

static void too_many_ids_and_one_too_long_are_refused(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    json_t *ids = json_array();
    for (int i = 0; i < ENGINE_IDS_MAX; i++)
        json_array_append_new(ids, json_string("7"));
    json_t *call = json_pack("{s:s, s:{s:o}}", "method", "io.flexsync.Sync", "parameters", "ids", ids);
    char *text = json_dumps(call, 0);
    say(b, &peer, text);
    assert_int_equal(b->syncs, 1);
    assert_int_equal(b->request.id_count, ENGINE_IDS_MAX);
    free(text);
    end_run(b, b->run, "done");
    assert_result(hear(b, &peer), "done");
    json_array_append_new(ids, json_string("7"));
    text = json_dumps(call, 0);
    assert_error(ask(b, &peer, text), "org.varlink.service.InvalidParameter", "parameter", "ids");
    free(text);
    json_decref(call);
    char id[RECORD_ID_MAX + 2], message[RECORD_ID_MAX + 128];
    memset(id, 'x', sizeof id);
    id[sizeof id - 1] = '\0';
    (void)snprintf(message, sizeof message,
                   "{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[\"%s\"]}}", id);
    assert_error(ask(b, &peer, message), "org.varlink.service.InvalidParameter", "parameter", "ids");
    leave(b, &peer);
}

/* Everything that is answered is of the declared form, and all that is declared is answered. */
static void what_is_answered_agrees_with_the_description(void **state)
{
    struct bench *b = *state;
    struct idl idl = {.text = control_description};
    struct peer peer = join(b);
    static const struct check_finding findings[] = {{"key", ERROR_NONE, "accepted"},
                                                    {"connection", ERROR_UNREACHABLE, "no answer"}};
    static const char *const unknown[] = {"a", "b"};
    b->facts.entity = "contacts";
    strcpy(b->facts.trouble, "the key is refused");
    for (int i = 0; i < FACTS_STATE_COUNT; i++) {
        b->facts.state = (enum facts_state)i;
        b->facts.next_at = i * USEC_PER_DAY;
        json_t *reply = ask(b, &peer, STATUS);
        if (!idl_reply(&idl, "Status", json_object_get(reply, "parameters")))
            fail_msg("Status: %s is not as declared", idl.wrong);
        json_decref(reply);
    }
    for (int i = 0; i < ERROR_CODE_COUNT; i++) {
        struct engine_result result = {.status = SYNC_PARTIAL,
                                       .error = {.code = (enum error_code)i, .text = "so"},
                                       .resumes_at = i % 2 ? b->now : 0,
                                       .unknown = unknown,
                                       .unknown_count = i % 3 == 0 ? 2 : 0};
        say(b, &peer, SYNC);
        result.run = b->run;
        control_finished(b->control, &result);
        json_t *reply = hear(b, &peer);
        if (!idl_reply(&idl, "Sync", json_object_get(reply, "parameters")))
            fail_msg("Sync: %s is not as declared", idl.wrong);
        json_decref(reply);
    }
    say(b, &peer, SYNC_MORE);
    tick(b);
    json_t *reply = hear(b, &peer);
    if (!idl_reply(&idl, "Sync", json_object_get(reply, "parameters")))
        fail_msg("Sync: %s is not as declared", idl.wrong);
    json_decref(reply);
    end_run(b, b->run, "done");
    while ((reply = hear(b, &peer)))
        json_decref(reply);
    say(b, &peer, "{\"method\":\"io.flexsync.Check\"}");
    control_checked(b->control, findings, ARRAY_LENGTH(findings));
    reply = hear(b, &peer);
    if (!idl_reply(&idl, "Check", json_object_get(reply, "parameters")))
        fail_msg("Check: %s is not as declared", idl.wrong);
    json_decref(reply);
    for (int right = 0; right < 2; right++) {
        reply =
            ask(b, &peer,
                right ? "{\"method\":\"io.flexsync.CompareKey\",\"parameters\":{\"proof\":\"the right one\"}}"
                      : "{\"method\":\"io.flexsync.CompareKey\",\"parameters\":{\"proof\":\"\"}}");
        const json_t *parameters = json_object_get(reply, "parameters");
        if (!idl_reply(&idl, "CompareKey", parameters))
            fail_msg("CompareKey: %s is not as declared", idl.wrong);
        assert_int_equal(json_is_true(json_object_get(parameters, "same")), right);
        json_decref(reply);
    }
    assert_error(ask(b, &peer, "{\"method\":\"io.flexsync.CompareKey\"}"),
                 "org.varlink.service.InvalidParameter", "parameter", "proof");
    b->refuses = true;
    reply = ask(b, &peer, SYNC);
    assert_true(idl_error(&idl, "Refused", json_object_get(reply, "parameters")));
    json_decref(reply);
    leave(b, &peer);
}

/* The test of the test: what is wrong is seen. */
static void the_description_refuses_what_it_does_not_declare(void **state)
{
    (void)state;
    struct idl idl = {.text = control_description};
    static const char *const wrong[] = {
        "{}",
        "{\"findings\":{}}",
        "{\"findings\":[{\"what\":\"key\",\"ok\":1,\"text\":\"x\"}]}",
        "{\"findings\":[{\"what\":\"key\",\"ok\":true}]}",
        "{\"findings\":[{\"what\":\"key\",\"ok\":true,\"text\":\"x\",\"more\":1}]}",
        "{\"findings\":[],\"more\":1}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        json_t *value = json_loads(wrong[i], 0, NULL);
        if (idl_reply(&idl, "Check", value))
            fail_msg("taken as declared: %s", wrong[i]);
        json_decref(value);
    }
    json_t *value = json_loads("{\"findings\":[{\"what\":\"key\",\"ok\":true,\"text\":\"x\"}]}", 0, NULL);
    assert_true(idl_reply(&idl, "Check", value));
    assert_false(idl_reply(&idl, "Chekc", value));
    json_decref(value);
}

/* --- syncs --- */

static void what_is_asked_for_reaches_the_owner(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    say(b, &peer, SYNC);
    assert_int_equal(b->request.trigger, TRIGGER_MANUAL);
    assert_false(b->request.full || b->request.accept_vanished);
    assert_int_equal(b->request.id_count, 0);
    end_run(b, b->run, "one");
    assert_result(hear(b, &peer), "one");
    say(b, &peer,
        "{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"full\":true,\"accept_vanished\":true}}");
    assert_true(b->request.full && b->request.accept_vanished);
    end_run(b, b->run, "two");
    assert_result(hear(b, &peer), "two");
    say(b, &peer, "{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[\"17\",\"a-b\"]}}");
    assert_string_equal(b->ids, "17 a-b");
    leave(b, &peer);
}

static void each_gets_the_result_of_the_run_that_serves_it(void **state)
{
    struct bench *b = *state;
    struct peer first = join(b), second = join(b), third = join(b);
    say(b, &first, SYNC);
    uint64_t run = b->run;
    b->fold = true;
    say(b, &second, SYNC);
    b->fold = false;
    say(b, &third, SYNC);
    end_run(b, run, "the first run");
    assert_result(hear(b, &first), "the first run");
    assert_result(hear(b, &second), "the first run");
    assert_silence(b, &third);
    end_run(b, b->run, "the second run");
    assert_result(hear(b, &third), "the second run");
    leave(b, &first);
    leave(b, &second);
    leave(b, &third);
}

static void progress_comes_to_who_wants_more_and_to_nobody_else(void **state)
{
    struct bench *b = *state;
    struct peer one = join(b), more = join(b), idle = join(b);
    b->facts = (struct facts){.state = FACTS_FETCHING, .entity = "contacts", .done = 3, .planned = 9};
    say(b, &one, SYNC);
    b->fold = true;
    say(b, &more, SYNC_MORE);
    tick(b);
    json_t *reply = hear(b, &more);
    assert_true(json_is_true(json_object_get(reply, "continues")));
    assert_string_equal(text_at(json_object_get(reply, "parameters"), "progress", "state"), "fetching");
    json_decref(reply);
    assert_silence(b, &one);
    assert_silence(b, &idle);
    end_run(b, b->run, "done");
    assert_result(hear(b, &more), "done");
    assert_result(hear(b, &one), "done");
    tick(b);
    assert_silence(b, &more); /* it is over */
    leave(b, &one);
    leave(b, &more);
    leave(b, &idle);
}

static void oneway_is_done_and_not_answered(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    say(b, &peer, "{\"method\":\"io.flexsync.Sync\",\"oneway\":true}");
    say(b, &peer, "{\"method\":\"io.flexsync.Nothing\",\"oneway\":true}");
    say(b, &peer, "{\"method\":\"io.flexsync.Status\",\"oneway\":true}");
    assert_int_equal(b->syncs, 1);
    end_run(b, b->run, "done");
    assert_silence(b, &peer);
    json_t *reply = ask(b, &peer, STATUS); /* and it need not be waited for */
    assert_non_null(reply);
    json_decref(reply);
    leave(b, &peer);
    /* Who hangs up at once has asked all the same. */
    peer = join(b);
    static const char call[] = "{\"method\":\"io.flexsync.Sync\",\"oneway\":true}";
    say_bytes(&peer, call, sizeof call);
    leave(b, &peer);
    assert_int_equal(b->syncs, 2);
}

static void a_run_that_ends_within_the_call_is_answered(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    b->ends_at_once = true;
    static const char calls[] = SYNC "\0" SYNC_MORE "\0" SYNC "\0" STATUS;
    say_bytes(&peer, calls, sizeof calls);
    assert_result(hear(b, &peer), "at once");
    assert_result(hear(b, &peer), "at once");
    assert_result(hear(b, &peer), "at once");
    json_t *reply = hear(b, &peer);
    assert_non_null(json_object_get(json_object_get(reply, "parameters"), "version"));
    json_decref(reply);
    leave(b, &peer);
}

/* The last call of who will say no more is answered before the connection goes. */
static void a_run_that_ends_within_the_last_call_is_answered(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    static const char calls[] = SYNC "\0" SYNC;
    say_bytes(&peer, calls, sizeof calls);
    assert_int_equal(shutdown(peer.fd, SHUT_WR), 0);
    pump(b);
    b->ends_at_once = true;
    end_run(b, b->run, "the first");
    assert_result(hear(b, &peer), "the first");
    assert_result(hear(b, &peer), "at once");
    assert_true(is_hung_up(b, &peer));
    leave(b, &peer);
}

static void what_the_owner_refuses_is_told_with_its_reason(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    b->refuses = true;
    assert_error(ask(b, &peer, SYNC), "io.flexsync.Refused", "reason", "not now");
    assert_error(ask(b, &peer, "{\"method\":\"io.flexsync.Check\"}"), "io.flexsync.Refused", "reason",
                 "no memory");
    b->refuses = false;
    say(b, &peer, SYNC); /* the connection goes on */
    end_run(b, b->run, "done");
    assert_result(hear(b, &peer), "done");
    leave(b, &peer);
}

static void who_waits_when_the_daemon_ends_is_told(void **state)
{
    struct bench *b = *state;
    struct peer waits = join(b), late = join(b);
    say(b, &waits, SYNC_MORE);
    control_stop(b->control);
    assert_error(ask(b, &late, SYNC), "io.flexsync.Stopping", NULL, NULL);
    json_t *reply = ask(b, &late, STATUS); /* that can still be told */
    assert_non_null(json_object_get(reply, "parameters"));
    json_decref(reply);
    assert_int_equal(b->syncs, 1);
    b->control = control_free(b->control);
    assert_error(hear(b, &waits), "io.flexsync.Stopping", NULL, NULL);
    assert_true(is_hung_up(b, &waits));
    assert_true(is_hung_up(b, &late));
    leave(b, &waits);
    leave(b, &late);
}

static void calls_sent_ahead_are_answered_in_their_order(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    static const char calls[] = INFO "\0" SYNC "\0" STATUS "\0{\"method\":\"x.Y\"}";
    say_bytes(&peer, calls, sizeof calls);
    json_t *reply = hear(b, &peer);
    assert_string_equal(text_at(reply, "parameters", "product"), "flexsyncd");
    json_decref(reply);
    assert_silence(b, &peer); /* the sync goes on */
    end_run(b, b->run, "done");
    assert_result(hear(b, &peer), "done");
    reply = hear(b, &peer);
    assert_string_equal(text_at(reply, "parameters", "database"), "/var/lib/x/contacts.db");
    json_decref(reply);
    assert_error(hear(b, &peer), "org.varlink.service.InterfaceNotFound", "interface", "x");
    leave(b, &peer);
}

static void who_will_say_no_more_hears_all_answers(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    static const char calls[] = SYNC "\0" STATUS;
    say_bytes(&peer, calls, sizeof calls);
    assert_int_equal(shutdown(peer.fd, SHUT_WR), 0);
    pump(b);
    tick(b);
    end_run(b, b->run, "done");
    assert_result(hear(b, &peer), "done");
    json_t *reply = hear(b, &peer);
    assert_non_null(json_object_get(reply, "parameters"));
    json_decref(reply);
    assert_true(is_hung_up(b, &peer));
    leave(b, &peer);
}

static void two_who_check_cost_one_check_each_asks_for(void **state)
{
    struct bench *b = *state;
    struct peer one = join(b), two = join(b);
    static const struct check_finding finding = {"key", ERROR_KEY, "refused"};
    say(b, &one, "{\"method\":\"io.flexsync.Check\"}");
    say(b, &two, "{\"method\":\"io.flexsync.Check\"}");
    control_checked(b->control, &finding, 1);
    for (int i = 0; i < 2; i++) {
        json_t *reply = hear(b, i ? &two : &one);
        const json_t *findings = json_object_get(json_object_get(reply, "parameters"), "findings");
        assert_true(json_is_false(json_object_get(json_array_get(findings, 0), "ok")));
        json_decref(reply);
    }
    leave(b, &one);
    leave(b, &two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_socket_is_in_the_runtime_directory_or_beside_the_database),
        TEST(the_socket_is_for_owner_and_group_whatever_the_umask),
        TEST(a_socket_that_a_crash_left_behind_is_replaced),
        TEST(a_socket_that_somebody_listens_on_is_left_alone),
        TEST(something_else_of_that_name_is_left_alone),
        TEST(only_ones_own_socket_is_removed_at_the_end),
        TEST(a_path_too_long_or_a_folder_that_is_not_there_says_so),
        TEST(the_service_says_what_it_is),
        TEST(what_is_not_there_has_the_standard_errors),
        TEST(too_many_ids_and_one_too_long_are_refused),
        TEST(what_is_answered_agrees_with_the_description),
        cmocka_unit_test(the_description_refuses_what_it_does_not_declare),
        TEST(what_is_asked_for_reaches_the_owner),
        TEST(each_gets_the_result_of_the_run_that_serves_it),
        TEST(progress_comes_to_who_wants_more_and_to_nobody_else),
        TEST(oneway_is_done_and_not_answered),
        TEST(a_run_that_ends_within_the_call_is_answered),
        TEST(a_run_that_ends_within_the_last_call_is_answered),
        TEST(what_the_owner_refuses_is_told_with_its_reason),
        TEST(who_waits_when_the_daemon_ends_is_told),
        TEST(calls_sent_ahead_are_answered_in_their_order),
        TEST(who_will_say_no_more_hears_all_answers),
        TEST(two_who_check_cost_one_check_each_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
