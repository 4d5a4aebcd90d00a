/*
 * When CMA-ES begins anew, and with how many points a generation: BIPOP (Hansen, "Benchmarking a
 * BI-population CMA-ES on the BBOB-2009 function testbed", GECCO 2009), or IPOP (Auger & Hansen,
 * CEC 2005), which only doubles.
 *
 * A run ends when it has converged, when its best value did not change for long, or when nothing
 * got better for very long (the tutorial's appendix B.3).
 */
#ifndef SEARCH_CMAES_RESTARTS_H
#define SEARCH_CMAES_RESTARTS_H

#include "base/error.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>

enum restart_policy { RESTART_BIPOP, RESTART_IPOP, RESTART_NEVER };

struct restarts {
    enum restart_policy policy;
    size_t lambda;         /* of the first run */
    size_t n;              /* coordinates */
    int64_t number, large; /* runs before this one; those of them that were large */
    bool is_small;
    double spent[2];  /* points of large and small runs, this one included */
    double allowance; /* points a small run may take */
    double points;    /* of this run */
    size_t generations, capacity;
    double *best, *median, *work; /* of each generation of this run */
};

/* What the next run is like. */
struct restart_plan {
    size_t lambda;
    double sd; /* times that of the first run */
};

void restarts_init(struct restarts *r, enum restart_policy policy, size_t n, size_t lambda);
void restarts_free(struct restarts *r);
void restarts_reset(struct restarts *r); /* to before the first run */
/* A generation's best, median and worst value; NaN: none. converged: the distribution is a point.
 * *ret: the run is at its end. */
enum code restarts_note(struct restarts *r, size_t points, double best, double median, double worst,
                        bool converged, bool *ret) must_check;
struct restart_plan restarts_next(struct restarts *r, struct rng *rng);

#endif
