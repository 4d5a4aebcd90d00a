/*
 * `trawl gc`: frees what is no longer needed.
 *
 * Never touched: anything of a search that is running or paused, the store's rows (but for
 * --search), checkpoints that are still needed (sched/checkpoint.h): of the best trial (or the
 * front) and the baseline, and of what may be retried (failed, stopped) unless --all.
 */
#include "api/logs.h"
#include "api/project.h"
#include "base/array.h"
#include "base/io.h"
#include "base/json.h"
#include "base/number.h"
#include "code/snapshot.h"
#include "sched/checkpoint.h"
#include "store/scores.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"dry-run", 0, NULL, "only say what would be freed"},
    {"all", 0, NULL, "also checkpoints of stopped and failed trials: a retry starts from zero"},
    {"search", 0, "ID", "remove this finished search with everything of it"},
};

enum { SEARCHES_MAX = 100000 };

/* What is freed, and its names. */
enum { SNAPSHOTS, FOLDERS, CHECKPOINTS, SPOOLS, KINDS };
static const char *const kinds[KINDS] = {"snapshots", "folders", "checkpoints", "spools"};

struct kept_search {
    struct search_id id;
    bool live, front; /* front: several objectives, no best trial */
    int64_t best, baseline;
    char snapshot[SNAPSHOT_ID + 1];
};

struct gc {
    struct project project;
    struct store *store;
    struct arena a;
    struct kept_search *searches;
    size_t n;
    bool dry, all;
    int64_t bytes[KINDS], count[KINDS];
    char *code_dir;
    const struct kept_search *at;
    int64_t *winners; /* of `at`, where it has a front */
    size_t n_winners, winners_capacity;
    struct invocation *inv;
    struct error *e;
};

static enum code on_search(void *self, const struct search_row *row)
{
    struct gc *g = self;
    if (g->n == SEARCHES_MAX)
        return error_set(g->e, E_LIMIT, "more than %d searches", SEARCHES_MAX);
    struct kept_search *k = &g->searches[g->n++];
    k->id = row->id;
    k->live = row->state == SEARCH_RUNNING || row->state == SEARCH_PAUSED;
    k->best = row->best_trial;
    k->baseline = row->baseline_trial;
    k->front = search_aims(row).n_objectives > 1;
    size_t n = row->snapshot.n < SNAPSHOT_ID ? row->snapshot.n : SNAPSHOT_ID;
    if (n > 0)
        memcpy(k->snapshot, row->snapshot.p, n);
    return OK;
}

static enum code remove_tree(struct gc *g, const char *path, int what)
{
    g->bytes[what] += io_tree_size(path);
    g->count[what]++;
    return g->dry ? OK : io_remove_tree(path, g->e);
}

static enum code on_snapshot(void *self, const char *id, int64_t bytes)
{
    struct gc *g = self;
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(g->searches[i].snapshot, id) == 0)
            return OK;
    }
    g->bytes[SNAPSHOTS] += bytes;
    g->count[SNAPSHOTS]++;
    return g->dry ? OK : snapshot_remove(g->code_dir, id, g->e);
}

