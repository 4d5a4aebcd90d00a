/*
 * Metric points, and the names they are interned by.
 *
 * A point is a row of metric under (attempt, seq, name); one that is there already is left alone,
 * which makes adding idempotent. A name is a small integer in it; the names met last are kept in
 * memory, so that a point costs one descent of one tree and nothing else.
 */
#include "store/sqlite/backend.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

void names_clear(struct metric_names *n)
{
    for (size_t i = 0; i < n->n; i++)
        free((char *)(uintptr_t)n->v[i].text.p);
    memset(n, 0, sizeof(*n));
}

static uint64_t id_hash(int64_t id)
{
    return (uint64_t)id * 0x9e3779b97f4a7c15ULL >> 32; /* Fibonacci hashing, Knuth 6.4 */
}

static const struct metric_name *names_by_text(const struct metric_names *n, struct str text)
{
    for (size_t i = str_hash(text);; i++) {
        uint16_t at = n->by_text[i % NAME_SLOTS];
        if (!at || str_eq(n->v[at - 1].text, text))
            return at ? &n->v[at - 1] : NULL;
    }
}

static const struct metric_name *names_by_id(const struct metric_names *n, int64_t id)
{
    for (size_t i = id_hash(id);; i++) {
        uint16_t at = n->by_id[i % NAME_SLOTS];
        if (!at || n->v[at - 1].id == id)
            return at ? &n->v[at - 1] : NULL;
    }
}

static void names_place(uint16_t slots[NAME_SLOTS], uint64_t hash, size_t at)
{
    size_t i = hash;
    while (slots[i % NAME_SLOTS])
        i++;
    slots[i % NAME_SLOTS] = (uint16_t)(at + 1);
}

/* Remembers the name if there is room; forgetting is no failure. */
static void names_keep(struct metric_names *n, int64_t id, struct str text)
{
    if (n->n == NAMES_MAX)
        return;
    char *copy = malloc(text.n ? text.n : 1);
    if (!copy)
        return;
    memcpy(copy, text.p, text.n);
    n->v[n->n] = (struct metric_name){id, {copy, text.n}};
    names_place(n->by_text, str_hash(text), n->n);
    names_place(n->by_id, id_hash(id), n->n);
    n->n++;
}

/* The name's id; 0: the database has no such name. */
static enum code find_name(struct sqlite_store *q, struct str text, int64_t *ret, struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    const struct metric_name *known = names_by_text(&q->names, text);
    if (known) {
        *ret = known->id;
        return OK;
    }
    enum code code = statement_take(q, NAME_FIND, &st, e);
    if (code != OK)
        return code;
    bind_str(st, 1, text);
    code = statement_next(q, st, &row, e);
    if (code == OK)
        *ret = row ? column_i64(st, 0) : 0;
    statement_give(q, NAME_FIND, st);
    if (code == OK && *ret)
        names_keep(&q->names, *ret, text);
    return code;
}

