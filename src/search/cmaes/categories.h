/*
 * The choices of CMA-ES: each has a probability for every level, which moves along the natural
 * gradient as fast as its signal allows (Hamano et al., "CatCMA", GECCO 2024, arXiv 2405.09962;
 * Akimoto et al., "Adaptive stochastic natural gradient", ICML 2019, arXiv 1905.08537), and no
 * level's falls below a margin.
 */
#ifndef SEARCH_CMAES_CATEGORIES_H
#define SEARCH_CMAES_CATEGORIES_H

#include "base/rng.h"
#include "search/cmaes/axes.h"

struct categories {
    const struct axes *axes; /* borrowed */
    double *q;               /* by level: probabilities */
    double *path, *work;     /* n_levels; 2 n_levels */
    double gamma, trust;     /* the paper's gamma and Delta */
};

enum code categories_init(struct categories *c, const struct axes *axes) must_check;
void categories_free(struct categories *c);
void categories_start(struct categories *c); /* at the prior */
/* Likelier what n points have, rows of n_choices levels. After categories_start. */
void categories_lean(struct categories *c, size_t n, const uint32_t *levels);
/* A level for each choice; `blend` of the prior (0 to 1) is mixed in. */
void categories_draw(const struct categories *c, struct rng *r, double blend, uint32_t *ret_levels);
/* Points are rows of n_choices levels (CHOICE_INACTIVE: says nothing); weights sum to 1. */
void categories_update(struct categories *c, size_t n_points, const uint32_t *levels,
                       const double *weights);
/* Has every choice all but settled on one level? */
bool categories_settled(const struct categories *c);

#endif
