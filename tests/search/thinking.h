/*
 * A sampler that looks at everything it is shown, for tests of suggestions prepared ahead.
 *
 * What it proposes depends on every bit of the history, of what was fitted before, and on the seed
 * and the index. It checks its side of the contract: histories only grow, and there are never two
 * calls at once. It has parts, fits, isn't instant, and can be told to fail or to end.
 */
#ifndef TESTS_SEARCH_THINKING_H
#define TESTS_SEARCH_THINKING_H

#include "search/sampler.h"

extern const struct sampler_kind sampler_thinking;

/* At draw `index` it fails, or says that there are no more; -1: never. To be set before a searcher
 * is made. */
extern int64_t thinking_fails_at, thinking_ends_at;

#endif
