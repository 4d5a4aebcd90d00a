/*
 * speed METHOD DIMENSIONS TRIALS [PARALLEL]: what a suggestion costs, through the searcher: asking
 * and telling (searcher_ask, searcher_exit), journal entries written, nothing else.
 *
 * The space is DIMENSIONS reals; what is minimised is the distance from a point of it, so that
 * suggestions crowd together as they do in a search that gets somewhere. At the powers of 10, their
 * halves and fifths, a line:
 *
 *   trials; mean, median and worst of the last suggestions, microseconds; seconds so far; best
 *   value; KiB of memory at most
 *
 * The last suggestions are a twentieth of all, 20 at least. Times are the processor's, so that
 * others on the machine disturb as little as can be.
 */
#include "search/allocator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PARALLEL_MAX = 1000 };

struct speed {
    struct arena arena, once; /* `once` is cleared: entries are thrown away */
    struct space *space;
    struct searcher *searcher;
    struct searcher_settings settings;
    int64_t *ns; /* by trial: of its ask and its exit */
    int64_t trial[PARALLEL_MAX];
    double value[PARALLEL_MAX];
    size_t n_pending;
    double best;
};

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void check(enum code code, const struct error *e)
{
    if (code == OK)
        return;
    fprintf(stderr, "%s: %s\n", e->message, e->hint);
    exit(1);
}

static void set_up(struct speed *x, const char *method, int dimensions, int64_t trials,
                   int parallel)
{
    struct error e = {.code = OK};
    struct problems problems;
    problems_init(&problems);
    check(space_new(&x->space, &e), &e);
    for (int i = 0; i < dimensions; i++) {
        char name[16];
        snprintf(name, sizeof(name), "x%d", i);
        struct param_decl d = {.name = str_of(name), .prior = STR("uniform(-5, 5)")};
        check(space_declare(x->space, &d, &e), &e);
    }
    check(space_finish(x->space, &problems), &e);
    problems_free(&problems);
    arena_init(&x->arena, SIZE_MAX);
    arena_init(&x->once, SIZE_MAX);
    x->settings = (struct searcher_settings){
        .space = x->space,
        .effort = {.trials = trials, .parallel = parallel},
        .seed = 1,
        .n_objectives = 1,
        .minimize = {true},
    };
    struct method *m = &x->settings.method;
    check(method_parse(&x->arena, str_of(method), (struct location){.file = NULL}, m, &e), &e);
    check(method_resolve(m, x->space, &x->settings.effort, &e), &e);
    check(searcher_new(&x->searcher, &x->settings, &e), &e);
    struct entry entry;
    check(searcher_begin(x->searcher, &x->once, &entry, &e), &e);
    x->ns = calloc((size_t)trials + 1, sizeof(*x->ns));
    if (!x->ns)
        exit(1);
}

static double value_of(const struct config *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->space->n_params; i++) {
        double z = c->values[i].r - 4.0 * (double)(i % 5 + 1) / 5 + 2;
        sum += z * z;
    }
    return sum;
}

static bool ask(struct speed *x)
{
    struct error e = {.code = OK};
    struct proposal p;
    struct entry entry;
    int64_t since = now();
    check(searcher_ask(x->searcher, &x->once, &p, &entry, &e), &e);
    int64_t ns = now() - since;
    if (p.kind != ASK_TRIAL)
        return false;
    x->ns[p.trial] += ns;
    x->value[x->n_pending] = value_of(&p.config);
    x->trial[x->n_pending++] = p.trial;
    return true;
}

/* The oldest one ends. */
static int64_t tell(struct speed *x)
{
    struct error e = {.code = OK};
    struct entry entry;
    int64_t trial = x->trial[0], since = now();
    check(
        searcher_exit(x->searcher, &x->once, trial, OUTCOME_COMPLETED, 1, x->value[0], &entry, &e),
        &e);
    x->ns[trial] += now() - since;
    x->best = trial == 1 || x->value[0] < x->best ? x->value[0] : x->best;
    x->n_pending--;
    memmove(x->trial, x->trial + 1, x->n_pending * sizeof(x->trial[0]));
    memmove(x->value, x->value + 1, x->n_pending * sizeof(x->value[0]));
    return trial;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool is_shown(int64_t n, int64_t trials)
{
    int64_t power = 10;
    while (power * 10 <= n)
        power *= 10;
    return n >= 10 && (n == trials || n == power || n == 2 * power || n == 5 * power);
}

static void show(struct speed *x, int64_t n, int64_t since)
{
    struct rusage usage;
    int64_t window = n / 20 > 20 ? n / 20 : n < 20 ? n : 20, sum = 0;
    int64_t *last = malloc((size_t)window * sizeof(*last));
    if (!last)
        exit(1);
    memcpy(last, x->ns + n + 1 - window, (size_t)window * sizeof(*last));
    qsort(last, (size_t)window, sizeof(*last), compare);
    for (int64_t i = 0; i < window; i++)
        sum += last[i];
    getrusage(RUSAGE_SELF, &usage);
    printf("%8lld %10.1f %10.1f %10.1f %9.3f %12.4g %8ld\n", (long long)n,
           (double)sum / (double)window / 1e3, (double)last[window / 2] / 1e3,
           (double)last[window - 1] / 1e3, (double)(now() - since) / 1e9, x->best, usage.ru_maxrss);
    fflush(stdout);
    free(last);
}

int main(int argc, char **argv)
{
    static struct speed x;
    if (argc < 4) {
        fprintf(stderr, "usage: speed METHOD DIMENSIONS TRIALS [PARALLEL]\n");
        return 2;
    }
    int64_t trials = strtoll(argv[3], NULL, 10);
    size_t parallel = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    if (trials < 1 || parallel < 1 || parallel > PARALLEL_MAX)
        return 2;
    set_up(&x, argv[1], (int)strtol(argv[2], NULL, 10), trials, (int)parallel);
    printf("%8s %10s %10s %10s %9s %12s %8s\n", "trials", "mean us", "median us", "worst us",
           "seconds", "best", "KiB");
    int64_t since = now();
    for (bool open = true; open || x.n_pending;) {
        open = open && ask(&x);
        if (x.n_pending < parallel && open)
            continue;
        int64_t trial = x.n_pending ? tell(&x) : 0;
        if (trial && is_shown(trial, trials))
            show(&x, trial, since);
        arena_clear(&x.once);
    }
    searcher_free(x.searcher);
    space_free(x.space);
    arena_free(&x.arena);
    arena_free(&x.once);
    free(x.ns);
    return 0;
}
