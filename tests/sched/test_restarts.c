/*
 * Every sequence of crash and restart: a search of some 300 entries is killed at each entry of its
 * journal, with all that runs, and taken up again. For every allocator of the table.
 */
#include "sched/kept.h"
#include "sched/verify.h"
#include "search/allocator.h"
#include "simulated.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRIALS = 40, ENTRIES = 300, ENTRIES_MAX = 2000 };

#define YAML                                                                          \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\nretries: 1000\n" \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'%s}\n"                      \
    "search: {seed: 7, parallel: 4, trials: %d, method: 'random + %s'%s}\n"

/* How long trials may train, or do by a parameter of theirs. */
static void write_yaml(char *text, size_t size, int trials, const char *allocator, bool own)
{
    snprintf(text, size, YAML, own ? ", steps: 'logint(3, 27)'" : "", trials, allocator,
             own ? "" : ", budget: {min: 1, max: 27}");
}

/* What the table's name alone does not say. */
static const char *const further[] = {
    "asha(variant=promote)",
    "adaptive(variant=promote)",
    "threshold(value=20)",
};

static bool stands_alone(const struct allocator_kind *kind)
{
    for (size_t i = 0; i < kind->n_options; i++)
        if (isnan(kind->options[i].def)) /* it has to be said */
            return false;
    return kind != &allocator_replay; /* wants a schedule */
}

/* Steps take different times from trial to trial, so that entries come one by one. */
static void uneven(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->step = 1 + 0.013 * (double)(a->trial * 29 % 31);
}

static double curve(struct simulated *w, const struct sim_attempt *a, int64_t step)
{
    return (double)(a->trial * 17 % 45) + 10.0 / (double)(step + a->trial % 3);
}

static void begin(struct simulated *w, const char *yaml)
{
    simulated_init(w);
    w->course = uneven;
    w->value = curve;
    w->keep_going = true;
    simulated_begin(w, yaml);
}

static enum code count(void *self, const struct journal_row *row)
{
    int64_t *n = self;
    *n = row->seq;
    return OK;
}

/* How many there are; at least `n`. */
static int64_t entries(struct simulated *w, int64_t n)
{
    assert_ok(store_journal(w->store, w->id, n + 1, count, &n, NULL));
    return n;
}

static void assert_begins_alike(struct simulated *w, const struct buf *whole, int64_t n)
{
    struct buf b;
    buf_init(&b, 16 << 20);
    simulated_journal(w, &b);
    struct str ours = buf_view(&b), theirs = buf_view(whole);
    for (int64_t i = 0; i < n; i++) {
        struct str x = str_cut(&ours, '\n'), y = str_cut(&theirs, '\n');
        if (!str_eq(x, y))
            fail_msg("%.*s\nnot\n%.*s", STR_FMT(x), STR_FMT(y));
    }
    buf_free(&b);
}

