/*
 * trawl.yaml, checked and typed.
 *
 * conf_load reads a file's text (or the inline form after --), applies --set overrides, builds the
 * space, and reports everything that is wrong with file:line:column, a message and a hint. What it
 * returns is immutable and owns its arena.
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "search/searcher.h"

/* Of a file; see conf/document.h for what else is bounded. */
enum { CONF_BYTES_MAX = 1 << 20 };

enum { MEASURES_MAX = OBJECTIVES_MAX + REQUIREMENTS_MAX };

enum take { TAKE_LAST, TAKE_BEST, TAKE_MEAN };
enum args_form { ARGS_GNU, ARGS_SPACE, ARGS_HYDRA, ARGS_PATTERN };
enum relation { RELATION_LESS, RELATION_AT_MOST, RELATION_MORE, RELATION_AT_LEAST };

/* A metric that says what a trial came to, and which of its reports count. */
struct measure {
    struct str name;
    enum take take;
    int take_k; /* TAKE_MEAN: of so many */
};

/* What a trial must come to: the measure stands in this relation to the bound, which is finite. */
struct requirement {
    struct str text; /* "latency_ms <= 20" */
    size_t measure;  /* index into the settings' measures */
    enum relation relation;
    double bound;
};

struct command_template; /* conf/command.h */

struct settings {
    struct arena arena;
    struct str file;      /* its name in messages */
    struct str source;    /* its text */
    struct str overrides; /* JSON: {"set": [["search.trials","20"], ...], "inline": [...argv...],
                             "space_only": true} */
    struct str space_name;
    struct space *space;
    struct command_template *command;
    /* The objectives in their order, then what only requirements look at; no name twice. */
    size_t n_measures, n_objectives, n_requirements;
    struct measure measures[MEASURES_MAX];
    bool minimize[OBJECTIVES_MAX];
    struct requirement requirements[REQUIREMENTS_MAX];
    size_t n_names; /* metrics to look for in the output, the measures first */
    const struct str *names;
    struct str pattern; /* n == 0: none */
    bool has_baseline;
    struct config baseline;
    size_t n_first; /* search.first: all different, and none the baseline */
    const struct config *first;
    size_t n_stages; /* search.schedule; 0: there is none */
    const struct schedule_stage *stages;
    struct method method;            /* as written; resolved by the caller with method_resolve */
    struct effort effort;            /* parallel 0: as many as the slots hold */
    int64_t time_ns, steps_total;    /* search.time, search.steps; 0: none */
    int64_t step_time_ns;            /* search.step_time; 0: not given */
    double cost, cost_per_slot_hour; /* 0: none */
    bool has_seed;
    uint64_t seed;
    enum seed_policy seeds;
    int replicates;
    bool fixed_order;
    int cpus, gpus;
    int64_t memory, attempt_time_ns, silence_ns, grace_ns; /* 0: none */
    size_t n_devices; /* resources.devices: what stands for GPUs */
    const struct str *devices;
    int retries;
    /* checkpoints: of each trial the last, which its program writes; beside that a copy of the one
     * at its best step, or one at each rung. Of trials that are over: all, or the best's alone. */
    enum keep_checkpoints { KEEP_LAST, KEEP_BEST, KEEP_RUNGS } keep_checkpoints;
    bool only_best_checkpoints;
    size_t n_exclude;
    const struct str *exclude; /* code.exclude */
    size_t n_env;
    const struct str *env_names;
    struct command_template *const *env_values;
    struct str config_from, config_to; /* n == 0: none */
    struct location config_at;         /* of config_from */
    enum durability_setting { DURABLE_DEFAULT, DURABLE_POWER } durability;
};

/* --set: replaces a value or creates it, with all that leads to it; an empty value takes it out. A
 * short form is made long where that is meant (metric.take, parameters.lr.default). */
struct override {
    struct str path, value; /* "search.trials", "20" (YAML scalar or flow) */
};

/* Everything that is wrong is in `problems`; OK only when that is empty. */
enum code conf_load(struct str text, const char *file, const struct override *set, size_t n_set,
                    struct settings **ret, struct problems *problems) must_check;
/* The same for a program that runs its trials itself: `command`, `space` and `metric` may be left
 * out; then command is NULL, and the names are "unnamed" and "value". conf_reload knows it again.
 */
enum code conf_load_space(struct str text, const char *file, const struct override *set,
                          size_t n_set, struct settings **ret,
                          struct problems *problems) must_check;
/* The same from a file, whose size is looked at before it is read. */
enum code conf_load_file(const char *path, const struct override *set, size_t n_set,
                         struct settings **ret, struct problems *problems) must_check;
/* The inline form: argv after --, parameters as --name='~prior' or name='~prior'; flags of the
 * command line (metric, goal, trials...) come as overrides. */
enum code conf_inline(const char *const *argv, size_t n_argv, const struct override *set,
                      size_t n_set, struct settings **ret, struct problems *problems) must_check;
/* The same again from what the store kept (settings.source, settings.overrides). */
enum code conf_reload(struct str source, const char *file, struct str overrides,
                      struct settings **ret, struct problems *problems) must_check;
/* config.from is another file, in the program's folder: is it there, and do a trial's parameters go
 * into it? Adds what is wrong to `problems`; OK only when nothing is. */
enum code conf_check_base(const struct settings *s, const char *directory,
                          struct problems *problems) must_check;
void settings_free(struct settings *s);

/* What a searcher is made of; the method is as written, seed and parallel are the caller's too.
 * Borrows from s. */
struct searcher_settings settings_searcher(const struct settings *s);
/* How far `value` misses the requirement, in parts of its bound (of 1, where that is 0); <= 0: it
 * is met. What is no finite number misses by infinity. */
double requirement_excess(const struct requirement *r, double value);

#endif
