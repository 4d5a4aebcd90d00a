/*
 * Noisy gradient descent on a quadratic of twenty curvatures, 1 to 0.01: a training in miniature
 * whose best learning rate falls. A rate that is kept either leaves the flat directions where they
 * were or ends in the noise of the steep ones.
 *
 *     sgd --lr=X      TRAWL_STEPS, TRAWL_SEED, TRAWL_CHECKPOINT as docs/PROTOCOL.md has them
 *
 * A step is 50 updates. It reports log10 of the loss without noise, and keeps its state as text.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIMENSIONS = 20, UPDATES = 50 };

static double number_of(const char *name, double otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtod(text, NULL) : otherwise;
}

/* SplitMix64: what is drawn depends on the seed and the update alone. */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
    double r = sqrt(-2 * log(uniform(state)));
    return r * cos(2 * acos(-1.0) * uniform(state));
}

static double curvature(int i)
{
    return pow(10, -2.0 * i / (DIMENSIONS - 1));
}

static void update(double *w, double lr, uint64_t seed, long at)
{
    uint64_t state = seed * 1000003u + (uint64_t)at;
    for (int i = 0; i < DIMENSIONS; i++)
        w[i] -= lr * (curvature(i) * w[i] + 0.03 * normal(&state));
}

static double loss(const double *w)
{
    double sum = 0;
    for (int i = 0; i < DIMENSIONS; i++)
        sum += curvature(i) * w[i] * w[i] / 2;
    return sum < 1e6 ? sum : 1e6; /* too large a rate diverges */
}

static long load(const char *path, double *w)
{
    long step = 0;
    FILE *f = fopen(path, "r");
    for (int i = 0; i < DIMENSIONS; i++)
        w[i] = 1;
    if (f == NULL)
        return 0;
    int read = fscanf(f, "%ld", &step);
    for (int i = 0; i < DIMENSIONS; i++)
        read += fscanf(f, "%lf", &w[i]);
    fclose(f);
    return read == DIMENSIONS + 1 ? step : 0;
}

static int save(const char *path, long step, const double *w)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return 1;
    fprintf(f, "%ld\n", step);
    for (int i = 0; i < DIMENSIONS; i++)
        fprintf(f, "%.17g\n", w[i]);
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    double w[DIMENSIONS], lr = 0.1;
    char path[4096] = "";
    const char *folder = getenv("TRAWL_CHECKPOINT");
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--lr=", 5) == 0)
            lr = strtod(argv[i] + 5, NULL);
    if (folder != NULL)
        snprintf(path, sizeof path, "%s/state", folder);
    long step = load(path, w), steps = (long)number_of("TRAWL_STEPS", 30);
    uint64_t seed = (uint64_t)number_of("TRAWL_SEED", 1);
    while (step < steps) {
        for (int k = 0; k < UPDATES; k++)
            update(w, lr, seed, step * UPDATES + k);
        step++;
        printf("step=%ld log_loss=%.6f\n", step, log10(loss(w)));
    }
    return folder != NULL ? save(path, step, w) : 0;
}
