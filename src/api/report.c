/*
 * `trawl report`: used inside a trial. The lean executable beside trawl does it, since a program
 * may call it every step.
 */
#include "api/command.h"
#include "base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
    {"step", 0, "N", "the step the metrics belong to; left out: one more than the last"},
    {"infeasible", 0, NULL, "this configuration makes no sense; a word why may follow"},
};

/* Options are checked by the lean executable; here they only need to get through. */
static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    char *path = io_join(inv->executable_dir, "trawl-supervisor");
    const char **argv = calloc(2 * inv->n_given + inv->n_args + 4, sizeof *argv);
    enum code c = path != NULL && argv != NULL ? OK : error_nomem(e);
    if (c == OK) {
        size_t n = 0;
        argv[n++] = "trawl";
        argv[n++] = "report";
        for (size_t i = 0; i < inv->n_given; i++) {
            const char *name = inv->given[i].option->name;
            argv[n++] = name[0] == 's' ? "--step" : name[0] == 'j' ? "--json" : "--infeasible";
            if (inv->given[i].value != NULL)
                argv[n++] = inv->given[i].value;
        }
        for (size_t i = 0; i < inv->n_args; i++)
            argv[n++] = inv->args[i];
        (void)execv(path, (char *const *)argv);
        c = error_errno(e, errno, "cannot run %s", path);
    }
    free(argv);
    free(path);
    return c;
}

const struct command command_report = {
    .name = "report",
    .args = "NAME=VALUE...",
    .summary = "report metrics from inside a trial; prints the decision",
    .about = "Exit status: 0 continue, 10 stop, 11 pause, 1 not delivered.\n\n"
             "  trawl report --step 3 val_auc=0.81 loss=0.4",
    .group = "inside a trial",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1000,
    .takes_json = true,
    .run = run,
};
