#include "cluster.h"

#include "search/length.h"

#include <math.h>
#include <stdlib.h>

const char *options_given(const struct sampler_kind *kind)
{
    const char *only = getenv("TRAWL_SAMPLER");
    size_t n = strlen(kind->name);
    return only && strncmp(only, kind->name, n) == 0 && only[n] == '(' ? only + n : NULL;
}

void write_method(const struct plan *plan, const struct space *s, char *text, size_t size)
{
    const char *options = plan->options ? plan->options : options_given(plan->sampler);
    bool exact;
    if (!options)
        options = plan->sampler->enumerates && space_count(s, &exact) == 0 ? "(points=3)" : "";
    snprintf(text, size, "%s%s + %s", plan->sampler->name, options,
             plan->allocator ? plan->allocator : "full");
}

struct config draw_config(const struct space *s, struct arena *a, uint64_t seed, uint64_t stream)
{
    struct rng g;
    struct config c;
    struct error e = {.code = OK};
    rng_init(&g, seed, stream);
    /* A space may have been found satisfiable by a walk. */
    expect_code(config_draw(s, a, &g, 100 * SPACE_DRAWS_MAX, &c, &e), OK, &e);
    return c;
}

void start_run(struct run *r, const struct plan *plan)
{
    *r = (struct run){.plan = plan, .space = plan->space};
    if (!r->space)
        r->space = r->own_space = make_space(plan->rows, plan->constraint);
    char method[200];
    bool known = sampler_find(str_of(plan->sampler->name)) == plan->sampler;
    if (known)
        write_method(plan, r->space, method, sizeof(method));
    else
        snprintf(method, sizeof(method), "random + %s", plan->allocator ? plan->allocator : "full");
    r->settings = make_settings(r->space, method, plan->trials, 1, plan->with_steps ? 27 : 0);
    if (!known)
        method_set_sampler(&r->settings.method, plan->sampler);
    if (plan->own_steps)
        assert_ok(length_read(r->space, &r->settings.effort, NULL));
    r->settings.effort.parallel = plan->slots;
    r->settings.seed = plan->seed;
    r->settings.seeds = plan->seeds;
    r->settings.replicates = 2;
    r->settings.n_objectives = plan->n_objectives ? plan->n_objectives : 1;
    for (size_t i = 0; i < r->settings.n_objectives; i++)
        r->settings.minimize[i] = (plan->seed + i) % 2;
    r->settings.n_requirements = plan->n_requirements;
    arena_init(&r->arena, (size_t)1 << 30);
    if (plan->with_baseline) {
        r->baseline = draw_config(r->space, &r->arena, plan->seed, 99);
        r->settings.baseline = &r->baseline;
    }
    assert_true(plan->n_first <= FIRST_POINTS && plan->slots <= SLOTS_MAX);
    for (size_t i = 0; i < plan->n_first; i++)
        r->first[i] = draw_config(r->space, &r->arena, plan->seed, 1000 + i);
    r->settings.first = r->first;
    r->settings.n_first = plan->n_first;
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
    space_free(r->own_space);
}

/* Working ahead. */

static void *work(void *p)
{
    preparation_run(p);
    return NULL;
}

static enum code prepare(struct searcher *s, int64_t seen, struct worker *w, bool in_a_thread,
                         struct error *e)
{
    assert_null(w->out);
    enum code code = searcher_prepare(s, seen, &w->out, e);
    if (code != OK || !w->out || !in_a_thread)
        return code;
    pthread_attr_t attr;
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, 512 << 10), 0);
    assert_int_equal(pthread_create(&w->thread, &attr, work, w->out), 0);
    pthread_attr_destroy(&attr);
    w->threaded = true;
    return OK;
}

static void hand_in(struct searcher *s, struct worker *w)
{
    if (w->threaded)
        assert_int_equal(pthread_join(w->thread, NULL), 0);
    else if (w->out)
        preparation_run(w->out);
    if (w->out)
        searcher_prepared(s, w->out);
    *w = (struct worker){.out = NULL};
}

/* Inputs. */

static enum code give_exit(struct searcher *s, struct arena *a, const struct input *in, bool plain,
                           struct entry *entry, struct error *e)
{
    if (plain)
        return searcher_exit(s, a, in->trial, in->outcome, in->step, in->value, entry, e);
    return searcher_exit_result(s, a, in->trial, in->outcome, in->step, &in->result, entry, e);
}

