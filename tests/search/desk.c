#include "desk.h"

void desk_open(struct desk *d, struct space *own, const struct searcher_settings *settings)
{
    *d = (struct desk){.space = own, .settings = *settings};
    arena_init(&d->arena, 1 << 26);
    d->s = make_searcher(settings);
    assert_ok(searcher_begin(d->s, &d->arena, &d->v[d->n++], NULL));
}

void desk_close(struct desk *d)
{
    struct searcher *again = make_searcher(&d->settings);
    struct error e = {.code = OK};
    for (size_t i = 0; i < d->n; i++)
        expect_code(searcher_recompute(again, &d->v[i], &e), OK, &e);
    searcher_free(again);
    searcher_free(d->s);
    arena_free(&d->arena);
    space_free(d->space);
}

struct proposal desk_ask(struct desk *d)
{
    struct proposal p;
    struct error e = {.code = OK};
    assert_true(d->n < DESK_ENTRIES_MAX);
    expect_code(searcher_ask(d->s, &d->arena, &p, &d->v[d->n], &e), OK, &e);
    d->n += p.kind == ASK_TRIAL || p.kind == ASK_MORE;
    return p;
}

static struct entry *next(struct desk *d)
{
    assert_true(d->n < DESK_ENTRIES_MAX);
    return &d->v[d->n++];
}

enum decision desk_report(struct desk *d, int64_t trial, int64_t step, double value)
{
    enum decision decision;
    struct error e = {.code = OK};
    expect_code(searcher_report(d->s, &d->arena, trial, step, value, &decision, next(d), &e), OK,
                &e);
    return decision;
}

void desk_exit(struct desk *d, int64_t trial, enum outcome outcome, double value)
{
    struct error e = {.code = OK};
    expect_code(searcher_exit(d->s, &d->arena, trial, outcome, 1, value, next(d), &e), OK, &e);
}

void desk_exit_result(struct desk *d, int64_t trial, enum outcome outcome,
                      const struct result *result)
{
    struct error e = {.code = OK};
    expect_code(searcher_exit_result(d->s, &d->arena, trial, outcome, 1, result, next(d), &e), OK,
                &e);
}

void desk_evidence(struct desk *d, const struct config *config, enum outcome outcome,
                   const struct result *result)
{
    struct error e = {.code = OK};
    expect_code(searcher_evidence(d->s, &d->arena, config, outcome, 1, result, next(d), &e), OK,
                &e);
}

void desk_left(struct desk *d, int64_t left)
{
    struct error e = {.code = OK};
    expect_code(searcher_close(d->s, &d->arena, left, next(d), &e), OK, &e);
}

void desk_reopen(struct desk *d, int64_t trial)
{
    struct error e = {.code = OK};
    expect_code(searcher_reopen(d->s, &d->arena, trial, next(d), &e), OK, &e);
}

enum code desk_tamper(const struct desk *d, size_t i, const char *from, const char *to,
                      bool recompute, struct error *e)
{
    struct searcher *s = make_searcher(&d->settings);
    for (size_t k = 0; k < i; k++)
        assert_ok(searcher_apply(s, &d->v[k], NULL));
    struct entry entry = d->v[i];
    struct buf b;
    buf_init(&b, 10000);
    const char *at = memmem(entry.data.p, entry.data.n, from, strlen(from));
    if (!at)
        fail_msg("entry %zu has no %s: %s", i, from, entry.data.p);
    size_t before = (size_t)(at - entry.data.p);
    buf_add(&b, entry.data.p, before);
    buf_cstr(&b, to);
    buf_str(&b, str_sub(entry.data, before + strlen(from), SIZE_MAX));
    entry.data = buf_view(&b);
    enum code code = recompute ? searcher_recompute(s, &entry, e) : searcher_apply(s, &entry, e);
    if (code != OK) {
        assert_int_equal(searcher_last_seq(s), (int64_t)i);
        assert_ok(searcher_apply(s, &d->v[i], NULL));
    }
    buf_free(&b);
    searcher_free(s);
    return code;
}
