/*
 * What the store costs: metric points a second, a commit by durability, listing and streaming
 * 10,000 trials, reading one trial's metrics out of a million; beside this machine's own fdatasync.
 *
 * bench/store [FOLDER]: works in a new folder below FOLDER (default: the current one), which it
 * removes.
 */
#include "store/store.h"
#include "base/clock.h"
#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    POINTS = 1000000,
    ATTEMPTS = 32,
    BATCH = 100, /* points of one attempt in a commit */
    TRIALS = 10000,
    GROUPS = 2000,
    SYNCS = 200,
    REPEATS = 20,
};

struct bench {
    char folder[256];
    char where[320];
    struct store *s;
    struct search_id search;
    int64_t rows;
};

static double now_ms(void)
{
    struct clock c = clock_system();
    return (double)clock_monotonic(&c) / (double)NS_PER_MS;
}

static void must(enum code code, const struct error *e)
{
    if (code == OK)
        return;
    fprintf(stderr, "bench: %s %s\n", e->message, e->detail);
    exit(1);
}

static void open_store(struct bench *b, enum durability durability)
{
    struct error e = {0};
    must(store_open(b->where, STORE_CREATE, durability, &b->s, &e), &e);
    must(store_lock(b->s, &e), &e);
}

static void new_search(struct bench *b)
{
    struct error e = {0};
    struct space_row space;
    const struct search_row row = {.method = STR("sobol + asha(eta=3)"), .metric = STR("val_acc")};
    must(store_begin(b->s, &e), &e);
    must(store_space_put(b->s, STR("bench"), STR("{}"), 1, &space, &e), &e);
    must(store_search_insert(b->s, space.space, space.version, &row, &b->search, &e), &e);
    must(store_commit(b->s, &e), &e);
}

/* What the scheduler writes when a slot is given away: an ask, a trial, an attempt, and back. */
static void write_trial(struct bench *b, int64_t i, struct attempt_id *ret)
{
    struct error e = {0};
    const struct journal_row entry = {
        .seq = i, .time = i, .trial = i, .kind = STR("ask"), .data = STR("{\"seed\": 1}")};
    struct trial_row trial = {
        .id = trial_id_of(b->search, i),
        .params = STR("{\"lr\": 0.0123, \"model\": \"mlp\", \"hidden\": 128, \"batch_size\": 256, "
                      "\"dropout\": 0.25, \"optimizer.name\": \"adam\", \"augment\": true}"),
        .config_hash = i * 2654435761,
        .steps = 27,
        .step = -1};
    const struct attempt_row attempt = {.trial = trial.id,
                                        .number = 1,
                                        .exit_code = -1,
                                        .signal = -1,
                                        .executor = STR("local"),
                                        .token = STR("0123456789abcdef0123456789abcdef")};
    must(store_journal_append(b->s, b->search, &entry, &e), &e);
    must(store_trial_insert(b->s, &trial, &e), &e);
    must(store_attempt_insert(b->s, &attempt, ret, &e), &e);
    trial.state = TRIAL_RUNNING;
    must(store_trial_update(b->s, &trial, &e), &e);
}

/* And when it ended. */
static void end_trial(struct bench *b, int64_t i, struct attempt_id id)
{
    struct error e = {0};
    const struct trial_row trial = {.id = trial_id_of(b->search, i),
                                    .state = TRIAL_COMPLETED,
                                    .steps = 27,
                                    .value = (double)(i * 7919 % TRIALS) / TRIALS,
                                    .has_value = true,
                                    .step = 27};
    const struct attempt_row attempt = {.id = id,
                                        .state = ATTEMPT_ENDED,
                                        .reason = REASON_EXIT,
                                        .signal = -1,
                                        .executor = STR("local")};
    must(store_trial_update(b->s, &trial, &e), &e);
    must(store_attempt_update(b->s, &attempt, &e), &e);
}

