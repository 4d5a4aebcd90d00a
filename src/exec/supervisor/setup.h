/*
 * Before the program starts: its folder and its environment.
 */
#ifndef EXEC_SUPERVISOR_SETUP_H
#define EXEC_SUPERVISOR_SETUP_H

#include "wire/frame.h"

/* Makes the trial's folder, its links, the checkpoint folder, the params and config files. A retry
 * finds most of it there already; what the program put in the place of a link stays. */
enum code setup_folder(const struct wire_spec *s, struct error *e) must_check;

/* The program's environment, NULL-terminated, in the arena: what is inherited, then defaults where
 * nothing is set (OMP_NUM_THREADS and its kin, PYTHONUNBUFFERED), then the spec's, then TRAWL_*. */
enum code setup_environment(const struct wire_spec *s, char *const *inherited, struct arena *a,
                            char ***ret, struct error *e) must_check;

#endif