/* Folders under trials/ whose search is not in the store. */
static enum code stray_folders(struct gc *g)
{
    char *trials = io_join(g->project.store_dir, "trials");
    DIR *dir = trials != NULL ? opendir(trials) : NULL;
    enum code c = OK;
    struct dirent *d;
    while (c == OK && dir != NULL && (d = readdir(dir)) != NULL) {
        int64_t id;
        bool known = !number_parse_i64(str_of(d->d_name), &id);
        for (size_t i = 0; !known && i < g->n; i++)
            known = g->searches[i].id.v == id;
        if (known)
            continue;
        char *path = io_join(trials, d->d_name);
        c = path != NULL ? remove_tree(g, path, FOLDERS) : error_nomem(g->e);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
    free(trials);
    return c;
}

/* What was kept of a checkpoint for a trial that might have begun with it (sched/hand_on.c). */
static enum code stray_handed(struct gc *g, int64_t number)
{
    char *folder = trial_folder(g->project.store_dir, g->at->id.v, number);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    enum code c = folder != NULL ? OK : error_nomem(g->e);
    struct dirent *d;
    while (c == OK && dir != NULL && (d = readdir(dir)) != NULL) {
        if (!str_starts(str_of(d->d_name), "handed@"))
            continue;
        char *path = io_join(folder, d->d_name);
        c = path != NULL ? remove_tree(g, path, CHECKPOINTS) : error_nomem(g->e);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
    free(folder);
    return c;
}

/* The spool of an attempt whose end is in the store, left by a controller that died before it could
 * remove it. */
static enum code stray_spools(struct gc *g, int64_t number)
{
    char *folder = trial_folder(g->project.store_dir, g->at->id.v, number);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    enum code c = folder != NULL ? OK : error_nomem(g->e);
    struct dirent *d;
    while (c == OK && dir != NULL && (d = readdir(dir)) != NULL) {
        if (!str_ends(str_of(d->d_name), ".spool"))
            continue;
        char *path = io_join(folder, d->d_name);
        c = path != NULL ? remove_tree(g, path, SPOOLS) : error_nomem(g->e);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
    free(folder);
    return c;
}

static enum code on_winner(void *self, const struct trial_row *row)
{
    struct gc *g = self;
    if (!array_reserve(g->winners, &g->winners_capacity, g->n_winners + 1))
        return error_nomem(g->e);
    g->winners[g->n_winners++] = trial_id_number(row->id);
    return OK;
}

static enum code find_winners(struct gc *g)
{
    g->n_winners = 0;
    return g->at->front ? store_best(g->store, g->at->id, INT32_MAX, on_winner, g, g->e) : OK;
}

static bool has_won(const struct gc *g, int64_t number)
{
    for (size_t i = 0; i < g->n_winners; i++)
        if (g->winners[i] == number)
            return true;
    return number == g->at->best;
}

/* Before the sum, what it is made of. */
static void print_checkpoint(const struct gc *g, int64_t number, int64_t bytes)
{
    struct buf b;
    buf_init(&b, 256);
    number_write_size(&b, bytes);
    screen_fmt(g->inv->out, TONE_PLAIN, "checkpoint of %lld.%lld: %.*s\n", (long long)g->at->id.v,
               (long long)number, STR_FMT(buf_view(&b)));
    buf_free(&b);
}

static enum code free_checkpoints(struct gc *g, const char *folder, int64_t number)
{
    struct checkpoint_sizes sizes;
    bool any;
    checkpoint_measure(folder, &sizes);
    if (sizes.bytes == 0)
        return OK;
    g->bytes[CHECKPOINTS] += sizes.bytes;
    g->count[CHECKPOINTS]++;
    if (g->dry && !g->inv->json)
        print_checkpoint(g, number, sizes.bytes);
    if (g->dry)
        return OK;
    enum code c = checkpoint_set_aside(folder, ASIDE_ALL, NULL, &any, g->e);
    return c == OK ? checkpoint_delete_gone(folder, true, g->e) : c;
}

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct gc *g = self;
    int64_t number = trial_id_number(row->id);
    enum code c = trial_state_final(row->state) ? stray_spools(g, number) : OK;
    if (c == OK)
        c = stray_handed(g, number);
    if (c != OK)
        return c;
    const struct checkpoint_use use = {.state = row->state,
                                       .baseline = number == g->at->baseline,
                                       .wins = has_won(g, number),
                                       .keep_failed = !g->all,
                                       .keep_stopped = !g->all};
    char *folder = trial_folder(g->project.store_dir, g->at->id.v, number);
    if (folder == NULL)
        return error_nomem(g->e);
    if (!checkpoint_is_needed(&use))
        c = free_checkpoints(g, folder, number);
    else if (!g->dry) /* what a kill left */
        c = checkpoint_delete_gone(folder, true, g->e);
    free(folder);
    return c;
}

static enum code checkpoints(struct gc *g)
{
    enum code c = OK;
    for (size_t i = 0; c == OK && i < g->n; i++) {
        g->at = &g->searches[i];
        if (g->at->live)
            continue;
        c = find_winners(g);
        if (c == OK)
            c = store_trials(g->store, g->at->id, 0, on_trial, g, g->e);
    }
    return c;
}

static enum code remove_search(struct gc *g, const char *text)
{
    struct target t;
    enum code c = target_parse(text, &t, g->e);
    const struct kept_search *found = NULL;
    for (size_t i = 0; c == OK && i < g->n; i++) {
        if (g->searches[i].id.v == t.search.v)
            found = &g->searches[i];
    }
    if (c == OK && (t.is_trial || found == NULL))
        c = error_set(g->e, E_NOT_FOUND, "there is no search %s", text);
    if (c == OK && found->live) {
        c = error_set(g->e, E_STATE, "search %s is not over", text);
        error_hint(g->e, "trawl stop %s ends it", text);
    }
    if (c != OK || g->dry)
        return c;
    c = store_begin(g->store, g->e);
    if (c == OK)
        c = store_search_delete(g->store, t.search, g->e);
    if (c == OK)
        c = store_commit(g->store, g->e);
    else
        store_rollback(g->store);
    size_t i = found != NULL ? (size_t)(found - g->searches) : 0;
    if (c == OK) {
        memmove(g->searches + i, g->searches + i + 1, (g->n - i - 1) * sizeof *g->searches);
        g->n--;
    }
    return c;
}

static enum code sweep(struct gc *g, const char *search)
{
    enum code c = store_searches(g->store, on_search, g, g->e);
    if (c == OK && search != NULL)
        c = remove_search(g, search);
    if (c == OK)
        c = snapshot_each(g->code_dir, on_snapshot, g, g->e);
    if (c == OK)
        c = stray_folders(g);
    return c == OK ? checkpoints(g) : c;
}

static void print(struct invocation *inv, const struct gc *g)
{
    int64_t total = 0;
    for (int i = 0; i < KINDS; i++)
        total += g->bytes[i];
    struct buf b;
    buf_init(&b, 256);
    number_write_size(&b, total);
    screen_fmt(inv->out, TONE_PLAIN, "%s %.*s:", g->dry ? "would free" : "freed",
               STR_FMT(buf_view(&b)));
    for (int i = 0; i < KINDS; i++)
        screen_fmt(inv->out, TONE_PLAIN, "%s %lld %s", i > 0 ? "," : "", (long long)g->count[i],
                   kinds[i]);
    screen_text(inv->out, TONE_PLAIN, STR("\n"));
    buf_free(&b);
}

static enum code print_json(struct invocation *inv, const struct gc *g, struct error *e)
{
    struct json j;
    jw_init(&j, &inv->out->out);
    jw_object(&j);
    jw_key(&j, "dry_run");
    jw_bool(&j, g->dry);
    for (int i = 0; i < KINDS; i++) {
        jw_key(&j, kinds[i]);
        jw_object(&j);
        jw_key(&j, "count");
        jw_i64(&j, g->count[i]);
        jw_key(&j, "bytes");
        jw_i64(&j, g->bytes[i]);
        jw_object_end(&j);
    }
    jw_object_end(&j);
    jw_newline(&j);
    return jw_end(&j, e);
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct gc g = {
        .dry = option_given(inv, "dry-run"), .all = option_given(inv, "all"), .inv = inv, .e = e};
    enum code c = project_find(inv, NULL, false, &g.project, e);
    if (c != OK)
        return c;
    arena_init(&g.a, 64 << 20);
    g.code_dir = io_join(g.project.store_dir, "code");
    g.searches = arena_array(&g.a, SEARCHES_MAX, sizeof *g.searches);
    if (g.code_dir == NULL || g.searches == NULL)
        c = error_nomem(e);
    if (c == OK)
        c = g.dry ? project_store(&g.project, &g.store, e)
                  : store_open(g.project.where, STORE_WRITE, DURABILITY_DEFAULT, &g.store, e);
    if (c == OK && !g.dry) {
        c = store_lock(g.store, e);
        if (c == E_BUSY)
            error_hint(e, "wait until it is done, or look with trawl gc --dry-run");
    }
    if (c == OK)
        c = sweep(&g, option_value(inv, "search"));
    if (c == OK) {
        if (inv->json)
            c = print_json(inv, &g, e);
        else
            print(inv, &g);
    }
    if (g.store != NULL)
        store_close(g.store);
    free(g.code_dir);
    free(g.winners);
    arena_free(&g.a);
    project_free(&g.project);
    return c;
}

const struct command command_gc = {
    .name = "gc",
    .args = "",
    .summary = "free what is no longer needed: snapshots, strays, checkpoints of what lost",
    .group = "keep house",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
