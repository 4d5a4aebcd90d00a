#include "loop/loop.h"
#include "testing.h"

#include <signal.h>
#include <unistd.h>

struct bench {
    struct loop *loop;
    struct loop_timer *timer, *other;
    struct loop_watch *watch;
    struct loop_signal *signal;
    struct loop_settled *hooks[3];
    int64_t fired_at;
    int fired, pipe[2];
    char order[64];
    size_t n_order;
};

static int64_t now(void)
{
    struct clock c = clock_system();
    return clock_monotonic(&c);
}

static void note(struct bench *b, char c)
{
    if (b->n_order < sizeof(b->order) - 1)
        b->order[b->n_order++] = c;
}

static void on_fire(void *self)
{
    struct bench *b = self;
    b->fired++;
    b->fired_at = now();
    loop_stop(b->loop);
}

static void timer_is_never_early(void **state)
{
    struct bench b = {0};
    assert_ok(loop_new(&b.loop, NULL));
    assert_ok(loop_timer_new(b.loop, on_fire, &b, &b.timer, NULL));
    int64_t at = now() + 3 * NS_PER_MS + 123456;
    loop_timer_set(b.timer, at + NS_PER_S * 3600);
    loop_timer_set(b.timer, at); /* setting again moves it */
    assert_ok(loop_run(b.loop, NULL));
    assert_true(b.fired_at >= at);
    assert_int_equal(b.fired, 1);
    loop_timer_set(b.timer, 0); /* long past */
    assert_ok(loop_run(b.loop, NULL));
    assert_int_equal(b.fired, 2);
    loop_timer_close(b.timer);
    loop_free(b.loop);
}

/* Both timers are due when the loop first looks; each disarms the other, so one fires, whichever
 * the kernel names first. */
static void disarm_other(void *self)
{
    struct bench *b = self;
    b->fired++;
    loop_timer_set(b->timer, INT64_MAX);
    loop_timer_set(b->other, INT64_MAX);
    loop_timer_close(b->timer);
    loop_timer_close(b->other);
}

static void stop_loop(void *self)
{
    loop_stop(((struct bench *)self)->loop);
}

static void disarmed_timer_does_not_fire(void **state)
{
    struct bench b = {0};
    struct loop_timer *last;
    assert_ok(loop_new(&b.loop, NULL));
    assert_ok(loop_timer_new(b.loop, disarm_other, &b, &b.timer, NULL));
    assert_ok(loop_timer_new(b.loop, disarm_other, &b, &b.other, NULL));
    assert_ok(loop_timer_new(b.loop, stop_loop, &b, &last, NULL));
    loop_timer_set(b.timer, 0);
    loop_timer_set(b.other, 0);
    loop_timer_set(last, now() + 2 * NS_PER_MS);
    assert_ok(loop_run(b.loop, NULL));
    assert_int_equal(b.fired, 1);
    loop_timer_close(last);
    loop_free(b.loop);
}

/* A stop that no turn obeys is left over at the end: what was closed is released all the same (the
 * leak checker looks). */
static void stopped_loop_releases(void **state)
{
    struct bench b = {0};
    assert_ok(loop_new(&b.loop, NULL));
    assert_ok(loop_timer_new(b.loop, on_fire, &b, &b.timer, NULL));
    loop_stop(b.loop);
    loop_timer_close(b.timer);
    loop_free(b.loop);
}

static void on_ready(void *self)
{
    struct bench *b = self;
    char c = 0;
    assert_int_equal(read(b->pipe[0], &c, 1), 1);
    note(b, c);
    if (c == 'z') {
        loop_watch_close(b->watch);
        loop_stop(b->loop);
    }
}

/* Level-triggered: three bytes, one read a call; closed in its own callback with one byte left. */
static void watch_comes_again(void **state)
{
    struct bench b = {0};
    assert_int_equal(pipe(b.pipe), 0);
    assert_int_equal(write(b.pipe[1], "xyz!", 4), 4);
    assert_ok(loop_new(&b.loop, NULL));
    assert_ok(loop_watch_new(b.loop, b.pipe[0], on_ready, &b, &b.watch, NULL));
    assert_ok(loop_run(b.loop, NULL));
    assert_string_equal(b.order, "xyz");
    loop_free(b.loop);
    char c = 0;
    assert_int_equal(read(b.pipe[0], &c, 1), 1); /* the descriptor stays the caller's */
    assert_int_equal(c, '!');
    close(b.pipe[0]);
    close(b.pipe[1]);
}

static void watch_refuses_a_file(void **state)
{
    struct bench b = {0};
    struct error e = {0};
    char name[] = "/tmp/trawl-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_ok(loop_new(&b.loop, NULL));
    assert_int_equal(loop_watch_new(b.loop, fd, on_ready, &b, &b.watch, &e), E_IO);
    assert_int_equal(loop_watch_new(b.loop, -1, on_ready, &b, &b.watch, &e), E_IO);
    assert_true(e.detail[0]);
    assert_null(b.watch);
    assert_int_equal(close(fd), 0); /* still ours */
    unlink(name);
    loop_free(b.loop);
}

static void on_signal(void *self, int signum)
{
    struct bench *b = self;
    b->fired = signum;
    loop_signal_close(b->signal);
    loop_stop(b->loop);
}

static void signal_arrives(void **state)
{
    struct bench b = {0};
    assert_ok(loop_new(&b.loop, NULL));
    assert_ok(loop_signal_new(b.loop, SIGUSR1, on_signal, &b, &b.signal, NULL));
    raise(SIGUSR1);
    assert_ok(loop_run(b.loop, NULL));
    assert_int_equal(b.fired, SIGUSR1);
    struct error e = {0};
    assert_int_equal(loop_signal_new(b.loop, SIGKILL, on_signal, &b, &b.signal, &e), E_IO);
    loop_free(b.loop);
}

static void hook_a(void *self)
{
    note(self, 'A');
}

static void hook_b(void *self)
{
    struct bench *b = self;
    note(b, 'B');
    loop_settled_close(b->hooks[1]); /* itself, inside the walk */
    loop_settled_close(b->hooks[2]); /* and one whose turn would come */
}

static void hook_c(void *self)
{
    note(self, 'C');
}

static void on_event(void *self)
{
    struct bench *b = self;
    note(b, 't');
    loop_stop(b->loop);
}

/* Before the first sleep A, B; then the event; then A once more though the loop was stopped. */
static void hooks_run_in_order(void **state)
{
    struct bench b = {0};
    assert_ok(loop_new(&b.loop, NULL));
    assert_ok(loop_settled_new(b.loop, hook_a, &b, &b.hooks[0], NULL));
    assert_ok(loop_settled_new(b.loop, hook_b, &b, &b.hooks[1], NULL));
    assert_ok(loop_settled_new(b.loop, hook_c, &b, &b.hooks[2], NULL));
    assert_ok(loop_timer_new(b.loop, on_event, &b, &b.timer, NULL));
    loop_timer_set(b.timer, 0);
    assert_ok(loop_run(b.loop, NULL));
    assert_string_equal(b.order, "ABtA");
    loop_settled_close(b.hooks[0]);
    loop_timer_close(b.timer);
    loop_free(b.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_is_never_early),  cmocka_unit_test(disarmed_timer_does_not_fire),
        cmocka_unit_test(watch_comes_again),     cmocka_unit_test(watch_refuses_a_file),
        cmocka_unit_test(signal_arrives),        cmocka_unit_test(hooks_run_in_order),
        cmocka_unit_test(stopped_loop_releases),
    };
    return RUN_TESTS(tests);
}
