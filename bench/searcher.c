/*
 * How long the searcher takes: bench/searcher [METHOD [TRIALS]].
 *
 * Drives one search of eight mixed parameters over 1 to 27 steps with 16 pending trials, prints the
 * mean time of each call and the memory at the end, then applies the whole journal to a fresh
 * searcher, which is what resuming costs.
 */
#include "search/allocator.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SLOTS = 16 };

static const char *const params[][2] = {
    {"lr", "loguniform(1e-4, 1)"},   {"depth", "int(2, 12)"},     {"model", "choice(a, b, c)"},
    {"size", "ordinal(16, 32, 64)"}, {"weather", "flag()"},       {"shift", "normal(0, 1)"},
    {"width", "logint(16, 512)"},    {"drop", "uniform(0, 0.5)"},
};

struct timing {
    int64_t n, ns;
};

struct bench {
    struct space *space;
    struct searcher_settings settings;
    struct searcher *searcher;
    struct arena arena; /* the journal */
    struct entry *entries;
    size_t n, capacity;
    struct timing ask, report, leave, apply;
    int64_t trial[SLOTS];
    int n_live;
    struct rng rng;
};

static void check(enum code code, const struct error *e)
{
    if (code == OK)
        return;
    fprintf(stderr, "%s\n", e->message);
    exit(1);
}

static int64_t now(void)
{
    struct clock c = clock_system();
    return clock_monotonic(&c);
}

static void count(struct timing *t, int64_t since)
{
    t->n++;
    t->ns += now() - since;
}

static struct entry *next_entry(struct bench *b)
{
    if (b->n == b->capacity) {
        b->capacity = b->capacity ? 2 * b->capacity : 1024;
        b->entries = reallocarray(b->entries, b->capacity, sizeof(*b->entries));
        if (!b->entries)
            exit(1);
    }
    return &b->entries[b->n];
}

static void set_up(struct bench *b, const char *method, int64_t trials)
{
    struct error e = {.code = OK};
    struct problems problems;
    problems_init(&problems);
    check(space_new(&b->space, &e), &e);
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        struct param_decl d = {.name = str_of(params[i][0]), .prior = str_of(params[i][1])};
        check(space_declare(b->space, &d, &e), &e);
    }
    check(space_finish(b->space, &problems), &e);
    problems_free(&problems);
    arena_init(&b->arena, SIZE_MAX);
    b->settings = (struct searcher_settings){
        .space = b->space,
        .effort = {trials, true, 1, 27, SLOTS, 1},
        .seed = 1,
        .n_objectives = 1,
        .minimize = {true},
    };
    struct method *m = &b->settings.method;
    check(method_parse(&b->arena, str_of(method), (struct location){.file = NULL}, m, &e), &e);
    check(method_resolve(m, b->space, &b->settings.effort, &e), &e);
    check(searcher_new(&b->searcher, &b->settings, &e), &e);
    check(searcher_begin(b->searcher, &b->arena, next_entry(b), &e), &e);
    b->n++;
    rng_init(&b->rng, 1, 1);
}

static bool ask(struct bench *b)
{
    struct error e = {.code = OK};
    struct proposal p;
    int64_t since = now();
    check(searcher_ask(b->searcher, &b->arena, &p, next_entry(b), &e), &e);
    if (p.kind != ASK_TRIAL)
        return false;
    count(&b->ask, since);
    b->n++;
    b->trial[b->n_live++] = p.trial;
    return true;
}

/* One trial reports what is wanted next, and ends where it is told to or nothing more is. */
static void advance(struct bench *b)
{
    struct error e = {.code = OK};
    int slot = (int)rng_below(&b->rng, (uint64_t)b->n_live);
    int64_t trial = b->trial[slot], step = searcher_next_wanted(b->searcher, trial, 0);
    double value = rng_normal(&b->rng);
    enum decision d = DECISION_STOP;
    int64_t since = now();
    if (step != INT64_MAX) {
        check(searcher_report(b->searcher, &b->arena, trial, step, value, &d, next_entry(b), &e),
              &e);
        count(&b->report, since);
        b->n++;
    }
    if (d == DECISION_CONTINUE && step < 27)
        return;
    since = now();
    check(searcher_exit(b->searcher, &b->arena, trial, OUTCOME_STOPPED, step, value, next_entry(b),
                        &e),
          &e);
    count(&b->leave, since);
    b->n++;
    b->trial[slot] = b->trial[--b->n_live];
}

static void replay(struct bench *b)
{
    struct error e = {.code = OK};
    struct searcher *s;
    check(searcher_new(&s, &b->settings, &e), &e);
    for (size_t i = 0; i < b->n; i++) {
        int64_t since = now();
        check(searcher_apply(s, &b->entries[i], &e), &e);
        count(&b->apply, since);
    }
    searcher_free(s);
}

static void show(const char *name, const struct timing *t)
{
    if (t->n)
        printf("%-8s %9lld calls  %8.2f us each\n", name, (long long)t->n,
               (double)t->ns / (double)t->n / 1000);
}

int main(int argc, char **argv)
{
    struct bench b = {.n = 0};
    int64_t trials = argc > 2 ? strtoll(argv[2], NULL, 10) : 10000;
    set_up(&b, argc > 1 ? argv[1] : "sobol + asha", trials);
    int64_t since = now();
    for (bool open = true; open || b.n_live;) {
        if (open && b.n_live < SLOTS)
            open = ask(&b);
        else
            advance(&b);
    }
    double seconds = (double)(now() - since) / (double)NS_PER_S;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%lld trials in %.3f s: %.0f a second\n", (long long)trials, seconds,
           (double)trials / seconds);
    replay(&b);
    show("ask", &b.ask);
    show("report", &b.report);
    show("exit", &b.leave);
    show("apply", &b.apply);
    printf("memory   %ld KiB at most, %zu KiB of it the journal\n", usage.ru_maxrss,
           (b.arena.used + b.capacity * sizeof(*b.entries)) >> 10);
    searcher_free(b.searcher);
    space_free(b.space);
    arena_free(&b.arena);
    free(b.entries);
    return 0;
}
