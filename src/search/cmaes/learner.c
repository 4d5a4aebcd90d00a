/* Learning from what ended. */
#include "search/cmaes/learner.h"

#include "search/cmaes/margin.h"

#include <math.h>
#include <stdlib.h>

enum { SETTLED_GENERATIONS = 10 };

/* Streams of the generator from here on are apart from those of draws, which count from 0. */
static const uint64_t restart_points = (uint64_t)1 << 63;

/* The width at which a real number has converged, and the least at a start with evidence, in
 * lengths of an axis. */
static const double converged_width = 1e-9, warm_width = 0.1;

static size_t dims_of(const struct learner *x)
{
    size_t n = x->axes.n + x->axes.n_choices;
    return n ? n : 1;
}

enum code learner_init(struct learner *x, const struct learner_settings *settings)
{
    *x = (struct learner){.settings = *settings};
    enum code code = axes_init(&x->axes, settings->space);
    if (code == OK)
        code = gaussian_init(&x->normal, x->axes.n);
    if (code == OK)
        code = categories_init(&x->categories, &x->axes);
    if (code == OK)
        code = generation_init(&x->generation, &x->axes);
    x->mean = code == OK ? calloc(x->axes.n + 1, sizeof(*x->mean)) : NULL;
    if (!x->mean) {
        learner_free(x);
        return code == OK ? E_NOMEM : code;
    }
    size_t lambda = settings->population ? settings->population : rates_lambda(dims_of(x));
    restarts_init(&x->restarts, settings->restarts, dims_of(x), lambda);
    return OK;
}

void learner_free(struct learner *x)
{
    axes_free(&x->axes);
    gaussian_free(&x->normal);
    categories_free(&x->categories);
    rates_free(&x->rates);
    restarts_free(&x->restarts);
    generation_free(&x->generation);
    places_free(&x->round);
    for (size_t i = 0; i < LEARNER_BRANCHES_MAX; i++)
        places_free(&x->branches[i].points);
    free(x->mean);
    *x = (struct learner){.begun = false};
}

static void start_run(struct learner *x, size_t lambda, double sd)
{
    gaussian_start(&x->normal, x->mean, sd);
    categories_start(&x->categories);
    x->lambda = lambda;
    x->run_at = x->learnt;
    x->settled_for = 0;
    x->round.n = 0;
    for (size_t i = 0; i < x->n_branches; i++)
        x->branches[i].points.n = x->branches[i].generation_at = 0;
}

static void begin(struct learner *x)
{
    restarts_reset(&x->restarts);
    x->learnt = x->n_branches = 0;
    x->started = false;
    for (size_t i = 0; i < x->axes.n; i++)
        x->mean[i] = x->axes.v[i].start;
    start_run(x, x->restarts.lambda, x->settings.sd);
}

/* Centres an axis on the best of the points. */
static void warm_axis(struct learner *x, size_t axis, size_t n_best, double narrower)
{
    size_t dims = x->axes.n;
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < n_best; i++) {
        if (!x->generation.active[i * dims + axis])
            continue;
        sum += x->generation.x[i * dims + axis];
        n++;
    }
    if (n == 0)
        return;
    double mean = sum / n;
    for (size_t i = 0; i < n_best; i++) {
        double step = x->generation.x[i * dims + axis] - mean;
        squares += x->generation.active[i * dims + axis] ? step * step : 0;
    }
    if (n > 1)
        narrower = sqrt(squares / (n - 1) + warm_width * warm_width) / x->settings.sd;
    x->normal.mean[axis] = mean;
    gaussian_scale(&x->normal, axis, fmin(1, narrower));
}