/* Gives one input to a searcher; without an entry, entry->seq stays 0. */
static enum code feed(struct searcher *s, const struct run *r, struct worker *w, struct arena *a,
                      const struct input *in, struct entry *entry, struct proposal *p,
                      enum decision *d, struct error *e)
{
    bool plain = r->settings.n_objectives == 1 && r->settings.n_requirements == 0;
    *entry = (struct entry){.seq = 0};
    switch (in->kind) {
    case INPUT_BEGIN:
        return searcher_begin(s, a, entry, e);
    case INPUT_EVIDENCE:
        return searcher_evidence(s, a, in->config, in->outcome, in->step, &in->result, entry, e);
    case INPUT_ASK:
        return searcher_ask(s, a, p, entry, e);
    case INPUT_REPORT:
        return searcher_report(s, a, in->trial, in->step, in->value, d, entry, e);
    case INPUT_EXIT:
        return give_exit(s, a, in, plain, entry, e);
    case INPUT_REOPEN:
        return searcher_reopen(s, a, in->trial, entry, e);
    case INPUT_PREPARE:
        return prepare(s, in->step, w, s == r->s && r->plan->working == AHEAD_IN_A_THREAD, e);
    case INPUT_PREPARED:
        hand_in(s, w);
        break;
    }
    return OK;
}

static void keep(struct run *r, const struct input *in, const struct entry *entry)
{
    if (r->n == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 256;
        r->entries = realloc(r->entries, r->capacity * sizeof(*r->entries));
        r->inputs = realloc(r->inputs, r->capacity * sizeof(*r->inputs));
        r->configs = realloc(r->configs, r->capacity * sizeof(*r->configs));
        assert_true(r->entries && r->inputs && r->configs);
    }
    r->seq += entry->seq > 0;
    assert_true(entry->seq == 0 || entry->seq == r->seq);
    assert_int_equal(searcher_last_seq(r->s), r->seq);
    r->entries[r->n] = *entry;
    r->inputs[r->n++] = *in;
}

/* Feeds it and keeps it. */
static void push(struct run *r, struct input in, struct proposal *p, enum decision *d)
{
    struct error e = {.code = OK};
    struct entry entry;
    in.code = feed(r->s, r, &r->worker, &r->arena, &in, &entry, p, d, &e);
    if (in.code == E_UNSATISFIABLE && in.kind == INPUT_ASK && r->plan->may_be_refused) {
        assert_true(strlen(e.message) > 10 && strlen(e.hint) > 10);
        *p = (struct proposal){.kind = ASK_DONE};
        r->refused = true;
    } else {
        expect_code(in.code, OK, &e);
    }
    keep(r, &in, &entry);
}

/* What is proposed. */

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

static bool was_proposed(const struct run *r, const struct config *c)
{
    for (size_t i = 0; i < r->n_configs; i++)
        if (config_equal(c, &r->configs[i]))
            return true;
    return false;
}

/* The given points come first, each once, in their order. */
static void check_firsts(struct run *r, const struct proposal *p)
{
    if (p->baseline || r->plan->seeds == SEEDS_REPLICATES)
        return;
    while (r->n_firsts < r->plan->n_first && was_proposed(r, &r->first[r->n_firsts]))
        r->n_firsts++;
    if (r->n_firsts < r->plan->n_first)
        assert_true(config_equal(&p->config, &r->first[r->n_firsts++]));
}

static struct live *find_live(struct run *r, int64_t trial)
{
    int i = 0;
    while (i < r->n_live && r->live[i].trial != trial)
        i++;
    assert_true(i < r->n_live);
    return &r->live[i];
}

static bool pauses(const struct run *r)
{
    return method_pauses(&r->settings.method);
}

static void check_proposal(struct run *r, const struct proposal *p)
{
    const struct plan *plan = r->plan;
    assert_int_equal(p->trial, r->n_configs + 1);
    assert_true(p->seed >= 0 && p->seed <= INT32_MAX);
    if (plan->own_steps)
        assert_int_equal(p->steps, length_of(&p->config));
    else
        assert_true(!plan->with_steps || p->baseline || pauses(r) || p->steps == 27);
    assert_int_equal(p->steps > 0, plan->with_steps);
    assert_true(p->steps <= 27);
    assert_int_equal(p->baseline, plan->with_baseline && p->trial == 1);
    check_values(r, &p->config);
    if (p->baseline)
        assert_true(config_equal(&p->config, &r->baseline));
    check_firsts(r, p);
    if (plan->seeds != SEEDS_REPLICATES && r->n_configs < 300 && p->parent == 0)
        assert_false(was_proposed(r, &p->config));
    r->configs[r->n_configs++] = p->config;
}

