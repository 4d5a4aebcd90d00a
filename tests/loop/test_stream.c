#include "loop/loop.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CEILING = 1 << 20 };

/* One end is a stream, the other a plain socket of the test's. */
struct bench {
    struct loop *loop;
    struct loop_stream *stream;
    struct loop_listener *listener;
    int other;
    int reads, ended, drained, accepted;
    size_t use, last_n; /* how much `read` uses at most; how much it was shown */
    char got[256];
    size_t n_got;
    int accepted_fd;
    bool close_in_read;
};

static size_t on_read(void *self, struct str bytes)
{
    struct bench *b = self;
    b->reads++;
    b->last_n = bytes.n;
    size_t n = bytes.n < b->use ? bytes.n : b->use;
    for (size_t i = 0; i < n && b->n_got < sizeof(b->got) - 1; i++)
        b->got[b->n_got++] = bytes.p[i];
    if (b->close_in_read) {
        loop_stream_close(b->stream);
        b->stream = NULL;
    }
    loop_stop(b->loop);
    return n;
}

static void on_ended(void *self)
{
    struct bench *b = self;
    b->ended++;
    loop_stop(b->loop);
}

static void on_drained(void *self)
{
    struct bench *b = self;
    b->drained++;
    loop_stop(b->loop);
}

static const struct loop_stream_callbacks callbacks = {on_read, on_ended, on_drained};

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    int fds[2];
    if (!b || loop_new(&b->loop, NULL) != OK || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return -1;
    b->use = SIZE_MAX;
    b->other = fds[1];
    *state = b;
    return loop_stream_new(b->loop, fds[0], CEILING, &callbacks, b, &b->stream, NULL) == OK ? 0
                                                                                            : -1;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    loop_stream_close(b->stream);
    loop_listener_close(b->listener);
    if (b->other >= 0)
        close(b->other);
    loop_free(b->loop);
    free(b);
    return 0;
}

