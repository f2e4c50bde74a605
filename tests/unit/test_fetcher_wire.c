/* What happens to connections and to packed bodies. */
#include "fetch_bench.h"

#include <zlib.h>

/* --- connections that end unannounced --- */

static void answer_and_close(struct bench *bench, struct connection *connection, const char *path,
                             const char *token)
{
    (void)bench, (void)path, (void)token;
    reply_bytes(connection, OK_HEAD, sizeof OK_HEAD - 1, true);
}

/* Every second request of a connection: the client has sent it before it could see the end. */
static void answer_once(struct bench *bench, struct connection *connection, const char *path,
                        const char *token)
{
    (void)bench, (void)path, (void)token;
    bool used = connection->out_length > 0;
    reply_bytes(connection, used ? "" : OK_HEAD, used ? 0 : sizeof OK_HEAD - 1, used);
}

static void check_400(struct bench *bench)
{
    bench->config.limits.concurrent = 8;
    for (int i = 0; i < 400; i++)
        (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    for (unsigned i = 0; i < 400; i++)
        assert_ended(&bench->asks[i], FETCH_OK, ERROR_NONE);
    assert_in_range(bench_counted(bench), 400, 449);
    assert_in_range(bench_counted(bench), bench->requests, 449);
    assert_int_equal(fetcher_stats(bench->fetcher)->retries, 0);
}

static void a_server_that_closes_behind_each_answer_loses_nothing(void **state)
{
    struct bench *bench = *state;
    bench->behave = answer_and_close;
    check_400(bench);
}

static void a_server_that_ends_kept_connections_unread_loses_nothing(void **state)
{
    struct bench *bench = *state;
    bench->behave = answer_once;
    check_400(bench);
    assert_in_range(bench_counted(bench), 403, 449); /* it did happen */
    assert_in_range(bench->connection_count, 390, 410);
}

static void the_next_cycle_keeps_connections_again(void **state)
{
    struct bench *bench = *state;
    a_server_that_ends_kept_connections_unread_loses_nothing(state);
    bench->behave = behave_well;
    fetcher_begin(bench->fetcher);
    unsigned before = bench->connection_count;
    for (int i = 0; i < 20; i++) {
        (void)ask_for(bench, "/contact/1");
        bench_run(bench);
    }
    assert_in_range(bench->connection_count - before, 0, 1);
}

/* --- headers without end --- */

static const char *endless_begin, *endless_line; /* an answer, and what is repeated behind it */

static void answer_without_end(struct bench *bench, struct connection *connection, const char *path,
                               const char *token)
{
    (void)bench, (void)path, (void)token;
    size_t begin = strlen(endless_begin), line = strlen(endless_line), length = begin;
    char *text = malloc(2 * 1024 * 1024);
    assert_non_null(text);
    memcpy(text, endless_begin, begin);
    for (; length + line <= 2 * 1024 * 1024; length += line)
        memcpy(text + length, endless_line, line);
    reply_bytes(connection, text, length, false);
    free(text);
}

static void check_endless(struct bench *bench, const char *begin, const char *line, const char *word)
{
    endless_begin = begin;
    endless_line = line;
    bench->behave = answer_without_end;
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(ask, FETCH_FAILED, ERROR_ANSWER);
    assert_non_null(strstr(ask->err.text, word));
    assert_int_equal(ask->accepted, 0);
}

static void trailers_without_end_are_cut(void **state)
{
    check_endless(*state, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
                  "X-Trailer: and another one\r\n", "longer than 256 KiB");
}

static void headers_without_end_are_cut(void **state)
{
    check_endless(*state, "HTTP/1.1 200 OK\r\n", "X-Header: and another one\r\n", "longer than 256 KiB");
}

static void a_header_line_without_end_is_no_lack_of_memory(void **state)
{
    check_endless(*state, "HTTP/1.1 200 OK\r\nX-Header: ", "and more of it ", "longer than 100 KiB");
}

/* --- packed bodies --- */

struct packed {
    char bytes[16384];
    size_t length;
};

static void pack(struct packed *packed, const char *text, int window)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)text;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = (Bytef *)packed->bytes + packed->length;
    stream.avail_out = (uInt)(sizeof packed->bytes - packed->length);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed->length += stream.total_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
}

static void append(struct packed *packed, const char *bytes, size_t length)
{
    memcpy(packed->bytes + packed->length, bytes, length);
    packed->length += length;
}

static char taken[65536];

static int take_body(void *arg, const char *body, size_t length, struct error *err)
{
    (void)arg, (void)err;
    assert_true(length < sizeof taken);
    memcpy(taken, body, length + 1);
    return 0;
}

static void hold_it(struct bench *bench, struct connection *connection, const char *path, const char *token)
{
    (void)path, (void)token;
    bench->held[0] = connection;
}

