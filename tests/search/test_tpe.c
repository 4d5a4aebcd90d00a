/* TPE: its kernels against their definition, its memory, what it finds. */
#include "objective.h"

#include "search/enumeration.h"
#include "search/tpe/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A history by hand, over a space: what a searcher would show. */
struct past {
    struct space *space;
    struct encoding *encoding;
    struct arena arena;
    struct rng rng;
    struct config *configs;
    struct observation *v;
    uint32_t *ended;
    struct history h;
};

enum { PAST_MAX = 400 };

static void start_past(struct past *p, const struct row *rows, uint64_t seed)
{
    *p = (struct past){.space = make_space(rows, NULL)};
    arena_init(&p->arena, (size_t)1 << 28);
    rng_init(&p->rng, seed, 0);
    assert_ok(encoding_new(p->space, &p->encoding, NULL));
    p->configs = calloc(PAST_MAX, sizeof(*p->configs));
    p->v = calloc(PAST_MAX, sizeof(*p->v));
    p->ended = calloc(PAST_MAX, sizeof(*p->ended));
    assert_true(p->configs && p->v && p->ended);
    p->h = (struct history){.v = p->v, .ended = p->ended, .n_objectives = 1};
}

static void end_past(struct past *p)
{
    encoding_free(p->encoding);
    space_free(p->space);
    arena_free(&p->arena);
    free(p->configs);
    free(p->v);
    free(p->ended);
}

/* A trial more, pending. */
static void start_trial(struct past *p)
{
    size_t i = p->h.n++;
    assert_true(i < PAST_MAX);
    assert_ok(config_draw(p->space, &p->arena, &p->rng, 1000, &p->configs[i], NULL));
    p->v[i] = (struct observation){.config = &p->configs[i],
                                   .hash = config_hash(&p->configs[i]),
                                   .value = (double)NAN,
                                   .pending = true,
                                   .origin = -1};
}

static void end_trial(struct past *p, size_t i, double value)
{
    p->v[i].pending = false;
    p->v[i].value = value;
    p->v[i].failed = isnan(value);
    p->ended[p->h.n_ended++] = (uint32_t)i;
}

static const struct row few_values[] = {{"n", "int(1, 5)", NULL},
                                        {"l", "logint(1, 6)", NULL},
                                        {"s", "uniform(0, 1, step=0.5)", NULL},
                                        {"o", "ordinal(1, 2, 4)", NULL},
                                        {"c", "choice(a=3, b, c)", NULL},
                                        {"f", "flag()", NULL},
                                        {"set", "subset(x, y)", NULL},
                                        {"order", "permutation(x, y, z)", NULL},
                                        {NULL, NULL, NULL}};

/* The prior probability of a value. */
static double prior_of(const struct prior *p, const struct value *v)
{
    if (p->kind == PRIOR_LOGINT)
        return log(((double)v->i + 0.5) / ((double)v->i - 0.5)) /
               log(((double)p->ihi + 0.5) / ((double)p->ilo - 0.5));
    for (size_t i = 0; i < p->n_levels && p->kind == PRIOR_CHOICE; i++)
        if (value_equal(&p->levels[i], v))
            return p->weights[i];
    return 1 / (double)prior_count(p);
}

/* Each kernel is a probability distribution: over a finite space its densities, weighted by the
 * prior, add up to 1. */
static void kernels_add_up_to_one(void **state)
{
    static const size_t sizes[] = {1, 10, 300};
    struct past p;
    struct branch b;
    start_past(&p, few_values, 3);
    double *u = calloc(p.encoding->n_units + 1, sizeof(*u));
    double *row = calloc(p.encoding->n_columns + 1, sizeof(*row));
    bool active[8] = {true, true, true, true, true, true, true, true};
    assert_true(u && row);
    assert_ok(branch_init(&b, p.encoding, active));
    assert_int_equal(b.d, 9);
    for (int i = 0; i < 6; i++) {
        start_trial(&p);
        encoding_row(p.encoding, &p.configs[i], u, row);
        assert_ok(branch_push(&b, row));
    }
    for (size_t k = 0; k < 3; k++) {
        branch_widen(&b, sizes[k]);
        double sums[6] = {0}, whole = 0;
        struct enumeration *x;
        struct config c;
        bool end = false;
        assert_ok(enumeration_new(p.space, 0, 0, &x, NULL));
        for (int64_t at = 0;; at++) {
            assert_ok(enumeration_at(x, at, &c, &end, NULL));
            if (end)
                break;
            double prior = 1;
            for (size_t i = 0; i < p.space->n_params; i++)
                prior *= prior_of(&p.space->params[i].prior, &c.values[i]);
            encoding_row(p.encoding, &c, u, row);
            for (size_t i = 0; i < 6; i++)
                sums[i] += prior * exp(branch_kernel(&b, i, row, NULL));
            whole += prior;
        }
        enumeration_free(x);
        assert_near(whole, 1, 1e-12);
        for (int i = 0; i < 6; i++)
            assert_near(sums[i], 1, 1e-12);
    }
    branch_free(&b);
    free(u);
    free(row);
    end_past(&p);
}

