/*
 * The tables of methods with one more sampler in them, "thinking" (tests/search/thinking.h): so
 * that searches by it can be submitted, and taken up again from the store. Being linked before the
 * library, this stands in for its search/kinds.c.
 */
#define sampler_find  sampler_find_in_table
#define sampler_kinds sampler_kinds_in_table
#include "search/kinds.c"
#undef sampler_find
#undef sampler_kinds

#include "../search/thinking.h"

const struct sampler_kind *sampler_find(struct str name);
size_t sampler_kinds(const struct sampler_kind *const **ret);

const struct sampler_kind *sampler_find(struct str name)
{
    return str_is(name, sampler_thinking.name) ? &sampler_thinking : sampler_find_in_table(name);
}

size_t sampler_kinds(const struct sampler_kind *const **ret)
{
    return sampler_kinds_in_table(ret);
}
