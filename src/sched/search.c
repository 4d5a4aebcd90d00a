/*
 * Searches: submitted, opened again, budgeted, ended.
 */
#include "sched/internal.h"

#include "base/io.h"
#include "sched/checkpoint.h"
#include "store/scores.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SEARCH_ARENA_MAX = 64 << 20 };

struct search *search_find(struct scheduler *s, struct search_id id)
{
    struct search *q = s->searches;
    while (q != NULL && q->id.v != id.v)
        q = q->next;
    return q;
}

void search_free(struct search *q)
{
    if (q == NULL)
        return;
    for (size_t i = q->n_trials; i > 0; i--) {
        if (q->trials[i - 1].trial != NULL)
            live_trial_drop(q, q->trials[i - 1].trial);
    }
    free(q->trials);
    free(q->queue);
    free(q->front);
    free(q->spare);
    searcher_free(q->searcher);
    settings_free(q->settings);
    arena_free(&q->arena);
    free(q->directory);
    free(q);
}

bool search_journal(struct scheduler *s, struct search *q, const struct entry *entry)
{
    struct error e;
    struct journal_row row = {.seq = entry->seq,
                              .time = sched_real(s),
                              .trial = entry->trial,
                              .kind = str_of(entry_kind_name(entry->kind)),
                              .data = entry->data};
    error_init(&e);
    return sched_write(s, true) &&
           (store_is_brief(s->o.store) ||
            sched_took(s, store_journal_append(s->o.store, q->id, &row, &e), &e));
}

/* attempt 0: not said. */
static bool note_event(struct scheduler *s, struct search *q, int64_t trial, const char *name,
                       int attempt)
{
    struct error e = {0};
    struct buf b;
    struct json j;
    buf_init(&b, 4096);
    jw_init(&j, &b);
    jw_object(&j);
    jw_key(&j, "event");
    jw_cstr(&j, name);
    if (attempt > 0) {
        jw_key(&j, "attempt");
        jw_i64(&j, attempt);
    }
    if (trial == 0) {
        jw_key(&j, "elapsed_ns");
        jw_i64(&j, search_elapsed(s, q));
    }
    jw_object_end(&j);
    enum code c = jw_end(&j, &e);
    struct entry entry = {.seq = searcher_last_seq(q->searcher) + 1,
                          .kind = ENTRY_EVENT,
                          .trial = trial,
                          .data = buf_view(&b)};
    if (c == OK)
        c = searcher_apply(q->searcher, &entry, &e);
    bool well = sched_took(s, c, &e) && search_journal(s, q, &entry);
    buf_free(&b);
    return well;
}

bool search_note_event(struct scheduler *s, struct search *q, int64_t trial, const char *name)
{
    return note_event(s, q, trial, name, 0);
}

bool search_note_preempted(struct scheduler *s, const struct live_attempt *at)
{
    return note_event(s, at->trial->search, trial_id_number(at->row.trial), "preempted",
                      at->row.number);
}

void search_set_state(struct scheduler *s, struct search *q, enum search_state state,
                      const char *why)
{
    if (q->state == state || !sched_write(s, true))
        return;
    struct error e = {0};
    if (why != q->why)
        snprintf(q->why, sizeof q->why, "%s", why != NULL ? why : "");
    q->state = state;
    if (state == SEARCH_RUNNING)
        search_clock_start(s, q);
    else
        search_clock_stop(s, q);
    bool ended = state != SEARCH_RUNNING && state != SEARCH_PAUSED;
    (void)sched_took(s,
                     store_search_update(s->o.store, q->id, state, str_of(q->why),
                                         ended ? sched_real(s) : 0, &e),
                     &e);
}

static void say_ended(struct scheduler *s, struct search *q)
{
    struct event *ev = sched_event(s, EVENT_SEARCH_ENDED, q, NULL);
    ev->text = sched_text(s, str_of(q->why));
    s->urgent = true;
}

/* Trials that are neither over nor set aside by a person. */
static bool anything_left(const struct search *q, bool *ret_paused)
{
    *ret_paused = false;
    for (size_t i = 0; i < q->n_trials; i++) {
        const struct live_trial *t = q->trials[i].trial;
        if (t == NULL)
            continue;
        if (t->attempt != NULL || t->row.state == TRIAL_QUEUED || t->first != NULL)
            return true;
        if (t->row.state == TRIAL_PAUSED)
            *ret_paused = true;
    }
    return false;
}