static const struct row numbers[] = {{"x", "uniform(-5, 5)", NULL},
                                     {"y", "loguniform(1e-4, 1)", NULL},
                                     {"n", "int(0, 999)", NULL},
                                     {NULL, NULL, NULL}};

static double phi(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

/* Normal densities, cut at the walls, of the width that the header tells. */
static void densities_are_their_formula(void **state)
{
    struct past p;
    struct branch b;
    double u[3], row[3], at[3];
    bool active[3] = {true, true, true};
    start_past(&p, numbers, 5);
    assert_ok(branch_init(&b, p.encoding, active));
    for (int n = 0; n < 200; n++) {
        start_trial(&p);
        encoding_row(p.encoding, &p.configs[n], u, row);
        assert_ok(branch_push(&b, row));
        branch_widen(&b, (size_t)n + 1);
    }
    double sd = 0.1 * pow((double)width_steps(200), -1.0 / 7);
    assert_true(width_steps(200) <= 200 && width_steps(200) > 180);
    for (int i = 0; i < 200; i++) {
        encoding_row(p.encoding, &p.configs[i], u, row);
        double expected = 0;
        for (int k = 0; k < 3; k++) {
            at[k] = rng_unit(&p.rng);
            double z = (at[k] - row[k]) / sd, mass = phi((1 - row[k]) / sd) - phi(-row[k] / sd);
            expected -= z * z / 2 + log(sd * sqrt(2 * 3.14159265358979323846) * mass);
        }
        assert_near(branch_kernel(&b, (size_t)i, at, NULL), expected, 1e-10 * (1 + fabs(expected)));
    }
    branch_free(&b);
    end_past(&p);
}

static const struct row conditional[] = {
    {"model", "choice(linear, mlp, gbdt)", NULL},
    {"rate", "loguniform(1e-4, 1)", NULL},
    {"hidden", "logint(16, 512)", "model == \"mlp\""},
    {"depth", "int(2, 12)", "model == \"gbdt\""},
    {"deep", "flag()", "depth > 6"},
    {"features", "subset(hour, carrier, distance, min=1)", NULL},
    {"order", "permutation(a, b, c, d)", "len(features) >= 2"},
    {NULL, NULL, NULL}};

/* Sums over many kernels are the sums of what each is worth, in and across branches. */
static void sums_are_sums_of_kernels(void **state)
{
    struct past p;
    struct memory m;
    struct room room = {.n = 0};
    start_past(&p, conditional, 7);
    assert_ok(memory_init(&m, p.encoding));
    for (size_t i = 0; i < 200; i++) {
        start_trial(&p);
        if (i % 9)
            end_trial(&p, i, rng_unit(&p.rng));
    }
    assert_ok(memory_follow(&m, &p.h));
    assert_true(m.n_branches > 4);
    double *u = calloc(p.encoding->n_units + 1, sizeof(*u));
    double *row = calloc(p.encoding->n_columns + 1, sizeof(*row));
    assert_true(u && row);
    for (int round = 0; round < 50; round++) {
        struct config c;
        bool active[7];
        assert_ok(config_draw(p.space, &p.arena, &p.rng, 10, &c, NULL));
        encoding_row(p.encoding, &c, u, row);
        for (int i = 0; i < 7; i++)
            active[i] = c.values[i].type != VALUE_NONE;
        for (size_t k = 0; k < m.n_branches; k++) {
            const struct branch *b = &m.branches[k];
            uint32_t out = (uint32_t)rng_below(&p.rng, b->n);
            double sum = 0, got;
            for (size_t i = 0; i < b->n; i++)
                sum += i == out ? 0 : exp(branch_kernel(b, i, row, active));
            assert_ok(branch_sums(b, &out, 1, row, 1, active, &room, &got));
            assert_near(exp(got), sum, 1e-11 * (1 + sum));
            if (memcmp(active, b->active, sizeof(active)) != 0)
                continue;
            assert_ok(branch_sums(b, &out, 1, row, 1, NULL, &room, &got));
            assert_near(exp(got), sum, 1e-11 * (1 + sum));
        }
    }
    free(u);
    free(row);
    room_free(&room);
    memory_free(&m);
    end_past(&p);
}

static void same_array(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_real(a[i], b[i]);
}

static void same_memory(const struct memory *a, const struct memory *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_valued, b->n_valued);
    assert_int_equal(a->n_branches, b->n_branches);
    assert_int_equal(a->n_pending, b->n_pending);
    if (a->n > 0)
        assert_memory_equal(a->rank, b->rank, a->n * sizeof(*a->rank));
    for (size_t k = 0; k < a->n_branches; k++) {
        const struct branch *x = &a->branches[k], *y = &b->branches[k];
        assert_int_equal(x->hash, y->hash);
        assert_int_equal(x->n, y->n);
        assert_int_equal(x->n_ended, y->n_ended);
        assert_int_equal(x->n_valued, y->n_valued);
        if (x->n_ended > 0) {
            assert_memory_equal(x->rank, y->rank, x->n_ended * sizeof(*x->rank));
            assert_memory_equal(x->ended, y->ended, x->n_ended * sizeof(*x->ended));
        }
        same_array(x->norm, y->norm, x->n);
        for (size_t c = 0; c < x->n_columns; c++) {
            same_array(x->scaled + c * x->capacity, y->scaled + c * y->capacity, x->n);
            same_array(x->norms + c * x->capacity, y->norms + c * y->capacity, x->n);
        }
    }
}

