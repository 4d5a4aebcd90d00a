/*
 * libtrawl: search a space from a program that runs its own trials. Ask for a trial, run it, tell
 * what came out.
 *
 *   #include <trawl/trawl.h>
 *
 *   static const char space[] = "goal: minimize\n"
 *                               "parameters:\n"
 *                               "  lr: loguniform(1e-4, 1)\n"
 *                               "  layers: int(1, 4)\n"
 *                               "search: {trials: 50, seed: 7}\n";
 *   struct trawl_error e;
 *   struct trawl_optimizer *o;
 *   struct trawl_trial *t;
 *   size_t got;
 *   if (trawl_optimizer_new(&o, space, NULL, &e) != TRAWL_OK)
 *       return complain(&e);
 *   while (trawl_optimizer_ask(o, 1, &t, &got, &e) == TRAWL_OK && got == 1) {
 *       double lr = 0, loss;
 *       trawl_trial_real(t, "lr", &lr);
 *       loss = train(lr);
 *       if (trawl_optimizer_tell(o, trawl_trial_id(t), loss, &e) != TRAWL_OK)
 *           complain(&e);
 *       trawl_trial_free(t);
 *   }
 *   trawl_optimizer_free(o);
 *
 * Link with -ltrawl (pkg-config trawl). The library prints nothing, ends no process, has no state
 * of its own and starts no threads.
 *
 * Errors. What can fail returns a code; TRAWL_OK is 0. Where the last argument is not NULL it then
 * says what is wrong, where in the text, and what to do. Nothing that is returned through a pointer
 * is touched on failure. An input that is refused has changed nothing.
 *
 * Threads. Functions of one optimizer may be called by several threads at once (not new, load and
 * free): each is done as a whole, and a tell or report does not wait for an ask that works on a
 * suggestion. A trial belongs to one thread at a time. After a fork the child may only leave: it
 * must not touch the parent's optimizers.
 *
 * Ownership. What new, load, ask, best, front and talk give is the caller's, who frees it with the
 * function of its name. A trial may outlive its optimizer. A `const char *` that a trial gives
 * lives as long as the trial. What is passed in is copied.
 *
 * ABI. Structures that may grow begin with their size as the caller knows it. Enumerations may grow
 * at their end.
 */
#ifndef TRAWL_TRAWL_H
#define TRAWL_TRAWL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TRAWL_API   __attribute__((visibility("default")))
#define TRAWL_CHECK __attribute__((visibility("default"), warn_unused_result))
#else
#define TRAWL_API
#define TRAWL_CHECK
#endif

enum trawl_code {
    TRAWL_OK = 0,
    TRAWL_NO_MEMORY,
    TRAWL_IO,         /* the operating system refused */
    TRAWL_LIMIT,      /* an input is larger than trawl takes */
    TRAWL_SYNTAX,     /* text that does not parse */
    TRAWL_INVALID,    /* parses, but makes no sense */
    TRAWL_UNKNOWN,    /* a name nobody knows */
    TRAWL_NOT_FOUND,  /* no such trial or file; no best yet */
    TRAWL_STATE,      /* not possible now: told before, asked already */
    TRAWL_NEWER,      /* written by a newer trawl */
    TRAWL_CORRUPT,    /* what was saved does not add up */
    TRAWL_UNSUPPORTED /* known, but not in this build */
};

struct trawl_error {
    enum trawl_code code;
    int line, column;  /* in the text, from 1; 0: not known */
    char file[256];    /* its name; empty: not known */
    char message[512]; /* one sentence */
    char detail[512];  /* what was seen; may be empty */
    char hint[512];    /* what to do; may be empty */
};

/* "0.1.0" */
TRAWL_API const char *trawl_version(void);

/* Optimizers --------------------------------------------------------------------------------------
 */

struct trawl_optimizer;
struct trawl_trial;

/* Replaces a value of the text, or adds one: {"search.trials", "20"}. The value is a scalar of YAML
 * or its flow form; JSON is both. */
struct trawl_setting {
    const char *path, *value;
};

struct trawl_options {
    size_t size;      /* sizeof(struct trawl_options) */
    const char *file; /* what messages call the text; NULL: "space" */
    const struct trawl_setting *settings;
    size_t n_settings;
};

/* `text` is a trawl.yaml, or the same as JSON: parameters, goal or objectives, and as needed
 * constraints, baseline, require, metric (left out: "value"), search (method, trials, steps, time,
 * budget, seed, seeds, parallel, first). Without a seed one is drawn. options: NULL for none. */
