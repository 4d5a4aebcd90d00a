/*
 * Metrics in a program's output, with no code of the program's own.
 *
 * A declared name, bare or quoted, not part of a longer word, before `=` or `:` and a number
 * ("val_auc=0.81", "'val_auc': 0.81", "val_auc : 8.1e-1"). The step is the number after step, epoch
 * or iter in the same way ("Epoch 3/10", "epoch: 3", "step=3"), a float epoch counts in whole
 * thousandths only where it must: see docs; else the last one seen; else a count of reports.
 * Carriage returns end a line as newlines do (progress bars); ANSI escapes are dropped; lines past
 * SCAN_LINE_MAX are looked at in pieces. Memory is bounded whatever comes in.
 */
#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include "wire/frame.h"

enum { SCAN_LINE_MAX = 64 * 1024 };

struct scan;

struct scan_report {
    int64_t step;
    uint32_t n;
    const struct wire_metric *metrics; /* valid in the call */
};

/* pattern: like "{name} is {value} at {step}": literal but for the three marks, runs of white space
 * match any. n == 0: the common forms. Names are copied. */
enum code scan_new(struct scan **ret, const struct str *names, size_t n_names, struct str pattern,
                   int64_t first_step, struct error *e) must_check;
void scan_free(struct scan *s);
/* Feeds bytes of one stream (0 stdout, 1 stderr); calls `found` once a line that has metrics. */
enum code scan_feed(struct scan *s, int stream, struct str bytes,
                    void (*found)(void *self, const struct scan_report *r), void *self) must_check;
enum code scan_end(struct scan *s, void (*found)(void *self, const struct scan_report *r),
                   void *self) must_check;
/* Names that stood before a number without being declared, for the message of no_metric: comma
 * separated, at most ten. */
void scan_seen(const struct scan *s, struct buf *b);

#endif
