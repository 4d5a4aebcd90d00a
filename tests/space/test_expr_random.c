/*
 * Random expressions over random configurations, against an evaluator so simple that it can be seen
 * to be right: three-valued logic, numbers as in the small, no short cuts. And: whatever comes out,
 * the bounds had not excluded it; and canonical text says the same. The seed is printed.
 */
#include "space/making.h"

#include "testing.h"

#include <math.h>

static const char declared[] = "i: int(-4, 5)\n"
                               "j: int(0, 3)\n"
                               "r: uniform(-2, 2, step=0.25)\n"
                               "p: loguniform(0.01, 100)\n"
                               "n: normal(0, 1)\n"
                               "f: flag()\n"
                               "g: flag()\n"
                               "c: choice(one, two, three)\n"
                               "k: choice(1, 2.5, 4)\n"
                               "o: ordinal(low, mid, high)\n"
                               "s: subset(one, two, 3)\n"
                               "x: int(1, 3) when f\n"
                               "d: choice(one, two) when g and j > 0\n";

static struct space *space;
static struct rng rng;
static struct arena arena;

/* What the naive evaluator computes with: absent is unknown. */
struct naive {
    enum { ABSENT, TRUTH, NUMBER } kind;
    bool truth;
    double number;
};

static struct naive absent(void)
{
    return (struct naive){.kind = ABSENT};
}

static struct naive truth(bool b)
{
    return (struct naive){.kind = TRUTH, .truth = b};
}

/* Past 2^53 whole numbers are exact and the naive doubles are not: such an expression says nothing.
 */
static bool too_large;

static struct naive number(double x)
{
    too_large = too_large || fabs(x) >= 0x1p53;
    return isnan(x) ? absent() : (struct naive){.kind = NUMBER, .number = x};
}

static const struct value *value_of(const struct value *values, const char *name)
{
    return &values[space_find(space, str_of(name))];
}

static struct naive number_of_value(const struct value *v)
{
    if (v->type == VALUE_NONE)
        return absent();
    return number(v->type == VALUE_BOOL ? v->b : v->type == VALUE_INT ? (double)v->i : v->r);
}

static struct naive make_number(struct buf *b, const struct value *values, int depth);

static struct naive make_leaf(struct buf *b, const struct value *values)
{
    static const char *const names[] = {"i", "j", "r", "p", "n", "f", "k", "x"};
    uint64_t pick = rng_below(&rng, 11);
    if (pick < 8) {
        buf_cstr(b, names[pick]);
        return number_of_value(value_of(values, names[pick]));
    }
    if (pick == 8) {
        buf_cstr(b, "len(s)");
        return number((double)value_of(values, "s")->list.n);
    }
    int constant = (int)rng_below(&rng, 9) - 4;
    buf_fmt(b, pick == 9 ? "%d" : "%d.5", constant);
    return number(pick == 9 ? constant : constant < 0 ? constant - 0.5 : constant + 0.5);
}

