#include "cluster.h"

#include <math.h>

void start_run(struct run *r, const struct plan *plan)
{
    *r = (struct run){.plan = plan, .space = make_space(plan->rows, plan->constraint)};
    bool exact;
    bool quantiles = strcmp(plan->sampler, "grid") == 0 && space_count(r->space, &exact) == 0;
    char method[100];
    snprintf(method, sizeof(method), "%s%s + %s", plan->sampler, quantiles ? "(points=3)" : "",
             plan->allocator);
    r->settings = make_settings(r->space, method, plan->trials, 1, plan->with_steps ? 27 : 0);
    r->settings.seed = plan->seed;
    r->settings.seeds = plan->seeds;
    r->settings.replicates = 2;
    r->settings.minimize[0] = plan->seed % 2;
    arena_init(&r->arena, (size_t)1 << 30);
    if (plan->with_baseline) {
        struct rng g;
        rng_init(&g, plan->seed, 99);
        assert_ok(config_draw(r->space, &r->arena, &g, 100000, &r->baseline, NULL));
        r->settings.baseline = &r->baseline;
    }
    r->s = make_searcher(&r->settings);
    rng_init(&r->rng, plan->seed, 1);
}

void end_run(struct run *r)
{
    searcher_free(r->s);
    free(r->entries);
    free(r->inputs);
    free(r->configs);
    arena_free(&r->arena);
    space_free(r->space);
}

/* Gives one input to a searcher. */
static enum code feed(struct searcher *s, struct arena *a, const struct input *in,
                      struct entry *entry, struct proposal *p, enum decision *d, struct error *e)
{
    if (in->reopen)
        return searcher_reopen(s, a, in->trial, entry, e);
    switch (in->kind) {
    case ENTRY_BEGIN:
        return searcher_begin(s, a, entry, e);
    case ENTRY_ASK:
        return searcher_ask(s, a, p, entry, e);
    case ENTRY_REPORT:
        return searcher_report(s, a, in->trial, in->step, in->value, d, entry, e);
    case ENTRY_EXIT:
        return searcher_exit(s, a, in->trial, in->outcome, in->step, in->value, entry, e);
    case ENTRY_EVENT:
        break;
    }
    return E_INVALID;
}

/* Feeds it and keeps it; false when the searcher has nothing more to start. */
static bool push(struct run *r, struct input in, struct proposal *p, enum decision *d)
{
    if (r->n == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 256;
        r->entries = realloc(r->entries, r->capacity * sizeof(*r->entries));
        r->inputs = realloc(r->inputs, r->capacity * sizeof(*r->inputs));
        r->configs = realloc(r->configs, r->capacity * sizeof(*r->configs));
        assert_true(r->entries && r->inputs && r->configs);
    }
    struct error e = {.code = OK};
    struct entry entry;
    expect_code(feed(r->s, &r->arena, &in, &entry, p, d, &e), OK, &e);
    if (in.kind == ENTRY_ASK && p->kind != ASK_TRIAL) {
        assert_int_equal(p->kind, ASK_DONE);
        return false;
    }
    assert_int_equal(entry.seq, r->n + 1);
    assert_int_equal(entry.seq, searcher_last_seq(r->s));
    r->entries[r->n] = entry;
    r->inputs[r->n++] = in;
    return true;
}

static void check_values(struct run *r, const struct config *c)
{
    for (size_t i = 0; i < r->space->n_params; i++) {
        const struct param *param = &r->space->params[i];
        bool active = !param->when || expr_truth(param->when, c->values) == EXPR_TRUE;
        assert_int_equal(c->values[i].type != VALUE_NONE, active);
        if (!active)
            continue;
        struct value v = c->values[i];
        struct error e = {.code = OK};
        expect_code(prior_accept(&param->prior, &r->arena, &v, &e), OK, &e);
        assert_true(value_equal(&v, &c->values[i]));
    }
    assert_true(config_allowed(c, NULL));
}

static void check_proposal(struct run *r, const struct proposal *p)
{
    const struct plan *plan = r->plan;
    assert_int_equal(p->trial, r->n_configs + 1);
    assert_true(p->seed >= 0 && p->seed <= INT32_MAX);
    assert_int_equal(p->steps, plan->with_steps ? 27 : 0);
    assert_int_equal(p->baseline, plan->with_baseline && p->trial == 1);
    check_values(r, &p->config);
    if (p->baseline)
        assert_true(config_equal(&p->config, &r->baseline));
    if (plan->seeds != SEEDS_REPLICATES && r->n_configs < 300)
        for (size_t i = 0; i < r->n_configs; i++)
            assert_false(config_equal(&p->config, &r->configs[i]));
    r->configs[r->n_configs++] = p->config;
}

static double make_value(struct run *r)
{
    static const double extremes[] = {
        1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -0.0, (double)NAN,
        (double)INFINITY,       -(double)INFINITY};
    switch (r->plan->mood) {
    case ALL_EQUAL:
        return 0.1;
    case ALL_MISSING:
    case SILENT:
        return (double)NAN;
    case ALL_INFINITE:
        return rng_below(&r->rng, 2) ? (double)INFINITY : -(double)INFINITY;
    case EXTREMES:
        return extremes[rng_below(&r->rng, 7)];
    case MIXED:
    case ALL_FAILED:
    case ALL_INFEASIBLE:
        break;
    }
    return rng_below(&r->rng, 30) ? rng_normal(&r->rng) : (double)NAN;
}

