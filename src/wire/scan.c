/*
 * From bytes to lines to reports.
 *
 * A line that lies whole in what was fed, with no escape in it, is looked at where it is; anything
 * else is put together in the stream's buffer of SCAN_LINE_MAX. Each stream may hold one report
 * back (a line that ended in a carriage return).
 */
#include "wire/scan.h"

#include "wire/scan_line.h"

#include <stdlib.h>
#include <string.h>

enum { STREAMS = 2, CUT_WINDOW = 4096 };
enum escape_state { PLAIN, ESCAPE, CONTROL_SEQUENCE, TITLE, TITLE_ESCAPE, CHARACTER_SET };
enum line_end { END_NEWLINE, END_RETURN, END_PIECE };

/* What was found on a line: for each declared name, whether and which value. */
struct found_line {
    bool *found;
    double *values;
    uint32_t n;
    bool has_step;
    int64_t step;
};

struct stream {
    char *line;
    size_t n;
    enum escape_state escape;
    struct found_line held;
};

struct scan {
    struct line_names names;
    struct str *name_views;
    char *name_bytes;
    struct line_pattern *pattern;
    int64_t first_step, last_step;
    bool step_seen;
    int64_t *counts; /* how often each name came without any step known */
    struct found_line now;
    struct wire_metric *metrics;
    struct stream stream[STREAMS];
    struct seen_names seen;
    scan_found *found;
    void *self;
};

static enum code check_names(const struct str *names, size_t n, struct error *e)
{
    if (n > REPORT_METRICS_MAX)
        return error_set(e, E_LIMIT, "%zu metrics are declared; %d are allowed", n,
                         REPORT_METRICS_MAX);
    for (size_t i = 0; i < n; i++)
        if (names[i].n == 0 || names[i].n > METRIC_NAME_MAX)
            return error_set(e, E_LIMIT, "a metric's name has %zu bytes; 1 to %d are allowed",
                             names[i].n, METRIC_NAME_MAX);
    return OK;
}

static bool copy_names(struct scan *s, const struct str *names, size_t n)
{
    size_t total = 1;
    for (size_t i = 0; i < n; i++)
        total += names[i].n;
    s->name_bytes = malloc(total);
    s->name_views = calloc(n + 1, sizeof(*s->name_views));
    if (!s->name_bytes || !s->name_views)
        return false;
    char *p = s->name_bytes;
    for (size_t i = 0; i < n; i++) {
        memcpy(p, names[i].p, names[i].n);
        s->name_views[i] = (struct str){p, names[i].n};
        p += names[i].n;
    }
    s->names = (struct line_names){s->name_views, n};
    return true;
}

static bool found_line_init(struct found_line *f, size_t n)
{
    f->found = calloc(n + 1, sizeof(*f->found));
    f->values = calloc(n + 1, sizeof(*f->values));
    return f->found && f->values;
}

static void found_line_free(struct found_line *f)
{
    free(f->found);
    free(f->values);
}

static bool allocate(struct scan *s, const struct str *names, size_t n)
{
    bool all = copy_names(s, names, n) && found_line_init(&s->now, n);
    for (int i = 0; i < STREAMS && all; i++)
        all = found_line_init(&s->stream[i].held, n);
    s->counts = calloc(n + 1, sizeof(*s->counts));
    s->metrics = calloc(n + 1, sizeof(*s->metrics));
    return all && s->counts && s->metrics;
}

enum code scan_new(struct scan **ret, const struct str *names, size_t n_names, struct str pattern,
                   int64_t first_step, struct error *e)
{
    enum code code = check_names(names, n_names, e);
    if (code != OK)
        return code;
    struct scan *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->first_step = first_step;
    if (!allocate(s, names, n_names))
        code = error_nomem(e);
    if (code == OK && pattern.n)
        code = line_pattern_new(pattern, &s->pattern, e);
    if (code != OK)
        scan_free(s);
    else
        *ret = s;
    return code;
}

void scan_free(struct scan *s)
{
    if (!s)
        return;
    for (int i = 0; i < STREAMS; i++) {
        free(s->stream[i].line);
        found_line_free(&s->stream[i].held);
    }
    found_line_free(&s->now);
    line_pattern_free(s->pattern);
    free(s->name_bytes);
    free(s->name_views);
    free(s->counts);
    free(s->metrics);
    free(s);
}

/* Without any step known, each metric's own count names it: two metrics on two lines of the same
 * epoch then agree. */
