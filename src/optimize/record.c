/*
 * What became of each trial.
 */
#include "optimize/internal.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool outcome_has_value(enum outcome outcome)
{
    return outcome == OUTCOME_COMPLETED || outcome == OUTCOME_STOPPED;
}

enum code record_reserve(struct optimizer *o, struct error *e)
{
    if (!o->spare)
        o->spare = arena_array(&o->results, o->search.n_objectives, sizeof(*o->spare));
    if (!o->spare)
        return error_nomem(e);
    return array_reserve(o->trials, &o->capacity, o->n + 1) ? OK : error_nomem(e);
}

void record_add(struct optimizer *o, const struct record *r)
{
    struct record *to = &o->trials[o->n++];
    *to = *r;
    to->step = -1;
    to->value = (double)NAN;
    to->values = o->spare;
    o->spare = NULL;
}

void record_more(struct record *r, int64_t budget)
{
    r->budget = budget;
    r->paused = false;
}

/* Steps trained are counted once, however they were told, and no further than a count goes. A step
 * never falls behind the one before it, but for -1: none. */
static void move_to(struct optimizer *o, struct record *r, int64_t step)
{
    int64_t begun = r->step > r->from ? r->step : r->from;
    int64_t more = step > begun ? step - begun : 0;
    if (__builtin_add_overflow(o->steps_used, more, &o->steps_used))
        o->steps_used = INT64_MAX;
    r->step = step;
}

void record_report(struct optimizer *o, struct record *r, int64_t step, double value,
                   enum decision d)
{
    move_to(o, r, step);
    r->value = value;
    r->stopping = d == DECISION_STOP;
    r->paused = d == DECISION_PAUSE;
    if (r->paused) {
        r->outcome = OUTCOME_STOPPED;
        r->valued = o->search.n_objectives == 1;
        r->values[0] = value;
        r->missed = o->search.n_requirements > 0 ? (double)INFINITY : 0;
    }
}

static double missed(const struct optimizer *o, const struct result *r)
{
    double sum = 0;
    for (size_t i = 0; i < o->search.n_requirements; i++)
        sum += isnan(r->excess[i]) ? (double)INFINITY : fmax(r->excess[i], 0);
    return sum;
}

void record_result(struct optimizer *o, struct record *r, const struct exit_record *x)
{
    memcpy(r->values, x->result.values, o->search.n_objectives * sizeof(*r->values));
    move_to(o, r, x->step);
    r->value = r->values[0];
    r->valued = outcome_has_value(x->outcome);
    r->missed = missed(o, &x->result);
}

void record_end(struct optimizer *o, struct record *r, const struct exit_record *x)
{
    record_result(o, r, x);
    r->outcome = x->outcome;
    r->ended = true;
    r->paused = false;
}

enum code record_ask(struct optimizer *o, int64_t trial, struct arena *a, struct ask_record *ret,
                     struct error *e)
{
    static const char before[] = ",\"data\":";
    struct str rest = str_sub(buf_view(&o->journal), o->trials[trial - 1].asked, SIZE_MAX);
    struct str line = str_cut(&rest, '\n');
    const char *data = memmem(line.p, line.n, before, sizeof(before) - 1);
    if (!data)
        return error_set(e, E_CORRUPT, "the journal has no ask of trial %lld", (long long)trial);
    data += sizeof(before) - 1;
    struct entry entry = {
        .kind = ENTRY_ASK, .trial = trial, .data = {data, (size_t)(line.p + line.n - data) - 1}};
    return entry_read_ask(&entry, &o->search, a, ret, e);
}