bool search_code_changed(const struct scheduler *s, const struct search *q, char why[400])
{
    struct error e = {0};
    if (q->code_gone[0] != '\0') {
        snprintf(why, 400, "%s", q->code_gone);
        return true;
    }
    if (q->snapshot.id[0] == '\0')
        return false;
    char *code_dir = io_join(s->store_dir, "code");
    bool changed = code_dir != NULL && snapshot_verify(code_dir, q->snapshot.id, &e) == E_CORRUPT;
    free(code_dir);
    if (changed)
        snprintf(why, 400, "its code was changed while it ran: %.300s", e.message);
    return changed;
}

static void say_over(struct scheduler *s, struct search *q)
{
    char why[400];
    if (search_code_changed(s, q, why))
        search_set_state(s, q, SEARCH_FAILED, why);
    else
        search_set_state(s, q, SEARCH_COMPLETED, q->why);
}

void search_finish_if_done(struct scheduler *s, struct search *q)
{
    bool set_aside;
    if (q->told_ended || q->running > 0 || !sched_ok(s))
        return;
    bool left = anything_left(q, &set_aside);
    if (q->state == SEARCH_RUNNING) {
        if (left || (q->open_for_asks && !q->over_budget))
            return;
        if (set_aside)
            search_set_state(s, q, SEARCH_PAUSED, "only paused trials are left");
        else
            say_over(s, q);
    }
    for (size_t i = 0; i < q->n_trials; i++) {
        if (q->trials[i].trial != NULL && q->trials[i].trial->attempt != NULL)
            return;
    }
    q->told_ended = true;
    say_ended(s, q);
}

/* --- making one --- */

static int slots_of(const struct scheduler *s, const struct settings *st)
{
    if (st->effort.parallel > 0)
        return st->effort.parallel;
    int by_cpu = s->o.cpus / (st->cpus > 0 ? st->cpus : 1);
    if (st->gpus > 0 && s->o.devices != NULL) {
        int by_gpu = devices_count(s->o.devices) / st->gpus;
        by_cpu = by_gpu < by_cpu ? by_gpu : by_cpu;
    }
    return by_cpu > 0 ? by_cpu : 1;
}

enum code search_make_searcher(struct scheduler *s, struct search *q, struct error *e)
{
    struct settings *st = q->settings;
    q->parallel = slots_of(s, st);
    struct searcher_settings ss = settings_searcher(st);
    ss.method = q->method;
    ss.seed = q->seed;
    ss.effort.parallel = q->parallel;
    pace_effort(&q->earlier, st, &ss.effort);
    ss.unwritten = store_is_brief(s->o.store);
    if (st->fixed_order)
        q->turn = 1;
    q->open_for_asks = true;
    q->slot_since_ns = sched_mono(s);
    return searcher_new(&q->searcher, &ss, e);
}

static enum code check_resources(const struct scheduler *s, const struct settings *st,
                                 struct error *e)
{
    if (st->cpus > s->o.cpus) {
        enum code c = error_set(e, E_INVALID, "resources.cpus is %d, but this machine has %d",
                                st->cpus, s->o.cpus);
        error_hint(e, "no attempt could have as many: lower resources.cpus");
        return c;
    }
    if (st->gpus == 0)
        return OK;
    int have = s->o.devices != NULL ? devices_count(s->o.devices) : 0;
    if (have >= st->gpus)
        return OK;
    enum code c =
        error_set(e, E_INVALID, "resources.gpus is %d, but this machine has %d", st->gpus, have);
    error_hint(e, "lower resources.gpus, or name what stands for GPUs in resources.devices");
    return c;
}

