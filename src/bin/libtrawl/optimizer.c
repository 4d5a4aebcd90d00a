/*
 * libtrawl: include/trawl/trawl.h on the optimizer.
 */
#include "bin/libtrawl/internal.h"

#include "base/clock.h"
#include "base/json_reader.h"
#include "optimize/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TEXT_MAX  ((size_t)16 << 30)
#define ARENA_MAX ((size_t)1 << 30)

enum { SETTINGS_MAX = 1000 };

/* The public name of an optimizer is only a name. */
static struct optimizer *inside(struct trawl_optimizer *o)
{
    return (struct optimizer *)(void *)o;
}

static struct trawl_optimizer *outside(struct optimizer *o)
{
    return (struct trawl_optimizer *)(void *)o;
}

/* --- errors --- */

static enum trawl_code public_code(enum code code)
{
    switch (code) {
    case OK:
        return TRAWL_OK;
    case E_NOMEM:
        return TRAWL_NO_MEMORY;
    case E_IO:
        return TRAWL_IO;
    case E_LIMIT:
        return TRAWL_LIMIT;
    case E_SYNTAX:
        return TRAWL_SYNTAX;
    case E_UNKNOWN:
        return TRAWL_UNKNOWN;
    case E_NOT_FOUND:
        return TRAWL_NOT_FOUND;
    case E_STATE:
        return TRAWL_STATE;
    case E_VERSION:
        return TRAWL_NEWER;
    case E_CORRUPT:
        return TRAWL_CORRUPT;
    case E_UNSUPPORTED:
        return TRAWL_UNSUPPORTED;
    case E_INVALID:
    case E_DUPLICATE:
    case E_UNSATISFIABLE:
    case E_BUSY:
    case E_USAGE:
    case E_SPAWN:
    case E_PROTOCOL:
    case E_INTERRUPTED:
    case E_CODE_COUNT:
        break;
    }
    return TRAWL_INVALID;
}

enum trawl_code public_error(enum code code, const struct error *e, struct trawl_error *ret)
{
    if (!ret || code == OK)
        return public_code(code);
    _Static_assert(
        sizeof(ret->file) == sizeof(e->file) && sizeof(ret->message) == sizeof(e->message) &&
            sizeof(ret->detail) == sizeof(e->detail) && sizeof(ret->hint) == sizeof(e->hint),
        "texts of errors are of one length");
    ret->code = public_code(code);
    ret->line = e->line;
    ret->column = e->column;
    memcpy(ret->file, e->file, sizeof(ret->file));
    memcpy(ret->message, e->message, sizeof(ret->message));
    memcpy(ret->detail, e->detail, sizeof(ret->detail));
    memcpy(ret->hint, e->hint, sizeof(ret->hint));
    return ret->code;
}

const char *trawl_version(void)
{
    return TRAWL_VERSION;
}

/* --- a life --- */

/* A caller that was compiled with an older header knows less of the structure. */
static bool read_options(const struct trawl_options *given, struct trawl_options *ret)
{
    *ret = (struct trawl_options){.size = sizeof(*ret)};
    if (given && (given->size < sizeof(size_t) || given->size > sizeof(*ret)))
        return false;
    if (given)
        memcpy(ret, given, given->size);
    if (!ret->file)
        ret->file = "space";
    return ret->n_settings <= SETTINGS_MAX;
}

static enum code load_settings(const char *text, const struct trawl_options *options,
                               struct settings **ret, struct error *e)
{
    struct problems problems;
    size_t n = options->n_settings;
    struct override *set = calloc(n + 1, sizeof(*set));
    if (!set)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++)
        set[i] = (struct override){str_of(options->settings[i].path),
                                   str_of(options->settings[i].value)};
    problems_init(&problems);
    enum code code = conf_load_space(str_of(text), options->file, set, n, ret, &problems);
    if (code != OK && problems.n > 0) {
        *e = problems.v[0];
        code = e->code;
    } else if (code != OK) {
        code = error_nomem(e);
    }
    size_t more = problems.n + problems.dropped;
    if (code != OK && more > 1 && !e->detail[0])
        error_detail(e, "and %zu more", more - 1);
    problems_free(&problems);
    free(set);
    return code;
}

enum trawl_code trawl_optimizer_new(struct trawl_optimizer **ret, const char *text,
                                    const struct trawl_options *options, struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct trawl_options known;
    struct settings *settings = NULL;
    struct optimizer *o;
    uint32_t seed;
    enum code code = OK;
    if (!read_options(options, &known))
        code = error_set(&why, E_INVALID, "the options are of no size that is known here");
    else if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        code = error_set(&why, E_IO, "the system gives no random bytes");
    if (code == OK)
        code = load_settings(text, &known, &settings, &why);
    if (code == OK)
        code = optimizer_new(&o, settings, seed, clock_system(), &why);
    if (code == OK)
        *ret = outside(o);
    else
        settings_free(settings);
    return public_error(code, &why, e);
}

