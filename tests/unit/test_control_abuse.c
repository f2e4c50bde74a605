/* Clients that are bad, huge, slow, silent or many: the control outlives them, and others are served. */
#include "control_bench.h"

#include <sys/resource.h>

#define STATUS    "{\"method\":\"io.flexsync.Status\"}"
#define SYNC_MORE "{\"method\":\"io.flexsync.Sync\",\"more\":true}"
#define DESCRIBE                                                                                             \
    "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io."        \
    "flexsync\"}}"

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Another client, now: is it answered? */
static void assert_serves(struct bench *b)
{
    struct peer peer = join(b);
    json_t *reply = ask(b, &peer, STATUS);
    assert_non_null(reply);
    json_decref(reply);
    leave(b, &peer);
}

static void what_is_no_call_ends_the_connection(void **state)
{
    struct bench *b = *state;
    static const char *const wrong[] = {"",   "GET / HTTP/1.1\r\n\r\n", "{}",
                                        "[]", "{\"method\":7}",         "\xff\xfe"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct peer peer = join(b);
        say(b, &peer, wrong[i]);
        assert_true(is_hung_up(b, &peer));
        leave(b, &peer);
        assert_serves(b);
    }
}

static void a_message_may_come_in_single_bytes(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    for (size_t i = 0; i < sizeof STATUS; i++) {
        assert_silence(b, &peer);
        say_bytes(&peer, &STATUS[i], 1);
    }
    json_t *reply = hear(b, &peer);
    assert_non_null(reply);
    json_decref(reply);
    leave(b, &peer);
}

static void a_message_as_long_as_may_be_is_taken_and_a_longer_one_is_not(void **state)
{
    struct bench *b = *state;
    size_t length = CONTROL_MESSAGE_MAX + 1;
    char *text = malloc(length);
    assert_non_null(text);
    for (size_t over = 0; over < 2; over++) {
        struct peer peer = join(b);
        memset(text, ' ', length);
        memcpy(text, STATUS, sizeof STATUS - 1);
        size_t size = CONTROL_MESSAGE_MAX + over, sent = 0;
        text[size - 1] = '\0';
        while (sent < size) { /* more than the socket takes at a time */
            ssize_t n = send(peer.fd, text + sent, size - sent, MSG_NOSIGNAL);
            if (n < 0)
                break;
            sent += (size_t)n;
            pump(b);
        }
        json_t *reply = hear(b, &peer);
        if (over) {
            assert_null(reply);
            assert_true(is_hung_up(b, &peer));
        } else {
            assert_non_null(reply);
        }
        json_decref(reply);
        leave(b, &peer);
    }
    free(text);
    assert_serves(b);
}

static void who_says_nothing_is_hung_up_on(void **state)
{
    struct bench *b = *state;
    struct peer silent = join(b), half = join(b);
    say_bytes(&half, "{\"method\":", 10);
    tick(b);
    assert_false(is_hung_up(b, &silent));
    b->now += CONTROL_IDLE / 2;
    say_bytes(&half, "\"io.", 4); /* a byte now and then is no call */
    tick(b);
    assert_false(is_hung_up(b, &half));
    b->now += CONTROL_IDLE / 2;
    tick(b);
    assert_true(is_hung_up(b, &silent));
    assert_true(is_hung_up(b, &half));
    leave(b, &silent);
    leave(b, &half);
}

static void who_calls_now_and_then_may_stay_and_who_waits_may_wait(void **state)
{
    struct bench *b = *state;
    struct peer calls = join(b), waits = join(b);
    say(b, &waits, "{\"method\":\"io.flexsync.Sync\"}");
    for (int i = 0; i < 5; i++) {
        b->now += CONTROL_IDLE - USEC_PER_SEC;
        tick(b);
        json_t *reply = ask(b, &calls, STATUS);
        assert_non_null(reply);
        json_decref(reply);
    }
    end_run(b, b->run, "after a while");
    assert_result(hear(b, &waits), "after a while");
    b->now += CONTROL_IDLE;
    tick(b);
    assert_true(is_hung_up(b, &waits)); /* it has its answer, and asks nothing */
    leave(b, &calls);
    leave(b, &waits);
}

