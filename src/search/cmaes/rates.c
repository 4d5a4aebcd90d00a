/* Weights and learning rates of CMA-ES. */
#include "search/cmaes/rates.h"

#include <math.h>
#include <stdlib.h>

size_t rates_lambda(size_t n)
{
    return 4 + (size_t)(3 * log(n > 1 ? (double)n : 1));
}

double rates_chi(double n)
{
    if (n < 1)
        return sqrt(n) * 0.7978845608028654; /* exact at 1, and nothing below asks for more */
    return sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Raw weights (equation 49) in place, the sum of those of each sign in ret_sum[0] (positive) and
 * [1], their mu_eff in ret_mu. */
static void raw_weights(double *w, size_t lambda, double ret_sum[2], double ret_mu[2])
{
    double sum[2] = {0, 0}, squares[2] = {0, 0};
    for (size_t i = 0; i < lambda; i++) {
        w[i] = log(((double)lambda + 1) / 2) - log((double)i + 1);
        sum[w[i] < 0] += fabs(w[i]);
        squares[w[i] < 0] += w[i] * w[i];
    }
    for (int k = 0; k < 2; k++) {
        ret_sum[k] = sum[k];
        ret_mu[k] = squares[k] > 0 ? sum[k] * sum[k] / squares[k] : 0;
    }
}

enum code rates_set(struct rates *r, double n, size_t lambda, bool diagonal)
{
    if (lambda > r->capacity) {
        double *w = reallocarray(r->weights, lambda, sizeof(*w));
        if (!w)
            return E_NOMEM;
        r->weights = w;
        r->capacity = lambda;
    }
    double sum[2], mu[2];
    raw_weights(r->weights, lambda, sum, mu);
    double m = mu[0], faster = diagonal ? (n + 2) / 3 : 1;
    r->lambda = lambda;
    r->n = n;
    r->mu_eff = m;
    r->c_sigma = (m + 2) / (n + m + 5);
    r->d_sigma = 1 + 2 * fmax(0, sqrt((m - 1) / (n + 1)) - 1) + r->c_sigma;
    r->c_c = (4 + m / n) / (n + 4 + 2 * m / n);
    r->c_1 = least(0.5, faster * 2 / ((n + 1.3) * (n + 1.3) + m));
    r->c_mu = least(1 - r->c_1, faster * 2 * (0.25 + m + 1 / m - 2) / ((n + 2) * (n + 2) + m));
    double negative = 1 + r->c_1 / r->c_mu;
    negative = least(negative, 1 + 2 * mu[1] / (m + 2));
    negative = least(negative, (1 - r->c_1 - r->c_mu) / (n * r->c_mu));
    r->sum = 0;
    for (size_t i = 0; i < lambda; i++) {
        r->weights[i] *= r->weights[i] < 0 ? negative / sum[1] : 1 / sum[0];
        r->sum += r->weights[i];
    }
    return OK;
}

void rates_free(struct rates *r)
{
    free(r->weights);
    *r = (struct rates){.lambda = 0};
}
