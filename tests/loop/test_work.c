#include "loop/loop.h"
#include "testing.h"

#include <pthread.h>
#include <semaphore.h>

enum { ITEMS = 100 };

struct shop;

struct item {
    struct shop *shop;
    int number, done;
    bool ran;
    pthread_t on;
};

struct shop {
    struct loop *loop;
    struct loop_settled *settled;
    struct item items[ITEMS];
    int n_done, wanted, settled_after;
    pthread_t home;
    sem_t begun, go_on;
    bool inside; /* loop_work has not returned */
};

static void open_shop(struct shop *s)
{
    *s = (struct shop){.home = pthread_self()};
    for (int i = 0; i < ITEMS; i++)
        s->items[i] = (struct item){.shop = s, .number = i};
    assert_ok(loop_new(&s->loop, NULL));
    assert_int_equal(sem_init(&s->begun, 0, 0), 0);
    assert_int_equal(sem_init(&s->go_on, 0, 0), 0);
}

static void close_shop(struct shop *s)
{
    loop_free(s->loop);
    sem_destroy(&s->begun);
    sem_destroy(&s->go_on);
}

static void run(void *self)
{
    struct item *x = self;
    x->on = pthread_self();
    x->ran = true;
}

static void run_until_told(void *self)
{
    struct item *x = self;
    sem_post(&x->shop->begun);
    sem_wait(&x->shop->go_on);
    x->ran = true;
}

static void on_done(void *self)
{
    struct item *x = self;
    struct shop *s = x->shop;
    assert_true(pthread_equal(pthread_self(), s->home));
    assert_true(x->ran);
    assert_false(s->inside);
    x->done++;
    if (++s->n_done == s->wanted)
        loop_stop(s->loop);
}

static void give(struct shop *s, int i, void (*work)(void *))
{
    s->inside = true;
    assert_ok(loop_work(s->loop, work, on_done, &s->items[i], NULL));
    s->inside = false;
}

static void on_settled(void *self)
{
    struct shop *s = self;
    if (s->n_done == s->wanted)
        s->settled_after++;
}

static void all_of_it_runs_elsewhere_and_is_told_here(void **state)
{
    struct shop s;
    open_shop(&s);
    s.wanted = ITEMS;
    assert_ok(loop_settled_new(s.loop, on_settled, &s, &s.settled, NULL));
    for (int i = 0; i < ITEMS; i++)
        give(&s, i, run);
    assert_ok(loop_run(s.loop, NULL));
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(s.items[i].done, 1);
        assert_false(pthread_equal(s.items[i].on, s.home));
    }
    assert_true(s.settled_after > 0);
    loop_settled_close(s.settled);
    close_shop(&s);
}

/* The end of one gives more. */
static void give_next(void *self)
{
    struct item *x = self;
    struct shop *s = x->shop;
    x->done++;
    if (x->number + 1 < ITEMS)
        assert_ok(loop_work(s->loop, run, give_next, x + 1, NULL));
    else
        loop_stop(s->loop);
}

static void work_gives_work(void **state)
{
    struct shop s;
    open_shop(&s);
    assert_ok(loop_work(s.loop, run, give_next, &s.items[0], NULL));
    assert_ok(loop_run(s.loop, NULL));
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(s.items[i].done, 1);
    close_shop(&s);
}

static void *tell_to_go_on(void *self)
{
    struct shop *s = self;
    for (int i = 0; i < ITEMS; i++)
        sem_post(&s->go_on);
    return NULL;
}

/* What has begun is waited for, what has not never begins, and no end is told. */
static void finishing_waits_for_what_runs(void **state)
{
    struct shop s;
    pthread_t teller;
    open_shop(&s);
    for (int i = 0; i < ITEMS; i++)
        give(&s, i, run_until_told);
    sem_wait(&s.begun);
    assert_int_equal(pthread_create(&teller, NULL, tell_to_go_on, &s), 0);
    loop_work_finish(s.loop);
    int ran = 0;
    for (int i = 0; i < ITEMS; i++)
        ran += s.items[i].ran;
    assert_true(ran >= 1);
    loop_work_finish(s.loop); /* again: nothing is left */
    assert_int_equal(pthread_join(teller, NULL), 0);
    close_shop(&s);
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(s.items[i].done, 0);
}

/* What comes after is work like any other. */
static void work_goes_on_after_finishing(void **state)
{
    struct shop s;
    open_shop(&s);
    give(&s, 0, run);
    loop_work_finish(s.loop);
    s.wanted = 1;
    give(&s, 1, run);
    assert_ok(loop_run(s.loop, NULL));
    assert_int_equal(s.items[0].done, 0);
    assert_int_equal(s.items[1].done, 1);
    close_shop(&s);
}

static void freeing_the_loop_finishes_it(void **state)
{
    struct shop s;
    open_shop(&s);
    for (int i = 0; i < ITEMS; i++)
        give(&s, i, run);
    close_shop(&s);
    assert_int_equal(s.n_done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_runs_elsewhere_and_is_told_here),
        cmocka_unit_test(work_gives_work),
        cmocka_unit_test(finishing_waits_for_what_runs),
        cmocka_unit_test(work_goes_on_after_finishing),
        cmocka_unit_test(freeing_the_loop_finishes_it),
    };
    return RUN_TESTS(tests);
}