static struct ask *ask_packed(struct bench *bench, const char *encoding, const struct packed *packed)
{
    static const struct fetch_handler handler = {.accept = take_body, .done = on_ask_done, .tries = 1};
    char url[64], answer[20000];
    struct error err;
    struct ask *ask = &bench->asks[bench->ask_count++];
    ask->bench = bench;
    bench->behave = hold_it;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/contact/1", bench->port);
    assert_int_equal(fetcher_get(bench_fetcher(bench), url, &handler, ask, &err), 0);
    bench_see(bench, bench->requests + 1);
    int head = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", encoding,
                        packed->length);
    memcpy(answer + head, packed->bytes, packed->length);
    taken[0] = '\0';
    reply_bytes(bench->held[0], answer, (size_t)head + packed->length, true);
    bench_run(bench);
    return ask;
}

#define GZIP 31
#define ZLIB 15

static void gzip_of_any_number_of_members_is_taken(void **state)
{
    struct bench *bench = *state;
    static struct packed packed;
    packed.length = 0;
    for (size_t members = 1; members <= 3; members++) {
        pack(&packed, "{\"id\":1}", GZIP);
        assert_ended(ask_packed(bench, "gzip", &packed), FETCH_OK, ERROR_NONE);
        assert_int_equal(strlen(taken), members * strlen("{\"id\":1}"));
    }
    append(&packed, "\0\0\0\0\0", 5); /* padding */
    assert_ended(ask_packed(bench, "x-gzip", &packed), FETCH_OK, ERROR_NONE);
    assert_string_equal(taken, "{\"id\":1}{\"id\":1}{\"id\":1}");
}

static void zlib_and_plain_bodies_are_taken(void **state)
{
    struct bench *bench = *state;
    static struct packed packed;
    packed.length = 0;
    pack(&packed, "{\"id\":2}", ZLIB);
    assert_ended(ask_packed(bench, "deflate", &packed), FETCH_OK, ERROR_NONE);
    assert_string_equal(taken, "{\"id\":2}");
    packed.length = 0;
    append(&packed, "{\"id\":3}", 8);
    assert_ended(ask_packed(bench, "identity", &packed), FETCH_OK, ERROR_NONE);
    assert_string_equal(taken, "{\"id\":3}");
    packed.length = 0;
    assert_ended(ask_packed(bench, "gzip", &packed), FETCH_OK, ERROR_NONE);
    assert_string_equal(taken, "");
}

static void a_body_longer_than_any_chunk_is_unpacked_whole(void **state)
{
    struct bench *bench = *state;
    static char text[50000];
    static struct packed packed;
    memset(text, 'x', sizeof text - 1);
    packed.length = 0;
    pack(&packed, text, GZIP);
    assert_ended(ask_packed(bench, "gzip", &packed), FETCH_OK, ERROR_NONE);
    assert_string_equal(taken, text);
}

static void what_is_not_packed_so_or_not_whole_is_no_answer(void **state)
{
    struct bench *bench = *state;
    static struct packed good, packed;
    good.length = 0;
    pack(&good, "{\"id\":1}", GZIP);
    for (int i = 0; i < 6; i++) {
        fetcher_begin(bench_fetcher(bench)); /* five in a row were an outage */
        packed = good;
        if (i == 0)
            append(&packed, "garbage", 7); /* behind a member */
        else if (i == 1)
            append(&packed, "\0\0garbage", 9); /* behind the padding */
        else if (i == 2)
            packed.length -= 4; /* its length is missing */
        else if (i == 3)
            packed.bytes[packed.length - 6] ^= 1; /* its checksum */
        else if (i == 4)
            append(&packed, good.bytes, 5); /* half a second member */
        struct ask *ask = ask_packed(bench, i == 5 ? "gzip, gzip" : "gzip", &packed);
        if (i == 5) { /* packed once, and said to be packed twice: taken for what it is */
            assert_ended(ask, FETCH_OK, ERROR_NONE);
            continue;
        }
        assert_ended(ask, FETCH_FAILED, ERROR_ANSWER);
        assert_non_null(strstr(ask->err.text, "cannot be unpacked"));
        assert_int_equal(ask->err.retry, RETRY_NOW);
    }
    packed.length = 0;
    append(&packed, "\x1b\x03\x00", 3);
    assert_ended(ask_packed(bench, "br", &packed), FETCH_FAILED, ERROR_ANSWER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_closes_behind_each_answer_loses_nothing),
        TEST(a_server_that_ends_kept_connections_unread_loses_nothing),
        TEST(the_next_cycle_keeps_connections_again),
        TEST(trailers_without_end_are_cut),
        TEST(headers_without_end_are_cut),
        TEST(a_header_line_without_end_is_no_lack_of_memory),
        TEST(gzip_of_any_number_of_members_is_taken),
        TEST(zlib_and_plain_bodies_are_taken),
        TEST(a_body_longer_than_any_chunk_is_unpacked_whole),
        TEST(what_is_not_packed_so_or_not_whole_is_no_answer),
    };
    return cmocka_run_group_tests_name("fetcher_wire", tests, NULL, NULL);
}
