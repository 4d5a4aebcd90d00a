/*
 * Logistic regression by gradient descent with momentum, on data that it makes up itself: two
 * classes in 20 dimensions of which five tell them apart, with some labels wrong.
 *
 *   ./logistic --lr=0.1 --momentum=0.9 --l2=0.001 --epochs=20
 *
 * It knows nothing of trawl: the lines that it prints are all there is to report. TRAWL_SEED, where
 * it is set, is the seed of the order in which the examples come; the data are always the same.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 20, TELLING = 5, TRAIN = 4000, VALIDATE = 2000, EXAMPLES = TRAIN + VALIDATE };

struct options {
    double lr, momentum, l2, decay;
    long batch, epochs;
};

static double x[EXAMPLES][FEATURES];
static int y[EXAMPLES];

/* xorshift64* (Vigna 2016). */
static uint64_t random_bits(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1Dull;
}

static double uniform(uint64_t *state)
{
    return (double)(random_bits(state) >> 11) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    return sqrt(-2 * log(1 - uniform(state))) * cos(2 * M_PI * uniform(state));
}

static void make_data(void)
{
    uint64_t state = 42;
    for (int i = 0; i < EXAMPLES; i++) {
        double score = 0;
        for (int j = 0; j < FEATURES; j++) {
            x[i][j] = normal(&state) * (1 + j % 4); /* scales differ, as they do */
            if (j < TELLING)
                score += x[i][j] * (j % 2 ? -1 : 1) / (1 + j % 4);
        }
        y[i] = score > 0;
        if (uniform(&state) < 0.05)
            y[i] = !y[i];
    }
}

static double predict(const double *w, const double *features)
{
    double sum = w[FEATURES];
    for (int j = 0; j < FEATURES; j++)
        sum += w[j] * features[j];
    return 1 / (1 + exp(-sum));
}

static void train_epoch(const struct options *o, double lr, double *w, double *velocity,
                        const int *order)
{
    for (int from = 0; from < TRAIN; from += (int)o->batch) {
        double gradient[FEATURES + 1] = {0};
        int n = from + o->batch < TRAIN ? (int)o->batch : TRAIN - from;
        for (int k = 0; k < n; k++) {
            int i = order[from + k];
            double error = predict(w, x[i]) - y[i];
            for (int j = 0; j < FEATURES; j++)
                gradient[j] += error * x[i][j] / n;
            gradient[FEATURES] += error / n;
        }
        for (int j = 0; j <= FEATURES; j++) {
            double step = gradient[j] + (j < FEATURES ? o->l2 * w[j] : 0);
            velocity[j] = o->momentum * velocity[j] - lr * step;
            w[j] += velocity[j];
        }
    }
}

/* Mean loss and accuracy on the examples held out. */
static void validate(const double *w, double *ret_loss, double *ret_accuracy)
{
    double loss = 0;
    int right = 0;
    for (int i = TRAIN; i < EXAMPLES; i++) {
        double p = fmin(fmax(predict(w, x[i]), 1e-12), 1 - 1e-12);
        loss -= y[i] ? log(p) : log(1 - p);
        right += (p > 0.5) == y[i];
    }
    *ret_loss = loss / VALIDATE;
    *ret_accuracy = (double)right / VALIDATE;
}

static void shuffle(int *order, uint64_t *state)
{
    for (int i = TRAIN - 1; i > 0; i--) {
        int j = (int)(random_bits(state) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static int read_option(const char *arg, struct options *o)
{
    struct {
        const char *name;
        double *real;
        long *whole;
    } table[] = {
        {"--lr=", &o->lr, NULL},       {"--momentum=", &o->momentum, NULL},
        {"--l2=", &o->l2, NULL},       {"--decay=", &o->decay, NULL},
        {"--batch=", NULL, &o->batch}, {"--epochs=", NULL, &o->epochs},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        size_t n = strlen(table[i].name);
        char *end = NULL;
        if (strncmp(arg, table[i].name, n) != 0)
            continue;
        if (table[i].real)
            *table[i].real = strtod(arg + n, &end);
        else
            *table[i].whole = strtol(arg + n, &end, 10);
        return *end == '\0' && end != arg + n;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.lr = 0.01, .momentum = 0, .l2 = 0, .decay = 0, .batch = 32, .epochs = 20};
    double w[FEATURES + 1] = {0}, velocity[FEATURES + 1] = {0};
    const char *seed = getenv("TRAWL_SEED");
    uint64_t state = 88172645463325252ull + (seed ? strtoull(seed, NULL, 10) : 0);
    int order[TRAIN];
    for (int i = 1; i < argc; i++) {
        if (!read_option(argv[i], &o) || o.batch < 1 || o.batch > TRAIN) {
            fprintf(stderr, "logistic: %s makes no sense here\n", argv[i]);
            return 2;
        }
    }
    make_data();
    for (int i = 0; i < TRAIN; i++)
        order[i] = i;
    for (long epoch = 1; epoch <= o.epochs; epoch++) {
        double loss, accuracy;
        shuffle(order, &state);
        train_epoch(&o, o.lr / (1 + o.decay * (double)(epoch - 1)), w, velocity, order);
        validate(w, &loss, &accuracy);
        printf("epoch %ld: val_loss=%.5f accuracy=%.4f\n", epoch, loss, accuracy);
        fflush(stdout);
    }
    return 0;
}