TRAWL_CHECK enum trawl_code trawl_optimizer_new(struct trawl_optimizer **ret, const char *text,
                                                const struct trawl_options *options,
                                                struct trawl_error *e);
TRAWL_API void trawl_optimizer_free(struct trawl_optimizer *o); /* NULL is well */

/* Up to `n` trials into ret[0], ret[1], ...; *ret_n says how many. Fewer than n: nothing more can
 * be started before something is told; trawl_optimizer_done says whether anything ever will be. */
TRAWL_CHECK enum trawl_code trawl_optimizer_ask(struct trawl_optimizer *o, size_t n,
                                                struct trawl_trial **ret, size_t *ret_n,
                                                struct trawl_error *e);
/* 1 after an ask that found the end: the trials, steps or time of the search are used up, or the
 * space is. */
TRAWL_API int trawl_optimizer_done(struct trawl_optimizer *o);

/* The trial ended with this value. NaN and infinities count as worst and never win. */
TRAWL_CHECK enum trawl_code trawl_optimizer_tell(struct trawl_optimizer *o, int64_t id,
                                                 double value, struct trawl_error *e);

/* How a trial ended. */
enum trawl_state {
    TRAWL_ENDED = 0,  /* completed; stopped, where a report was answered stop */
    TRAWL_COMPLETED,  /* its whole budget, or by itself */
    TRAWL_STOPPED,    /* cut short: its value counts as far as it came */
    TRAWL_FAILED,     /* no value */
    TRAWL_INFEASIBLE, /* the configuration makes no sense: no value */
    TRAWL_CANCELLED   /* given up: no value */
};

#ifndef TRAWL_REPORT_H /* which has it as well */
struct trawl_metric {
    const char *name; /* 1 to 200 bytes of UTF-8 */
    double value;     /* NaN and infinities too */
};
#endif

struct trawl_result {
    size_t size; /* sizeof(struct trawl_result) */
    enum trawl_state state;
    int64_t step;         /* reached; -1: the last one reported, or the whole budget */
    const double *values; /* one for each objective; NULL: in metrics, or as reported last */
    size_t n_values;
    const struct trawl_metric *metrics; /* by name; what requirements look at too */
    size_t n_metrics;
};

TRAWL_CHECK enum trawl_code trawl_optimizer_tell_result(struct trawl_optimizer *o, int64_t id,
                                                        const struct trawl_result *result,
                                                        struct trawl_error *e);

#ifndef TRAWL_REPORT_H
enum trawl_decision {
    TRAWL_CONTINUE = 0,
    TRAWL_STOP, /* end for good */
    TRAWL_PAUSE /* save a checkpoint and end: the trial may go on from it later */
};
#endif

/* The value (of the first objective) after so many steps, which ascend. */
TRAWL_CHECK enum trawl_code trawl_optimizer_report(struct trawl_optimizer *o, int64_t id,
                                                   int64_t step, double value,
                                                   enum trawl_decision *ret, struct trawl_error *e);

/* A result from elsewhere, before the first ask: it informs the search, and is never its best.
 * `params` is a JSON object; defaults stand for what it leaves out. */
TRAWL_CHECK enum trawl_code trawl_optimizer_observe(struct trawl_optimizer *o, const char *params,
                                                    const struct trawl_result *result,
                                                    struct trawl_error *e);

/* The best trial so far of those that meet the requirements: a higher step goes before a lower one,
 * completed before stopped. Of several objectives the first of the front. TRAWL_NOT_FOUND: there is
 * none yet. */
TRAWL_CHECK enum trawl_code trawl_optimizer_best(struct trawl_optimizer *o,
                                                 struct trawl_trial **ret, struct trawl_error *e);
/* All that no other trial dominates (is as good in every objective, and better in one), in the
 * order of the first objective; of one objective the best alone. Freed with trawl_trials_free. */
TRAWL_CHECK enum trawl_code trawl_optimizer_front(struct trawl_optimizer *o,
                                                  struct trawl_trial ***ret, size_t *ret_n,
                                                  struct trawl_error *e);

/* From now on so many trials in all but the baseline; 0: no limit. */
TRAWL_CHECK enum trawl_code trawl_optimizer_set_trials(struct trawl_optimizer *o, int64_t trials,
                                                       struct trawl_error *e);

