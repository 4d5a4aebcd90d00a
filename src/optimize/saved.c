/*
 * Saving and loading.
 *
 * A saved optimizer is lines of JSON:
 *
 *   {"trawl":"optimizer","format":1,"by":"0.1.0","file","source","overrides"}
 *   {"seq":1,"kind":"begin","trial":0,"data":{...}}       an entry of the journal (searcher.h), ...
 *   {"reported":{"trial":3,"step":5,"value":0.4,          what a running trial said last, which the
 *                "missed":0.0}}                           journal may have no word of, ...
 *   {"end":{"lines":12,"hash":"0123456789abcdef"}}        of all lines before, ends included
 *
 * Entries are read by their form to the letter: nobody else writes them.
 */
#include "optimize/internal.h"

#include "base/io.h"
#include "base/json_reader.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1, HEADER_ARENA = 256 << 20 };

#define SAVED_MAX ((size_t)16 << 30)

/* --- saving --- */

static void write_header(const struct optimizer *o, struct json *j)
{
    jw_object(j);
    jw_member_str(j, "trawl", STR("optimizer"));
    jw_key(j, "format");
    jw_i64(j, FORMAT);
    jw_member_str(j, "by", STR(TRAWL_VERSION));
    jw_member_str(j, "file", o->settings->file);
    jw_member_str(j, "source", o->settings->source);
    jw_member_str(j, "overrides", o->settings->overrides);
    jw_object_end(j);
    jw_newline(j);
}

static void write_reported(const struct record *r, int64_t trial, struct json *j)
{
    jw_object(j);
    jw_key(j, "reported");
    jw_object(j);
    jw_key(j, "trial");
    jw_i64(j, trial);
    jw_key(j, "step");
    jw_i64(j, r->step);
    jw_key(j, "value");
    jw_real(j, r->value);
    jw_key(j, "missed");
    jw_real(j, r->missed);
    jw_object_end(j);
    jw_object_end(j);
    jw_newline(j);
}

static size_t count_lines(struct str s)
{
    size_t n = 0;
    for (const char *p = s.p, *end = s.p + s.n; p < end && (p = memchr(p, '\n', (size_t)(end - p)));
         p++)
        n++;
    return n;
}

static enum code write_all(const struct optimizer *o, struct buf *b, struct error *e)
{
    struct json j;
    size_t before = b->n;
    jw_init(&j, b);
    write_header(o, &j);
    buf_str(b, buf_view(&o->journal));
    for (size_t i = 0; i < o->n; i++)
        if (!o->trials[i].ended && o->trials[i].step >= 0)
            write_reported(&o->trials[i], (int64_t)i + 1, &j);
    struct str all = str_sub(buf_view(b), before, SIZE_MAX);
    size_t lines = count_lines(all);
    uint64_t hash = str_hash(all);
    buf_fmt(b, "{\"end\":{\"lines\":%zu,\"hash\":\"%016" PRIx64 "\"}}\n", lines, hash);
    enum code code = jw_end(&j, e);
    return code == OK ? buf_end(b, e) : code;
}

enum code optimizer_write(struct optimizer *o, struct buf *b, struct error *e)
{
    (void)pthread_mutex_lock(&o->lock);
    enum code code = write_all(o, b, e);
    (void)pthread_mutex_unlock(&o->lock);
    return code;
}

enum code optimizer_save(struct optimizer *o, const char *path, struct error *e)
{
    struct buf b;
    buf_init(&b, SAVED_MAX);
    enum code code = optimizer_write(o, &b, e);
    if (code == OK)
        code = io_replace_file(path, buf_view(&b), 0644, e);
    buf_free(&b);
    return code;
}

/* --- loading --- */

/* A text being read. */
struct saved {
    const char *name;
    struct str rest, header;
    int64_t line; /* of what was cut last */
    struct error *e;
};

static enum code damaged(const struct saved *s, const char *fmt, ...) printf_like(2, 3);

