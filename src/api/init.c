/* `trawl init`. */
#include "api/command.h"

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    return OK;
}

const struct command command_init = {.name = "init",
                                     .args = "[PROGRAM]",
                                     .summary = "write a first trawl.yaml beside a program",
                                     .group = "set up",
                                     .max_args = 1,
                                     .run = run};
