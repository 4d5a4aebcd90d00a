/* Every sampler: searches made up from a seed. The space, its conditions and constraints, the
 * method's options, what is known beforehand, how many trials are pending, what they come to, how
 * suggestions are made: all of it is drawn. Everything that is proposed is checked, the journal is
 * recomputed, replayed from somewhere, and left for another course.
 *
 * Each search prints its seed. TRAWL_SEARCHES=n tries n of them a sampler in place of a few,
 * TRAWL_SEED=n begins at seed n, TRAWL_SAMPLER=name keeps to one sampler. */
#include "conformance.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* A search before it runs. */
struct made_up {
    struct plan plan;
    struct space *space;
    char options[200];
};

static int64_t environment(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    int64_t n;
    return text && number_parse_i64(str_of(text), &n) && n >= 0 ? n : otherwise;
}

static bool is_accepted(const struct made_up *x)
{
    struct effort effort = {.trials = x->plan.trials,
                            .parallel = x->plan.slots,
                            .n_objectives = x->plan.n_objectives,
                            .has_steps = x->plan.with_steps,
                            .min_steps = x->plan.with_steps,
                            .max_steps = x->plan.with_steps ? 27 : 0};
    struct arena a;
    struct method m;
    char text[400];
    write_method(&x->plan, x->space, text, sizeof(text));
    arena_init(&a, 1 << 16);
    bool well = method_parse(&a, str_of(text), (struct location){.file = NULL}, &m, NULL) == OK &&
                method_resolve(&m, x->space, &effort, NULL) == OK;
    arena_free(&a);
    return well;
}

/* One option at some value within its limits. */
static void draw_option(struct made_up *x, struct rng *r)
{
    const struct sampler_kind *kind = x->plan.sampler;
    if (kind->n_options == 0 || kind->enumerates || rng_below(r, 3))
        return;
    const struct option_kind *o = &kind->options[rng_below(r, kind->n_options)];
    size_t n = 0;
    while (o->words && o->words[n])
        n++;
    if (n > 0) {
        snprintf(x->options, sizeof(x->options), "(%s=%s)", o->name, o->words[rng_below(r, n)]);
    } else {
        /* mostly near the lower limit, where spaces and budgets of this size feel it */
        double value = o->lo + (o->hi - o->lo) * pow(rng_unit(r), 8);
        value = o->whole ? floor(value) : value;
        snprintf(x->options, sizeof(x->options), "(%s=%.6g)", o->name, value);
    }
    x->plan.options = x->options;
}

static void draw_method(struct made_up *x, struct rng *r)
{
    static const char *const allocators[] = {"full",
                                             "median",
                                             "asha",
                                             "asha(eta=2)",
                                             "asha(variant=promote)",
                                             "adaptive",
                                             "adaptive(mode=conservative, variant=promote)",
                                             "sha(n=5)",
                                             "hyperband",
                                             "patience(steps=4, delta=0.1)",
                                             "threshold(value=0)",
                                             "freeze_thaw(growth=3)"};
    struct plan *p = &x->plan;
    size_t most = p->sampler->objectives_max ? p->sampler->objectives_max : OBJECTIVES_MAX;
    p->n_objectives = rng_below(r, 4) ? 1 : 1 + (size_t)rng_below(r, most);
    p->with_steps = rng_below(r, 2);
    if (p->with_steps && p->n_objectives == 1)
        p->allocator = allocators[rng_below(r, sizeof(allocators) / sizeof(allocators[0]))];
    draw_option(x, r);
    if (!is_accepted(x))
        p->options = NULL;
    if (!is_accepted(x))
        p->allocator = "full";
    if (p->allocator && strncmp(p->allocator, "freeze", 6) == 0 && p->trials > 10)
        p->trials = 10; /* each takes milliseconds more than once */
}

static void make_up(struct made_up *x, const struct sampler_kind *kind, uint64_t seed)
{
    static const int slots[] = {1, 1, 2, 3, 5, 8, 16, SLOTS_MAX};
    static const enum seed_policy policies[] = {SEEDS_VARY, SEEDS_VARY, SEEDS_SAME,
                                                SEEDS_REPLICATES};
    bool exact;
    struct rng r;
    rng_init(&r, seed, 4242);
    *x = (struct made_up){.space = space_random(seed)};
    struct plan *p = &x->plan;
    p->space = x->space;
    p->sampler = kind;
    p->seed = seed;
    p->may_be_refused = true;
    p->trials = 1 + (int64_t)rng_below(&r, (uint64_t)affordable(kind, 60, 18));
    p->slots = slots[rng_below(&r, sizeof(slots) / sizeof(slots[0]))];
    p->mood = rng_below(&r, 2) ? MIXED : (enum mood)rng_below(&r, SILENT + 1);
    p->seeds = policies[rng_below(&r, 4)];
    p->working = (enum working)rng_below(&r, 3);
    p->n_requirements = rng_below(&r, 3) ? 0 : (size_t)rng_below(&r, REQUIREMENTS_MAX + 1);
    p->n_first = (size_t)rng_below(&r, 2) * (size_t)rng_below(&r, 5);
    p->n_evidence = (size_t)rng_below(&r, 2) * (size_t)rng_below(&r, 40);
    p->with_baseline = rng_below(&r, 2);
    draw_method(x, &r);
    int64_t count = space_count(x->space, &exact);
    if (count > 0 && count <= 60 && !p->with_steps && rng_below(&r, 2))
        p->trials = 0;
}

static void check_made_up(const struct run *r)
{
    recompute(r);
    replay(r, r->n / 2);
    if (r->plan->seed % 4 == 0 && !r->refused)
        go_on_otherwise(r, r->n / 3);
}

static void made_up_searches(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    uint64_t from = (uint64_t)environment("TRAWL_SEED", 0);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < n; i++) {
        int64_t searches = environment("TRAWL_SEARCHES", affordable(kinds[i], 15, 6));
        for (uint64_t seed = from; seed < from + (uint64_t)searches; seed++) {
            struct made_up x;
            make_up(&x, kinds[i], seed);
            if (from > 0 && seed == from)
                space_print(x.space);
            run_one(&x.plan, check_made_up);
            space_free(x.space);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_up_searches),
    };
    return RUN_TESTS(tests);
}
