/*
 * Can every condition be true, can all constraints hold? By intervals first, which prove it at once
 * where they can; then by enumeration where there is little to enumerate; then by drawing.
 */
#include "space/space_walk.h"

#include <stdio.h>
#include <string.h>

enum {
    WALK_STEPS = 200000,      /* values tried by enumeration */
    FIRST_DRAWS = 1000,       /* before enumerating: most spaces are easily satisfied */
    CONDITION_DRAWS = 100,    /* of the whole space, before single conditions are looked into */
    CONDITION_STEPS = 20000,  /* redraws in search of a condition that is true, */
    CONDITION_WORK = 4000000, /* fewer where each touches many parameters */
    CONDITION_STEPS_LEAST = 2000,
    FRESH_START = 500 /* redraws after which the search begins anew */
};

static void place(struct error *e, struct location at)
{
    if (at.line)
        error_at(e, at.file, at.line, at.column);
}

/* The search for configurations in which each conditional parameter is active. It goes on from
 * where the last one was found: what hangs on that is near. */
struct activity {
    struct part p;
    const struct name_list *names;
    struct rng r;
    bool found[SPACE_PARAMS_MAX];
};

static void note_active(struct activity *a)
{
    for (size_t i = 0; i < a->p.n; i++)
        if (a->p.values[a->p.members[i]].type != VALUE_NONE)
            a->found[a->p.members[i]] = true;
}

static enum code activity_init(struct activity *a, const struct space *s,
                               const struct name_list *names)
{
    bool wanted[SPACE_PARAMS_MAX];
    a->names = names;
    memset(a->found, 0, sizeof(a->found));
    rng_init(&a->r, 0, 0);
    for (size_t i = 0; i < s->n_params; i++)
        wanted[i] = s->params[i].when;
    enum code code = part_init(&a->p, s, names, wanted);
    for (int i = 0; code == OK && a->p.n && i < CONDITION_DRAWS; i++) {
        code = part_draw(&a->p, &a->r);
        note_active(a);
    }
    return code;
}

/* What the condition of an inactive parameter waits for: itself, or an inactive one that it names,
 * or that one's, and so on. */
static int blocked_by(struct activity *a, int param)
{
    for (;;) {
        const struct name_list *named = &a->names[param];
        int inactive[SPACE_PARAMS_MAX], n = 0;
        for (size_t i = 0; i < named->n; i++)
            if (a->p.values[named->v[i]].type == VALUE_NONE)
                inactive[n++] = named->v[i];
        if (n == 0 || ((size_t)n < named->n && rng_below(&a->r, 2)))
            return param;
        param = inactive[rng_below(&a->r, (uint64_t)n)];
    }
}

/* Redraws what stands in the way of `param`, as WalkSAT does (Selman, Kautz & Cohen 1994): a
 * condition under ten others is found in as many steps as there are conditions, where plain draws
 * would need a product. */
static enum code search_active(struct activity *a, int param)
{
    int steps = CONDITION_WORK / (int)(a->p.n + 1);
    steps = steps > CONDITION_STEPS         ? CONDITION_STEPS
            : steps < CONDITION_STEPS_LEAST ? CONDITION_STEPS_LEAST
                                            : steps;
    enum code code = OK;
    for (int step = 1; code == OK && !a->found[param] && step <= steps; step++) {
        const struct name_list *named = &a->names[blocked_by(a, param)];
        if (named->n == 0 || step % FRESH_START == 0)
            code = part_draw(&a->p, &a->r);
        else
            code = part_redraw(&a->p, &a->r, named->v[rng_below(&a->r, named->n)]);
        note_active(a);
    }
    return code;
}

static bool is_active(void *self, const struct part *p)
{
    const int *param = self;
    return config_is_active(p->s, p->values, *param);
}

/* Goes through everything that the condition of `param` depends on. */
static enum code walk_condition(const struct space *s, const struct name_list *names, int param,
                                enum walk_end *ret)
{
    struct part p;
    bool wanted[SPACE_PARAMS_MAX] = {false};
    for (size_t i = 0; i < names[param].n; i++)
        wanted[names[param].v[i]] = true;
    enum code code = part_init(&p, s, names, wanted);
    if (code == OK)
        code = part_walk(&p, WALK_STEPS, is_active, &param, ret);
    part_free(&p);
    return code;
}

/* Sets *ret_proof to how it is known that `param` is never active; NULL: it can be. */
static enum code prove_inactive(struct activity *a, int param, const char **ret_proof)
{
    const struct space *s = a->p.s;
    enum walk_end end = WALK_STOPPED;
    *ret_proof = NULL;
    if (a->found[param])
        return OK;
    if (expr_bounds(s->params[param].when, s) == EXPR_FALSE) {
        *ret_proof = "no values within the bounds make its condition true";
        return OK;
    }
    enum code code = search_active(a, param);
    if (code == OK && !a->found[param])
        code = walk_condition(s, a->names, param, &end);
    if (code == OK && end != WALK_STOPPED)
        *ret_proof = end == WALK_ALL ? "no combination of values makes its condition true"
                                     : "no draw was found that makes its condition true";
    return code;
}

static void add_inactive(const struct param *p, const char *proof, struct problems *problems)
{
    struct error e;
    error_set(&e, E_UNSATISFIABLE, "%s can never be active: %s", p->name.p, proof);
    error_detail(&e, "its condition is %.*s", STR_FMT(p->when_text));
    error_hint(&e, "change the condition, or leave the parameter out");
    place(&e, p->when_at);
    problems_add(problems, &e);
}