/* Whatever happens - trials start, end, fail, come back to life - a memory that followed step by
 * step is the same as one that sees it all at once. */
static void memory_grows_as_if_built_at_once(void **state)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct past p;
        struct memory grown;
        print_message("# seed %d\n", (int)seed);
        start_past(&p, seed % 2 ? conditional : few_values, seed);
        assert_ok(memory_init(&grown, p.encoding));
        for (int step = 0; step < 600; step++) {
            size_t i = p.h.n > 0 ? (size_t)rng_below(&p.rng, p.h.n) : 0;
            uint64_t what = rng_below(&p.rng, 40);
            if (what == 0 && p.h.n_ended > 0) { /* the first of all is pending again */
                p.v[p.ended[0]].pending = true;
                p.v[p.ended[0]].value = (double)NAN;
                memmove(p.ended, p.ended + 1, --p.h.n_ended * sizeof(*p.ended));
                p.h.taken_back++;
            } else if (what < 20 && p.h.n < PAST_MAX) {
                start_trial(&p);
            } else if (p.h.n > 0 && p.v[i].pending) {
                end_trial(&p, i, what % 5 ? floor(8 * rng_unit(&p.rng)) : (double)NAN);
            }
            assert_ok(memory_follow(&grown, &p.h));
            if (step % 7)
                continue;
            struct memory fresh;
            assert_ok(memory_init(&fresh, p.encoding));
            assert_ok(memory_follow(&fresh, &p.h));
            same_memory(&grown, &fresh);
            memory_free(&fresh);
        }
        assert_true(grown.n > 100);
        memory_free(&grown);
        end_past(&p);
    }
}

