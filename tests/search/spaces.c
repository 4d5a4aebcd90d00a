#include "spaces.h"

#include "search/enumeration.h"

#include <stdio.h>

#define END              \
    {                    \
        NULL, NULL, NULL \
    }

const struct row space_one[] = {{"x", "uniform(0, 1)", NULL}, END};

const struct row space_mixed[] = {{"lr", "loguniform(1e-4, 1)", NULL},
                                  {"depth", "int(2, 12)", NULL},
                                  {"model", "choice(linear, mlp, gbdt=2)", NULL},
                                  {"size", "ordinal(small, large)", NULL},
                                  {"weather", "flag()", NULL},
                                  {"shift", "normal(0, 1)", NULL},
                                  {"width", "logint(16, 512)", NULL},
                                  {"step", "uniform(0, 1, step=0.25)", NULL},
                                  END};
const char *const space_mixed_constraint = "depth * width <= 4096 or weather";

const struct row space_conditional[] = {
    {"model", "choice(linear, mlp, gbdt)", NULL},
    {"hidden", "logint(16, 512)", "model == \"mlp\""},
    {"batch", "ordinal(32, 64, 128, 256)", NULL},
    {"depth", "int(2, 12)", "model == \"gbdt\""},
    {"prune", "flag()", "depth > 6"},
    {"rate", "lognormal(-1, 1, 0.01, 10)", "prune"},
    {"features", "subset(hour, carrier, distance, min=1)", NULL},
    {"order", "permutation(a, b, c)", "len(features) >= 2"},
    END};
const char *const space_conditional_constraint = "hidden * batch <= 65536";

const struct row space_integers[] = {
    {"seed", "int(0, 9223372036854775806)", NULL},
    {"low", "int(-9223372036854775807, -9223372036854775800)", NULL},
    {"log", "logint(1, 9223372036854775806)", NULL},
    END};

const struct row space_extreme[] = {{"wide", "uniform(-8e307, 8e307)", NULL},
                                    {"tiny", "uniform(0, 1e-300)", NULL},
                                    {"decades", "loguniform(1e-300, 1e300)", NULL},
                                    {"point", "uniform(3, 3)", NULL},
                                    {"whole", "int(5, 5)", NULL},
                                    {"tail", "normal(0, 1e300)", NULL},
                                    {"only", "choice(one)", NULL},
                                    {"all", "subset(a, b, min=2)", NULL},
                                    END};

const struct row space_length[] = {{"steps", "logint(1, 27)", NULL},
                                   {"lr", "loguniform(1e-4, 1)", NULL},
                                   {"model", "choice(linear, mlp)", NULL},
                                   {"hidden", "logint(16, 512)", "model == \"mlp\""},
                                   END};

const struct row space_small[] = {{"a", "choice(p, q, r)", NULL},
                                  {"n", "int(1, 6)", "a != \"p\""},
                                  {"f", "flag()", "n >= 5"},
                                  {"m", "ordinal(1, 2, 3)", NULL},
                                  END};
const char *const space_small_constraint = "n != 3 or f";

const struct row space_tight[] = {{"x", "uniform(0, 1)", NULL},
                                  {"y", "uniform(0, 1)", NULL},
                                  {"k", "int(1, 20)", NULL},
                                  {"kind", "choice(a, b)", NULL},
                                  {"z", "uniform(0, 1)", "kind == \"b\""},
                                  END};
const char *const space_tight_constraint =
    "x + y <= 0.1 and k >= 19 and (kind == \"a\" or z > 0.5)";

const struct row space_code[] = {{"optimizer", "choice(sgd, adam, lamb, lion)", NULL},
                                 {"nesterov", "flag()", "optimizer == \"sgd\""},
                                 {"norm", "choice(none, batch, layer)", NULL},
                                 {"augment", "subset(flip, crop, jitter, mix, max=3)", NULL},
                                 {"stages", "permutation(clean, scale, encode, select)", NULL},
                                 {"width", "ordinal(1, 2, 4, 8)", NULL},
                                 END};

