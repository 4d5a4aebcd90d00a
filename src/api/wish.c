/*
 * resume, pause, stop, kill, retry: to the controller that holds the store, or, without one, by
 * becoming it.
 */
#include "api/control.h"
#include "api/run.h"
#include "sched/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option run_options[] = {
    {"detach", 'd', NULL, "run in the background"},
    {"quiet", 'q', NULL, "print the summary only"},
};

static const struct option pause_options[] = {
    {"preempt", 0, NULL, "only take away what runs: it goes back to the queue, to go on later"},
};

struct wish {
    const char *name, *said;
    bool runs; /* goes on with the search afterwards, in the foreground */
    enum code (*search)(struct scheduler *, struct search_id, struct error *);
    enum code (*trial)(struct scheduler *, struct trial_id, struct error *);
};

static const struct wish wishes[] = {
    {"resume", "resumed", true, scheduler_resume, scheduler_trial_resume},
    {"pause", "pausing", false, scheduler_pause, scheduler_trial_pause},
    {"preempt", "preempting", false, scheduler_preempt, scheduler_trial_preempt},
    {"stop", "stopping", false, scheduler_stop, scheduler_trial_stop},
    {"kill", "killed", false, scheduler_kill, scheduler_trial_kill},
    {"retry", "queued again:", true, scheduler_retry, scheduler_trial_retry},
};

static const struct wish *wish_of(const struct invocation *inv)
{
    const struct wish *w = wishes;
    bool preempt = strcmp(inv->command->name, "pause") == 0 && option_given(inv, "preempt");
    const char *name = preempt ? "preempt" : inv->command->name;
    while (strcmp(w->name, name) != 0)
        w++;
    return w;
}

static enum code latest(const struct invocation *inv, const struct project *p, struct target *ret,
                        struct error *e)
{
    struct store *store;
    if (inv->n_args > 0)
        return target_parse(inv->args[0], ret, e);
    enum code c = project_store(p, &store, e);
    if (c != OK)
        return c;
    c = target_find(store, NULL, ret, e);
    store_close(store);
    return c;
}

static void name_of(const struct target *t, char text[64])
{
    if (t->is_trial)
        snprintf(text, 64, "%lld.%lld", (long long)t->search.v,
                 (long long)trial_id_number(t->trial));
    else
        snprintf(text, 64, "%lld", (long long)t->search.v);
}

static void say_done(const struct invocation *inv, const struct wish *w, const struct target *t)
{
    struct screen *out = inv->out;
    char name[64];
    name_of(t, name);
    if (inv->json)
        screen_fmt(out, TONE_PLAIN, "{\"ok\": true, \"id\": \"%s\"}\n", name);
    else
        screen_fmt(out, TONE_PLAIN, "%s %s %s\n", w->said, t->is_trial ? "trial" : "search", name);
}

static enum code wish_there(const struct invocation *inv, const struct project *p,
                            const struct wish *w, const struct target *t, int tell, int *ret_status,
                            struct error *e)
{
    struct control_client client;
    char name[64];
    name_of(t, name);
    enum code c = control_connect(p->store_dir, &client, e);
    if (c != OK)
        return c;
    c = control_wish(&client, w->name, name, e);
    if (c == OK)
        run_tell(tell, t->search, OK, NULL);
    if (c == OK && tell < 0) {
        if (w->runs && !option_given(inv, "detach"))
            c = run_follow(inv, p, &client, t->search, ret_status, e);
        else
            say_done(inv, w, t);
    }
    control_disconnect(&client);
    return c;
}

/* What a resumed search needs of the machine stands in its settings. */
static void devices_of(struct store *store, struct search_id id, struct controller_options *o,
                       struct settings **ret)
{
    struct arena a;
    struct search_row row;
    arena_init(&a, 64 << 20);
    if (store_search_get(store, id, &a, &row, NULL) == OK && kept_settings(&row, ret, NULL) == OK) {
        o->gpus = (*ret)->gpus;
        o->n_devices = (*ret)->n_devices;
        o->devices = (*ret)->devices;
        o->durability = (*ret)->durability == DURABLE_POWER ? DURABILITY_POWER : DURABILITY_DEFAULT;
    }
    arena_free(&a);
}

