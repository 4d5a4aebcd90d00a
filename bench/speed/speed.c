/*
 * speed METHOD DIMENSIONS TRIALS [PARALLEL]: what a suggestion costs, through libtrawl, as a
 * program has it: ask, read the values, tell.
 *
 * The space is DIMENSIONS reals; what is minimised is the distance from a point of it, so that
 * suggestions crowd together as they do in a search that gets somewhere. bench/speed/peers.py says
 * the same to other optimisers.
 *
 * It takes lines from stdin:
 *   run N    goes on until N trials were told; answers a line for each of them: nanoseconds of the
 *            processor and of the wall clock, of its suggestion with its tell
 *   fill N   tells N results from elsewhere, before the first trial
 * After each, and at its start, comes a line: `end`, KiB of memory at most, best value, version.
 */
#include <trawl/trawl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIMENSIONS_MAX = 1000, PARALLEL_MAX = 1000 };

struct pending {
    int64_t id;
    double value;
    int64_t cpu, wall;
};

struct speed {
    struct trawl_optimizer *optimizer;
    int dimensions;
    char names[DIMENSIONS_MAX][16];
    size_t parallel, n_pending;
    struct pending pending[PARALLEL_MAX]; /* the oldest first */
    bool open;                            /* the search gives more */
    int64_t told;
    double best;
};

struct stopwatch {
    struct timespec cpu, wall;
};

static void start(struct stopwatch *w)
{
    clock_gettime(CLOCK_MONOTONIC, &w->wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &w->cpu);
}

static int64_t between(struct timespec from, struct timespec to)
{
    return (int64_t)(to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
}

static void add(const struct stopwatch *w, struct pending *p)
{
    struct stopwatch now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now.cpu);
    clock_gettime(CLOCK_MONOTONIC, &now.wall);
    p->cpu += between(w->cpu, now.cpu);
    p->wall += between(w->wall, now.wall);
}

static void check(enum trawl_code code, const struct trawl_error *e)
{
    if (code == TRAWL_OK)
        return;
    fprintf(stderr, "speed: %s; %s\n", e->message, e->hint);
    exit(1);
}

static void set_up(struct speed *x, const char *method, long trials)
{
    struct trawl_error e = {.code = TRAWL_OK};
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        exit(1);
    fprintf(f, "goal: minimize\nparameters:\n");
    for (int i = 0; i < x->dimensions; i++) {
        snprintf(x->names[i], sizeof(x->names[i]), "x%d", i);
        fprintf(f, "  %s: uniform(-5, 5)\n", x->names[i]);
    }
    fprintf(f, "search: {method: \"%s\", trials: %ld, parallel: %zu, seed: 1}\n", method, trials,
            x->parallel);
    if (fclose(f) != 0)
        exit(1);
    check(trawl_optimizer_new(&x->optimizer, text, NULL, &e), &e);
    free(text);
    x->open = true;
}

static double part_of_value(int i, double x)
{
    double z = x - 4.0 * (double)(i % 5 + 1) / 5 + 2;
    return z * z;
}

static void ask(struct speed *x)
{
    struct trawl_error e = {.code = TRAWL_OK};
    struct stopwatch w;
    struct pending p = {.cpu = 0};
    struct trawl_trial *t;
    double values[DIMENSIONS_MAX] = {0};
    size_t got;
    start(&w);
    check(trawl_optimizer_ask(x->optimizer, 1, &t, &got, &e), &e);
    x->open = got == 1;
    if (!x->open)
        return;
    p.id = trawl_trial_id(t);
    for (int i = 0; i < x->dimensions; i++)
        trawl_trial_real(t, x->names[i], &values[i]);
    trawl_trial_free(t);
    add(&w, &p);
    for (int i = 0; i < x->dimensions; i++)
        p.value += part_of_value(i, values[i]);
    x->pending[x->n_pending++] = p;
}

/* The oldest one ends. */
static void tell(struct speed *x)
{
    struct trawl_error e = {.code = TRAWL_OK};
    struct stopwatch w;
    struct pending p = x->pending[0];
    start(&w);
    check(trawl_optimizer_tell(x->optimizer, p.id, p.value, &e), &e);
    add(&w, &p);
    printf("%lld %lld\n", (long long)p.cpu, (long long)p.wall);
    x->best = x->told == 0 || p.value < x->best ? p.value : x->best;
    x->told++;
    x->n_pending--;
    memmove(x->pending, x->pending + 1, x->n_pending * sizeof(x->pending[0]));
}

static void run(struct speed *x, int64_t until)
{
    while (x->told < until && (x->open || x->n_pending)) {
        while (x->open && x->n_pending < x->parallel)
            ask(x);
        if (x->n_pending)
            tell(x);
    }
}

/* The same points for everybody (peers.py). */
static double known(int64_t i, int j)
{
    uint64_t z = (uint64_t)i * 2654435761u + (uint64_t)j * 40503u;
    return (double)(z % 1000003) / 100000.3 - 5;
}

static void fill(struct speed *x, int64_t n)
{
    struct trawl_error e = {.code = TRAWL_OK};
    for (int64_t i = 0; i < n; i++) {
        double value = 0;
        struct trawl_result r = {.size = sizeof(r), .step = -1, .values = &value, .n_values = 1};
        char *text;
        size_t length;
        FILE *f = open_memstream(&text, &length);
        if (!f)
            exit(1);
        for (int j = 0; j < x->dimensions; j++) {
            fprintf(f, "%s\"x%d\": %.17g", j ? ", " : "{", j, known(i, j));
            value += part_of_value(j, known(i, j));
        }
        fprintf(f, "}");
        if (fclose(f) != 0)
            exit(1);
        check(trawl_optimizer_observe(x->optimizer, text, &r, &e), &e);
        free(text);
    }
}

/* What this program has had at once. Not of getrusage, whose figure starts with that of the
 * process that called exec. */
static long peak_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (f)
        fclose(f);
    return kib;
}

static void end(const struct speed *x)
{
    printf("end %ld %.6g libtrawl %s\n", peak_kib(), x->best, trawl_version());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct speed x;
    char line[64];
    x.dimensions = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
    x.parallel = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    long trials = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    if (x.dimensions < 1 || x.dimensions > DIMENSIONS_MAX || trials < 1 || x.parallel < 1 ||
        x.parallel > PARALLEL_MAX) {
        fprintf(stderr, "usage: speed METHOD DIMENSIONS TRIALS [PARALLEL]\n");
        return 2;
    }
    set_up(&x, argv[1], trials);
    end(&x);
    while (fgets(line, sizeof(line), stdin)) {
        if (strncmp(line, "run ", 4) == 0)
            run(&x, strtoll(line + 4, NULL, 10));
        else if (strncmp(line, "fill ", 5) == 0)
            fill(&x, strtoll(line + 5, NULL, 10));
        end(&x);
    }
    trawl_optimizer_free(x.optimizer);
    return 0;
}
