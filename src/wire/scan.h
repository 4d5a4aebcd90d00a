/*
 * Metrics in a program's output, with no code of the program's own.
 *
 * A metric is a declared name, bare or in quotes, not part of a longer word (letters, digits and
 * _ - . / make words), before `=` or `:` and a number: "val_auc=0.81", "'val_auc': 0.81",
 * "val_auc : 8.1e-1", "{'loss': np.float64(0.43)}", "loss: nan". A number runs to a blank, a
 * bracket or such: "3m", "1.2.3", "12:30", "0,81", "2024-01-02" are none.
 *
 * Its step is the number after step, epoch or iter(ation) on the same line, in that order of
 * preference and any case ("Epoch 3/10", "Epoch [3/10]", "'epoch': 3.0", "step=3"); else the last
 * one seen on any line; else the count of a tqdm bar on the line; else how often the metric was
 * seen. A float epoch counts the epochs that are done: 2.99 and 3.0 (Hugging Face prints both at
 * the end of the third) are 3, 2.5 is 2.
 *
 * Carriage returns end a line as newlines do, but such a line is going to be written over: it is
 * kept back until something else comes, and a next state with the same step takes its place, so
 * that of a progress bar the last state counts. ANSI escapes are dropped. Lines past SCAN_LINE_MAX
 * are looked at in pieces, cut at blanks. Memory is bounded whatever comes in.
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

typedef void scan_found(void *self, const struct scan_report *r);

/* pattern: like "{name} is {value} at {step}": literal but for the three marks, runs of white space
 * match any. {value} must be there; without {name} it is the first name's; without {step} steps are
 * found as ever. n == 0: the common forms. Names are copied. first_step: where counting starts; the
 * first report without a step is one more. */
enum code scan_new(struct scan **ret, const struct str *names, size_t n_names, struct str pattern,
                   int64_t first_step, struct error *e) must_check;
void scan_free(struct scan *s);
/* Feeds bytes of one stream (0 stdout, 1 stderr); calls `found` once a line that has metrics. */
enum code scan_feed(struct scan *s, int stream, struct str bytes, scan_found *found,
                    void *self) must_check;
/* Nothing more comes: what was kept back is given. */
enum code scan_end(struct scan *s, scan_found *found, void *self) must_check;
/* Names that stood before a number without being declared, for the message of no_metric: comma
 * separated, at most ten. scan_note adds one that came another way. */
void scan_note(struct scan *s, struct str name);
void scan_seen(const struct scan *s, struct buf *b);

#endif
