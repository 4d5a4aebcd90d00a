/*
 * Where things are: the file, the program's folder, the store.
 *
 * .trawl/ is looked for upward from the working directory, as git looks for .git; --store or
 * TRAWL_STORE say otherwise. trawl.yaml: the file named, else the one beside .trawl/, else the one
 * found upward.
 */
#ifndef API_PROJECT_H
#define API_PROJECT_H

#include "api/command.h"
#include "conf/settings.h"

struct project {
    char *file;      /* trawl.yaml; NULL: none found */
    char *directory; /* the program's folder, absolute */
    char *store_dir; /* .trawl, absolute; holds lock, trials/, code/ */
    char *where;     /* for store_open: "sqlite:.../trawl.db" */
};

/* file_arg: as given on the command line, or NULL. E_NOT_FOUND only where `need_file`. */
enum code project_find(const struct invocation *inv, const char *file_arg, bool need_file,
                       struct project *ret, struct error *e) must_check;
void project_free(struct project *p);
/* Reads and checks the file, with the --set and other overrides of the command line. All that is
 * wrong is printed on standard error, one line each with its hint; then E_INVALID with an empty
 * message. */
enum code project_settings(const struct invocation *inv, const struct project *p,
                           struct settings **ret, struct problems *problems) must_check;
/* Both in one, for commands that go on only with a right file: what is wrong is printed, and then
 * the error is E_INVALID with an empty message. The first positional argument is the file. */
enum code project_load(const struct invocation *inv, struct project *ret, struct settings **ret_st,
                       struct error *e) must_check;
/* The same for a program that runs its trials itself: command, space and metric may be left out of
 * the file, and neither the program's folder nor a store is looked at. */
enum code project_load_space(const struct invocation *inv, struct settings **ret,
                             struct error *e) must_check;
void print_problems(const struct problems *p);

/* Opens the store for reading; E_NOT_FOUND with a hint when there is none yet. One that an older
 * trawl wrote is migrated before (E_BUSY while a controller holds it). */
enum code project_store(const struct project *p, struct store **ret, struct error *e) must_check;

/* "12", "12.40". Left out (NULL): the latest search. */
struct target {
    struct search_id search;
    bool is_trial;
    struct trial_id trial;
};
enum code target_parse(const char *text, struct target *ret, struct error *e) must_check;
enum code target_find(struct store *s, const char *text, struct target *ret,
                      struct error *e) must_check;
/* What stands for the other commands' reading: project, store and target in one. */
struct reading {
    struct project project;
    struct store *store;
    struct target target;
};
/* The first positional argument is the ID. */
enum code reading_open(const struct invocation *inv, struct reading *ret,
                       struct error *e) must_check;
/* Is there such a search, and such a trial? */
enum code reading_check(const struct reading *r, struct error *e) must_check;
void reading_close(struct reading *r);

#endif