void trawl_optimizer_free(struct trawl_optimizer *o)
{
    optimizer_free(inside(o));
}

/* --- asking --- */

enum trawl_code trawl_optimizer_ask(struct trawl_optimizer *o, size_t n, struct trawl_trial **ret,
                                    size_t *ret_n, struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct arena a;
    size_t got = 0;
    enum code code = OK;
    arena_init(&a, ARENA_MAX);
    while (code == OK && got < n) {
        struct proposal p;
        arena_clear(&a);
        code = optimizer_ask(inside(o), &a, &p, &why);
        if (code != OK || (p.kind != ASK_TRIAL && p.kind != ASK_MORE))
            break;
        ret[got] = trial_of_proposal(&p);
        if (!ret[got])
            code = error_nomem(&why);
        else
            got++;
    }
    arena_free(&a);
    if (code != OK && got == 0)
        return public_error(code, &why, e);
    *ret_n = got; /* what was asked for before something went wrong is given out */
    return TRAWL_OK;
}

int trawl_optimizer_done(struct trawl_optimizer *o)
{
    struct optimizer_status status;
    optimizer_status(inside(o), &status);
    return status.done;
}

/* --- telling --- */

static enum code read_result(const struct trawl_result *given, struct metric_value **ret_metrics,
                             struct telling *ret, struct error *e)
{
    static const enum outcome outcomes[] = {
        [TRAWL_ENDED] = OUTCOME_COMPLETED,       [TRAWL_COMPLETED] = OUTCOME_COMPLETED,
        [TRAWL_STOPPED] = OUTCOME_STOPPED,       [TRAWL_FAILED] = OUTCOME_FAILED,
        [TRAWL_INFEASIBLE] = OUTCOME_INFEASIBLE, [TRAWL_CANCELLED] = OUTCOME_CANCELLED,
    };
    struct trawl_result r = {.step = -1};
    if (given->size < sizeof(size_t) || given->size > sizeof(r))
        return error_set(e, E_INVALID, "the result is of no size that is known here");
    memcpy(&r, given, given->size);
    if ((unsigned)r.state > TRAWL_CANCELLED)
        return error_set(e, E_INVALID, "there is no state %d", (int)r.state);
    if (r.n_metrics > TOLD_METRICS_MAX)
        return error_set(e, E_LIMIT, "%zu metrics, more than %d", r.n_metrics, TOLD_METRICS_MAX);
    struct metric_value *metrics = calloc(r.n_metrics + 1, sizeof(*metrics));
    if (!metrics)
        return error_nomem(e);
    for (size_t i = 0; i < r.n_metrics; i++)
        metrics[i] = (struct metric_value){str_of(r.metrics[i].name), r.metrics[i].value};
    *ret_metrics = metrics;
    *ret = (struct telling){.has_outcome = r.state != TRAWL_ENDED,
                            .outcome = outcomes[r.state],
                            .has_step = r.step >= 0,
                            .step = r.step,
                            .n_values = r.values ? r.n_values : 0,
                            .values = r.values,
                            .n_metrics = r.n_metrics,
                            .metrics = metrics};
    return OK;
}

enum trawl_code trawl_optimizer_tell(struct trawl_optimizer *o, int64_t id, double value,
                                     struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct telling t = {.n_values = 1, .values = &value};
    return public_error(optimizer_tell(inside(o), id, &t, &why), &why, e);
}

enum trawl_code trawl_optimizer_tell_result(struct trawl_optimizer *o, int64_t id,
                                            const struct trawl_result *result,
                                            struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct metric_value *metrics = NULL;
    struct telling t;
    enum code code = read_result(result, &metrics, &t, &why);
    if (code == OK)
        code = optimizer_tell(inside(o), id, &t, &why);
    free(metrics);
    return public_error(code, &why, e);
}

enum trawl_code trawl_optimizer_report(struct trawl_optimizer *o, int64_t id, int64_t step,
                                       double value, enum trawl_decision *ret,
                                       struct trawl_error *e)
{
    static const enum trawl_decision decisions[] = {
        [DECISION_CONTINUE] = TRAWL_CONTINUE,
        [DECISION_STOP] = TRAWL_STOP,
        [DECISION_PAUSE] = TRAWL_PAUSE,
    };
    struct error why = {.code = OK};
    enum decision d;
    enum code code = optimizer_report(inside(o), id, step, value, &d, &why);
    if (code == OK)
        *ret = decisions[d];
    return public_error(code, &why, e);
}

