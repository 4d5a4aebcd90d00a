/*
 * How much each parameter has to do with what trials came to, one at a time.
 *
 * The trials' places (best first) become normal scores, so that neither the metric's scale nor its
 * outliers count. Of each parameter the trials fall into groups: by level, where there are few;
 * else into parts of equal size by where the value lies in its prior; and those where it is
 * inactive. The parameter's share is Kelley's epsilon squared, the part of the variance that lies
 * between the groups, less what would lie there by chance:
 *
 *   e^2 = 1 - (SS_within / (n - k)) / (SS_all / (n - 1))            (Kelley, PNAS 21, 1935)
 *
 * Shares of what was chosen, not of the space: a sampler that has settled on a value no longer
 * tells what it does. Two parameters that matter only together are not seen.
 */
#ifndef ANALYZE_IMPORTANCE_H
#define ANALYZE_IMPORTANCE_H

#include "space/space.h"

/* places: 0 is the best of n; ties may share one. ret_share: one a parameter, in [0, 1], 0 for what
 * is fixed or where the trials are too few to tell (n < 2, or one group). */
enum code importance_shares(const struct space *s, const struct config *configs,
                            const double *places, size_t n, double *ret_share,
                            struct error *e) must_check;

#endif
