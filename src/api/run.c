/*
 * `trawl run`: a new search, here or through the controller that holds the store.
 */
#include "api/run.h"

#include "api/control.h"
#include "api/keep.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    {"set", 0, "KEY=VALUE", "override a value of the file: --set search.trials=20"},
    {"metric", 'm', "NAME", "short for --set metric=NAME"},
    {"goal", 'g', "GOAL", "minimize or maximize"},
    {"trials", 'n', "N", "how many trials"},
    {"time", 't', "TIME", "how long: 90s, 30m, 24h"},
    {"parallel", 'j', "N", "how many at once"},
    {"method", 0, "METHOD", "auto, random, sobol + asha(eta=3), ..."},
    {"seed", 0, "N", "seed of the search"},
    {"space", 0, "NAME", "name of the space"},
    {"schedule", 0, "FILE", "replay a schedule, as `trawl export --schedule` writes it"},
    {"detach", 'd', NULL, "run in the background"},
    {"quiet", 'q', NULL, "print the summary only"},
};

/* --- through another controller --- */

static enum code write_submit(const struct project *p, const struct settings *st,
                              const struct snapshot *snap, struct buf *b, struct error *e)
{
    struct json j;
    struct arena a;
    const struct str *keep;
    size_t n;
    arena_init(&a, 4 << 20);
    enum code c = keep_environment(&a, &keep, &n, e);
    jw_init(&j, b);
    jw_object(&j);
    jw_key(&j, "do");
    jw_cstr(&j, "submit");
    jw_key(&j, "source");
    jw_str(&j, st->source);
    jw_key(&j, "overrides");
    jw_str(&j, st->overrides);
    jw_key(&j, "directory");
    jw_cstr(&j, p->directory);
    jw_key(&j, "snapshot");
    jw_cstr(&j, snap->id);
    jw_key(&j, "env");
    jw_array(&j);
    for (size_t i = 0; c == OK && i < n; i++)
        jw_str(&j, keep[i]);
    jw_array_end(&j);
    jw_object_end(&j);
    jw_newline(&j);
    arena_free(&a);
    return c == OK ? jw_end(&j, e) : c;
}

static enum code submit_there(const struct project *p, const struct settings *st,
                              struct control_client *client, struct search_id *ret, struct error *e)
{
    struct arena a;
    struct snapshot snap;
    struct buf b;
    arena_init(&a, 256 << 20);
    buf_init(&b, 4 << 20);
    char *code_dir = io_join(p->store_dir, "code");
    struct snapshot_rules rules = {st->exclude, st->n_exclude};
    enum code c = code_dir != NULL ? OK : error_nomem(e);
    if (c == OK)
        c = snapshot_take(&a, p->directory, code_dir, &rules, &snap, e);
    if (c == OK)
        c = write_submit(p, st, &snap, &b, e);
    if (c == OK)
        c = control_call(client, buf_view(&b), &ret->v, e);
    free(code_dir);
    buf_free(&b);
    arena_free(&a);
    return c;
}

static enum code run_there(const struct invocation *inv, const struct project *p,
                           const struct settings *st, int tell, int *ret_status, struct error *e)
{
    struct control_client client;
    struct search_id id = {0};
    enum code c = control_connect(p->store_dir, &client, e);
    if (c != OK)
        return c;
    c = submit_there(p, st, &client, &id, e);
    if (c == OK)
        run_tell(tell, id, OK, NULL);
    if (c == OK && tell < 0) {
        if (!inv->json)
            screen_fmt(
                inv->out, TONE_DIM,
                "another trawl runs searches in this store; it takes this one too, as %lld\n",
                (long long)id.v);
        c = run_follow(inv, p, &client, id, ret_status, e);
    }
    control_disconnect(&client);
    return c;
}

/* --- here --- */

