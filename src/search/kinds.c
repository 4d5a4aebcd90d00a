/* The two tables: every sampler and every allocator there is. */
#include "search/allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct sampler_kind *const samplers[] = {
    /* clang-format off */
    &sampler_random,
    &sampler_grid,
    &sampler_sobol,
    &sampler_gp,
    &sampler_tpe,
    &sampler_cmaes,
    &sampler_evolution,
    &sampler_local,
    &sampler_nsga2,
    &sampler_portfolio,
    /* clang-format on */
};

static const struct allocator_kind *const allocators[] = {
    &allocator_full,        &allocator_median,    &allocator_asha,     &allocator_adaptive,
    &allocator_sha,         &allocator_hyperband, &allocator_patience, &allocator_threshold,
    &allocator_freeze_thaw, &allocator_pbt,       &allocator_pb2,      &allocator_replay,
};

const struct sampler_kind *sampler_find(struct str name)
{
    for (size_t i = 0; i < COUNT(samplers); i++)
        if (str_is(name, samplers[i]->name))
            return samplers[i];
    return NULL;
}

size_t sampler_kinds(const struct sampler_kind *const **ret)
{
    *ret = samplers;
    return COUNT(samplers);
}

const struct allocator_kind *allocator_find(struct str name)
{
    for (size_t i = 0; i < COUNT(allocators); i++)
        if (str_is(name, allocators[i]->name))
            return allocators[i];
    return NULL;
}

size_t allocator_kinds(const struct allocator_kind *const **ret)
{
    *ret = allocators;
    return COUNT(allocators);
}
