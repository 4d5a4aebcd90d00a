/*
 * The environment that matters: variables that decide what a program computes, kept with a search
 * and given to every attempt, whoever resumes it and from which terminal. Never what looks like a
 * secret.
 */
#ifndef API_KEEP_H
#define API_KEEP_H

#include "base/arena.h"

enum code keep_environment(struct arena *a, const struct str **ret, size_t *ret_n,
                           struct error *e) must_check;

#endif
