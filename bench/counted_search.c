/*
 * bench/counted_search METHOD N: suggestions of METHOD in ten parameters, each with its tell, after
 * N results from elsewhere; for tools/gates/instructions.py, which counts the instructions that
 * `measured` takes. A user of libtrawl.
 */
#include <trawl/trawl.h>

#include <stdio.h>
#include <stdlib.h>

enum { DIMENSIONS = 10, SUGGESTIONS = 10 };

static void check(enum trawl_code code, const struct trawl_error *e)
{
    if (code == TRAWL_OK)
        return;
    fprintf(stderr, "counted_search: %s; %s\n", e->message, e->hint);
    exit(1);
}

static struct trawl_optimizer *set_up(const char *method)
{
    struct trawl_error e = {.code = TRAWL_OK};
    struct trawl_optimizer *o;
    char text[1024];
    int n = snprintf(text, sizeof(text),
                     "goal: minimize\nsearch: {method: %s, trials: 100000, seed: 1}\nparameters:\n",
                     method);
    for (int i = 0; i < DIMENSIONS; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "  x%d: uniform(-5, 5)\n", i);
    check(trawl_optimizer_new(&o, text, NULL, &e), &e);
    return o;
}

/* Points around one of the space, the nearer the later, as those of a search that gets somewhere.
 */
static void observe(struct trawl_optimizer *o, long i, long n)
{
    struct trawl_error e = {.code = TRAWL_OK};
    double value = 0;
    struct trawl_result r = {.size = sizeof(r), .step = -1, .values = &value, .n_values = 1};
    char text[1024];
    int length = 0;
    for (int j = 0; j < DIMENSIONS; j++) {
        long from = (i * 7919 + j * 104729) % 1000 - 500, range = n + (n - i) * 9;
        long at = from * range / n; /* -5000 to 5000 thousandths */
        value += (double)(at * at) * 1e-6;
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s\"x%d\": %ld.%03ldE-3",
                           j ? ", " : "{", j, at, labs(i % 1000));
    }
    snprintf(text + length, sizeof(text) - (size_t)length, "}");
    check(trawl_optimizer_observe(o, text, &r, &e), &e);
}

/* What is counted: the name is known to the gate. */
static __attribute__((noinline, noclone)) void measured(struct trawl_optimizer *o)
{
    struct trawl_error e = {.code = TRAWL_OK};
    for (int i = 0; i < SUGGESTIONS; i++) {
        struct trawl_trial *t;
        size_t got;
        check(trawl_optimizer_ask(o, 1, &t, &got, &e), &e);
        int64_t id = trawl_trial_id(t);
        trawl_trial_free(t);
        check(trawl_optimizer_tell(o, id, 1000, &e), &e);
    }
}

int main(int argc, char **argv)
{
    long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (argc < 3 || n < 1)
        return 2;
    struct trawl_optimizer *o = set_up(argv[1]);
    for (long i = 0; i < n; i++)
        observe(o, i, n);
    measured(o);
    trawl_optimizer_free(o);
    return 0;
}