/* What trials come to. */

double smooth(const struct config *c, size_t i)
{
    double u[2000], sum = 0;
    size_t n = (size_t)c->space->n_units;
    assert_true(n <= sizeof(u) / sizeof(u[0]));
    config_encode(c, u);
    for (size_t k = 0; k < n; k++) {
        double d = u[k] - 0.3 - 0.2 * (double)(i % 4);
        sum += d * d / (double)(k + 1);
    }
    return sum;
}

static double make_value(struct run *r, const struct config *c, size_t objective)
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
    if (rng_below(&r->rng, 30) == 0)
        return (double)NAN;
    double value = smooth(c, objective) + 0.05 * rng_normal(&r->rng);
    return r->settings.minimize[objective] ? value : -value;
}

static struct result make_result(struct run *r, const struct config *c)
{
    struct result result;
    for (size_t i = 0; i < OBJECTIVES_MAX; i++)
        result.values[i] = i < r->settings.n_objectives ? make_value(r, c, i) : (double)NAN;
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++) {
        result.excess[i] = (double)NAN;
        if (i >= r->settings.n_requirements || rng_below(&r->rng, 20) == 0)
            continue;
        result.excess[i] = r->plan->mood == MIXED ? smooth(c, i + 2) - 0.2 : make_value(r, c, 0);
    }
    return result;
}

static enum outcome make_outcome(struct run *r, bool stopping)
{
    if (r->plan->mood == ALL_FAILED)
        return OUTCOME_FAILED;
    if (r->plan->mood == ALL_INFEASIBLE)
        return OUTCOME_INFEASIBLE;
    if (r->plan->mood == MIXED && rng_below(&r->rng, 10) == 0)
        return (enum outcome)rng_below(&r->rng, 5);
    return stopping ? OUTCOME_STOPPED : OUTCOME_COMPLETED;
}

static void give_evidence(struct run *r)
{
    for (size_t i = 0; i < r->plan->n_evidence; i++) {
        struct config *c = arena_alloc(&r->arena, sizeof(*c));
        assert_non_null(c);
        *c = draw_config(r->space, &r->arena, r->plan->seed, 100000 + i);
        struct input in = {.kind = INPUT_EVIDENCE, .step = 27, .config = c};
        in.result = make_result(r, c);
        in.outcome = make_outcome(r, false);
        push(r, in, NULL, NULL);
    }
}

/* An ended trial takes nothing more. */
static void check_ended(struct run *r, int64_t trial)
{
    struct error e;
    struct entry entry;
    enum decision d;
    assert_true(searcher_next_wanted(r->s, trial, 0) == INT64_MAX);
    expect_code(searcher_exit(r->s, &r->arena, trial, OUTCOME_FAILED, 1, 0, &entry, &e), E_STATE,
                &e);
    expect_code(searcher_report(r->s, &r->arena, trial, 99, 0, &d, &entry, &e), E_STATE, &e);
    assert_int_equal(searcher_last_seq(r->s), r->seq);
}

static void end_trial(struct run *r, int slot)
{
    struct live t = r->live[slot];
    r->n_paused -= t.paused;
    struct input in = {.kind = INPUT_EXIT, .trial = t.trial, .step = t.step};
    in.result = make_result(r, &r->configs[t.trial - 1]);
    in.value = in.result.values[0];
    in.outcome = make_outcome(r, t.stopping);
    push(r, in, NULL, NULL);
    r->live[slot] = r->live[--r->n_live];
    check_ended(r, t.trial);
    if (r->plan->mood == MIXED && rng_below(&r->rng, 20) == 0) {
        push(r, (struct input){.kind = INPUT_REOPEN, .trial = t.trial}, NULL, NULL);
        r->live[r->n_live++] = (struct live){.trial = t.trial, .step = t.step};
    }
}