static enum code damaged(const struct saved *s, const char *fmt, ...)
{
    struct error why;
    va_list ap;
    va_start(ap, fmt);
    (void)error_setv(&why, E_CORRUPT, fmt, ap);
    va_end(ap);
    (void)error_set(s->e, E_CORRUPT, "%s can't be read as a saved optimizer: %s", s->name,
                    why.message);
    if (s->e && s->line > 0) {
        error_detail(s->e, "line %lld", (long long)s->line);
        error_hint(s->e, "it was cut off or changed: load an earlier one");
    }
    return E_CORRUPT;
}

static struct str next_line(struct saved *s)
{
    s->line++;
    return str_cut(&s->rest, '\n');
}

/* Takes `literal` off the front. */
static bool take(struct str *s, const char *literal)
{
    if (!str_starts(*s, literal))
        return false;
    *s = str_sub(*s, strlen(literal), SIZE_MAX);
    return true;
}

static bool take_whole(struct str *s, int64_t *ret)
{
    size_t n = 0;
    while (n < s->n && n < 20 && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!number_parse_i64(str_sub(*s, 0, n), ret))
        return false;
    *s = str_sub(*s, n, SIZE_MAX);
    return true;
}

/* Nothing is parsed of a text that isn't whole: the last line says what all lines before are. */
static enum code check_end(struct saved *s)
{
    static const char start[] = "{\"end\":{\"lines\":";
    struct str all = s->rest;
    int64_t lines;
    if (!str_starts(all, "{\"trawl\":\"optimizer\","))
        return damaged(s, "it does not begin like one");
    size_t at = all.n > 0 && all.p[all.n - 1] == '\n' ? all.n - 1 : 0;
    while (at > 0 && all.p[at - 1] != '\n')
        at--;
    struct str body = str_sub(all, 0, at), last = str_sub(all, at, SIZE_MAX);
    char hash[17] = "";
    s->line = (int64_t)count_lines(all);
    if (at == 0 || !take(&last, start) || !take_whole(&last, &lines) ||
        !take(&last, ",\"hash\":\""))
        return damaged(s, "its end is missing");
    snprintf(hash, sizeof(hash), "%016" PRIx64, str_hash(body));
    if (!take(&last, hash) || !str_is(last, "\"}}\n") || lines != (int64_t)count_lines(body))
        return damaged(s, "its lines are not those that were written");
    s->rest = body;
    s->line = 0;
    return OK;
}

struct header {
    struct str file, source, overrides;
};

static bool member_text(const struct json_node *root, const char *key, struct str *ret)
{
    const struct json_node *m = json_member(root, key);
    if (!m || m->kind != JSON_KIND_STRING)
        return false;
    *ret = m->text;
    return true;
}

static enum code read_header(struct saved *s, struct arena *a, struct header *ret)
{
    const struct json_node *root;
    struct error why = {.code = OK};
    struct str by;
    if (json_read(next_line(s), a, &root, &why) != OK)
        return damaged(s, "%s", why.message);
    const struct json_node *format = json_member(root, "format");
    if (!format || !format->whole || format->integer < 1 || !member_text(root, "by", &by) ||
        !member_text(root, "file", &ret->file) || !member_text(root, "source", &ret->source) ||
        !member_text(root, "overrides", &ret->overrides))
        return damaged(s, "its first line makes no sense");
    if (format->integer <= FORMAT)
        return OK;
    (void)error_set(s->e, E_VERSION, "%s was saved by a newer trawl, %.*s", s->name,
                    STR_FMT(str_sub(by, 0, 40)));
    error_hint(s->e, "this is %s: load it with the newer one", TRAWL_VERSION);
    return E_VERSION;
}

/* {"seq":1,"kind":"begin","trial":0,"data":{...}} */
static bool parse_entry(struct str line, struct entry *ret)
{
    struct str kind;
    if (!take(&line, "{\"seq\":") || !take_whole(&line, &ret->seq) || !take(&line, ",\"kind\":\""))
        return false;
    kind = str_cut(&line, '"');
    if (!entry_kind_parse(kind, &ret->kind) || !take(&line, ",\"trial\":") ||
        !take_whole(&line, &ret->trial) || !take(&line, ",\"data\":") || line.n < 2)
        return false;
    ret->data = str_sub(line, 0, line.n - 1);
    return true;
}