const struct row space_lists[] = {
    {"features", "subset(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)", NULL},
    {"first", "uniform(0, 1)", "\"a\" in features"},
    {"order", "permutation(a, b, c, d, e, f, g, h, i, j, k, l)", "len(features) >= 5"},
    {"many", "int(1, 9)", "len(features) >= 10"},
    {"last", "flag()", "\"t\" in features"},
    END};

const struct row *space_wide(struct arena *a, size_t n)
{
    struct row *rows = arena_array(a, n + 1, sizeof(*rows));
    assert_non_null(rows);
    for (size_t i = 0; i < n; i++) {
        rows[i].name = arena_fmt(a, "p%zu", i);
        rows[i].prior = i % 3 ? "uniform(0, 1)" : "int(1, 9)";
        assert_non_null(rows[i].name);
    }
    return rows;
}

/* Random spaces. */

enum { RANDOM_MAX = 8 };

struct maker {
    struct arena arena;
    struct rng rng;
    struct row rows[RANDOM_MAX + 1];
    size_t n;
};

static uint64_t below(struct maker *m, uint64_t n)
{
    return rng_below(&m->rng, n);
}

static const char *edgy_prior(struct maker *m)
{
    static const char *const priors[] = {
        "uniform(-8e307, 8e307)",
        "uniform(0, 1e-300)",
        "uniform(7, 7)",
        "loguniform(1e-300, 1e300)",
        "normal(3, 1e-9)",
        "lognormal(0, 100, 1e-300, 1e300)",
        "int(-9223372036854775807, 9223372036854775806)",
        "int(3, 3)",
        "logint(1, 9223372036854775806)",
        "choice(only)",
        "choice(often=1000000, seldom=1e-6)",
        "ordinal(1, 2.5, 1e300)",
        "subset(a)",
        "subset(a, b, c, min=2, max=2)",
        "permutation(one)",
        "uniform(0, 1, step=1)",
        "int(0, 1000000, step=1000000)",
    };
    return priors[below(m, sizeof(priors) / sizeof(priors[0]))];
}

static const char *random_prior(struct maker *m)
{
    int lo = (int)below(m, 20) - 10, width = 1 + (int)below(m, 40);
    switch (below(m, 16)) {
    case 0:
        return arena_fmt(&m->arena, "uniform(%d, %d)", lo, lo + width);
    case 1:
        return arena_fmt(&m->arena, "loguniform(1e-%d, %d)", 1 + (int)below(m, 9), width);
    case 2:
        return arena_fmt(&m->arena, "normal(%d, %d)", lo, width);
    case 3:
        return arena_fmt(&m->arena, "lognormal(%d, 0.5, 1e-9, 1e9)", lo / 3);
    case 4:
        return arena_fmt(&m->arena, "int(%d, %d)", lo, lo + width);
    case 5:
        return arena_fmt(&m->arena, "logint(1, %d)", 1 << below(m, 20));
    case 6:
        return "choice(a, b=3, c)";
    case 7:
        return "ordinal(1, 2, 5, 10)";
    case 8:
        return "flag()";
    case 9:
        return "subset(p, q, r, s)";
    case 10:
        return "permutation(u, v, w)";
    case 11:
        return arena_fmt(&m->arena, "normal(0, 1, %d, %d)", (int)below(m, 7) - 3,
                         4 + (int)below(m, 3));
    case 12:
        return arena_fmt(&m->arena, "uniform(0, %d, step=0.25)", 1 + (int)below(m, 5));
    case 13:
        return arena_fmt(&m->arena, "int(0, %d)", 1 << below(m, 30));
    case 14:
        return "lognormal(1, 2, 0.5, 90)";
    default:
        return edgy_prior(m);
    }
}

