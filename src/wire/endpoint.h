/*
 * The endpoint's messages: one JSON object a line, program to supervisor and back.
 *
 *   {"token": "...", "report": {"step": 3, "metrics": {"val_auc": 0.81, "loss": "nan"}}, "wait":
 * true}
 *      -> {"decision": "continue"}        "stop", "pause"
 *   {"token": "...", "infeasible": "does not fit in memory"} -> {"ok": true}
 *   anything else -> {"error": "..."}
 * "step" may be left out (one more than the last). Several reports: {"reports": [{...}, ...]}, one
 * answer for all. Versioned with the frames; see docs/PROTOCOL.md.
 */
#ifndef WIRE_ENDPOINT_H
#define WIRE_ENDPOINT_H

#include "wire/frame.h"

enum endpoint_kind { ENDPOINT_REPORTS, ENDPOINT_INFEASIBLE };
enum { ENDPOINT_LINE_MAX = 1 << 20 };

struct endpoint_report {
    bool has_step;
    int64_t step;
    uint32_t n;
    const struct wire_metric *metrics;
};

struct endpoint_message {
    enum endpoint_kind kind;
    struct str token;
    bool wait; /* default true */
    uint32_t n_reports;
    const struct endpoint_report *reports;
    struct str why; /* infeasible */
};

enum code endpoint_parse(struct str line, struct arena *a, struct endpoint_message *ret,
                         struct error *e) must_check;
void endpoint_decision(struct buf *b, enum verdict v); /* with the line end */
void endpoint_ok(struct buf *b);
void endpoint_error(struct buf *b, const char *message);

#endif