static void clients_beyond_the_cap_are_hung_up_on_until_a_place_is_free(void **state)
{
    struct bench *b = *state;
    struct peer peers[CONTROL_CLIENTS_MAX];
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        peers[i] = join(b);
    struct peer more = join(b);
    assert_true(is_hung_up(b, &more));
    leave(b, &more);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        json_t *reply = ask(b, &peers[i], STATUS);
        assert_non_null(reply);
        json_decref(reply);
    }
    leave(b, &peers[7]);
    assert_serves(b);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        leave(b, &peers[i]);
    for (int i = 0; i < 1000; i++) /* no place is lost by coming and going */
        assert_serves(b);
}

static void who_leaves_while_it_waits_frees_its_place(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 3 * CONTROL_CLIENTS_MAX; i++) {
        struct peer peer = join(b);
        b->fold = true;
        say(b, &peer, SYNC_MORE);
        leave(b, &peer);
    }
    end_run(b, b->run, "nobody listens");
    assert_serves(b);
}

/* Who does not read: nothing more is answered, nothing grows; who reads again has lost nothing. */
static void calls_wait_for_who_does_not_read(void **state)
{
    struct bench *b = *state;
    struct peer peer = join(b);
    int small = 4096;
    size_t said = 0, heard = 0;
    (void)setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    while (said < 5000 && send(peer.fd, DESCRIBE, sizeof DESCRIBE, MSG_NOSIGNAL) == sizeof DESCRIBE) {
        said++;
        pump(b);
    }
    assert_in_range(said, 100, 4999); /* at some point nothing more is taken */
    json_t *reply;
    while ((reply = hear(b, &peer))) {
        assert_string_equal(text_at(reply, "parameters", "description"), control_description);
        json_decref(reply);
        heard++;
    }
    assert_int_equal(heard, said);
    leave(b, &peer);
}

/* What waits for the only client that does not read. */
static size_t waiting_for(const struct bench *b, size_t place)
{
    return wire_waiting(&b->control->clients[place].wire);
}

static void who_never_reads_misses_progress_and_then_loses_the_connection(void **state)
{
    struct bench *b = *state;
    struct peer slow = join(b), good = join(b);
    json_t *reply;
    size_t most = 0, heard = 0;
    while (waiting_for(b, 0) == 0) /* what the kernel keeps for it */
        say(b, &slow, DESCRIBE);
    say(b, &slow, SYNC_MORE);
    b->fold = true;
    say(b, &good, SYNC_MORE);
    memset(b->facts.trouble, 'x', sizeof b->facts.trouble - 1);
    for (int i = 0; i < 200; i++) {
        tick(b);
        most = waiting_for(b, 0) > most ? waiting_for(b, 0) : most;
        while ((reply = hear(b, &good))) {
            json_decref(reply);
            heard++;
        }
    }
    assert_int_equal(heard, 200); /* nobody else misses anything */
    assert_in_range(most, CONTROL_PROGRESS_MAX / 2, CONTROL_PROGRESS_MAX + 2 * FACTS_LINE_MAX + 1024);
    b->now += CONTROL_IDLE;
    tick(b);
    assert_null(b->control->clients[0].control);
    assert_false(is_hung_up(b, &good));
    end_run(b, b->run, "done");
    leave(b, &slow);
    leave(b, &good);
}

static void who_reads_again_in_time_gets_the_result(void **state)
{
    struct bench *b = *state;
    struct peer slow = join(b);
    json_t *reply, *last = NULL;
    while (waiting_for(b, 0) == 0)
        say(b, &slow, DESCRIBE);
    say(b, &slow, SYNC_MORE);
    for (int i = 0; i < 200; i++)
        tick(b);
    end_run(b, b->run, "late, but there");
    b->now += CONTROL_IDLE / 2;
    tick(b);
    while ((reply = hear(b, &slow))) {
        json_decref(last);
        last = reply;
    }
    assert_result(last, "late, but there");
    leave(b, &slow);
}

