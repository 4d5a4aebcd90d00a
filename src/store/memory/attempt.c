/* Attempts and the points they reported. */
#include "store/memory/internal.h"

#include <stdlib.h>
#include <string.h>

static bool lives(const struct attempt_row *row)
{
    return row->state == ATTEMPT_STARTING || row->state == ATTEMPT_RUNNING;
}

static struct kept_trial *trial_of(struct memory_store *m, struct trial_id id)
{
    const struct kept_search *q = memory_search(m, trial_id_search(id), NULL);
    return q ? memory_trial(q, trial_id_number(id)) : NULL;
}

static struct kept_attempt *find(const struct memory_store *m, struct attempt_id id)
{
    return id.v >= 1 && (uint64_t)id.v <= m->n_attempts ? m->attempts[id.v - 1] : NULL;
}

/* It is used again. */
void memory_attempt_unlink(struct memory_store *m, struct kept_attempt *a)
{
    struct kept_search *q = m->searches[trial_id_search(a->row.trial).v - 1];
    struct kept_attempt **at = &memory_trial(q, trial_id_number(a->row.trial))->attempts;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    m->attempts[a->row.id.v - 1] = NULL;
    free(a->points);
    *a = (struct kept_attempt){.next = m->unused};
    m->unused = a;
}

static struct kept_attempt *fresh(struct memory_store *m)
{
    struct kept_attempt *a = m->unused;
    if (!a)
        return arena_alloc(&m->arena, sizeof(*a));
    m->unused = a->next;
    *a = (struct kept_attempt){.next = NULL};
    return a;
}

static enum code copy_texts(struct memory_store *m, const struct attempt_row *from,
                            struct attempt_row *to, struct error *e)
{
    enum code code = memory_text(&m->arena, from->executor, &m->executor, e);
    to->executor = m->executor;
    if (code == OK)
        code = memory_text(&m->arena, from->token, &to->token, e);
    if (code == OK)
        code = memory_text(&m->arena, from->pidref, &to->pidref, e);
    if (code == OK)
        code = memory_text(&m->arena, from->detail, &to->detail, e);
    if (code == OK)
        code = memory_text(&m->arena, from->devices, &to->devices, e);
    return code;
}

static enum code check_new(const struct kept_trial *t, const struct attempt_row *row,
                           struct error *e)
{
    long long search = trial_id_search(row->trial).v, number = trial_id_number(row->trial);
    if (!t)
        return error_set(e, E_NOT_FOUND, "there is no trial %lld.%lld", search, number);
    for (const struct kept_attempt *a = t->attempts; a; a = a->next) {
        if (lives(row) && lives(&a->row))
            return error_set(e, E_STATE, "attempt %lld of trial %lld.%lld lives still",
                             (long long)a->row.id.v, search, number);
        if (a->row.number == row->number)
            return error_set(e, E_DUPLICATE, "trial %lld.%lld has an attempt %d already", search,
                             number, row->number);
    }
    return OK;
}

enum code memory_attempt_insert(struct store *s, const struct attempt_row *row,
                                struct attempt_id *ret, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_trial *t = trial_of(m, row->trial);
    struct undo *u;
    struct attempt_row new = *row;
    new.token = new.pidref = new.detail = new.devices = (struct str){NULL, 0};
    enum code code = check_new(t, row, e);
    if (code == OK)
        code = memory_grow(&m->attempts, &m->attempts_capacity, m->n_attempts,
                           sizeof(struct kept_attempt *), e);
    if (code == OK)
        code = memory_will(m, &u, e);
    if (code == OK)
        code = copy_texts(m, row, &new, e);
    if (code != OK)
        return code;
    struct kept_attempt *a = fresh(m);
    if (!a)
        return error_nomem(e);
    a->row = new;
    a->row.id.v = (int64_t)m->n_attempts + 1;
    m->attempts[m->n_attempts++] = a;
    struct kept_attempt **at = &t->attempts;
    while (*at && (*at)->row.number < row->number)
        at = &(*at)->next;
    a->next = *at;
    *at = a;
    u->kind = UNDO_ATTEMPT_NEW;
    u->attempt_at = a;
    memory_did(m);
    *ret = a->row.id;
    return OK;
}

