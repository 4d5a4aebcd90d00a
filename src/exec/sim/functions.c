/* Built-in objectives: objective.h has the formulas. */
#include "exec/sim/objective.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

static double sphere(const double *u, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += 16 * (u[i] - 0.3) * (u[i] - 0.3);
    return sum / n;
}

static double rosenbrock(const double *u, int n)
{
    double sum = 0;
    for (int i = 0; i + 1 < n; i++) {
        double z = 4 * u[i] - 2, next = 4 * u[i + 1] - 2;
        sum += 100 * (next - z * z) * (next - z * z) + (1 - z) * (1 - z);
    }
    return sum / (n - 1);
}

static double rastrigin(const double *u, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        double z = 10.24 * (u[i] - 0.37);
        sum += z * z - 10 * cos(2 * PI * z) + 10;
    }
    return sum / n;
}

static double ackley(const double *u, int n)
{
    double squares = 0, cosines = 0;
    for (int i = 0; i < n; i++) {
        double z = 65.536 * (u[i] - 0.37);
        squares += z * z;
        cosines += cos(2 * PI * z);
    }
    return 20 + exp(1) - 20 * exp(-0.2 * sqrt(squares / n)) - exp(cosines / n);
}

static double branin(const double *u, int n)
{
    double x = 15 * u[0] - 5, y = 15 * u[1];
    double a = y - 5.1 * x * x / (4 * PI * PI) + 5 * x / PI - 6;
    return a * a + 10 * (1 - 1 / (8 * PI)) * cos(x) + 10;
}

static double hartmann(const double *u, int n)
{
    static const double alpha[4] = {1, 1.2, 3, 3.2};
    static const double A[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                   {0.05, 10, 17, 0.1, 8, 14},
                                   {3, 3.5, 1.7, 10, 17, 8},
                                   {17, 8, 0.05, 10, 0.1, 14}};
    static const double P[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                   {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                   {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                   {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double inner = 0;
        for (int k = 0; k < 6; k++)
            inner += A[i][k] * (u[k] - P[i][k]) * (u[k] - P[i][k]);
        sum -= alpha[i] * exp(-inner);
    }
    return sum;
}

static const struct function {
    const char *name;
    double (*f)(const double *u, int n);
    int least; /* dimensions */
    double gap;
} functions[] = {
    {"sphere", sphere, 1, 2},  {"rosenbrock", rosenbrock, 2, 200}, {"rastrigin", rastrigin, 1, 20},
    {"ackley", ackley, 1, 10}, {"branin", branin, 2, 50},          {"hartmann", hartmann, 6, 2},
};

enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]), UNITS_ON_STACK = 64 };

struct evaluated {
    const struct function *function;
    int64_t max_steps;
    bool minimize;
    double noise;
};

/* limits: what it tends to, the gap, the rate a step. */
static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    const struct evaluated *x = self;
    int n = a->config->space->n_units;
    double few[UNITS_ON_STACK], *u = n > UNITS_ON_STACK ? calloc((size_t)n, sizeof(*u)) : few;
    struct rng r;
    if (!u)
        return error_nomem(e);
    config_encode(a->config, u);
    ret->limits[0] = x->function->f(u, n);
    if (u != few)
        free(u);
    if (x->max_steps == 0)
        return OK;
    rng_init(&r, config_hash(a->config), 0);
    ret->limits[1] = x->function->gap;
    ret->limits[2] = 9 * pow(4, 2 * rng_unit(&r) - 1) / (double)x->max_steps;
    return OK;
}

static double value(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step)
{
    const struct evaluated *x = self;
    double v = c->limits[0] + c->limits[1] / (1 + c->limits[2] * (double)step);
    if (x->noise > 0) {
        struct rng r;
        rng_init(&r, (uint64_t)a->seed, (uint64_t)step);
        v += x->noise * rng_normal(&r);
    }
    return x->minimize ? v : -v;
}

const char *const *objective_function_names(void)
{
    static const char *const names[] = {"sphere", "rosenbrock", "rastrigin", "ackley",
                                        "branin", "hartmann",   NULL};
    _Static_assert(sizeof(names) / sizeof(names[0]) == FUNCTIONS + 1, "a name for each function");
    return names;
}

static const struct function *find(struct str name, struct error *e)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (str_is(name, functions[i].name))
            return &functions[i];
    const char *near = str_nearest(name, objective_function_names(), FUNCTIONS);
    error_set(e, E_UNKNOWN, "there is no function %.*s", STR_FMT(name));
    if (near)
        error_hint(e, "did you mean %s?", near);
    else
        error_hint(e, "sphere, rosenbrock, rastrigin, ackley, branin, hartmann");
    return NULL;
}

enum code objective_function(const struct function_settings *x, struct objective *ret,
                             struct error *e)
{
    const struct function *f = find(x->name, e);
    if (!f)
        return E_UNKNOWN;
    if (x->space->n_units < f->least) {
        error_set(e, E_INVALID, "%s wants %d dimensions, and the space has %d", f->name, f->least,
                  x->space->n_units);
        error_hint(e, "sphere, rastrigin and ackley take any number");
        return E_INVALID;
    }
    struct evaluated *self = malloc(sizeof(*self));
    if (!self)
        return error_nomem(e);
    *self = (struct evaluated){f, x->max_steps, x->minimize, x->noise};
    *ret = (struct objective){self, begin, value, free};
    return OK;
}
