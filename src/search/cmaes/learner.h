/*
 * What CMA-ES has learnt from the trials that ended.
 *
 * Trials end in any order, so a generation is whatever ended next: once enough have, the
 * distribution moves. At one trial at a time that is the algorithm of the papers. Otherwise
 *
 * - a trial that was proposed before the generation began (a straggler) counts as one from
 *   elsewhere, as do the baseline, given first points, and what was blended with the prior: its
 *   step is cut to a likely length;
 * - where more than two generations of trials end while one runs, a generation takes half of what
 *   ends in that time, so that most of its points know almost as much as the distribution does;
 * - a trial that was proposed before a restart is passed over.
 *
 * Where choices decide which parameters are active, their branches are kept apart: a point is
 * ranked among those of its own branch, and the distribution of a branch's parameters moves once
 * there are enough of these. So a branch is tuned before it is judged; the choices' probabilities
 * go by the ranks among all.
 *
 * All of it is a function of what ended, in its order, the seed, and what each proposal knew: going
 * on from where it was and beginning anew give the same bits.
 *
 * It starts at the prior's median. Evidence, and a baseline or first points that end before any
 * draw, move the start to the best tenth of them and make it narrower (after Nomura et al., "Warm
 * starting CMA-ES", AAAI 2021, arXiv 2012.06932).
 */
#ifndef SEARCH_CMAES_LEARNER_H
#define SEARCH_CMAES_LEARNER_H

#include "search/cmaes/categories.h"
#include "search/cmaes/generation.h"
#include "search/cmaes/restarts.h"

enum { LEARNER_LAMBDA_MAX = 10000, LEARNER_BRANCHES_MAX = 16 };

/* The trials whose choices are alike where conditions name them. */
struct branch {
    uint64_t key;
    size_t lambda;        /* points that a generation of its own has, in the first run */
    size_t generation_at; /* how many had ended when its distribution last moved */
    struct places points; /* since then */
};

/* Origins of observations: drawn from the distribution, or blended with the prior. */
enum { LEARNER_DRAWN, LEARNER_BLENDED };

struct learner_settings {
    const struct space *space; /* borrowed */
    uint64_t seed;
    double sd;         /* of every axis in the beginning */
    size_t population; /* 0: the default */
    enum restart_policy restarts;
};

struct learner {
    struct learner_settings settings;
    struct axes axes;
    struct gaussian normal;
    struct categories categories;
    struct rates rates;
    struct restarts restarts;

    bool begun;
    uint64_t taken_back; /* as the history had it */
    size_t learnt;       /* of the history's `ended` */
    bool started;        /* a draw has ended */
    size_t lambda;       /* of this run */
    size_t run_at;       /* how many had ended when it began */
    size_t settled_for;  /* generations */
    struct places round; /* the points of this generation, all branches together */
    size_t n_branches;   /* the last one takes what the others don't */
    struct branch branches[LEARNER_BRANCHES_MAX];

    struct generation generation; /* scratch */
    double *mean;                 /* likewise: of a start */
};

enum code learner_init(struct learner *x, const struct learner_settings *settings) must_check;
void learner_free(struct learner *x);
/* Learns what is new in the history, or everything, where it isn't one that goes on. */
enum code learner_follow(struct learner *x, const struct history *h) must_check;

#endif