static void say(struct bench *b, const char *text)
{
    assert_int_equal(send(b->other, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    assert_ok(loop_run(b->loop, NULL));
}

static void stop_loop(void *self)
{
    loop_stop(self);
}

/* Lets the loop look once at whatever is ready. */
static void turn(struct bench *b)
{
    struct loop_timer *t;
    assert_ok(loop_timer_new(b->loop, stop_loop, b->loop, &t, NULL));
    loop_timer_set(t, 0);
    assert_ok(loop_run(b->loop, NULL));
    loop_timer_close(t);
}

static void hears_and_speaks(void **state)
{
    struct bench *b = *state;
    say(b, "hello");
    assert_string_equal(b->got, "hello");
    assert_ok(loop_stream_write(b->stream, STR("yes")));
    assert_int_equal(loop_stream_queued(b->stream), 0); /* went out at once */
    char text[8] = {0};
    assert_int_equal(recv(b->other, text, sizeof(text), 0), 3);
    assert_string_equal(text, "yes");
}

static void rest_is_given_again(void **state)
{
    struct bench *b = *state;
    b->use = 2;
    say(b, "abcde");
    assert_string_equal(b->got, "ab");
    say(b, "f");
    assert_int_equal(b->last_n, 4); /* cde + f */
    assert_string_equal(b->got, "abcd");
    b->use = SIZE_MAX;
    say(b, "g");
    assert_string_equal(b->got, "abcdefg");
    say(b, "h");
    assert_int_equal(b->last_n, 1);
}

static void end_comes_once_after_the_rest(void **state)
{
    struct bench *b = *state;
    assert_int_equal(send(b->other, "bye", 3, 0), 3);
    close(b->other);
    b->other = -1;
    while (!b->ended)
        assert_ok(loop_run(b->loop, NULL));
    assert_string_equal(b->got, "bye");
    assert_int_equal(loop_stream_write(b->stream, STR("x")), E_IO);
    assert_int_equal(b->ended, 1);
}

/* What waits unread is not lost when writing fails, and SIGPIPE kills nobody. */
static void failed_write_still_hears(void **state)
{
    struct bench *b = *state;
    assert_int_equal(send(b->other, "last words", 10, 0), 10);
    close(b->other);
    b->other = -1;
    assert_int_equal(loop_stream_write(b->stream, STR("x")), E_IO);
    assert_int_equal(b->ended, 0); /* never inside another function */
    while (!b->ended)
        assert_ok(loop_run(b->loop, NULL));
    assert_string_equal(b->got, "last words");
}

static void queues_up_to_the_ceiling(void **state)
{
    struct bench *b = *state;
    static char block[CEILING / 4];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)('a' + i % 23);
    size_t written = 0;
    enum code code;
    while ((code = loop_stream_write(b->stream, (struct str){block, sizeof(block)})) == OK)
        written += sizeof(block);
    assert_int_equal(code, E_LIMIT);
    assert_true(loop_stream_queued(b->stream) > CEILING - sizeof(block));
    assert_true(loop_stream_queued(b->stream) <= CEILING);

    /* A reader in the same thread: it takes what is there whenever the loop has written more. */
    size_t taken = 0;
    static char text[CEILING];
    fcntl(b->other, F_SETFL, O_NONBLOCK);
    while (taken < written) {
        ssize_t n = recv(b->other, text, sizeof(text), 0);
        if (n < 0) { /* the room just made is filled in the next turn */
            turn(b);
            continue;
        }
        for (ssize_t i = 0; i < n; i++, taken++) {
            if (text[i] != block[taken % sizeof(block)])
                fail_msg("byte %zu is wrong", taken);
        }
    }
    assert_int_equal(loop_stream_queued(b->stream), 0);
    assert_int_equal(b->drained, 1);
}

static void closing_inside_read(void **state)
{
    struct bench *b = *state;
    b->close_in_read = true;
    say(b, "abc");
    assert_int_equal(b->reads, 1);
    char c;
    assert_int_equal(recv(b->other, &c, 1, 0), 0); /* and the socket with it */
    assert_int_equal(b->ended, 0);
}

/* A peer that never says anything the owner can use does not grow the process. */
static void unused_input_is_bounded(void **state)
{
    struct bench *b = *state;
    static char block[64 * 1024];
    b->use = 0;
    size_t sent = 0;
    while (!b->ended && sent < 4 * CEILING) {
        ssize_t n = send(b->other, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            sent += (size_t)n;
        else
            assert_ok(loop_run(b->loop, NULL));
    }
    assert_int_equal(b->ended, 1);
    assert_true(b->last_n <= CEILING + sizeof(block));
}

static void refuses_what_is_no_socket(void **state)
{
    struct bench *b = *state;
    struct loop_stream *s = NULL;
    assert_int_equal(loop_stream_new(b->loop, -1, CEILING, &callbacks, b, &s, NULL), E_IO);
    assert_null(s);
}

static void on_accepted(void *self, int fd)
{
    struct bench *b = self;
    b->accepted++;
    b->accepted_fd = fd;
    loop_stop(b->loop);
}

static void listen_here(struct bench *b, char path[64])
{
    int fd;
    snprintf(path, 64, "/tmp/trawl-stream-%d", (int)getpid());
    unlink(path);
    assert_ok(unix_listen(path, 8, &fd, NULL));
    assert_ok(loop_listener_new(b->loop, fd, on_accepted, b, &b->listener, NULL));
}

static void accepts(void **state)
{
    struct bench *b = *state;
    char path[64];
    int client;
    listen_here(b, path);
    assert_ok(unix_connect(path, &client, NULL));
    assert_ok(loop_run(b->loop, NULL));
    assert_int_equal(b->accepted, 1);
    assert_true(fcntl(b->accepted_fd, F_GETFD) & FD_CLOEXEC);
    close(b->accepted_fd);
    close(client);
    unlink(path);
}

/* With every descriptor in use a connection is closed, not left to wake the loop for ever, and the
 * next one is taken when there is room again. */
static void out_of_descriptors(void **state)
{
    struct bench *b = *state;
    char path[64];
    int client, next, fill[64], n = 0;
    listen_here(b, path);
    assert_ok(unix_connect(path, &client, NULL));
    struct rlimit old, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)client + 8;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (n < 64 && (fill[n] = dup(client)) >= 0)
        n++;
    assert_true(n < 64);
    char c;
    while (recv(client, &c, 1, MSG_DONTWAIT) < 0) /* until it is refused */
        say(b, "x");
    assert_int_equal(b->accepted, 0);
    while (n)
        close(fill[--n]);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_ok(unix_connect(path, &next, NULL));
    assert_ok(loop_run(b->loop, NULL));
    assert_int_equal(b->accepted, 1);
    close(b->accepted_fd);
    close(client);
    close(next);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define UNIT(f) cmocka_unit_test_setup_teardown(f, open_bench, close_bench)
        UNIT(hears_and_speaks),
        UNIT(rest_is_given_again),
        UNIT(end_comes_once_after_the_rest),
        UNIT(failed_write_still_hears),
        UNIT(queues_up_to_the_ceiling),
        UNIT(closing_inside_read),
        UNIT(unused_input_is_bounded),
        UNIT(refuses_what_is_no_socket),
        UNIT(accepts),
        UNIT(out_of_descriptors),
    };
    return RUN_TESTS(tests);
}