static int64_t counted_step(struct scan *s, const struct found_line *f)
{
    int64_t most = 0;
    for (size_t i = 0; i < s->names.n; i++)
        if (f->found[i] && ++s->counts[i] > most)
            most = s->counts[i];
    return s->first_step + most;
}

/* Gives what was found to the caller, and empties it. */
static void emit(struct scan *s, struct found_line *f)
{
    if (f->n == 0)
        return;
    uint32_t n = 0;
    for (size_t i = 0; i < s->names.n; i++)
        if (f->found[i])
            s->metrics[n++] = (struct wire_metric){s->names.v[i], f->values[i]};
    int64_t step = f->has_step ? f->step : counted_step(s, f);
    memset(f->found, 0, s->names.n * sizeof(*f->found));
    f->n = 0;
    s->found(s->self, &(struct scan_report){step, n, s->metrics});
}

/* Whether `f` says all that the held report says, of the same step: then it is a later state of the
 * same progress bar. */
static bool replaces(const struct scan *s, const struct found_line *held,
                     const struct found_line *f)
{
    if (f->has_step != held->has_step || (f->has_step && f->step != held->step))
        return false;
    for (size_t i = 0; i < s->names.n; i++)
        if (held->found[i] && !f->found[i])
            return false;
    return true;
}

static void hold(struct scan *s, struct found_line *held)
{
    struct found_line empty = *held;
    *held = s->now;
    s->now = empty;
    memset(s->now.found, 0, s->names.n * sizeof(*s->now.found));
    s->now.n = 0;
}

static void take_facts(struct scan *s, const struct line_facts *facts)
{
    struct found_line *f = &s->now;
    bool from_word = facts->source < STEP_BAR;
    f->n = facts->n_found;
    if (from_word) {
        s->step_seen = true;
        s->last_step = facts->step;
    }
    f->has_step = from_word || s->step_seen || facts->source == STEP_BAR;
    f->step = from_word || !s->step_seen ? facts->step : s->last_step;
}

static void read_line(struct scan *s, struct stream *stream, struct str line, enum line_end end)
{
    struct found_line *held = &stream->held;
    struct line_facts facts = {.source = STEP_NONE, .found = s->now.found, .values = s->now.values};
    if (s->pattern)
        line_read_pattern(s->pattern, line, &s->names, &facts);
    const struct line_names none = {NULL, 0};
    if (!s->pattern || facts.source == STEP_NONE)
        line_read_common(line, s->pattern ? &none : &s->names, &facts, &s->seen);
    take_facts(s, &facts);
    if (s->now.n == 0) {
        bool another_step = facts.source < STEP_BAR && held->has_step && held->step != facts.step;
        if (end == END_NEWLINE || another_step)
            emit(s, held);
        return;
    }
    if (held->n && !replaces(s, held, &s->now))
        emit(s, held);
    if (end == END_RETURN) {
        hold(s, held);
        return;
    }
    memset(held->found, 0, s->names.n * sizeof(*held->found));
    held->n = 0;
    emit(s, &s->now);
}

/* Where a line that is too long may be cut: after a blank or comma that does not stand between a
 * name and its number. */
static size_t cut_place(struct str line)
{
    size_t least = line.n > CUT_WINDOW ? line.n - CUT_WINDOW : 1;
    for (size_t i = line.n - 1; i > least; i--) {
        char c = line.p[i], before = line.p[i - 1];
        bool gap = c == ' ' || c == '\t' || c == ',' || c == ';' || c == '}';
        if (gap && !(before && strchr("=: \t'\"", before)))
            return i;
    }
    return line.n;
}

static bool gather(struct scan *s, struct stream *stream, struct str bytes)
{
    if (!stream->line) {
        stream->line = malloc(SCAN_LINE_MAX);
        stream->n = 0;
    }
    if (!stream->line)
        return false;
    while (bytes.n) {
        if (stream->n == SCAN_LINE_MAX) {
            size_t cut = cut_place((struct str){stream->line, stream->n});
            read_line(s, stream, (struct str){stream->line, cut}, END_PIECE);
            memmove(stream->line, stream->line + cut, stream->n - cut);
            stream->n -= cut;
        }
        struct str fits = str_sub(bytes, 0, SCAN_LINE_MAX - stream->n);
        memcpy(stream->line + stream->n, fits.p, fits.n);
        stream->n += fits.n;
        bytes = str_sub(bytes, fits.n, bytes.n);
    }
    return true;
}