static double fdatasync_ms(const struct bench *b)
{
    char page[4096] = {0}, path[320];
    struct error e = {0};
    snprintf(path, sizeof(path), "%s/sync", b->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        must(E_IO, &e);
    double from = now_ms();
    for (int i = 0; i < SYNCS; i++) {
        must(io_write_all(fd, page, sizeof(page), &e), &e);
        if (fdatasync(fd) < 0)
            must(E_IO, &e);
    }
    double ms = (now_ms() - from) / SYNCS;
    close(fd);
    return ms;
}

/* A million points, as 32 live trials send them: round after round, a batch of each in one commit.
 */
static void bench_metrics(struct bench *b)
{
    struct error e = {0};
    struct attempt_id attempts[ATTEMPTS];
    struct metric_point p[BATCH];
    double adding = 0, from = now_ms();
    int64_t added = 0;
    int commits = 0;
    must(store_begin(b->s, &e), &e);
    for (int i = 0; i < ATTEMPTS; i++)
        write_trial(b, i + 1, &attempts[i]);
    must(store_commit(b->s, &e), &e);
    for (int64_t round = 0; added < POINTS; round++, commits++) {
        must(store_begin(b->s, &e), &e);
        for (int i = 0; i < ATTEMPTS && added < POINTS; i++) {
            for (int k = 0; k < BATCH; k++) {
                int64_t seq = (round * BATCH + k) / 2;
                p[k] = (struct metric_point){.seq = seq,
                                             .step = seq,
                                             .value = 1.0 / (double)(seq + 1),
                                             .time = 1700000000 * NS_PER_S + seq * NS_PER_MS,
                                             .name = k % 2 ? STR("val_acc") : STR("loss")};
            }
            double start = now_ms();
            must(store_metrics_add(b->s, attempts[i], p, BATCH, &e), &e);
            adding += now_ms() - start;
            added += BATCH;
        }
        must(store_commit(b->s, &e), &e);
    }
    double ms = now_ms() - from;
    printf("metrics: %.0f points/s in %d commits; store_metrics_add alone %.0f points/s\n",
           (double)added / ms * 1e3, commits, (double)added / adding * 1e3);
}

static enum code count_point(void *self, const struct metric_point *p)
{
    ((struct bench *)self)->rows++;
    return OK;
}

static void bench_read_metrics(struct bench *b)
{
    struct error e = {0};
    b->rows = 0;
    double from = now_ms();
    for (int i = 0; i < REPEATS; i++)
        must(store_metrics(b->s, trial_id_of(b->search, 7), (struct str){0}, count_point, b, &e),
             &e);
    printf("metrics of one trial: %lld points of %d in %.2f ms\n", (long long)(b->rows / REPEATS),
           POINTS, (now_ms() - from) / REPEATS);
}

/* Groups of six small writes: a trial starts, and the one before it ends. */
static void bench_commits(struct bench *b, const char *name, int groups)
{
    struct error e = {0};
    struct attempt_id last = {0}, id;
    double committing = 0, from = now_ms();
    for (int64_t i = 1; i <= groups; i++) {
        must(store_begin(b->s, &e), &e);
        write_trial(b, i, &id);
        if (i > 1)
            end_trial(b, i - 1, last);
        double start = now_ms();
        must(store_commit(b->s, &e), &e);
        committing += now_ms() - start;
        last = id;
    }
    double ms = now_ms() - from;
    printf("group of 6 writes, %s: %.3f ms, of which the commit %.3f ms\n", name, ms / groups,
           committing / groups);
}

static void fill_trials(struct bench *b)
{
    struct error e = {0};
    struct attempt_id id;
    must(store_begin(b->s, &e), &e);
    for (int64_t i = 1; i <= TRIALS; i++) {
        write_trial(b, i, &id);
        end_trial(b, i, id);
    }
    must(store_commit(b->s, &e), &e);
}

static enum code count_search(void *self, const struct search_row *row)
{
    ((struct bench *)self)->rows++;
    return OK;
}

static enum code count_trial(void *self, const struct trial_row *row)
{
    ((struct bench *)self)->rows++;
    return OK;
}

static enum code count_attempt(void *self, const struct attempt_row *row)
{
    ((struct bench *)self)->rows++;
    return OK;
}

static void bench_reading(struct bench *b)
{
    struct error e = {0};
    struct store *r = NULL;
    double from = now_ms();
    for (int i = 0; i < REPEATS; i++) {
        store_close(r);
        must(store_open(b->where, STORE_READ, DURABILITY_DEFAULT, &r, &e), &e);
        must(store_searches(r, count_search, b, &e), &e);
    }
    printf("open and list searches: %.3f ms\n", (now_ms() - from) / REPEATS);
    from = now_ms();
    for (int i = 0; i < REPEATS; i++)
        must(store_best(r, b->search, 10, count_trial, b, &e), &e);
    printf("best 10 of %d trials: %.2f ms\n", TRIALS, (now_ms() - from) / REPEATS);
    b->rows = 0;
    from = now_ms();
    for (int i = 0; i < REPEATS; i++) {
        must(store_trials(r, b->search, 0, count_trial, b, &e), &e);
        must(store_search_attempts(r, b->search, count_attempt, b, &e), &e);
    }
    printf("stream %lld trials and attempts: %.2f ms\n", (long long)(b->rows / REPEATS),
           (now_ms() - from) / REPEATS);
    store_close(r);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct error e = {0};
    struct rusage usage;
    snprintf(b.folder, sizeof(b.folder), "%s/bench-store-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(b.folder)) {
        fprintf(stderr, "bench: cannot make a folder in %s\n", argc > 1 ? argv[1] : ".");
        return 1;
    }
    snprintf(b.where, sizeof(b.where), "sqlite:%s/store.db", b.folder);
    printf("fdatasync of a page: %.3f ms\n", fdatasync_ms(&b));
    open_store(&b, DURABILITY_DEFAULT);
    new_search(&b);
    bench_commits(&b, "durability default", GROUPS);
    store_close(b.s);
    open_store(&b, DURABILITY_POWER);
    new_search(&b);
    bench_commits(&b, "durability power", SYNCS);
    store_close(b.s);
    open_store(&b, DURABILITY_DEFAULT);
    new_search(&b);
    bench_metrics(&b);
    bench_read_metrics(&b);
    new_search(&b);
    fill_trials(&b);
    bench_reading(&b);
    printf("store: %.1f MB on disk\n", (double)store_size(b.s) / 1e6);
    store_close(b.s);
    getrusage(RUSAGE_SELF, &usage);
    printf("peak memory: %.1f MB\n", (double)usage.ru_maxrss / 1024);
    must(io_remove_tree(b.folder, &e), &e);
    return 0;
}