static enum code intern(struct sqlite_store *q, struct str text, int64_t *ret, struct error *e)
{
    sqlite3_stmt *st;
    enum code code = find_name(q, text, ret, e);
    if (code != OK || *ret)
        return code;
    code = statement_take(q, NAME_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_str(st, 1, text);
    code = statement_run(q, NAME_INSERT, st, e);
    if (code != OK)
        return code;
    *ret = sqlite3_last_insert_rowid(q->db);
    names_keep(&q->names, *ret, text);
    return OK;
}

/* ---- writing ---- */

static enum code check_attempt(struct sqlite_store *q, struct attempt_id attempt, struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    if (attempt.v == q->known_attempt)
        return OK;
    enum code code = statement_take(q, ATTEMPT_EXISTS, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, attempt.v);
    code = statement_next(q, st, &row, e);
    statement_give(q, ATTEMPT_EXISTS, st);
    if (code == OK && !row)
        return error_set(e, E_NOT_FOUND, "there is no attempt %lld", (long long)attempt.v);
    if (code == OK)
        q->known_attempt = attempt.v;
    return code;
}

enum code sqlite_metrics_add(struct store *s, struct attempt_id attempt,
                             const struct metric_point *points, size_t n, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    enum code code = check_attempt(q, attempt, e);
    if (code == OK)
        code = statement_take(q, METRIC_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, attempt.v);
    for (size_t i = 0; i < n && code == OK; i++) {
        const struct metric_point *p = &points[i];
        int64_t name = 0;
        bool row;
        code = intern(q, p->name, &name, e);
        if (code != OK)
            break;
        bind_i64(st, 2, p->seq);
        bind_i64(st, 3, name);
        bind_i64(st, 4, p->step);
        bind_real(st, 5, p->value);
        bind_i64(st, 6, p->time);
        code = statement_next(q, st, &row, e);
        sqlite3_reset(st);
    }
    statement_give(q, METRIC_INSERT, st);
    return code;
}

/* ---- reading ---- */

/* Which attempt of a trial has the last word on (step, name): a hash table with open addressing. */
struct latest {
    struct latest_entry {
        int64_t step, name;
        int attempt; /* index + 1; 0: free */
    } * v;
    size_t n, capacity; /* a power of two, or 0 */
};

static struct latest_entry *latest_find(const struct latest *l, int64_t step, int64_t name)
{
    uint64_t hash = (uint64_t)step * 0x9e3779b97f4a7c15ULL ^ (uint64_t)name * 0xc2b2ae3d27d4eb4fULL;
    hash ^= hash >> 32;
    for (size_t i = hash;; i++) {
        struct latest_entry *entry = &l->v[i & (l->capacity - 1)];
        if (!entry->attempt || (entry->step == step && entry->name == name))
            return entry;
    }
}

static enum code latest_grow(struct latest *l, struct error *e)
{
    struct latest bigger = {.n = l->n, .capacity = l->capacity ? l->capacity * 2 : 1024};
    bigger.v = calloc(bigger.capacity, sizeof(*bigger.v));
    if (!bigger.v)
        return error_nomem(e);
    for (size_t i = 0; i < l->capacity; i++)
        if (l->v[i].attempt)
            *latest_find(&bigger, l->v[i].step, l->v[i].name) = l->v[i];
    free(l->v);
    *l = bigger;
    return OK;
}

static enum code latest_put(struct latest *l, int64_t step, int64_t name, int attempt,
                            struct error *e)
{
    if (l->n >= l->capacity / 2) {
        enum code code = latest_grow(l, e);
        if (code != OK)
            return code;
    }
    struct latest_entry *entry = latest_find(l, step, name);
    if (!entry->attempt)
        l->n++;
    *entry = (struct latest_entry){step, name, attempt};
    return OK;
}

/* One reading of a trial's metrics. */
struct reading {
    struct sqlite_store *q;
    int64_t name; /* 0: all */
    struct attempt_id *attempts;
    int n;
    struct latest latest; /* empty with fewer than two attempts */
    enum code (*visit)(void *, const struct metric_point *);
    void *self;
};

static enum code load_attempts(struct reading *r, struct trial_id id, struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(r->q, ATTEMPT_OF_TRIAL, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    while ((code = statement_next(r->q, st, &row, e)) == OK && row) {
        struct attempt_id *grown =
            reallocarray(r->attempts, (size_t)r->n + 1, sizeof(*r->attempts));
        if (!grown) {
            code = error_nomem(e);
            break;
        }
        r->attempts = grown;
        r->attempts[r->n++].v = column_i64(st, 0);
    }
    statement_give(r->q, ATTEMPT_OF_TRIAL, st);
    return code;
}

static enum code visit_point(struct reading *r, int attempt, sqlite3_stmt *st, struct error *e)
{
    int64_t id = column_i64(st, 4);
    struct metric_point p = {.attempt = attempt + 1,
                             .seq = column_i64(st, 0),
                             .step = column_i64(st, 1),
                             .value = column_real(st, 2),
                             .time = column_i64(st, 3)};
    const struct metric_name *known = names_by_id(&r->q->names, id);
    if (known) {
        p.name = known->text;
        return r->visit(r->self, &p);
    }
    sqlite3_stmt *name;
    bool row;
    enum code code = statement_take(r->q, NAME_GET, &name, e);
    if (code != OK)
        return code;
    bind_i64(name, 1, id);
    code = statement_next(r->q, name, &row, e);
    if (code == OK && !row)
        code = error_set(e, E_CORRUPT, "metric %lld has no name", (long long)id);
    if (code == OK) {
        p.name = column_str(name, 0);
        names_keep(&r->q->names, id, p.name);
        code = r->visit(r->self, &p);
    }
    statement_give(r->q, NAME_GET, name);
    return code;
}

/* Walks one attempt's points: notes them as the latest, or visits those that are. */
static enum code walk_attempt(struct reading *r, int attempt, bool note, struct error *e)
{
    enum statement which = r->name ? METRIC_NAMED : METRIC_ALL;
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(r->q, which, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, r->attempts[attempt].v);
    if (r->name)
        bind_i64(st, 2, r->name);
    while (code == OK && (code = statement_next(r->q, st, &row, e)) == OK && row) {
        int64_t step = column_i64(st, 1), name = column_i64(st, 4);
        if (note)
            code = latest_put(&r->latest, step, name, attempt + 1, e);
        else if (!r->latest.v || latest_find(&r->latest, step, name)->attempt == attempt + 1)
            code = visit_point(r, attempt, st, e);
    }
    statement_give(r->q, which, st);
    return code;
}

enum code sqlite_metrics(struct store *s, struct trial_id id, struct str name,
                         enum code (*visit)(void *, const struct metric_point *), void *self,
                         struct error *e)
{
    struct reading r = {.q = sqlite_of(s), .visit = visit, .self = self};
    enum code code = connection_refresh(r.q, e);
    if (code == OK && name.p)
        code = find_name(r.q, name, &r.name, e);
    if (code != OK || (name.p && !r.name)) /* a name nobody ever reported */
        return code;
    code = load_attempts(&r, id, e);
    for (int i = 0; code == OK && r.n > 1 && i < r.n; i++)
        code = walk_attempt(&r, i, true, e);
    for (int i = 0; code == OK && i < r.n; i++)
        code = walk_attempt(&r, i, false, e);
    free(r.latest.v);
    free(r.attempts);
    return code;
}