static enum outcome make_outcome(struct run *r, const struct live *t)
{
    if (r->plan->mood == ALL_FAILED)
        return OUTCOME_FAILED;
    if (r->plan->mood == ALL_INFEASIBLE)
        return OUTCOME_INFEASIBLE;
    if (r->plan->mood == MIXED && rng_below(&r->rng, 10) == 0)
        return (enum outcome)rng_below(&r->rng, 5);
    return t->stopping ? OUTCOME_STOPPED : OUTCOME_COMPLETED;
}

static void end_trial(struct run *r, int slot)
{
    struct live t = r->live[slot];
    struct input in = {ENTRY_EXIT, false, t.trial, t.step, make_value(r), make_outcome(r, &t)};
    push(r, in, NULL, NULL);
    r->live[slot] = r->live[--r->n_live];
    assert_true(searcher_next_wanted(r->s, t.trial, 0) == INT64_MAX);
    size_t before = r->n;
    struct error e;
    struct entry entry;
    enum decision d;
    expect_code(searcher_exit(r->s, &r->arena, t.trial, OUTCOME_FAILED, 1, 0, &entry, &e), E_STATE,
                &e);
    expect_code(searcher_report(r->s, &r->arena, t.trial, 99, 0, &d, &entry, &e), E_STATE, &e);
    assert_int_equal(searcher_last_seq(r->s), before);
    if (r->plan->mood == MIXED && rng_below(&r->rng, 20) == 0) {
        push(r, (struct input){.kind = ENTRY_EVENT, .reopen = true, .trial = t.trial}, NULL, NULL);
        r->live[r->n_live++] = (struct live){t.trial, t.step, false};
    }
}

/* One pending trial gets on: to the next step that is wanted, or past it, or to its end. */
static void advance(struct run *r)
{
    int slot = (int)rng_below(&r->rng, (uint64_t)r->n_live);
    struct live *t = &r->live[slot];
    int64_t wanted = searcher_next_wanted(r->s, t->trial, 0);
    assert_true(wanted > t->step);
    bool silent = r->plan->mood == SILENT || r->plan->mood == ALL_INFEASIBLE;
    if (wanted == INT64_MAX || silent || rng_below(&r->rng, 25) == 0) {
        end_trial(r, slot);
        return;
    }
    int64_t step = wanted + (rng_below(&r->rng, 4) ? 0 : (int64_t)rng_below(&r->rng, 9));
    assert_int_equal(searcher_next_wanted(r->s, t->trial, step), step);
    enum decision d;
    struct input in = {ENTRY_REPORT, false, t->trial, step, make_value(r), OUTCOME_COMPLETED};
    push(r, in, NULL, &d);
    t->step = step;
    t->stopping = d == DECISION_STOP;
    if (r->plan->with_baseline && t->trial == 1)
        assert_int_equal(d, DECISION_CONTINUE);
    if (step >= 27)
        assert_int_equal(d, DECISION_CONTINUE);
}

void drive(struct run *r)
{
    bool open = true;
    push(r, (struct input){.kind = ENTRY_BEGIN}, NULL, NULL);
    while (open || r->n_live) {
        if (open && r->n_live < r->plan->slots && rng_below(&r->rng, 3)) {
            struct proposal p;
            open = push(r, (struct input){.kind = ENTRY_ASK}, &p, NULL);
            if (open) {
                check_proposal(r, &p);
                r->live[r->n_live++] = (struct live){p.trial, -1, false};
            }
        } else if (r->n_live) {
            advance(r);
        }
    }
}

void same_entry(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->trial, b->trial);
    assert_int_equal(a->data.n, b->data.n);
    assert_memory_equal(a->data.p, b->data.p, a->data.n);
}

void replay(const struct run *r, size_t k)
{
    struct searcher *s = make_searcher(&r->settings);
    struct arena a;
    struct error e = {.code = OK};
    arena_init(&a, (size_t)1 << 28);
    for (size_t i = 0; i < r->n; i++) {
        if (i < k) {
            expect_code(searcher_apply(s, &r->entries[i], &e), OK, &e);
            continue;
        }
        struct entry entry = {.seq = 0};
        struct proposal p;
        enum decision d;
        expect_code(feed(s, &a, &r->inputs[i], &entry, &p, &d, &e), OK, &e);
        same_entry(&entry, &r->entries[i]);
    }
    for (size_t t = 0; t <= r->n_configs + 1; t++)
        assert_true(searcher_next_wanted(s, (int64_t)t, 0) ==
                    searcher_next_wanted(r->s, (int64_t)t, 0));
    arena_free(&a);
    searcher_free(s);
}

void recompute(const struct run *r)
{
    struct searcher *s = make_searcher(&r->settings);
    struct error e = {.code = OK};
    for (size_t i = 0; i < r->n; i++)
        expect_code(searcher_recompute(s, &r->entries[i], &e), OK, &e);
    assert_int_equal(searcher_last_seq(s), searcher_last_seq(r->s));
    searcher_free(s);
}