/* trials 0: those of a population, whose copies are as many as it comes to. */
static void check_ended(struct simulated *w, int trials)
{
    struct error e = {0};
    if (trials == 0)
        trials = (int)simulated_entries(w, "ask", "params");
    assert_int_equal(simulated_state(w), SEARCH_COMPLETED);
    assert_int_equal(simulated_count(w, TRIAL_COMPLETED) + simulated_count(w, TRIAL_STOPPED),
                     trials);
    assert_int_equal(simulated_entries(w, "exit", "outcome"), trials);
    assert_int_equal(simulated_entries(w, "ask", "params"), trials);
    if (journal_verify(w->store, w->id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

/* Killed as soon as `n` entries are durable; how many were. */
static int64_t killed_at(const char *yaml, int trials, int64_t n, const struct buf *whole)
{
    struct simulated w;
    int64_t durable = 0;
    begin(&w, yaml);
    while ((durable = entries(&w, durable)) < n)
        simulated_turns(&w, 1);
    simulated_restart(&w);
    simulated_turns(&w, 0);
    assert_begins_alike(&w, whole, durable);
    check_ended(&w, trials);
    simulated_free_world(&w);
    return durable;
}

/* --- the searcher alone: what follows any beginning of the journal is decided alike --- */

struct journal {
    struct arena a;
    struct entry v[ENTRIES_MAX];
    size_t n;
};

static enum code keep_entry(void *self, const struct journal_row *row)
{
    struct journal *j = self;
    assert_in_range(j->n, 0, ENTRIES_MAX - 1);
    struct entry *x = &j->v[j->n++];
    *x = (struct entry){.seq = row->seq, .trial = row->trial};
    assert_true(entry_kind_parse(row->kind, &x->kind));
    return arena_str(&j->a, row->data, &x->data);
}

static void replayed_from_anywhere(struct simulated *w)
{
    struct arena a;
    struct search_row row;
    struct settings *st;
    struct kept kept;
    struct error e = {0};
    static struct journal j;
    j.n = 0;
    arena_init(&a, 64 << 20);
    arena_init(&j.a, 64 << 20);
    assert_ok(store_journal(w->store, w->id, 1, keep_entry, &j, &e));
    assert_ok(store_search_get(w->store, w->id, &a, &row, &e));
    assert_ok(kept_settings(&row, &st, &e));
    assert_ok(kept_rest(&row, &a, &kept, &e));
    struct searcher_settings ss = settings_searcher(st);
    ss.seed = kept.seed;
    assert_ok(method_parse(&a, row.method, (struct location){0}, &ss.method, &e));
    assert_ok(method_resolve(&ss.method, st->space, &st->effort, &e));
    for (size_t k = 0; k <= j.n; k += 5) { /* each would be quadratic in fits */
        struct searcher *s;
        assert_ok(searcher_new(&s, &ss, &e));
        for (size_t i = 0; i < j.n; i++)
            if ((i < k ? searcher_apply : searcher_recompute)(s, &j.v[i], &e) != OK)
                fail_msg("from entry %zu, at %zu: %s %s", k, i + 1, e.message, e.detail);
        searcher_free(s);
    }
    settings_free(st);
    arena_free(&j.a);
    arena_free(&a);
}

static int64_t uninterrupted(struct simulated *w, const char *yaml, int trials)
{
    begin(w, yaml);
    simulated_turns(w, 0);
    check_ended(w, trials);
    return entries(w, 0);
}

static void check(const char *allocator, bool copies, bool own)
{
    struct simulated w;
    struct buf whole;
    char yaml[600];
    write_yaml(yaml, sizeof yaml, TRIALS, allocator, own);
    int64_t first = uninterrupted(&w, yaml, copies ? 0 : TRIALS);
    simulated_free_world(&w);
    int trials = copies ? 0 : (int)(TRIALS * ENTRIES / first);
    write_yaml(yaml, sizeof yaml, copies ? TRIALS : trials, allocator, own);
    buf_init(&whole, 16 << 20);
    int64_t all = uninterrupted(&w, yaml, trials);
    simulated_journal(&w, &whole);
    replayed_from_anywhere(&w);
    simulated_free_world(&w);
    int64_t kills = 0;
    for (int64_t n = 1; n <= all; kills++)
        n = killed_at(yaml, trials, n, &whole) + 1;
    print_message("# %s: %d entries, killed %d times\n", allocator, (int)all, (int)kills);
    assert_true((copies || all > ENTRIES / 2) && kills > all / 3);
    buf_free(&whole);
}

static void every_allocator(void **state)
{
    const struct allocator_kind *const *kinds;
    size_t n = allocator_kinds(&kinds);
    assert_true(n >= 8);
    for (size_t i = 0; i < n; i++) {
        char population[100];
        snprintf(population, sizeof population, "%s(population=4, interval=3)", kinds[i]->name);
        bool copies = kinds[i]->vary != NULL;
        if (stands_alone(kinds[i]))
            check(copies ? population : kinds[i]->name, copies, false);
    }
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++)
        check(further[i], false, false);
}

static void lengths_of_their_own(void **state)
{
    check("median(min_trials=3)", false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocator),
        cmocka_unit_test(lengths_of_their_own),
    };
    return RUN_TESTS(tests);
}