static enum code wish_here(const struct invocation *inv, struct controller *ctl,
                           const struct wish *w, const struct target *t, int tell, int *ret_status,
                           struct error *e)
{
    struct scheduler *s = controller_scheduler(ctl);
    enum code c = t->is_trial ? w->trial(s, t->trial, e) : w->search(s, t->search, e);
    struct search_id none = {0};
    if (c == OK)
        c = scheduler_recover(s, w->runs ? t->search : none, e);
    if (c == OK)
        scheduler_settle(s);
    run_tell(tell, t->search, c, e);
    if (c != OK)
        return c;
    if (w->runs)
        return run_to_the_end(inv, ctl, t->search, ret_status, e);
    bool interrupted;
    c = controller_run(ctl, &interrupted, e);
    if (c == OK)
        say_done(inv, w, t);
    return c;
}

static enum code become_controller(const struct invocation *inv, const struct project *p,
                                   const struct wish *w, const struct target *t, int tell,
                                   int *ret_status, struct error *e)
{
    struct store *store;
    struct settings *st = NULL;
    struct controller *ctl;
    struct controller_options o = {.project = p,
                                   .executable_dir = inv->executable_dir,
                                   .out = inv->out,
                                   .style = w->runs && tell < 0 ? run_style(inv) : VIEW_QUIET};
    enum code c = project_store(p, &store, e);
    if (c != OK)
        return c;
    devices_of(store, t->search, &o, &st);
    store_close(store);
    for (int tries = 0; (c = controller_new(&o, &ctl, e)) == E_BUSY; tries++) {
        c = wish_there(inv, p, w, t, tell, ret_status, e);
        if (c == OK) {
            settings_free(st);
            return OK;
        }
        if (c != E_BUSY || tries == HANDOVER_TRIES)
            break;
        handover_pause();
    }
    if (c == OK) {
        c = wish_here(inv, ctl, w, t, tell, ret_status, e);
        controller_free(ctl);
    } else {
        run_tell(tell, t->search, c, e);
    }
    settings_free(st);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    const struct wish *w = wish_of(inv);
    struct project p;
    struct target t;
    enum code c = project_find(inv, NULL, false, &p, e);
    if (c != OK)
        return c;
    c = latest(inv, &p, &t, e);
    bool parent = false;
    int tell = -1;
    struct search_id id = {0};
    if (c == OK && w->runs && option_given(inv, "detach")) {
        c = run_detach(&p, &parent, &tell, &id, e);
        if (c == OK && parent)
            say_done(inv, w, &t);
    }
    if (c == OK && !parent)
        c = become_controller(inv, &p, w, &t, tell, ret_status, e);
    project_free(&p);
    return c;
}

#define N_OF(options) (sizeof(options) / sizeof(options)[0])
#define WISH(word, takes, n_takes, what)    \
    const struct command command_##word = { \
        .name = #word,                      \
        .args = "[ID]",                     \
        .summary = what,                    \
        .group = "steer them",              \
        .options = takes,                   \
        .n_options = n_takes,               \
        .max_args = 1,                      \
        .takes_json = true,                 \
        .takes_store = true,                \
        .run = run,                         \
    }

WISH(resume, run_options, N_OF(run_options),
     "go on with a paused, stopped or interrupted search (12) or a paused trial (12.40)");
WISH(pause, pause_options, N_OF(pause_options),
     "set a search or a trial aside: it goes on from its checkpoints when resumed");
WISH(stop, NULL, 0, "end a search or a trial, keeping what it found");
WISH(kill, NULL, 0, "end a search or a trial at once; its running trials are cancelled");
WISH(retry, run_options, N_OF(run_options),
     "run a failed or stopped trial again, or all failed trials of a search");