/* `rest` is the end of the line, `end` how it ended. */
static bool end_line(struct scan *s, struct stream *stream, struct str rest, enum line_end end)
{
    if (stream->n == 0 && rest.n <= SCAN_LINE_MAX) {
        read_line(s, stream, rest, end);
        return true;
    }
    if (!gather(s, stream, rest))
        return false;
    read_line(s, stream, (struct str){stream->line, stream->n}, end);
    stream->n = 0;
    return true;
}

/* One byte of an escape sequence: CSI ... letter, OSC ... BEL or ESC \, ESC ( x, ESC x. */
static enum escape_state escape_step(enum escape_state state, char c)
{
    switch (state) {
    case ESCAPE:
        return c == '['               ? CONTROL_SEQUENCE
               : c == ']'             ? TITLE
               : c == '(' || c == ')' ? CHARACTER_SET
                                      : PLAIN;
    case CONTROL_SEQUENCE:
        return c >= 0x40 && c <= 0x7e ? PLAIN : state;
    case TITLE:
        return c == '\a' ? PLAIN : c == '\033' ? TITLE_ESCAPE : state;
    case PLAIN:
    case TITLE_ESCAPE:
    case CHARACTER_SET:
        break;
    }
    return PLAIN;
}

/* Passes over the rest of an escape; a line end always ends it, so that a broken one costs a line
 * at most. */
static struct str skip_escape(struct stream *stream, struct str bytes)
{
    size_t i = 0;
    while (i < bytes.n && stream->escape != PLAIN) {
        if (bytes.p[i] == '\n' || bytes.p[i] == '\r')
            stream->escape = PLAIN;
        else
            stream->escape = escape_step(stream->escape, bytes.p[i++]);
    }
    return str_sub(bytes, i, bytes.n);
}

/* The next newline, return and escape; each is looked for again only once it was passed, so that
 * the bytes are read once for each of the three, however short the lines. */
struct marks {
    const char *end;
    const char *at[3];
};

static const char *find_mark(const char *p, const char *end, int c)
{
    const char *found = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
    return found ? found : end;
}

static const char *next_mark(struct marks *m, const char *from)
{
    static const char bytes[3] = {'\n', '\r', '\033'};
    const char *next = m->end;
    for (int i = 0; i < 3; i++) {
        if (!m->at[i] || m->at[i] < from)
            m->at[i] = find_mark(from, m->end, bytes[i]);
        if (m->at[i] < next)
            next = m->at[i];
    }
    return next;
}

enum code scan_feed(struct scan *s, int stream_number, struct str bytes, scan_found *found,
                    void *self)
{
    struct stream *stream = &s->stream[stream_number == 1];
    s->found = found;
    s->self = self;
    if (bytes.n == 0)
        return OK;
    struct marks marks = {.end = bytes.p + bytes.n};
    while (bytes.n) {
        if (stream->escape != PLAIN) {
            bytes = skip_escape(stream, bytes);
            continue;
        }
        const char *mark = next_mark(&marks, bytes.p);
        struct str part = str_sub(bytes, 0, (size_t)(mark - bytes.p));
        bool ends = mark < marks.end && *mark != '\033', well;
        if (ends)
            well = end_line(s, stream, part, *mark == '\r' ? END_RETURN : END_NEWLINE);
        else
            well = part.n == 0 || gather(s, stream, part);
        if (!well)
            return E_NOMEM;
        if (mark < marks.end && *mark == '\033')
            stream->escape = ESCAPE;
        bytes = str_sub(bytes, part.n + (mark < marks.end), bytes.n);
    }
    return OK;
}

enum code scan_end(struct scan *s, scan_found *found, void *self)
{
    s->found = found;
    s->self = self;
    for (int i = 0; i < STREAMS; i++) {
        if (!end_line(s, &s->stream[i], (struct str){"", 0}, END_NEWLINE))
            return E_NOMEM;
        s->stream[i].escape = PLAIN;
    }
    return OK;
}

void scan_note(struct scan *s, struct str name)
{
    line_note_seen(&s->seen, name);
}

void scan_seen(const struct scan *s, struct buf *b)
{
    for (size_t i = 0; i < s->seen.n; i++) {
        buf_cstr(b, i ? ", " : "");
        buf_add(b, s->seen.name[i], s->seen.length[i]);
    }
}