/* {"event":"trials","trials":60}, and evidence; others are not ours. */
static enum code recall_event(struct optimizer *o, struct saved *s, const struct entry *x)
{
    const struct json_node *root;
    if (json_read(x->data, &o->scratch, &root, NULL) != OK)
        return damaged(s, "an event makes no sense");
    const struct json_node *event = json_member(root, "event");
    const struct json_node *trials = json_member(root, "trials");
    if (event && str_is(event->text, "evidence"))
        o->evidence++;
    if (!event || !str_is(event->text, "trials"))
        return OK;
    if (!trials || !trials->whole || trials->integer < 0)
        return damaged(s, "an event makes no sense");
    optimizer_recall_trials(o, trials->integer);
    return OK;
}

static enum code recall_ask(struct optimizer *o, struct saved *s, const struct entry *x, size_t at,
                            struct record *r)
{
    struct ask_record asked;
    enum code code = entry_read_ask(x, &o->search, &o->scratch, &asked, s->e);
    if (code != OK)
        return code;
    if (asked.is_more && !r)
        return damaged(s, "an entry of no trial");
    if (asked.is_more) {
        record_more(r, asked.more.steps);
        return OK;
    }
    code = record_reserve(o, s->e);
    if (code == OK)
        record_add(o, &(struct record){.asked = at,
                                       .budget = asked.steps,
                                       .from = asked.parent > 0 ? asked.from : 0,
                                       .hash = searcher_hash(o->searcher, x->trial),
                                       .baseline = asked.baseline});
    return code;
}

static enum code recall_end(struct optimizer *o, struct saved *s, const struct entry *x,
                            struct record *r)
{
    struct exit_record end;
    enum code code = entry_read_exit(x, &o->search, &end, s->e);
    if (code == OK)
        record_end(o, r, &end);
    return code;
}

/* What the searcher has taken, taken for ourselves. */
static enum code recall(struct optimizer *o, struct saved *s, const struct entry *x, size_t at)
{
    struct report_record report;
    bool known = x->trial >= 1 && (uint64_t)x->trial <= o->n;
    struct record *r = known ? &o->trials[x->trial - 1] : NULL;
    enum code code = OK;
    switch (x->kind) {
    case ENTRY_BEGIN:
        return OK;
    case ENTRY_ASK:
        return recall_ask(o, s, x, at, r);
    case ENTRY_EVENT:
        return recall_event(o, s, x);
    case ENTRY_REPORT:
        code = r ? entry_read_report(x, &o->search, &report, s->e) : E_CORRUPT;
        if (code == OK)
            record_report(o, r, report.step, report.value, report.decision);
        break;
    case ENTRY_EXIT:
        code = r ? recall_end(o, s, x, r) : E_CORRUPT;
        break;
    }
    return r ? code : damaged(s, "an entry of no trial");
}

static enum code apply(struct optimizer *o, struct saved *s, struct str line)
{
    struct entry x;
    struct error why = {.code = OK};
    size_t at = o->journal.n;
    arena_clear(&o->scratch);
    if (!parse_entry(line, &x))
        return damaged(s, "the line is no entry");
    enum code code = searcher_apply(o->searcher, &x, &why);
    if (code == E_CORRUPT)
        return damaged(s, "%s", why.message);
    if (code != OK && s->e)
        *s->e = why;
    if (code != OK)
        return code;
    buf_str(&o->journal, line);
    buf_char(&o->journal, '\n');
    code = buf_end(&o->journal, s->e);
    return code == OK ? recall(o, s, &x, at) : code;
}

static bool member_whole(const struct json_node *x, const char *key, int64_t lo, int64_t *ret)
{
    const struct json_node *m = json_member(x, key);
    if (!m || !m->whole || m->integer < lo)
        return false;
    *ret = m->integer;
    return true;
}

static bool member_real(const struct json_node *x, const char *key, double *ret)
{
    const struct json_node *m = json_member(x, key);
    if (m && m->kind == JSON_KIND_NUMBER)
        *ret = m->real;
    return m && (m->kind == JSON_KIND_NUMBER || number_parse_real(m->text, ret));
}

