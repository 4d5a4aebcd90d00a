/* One line of output: what it says about metrics and steps. Private to the scanner. */
#ifndef WIRE_SCAN_LINE_H
#define WIRE_SCAN_LINE_H

#include "wire/frame.h"

enum { SEEN_MAX = 10, SEEN_NAME_MAX = 48 };

/* Names before a number that nobody declared. */
struct seen_names {
    size_t n;
    char name[SEEN_MAX][SEEN_NAME_MAX];
    uint8_t length[SEEN_MAX];
};

/* The step's source, best first. */
enum step_source { STEP_STEP, STEP_EPOCH, STEP_ITER, STEP_BAR, STEP_NONE };

struct line_facts {
    enum step_source source;
    int64_t step;
    uint32_t n_found;
    bool *found;    /* for each declared name */
    double *values; /* of those found */
};

struct line_names {
    const struct str *v;
    size_t n;
};

/* The number at the start of s, and that it ends where a number may. Bytes taken, 0: none. */
size_t line_number(struct str s, bool fraction_may_follow, double *ret);
bool line_word_char(char c);
/* A step from a number: false where it makes none. */
bool line_step(double number, int64_t *ret);
void line_found(struct line_facts *facts, size_t name, double value);

/* A name that stood before a number. */
void line_note_seen(struct seen_names *seen, struct str key);
void line_read_common(struct str line, const struct line_names *names, struct line_facts *facts,
                      struct seen_names *seen);

struct line_pattern;
enum code line_pattern_new(struct str text, struct line_pattern **ret, struct error *e) must_check;
void line_pattern_free(struct line_pattern *p);
void line_read_pattern(const struct line_pattern *p, struct str line,
                       const struct line_names *names, struct line_facts *facts);

#endif