/* Valgrind keeps the limit on descriptors by itself: it takes a connection that is beyond, and closes it. */
static bool is_in_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload");
}

/* A loop that turns on a connection that cannot be taken would be a hang of its own kind. */
static void without_descriptors_connections_wait_until_there_are_some(void **state)
{
    struct bench *b = *state;
    struct rlimit before, few;
    if (is_in_valgrind())
        skip();
    int highest = dup(b->control->fd);
    assert_true(highest >= 0);
    (void)close(highest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t)highest + 1; /* the client's own is the last */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct peer peer = join(b);
    say_bytes(&peer, STATUS, sizeof STATUS);
    tick(b);
    assert_silence(b, &peer);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    tick(b);
    json_t *reply = hear(b, &peer);
    assert_non_null(reply);
    json_decref(reply);
    leave(b, &peer);
}

/* Bytes of all kinds, whole calls among them, pieces cut anywhere, clients that come and go. */
static void garbage_harms_nobody(void **state)
{
    struct bench *b = *state;
    static const char *const texts[] = {STATUS,
                                        SYNC_MORE,
                                        DESCRIBE,
                                        "{\"method\":\"io.flexsync.Check\"}",
                                        "{\"method\":\"io.flexsync.Sync\",\"parameters\":{\"ids\":[\"1\"]}}",
                                        "{\"method\":\"io.flexsync.Sync\",\"oneway\":true}",
                                        "{\"method\":\"a.b.C\"}",
                                        "{"};
    static const struct check_finding finding = {"key", ERROR_NONE, "accepted"};
    struct peer peers[CONTROL_CLIENTS_MAX];
    uint64_t seed = 1699;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        peers[i] = join(b);
    for (int round = 0; round < 20000; round++) {
        struct peer *peer = &peers[draw(&seed) % CONTROL_CLIENTS_MAX];
        const char *text = texts[draw(&seed) % ARRAY_LENGTH(texts)];
        size_t length = strlen(text) + 1;
        char bytes[256];
        memcpy(bytes, text, length);
        if (draw(&seed) % 4 == 0)
            bytes[draw(&seed) % length] = (char)draw(&seed);
        if (draw(&seed) % 8 == 0)
            length = draw(&seed) % length;
        (void)send(peer->fd, bytes, length, MSG_NOSIGNAL);
        b->ends_at_once = draw(&seed) % 4 == 0;
        b->refuses = draw(&seed) % 8 == 0;
        if (draw(&seed) % 8 == 0)
            pump(b);
        if (draw(&seed) % 16 == 0)
            end_run(b, draw(&seed) % (b->run + 1), "done");
        if (draw(&seed) % 16 == 0)
            control_checked(b->control, &finding, 1);
        if (draw(&seed) % 32 == 0)
            b->now += CONTROL_IDLE / 8;
        bool gone = listen_to(peer);
        buffer_clear(&peer->heard);
        if (gone || draw(&seed) % 64 == 0) {
            leave(b, peer);
            *peer = join(b);
        }
    }
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        leave(b, &peers[i]);
    b->refuses = b->ends_at_once = false;
    assert_serves(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_call_ends_the_connection),
        TEST(a_message_may_come_in_single_bytes),
        TEST(a_message_as_long_as_may_be_is_taken_and_a_longer_one_is_not),
        TEST(who_says_nothing_is_hung_up_on),
        TEST(who_calls_now_and_then_may_stay_and_who_waits_may_wait),
        TEST(clients_beyond_the_cap_are_hung_up_on_until_a_place_is_free),
        TEST(who_leaves_while_it_waits_frees_its_place),
        TEST(calls_wait_for_who_does_not_read),
        TEST(who_never_reads_misses_progress_and_then_loses_the_connection),
        TEST(who_reads_again_in_time_gets_the_result),
        TEST(without_descriptors_connections_wait_until_there_are_some),
        TEST(garbage_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
