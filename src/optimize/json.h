/*
 * Reading what was told in JSON. E_INVALID or E_UNKNOWN say which member is wrong, and how.
 */
#ifndef OPTIMIZE_JSON_H
#define OPTIMIZE_JSON_H

#include "base/json_reader.h"
#include "optimize/optimizer.h"

/* Is `object`, which is called `what`, one, and each of its members among `known`
 * (NULL-terminated)? */
enum code json_members(const struct json_node *object, const char *what, const char *const *known,
                       struct error *e) must_check;
enum code json_whole(const struct json_node *object, const char *key, int64_t *ret,
                     struct error *e) must_check;
/* Its "value", "values" or "metrics", "state" and "step"; into `a`, texts as in the JSON. */
enum code json_telling(const struct json_node *x, struct arena *a, struct telling *ret,
                       struct error *e) must_check;
/* A configuration; defaults stand for what is left out. `params` NULL: it is missing. */
enum code json_config(const struct space *s, const struct json_node *params, struct arena *a,
                      struct config *ret, struct error *e) must_check;

#endif
