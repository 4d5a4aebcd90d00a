/* Shares of the variance. */
#include "analyze/importance.h"

#include "base/stats.h"

#include <stdlib.h>

enum { LEVELS_MAX = 8, PARTS = 4, PARTS_OF_FEW = 3, FEW = 40 };

struct grouped {
    double u, score; /* u below 0: inactive */
};

static int by_u(const void *pa, const void *pb)
{
    double a = ((const struct grouped *)pa)->u, b = ((const struct grouped *)pb)->u;
    return (a > b) - (a < b);
}

static size_t distinct(const struct grouped *v, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += i == 0 || v[i].u > v[i - 1].u;
    return count;
}

/* The squares within groups of sorted trials; *k grows by the groups. by_value: a group is of one
 * value, else of a part of the ranks. */
static double within(const struct grouped *v, size_t n, bool by_value, size_t *k)
{
    double squares = 0;
    size_t parts = n >= FEW ? PARTS : PARTS_OF_FEW;
    for (size_t i = 0, part = 1; i < n; part++) {
        double sum = 0, sum2 = 0;
        size_t from = i;
        while (i < n && (by_value ? v[i].u <= v[from].u : i < part * n / parts || i == from)) {
            sum += v[i].score;
            sum2 += v[i].score * v[i].score;
            i++;
        }
        squares += sum2 - sum * sum / (double)(i - from);
        ++*k;
    }
    return squares;
}

static double share_of(struct grouped *v, size_t n)
{
    size_t k = 0, inactive = 0;
    double sum = 0, sum2 = 0;
    qsort(v, n, sizeof(*v), by_u);
    while (inactive < n && v[inactive].u < 0)
        inactive++;
    for (size_t i = 0; i < n; i++) {
        sum += v[i].score;
        sum2 += v[i].score * v[i].score;
    }
    double all = sum2 - sum * sum / (double)n;
    double in = within(v, inactive, true, &k);
    in +=
        within(v + inactive, n - inactive, distinct(v + inactive, n - inactive) <= LEVELS_MAX, &k);
    if (k < 2 || n <= k || !(all > 1e-9 * (double)n)) /* scores of all alike differ by rounding */
        return 0;
    double share = 1 - in / (double)(n - k) / (all / (double)(n - 1));
    return share > 0 ? share : 0;
}

/* Of a parameter with several coordinates, the one that says most. */
static double share_of_param(const struct space *s, const struct param *p, int index,
                             const struct config *configs, const double *u, const double *scores,
                             size_t n, struct grouped *v)
{
    double most = 0;
    for (int unit = p->unit; p->unit >= 0 && unit < p->unit + p->units; unit++) {
        for (size_t i = 0; i < n; i++) {
            bool active = configs[i].values[index].type != VALUE_NONE;
            v[i] =
                (struct grouped){active ? u[i * (size_t)s->n_units + (size_t)unit] : -1, scores[i]};
        }
        double share = share_of(v, n);
        most = share > most ? share : most;
    }
    return most;
}

enum code importance_shares(const struct space *s, const struct config *configs,
                            const double *places, size_t n, double *ret_share, struct error *e)
{
    size_t units = (size_t)s->n_units;
    struct grouped *v = calloc(n + 1, sizeof(*v));
    double *u = calloc(n * units + 1, sizeof(*u)), *scores = calloc(n + 1, sizeof(*scores));
    bool well = v && u && scores;
    for (size_t i = 0; well && i < n; i++) {
        config_encode(&configs[i], u + i * units);
        scores[i] = normal_quantile((places[i] + 0.5) / (double)n);
    }
    for (size_t p = 0; well && p < s->n_params; p++)
        ret_share[p] =
            n < 2 ? 0 : share_of_param(s, &s->params[p], (int)p, configs, u, scores, n, v);
    free(v);
    free(u);
    free(scores);
    return well ? OK : error_nomem(e);
}
