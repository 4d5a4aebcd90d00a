/*
 * Patterns: "{name} is {value} at {step}".
 *
 * A pattern is a short list of parts, tried at every place of a line from the left; parts take as
 * much as they can and never give back, which is enough for what people write and keeps a line's
 * cost at its length times the pattern's.
 */
#include "wire/scan_line.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 32, PATTERN_MAX = 1000 };
enum part_kind { PART_TEXT, PART_BLANKS, PART_NAME, PART_VALUE, PART_STEP };

struct part {
    enum part_kind kind;
    struct str text;
};

struct line_pattern {
    size_t n;
    struct part part[PARTS_MAX];
    char text[PATTERN_MAX];
};

struct match {
    size_t name;
    double value;
    bool has_step;
    int64_t step;
};

static const struct {
    const char *text;
    enum part_kind kind;
} marks[] = {{"{name}", PART_NAME}, {"{value}", PART_VALUE}, {"{step}", PART_STEP}};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t count_kind(const struct line_pattern *p, enum part_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->part[i].kind == kind;
    return n;
}

/* The part that s begins with. Bytes taken. */
static size_t cut_part(struct str s, struct part *ret)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (str_starts(s, marks[i].text)) {
            ret->kind = marks[i].kind;
            return strlen(marks[i].text);
        }
    bool blank = is_blank(s.p[0]);
    size_t n = 1;
    while (n < s.n && is_blank(s.p[n]) == blank && (blank || s.p[n] != '{'))
        n++;
    *ret = (struct part){blank ? PART_BLANKS : PART_TEXT, {s.p, n}};
    return n;
}

static enum code compile(struct line_pattern *p, struct str text, struct error *e)
{
    memcpy(p->text, text.p, text.n);
    struct str rest = {p->text, text.n};
    while (rest.n) {
        if (p->n == PARTS_MAX)
            return error_set(e, E_LIMIT, "a metrics pattern has more than %d parts", PARTS_MAX);
        rest = str_sub(rest, cut_part(rest, &p->part[p->n++]), rest.n);
    }
    if (count_kind(p, PART_VALUE) != 1 || count_kind(p, PART_NAME) > 1 ||
        count_kind(p, PART_STEP) > 1) {
        error_set(e, E_INVALID,
                  "a metrics pattern needs {value} once, {name} and {step} at most once");
        error_hint(e, "such as \"{name} is {value} at {step}\"");
        return E_INVALID;
    }
    return OK;
}

enum code line_pattern_new(struct str text, struct line_pattern **ret, struct error *e)
{
    if (text.n > PATTERN_MAX)
        return error_set(e, E_LIMIT, "a metrics pattern has %zu bytes; %d are allowed", text.n,
                         PATTERN_MAX);
    struct line_pattern *p = calloc(1, sizeof(*p));
    if (!p)
        return error_nomem(e);
    enum code code = compile(p, text, e);
    if (code != OK)
        free(p);
    else
        *ret = p;
    return code;
}

void line_pattern_free(struct line_pattern *p)
{
    free(p);
}

/* The longest declared name at the start of s that ends a word there. */
static size_t take_name(struct str s, const struct line_names *names, size_t *ret_name)
{
    size_t longest = 0;
    for (size_t i = 0; i < names->n; i++) {
        struct str name = names->v[i];
        bool here = name.n > longest && name.n <= s.n && memcmp(s.p, name.p, name.n) == 0;
        if (here && (name.n == s.n || !line_word_char(s.p[name.n]))) {
            longest = name.n;
            *ret_name = i;
        }
    }
    return longest;
}

static size_t take_part(const struct part *part, struct str s, const struct line_names *names,
                        struct match *m)
{
    size_t n = 0;
    double number;
    switch (part->kind) {
    case PART_TEXT:
        n = part->text.n;
        return n <= s.n && memcmp(s.p, part->text.p, n) == 0 ? n : 0;
    case PART_BLANKS:
        while (n < s.n && is_blank(s.p[n]))
            n++;
        return n;
    case PART_NAME:
        return take_name(s, names, &m->name);
    case PART_VALUE:
        return line_number(s, false, &m->value);
    case PART_STEP:
        n = line_number(s, true, &number);
        m->has_step = n > 0 && line_step(number, &m->step);
        return m->has_step ? n : 0;
    }
    return 0;
}

/* Bytes that the whole pattern takes at the start of s; 0: it does not match here. */
static size_t take_all(const struct line_pattern *p, struct str s, const struct line_names *names,
                       struct match *m)
{
    size_t used = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t n = take_part(&p->part[i], str_sub(s, used, s.n), names, m);
        if (n == 0)
            return 0;
        used += n;
    }
    return used;
}

void line_read_pattern(const struct line_pattern *p, struct str line,
                       const struct line_names *names, struct line_facts *facts)
{
    bool starts_with_word = p->part[0].kind != PART_TEXT && p->part[0].kind != PART_BLANKS;
    for (size_t at = 0; at < line.n;) {
        struct match m = {0};
        bool inside = starts_with_word && at > 0 && line_word_char(line.p[at - 1]);
        size_t n = inside ? 0 : take_all(p, str_sub(line, at, line.n), names, &m);
        if (n == 0) {
            at++;
            continue;
        }
        line_found(facts, m.name, m.value);
        if (m.has_step && facts->source != STEP_STEP) {
            facts->source = STEP_STEP;
            facts->step = m.step;
        }
        at += n;
    }
}
