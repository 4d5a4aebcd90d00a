/* What TPE keeps of the history: its configurations by branches, ranked. */
#include "base/array.h"
#include "base/vec.h"
#include "search/tpe/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum code memory_init(struct memory *m, const struct encoding *x)
{
    *m = (struct memory){.encoding = x};
    m->u = calloc(x->n_units + 1, sizeof(*m->u));
    m->row = calloc(x->n_columns + 1, sizeof(*m->row));
    m->active = calloc(x->space->n_params + 1, sizeof(*m->active));
    if (m->u && m->row && m->active)
        return OK;
    memory_free(m);
    return E_NOMEM;
}

static void forget(struct memory *m)
{
    for (size_t i = 0; i < m->n_branches; i++)
        branch_free(&m->branches[i]);
    m->n = m->n_valued = m->n_branches = m->looked = m->n_pending = 0;
}

void memory_free(struct memory *m)
{
    forget(m);
    free(m->places);
    free(m->rank);
    free(m->branches);
    free(m->pending);
    free(m->u);
    free(m->row);
    free(m->active);
    *m = (struct memory){.n = 0};
}

struct branch *memory_branch(const struct memory *m, const bool *active)
{
    size_t params = m->encoding->space->n_params;
    uint64_t hash = branch_hash(active, params);
    for (size_t i = 0; i < m->n_branches; i++) {
        struct branch *b = &m->branches[i];
        if (b->hash == hash && memcmp(b->active, active, params * sizeof(*active)) == 0)
            return b;
    }
    return NULL;
}

static enum code new_branch(struct memory *m, struct branch **ret)
{
    if (!array_reserve(m->branches, &m->branches_room, m->n_branches + 1))
        return E_NOMEM;
    struct branch *b = &m->branches[m->n_branches];
    if (branch_init(b, m->encoding, m->active) != OK)
        return E_NOMEM;
    m->n_branches++;
    *ret = b;
    return OK;
}

/* m->row and m->active of a configuration. */
static void look_at(struct memory *m, const struct config *c)
{
    for (size_t i = 0; i < c->space->n_params; i++)
        m->active[i] = c->values[i].type != VALUE_NONE;
    encoding_row(m->encoding, c, m->u, m->row);
}

static const struct observation *ended_at(const struct history *h, uint32_t place)
{
    return &h->v[h->ended[place]];
}

/* Puts `item` behind all of rank[0..n) that are no worse; place_of tells an item's place. */
static void insert_ranked(const struct history *h, const struct branch *b, uint32_t *rank, size_t n,
                          uint32_t item)
{
    const struct observation *o = ended_at(h, b ? b->ended[item] : item);
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t other = b ? b->ended[rank[middle]] : rank[middle];
        if (observation_order(h, ended_at(h, other), o) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(rank + low + 1, rank + low, (n - low) * sizeof(*rank));
    rank[low] = item;
}

static enum code reserve(struct memory *m)
{
    if (m->n < m->room)
        return OK;
    size_t room = m->room ? m->room * 2 : 64;
    struct place *places = reallocarray(m->places, room, sizeof(*places));
    if (places)
        m->places = places;
    uint32_t *rank = reallocarray(m->rank, room, sizeof(*rank));
    if (rank)
        m->rank = rank;
    if (!places || !rank)
        return E_NOMEM;
    m->room = room;
    return OK;
}

static enum code take_in(struct memory *m, const struct history *h)
{
    const struct observation *o = ended_at(h, (uint32_t)m->n);
    look_at(m, o->config);
    struct branch *b = memory_branch(m, m->active);
    enum code code = reserve(m);
    if (code == OK && !b)
        code = new_branch(m, &b);
    if (code == OK)
        code = branch_push(b, m->row);
    if (code != OK)
        return code;
    uint32_t kernel = (uint32_t)b->n_ended;
    b->ended[kernel] = (uint32_t)m->n;
    m->places[m->n] = (struct place){(uint32_t)(b - m->branches), kernel};
    insert_ranked(h, b, b->rank, b->n_ended++, kernel);
    insert_ranked(h, NULL, m->rank, m->n, (uint32_t)m->n);
    m->n++;
    b->n_valued += !isnan(o->value);
    m->n_valued += !isnan(o->value);
    return OK;
}

/* Which trials are pending, in the order of their numbers. */
static enum code find_pending(struct memory *m, const struct history *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->n_pending; i++)
        if (h->v[m->pending[i]].pending)
            m->pending[kept++] = m->pending[i];
    m->n_pending = kept;
    for (; m->looked < h->n; m->looked++) {
        if (!h->v[m->looked].pending)
            continue;
        if (!array_reserve(m->pending, &m->pending_room, m->n_pending + 1))
            return E_NOMEM;
        m->pending[m->n_pending++] = (uint32_t)m->looked;
    }
    return OK;
}

static enum code push_pending(struct memory *m, const struct history *h)
{
    for (size_t i = 0; i < m->n_pending; i++) {
        look_at(m, h->v[m->pending[i]].config);
        struct branch *b = memory_branch(m, m->active);
        if (b && branch_push(b, m->row) != OK)
            return E_NOMEM;
    }
    return OK;
}

enum code memory_follow(struct memory *m, const struct history *h)
{
    if (h->taken_back != m->taken_back || h->n_ended < m->n || h->n < m->looked)
        forget(m);
    m->taken_back = h->taken_back;
    for (size_t i = 0; i < m->n_branches; i++)
        branch_truncate(&m->branches[i], m->branches[i].n_ended);
    enum code code = OK;
    while (code == OK && m->n < h->n_ended)
        code = take_in(m, h);
    for (size_t i = 0; i < m->n_branches; i++)
        branch_widen(&m->branches[i], m->n);
    if (code == OK)
        code = find_pending(m, h);
    if (code == OK)
        code = push_pending(m, h);
    if (code != OK)
        forget(m);
    return code;
}

enum code good_ones(const struct memory *m, const struct branch *b, double gamma, size_t most,
                    struct arena *a, struct good *ret)
{
    size_t n = b ? b->n_ended : m->n, valued = b ? b->n_valued : m->n_valued;
    size_t k = (size_t)ceil(gamma * (double)n);
    k = k < most ? k : most;
    k = k < valued ? k : valued;
    struct good g = {.n = k};
    g.branch = arena_array(a, k, sizeof(const struct branch *));
    g.kernel = arena_array(a, k, sizeof(*g.kernel));
    g.weight = arena_array(a, k, sizeof(*g.weight));
    g.log_weight = arena_array(a, k, sizeof(*g.log_weight));
    if (!g.branch || !g.kernel || !g.weight || !g.log_weight)
        return E_NOMEM;
    for (size_t i = 0; i < k; i++) {
        struct place p = {.kernel = 0};
        if (b)
            p.kernel = b->rank[i];
        else
            p = m->places[m->rank[i]];
        g.branch[i] = b ? b : &m->branches[p.branch];
        g.kernel[i] = p.kernel;
        g.weight[i] = (double)(k + 1) / (double)(i + 1);
    }
    vec_log(k, g.weight, g.weight);
    double scale = (double)k / vec_sum(k, g.weight);
    vec_scale(k, scale, g.weight);
    vec_log(k, g.weight, g.log_weight);
    *ret = g;
    return OK;
}