enum trawl_code trawl_optimizer_observe(struct trawl_optimizer *o, const char *params,
                                        const struct trawl_result *result, struct trawl_error *e)
{
    struct error why = {.code = OK};
    const struct json_node *object = NULL;
    struct metric_value *metrics = NULL;
    struct config config;
    struct telling t;
    struct arena a;
    arena_init(&a, ARENA_MAX);
    enum code code = json_read(str_of(params), &a, &object, &why);
    if (code == OK)
        code = json_config(optimizer_settings(inside(o))->space, object, &a, &config, &why);
    if (code == OK)
        code = read_result(result, &metrics, &t, &why);
    if (code == OK)
        code = optimizer_observe(inside(o), &config, &t, &why);
    free(metrics);
    arena_free(&a);
    return public_error(code, &why, e);
}

enum trawl_code trawl_optimizer_set_trials(struct trawl_optimizer *o, int64_t trials,
                                           struct trawl_error *e)
{
    struct error why = {.code = OK};
    return public_error(optimizer_set_trials(inside(o), trials, &why), &why, e);
}

/* --- what was found --- */

enum trawl_code trawl_optimizer_best(struct trawl_optimizer *o, struct trawl_trial **ret,
                                     struct trawl_error *e)
{
    struct error why = {.code = OK};
    const struct best *best;
    struct arena a;
    size_t n;
    arena_init(&a, ARENA_MAX);
    enum code code = optimizer_best(inside(o), &a, &best, &n, &why);
    if (code == OK) {
        struct trawl_trial *t =
            trial_of_best(&best[0], optimizer_settings(inside(o))->n_objectives);
        if (t)
            *ret = t;
        else
            code = error_nomem(&why);
    }
    arena_free(&a);
    return public_error(code, &why, e);
}

static enum code copy_front(const struct best *best, size_t n, size_t n_values,
                            struct trawl_trial ***ret, struct error *e)
{
    struct trawl_trial **v = calloc(n ? n : 1, sizeof(*v));
    for (size_t i = 0; v && i < n; i++)
        if (!(v[i] = trial_of_best(&best[i], n_values))) {
            trawl_trials_free(v, i);
            v = NULL;
        }
    if (!v)
        return error_nomem(e);
    *ret = v;
    return OK;
}

enum trawl_code trawl_optimizer_front(struct trawl_optimizer *o, struct trawl_trial ***ret,
                                      size_t *ret_n, struct trawl_error *e)
{
    struct error why = {.code = OK};
    const struct best *best;
    struct arena a;
    size_t n;
    arena_init(&a, ARENA_MAX);
    enum code code = optimizer_best(inside(o), &a, &best, &n, &why);
    if (code == OK)
        code = copy_front(best, n, optimizer_settings(inside(o))->n_objectives, ret, &why);
    if (code == OK)
        *ret_n = n;
    arena_free(&a);
    return public_error(code, &why, e);
}

/* --- texts --- */

/* Hands the buffer's memory over. */
static enum code give(struct buf *b, enum code code, char **ret, size_t *ret_n, struct error *e)
{
    if (code == OK)
        code = buf_end(b, e);
    if (code != OK) {
        buf_free(b);
        return code;
    }
    *ret = b->p;
    if (ret_n)
        *ret_n = b->n;
    return OK;
}

void trawl_free(void *text)
{
    free(text);
}

enum trawl_code trawl_optimizer_save(struct trawl_optimizer *o, const char *path,
                                     struct trawl_error *e)
{
    struct error why = {.code = OK};
    return public_error(optimizer_save(inside(o), path, &why), &why, e);
}

enum trawl_code trawl_optimizer_load(struct trawl_optimizer **ret, const char *path,
                                     struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct optimizer *o;
    enum code code = optimizer_load(&o, path, clock_system(), &why);
    if (code == OK)
        *ret = outside(o);
    return public_error(code, &why, e);
}

enum trawl_code trawl_optimizer_save_text(struct trawl_optimizer *o, char **ret, size_t *ret_n,
                                          struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct buf b;
    buf_init(&b, TEXT_MAX);
    enum code code = optimizer_write(inside(o), &b, &why);
    return public_error(give(&b, code, ret, ret_n, &why), &why, e);
}

enum trawl_code trawl_optimizer_load_text(struct trawl_optimizer **ret, const char *text, size_t n,
                                          struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct optimizer *o;
    enum code code = optimizer_read(&o, (struct str){text, n}, "the text", clock_system(), &why);
    if (code == OK)
        *ret = outside(o);
    return public_error(code, &why, e);
}

enum trawl_code trawl_optimizer_talk(struct trawl_optimizer *o, const char *line, size_t n,
                                     char **ret, struct trawl_error *e)
{
    struct error why = {.code = OK};
    struct buf b;
    buf_init(&b, TEXT_MAX);
    enum code code = optimizer_talk(inside(o), (struct str){line, n}, &b);
    if (code == OK)
        b.p[--b.n] = '\0'; /* the line's end */
    else
        (void)error_nomem(&why);
    return public_error(give(&b, code, ret, NULL, &why), &why, e);
}