/* One pending trial gets on: to the next step that is wanted, or past it, or to its end. */
static void advance(struct run *r)
{
    int slot = (int)rng_below(&r->rng, (uint64_t)r->n_live);
    struct live *t = &r->live[slot];
    int64_t wanted = searcher_next_wanted(r->s, t->trial, 0);
    assert_true(wanted > t->step);
    if (t->paused && r->open && rng_below(&r->rng, 30))
        return;
    bool silent = r->plan->mood == SILENT || r->plan->mood == ALL_INFEASIBLE;
    if (wanted == INT64_MAX || silent || rng_below(&r->rng, 25) == 0) {
        end_trial(r, slot);
        return;
    }
    int64_t step = wanted + (rng_below(&r->rng, 4) ? 0 : (int64_t)rng_below(&r->rng, 9));
    assert_int_equal(searcher_next_wanted(r->s, t->trial, step), step);
    enum decision d;
    struct input in = {.kind = INPUT_REPORT, .trial = t->trial, .step = step};
    in.value = make_value(r, &r->configs[t->trial - 1], 0);
    push(r, in, NULL, &d);
    t->step = step;
    t->stopping = d == DECISION_STOP;
    t->paused = d == DECISION_PAUSE;
    r->n_paused += t->paused;
    if (r->plan->with_baseline && t->trial == 1)
        assert_int_equal(d, DECISION_CONTINUE);
    if (step >= (r->plan->own_steps ? length_of(&r->configs[t->trial - 1]) : 27))
        assert_int_equal(d, DECISION_CONTINUE);
}

static struct live new_live(const struct run *r, int64_t trial)
{
    int64_t from;
    bool copied = searcher_parent(r->s, trial, &from) > 0;
    return (struct live){.trial = trial, .step = copied ? from : -1};
}

/* A copy came in place of another, which ends now if it has not. */
static void replaced(struct run *r, const struct proposal *p)
{
    assert_true(p->parent < p->trial && p->from > 0 && p->from < p->steps);
    for (size_t i = 0; i < r->space->n_params; i++)
        if (!r->space->params[i].change && p->config.values[i].type != VALUE_NONE)
            assert_true(value_equal(&p->config.values[i], &r->configs[p->parent - 1].values[i]));
    for (int i = 0; i < r->n_live; i++) {
        struct live t = r->live[i];
        if (t.trial != p->over)
            continue;
        assert_true(t.paused && t.trial != p->parent);
        struct input in = {
            .kind = INPUT_EXIT, .trial = t.trial, .step = t.step, .outcome = OUTCOME_STOPPED};
        in.result = make_result(r, &r->configs[t.trial - 1]);
        in.value = in.result.values[0];
        push(r, in, NULL, NULL);
        r->n_paused--;
        r->live[i] = r->live[--r->n_live];
        return;
    }
}

static void ask(struct run *r)
{
    struct proposal p;
    push(r, (struct input){.kind = INPUT_ASK}, &p, NULL);
    if (p.kind == ASK_WAIT) {
        assert_true(r->worker.out || (pauses(r) && r->n_live > r->n_paused));
        return;
    }
    if (p.kind == ASK_MORE) {
        struct live *t = find_live(r, p.trial);
        assert_true(t->paused && p.from == t->step && p.steps > p.from);
        assert_true(config_equal(&p.config, &r->configs[p.trial - 1]));
        t->paused = false;
        r->n_paused--;
        return;
    }
    r->open = p.kind == ASK_TRIAL;
    if (!r->open)
        return;
    check_proposal(r, &p);
    assert_true(r->n_live < LIVE_MAX);
    r->live[r->n_live++] = new_live(r, p.trial);
    if (p.parent > 0)
        replaced(r, &p);
}

/* Where suggestions are prepared, now and then one is begun or handed in. */
static void work_ahead(struct run *r)
{
    if (r->plan->working == ON_THE_SPOT || rng_below(&r->rng, 3))
        return;
    struct input in = {.kind = r->worker.out ? INPUT_PREPARED : INPUT_PREPARE, .step = INT64_MAX};
    if (rng_below(&r->rng, 2))
        in.step = (int64_t)rng_below(&r->rng, (uint64_t)r->seq + 1);
    push(r, in, NULL, NULL);
}

static void drive_on(struct run *r)
{
    r->open = true;
    while (r->open || r->n_live) {
        work_ahead(r);
        if (r->open && r->n_live - r->n_paused < r->plan->slots && rng_below(&r->rng, 3))
            ask(r);
        else if (r->n_live)
            advance(r);
    }
    if (r->worker.out)
        push(r, (struct input){.kind = INPUT_PREPARED}, NULL, NULL);
}

void drive(struct run *r)
{
    push(r, (struct input){.kind = INPUT_BEGIN}, NULL, NULL);
    give_evidence(r);
    drive_on(r);
}

