/* Full: every trial trains to its end. */
#include "search/allocator.h"

#include <stdlib.h>

struct full {
    int64_t steps;
};

static enum code full_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct full *f = malloc(sizeof(*f));
    if (!f)
        return error_nomem(e);
    f->steps = settings->effort.has_steps ? settings->effort.max_steps : 0;
    *ret = f;
    return OK;
}

static struct allocation full_next(const void *self, bool fresh)
{
    return (struct allocation){.kind = fresh ? ALLOCATE_NEW : ALLOCATE_DONE,
                               .steps = ((const struct full *)self)->steps};
}

static int64_t full_next_wanted(const void *self, int64_t trial, int64_t step)
{
    return INT64_MAX;
}

static enum decision full_decide(const void *self, int64_t trial, int64_t step, double value)
{
    return DECISION_CONTINUE;
}

static enum code full_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    return OK;
}

const struct allocator_kind allocator_full = {
    .name = "full",
    .about = "trains every trial to its end",
    .create = full_create,
    .destroy = free,
    .next = full_next,
    .next_wanted = full_next_wanted,
    .decide = full_decide,
    .take = full_take,
};
