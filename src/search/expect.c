/* How many trials a budget has room for. */
#include "search/expect.h"

#include "search/asha/bracket.h"

#include <math.h>

/* Of a bracket of the rungs from `lowest` up: the mean of what each rung adds. */
static double mean_of(const double *adds, size_t lowest, size_t n, int64_t eta)
{
    double sum = 0, share = 1;
    for (size_t i = lowest; i < n; i++, share /= (double)eta)
        sum += share * adds[i];
    return sum;
}

static bool has_brackets(const struct allocator_kind *k)
{
    return k == &allocator_hyperband || k == &allocator_adaptive;
}

/* adds[i]: what getting from rung i - 1 to rung i costs; from_scratch[i]: what getting there costs
 * from the beginning. */
static double over_brackets(const struct method *m, const double *adds, const double *from_scratch,
                            size_t n)
{
    int64_t eta = (int64_t)allocator_option(m, "eta");
    double sum = 0, weights = 0;
    for (size_t lowest = 0; lowest < (has_brackets(m->allocator) ? n : 1); lowest++) {
        double rungs = (double)(n - lowest), weight = pow((double)eta, rungs - 1) / rungs;
        double first = from_scratch[lowest] - adds[lowest];
        sum += weight * (first + mean_of(adds, lowest, n, eta));
        weights += weight;
    }
    return sum / weights;
}

static size_t rungs_of(const struct method *m, const struct effort *effort, int64_t ret[RUNGS_MAX])
{
    if (!effort->has_steps || !m->allocator->rungs || m->allocator->choose)
        return 0;
    bool limited = m->allocator == &allocator_asha || m->allocator == &allocator_adaptive;
    size_t most = limited ? (size_t)allocator_option(m, "max_rungs") : RUNGS_MAX;
    return rungs_between(effort->min_steps, effort->max_steps, (int64_t)allocator_option(m, "eta"),
                         most, ret);
}

double expect_steps(const struct method *m, const struct effort *effort)
{
    int64_t rungs[RUNGS_MAX];
    double adds[RUNGS_MAX], all[RUNGS_MAX];
    size_t n = rungs_of(m, effort, rungs);
    for (size_t i = 0; i < n; i++) {
        all[i] = (double)rungs[i];
        adds[i] = (double)(rungs[i] - (i > 0 ? rungs[i - 1] : 0));
    }
    if (n > 0)
        return over_brackets(m, adds, all, n);
    if (effort->own_steps)
        return effort->mean_steps;
    return effort->has_steps ? (double)effort->max_steps : 1;
}

double expect_attempts(const struct method *m, const struct effort *effort)
{
    int64_t rungs[RUNGS_MAX];
    double ones[RUNGS_MAX];
    size_t n = method_pauses(m) ? rungs_of(m, effort, rungs) : 0;
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    return n > 0 ? over_brackets(m, ones, ones, n) : 1;
}

int64_t expect_trials(const struct method *m, const struct effort *effort)
{
    double n = effort->trials > 0 ? (double)effort->trials : (double)INFINITY;
    double steps = expect_steps(m, effort);
    if (effort->steps > 0)
        n = fmin(n, (double)effort->steps / steps);
    if (effort->slot_steps > 0)
        n = fmin(n,
                 effort->slot_steps / (steps + effort->start_steps * expect_attempts(m, effort)));
    if (!(n < 9e18))
        return 0;
    return n > 1 ? (int64_t)n : 1;
}