/* The start of a search that knows what ended so far, none of it its own. */
static enum code warm_start(struct learner *x, const struct history *h)
{
    start_run(x, x->lambda, x->settings.sd);
    for (size_t k = 0; k < x->learnt; k++) {
        const struct observation *o = place_of(h, k);
        bool has_value = !isnan(o->value) && observation_meets(h, o);
        if (has_value && places_add(&x->round, k) != OK)
            return E_NOMEM;
    }
    if (generation_load(&x->generation, h, &x->round, &x->normal) != OK)
        return E_NOMEM;
    size_t n_best = (x->round.n + 9) / 10;
    double narrower = fmax(0.4, pow(1 + (double)x->round.n, -1 / (double)dims_of(x)));
    for (size_t k = 0; k < x->axes.n; k++)
        warm_axis(x, k, n_best, narrower);
    categories_lean(&x->categories, n_best, x->generation.levels);
    x->round.n = 0;
    return OK;
}

static bool has_converged(struct learner *x, bool settled)
{
    bool reals = false;
    for (size_t i = 0; i < x->axes.n; i++) {
        if (x->axes.v[i].kind != AXIS_REAL)
            continue;
        reals = true;
        if (gaussian_sd(&x->normal, i) > converged_width)
            return false;
    }
    x->settled_for = settled && categories_settled(&x->categories) ? x->settled_for + 1 : 0;
    return x->settled_for >= (reals ? 1 : SETTLED_GENERATIONS);
}

static void restart(struct learner *x)
{
    struct rng r;
    rng_init(&r, x->settings.seed, restart_points | (uint64_t)x->restarts.number);
    struct restart_plan plan = restarts_next(&x->restarts, &r);
    for (size_t i = 0; i < x->axes.n; i++)
        x->mean[i] = axis_draw(&x->axes.v[i], &r);
    start_run(x, plan.lambda, x->settings.sd * plan.sd);
}

/* The weights of a generation's points, which are loaded. *ret_equal: none is better. */
static enum code weigh(struct learner *x, const struct history *h, const struct places *places,
                       bool *ret_equal)
{
    double dims = generation_dims(&x->generation);
    if ((x->rates.lambda != places->n || x->rates.n != dims) &&
        rates_set(&x->rates, dims, places->n, x->normal.diagonal) != OK)
        return E_NOMEM;
    *ret_equal = generation_weigh(&x->generation, h, places, &x->rates);
    return OK;
}

/* A branch's distribution moves. *ret_sound: false where its numbers ran out. */
static enum code move_branch(struct learner *x, const struct history *h, struct branch *b,
                             bool *ret_sound)
{
    bool equal;
    size_t n = b->points.n;
    if (n < 2 || (double)n * (double)x->restarts.lambda < (double)b->lambda * (double)x->lambda)
        return OK;
    if (generation_load(&x->generation, h, &b->points, &x->normal) != OK ||
        weigh(x, h, &b->points, &equal) != OK)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct observation *o = place_of(h, b->points.v[i]);
        x->generation.moves[i].foreign = o->origin != LEARNER_DRAWN || o->known < b->generation_at;
    }
    if (equal) /* nothing to tell them apart: look farther (the tutorial, B.3) */
        gaussian_widen(&x->normal, x->generation.moves, n,
                       exp(0.2 + x->rates.c_sigma / x->rates.d_sigma));
    else
        *ret_sound = *ret_sound && gaussian_update(&x->normal, &x->rates, x->generation.moves, n);
    b->points.n = 0;
    b->generation_at = x->learnt;
    return OK;
}

static enum code move_choices(struct learner *x, const struct history *h)
{
    bool equal;
    if (x->axes.n_choices == 0)
        return OK;
    if (generation_load(&x->generation, h, &x->round, &x->normal) != OK ||
        weigh(x, h, &x->round, &equal) != OK)
        return E_NOMEM;
    if (!equal)
        categories_update(&x->categories, x->round.n, x->generation.levels, x->generation.weights);
    return OK;
}

