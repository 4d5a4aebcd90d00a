/*
 * What simulated programs report.
 *
 *   a function   of where each parameter lies within its prior, with a learning curve
 *   a table      of measured values, perhaps by step (table.h)
 *   ranks        that know nothing of the parameters, for forecasts
 *   anything else that fills struct objective
 *
 * Functions. u is the configuration in the unit cube (config_encode: 0 is a prior's lower end, 1
 * its upper; choices lie in the order they are written in; what is inactive is 1/2), d its
 * dimensions. The sums are means over the dimensions, so that values of large and small spaces
 * compare.
 *
 *   sphere      f = mean (4 (u_i - 0.3))^2
 *   rosenbrock  f = mean 100 (z_{i+1} - z_i^2)^2 + (1 - z_i)^2, z = 4 u - 2      (Rosenbrock 1960)
 *   rastrigin   f = mean z_i^2 - 10 cos(2 pi z_i) + 10, z = 10.24 (u - 0.37)     (Rastrigin 1974)
 *   ackley      f = 20 + e - 20 exp(-0.2 sqrt(mean z_i^2)) - exp(mean cos(2 pi z_i)),
 *               z = 65.536 (u - 0.37)                                            (Ackley 1987)
 *   branin      of the first two: x = 15 u_1 - 5, y = 15 u_2, f = (y - 5.1 x^2 / (4 pi^2) + 5 x /
 * pi
 *               - 6)^2 + 10 (1 - 1 / (8 pi)) cos x + 10                    (Dixon & Szego 1978)
 *   hartmann    of the first six: Hartmann's 6-dimensional function, least -3.32237   (the same)
 *
 * Where the search has steps, up to S, a program reports
 *
 *   v(s) = f + g / (1 + r s / S), r = 9 * 4^(2 h - 1)
 *
 * a hyperbola from f + g down, with g of the size of the function's differences and h in [0, 1) a
 * hash of the configuration: some learn quickly and some slowly, so that curves cross. Each report
 * adds noise * N(0, 1), drawn from the trial's seed and the step. To be maximized is -v.
 */
#ifndef EXEC_SIM_OBJECTIVE_H
#define EXEC_SIM_OBJECTIVE_H

#include "exec/sim/sim.h"

struct objective {
    void *self;
    /* Fills in what `value` needs, and infeasible and ends where they are so. */
    enum code (*begin)(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e);
    /* As the program would report it. */
    double (*value)(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step);
    void (*destroy)(void *self);
};

struct function_settings {
    struct str name;
    const struct space *space; /* borrowed */
    int64_t max_steps;         /* 0: there are none */
    bool minimize;
    double noise;
};

/* Ranks: a trial ends at z, uniform in (0, 1) - the best is 0 - and at step s of S reports
 *
 *   v(s) = z + 0.09 e ln(S / s),  e ~ N(0, 1)
 *
 * both drawn from the configuration and the trial's seed. So curves cross, the less the nearer the
 * end: values at S / 27, S / 9 and S / 3 correlate with the last by 0.70, 0.83 and 0.95. To be
 * maximized is 1 - v. */
enum code objective_ranks(int64_t max_steps, bool minimize, struct objective *ret,
                          struct error *e) must_check;
/* z */
double objective_rank_of(const struct config *c, int64_t seed);

/* E_UNKNOWN with the nearest name; E_INVALID where the space has too few dimensions. */
enum code objective_function(const struct function_settings *x, struct objective *ret,
                             struct error *e) must_check;
/* NULL-terminated. */
const char *const *objective_function_names(void);

#endif
