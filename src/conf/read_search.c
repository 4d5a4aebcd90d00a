/*
 * search and resources.
 */
#include "conf/schema.h"

#include "search/allocator.h"

#define TRIALS_MAX 1000000000LL
#define MEMORY_MIN (1LL << 20)
#define GRACE_NS   10000000000LL /* what a program has to end itself where nothing is said */

enum {
    PARALLEL_MAX = 100000,
    REPLICATES_MAX = 1000,
    CPUS_MAX = 4096,
    GPUS_MAX = 256,
    DEVICES_MAX = 256
};

enum {
    S_METHOD,
    S_TRIALS,
    S_TIME,
    S_STEPS,
    S_COST,
    S_STEP_TIME,
    S_BUDGET,
    S_PARALLEL,
    S_SEED,
    S_SEEDS,
    S_ORDER,
    S_FIRST,
    S_SCHEDULE,
    S_COUNT
};

static const struct schema_key search_keys[S_COUNT] = {
    [S_METHOD] = {.name = "method"},     [S_TRIALS] = {.name = "trials"},
    [S_TIME] = {.name = "time"},         [S_STEPS] = {.name = "steps"},
    [S_COST] = {.name = "cost"},         [S_BUDGET] = {.name = "budget"},
    [S_PARALLEL] = {.name = "parallel"}, [S_SEED] = {.name = "seed"},
    [S_SEEDS] = {.name = "seeds"},       [S_ORDER] = {.name = "order"},
    [S_FIRST] = {.name = "first"},       [S_STEP_TIME] = {.name = "step_time"},
    [S_SCHEDULE] = {.name = "schedule"},
};

static void read_budget(struct load *l, const struct node *n)
{
    enum { MIN, MAX, COUNT };
    static const struct schema_key keys[COUNT] = {
        [MIN] = {.name = "min"},
        [MAX] = {.name = "max", .needed = "like budget: {min: 1, max: 27}"},
    };
    const struct node *found[COUNT];
    struct effort *effort = &l->s->effort;
    if (!schema_open(l, n, "search.budget", keys, COUNT, found))
        return;
    int64_t min = 1, max;
    bool right = !found[MIN] || read_whole(l, found[MIN], "search.budget.min", 1, STEPS_MAX, &min);
    if (!read_whole(l, found[MAX], "search.budget.max", 1, STEPS_MAX, &max) || !right)
        return;
    if (min > max) {
        (void)problem_at(l, found[MIN] ? found[MIN]->at : n->at, E_INVALID,
                         "min is the least a trial trains, max the most",
                         "search.budget.min is %lld, more than max, which is %lld", (long long)min,
                         (long long)max);
        return;
    }
    effort->has_steps = true;
    effort->min_steps = min;
    effort->max_steps = max;
}

/* A parameter that says how long a trial trains; nothing else may say it then. */
static void read_length(struct load *l, const struct node *const *found)
{
    struct settings *s = l->s;
    struct error e = {0};
    int param = length_param(s->space);
    if (param < 0)
        return;
    const struct node *other = found[S_BUDGET] ? found[S_BUDGET] : found[S_SCHEDULE];
    if (other)
        (void)problem_at(l, key_place(l, other), E_INVALID,
                         "leave one of them out; a parameter that means something else needs "
                         "another name",
                         "search.%s says how long a trial trains, and so does the parameter steps",
                         found[S_BUDGET] ? "budget" : "schedule");
    else if (length_read(s->space, &s->effort, &e) != OK)
        (void)problem(l, s->space->params[param].at, &e);
}

/* vary, same, or how often each configuration runs. */
static void read_seeds(struct load *l, const struct node *n)
{
    static const char *const words[] = {"vary", "same", "a number"};
    struct settings *s = l->s;
    int word;
    s->seeds = SEEDS_VARY;
    s->replicates = 1;
    if (!n)
        return;
    if (n->kind == NODE_SCALAR && node_value(n).type == VALUE_INT) {
        if (read_int(l, n, "search.seeds", 1, REPLICATES_MAX, &s->replicates))
            s->seeds = SEEDS_REPLICATES;
    } else if (!read_word(l, n, "search.seeds", words, 3, &word)) {
        return;
    } else if (word == 2) {
        (void)problem_at(l, n->at, E_INVALID, "like seeds: 3, of which each configuration gets one",
                         "search.seeds is no number");
    } else {
        s->seeds = word == 0 ? SEEDS_VARY : SEEDS_SAME;
    }
}

/* What is left out is auto. That it fits the space is asked of a copy: resolving is the caller's.
 * Returns whether it pauses trials. */
static bool read_method(struct load *l, const struct node *n)
{
    struct settings *s = l->s;
    struct str text = s->n_stages > 0 ? STR("random + replay") : STR("auto");
    struct location at = n ? n->at : l->at;
    struct error e = {0};
    if (n && !read_text(l, n, "search.method", &text))
        return false;
    if (method_parse(&s->arena, text, at, &s->method, &e) != OK) {
        (void)problem(l, at, &e);
        return false;
    }
    if (s->method.allocator == &allocator_replay && s->n_stages == 0) {
        (void)problem_at(l, at, E_INVALID, "give it in search.schedule, and leave method out",
                         "replay needs a schedule, and there is none");
        return false;
    }
    struct method resolved = s->method;
    if (!l->space_right || s->space->n_units == 0)
        return false;
    if (method_resolve(&resolved, s->space, &s->effort, &e) == OK)
        return method_pauses(&resolved);
    (void)problem(l, at, &e);
    return false;
}

