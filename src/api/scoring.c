/* What trials are judged by, shown. */
#include "api/scoring.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A requirement's text begins with the name of its measure, a blank and an operator. */
static size_t measure_of(const struct scoring *s, struct str requirement)
{
    for (size_t i = 0; i < s->n_measures; i++) {
        struct str name = s->measures[i].name;
        struct str rest = str_sub(requirement, name.n, requirement.n);
        if (str_eq(str_sub(requirement, 0, name.n), name) &&
            (str_starts(rest, " <") || str_starts(rest, " >")))
            return i;
    }
    return s->n_measures;
}

void scoring_of(const struct search_row *row, struct scoring *ret)
{
    *ret = (struct scoring){.n_measures = 0};
    ret->n_measures = search_measures(row, ret->measures);
    ret->n_requirements = search_requirements(row, ret->requirements);
    ret->n_objectives = search_aims(row).n_objectives;
    for (size_t i = 0; i < ret->n_requirements; i++)
        ret->required[i] = measure_of(ret, ret->requirements[i]);
}

bool scoring_is_plain(const struct scoring *s)
{
    return s->n_measures == 1 && s->n_requirements == 0;
}

/* --- words --- */

void scoring_goal(const struct scoring *s, struct buf *b)
{
    for (size_t i = 0; i < s->n_objectives; i++)
        buf_fmt(b, "%s%s %.*s", i > 0 ? ", " : "",
                s->measures[i].aim == AIM_MINIMIZE ? "minimize" : "maximize",
                STR_FMT(s->measures[i].name));
}

void scoring_requirements(const struct scoring *s, struct buf *b)
{
    for (size_t i = 0; i < s->n_requirements; i++)
        buf_fmt(b, "%s%.*s", i > 0 ? ", " : "", STR_FMT(s->requirements[i]));
}

static bool is_missed(const struct trial_row *row, size_t i)
{
    return i >= row->scores.n_excess || !(row->scores.excess[i] <= 0);
}

void scoring_missed(const struct scoring *s, const struct trial_row *row, struct buf *b)
{
    bool first = true;
    for (size_t i = 0; i < s->n_requirements; i++) {
        if (!is_missed(row, i))
            continue;
        buf_fmt(b, "%s%.*s", first ? "" : ", ", STR_FMT(s->requirements[i]));
        first = false;
    }
}

void scoring_missed_by(const struct scoring *s, const struct trial_row *row, size_t measure,
                       struct buf *b)
{
    for (size_t i = 0; i < s->n_requirements; i++) {
        if (s->required[i] != measure || !is_missed(row, i))
            continue;
        buf_fmt(b, "%s%.*s", b->n > 0 ? ", " : "", STR_FMT(s->requirements[i]));
        double excess = i < row->scores.n_excess ? row->scores.excess[i] : (double)NAN;
        if (!isfinite(excess) || excess < 1e-9)
            continue;
        bool by_itself = str_ends(s->requirements[i], " 0");
        buf_cstr(b, " by ");
        number_write_short(b, by_itself ? excess : 100 * excess, 3);
        buf_cstr(b, by_itself ? "" : " %");
    }
}

/* --- JSON --- */

void scoring_search_json(const struct scoring *s, struct json *j)
{
    if (s->n_objectives > 1) {
        jw_key(j, "objectives");
        measures_json(s->measures, s->n_objectives, j);
    }
    if (s->n_requirements == 0)
        return;
    jw_key(j, "requirements");
    jw_array(j);
    for (size_t i = 0; i < s->n_requirements; i++)
        jw_str(j, s->requirements[i]);
    jw_array_end(j);
}

static bool is_seen(const struct trial_row *row, size_t measure)
{
    return measure < row->scores.n_values && (row->scores.seen >> measure & 1) != 0;
}

void scoring_trial_json(const struct scoring *s, const struct trial_row *row, struct json *j)
{
    if (scoring_is_plain(s))
        return;
    jw_key(j, "values");
    jw_object(j);
    for (size_t i = 0; i < s->n_measures; i++) {
        jw_key_str(j, s->measures[i].name);
        if (is_seen(row, i))
            jw_real(j, row->scores.values[i]);
        else
            jw_null(j);
    }
    jw_object_end(j);
    if (s->n_requirements == 0)
        return;
    jw_key(j, "meets");
    jw_bool(j, row->scores.n_excess == s->n_requirements && scores_meet(&row->scores));
    jw_key(j, "misses");
    jw_array(j);
    for (size_t i = 0; i < s->n_requirements; i++)
        if (is_missed(row, i))
            jw_str(j, s->requirements[i]);
    jw_array_end(j);
}

/* --- tables --- */

size_t scoring_columns(const struct scoring *s, struct column *ret, char titles[][64])
{
    for (size_t i = 0; i < s->n_measures; i++) {
        snprintf(titles[i], 64, "%.*s", STR_FMT(s->measures[i].name));
        ret[i] = (struct column){titles[i], true};
    }
    return s->n_measures;
}

static void score_cell(const struct scoring *s, const struct trial_row *row, size_t measure,
                       struct table *t, bool *marked)
{
    struct buf b;
    bool missed = false, seen = is_seen(row, measure);
    for (size_t i = 0; i < s->n_requirements; i++)
        missed = missed || (s->required[i] == measure && is_missed(row, i));
    bool ended = row->state == TRIAL_COMPLETED || row->state == TRIAL_STOPPED;
    missed = missed && (seen ? trial_state_final(row->state) : ended);
    buf_init(&b, 256);
    if (seen)
        number_write_short(&b, row->scores.values[measure], 6);
    if (missed)
        buf_char(&b, seen ? '!' : '?');
    *marked = *marked || missed;
    table_cell(t, missed ? TONE_BAD : TONE_BOLD, buf_view(&b));
    buf_free(&b);
}

void scoring_cells(const struct scoring *s, const struct trial_row *row, struct table *t,
                   bool *marked)
{
    for (size_t i = 0; i < s->n_measures; i++)
        score_cell(s, row, i, t, marked);
}

void scoring_legend(const struct scoring *s, struct screen *out)
{
    struct buf b;
    buf_init(&b, 16 << 10);
    scoring_requirements(s, &b);
    screen_fmt(out, TONE_DIM, "! misses, ? is not known to meet: %.*s\n", STR_FMT(buf_view(&b)));
    buf_free(&b);
}