static double modulo(double a, double b)
{
    double rest = fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static struct naive joined(char how, double a, double b)
{
    switch (how) {
    case '+':
        return number(a + b);
    case '-':
        return number(a - b);
    case '*':
        return number(a * b);
    case '/':
        return b == 0 ? absent() : number(a / b);
    default:
        return b == 0 ? absent() : number(modulo(a, b));
    }
}

static struct naive make_join(struct buf *b, const struct value *values, int depth)
{
    static const char joins[] = "+-*/%";
    char how = joins[rng_below(&rng, 5)];
    buf_char(b, '(');
    struct naive left = make_number(b, values, depth - 1);
    buf_fmt(b, " %c ", how);
    struct naive right = make_number(b, values, depth - 1);
    buf_char(b, ')');
    if (left.kind == ABSENT || right.kind == ABSENT)
        return absent();
    return joined(how, left.number, right.number);
}

static struct naive make_call(struct buf *b, const struct value *values, int depth)
{
    static const char *const names[] = {"abs",  "floor", "ceil", "round", "exp",
                                        "sqrt", "log",   "log2", "log10"};
    uint64_t pick = rng_below(&rng, 9);
    buf_fmt(b, "%s(", names[pick]);
    struct naive x = make_number(b, values, depth - 1);
    buf_char(b, ')');
    if (x.kind == ABSENT || (pick == 5 && x.number < 0) || (pick > 5 && x.number <= 0))
        return absent();
    switch (pick) {
    case 0:
        return number(fabs(x.number));
    case 1:
        return number(floor(x.number));
    case 2:
        return number(ceil(x.number));
    case 3:
        return number(rint(x.number));
    case 4:
        return number(exp(x.number));
    case 5:
        return number(sqrt(x.number));
    case 6:
        return number(log(x.number));
    case 7:
        return number(log2(x.number));
    default:
        return number(log10(x.number));
    }
}

static struct naive make_extreme(struct buf *b, const struct value *values, int depth)
{
    bool max = rng_below(&rng, 2);
    buf_cstr(b, max ? "max(" : "min(");
    struct naive left = make_number(b, values, depth - 1);
    buf_cstr(b, ", ");
    struct naive right = make_number(b, values, depth - 1);
    buf_char(b, ')');
    if (left.kind == ABSENT || right.kind == ABSENT)
        return absent();
    return number(max ? fmax(left.number, right.number) : fmin(left.number, right.number));
}

static struct naive make_power(struct buf *b, const struct value *values, int depth)
{
    int exponent = (int)rng_below(&rng, 4);
    buf_cstr(b, "((");
    struct naive base = make_number(b, values, depth - 1);
    buf_fmt(b, ") ** %d)", exponent);
    return base.kind == ABSENT ? absent() : number(pow(base.number, exponent));
}

static struct naive make_number(struct buf *b, const struct value *values, int depth)
{
    uint64_t pick = depth ? rng_below(&rng, 8) : 0;
    if (pick < 2)
        return make_leaf(b, values);
    if (pick == 2)
        return make_call(b, values, depth);
    if (pick == 3)
        return make_extreme(b, values, depth);
    if (pick == 4)
        return make_power(b, values, depth);
    if (pick == 5) {
        buf_cstr(b, "-(");
        struct naive x = make_number(b, values, depth - 1);
        buf_char(b, ')');
        return x.kind == ABSENT ? absent() : number(-x.number);
    }
    return make_join(b, values, depth);
}

static struct naive make_comparison(struct buf *b, const struct value *values, int depth)
{
    static const char *const joins[] = {"==", "!=", "<", "<=", ">", ">="};
    uint64_t how = rng_below(&rng, 6);
    buf_cstr(b, "0 + "); /* a flag alone is no number beside == */
    struct naive left = make_number(b, values, depth);
    buf_fmt(b, " %s 0 + ", joins[how]);
    struct naive right = make_number(b, values, depth);
    if (left.kind == ABSENT || right.kind == ABSENT)
        return absent();
    double x = left.number, y = right.number;
    return truth(how == 0   ? x == y
                 : how == 1 ? x != y
                 : how == 2 ? x < y
                 : how == 3 ? x <= y
                 : how == 4 ? x > y
                            : x >= y);
}

static bool in_list(const struct value *list, const char *item)
{
    for (size_t i = 0; i < list->list.n; i++)
        if (list->list.v[i].type == VALUE_STRING && str_is(list->list.v[i].s, item))
            return true;
    return false;
}

static int rank_of(struct str level)
{
    return str_is(level, "low") ? 0 : str_is(level, "mid") ? 1 : 2;
}

static struct naive make_test(struct buf *b, const struct value *values)
{
    const struct value *c = value_of(values, "c"), *d = value_of(values, "d");
    const struct value *f = value_of(values, "f"), *o = value_of(values, "o");
    switch (rng_below(&rng, 7)) {
    case 0:
        buf_cstr(b, "f");
        return truth(f->b);
    case 1:
        buf_cstr(b, "c == \"two\"");
        return truth(str_is(c->s, "two"));
    case 2:
        buf_cstr(b, "c not in (\"two\", \"three\")");
        return truth(str_is(c->s, "one"));
    case 3:
        buf_cstr(b, "d == \"two\"");
        return d->type == VALUE_NONE ? absent() : truth(str_is(d->s, "two"));
    case 4:
        buf_cstr(b, "\"one\" in s");
        return truth(in_list(value_of(values, "s"), "one"));
    case 5:
        buf_cstr(b, "o >= \"mid\"");
        return truth(rank_of(o->s) >= 1);
    default:
        buf_cstr(b, "d in (c, \"two\")");
        return d->type == VALUE_NONE ? absent() : truth(str_is(d->s, "two") || str_eq(d->s, c->s));
    }
}

/* Kleene's tables, written out. */
static struct naive make_truth(struct buf *b, const struct value *values, int depth)
{
    uint64_t pick = depth ? rng_below(&rng, 6) : rng_below(&rng, 2);
    if (pick == 0)
        return make_test(b, values);
    if (pick == 1) {
        buf_char(b, '(');
        struct naive t = make_comparison(b, values, depth);
        buf_char(b, ')');
        return t;
    }
    if (pick == 2) {
        buf_cstr(b, "not (");
        struct naive t = make_truth(b, values, depth - 1);
        buf_char(b, ')');
        return t.kind == ABSENT ? absent() : truth(!t.truth);
    }
    bool all = pick < 5;
    buf_char(b, '(');
    struct naive left = make_truth(b, values, depth - 1);
    buf_cstr(b, all ? " and " : " or ");
    struct naive right = make_truth(b, values, depth - 1);
    buf_char(b, ')');
    if (left.kind == TRUTH && right.kind == TRUTH)
        return truth(all ? left.truth && right.truth : left.truth || right.truth);
    if (left.kind == TRUTH && left.truth != all)
        return truth(!all);
    if (right.kind == TRUTH && right.truth != all)
        return truth(!all);
    return absent();
}

static struct expr *parse(struct str text)
{
    struct expr *x;
    struct error e = {0};
    if (expr_parse(&arena, text, (struct location){"t", 1, 1}, &x, &e) != OK ||
        expr_bind(x, space, &e) != OK)
        fail_msg("%.*s: %s", STR_FMT(text), message_of(&e));
    return x;
}

static enum expr_truth wanted_of(struct naive n)
{
    return n.kind == ABSENT ? EXPR_UNKNOWN : n.truth ? EXPR_TRUE : EXPR_FALSE;
}

static void check_bounds(const struct expr *x, struct str text, const struct config *c)
{
    enum expr_truth t = expr_truth(x, c->values);
    bool inactive = c->values[space_find(space, STR("x"))].type == VALUE_NONE ||
                    c->values[space_find(space, STR("d"))].type == VALUE_NONE;
    /* bounds take every parameter as active */
    if (!inactive && !(expr_outcomes(x, space) >> t & 1))
        fail_msg("%.*s comes to %d, which its bounds exclude", STR_FMT(text), (int)t);
}

static void agrees_with_the_naive_evaluator(void **state)
{
    struct buf text, canonical;
    buf_init(&text, 1 << 16);
    buf_init(&canonical, 1 << 16);
    for (int round = 0; round < 4000; round++) {
        struct config c, other;
        arena_clear(&arena);
        assert_ok(config_draw(space, &arena, &rng, 1, &c, NULL));
        buf_clear(&text);
        too_large = false;
        enum expr_truth wanted = wanted_of(make_truth(&text, c.values, 3));
        struct expr *x = parse(buf_view(&text));
        if (too_large)
            wanted = expr_truth(x, c.values);
        if (expr_truth(x, c.values) != wanted)
            fail_msg("%.*s is %d, not %d", STR_FMT(buf_view(&text)), (int)expr_truth(x, c.values),
                     (int)wanted);
        buf_clear(&canonical);
        expr_write(x, &canonical);
        struct expr *again = parse(buf_view(&canonical));
        assert_int_equal(expr_truth(again, c.values), wanted);
        size_t n = canonical.n;
        expr_write(again, &canonical);
        assert_int_equal(canonical.n, 2 * n);
        assert_memory_equal(canonical.p, canonical.p + n, n);
        check_bounds(x, buf_view(&text), &c);
        for (int i = 0; i < 20; i++) {
            assert_ok(config_draw(space, &arena, &rng, 1, &other, NULL));
            check_bounds(x, buf_view(&text), &other);
        }
    }
    buf_free(&text);
    buf_free(&canonical);
}

static int set_up(void **state)
{
    space = must_make(declared);
    arena_init(&arena, 64 << 20);
    rng_init(&rng, test_seed(), 1);
    return 0;
}

static int tear_down(void **state)
{
    space_free(space);
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(agrees_with_the_naive_evaluator, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