/* Everything, running trials included. The file is replaced whole: a reader sees the old or the new
 * one. What is loaded goes on as the saved one would have: the same suggestions for the same
 * inputs, with the same build and processor type. TRAWL_CORRUPT where a text was cut off or
 * changed. The time of a search counts anew. */
TRAWL_CHECK enum trawl_code trawl_optimizer_save(struct trawl_optimizer *o, const char *path,
                                                 struct trawl_error *e);
TRAWL_CHECK enum trawl_code trawl_optimizer_load(struct trawl_optimizer **ret, const char *path,
                                                 struct trawl_error *e);
/* The same to a text, NUL-terminated, freed with trawl_free, and from one. ret_n may be NULL. */
TRAWL_CHECK enum trawl_code trawl_optimizer_save_text(struct trawl_optimizer *o, char **ret,
                                                      size_t *ret_n, struct trawl_error *e);
TRAWL_CHECK enum trawl_code trawl_optimizer_load_text(struct trawl_optimizer **ret,
                                                      const char *text, size_t n,
                                                      struct trawl_error *e);

/* One line of what `trawl optimize` takes, {"ask": 1}, and the line that answers it, without line
 * ends; freed with trawl_free. What is wrong with the line is in the answer. */
TRAWL_CHECK enum trawl_code trawl_optimizer_talk(struct trawl_optimizer *o, const char *line,
                                                 size_t n, char **ret, struct trawl_error *e);
TRAWL_API void trawl_free(void *text); /* NULL is well */

/* Trials ------------------------------------------------------------------------------------------
 */

TRAWL_API void trawl_trial_free(struct trawl_trial *t);             /* NULL is well */
TRAWL_API void trawl_trials_free(struct trawl_trial **t, size_t n); /* the list too */

TRAWL_API int64_t trawl_trial_id(const struct trawl_trial *t);   /* 1, 2, ... */
TRAWL_API int64_t trawl_trial_seed(const struct trawl_trial *t); /* 0 .. 2^31-1 */
TRAWL_API int64_t
trawl_trial_budget(const struct trawl_trial *t); /* train up to this step; 0: none */
/* The step to go on from, of a trial that was paused and comes again with a larger budget, or that
 * has a parent; else 0. */
TRAWL_API int64_t trawl_trial_from(const struct trawl_trial *t);
/* The trial that it goes on from, as that one was at trawl_trial_from: it begins with a copy of its
 * checkpoint, and values of its own. 0: it begins with nothing, or with its own. */
TRAWL_API int64_t trawl_trial_parent(const struct trawl_trial *t);
TRAWL_API int trawl_trial_is_baseline(const struct trawl_trial *t);
/* The parameters as a JSON object; those that are not active are left out. NULL: out of memory. */
TRAWL_API const char *trawl_trial_params(struct trawl_trial *t);

enum trawl_kind {
    TRAWL_ABSENT = 0, /* no such parameter, or not active in this trial */
    TRAWL_BOOL,
    TRAWL_INT,
    TRAWL_REAL,
    TRAWL_TEXT,
    TRAWL_LIST /* of subset and permutation */
};

TRAWL_API enum trawl_kind trawl_trial_kind(const struct trawl_trial *t, const char *name);
/* 1 and the value; 0, *ret untouched, where there is none of that kind. A real takes integers. */
TRAWL_API int trawl_trial_bool(const struct trawl_trial *t, const char *name, int *ret);
TRAWL_API int trawl_trial_int(const struct trawl_trial *t, const char *name, int64_t *ret);
TRAWL_API int trawl_trial_real(const struct trawl_trial *t, const char *name, double *ret);
/* NULL where there is no text. */
TRAWL_API const char *trawl_trial_text(const struct trawl_trial *t, const char *name);
/* A list's length (0 where it is none), and its items as text: NULL past the end. */
TRAWL_API size_t trawl_trial_length(const struct trawl_trial *t, const char *name);
TRAWL_API const char *trawl_trial_item(const struct trawl_trial *t, const char *name, size_t i);

/* Of a trial that best or front gave: its values, one for each objective (of replicates their
 * mean), and the step it reached, -1 without steps. Others have no values and no step. */
TRAWL_API double trawl_trial_value(const struct trawl_trial *t); /* the first; NaN: none */
TRAWL_API const double *trawl_trial_values(const struct trawl_trial *t, size_t *ret_n);
TRAWL_API int64_t trawl_trial_step(const struct trawl_trial *t);

#ifdef __cplusplus
}
#endif

#endif