/* The good ones are the best tenth, with a value, and never more than asked for. */
static void good_ones_are_the_best(void **state)
{
    struct past p;
    struct memory m;
    struct good g;
    start_past(&p, numbers, 11);
    assert_ok(memory_init(&m, p.encoding));
    for (size_t i = 0; i < 95; i++) {
        start_trial(&p);
        end_trial(&p, i, i < 90 ? (double)((i * 37) % 90) : (double)NAN);
    }
    assert_ok(memory_follow(&m, &p.h));
    assert_ok(good_ones(&m, NULL, 0.1, 25, &p.arena, &g));
    assert_int_equal(g.n, 10);
    double sum = 0;
    for (size_t i = 0; i < g.n; i++) {
        assert_real(p.v[p.ended[g.branch[i]->ended[g.kernel[i]]]].value, (double)i);
        assert_true(i == 0 || g.weight[i] < g.weight[i - 1]);
        sum += g.weight[i];
    }
    assert_near(sum, 10, 1e-12);
    assert_ok(good_ones(&m, &m.branches[0], 0.5, 25, &p.arena, &g));
    assert_int_equal(g.n, 25);
    assert_ok(good_ones(&m, NULL, 1, 1000, &p.arena, &g));
    assert_int_equal(g.n, 90);
    memory_free(&m);
    end_past(&p);
}

static double bowl(const struct config *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->space->n_params; i++)
        sum += (c->values[i].r - 0.3) * (c->values[i].r - 0.3);
    return sum;
}

static const struct row five[] = {{"a", "uniform(0, 1)", NULL}, {"b", "uniform(0, 1)", NULL},
                                  {"c", "uniform(0, 1)", NULL}, {"d", "uniform(0, 1)", NULL},
                                  {"e", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

static double half_bowl(const struct config *c)
{
    return c->values[0].r > 0.7 ? (double)NAN : bowl(c);
}

static void finds_more_than_chance(void **state)
{
    const struct objective o = {.rows = five, .value = bowl};
    double found = mean_best(&o, "tpe", 100, 8), drawn = mean_best(&o, "sobol", 100, 8);
    print_message("# bowl: tpe %.4f, sobol %.4f\n", found, drawn);
    assert_true(found < drawn / 4);
}

/* Where trials fail is no good place; what is pending is spread out. */
static void failures_are_bad(void **state)
{
    const struct objective o = {.rows = five, .value = half_bowl};
    struct found f;
    size_t failed = 0;
    search_for(&o, "tpe", 5, 150, 8, &f);
    for (size_t i = 50; i < f.n; i++)
        failed += isnan(f.values[i]);
    print_message("# %zu of 100 failed; best %.4f\n", failed, f.best);
    assert_true(failed <= 8);
    assert_true(f.best < 0.03);
    found_free(&f);
}

static const struct row branching[] = {{"m", "choice(p, q, r, s)", NULL},
                                       {"x", "uniform(0, 1)", NULL},
                                       {"p1", "uniform(0, 1)", "m == \"p\""},
                                       {"p2", "uniform(0, 1)", "m == \"p\""},
                                       {"q1", "uniform(0, 1)", "m == \"q\""},
                                       {"q2", "loguniform(1e-3, 1)", "m == \"q\""},
                                       {"q3", "int(1, 20)", "m == \"q\""},
                                       {"r1", "uniform(0, 1)", "m == \"r\""},
                                       {NULL, NULL, NULL}};

/* The best branch has the most parameters, and is no better than others at most of its places. */
static double branching_value(const struct config *c)
{
    double x = fabs(c->values[1].r - 0.6), m = number_of(c, "m");
    if (m == 0)
        return 0.5 + x + fabs(c->values[2].r - 0.2) / 2 + fabs(c->values[3].r - 0.2) / 2;
    if (m == 1)
        return x - 0.3 + fabs(c->values[4].r - 0.7) + fabs(log10(c->values[5].r) + 2) / 2 +
               fabs((double)c->values[6].i - 15) / 20;
    return m == 2 ? 0.6 + x + c->values[7].r / 4 : 0.7 + x;
}

static void finds_the_best_of_branches(void **state)
{
    const struct objective o = {.rows = branching, .value = branching_value};
    double found = mean_best(&o, "tpe", 100, 10), drawn = mean_best(&o, "sobol", 100, 10);
    print_message("# branches: tpe %.4f, sobol %.4f\n", found, drawn);
    assert_true(found < 0.1 && found < drawn - 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_add_up_to_one),
        cmocka_unit_test(densities_are_their_formula),
        cmocka_unit_test(sums_are_sums_of_kernels),
        cmocka_unit_test(memory_grows_as_if_built_at_once),
        cmocka_unit_test(good_ones_are_the_best),
        cmocka_unit_test(finds_more_than_chance),
        cmocka_unit_test(failures_are_bad),
        cmocka_unit_test(finds_the_best_of_branches),
    };
    return RUN_TESTS(tests);
}