/* What a schedule says of itself is said nowhere else: who trains, and how far. */
static void open_schedule(struct load *l, const struct node *const *found)
{
    static const struct {
        int key;
        const char *name;
    } others[] = {{S_METHOD, "method"}, {S_FIRST, "first"}};
    struct settings *s = l->s;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (found[others[i].key])
            (void)problem_at(l, found[others[i].key]->at, E_INVALID, "leave it out",
                             "search.%s has no meaning beside search.schedule, which is replayed "
                             "as it stands",
                             others[i].name);
    read_schedule(l, found[S_SCHEDULE]);
    if (s->n_stages == 0)
        return;
    int64_t end = s->stages[s->n_stages - 1].until;
    if (s->effort.has_steps && s->effort.max_steps != end) {
        (void)problem_at(l, found[S_SCHEDULE]->at, E_INVALID, "leave search.budget out",
                         "the schedule ends at step %lld, and search.budget.max is %lld",
                         (long long)end, (long long)s->effort.max_steps);
        return;
    }
    s->effort.min_steps = s->effort.has_steps ? s->effort.min_steps : 1;
    s->effort.has_steps = true;
    s->effort.max_steps = end;
}

static void read_limits(struct load *l, const struct node *const *found)
{
    struct settings *s = l->s;
    (void)read_whole(l, found[S_TRIALS], "search.trials", 1, TRIALS_MAX, &s->effort.trials);
    (void)read_duration(l, found[S_TIME], "search.time", &s->time_ns);
    (void)read_duration(l, found[S_STEP_TIME], "search.step_time", &s->step_time_ns);
    (void)read_whole(l, found[S_STEPS], "search.steps", 1, STEPS_MAX, &s->steps_total);
    const struct node *resources = node_get(l->root, STR("resources"));
    bool priced = resources && node_get(resources, STR("cost"));
    const struct node *cost = found[S_COST];
    if (cost && read_positive(l, cost, "search.cost", &s->cost) && !priced)
        (void)problem_at(l, cost->at, E_INVALID,
                         "say what a slot costs an hour: resources: {cost: 1.5}",
                         "search.cost has no meaning without resources.cost");
}

void read_search(struct load *l, const struct node *search)
{
    static const char *const orders[] = {"arrival", "fixed"};
    struct settings *s = l->s;
    const struct node *found[S_COUNT] = {NULL};
    int64_t seed;
    int order;
    if (search && !schema_open(l, search, "search", search_keys, S_COUNT, found))
        return;
    size_t before = l->problems->n + l->problems->dropped;
    read_limits(l, found);
    if (found[S_BUDGET])
        read_budget(l, found[S_BUDGET]);
    if (l->space_right)
        read_length(l, found);
    (void)read_int(l, found[S_PARALLEL], "search.parallel", 1, PARALLEL_MAX, &s->effort.parallel);
    if (read_whole(l, found[S_SEED], "search.seed", 0, INT64_MAX, &seed)) {
        s->has_seed = true;
        s->seed = (uint64_t)seed;
    }
    read_seeds(l, found[S_SEEDS]);
    if (read_word(l, found[S_ORDER], "search.order", orders, 2, &order))
        s->fixed_order = order == 1;
    if (found[S_FIRST] && l->space_right)
        read_first(l, found[S_FIRST]);
    if (found[S_SCHEDULE] && l->space_right)
        open_schedule(l, found);
    if (before != l->problems->n + l->problems->dropped)
        l->space_right = false; /* the method can't be held against an effort that is wrong */
    if (read_method(l, found[S_METHOD]) && s->fixed_order && found[S_ORDER])
        (void)problem_at(l, found[S_ORDER]->at, E_INVALID,
                         "leave `order` out, or let asha stop trials: asha(variant=stop)",
                         "with order: fixed every trial must end before the next one counts, and "
                         "this method pauses trials");
}

enum { R_CPUS, R_GPUS, R_MEMORY, R_TIME, R_SILENCE, R_GRACE, R_DEVICES, R_COST, R_COUNT };

static const struct schema_key resource_keys[R_COUNT] = {
    [R_CPUS] = {.name = "cpus"},       [R_GPUS] = {.name = "gpus"},
    [R_MEMORY] = {.name = "memory"},   [R_TIME] = {.name = "time"},
    [R_SILENCE] = {.name = "silence"}, [R_GRACE] = {.name = "grace"},
    [R_DEVICES] = {.name = "devices"}, [R_COST] = {.name = "cost"},
};

void read_resources(struct load *l, const struct node *resources)
{
    struct settings *s = l->s;
    const struct node *found[R_COUNT];
    s->cpus = 1;
    s->grace_ns = GRACE_NS;
    if (!resources || !schema_open(l, resources, "resources", resource_keys, R_COUNT, found))
        return;
    (void)read_int(l, found[R_CPUS], "resources.cpus", 1, CPUS_MAX, &s->cpus);
    (void)read_size(l, found[R_MEMORY], "resources.memory", MEMORY_MIN, &s->memory);
    (void)read_duration(l, found[R_TIME], "resources.time", &s->attempt_time_ns);
    (void)read_duration(l, found[R_SILENCE], "resources.silence", &s->silence_ns);
    (void)read_duration(l, found[R_GRACE], "resources.grace", &s->grace_ns);
    (void)read_positive(l, found[R_COST], "resources.cost", &s->cost_per_slot_hour);
    bool devices = read_texts(l, found[R_DEVICES], "resources.devices", DEVICES_MAX, &s->devices,
                              &s->n_devices);
    if (read_int(l, found[R_GPUS], "resources.gpus", 0, GPUS_MAX, &s->gpus) && devices &&
        (size_t)s->gpus > s->n_devices)
        (void)problem_at(l, found[R_GPUS]->at, E_INVALID, "name more devices, or ask for fewer",
                         "resources.gpus is %d, but resources.devices names only %zu", s->gpus,
                         s->n_devices);
}