/* Does the condition of `param` ask about one that was found inactive already? Then nothing new is
 * to be said of it. */
static bool follows(const struct name_list *names, int param, const bool *inactive)
{
    for (size_t i = 0; i < names[param].n; i++)
        if (inactive[names[param].v[i]])
            return true;
    return false;
}

enum code space_check_conditions(const struct space *s, const struct name_list *names,
                                 struct problems *problems)
{
    struct activity a;
    bool inactive[SPACE_PARAMS_MAX] = {false};
    enum code code = activity_init(&a, s, names);
    for (size_t i = 0; code == OK && i < s->n_params && problems->dropped == 0; i++) {
        int param = s->order[i];
        const char *proof = NULL;
        inactive[param] = follows(names, param, inactive);
        if (!s->params[param].when || inactive[param])
            continue;
        code = prove_inactive(&a, param, &proof);
        inactive[param] = proof;
        if (code == OK && proof)
            add_inactive(&s->params[param], proof, problems);
    }
    part_free(&a.p);
    return code;
}

/* The search for one configuration that all constraints allow. */
struct satisfying {
    const struct space *s;
    bool held[SPACE_CONSTRAINTS_MAX]; /* by some configuration */
    int64_t tried;
};

static bool is_allowed(void *self, const struct part *p)
{
    struct satisfying *f = self;
    bool all = true;
    f->tried++;
    for (size_t i = 0; i < f->s->n_constraints; i++) {
        bool holds = config_holds(f->s, p->values, i);
        f->held[i] = f->held[i] || holds;
        all = all && holds;
    }
    return all;
}

static enum code draw_allowed(struct satisfying *f, struct part *p, struct rng *r, int draws,
                              bool *ret_found)
{
    enum code code = OK;
    *ret_found = false;
    for (int i = 0; i < draws && code == OK && !*ret_found; i++) {
        code = part_draw(p, r);
        if (code == OK)
            *ret_found = is_allowed(f, p);
    }
    return code;
}

/* Names the first constraint that never held, or all of them where each did but never together. */
static void add_unsatisfiable(const struct satisfying *f, const char *proof,
                              struct problems *problems)
{
    const struct space *s = f->s;
    struct error e;
    size_t blamed = 0;
    while (blamed < s->n_constraints && f->held[blamed])
        blamed++;
    if (blamed < s->n_constraints) {
        error_set(&e, E_UNSATISFIABLE, "no configuration satisfies this constraint: %s", proof);
        error_detail(&e, "the constraint is %.*s", STR_FMT(s->constraints[blamed].text));
    } else {
        blamed = s->n_constraints - 1;
        error_set(&e, E_UNSATISFIABLE,
                  "no configuration satisfies all %zu constraints together: %s", s->n_constraints,
                  proof);
    }
    error_hint(&e, "loosen it, or widen the parameters it names");
    place(&e, s->constraints[blamed].at);
    problems_add(problems, &e);
}

static enum code search_allowed(struct satisfying *f, struct part *p, struct problems *problems)
{
    struct rng r;
    bool found;
    char proof[80];
    enum walk_end end;
    rng_init(&r, 0, 0);
    enum code code = draw_allowed(f, p, &r, FIRST_DRAWS, &found);
    if (code != OK || found)
        return code;
    *f = (struct satisfying){.s = f->s};
    code = part_walk(p, WALK_STEPS, is_allowed, f, &end);
    if (code != OK || end == WALK_STOPPED)
        return code;
    if (end == WALK_ALL) {
        snprintf(proof, sizeof(proof), "all %lld were tried", (long long)f->tried);
        add_unsatisfiable(f, proof, problems);
        return OK;
    }
    code = draw_allowed(f, p, &r, SPACE_DRAWS_MAX, &found);
    if (code != OK || found)
        return code;
    snprintf(proof, sizeof(proof), "%d draws found none", SPACE_DRAWS_MAX);
    add_unsatisfiable(f, proof, problems);
    return OK;
}

/* False of every configuration, by the bounds alone? Where a parameter that it names may be
 * inactive the constraint may hold for that reason. */
static bool never_holds(const struct space *s, const struct constraint *c)
{
    for (size_t i = 0; i < c->n_names; i++)
        if (s->params[c->names[i]].when)
            return false;
    return expr_outcomes(c->x, s) == 1u << EXPR_FALSE;
}

enum code space_check_constraints(const struct space *s, const struct name_list *names,
                                  struct problems *problems)
{
    bool wanted[SPACE_PARAMS_MAX] = {false}, impossible = false;
    struct satisfying f = {.s = s};
    struct part p;
    for (size_t i = 0; i < s->n_constraints; i++) {
        const struct constraint *c = &s->constraints[i];
        for (size_t k = 0; k < c->n_names; k++)
            wanted[c->names[k]] = true;
        if (!never_holds(s, c))
            continue;
        struct error e;
        impossible = true;
        error_set(&e, E_UNSATISFIABLE,
                  "no configuration satisfies this constraint: no values "
                  "within the bounds do");
        error_detail(&e, "the constraint is %.*s", STR_FMT(c->text));
        error_hint(&e, "loosen it, or widen the parameters it names");
        place(&e, c->at);
        problems_add(problems, &e);
    }
    if (impossible || s->n_constraints == 0)
        return OK;
    enum code code = part_init(&p, s, names, wanted);
    if (code == OK)
        code = search_allowed(&f, &p, problems);
    part_free(&p);
    return code;
}