/* What may be said of a parameter, by the kind that its prior begins with. */
static const char *random_fact(struct maker *m, const struct row *row)
{
    struct str prior = str_of(row->prior);
    const char *name = row->name;
    if (str_is(prior, "choice(a, b=3, c)"))
        return arena_fmt(&m->arena, below(m, 2) ? "%s != \"a\"" : "%s in (\"a\", \"b\")", name);
    if (str_is(prior, "flag()"))
        return arena_fmt(&m->arena, below(m, 2) ? "%s" : "not %s", name);
    if (str_starts(prior, "subset(p"))
        return arena_fmt(&m->arena, below(m, 2) ? "\"q\" in %s" : "len(%s) >= 2", name);
    if (str_starts(prior, "ordinal(1, 2, 5"))
        return arena_fmt(&m->arena, "%s >= 2", name);
    if (str_starts(prior, "int(0, "))
        return arena_fmt(&m->arena, "%s >= %d", name, 1 << below(m, 12));
    if (str_starts(prior, "uniform(") || str_starts(prior, "int(") || str_starts(prior, "normal("))
        return arena_fmt(&m->arena, below(m, 2) ? "%s > 1" : "%s <= 4.5", name);
    return NULL;
}

static bool is_number(const struct row *row)
{
    struct str prior = str_of(row->prior);
    return str_starts(prior, "uniform(") || str_starts(prior, "int(") || str_starts(prior, "log") ||
           str_starts(prior, "normal(");
}

/* What ties two numbers together, now and then so tightly that little is left. */
static const char *some_tie(struct maker *m)
{
    const struct row *a = &m->rows[below(m, m->n)], *b = &m->rows[below(m, m->n)];
    if (a == b || !is_number(a) || !is_number(b))
        return NULL;
    switch (below(m, 5)) {
    case 0:
        return arena_fmt(&m->arena, "%s + %s <= 3", a->name, b->name);
    case 1:
        return arena_fmt(&m->arena, "%s < %s", a->name, b->name);
    case 2:
        return arena_fmt(&m->arena, "%s * %s >= 10", a->name, b->name);
    case 3:
        return arena_fmt(&m->arena, "abs(%s - %s) < 0.05", a->name, b->name);
    default:
        return arena_fmt(&m->arena, "%s == 2 or %s >= 1", a->name, b->name);
    }
}

static const char *some_fact(struct maker *m)
{
    return m->n > 0 ? random_fact(m, &m->rows[below(m, m->n)]) : NULL;
}

static struct space *try_random(struct maker *m)
{
    size_t n = 1 + below(m, RANDOM_MAX);
    for (m->n = 0; m->n < n; m->n++) {
        struct row *row = &m->rows[m->n];
        *row = (struct row){.name = arena_fmt(&m->arena, "p%zu", m->n)};
        row->prior = random_prior(m);
        if (below(m, 2))
            row->when = some_fact(m);
        assert_true(row->name && row->prior);
    }
    m->rows[n] = (struct row){.name = NULL};
    const char *constraint = NULL, *other = NULL;
    if (below(m, 2)) {
        constraint = some_fact(m);
        other = below(m, 2) ? some_tie(m) : some_fact(m);
    }
    if (constraint && other)
        constraint =
            arena_fmt(&m->arena, below(m, 2) ? "%s and %s" : "%s or %s", constraint, other);
    return try_space(m->rows, constraint);
}

/* Conditions that can't be met and constraints that nothing satisfies are refused: then another one
 * is made up. */
struct space *space_random(uint64_t seed)
{
    struct maker m = {.n = 0};
    struct space *s = NULL;
    rng_init(&m.rng, seed, 77);
    arena_init(&m.arena, 1 << 20);
    for (int tries = 0; !s && tries < 1000; tries++)
        s = try_random(&m);
    arena_free(&m.arena);
    assert_non_null(s);
    return s;
}

int64_t space_count_allowed(const struct space *s)
{
    struct enumeration *x;
    struct config c;
    bool end = false;
    int64_t n = 0;
    assert_ok(enumeration_new(s, 0, 0, &x, NULL));
    for (int64_t i = 0;; i++) {
        assert_ok(enumeration_at(x, i, &c, &end, NULL));
        if (end)
            break;
        n += config_allowed(&c, NULL);
    }
    enumeration_free(x);
    return n;
}

void space_print(const struct space *s)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    space_json(s, &j);
    if (jw_end(&j, NULL) == OK)
        print_message("# %s\n", b.p);
    buf_free(&b);
}