static enum code write_settings(const struct search *q, struct buf *b, struct error *e)
{
    struct json j;
    jw_init(&j, b);
    jw_object(&j);
    jw_key(&j, "trawl");
    jw_cstr(&j, TRAWL_VERSION);
    jw_key(&j, "seed");
    jw_u64(&j, q->seed);
    jw_key(&j, "commit");
    jw_str(&j, q->snapshot.commit);
    jw_key(&j, "env");
    jw_array(&j);
    for (size_t i = 0; i < q->n_keep; i++)
        jw_str(&j, q->keep[i]);
    jw_array_end(&j);
    jw_object_end(&j);
    return jw_end(&j, e);
}

static struct measured measured_of(const struct settings *st, size_t i)
{
    enum aim aim = i >= st->n_objectives ? AIM_NONE : st->minimize[i] ? AIM_MINIMIZE : AIM_MAXIMIZE;
    return (struct measured){st->measures[i].name, aim};
}

/* As the store keeps them: nothing where the metric says it all. */
static void write_measures(const struct settings *st, struct buf *measures,
                           struct buf *requirements)
{
    struct measured v[MEASURES_MAX];
    for (size_t i = 0; i < st->n_measures; i++)
        v[i] = measured_of(st, i);
    if (st->n_measures > 1)
        measures_write(v, st->n_measures, measures);
    for (size_t i = 0; i < st->n_requirements; i++)
        buf_fmt(requirements, "%s%.*s", i > 0 ? "\n" : "", STR_FMT(st->requirements[i].text));
}

static enum code insert_search(struct scheduler *s, struct search *q, struct error *e)
{
    struct settings *st = q->settings;
    struct space_row space;
    struct buf definition, kept, method, measures, requirements;
    struct json j;
    buf_init(&definition, 16 << 20);
    buf_init(&kept, 1 << 20);
    buf_init(&method, 4096);
    buf_init(&measures, 16 << 10);
    buf_init(&requirements, 16 << 10);
    write_measures(st, &measures, &requirements);
    jw_init(&j, &definition);
    space_json(st->space, &j);
    method_write(&q->method, &method);
    enum code c = jw_end(&j, e);
    if (c == OK)
        c = write_settings(q, &kept, e);
    if (c == OK)
        c = buf_end(&method, e);
    if (c == OK)
        c = buf_end(&measures, e);
    if (c == OK)
        c = buf_end(&requirements, e);
    if (c == OK && arena_str(&q->arena, buf_view(&method), &q->method_text) != OK)
        c = error_nomem(e);
    if (c == OK)
        c = store_space_put(s->o.store, st->space_name, buf_view(&definition), sched_real(s),
                            &space, e);
    if (c == OK) {
        struct search_row row = {.state = SEARCH_RUNNING,
                                 .method = q->method_text,
                                 .metric = st->measures[0].name,
                                 .minimize = st->minimize[0],
                                 .measures = buf_view(&measures),
                                 .requirements = buf_view(&requirements),
                                 .source = st->source,
                                 .overrides = st->overrides,
                                 .settings = buf_view(&kept),
                                 .snapshot = str_of(q->snapshot.id),
                                 .directory = str_of(q->directory),
                                 .created = sched_real(s),
                                 .budget_trials = st->effort.trials,
                                 .own_steps = st->effort.own_steps};
        c = store_search_insert(s->o.store, space.space, space.version, &row, &q->id, e);
    }
    buf_free(&definition);
    buf_free(&kept);
    buf_free(&method);
    buf_free(&measures);
    buf_free(&requirements);
    return c;
}

static enum code begin_journal(struct scheduler *s, struct search *q, struct error *e)
{
    struct arena a;
    struct entry entry = {0};
    arena_init(&a, 1 << 20);
    enum code c = searcher_begin(q->searcher, &a, &entry, e);
    if (c == OK && !search_journal(s, q, &entry)) {
        *e = s->fatal;
        c = s->fatal.code;
    }
    arena_free(&a);
    return c;
}