/* The round is complete: everything moves that has seen enough. */
static enum code end_round(struct learner *x, const struct history *h)
{
    size_t n = x->round.n;
    bool sound = true, settled, ends;
    places_sort(&x->round, h);
    enum code code = move_choices(x, h);
    for (size_t i = 0; i < x->n_branches && code == OK; i++)
        code = move_branch(x, h, &x->branches[i], &sound);
    if (code != OK)
        return code;
    double alpha = fmin(0.25, 1 / ((double)dims_of(x) * (double)n));
    if (sound)
        margin_apply(&x->normal, &x->axes, alpha, &settled);
    bool converged = sound && (has_converged(x, settled) || gaussian_is_flat(&x->normal));
    code = restarts_note(&x->restarts, n, place_of(h, x->round.v[0])->value,
                         place_of(h, x->round.v[n / 2])->value,
                         place_of(h, x->round.v[n - 1])->value, converged, &ends);
    x->round.n = 0;
    if (code == OK && (ends || !sound))
        restart(x);
    return code;
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Has the round enough points? Half as many as end while a trial runs, by the median of them. */
static bool is_complete(struct learner *x, const struct history *h)
{
    size_t n = x->round.n;
    if (n < x->lambda)
        return false;
    if (generation_reserve(&x->generation, n) != OK)
        return true;
    double *lag = x->generation.weights;
    for (size_t i = 0; i < n; i++)
        lag[i] = (double)x->round.v[i] - (double)place_of(h, x->round.v[i])->known;
    qsort(lag, n, sizeof(*lag), ascending);
    return (double)n >= lag[n / 2] / 2 || n >= LEARNER_LAMBDA_MAX;
}

/* What tells branches apart: the levels of choices that conditions name. */
static uint64_t key_of(const struct learner *x, const struct config *c)
{
    uint64_t key = 0;
    for (size_t i = 0; i < x->axes.n_choices; i++)
        if (x->axes.choices[i].gates)
            key =
                (key ^ value_hash(&c->values[x->axes.choices[i].param])) * 0x9e3779b97f4a7c15u + i;
    return key;
}

static struct branch *branch_of(struct learner *x, const struct config *c)
{
    uint64_t key = key_of(x, c);
    for (size_t i = 0; i < x->n_branches; i++)
        if (x->branches[i].key == key)
            return &x->branches[i];
    if (x->n_branches == LEARNER_BRANCHES_MAX)
        return &x->branches[LEARNER_BRANCHES_MAX - 1];
    size_t active = 0;
    for (size_t i = 0; i < x->axes.n; i++)
        active += c->values[x->axes.v[i].param].type != VALUE_NONE;
    struct branch *b = &x->branches[x->n_branches++];
    b->key = key;
    b->generation_at = x->run_at;
    b->points.n = 0;
    b->lambda = rates_lambda(active + x->axes.n_choices);
    if (active == x->axes.n)
        b->lambda = x->restarts.lambda;
    return b;
}

/* One more that ended. */
static enum code learn(struct learner *x, const struct history *h)
{
    size_t place = x->learnt;
    const struct observation *o = place_of(h, place);
    if (!x->started && o->origin < 0) {
        x->learnt++;
        return OK;
    }
    if (!x->started) {
        enum code code = warm_start(x, h);
        if (code != OK)
            return code;
        x->started = true;
        x->run_at = 0;
    }
    x->learnt++;
    if (o->known < x->run_at)
        return OK;
    if (places_add(&x->round, place) != OK ||
        places_add(&branch_of(x, o->config)->points, place) != OK)
        return E_NOMEM;
    return is_complete(x, h) ? end_round(x, h) : OK;
}

enum code learner_follow(struct learner *x, const struct history *h)
{
    bool anew = !x->begun || h->taken_back != x->taken_back || h->n_ended < x->learnt;
    bool news = anew || x->learnt < h->n_ended;
    if (anew)
        begin(x);
    x->begun = true;
    x->taken_back = h->taken_back;
    enum code code = OK;
    while (x->learnt < h->n_ended && code == OK)
        code = learn(x, h);
    if (code == OK && news && !x->started)
        code = warm_start(x, h);
    if (code != OK)
        x->begun = false; /* what is there is half of something */
    return code;
}