enum code memory_attempt_update(struct store *s, const struct attempt_row *row, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_attempt *a = find(m, row->id);
    struct undo *u;
    if (!a)
        return error_set(e, E_NOT_FOUND, "there is no attempt %lld", (long long)row->id.v);
    const struct kept_trial *t = trial_of(m, a->row.trial);
    for (const struct kept_attempt *o = t ? t->attempts : NULL; o && lives(row); o = o->next)
        if (o != a && lives(&o->row))
            return error_set(e, E_STATE, "attempt %lld can't live again: another of its trial does",
                             (long long)row->id.v);
    enum code code = memory_will(m, &u, e);
    struct attempt_row now = a->row;
    if (code == OK)
        code = copy_texts(m, row, &now, e);
    if (code != OK)
        return code;
    u->kind = UNDO_ATTEMPT;
    u->attempt_at = a;
    u->attempt = a->row;
    memory_did(m);
    now.state = row->state;
    now.reason = row->reason;
    now.exit_code = row->exit_code;
    now.signal = row->signal;
    now.from_step = row->from_step;
    now.started = row->started;
    now.ended = row->ended;
    now.last_seq = row->last_seq;
    a->row = now;
    return OK;
}

static enum code visit_all(const struct kept_trial *t,
                           enum code (*visit)(void *, const struct attempt_row *), void *self)
{
    enum code code = OK;
    for (const struct kept_attempt *a = t ? t->attempts : NULL; a && code == OK; a = a->next)
        code = visit(self, &a->row);
    return code;
}

enum code memory_attempts(struct store *s, struct trial_id id,
                          enum code (*visit)(void *, const struct attempt_row *), void *self,
                          struct error *e)
{
    return visit_all(trial_of(memory_of(s), id), visit, self);
}

enum code memory_search_attempts(struct store *s, struct search_id id,
                                 enum code (*visit)(void *, const struct attempt_row *), void *self,
                                 struct error *e)
{
    const struct kept_search *q = memory_search(memory_of(s), id, NULL);
    enum code code = OK;
    for (size_t i = 0; q && code == OK && i < q->n_trials; i++)
        code = visit_all(q->trials[i], visit, self);
    return code;
}

enum code memory_live_attempts(struct store *s,
                               enum code (*visit)(void *, const struct attempt_row *), void *self,
                               struct error *e)
{
    const struct memory_store *m = memory_of(s);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < m->n_attempts; i++)
        if (m->attempts[i] && lives(&m->attempts[i]->row))
            code = visit(self, &m->attempts[i]->row);
    return code;
}

/* ---- names ---- */