static enum code copy_submission(struct search *q, const struct submission *sub, struct error *e)
{
    static const struct snapshot no_code;
    const struct snapshot *snapshot = sub->snapshot != NULL ? sub->snapshot : &no_code;
    q->snapshot = *snapshot;
    q->directory = strdup(sub->directory);
    struct str *keep = arena_array(&q->arena, sub->n_keep + 1, sizeof *keep);
    struct snapshot_link *links = arena_array(&q->arena, snapshot->n_links + 1, sizeof *links);
    bool well = q->directory != NULL && keep != NULL && links != NULL &&
                arena_str(&q->arena, snapshot->path, &q->snapshot.path) == OK &&
                arena_str(&q->arena, snapshot->commit, &q->snapshot.commit) == OK;
    for (size_t i = 0; well && i < sub->n_keep; i++)
        well = arena_str(&q->arena, sub->keep[i], &keep[i]) == OK;
    for (size_t i = 0; well && i < snapshot->n_links; i++) {
        links[i] = snapshot->links[i];
        well = arena_str(&q->arena, links[i].name, &links[i].name) == OK &&
               arena_str(&q->arena, links[i].target, &links[i].target) == OK;
    }
    q->keep = keep;
    q->n_keep = sub->n_keep;
    q->snapshot.links = links;
    return well ? OK : error_nomem(e);
}

struct search *search_new(struct settings *st, struct error *e)
{
    struct search *q = calloc(1, sizeof *q);
    if (q == NULL) {
        settings_free(st);
        error_nomem(e);
        return NULL;
    }
    arena_init(&q->arena, SEARCH_ARENA_MAX);
    q->settings = st;
    return q;
}

static enum code random_seed(uint64_t *ret, struct error *e)
{
    uint32_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return error_set(e, E_IO, "the system gives no random bytes");
    *ret = seed;
    return OK;
}

static enum code prepare(struct scheduler *s, struct search *q, const struct submission *sub,
                         struct error *e)
{
    struct settings *st = q->settings;
    enum code c = check_resources(s, st, e);
    if (c == OK)
        c = copy_submission(q, sub, e);
    q->seed = st->seed;
    if (c == OK && !st->has_seed)
        c = random_seed(&q->seed, e);
    q->method = st->method;
    struct effort effort = st->effort;
    effort.parallel = slots_of(s, st);
    if (effort.has_steps && !st->fixed_order)
        effort.resumes = sub->resumes || checkpoint_seen(s->o.store, s->store_dir, st->space_name);
    if (c == OK)
        c = search_learn_pace(s, q, e);
    pace_effort(&q->earlier, st, &effort);
    if (c == OK)
        c = method_resolve(&q->method, st->space, &effort, e);
    if (c == OK)
        c = search_make_searcher(s, q, e);
    return c;
}

void search_describe(struct scheduler *s, const struct search *q, struct event *ev)
{
    const struct settings *st = q->settings;
    ev->method = q->method_text;
    ev->text = str_of(q->method.why);
    ev->baseline = st->has_baseline;
    struct measured *measures = arena_array(&s->events_arena, st->n_measures, sizeof *measures);
    struct str *requirements =
        arena_array(&s->events_arena, REQUIREMENTS_MAX, sizeof *requirements);
    if (measures == NULL || requirements == NULL)
        return;
    for (size_t i = 0; i < st->n_measures; i++)
        measures[i] = measured_of(st, i);
    for (size_t i = 0; i < st->n_requirements; i++)
        requirements[i] = st->requirements[i].text;
    ev->measures = measures;
    ev->n_measures = st->n_measures > 1 ? st->n_measures : 0;
    ev->requirements = requirements;
    ev->n_requirements = st->n_requirements;
}

void search_say_started(struct scheduler *s, struct search *q)
{
    search_describe(s, q, sched_event(s, EVENT_SEARCH_STARTED, q, NULL));
}

enum code scheduler_submit(struct scheduler *s, const struct submission *sub, struct search_id *ret,
                           struct error *e)
{
    struct search *q = search_new(sub->settings, e);
    if (q == NULL)
        return E_NOMEM;
    enum code c = prepare(s, q, sub, e);
    if (c == OK && !sched_write(s, true)) {
        *e = s->fatal;
        c = s->fatal.code;
    }
    if (c == OK)
        c = insert_search(s, q, e);
    if (c == OK)
        c = begin_journal(s, q, e);
    if (c != OK) {
        search_free(q);
        return c;
    }
    q->state = SEARCH_RUNNING;
    search_clock_start(s, q);
    q->next = s->searches;
    s->searches = q;
    search_say_started(s, q);
    *ret = q->id;
    return OK;
}
