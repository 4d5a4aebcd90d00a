/*
 * How much a front covers: its hypervolume (Zitzler & Thiele, IEEE Trans. Evol. Comput. 3(4),
 * 1999), shown.
 *
 * The reference point is the worst value of each objective among all trials that have values of
 * every objective, so that nobody need name one. As the search meets worse values it moves: volumes
 * of two searches can be compared by their shares, or by recomputing with one reference.
 */
#ifndef API_COVER_H
#define API_COVER_H

#include "api/scoring.h"

struct cover {
    bool known; /* false: one objective, no front, or no extent in some objective; or too many
                   points of too many objectives for the exact volume */
    double reference[STORE_OBJECTIVES_MAX]; /* as reported */
    double volume;                          /* may be infinite, where objectives are vast */
    double share; /* of the box between the best and the worst value of each objective */
};

enum code cover_of(struct store *s, struct search_id id, const struct scoring *scoring,
                   struct cover *ret, struct error *e) must_check;
/* A line; nothing where it isn't known. */
void cover_print(const struct cover *c, struct screen *out);
/* "hypervolume": {"volume", "share", "reference": {metric: value}}, or null. */
void cover_json(const struct cover *c, const struct scoring *scoring, struct json *j);

#endif
