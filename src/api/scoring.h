/*
 * What the trials of a search are judged by, shown: objectives, requirements, and how a trial did.
 */
#ifndef API_SCORING_H
#define API_SCORING_H

#include "api/table.h"
#include "store/scores.h"

/* Texts are the search row's. */
struct scoring {
    size_t n_measures, n_objectives, n_requirements;
    struct measured measures[STORE_MEASURES_MAX];
    struct str requirements[STORE_REQUIREMENTS_MAX];
    size_t required[STORE_REQUIREMENTS_MAX]; /* the measure that each looks at */
};

void scoring_of(const struct search_row *row, struct scoring *ret);
/* One objective and nothing else: a trial's value says it all. */
bool scoring_is_plain(const struct scoring *s);

/* "maximize val_auc, minimize latency_ms". */
void scoring_goal(const struct scoring *s, struct buf *b);
/* "latency_ms <= 20, memory_gb < 4"; nothing without requirements. */
void scoring_requirements(const struct scoring *s, struct buf *b);
/* Which of the requirements the trial misses, or is not known to meet: "latency_ms <= 20". */
void scoring_missed(const struct scoring *s, const struct trial_row *row, struct buf *b);

/* Of one measure, and by how much: "latency_ms <= 20 by 26.5 %". */
void scoring_missed_by(const struct scoring *s, const struct trial_row *row, size_t measure,
                       struct buf *b);

/* Members of a search's object: "objectives" where there are several, "requirements" where there
 * are any. */
void scoring_search_json(const struct scoring *s, struct json *j);
/* Members of a trial's object, where scoring is not plain: "values" of all measures (null: never
 * reported), and with requirements "meets" and "misses". */
void scoring_trial_json(const struct scoring *s, const struct trial_row *row, struct json *j);

/* A column a measure; returns how many. */
size_t scoring_columns(const struct scoring *s, struct column *ret, char titles[][64]);
/* Its cells. A value that misses a requirement has a "!", one that was never reported and is
 * required a "?": *marked is then set. */
void scoring_cells(const struct scoring *s, const struct trial_row *row, struct table *t,
                   bool *marked);
/* Says what the marks mean. */
void scoring_legend(const struct scoring *s, struct screen *out);

#endif