/* Again. */

void same_entry(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->trial, b->trial);
    assert_int_equal(a->data.n, b->data.n);
    if (a->data.n && memcmp(a->data.p, b->data.p, a->data.n) != 0)
        fail_msg("%.*s\nis not\n%.*s", STR_FMT(a->data), STR_FMT(b->data));
}

void replay_until(const struct run *r, size_t k, size_t end)
{
    struct searcher *s = make_searcher(&r->settings);
    struct worker w = {.out = NULL};
    struct arena a;
    struct error e = {.code = OK};
    arena_init(&a, (size_t)1 << 28);
    if (r->plan->working != ON_THE_SPOT)
        k = 0;
    for (size_t i = 0; i < end; i++) {
        if (i < k) {
            if (r->entries[i].seq)
                expect_code(searcher_apply(s, &r->entries[i], &e), OK, &e);
            continue;
        }
        struct entry entry;
        struct proposal p;
        enum decision d;
        enum code code = feed(s, r, &w, &a, &r->inputs[i], &entry, &p, &d, &e);
        expect_code(code, r->inputs[i].code, &e);
        same_entry(&entry, &r->entries[i]);
    }
    for (size_t t = 0; end == r->n && t <= r->n_configs + 1; t++)
        assert_true(searcher_next_wanted(s, (int64_t)t, 0) ==
                    searcher_next_wanted(r->s, (int64_t)t, 0));
    arena_free(&a);
    searcher_free(s);
}

/* Takes entry i of another run as it stands. */
static void adopt(struct run *r, const struct run *from, size_t i)
{
    const struct input *in = &from->inputs[i];
    const struct entry *entry = &from->entries[i];
    struct error e = {.code = OK};
    if (entry->seq == 0)
        return;
    expect_code(searcher_apply(r->s, entry, &e), OK, &e);
    keep(r, in, entry);
    if (in->kind == INPUT_ASK && memmem(entry->data.p, entry->data.n, "\"more\"", 6)) {
        struct live *t = find_live(r, entry->trial);
        t->paused = false;
        r->n_paused--;
    } else if (in->kind == INPUT_ASK) {
        assert_ok(
            config_copy(&r->arena, &from->configs[entry->trial - 1], &r->configs[r->n_configs++]));
        r->live[r->n_live++] = new_live(r, entry->trial);
    } else if (in->kind == INPUT_REPORT) {
        struct live *t = find_live(r, in->trial);
        t->step = in->step;
        t->stopping = t->stopping || memmem(entry->data.p, entry->data.n, "\"stop\"", 6);
        t->paused = memmem(entry->data.p, entry->data.n, "\"pause\"", 7);
        r->n_paused += t->paused;
    } else if (in->kind == INPUT_EXIT) {
        struct live *t = find_live(r, in->trial);
        r->n_paused -= t->paused;
        *t = r->live[--r->n_live];
    } else if (in->kind == INPUT_REOPEN) {
        size_t exit = i;
        while (from->inputs[exit].kind != INPUT_EXIT || from->inputs[exit].trial != in->trial)
            exit--;
        r->live[r->n_live++] = (struct live){.trial = in->trial, .step = from->inputs[exit].step};
    }
}

void go_on_otherwise(const struct run *from, size_t k)
{
    struct run r;
    start_run(&r, from->plan);
    rng_init(&r.rng, from->plan->seed + k, 2);
    for (size_t i = 0; i < k; i++)
        adopt(&r, from, i);
    if (r.n == 0)
        push(&r, (struct input){.kind = INPUT_BEGIN}, NULL, NULL);
    drive_on(&r);
    recompute(&r);
    end_run(&r);
}

void recompute(const struct run *r)
{
    struct searcher *s = make_searcher(&r->settings);
    struct error e = {.code = OK};
    for (size_t i = 0; i < r->n; i++)
        if (r->entries[i].seq)
            expect_code(searcher_recompute(s, &r->entries[i], &e), OK, &e);
    assert_int_equal(searcher_last_seq(s), searcher_last_seq(r->s));
    searcher_free(s);
}

uint64_t digest(const struct run *r)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < r->n; i++) {
        h = (h ^ (uint64_t)r->entries[i].seq) * 1099511628211u;
        for (size_t k = 0; k < r->entries[i].data.n; k++)
            h = (h ^ (unsigned char)r->entries[i].data.p[k]) * 1099511628211u;
    }
    return h;
}