/* {"reported":{"trial":3,"step":5,"value":0.4,"missed":0.0}} */
static enum code apply_reported(struct optimizer *o, struct saved *s, struct str line)
{
    const struct json_node *root, *x = NULL;
    int64_t trial, step;
    double value, missed;
    arena_clear(&o->scratch);
    if (json_read(line, &o->scratch, &root, NULL) == OK)
        x = json_member(root, "reported");
    if (!x || !member_whole(x, "trial", 1, &trial) || !member_whole(x, "step", 0, &step) ||
        !member_real(x, "value", &value) || !member_real(x, "missed", &missed) ||
        (uint64_t)trial > o->n)
        return damaged(s, "the line is no report");
    struct record *r = &o->trials[trial - 1];
    if (r->ended || step < r->step)
        return damaged(s, "a report that comes too late");
    record_report(o, r, step, value,
                  r->stopping ? DECISION_STOP
                  : r->paused ? DECISION_PAUSE
                              : DECISION_CONTINUE);
    r->missed = missed;
    return OK;
}

/* The searcher that the first entry tells of. */
static enum code revive(struct optimizer *o, struct saved *s, struct str line)
{
    struct entry x;
    struct begin_record begin;
    struct error why = {.code = OK};
    if (!parse_entry(line, &x) || x.kind != ENTRY_BEGIN)
        return damaged(s, "the journal has no beginning");
    if (entry_read_begin(&x, &o->scratch, &begin, &why) != OK ||
        searcher_method_of(&x, &o->scratch, &o->search.method, &why) != OK)
        return damaged(s, "%s", why.message);
    o->search.seed = (uint64_t)begin.seed;
    return searcher_new(&o->searcher, &o->search, s->e);
}

static enum code replay(struct optimizer *o, struct saved *s)
{
    struct str first = next_line(s);
    enum code code = revive(o, s, first);
    if (code == OK)
        code = apply(o, s, first);
    while (code == OK && s->rest.n > 0) {
        struct str line = next_line(s);
        code = str_starts(line, "{\"reported\":") ? apply_reported(o, s, line) : apply(o, s, line);
    }
    return code;
}

/* The settings that were right once are right, unless this trawl knows more about them. */
static enum code reload(struct saved *s, const struct header *h, struct arena *a,
                        struct settings **ret)
{
    struct problems problems;
    const char *file = arena_cstr(a, h->file);
    if (!file)
        return error_nomem(s->e);
    problems_init(&problems);
    enum code code = conf_reload(h->source, file, h->overrides, ret, &problems);
    if (code != OK && problems.n > 0) {
        code = problems.v[0].code;
        if (s->e)
            *s->e = problems.v[0];
    } else if (code != OK) {
        code = error_nomem(s->e);
    }
    problems_free(&problems);
    return code;
}

enum code optimizer_read(struct optimizer **ret, struct str text, const char *name,
                         struct clock clock, struct error *e)
{
    struct saved s = {.name = name, .rest = text, .e = e};
    struct settings *settings = NULL;
    struct optimizer *o = NULL;
    struct header h = {.file = {NULL, 0}};
    struct arena a;
    arena_init(&a, HEADER_ARENA);
    enum code code = check_end(&s);
    if (code == OK)
        code = read_header(&s, &a, &h);
    if (code == OK)
        code = reload(&s, &h, &a, &settings);
    if (code == OK && !(o = optimizer_allocate(settings, 0, clock))) {
        settings_free(settings);
        code = error_nomem(e);
    }
    if (code == OK)
        code = replay(o, &s);
    arena_free(&a);
    if (code == OK)
        *ret = o;
    else
        optimizer_free(o);
    return code;
}

enum code optimizer_load(struct optimizer **ret, const char *path, struct clock clock,
                         struct error *e)
{
    struct buf b;
    buf_init(&b, SAVED_MAX);
    enum code code = io_read_file(path, SAVED_MAX - 1, &b, e);
    if (code == OK)
        code = optimizer_read(ret, buf_view(&b), path, clock, e);
    buf_free(&b);
    return code;
}
