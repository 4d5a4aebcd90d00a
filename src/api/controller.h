/*
 * The controller: the process that runs searches. One loop, the lock on the store, the scheduler,
 * the local executor, the control socket, and a view.
 *
 * `trawl run`, `resume` and `retry` are controllers; pause, stop and kill become one for a moment
 * when none lives. A command that finds the store locked speaks to the controller that has it
 * (control.h).
 */
#ifndef API_CONTROLLER_H
#define API_CONTROLLER_H

#include "api/project.h"
#include "api/view.h"
#include "sched/scheduler.h"

struct controller;

struct controller_options {
    const struct project *project; /* borrowed */
    const char *executable_dir;
    enum durability durability;
    bool create;        /* make the store where there is none */
    struct screen *out; /* borrowed */
    enum view_style style;
    int gpus;         /* 0: GPUs are not looked for */
    size_t n_devices; /* resources.devices */
    const struct str *devices;
};

/* E_BUSY when another process has the store's lock. */
enum code controller_new(const struct controller_options *o, struct controller **ret,
                         struct error *e) must_check;
/* Lets go of what still runs (it runs on) and of the store. */
void controller_free(struct controller *c);
struct scheduler *controller_scheduler(struct controller *c);
struct store *controller_store(struct controller *c);
struct view *controller_view(struct controller *c);
/* Runs until no search is running and no attempt is left. First SIGINT or SIGTERM pauses all
 * searches, the second kills what runs. *ret_interrupted says whether there was one. SIGHUP: the
 * terminal is gone, the work goes on. */
enum code controller_run(struct controller *c, bool *ret_interrupted, struct error *e) must_check;

/* Takes the snapshot and submits. `settings` is taken over. */
enum code controller_submit(struct controller *c, const struct project *p, struct settings *st,
                            struct search_id *ret, struct error *e) must_check;

#endif
