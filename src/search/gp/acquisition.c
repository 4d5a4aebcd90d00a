/*
 * The acquisition function: of many points at once, and of one with its gradient.
 */
#include "search/gp/internal.h"

#include "base/vec.h"

#include <math.h>
#include <string.h>

/* term[i] = log expected improvement of point i below `best`. */
static void log_improvement(size_t n, const double *mean, const double *deviation, double best,
                            double *term)
{
    for (size_t i = 0; i < n; i++)
        term[i] = (best - mean[i]) / deviation[i];
    vec_log_h(n, term, term, NULL);
}

/* The improvement term of up to GP_BLOCK points: log of the mean over models and sides. */
static void improvement_values(struct acquisition *acq, const struct points *x, size_t first,
                               size_t n, double *ret)
{
    size_t terms = 0;
    double *log_deviation = acq->term + (size_t)MODELS_MAX * SIDES_MAX * GP_BLOCK;
    for (size_t m = 0; m < acq->n_models; m++) {
        const struct gp *g = &acq->models[m];
        gp_predict(g, &acq->room, x, first, n, acq->work, acq->mean, GP_BLOCK, acq->variance);
        vec_log(n, acq->variance, log_deviation);
        vec_scale(n, 0.5, log_deviation);
        for (size_t i = 0; i < n; i++)
            acq->variance[i] = sqrt(acq->variance[i]);
        for (size_t s = 0; s < g->n_sides; s++) {
            double *term = acq->term + terms++ * GP_BLOCK;
            log_improvement(n, acq->mean + s * GP_BLOCK, acq->variance, acq->best[m][s], term);
            vec_axpy(n, 1, log_deviation, term);
        }
    }
    for (size_t i = 0; i < n; i++) {
        double all[MODELS_MAX * SIDES_MAX];
        for (size_t t = 0; t < terms; t++)
            all[t] = acq->term[t * GP_BLOCK + i];
        ret[i] = vec_log_sum_exp(terms, all) - log((double)terms);
    }
}

static void add_limit(struct acquisition *acq, const struct gp *g, const struct points *x,
                      size_t first, size_t n, double *ret)
{
    gp_predict(g, &acq->room, x, first, n, acq->work, acq->mean, GP_BLOCK, acq->variance);
    for (size_t i = 0; i < n; i++)
        acq->term[i] = -acq->mean[i] / sqrt(acq->variance[i]);
    vec_log_normal_cdf(n, acq->term, acq->term);
    vec_axpy(n, 1, acq->term, ret);
}

void acquisition_values(struct acquisition *acq, const struct points *x, size_t first, size_t n,
                        double *ret)
{
    for (size_t done = 0; done < n; done += GP_BLOCK) {
        size_t block = n - done < GP_BLOCK ? n - done : GP_BLOCK;
        memset(ret + done, 0, block * sizeof(*ret));
        if (acq->improving)
            improvement_values(acq, x, first + done, block, ret + done);
        for (size_t k = 0; k < acq->n_limits; k++)
            add_limit(acq, &acq->limits[k], x, first + done, block, ret + done);
    }
    for (size_t i = 0; i < n; i++)
        if (isnan(ret[i]))
            ret[i] = -HUGE_VAL;
}

/* The improvement term of one row; adds its gradient. */
static double improvement_row(struct acquisition *acq, const double *row, double *gradient)
{
    double term[MODELS_MAX * SIDES_MAX], by_mean[MODELS_MAX * SIDES_MAX];
    double by_deviation[MODELS_MAX * SIDES_MAX];
    size_t terms = 0;
    for (size_t m = 0; m < acq->n_models; m++) {
        struct gp_at *at = &acq->at[m];
        gp_predict_row(&acq->models[m], row, at);
        double deviation = sqrt(at->variance);
        for (size_t s = 0; s < acq->models[m].n_sides; s++) {
            double u = (acq->best[m][s] - at->mean[s]) / deviation, h, slope;
            vec_log_h(1, &u, &h, &slope);
            term[terms] = h + log(deviation);
            by_mean[terms] = -slope / deviation;
            by_deviation[terms++] = (1 - u * slope) / deviation;
        }
    }
    double all = vec_log_sum_exp(terms, term);
    terms = 0;
    for (size_t m = 0; m < acq->n_models; m++) {
        double weight[SIDES_MAX], by_variance = 0;
        for (size_t s = 0; s < acq->models[m].n_sides; s++, terms++) {
            double share = exp(term[terms] - all);
            weight[s] = share * by_mean[terms];
            by_variance += share * by_deviation[terms] / (2 * sqrt(acq->at[m].variance));
        }
        gp_row_gradient(&acq->models[m], &acq->at[m], row, weight, by_variance, gradient);
    }
    return all - log((double)terms);
}

static double limit_row(struct acquisition *acq, size_t k, const double *row, double *gradient)
{
    struct gp_at *at = &acq->at[MODELS_MAX + k];
    gp_predict_row(&acq->limits[k], row, at);
    double deviation = sqrt(at->variance), u = -at->mean[0] / deviation, value;
    vec_log_normal_cdf(1, &u, &value);
    double by_u = exp(-u * u / 2 - value) / sqrt(2 * M_PI), by_mean = -by_u / deviation;
    gp_row_gradient(&acq->limits[k], at, row, &by_mean, -by_u * u / (2 * at->variance), gradient);
    return value;
}

double acquisition_row(struct acquisition *acq, const double *row, double *ret_gradient)
{
    double value = 0;
    memset(ret_gradient, 0, acq->room.columns * sizeof(*ret_gradient));
    if (acq->improving)
        value += improvement_row(acq, row, ret_gradient);
    for (size_t k = 0; k < acq->n_limits; k++)
        value += limit_row(acq, k, row, ret_gradient);
    return value;
}