static enum code run_here(const struct invocation *inv, const struct project *p,
                          struct settings *st, int tell, int *ret_status, struct error *e)
{
    struct controller *ctl;
    struct controller_options o = {
        .project = p,
        .executable_dir = inv->executable_dir,
        .durability = st->durability == DURABLE_POWER ? DURABILITY_POWER : DURABILITY_DEFAULT,
        .create = true,
        .out = inv->out,
        .style = tell >= 0 ? VIEW_QUIET : run_style(inv),
        .gpus = st->gpus,
        .n_devices = st->n_devices,
        .devices = st->devices};
    enum code c;
    struct search_id id = {0};
    for (int tries = 0; (c = controller_new(&o, &ctl, e)) == E_BUSY; tries++) {
        c = run_there(inv, p, st, tell, ret_status, e);
        if (c == OK) {
            settings_free(st);
            return OK;
        }
        if (c != E_BUSY || tries == HANDOVER_TRIES)
            break;
        handover_pause();
    }
    if (c != OK) {
        run_tell(tell, id, c, e);
        settings_free(st);
        return c;
    }
    c = scheduler_recover(controller_scheduler(ctl), id, e);
    if (c == OK)
        c = controller_submit(ctl, p, st, &id, e);
    else
        settings_free(st);
    if (c == OK)
        scheduler_settle(controller_scheduler(ctl));
    run_tell(tell, id, c, e);
    if (c == OK)
        c = run_to_the_end(inv, ctl, id, ret_status, e);
    controller_free(ctl);
    return c;
}

/* A search without an end is almost always a slip. */
static enum code check_end(const struct settings *st, struct error *e)
{
    bool ends = st->effort.trials > 0 || st->time_ns > 0 || st->steps_total > 0 || st->cost > 0 ||
                space_count(st->space, &(bool){false}) > 0 || method_copies(&st->method);
    if (ends)
        return OK;
    error_set(e, E_INVALID, "this search would never end");
    error_hint(e, "say search.trials, search.time, search.steps or search.cost; or --trials N");
    return E_INVALID;
}

static enum code say_detached(const struct invocation *inv, struct search_id id)
{
    struct screen *out = inv->out;
    long long v = (long long)id.v;
    if (inv->json)
        screen_fmt(out, TONE_PLAIN, "{\"search\": %lld}\n", v);
    else
        screen_fmt(out, TONE_PLAIN,
                   "search %lld runs in the background\n"
                   "  trawl show %lld     how it stands\n"
                   "  trawl pause %lld    set it aside, trawl resume %lld goes on\n",
                   v, v, v, v);
    return OK;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct project p;
    struct settings *st;
    enum code c = project_load(inv, &p, &st, e);
    if (c != OK)
        return c;
    c = check_end(st, e);
    if (c != OK) {
        settings_free(st);
        project_free(&p);
        return c;
    }
    bool parent = false;
    int tell = -1;
    struct search_id id = {0};
    if (option_given(inv, "detach")) {
        c = run_detach(&p, &parent, &tell, &id, e);
        if (parent || c != OK)
            settings_free(st);
        if (c == OK && parent)
            c = say_detached(inv, id);
    }
    if (c == OK && !parent)
        c = run_here(inv, &p, st, tell, ret_status, e);
    if (tell >= 0 && !parent)
        *ret_status = c == OK ? *ret_status : code_exit_status(c);
    project_free(&p);
    return c;
}

const struct command command_run = {
    .name = "run",
    .args = "[FILE]",
    .summary = "run the search of trawl.yaml here, with live progress",
    .about = "The first Ctrl-C pauses cleanly: running trials stop at their next report and go on\n"
             "with `trawl resume`. The second kills what still runs. Closing the terminal leaves\n"
             "the search running. Without a file, parameters stand in the command itself:\n\n"
             "  trawl run -m val_loss -g minimize -n 50 -- ./train --lr='~loguniform(1e-4, 1)'",
    .group = "run searches",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_rest = true,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
