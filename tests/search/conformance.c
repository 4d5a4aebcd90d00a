#include "conformance.h"

#include <stdlib.h>

size_t samplers_under_test(const struct sampler_kind *ret[64])
{
    const struct sampler_kind *const *all;
    const char *only = getenv("TRAWL_SAMPLER");
    size_t n = 0, total = sampler_kinds(&all);
    assert_true(total <= 64);
    for (size_t i = 0; i < total; i++)
        if (!only || strcmp(only, all[i]->name) == 0 || options_given(all[i]))
            ret[n++] = all[i];
    if (n == 0)
        fail_msg("there is no sampler %s", only);
    return n;
}

int64_t affordable(const struct sampler_kind *kind, int64_t quick, int64_t costly)
{
    return kind->instant ? quick : costly;
}

/* A finite space may come to its end before the trials do, and nothing else may. */
static void check_count(const struct run *r)
{
    enum { WALKABLE = 10000000 };
    bool exact;
    int64_t all = r->plan->trials + r->plan->with_baseline, own = 0, from;
    for (size_t i = 1; i <= r->n_configs; i++)
        own += searcher_parent(r->s, (int64_t)i, &from) == 0;
    if (r->settings.method.allocator->vary) { /* a population ends by itself */
        assert_true(r->plan->trials == 0 || own <= all);
        return;
    }
    if (r->refused || (r->plan->trials > 0 && (int64_t)r->n_configs == all))
        return;
    int64_t copies = r->plan->seeds == SEEDS_REPLICATES ? 2 : 1;
    if (r->plan->sampler->enumerates && space_count(r->space, &exact) == 0)
        return;
    if ((int64_t)r->n_configs > all && r->plan->trials > 0)
        fail_msg("%zu trials instead of %d", r->n_configs, (int)all);
    int64_t count = space_count(r->space, &exact);
    if (r->plan->may_be_refused && (count == 0 || count > WALKABLE || copies > 1))
        return;
    if (count == 0 || copies > 1)
        fail_msg("it ended after %zu trials", r->n_configs);
    assert_int_equal(r->n_configs, space_count_allowed(r->space));
}

void run_one(const struct plan *plan, void (*check)(const struct run *r))
{
    struct run r;
    print_message("# %s + %s, seed %d, mood %d, %d slots\n", plan->sampler->name,
                  plan->allocator ? plan->allocator : "full", (int)plan->seed, (int)plan->mood,
                  plan->slots);
    start_run(&r, plan);
    drive(&r);
    check_count(&r);
    check(&r);
    end_run(&r);
}

static bool follows(const struct sampler_kind *kind, const struct plan *plan)
{
    return kind->objectives_max == 0 || plan->n_objectives <= kind->objectives_max;
}

void over_samplers(struct plan plan, int64_t costly, void (*check)(const struct run *r))
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    int64_t quick = plan.trials;
    for (size_t i = 0; i < n; i++) {
        if (!follows(kinds[i], &plan))
            continue;
        plan.sampler = kinds[i];
        plan.trials = affordable(kinds[i], quick, costly);
        run_one(&plan, check);
    }
}

/* Allocators of several kinds come once with each. */
static const char *const more_allocators[] = {"asha(variant=promote)",
                                              "adaptive(mode=conservative, variant=promote)",
                                              "sha(n=5)",
                                              "patience(steps=4, delta=0.1)",
                                              "pbt(population=4, interval=5, quantile=0.5)",
                                              "pb2(population=6, interval=3)"};

enum { MORE_ALLOCATORS = sizeof(more_allocators) / sizeof(more_allocators[0]) };

static const char *text_of(const struct allocator_kind *kind)
{
    if (kind == &allocator_freeze_thaw)
        return "freeze_thaw(growth=3)";
    return kind == &allocator_threshold ? "threshold(value=0)" : kind->name;
}

/* Those that choose by a model take milliseconds each time that a trial goes on. */
enum { CHOOSING_TRIALS = 6 };

static void with_every_allocator(struct plan plan, void (*check)(const struct run *r))
{
    const struct allocator_kind *const *all;
    size_t n = allocator_kinds(&all);
    int64_t trials = plan.trials;
    for (size_t k = 0; k < n; k++) {
        if (all[k]->needs_steps && !plan.with_steps)
            continue;
        if (all[k] == &allocator_replay) /* wants a schedule (test_pbt.c) */
            continue;
        if (all[k] == &allocator_adaptive && plan.trials == 0)
            continue;
        bool many = all[k]->choose && (trials == 0 || trials > CHOOSING_TRIALS);
        plan.allocator = text_of(all[k]);
        plan.trials = many ? CHOOSING_TRIALS : trials;
        run_one(&plan, check);
    }
    plan.trials = trials;
    for (size_t k = 0; plan.with_steps && plan.trials > 0 && k < MORE_ALLOCATORS; k++) {
        plan.allocator = more_allocators[k];
        run_one(&plan, check);
    }
}

/* Every allocator with random, asha and none with the other samplers. */
void over_pairs(struct plan plan, int64_t costly, void (*check)(const struct run *r))
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    int64_t quick = plan.trials;
    for (size_t i = 0; i < n; i++) {
        plan.sampler = kinds[i];
        plan.trials = affordable(kinds[i], quick, costly);
        if (kinds[i] == &sampler_random) {
            with_every_allocator(plan, check);
            continue;
        }
        plan.allocator = plan.with_steps ? "asha" : "full";
        run_one(&plan, check);
        if (plan.with_steps && !kinds[i]->instant) {
            plan.allocator = "asha(variant=promote)";
            run_one(&plan, check);
        }
    }
}

void check_recompute(const struct run *r)
{
    recompute(r);
}

void replay(const struct run *r, size_t k)
{
    replay_until(r, k, r->n);
}

/* Does nothing here cost milliseconds: neither the sampler, nor an allocator with a model? */
static bool is_instant(const struct run *r)
{
    const struct allocator_kind *allocator = r->settings.method.allocator;
    return r->plan->sampler->instant && !allocator->choose && allocator != &allocator_pb2;
}

void check_replay(const struct run *r)
{
    bool instant = is_instant(r);
    size_t places = instant ? 2 : 1;
    recompute(r);
    for (size_t i = instant ? 0 : 1; i <= places; i++)
        replay(r, r->n * i / (places + 1));
}

void check_every_replay(const struct run *r)
{
    enum { NEXT = 12, FEW = 8 };
    bool instant = is_instant(r);
    size_t rest = instant ? 1 : 1 + r->n / FEW;
    recompute(r);
    for (size_t k = 0; k <= r->n; k++)
        if (k % rest == 0)
            replay(r, k);
        else if (r->plan->sampler->instant)
            replay_until(r, k, k + NEXT < r->n ? k + NEXT : r->n);
}