/* Where the name stands among the sorted ones; *ret_known: it does. */
static size_t name_place(const struct memory_store *m, struct str name, bool *ret_known)
{
    size_t lo = 0, hi = m->n_names;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (str_cmp(m->names[m->names_sorted[middle]], name) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    *ret_known = lo < m->n_names && str_eq(m->names[m->names_sorted[lo]], name);
    return lo;
}

static enum code intern(struct memory_store *m, struct str name, uint32_t *ret, struct error *e)
{
    bool known;
    size_t at = name_place(m, name, &known), capacity = m->names_capacity;
    if (known) {
        *ret = m->names_sorted[at];
        return OK;
    }
    struct str copy;
    enum code code = memory_grow(&m->names_sorted, &capacity, m->n_names, sizeof(uint32_t), e);
    if (code == OK)
        code = memory_grow(&m->names, &m->names_capacity, m->n_names, sizeof(*m->names), e);
    if (code != OK)
        return code;
    if (arena_str(&m->arena, name, &copy) != OK)
        return error_nomem(e);
    memmove(m->names_sorted + at + 1, m->names_sorted + at, (m->n_names - at) * sizeof(uint32_t));
    m->names_sorted[at] = (uint32_t)m->n_names;
    m->names[m->n_names++] = copy;
    *ret = m->names_sorted[at];
    return OK;
}

/* ---- points ---- */

static size_t point_place(const struct kept_attempt *a, int64_t seq, uint32_t name)
{
    size_t lo = 0, hi = a->n_points;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        const struct kept_point *p = &a->points[middle];
        if (p->seq < seq || (p->seq == seq && p->name < name))
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static bool is_point(const struct kept_attempt *a, size_t at, int64_t seq, uint32_t name)
{
    return at < a->n_points && a->points[at].seq == seq && a->points[at].name == name;
}

void memory_point_remove(struct kept_attempt *a, int64_t seq, uint32_t name)
{
    size_t at = point_place(a, seq, name);
    a->n_points--;
    memmove(a->points + at, a->points + at + 1, (a->n_points - at) * sizeof(*a->points));
}

static enum code add_point(struct memory_store *m, struct kept_attempt *a,
                           const struct metric_point *p, struct error *e)
{
    uint32_t name = 0;
    struct undo *u;
    enum code code = intern(m, p->name, &name, e);
    if (code != OK)
        return code;
    size_t at = point_place(a, p->seq, name);
    if (is_point(a, at, p->seq, name))
        return OK;
    code = memory_will(m, &u, e);
    if (code == OK)
        code = memory_grow(&a->points, &a->points_capacity, a->n_points, sizeof(*a->points), e);
    if (code != OK)
        return code;
    memmove(a->points + at + 1, a->points + at, (a->n_points - at) * sizeof(*a->points));
    a->points[at] = (struct kept_point){
        .seq = p->seq, .step = p->step, .time = p->time, .value = p->value, .name = name};
    a->n_points++;
    u->kind = UNDO_POINT;
    u->attempt_at = a;
    u->point.seq = p->seq;
    u->point.name = name;
    memory_did(m);
    return OK;
}

enum code memory_metrics_add(struct store *s, struct attempt_id attempt,
                             const struct metric_point *points, size_t n, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_attempt *a = find(m, attempt);
    if (!a)
        return error_set(e, E_NOT_FOUND, "there is no attempt %lld", (long long)attempt.v);
    enum code code = OK;
    for (size_t i = 0; !m->brief && code == OK && i < n; i++)
        code = add_point(m, a, &points[i], e);
    return code;
}

/* ---- reading points ---- */

/* A point's place in the trial, and the attempt that said it. */
struct word {
    int64_t step;
    uint32_t name;
    int attempt;
};

static int by_word(const void *pa, const void *pb)
{
    const struct word *a = pa, *b = pb;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    if (a->name != b->name)
        return a->name < b->name ? -1 : 1;
    return (a->attempt > b->attempt) - (a->attempt < b->attempt);
}

/* Of each (step, name) the latest attempt alone, sorted. */
static size_t last_words(const struct kept_trial *t, struct word *v)
{
    size_t n = 0, kept = 0;
    for (const struct kept_attempt *a = t->attempts; a; a = a->next)
        for (size_t i = 0; i < a->n_points; i++)
            v[n++] = (struct word){a->points[i].step, a->points[i].name, a->row.number};
    qsort(v, n, sizeof(*v), by_word);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || v[i + 1].step != v[i].step || v[i + 1].name != v[i].name)
            v[kept++] = v[i];
    return kept;
}

static int same_place(const void *pa, const void *pb)
{
    const struct word *a = pa, *b = pb;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    return (a->name > b->name) - (a->name < b->name);
}

static enum code visit_points(const struct memory_store *m, const struct kept_attempt *a,
                              int attempt, const struct word *last, size_t n, int64_t name,
                              enum code (*visit)(void *, const struct metric_point *), void *self)
{
    enum code code = OK;
    for (size_t i = 0; code == OK && i < a->n_points; i++) {
        const struct kept_point *p = &a->points[i];
        const struct word key = {p->step, p->name, 0};
        if (name >= 0 && p->name != name)
            continue;
        const struct word *w = bsearch(&key, last, n, sizeof(*last), same_place);
        if (!w || w->attempt != a->row.number)
            continue;
        const struct metric_point out = {.attempt = attempt,
                                         .seq = p->seq,
                                         .step = p->step,
                                         .value = p->value,
                                         .time = p->time,
                                         .name = m->names[p->name]};
        code = visit(self, &out);
    }
    return code;
}

enum code memory_metrics(struct store *s, struct trial_id id, struct str name,
                         enum code (*visit)(void *, const struct metric_point *), void *self,
                         struct error *e)
{
    struct memory_store *m = memory_of(s);
    const struct kept_trial *t = trial_of(m, id);
    bool known = false;
    size_t n = 0, at = name.p ? name_place(m, name, &known) : 0;
    if (!t || (name.p && !known))
        return OK;
    for (const struct kept_attempt *a = t->attempts; a; a = a->next)
        n += a->n_points;
    struct word *last = calloc(n + 1, sizeof(*last));
    if (!last)
        return error_nomem(e);
    n = last_words(t, last);
    const int64_t wanted = name.p ? (int64_t)m->names_sorted[at] : -1;
    enum code code = OK;
    int attempt = 1;
    for (const struct kept_attempt *a = t->attempts; a && code == OK; a = a->next)
        code = visit_points(m, a, attempt++, last, n, wanted, visit, self);
    free(last);
    return code;
}
