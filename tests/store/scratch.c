#include "scratch.h"

#include "base/io.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The store that holds what a test of every backend needs; the one place that names backends:
 * TRAWL_TEST_STORE=memory has the suite run against the store in memory. */
int scratch_open(void **state)
{
    struct scratch *t = calloc(1, sizeof(*t));
    if (!t)
        return -1;
    snprintf(t->folder, sizeof(t->folder), "/tmp/trawl-store-XXXXXX");
    if (!mkdtemp(t->folder))
        return -1;
    snprintf(t->path, sizeof(t->path), "%s/store.db", t->folder);
    const char *backend = getenv("TRAWL_TEST_STORE");
    t->on_disk = !backend || strcmp(backend, "memory") != 0;
    if (t->on_disk)
        snprintf(t->where, sizeof(t->where), "sqlite:%s", t->path);
    else
        snprintf(t->where, sizeof(t->where), "memory:");
    *state = t;
    struct error e = {0};
    if (store_open(t->where, STORE_CREATE, DURABILITY_DEFAULT, &t->s, &e) == OK &&
        store_lock(t->s, &e) == OK)
        return 0;
    print_error("%s %s\n", e.message, e.detail);
    return -1;
}

int scratch_close(void **state)
{
    struct scratch *t = *state;
    store_close(t->s);
    int rc = io_remove_tree(t->folder, NULL) == OK ? 0 : -1;
    free(t);
    return rc;
}

void scratch_reopen(struct scratch *t)
{
    if (!t->on_disk)
        return;
    store_close(t->s);
    t->s = NULL;
    assert_ok(store_open(t->where, STORE_WRITE, DURABILITY_DEFAULT, &t->s, NULL));
    assert_ok(store_lock(t->s, NULL));
}

struct store *scratch_reader(struct scratch *t)
{
    struct store *r = NULL;
    struct error e = {0};
    if (store_open(t->where, STORE_READ, DURABILITY_DEFAULT, &r, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
    return r;
}

void begin(struct scratch *t)
{
    assert_ok(store_begin(t->s, NULL));
}

void commit(struct scratch *t)
{
    struct error e = {0};
    if (store_commit(t->s, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

struct search_id scratch_search(struct scratch *t, bool minimize)
{
    struct space_row space;
    const struct search_row row = {.state = SEARCH_RUNNING,
                                   .method = STR("sobol + asha(eta=3)"),
                                   .metric = STR("val_acc"),
                                   .minimize = minimize,
                                   .source = STR("space: x\n"),
                                   .created = 5};
    begin(t);
    assert_ok(store_space_put(t->s, STR("flights"), STR("{}"), 1, &space, NULL));
    assert_ok(store_search_insert(t->s, space.space, space.version, &row, &t->search, NULL));
    commit(t);
    return t->search;
}

struct search_row search_of(struct scratch *t, struct search_id id, struct arena *a)
{
    struct search_row row = {0};
    assert_ok(store_search_get(t->s, id, a, &row, NULL));
    return row;
}

void put_trial(struct scratch *t, int64_t number, int64_t config_hash)
{
    const struct trial_row row = {.id = trial_id_of(t->search, number),
                                  .params = STR("{\"lr\": 0.1}"),
                                  .config_hash = config_hash,
                                  .seed = number,
                                  .steps = 27,
                                  .value = (double)NAN,
                                  .step = -1};
    assert_ok(store_trial_insert(t->s, &row, NULL));
}

void end_trial(struct scratch *t, int64_t number, enum trial_state state, double value,
               int64_t step)
{
    struct trial_row row = {.id = trial_id_of(t->search, number),
                            .state = TRIAL_RUNNING,
                            .value = (double)NAN,
                            .step = -1,
                            .steps = 27,
                            .started = 10};
    assert_ok(store_trial_update(t->s, &row, NULL));
    row.state = state;
    row.has_value = true;
    row.value = value;
    row.step = step;
    row.ended = 20;
    assert_ok(store_trial_update(t->s, &row, NULL));
}

struct trial_row trial_of(struct scratch *t, int64_t number, struct arena *a)
{
    struct trial_row row = {0};
    assert_ok(store_trial_get(t->s, trial_id_of(t->search, number), a, &row, NULL));
    return row;
}

struct attempt_id put_attempt(struct scratch *t, int64_t trial, int number,
                              enum attempt_state state)
{
    struct attempt_id id = {0};
    const struct attempt_row row = {.trial = trial_id_of(t->search, trial),
                                    .number = number,
                                    .state = state,
                                    .exit_code = -1,
                                    .signal = -1,
                                    .executor = STR("local")};
    assert_ok(store_attempt_insert(t->s, &row, &id, NULL));
    return id;
}

bool exists(const char *path, const char *end)
{
    char name[256];
    struct stat st;
    snprintf(name, sizeof(name), "%s%s", path, end);
    return stat(name, &st) == 0;
}
