/*
 * Expressions: whatever parses is written so that it parses to the same; what can be bound comes to
 * something that its bounds do not exclude.
 */
#include "space/expr.h"

#include "fuzz/fuzzing.h"
#include "space/space.h"

static void declare(struct space *s, struct str name, struct str prior)
{
    struct param_decl d = {.name = name, .prior = prior};
    FUZZ_CHECK(space_declare(s, &d, NULL) == OK);
}

static struct space *make_space(void)
{
    struct space *s;
    struct problems problems;
    problems_init(&problems);
    FUZZ_CHECK(space_new(&s, NULL) == OK);
    declare(s, STR("i"), STR("int(-3, 9)"));
    declare(s, STR("x"), STR("uniform(-1, 1)"));
    declare(s, STR("f"), STR("flag()"));
    declare(s, STR("c"), STR("choice(a, b, 3)"));
    declare(s, STR("o"), STR("ordinal(low, mid, high)"));
    declare(s, STR("s"), STR("subset(a, b, 3)"));
    declare(s, STR("p.q-r"), STR("int(-9223372036854775808, 9223372036854775807)"));
    const struct value a = value_string(STR("a"));
    struct param_decl fixed = {.name = STR("l"), .value = {.type = VALUE_LIST, .list = {&a, 1}}};
    FUZZ_CHECK(space_declare(s, &fixed, NULL) == OK);
    fixed.name = STR("e");
    fixed.value.list.n = 0;
    FUZZ_CHECK(space_declare(s, &fixed, NULL) == OK);
    FUZZ_CHECK(space_finish(s, &problems) == OK);
    problems_free(&problems);
    return s;
}

/* Text that parses to the same, in as many steps as it takes: one. */
static struct expr *rewritten(const struct expr *x, struct arena *a)
{
    struct buf once, twice;
    struct expr *back = NULL;
    buf_init(&once, 4 * EXPR_BYTES_MAX);
    buf_init(&twice, 4 * EXPR_BYTES_MAX);
    expr_write(x, &once);
    if (once.n <= EXPR_BYTES_MAX) { /* canonical text has more blanks, and may not fit */
        FUZZ_CHECK(expr_parse(a, buf_view(&once), (struct location){0}, &back, NULL) == OK);
        expr_write(back, &twice);
        FUZZ_CHECK(str_eq(buf_view(&once), buf_view(&twice)));
    }
    buf_free(&once);
    buf_free(&twice);
    return back;
}

static void check_values(const struct expr *x, const struct expr *back, const struct space *s,
                         struct arena *a)
{
    struct rng rng;
    rng_init(&rng, 1, 1);
    unsigned outcomes = expr_outcomes(x, s);
    FUZZ_CHECK(outcomes != 0);
    for (int i = 0; i < 16; i++) {
        struct config c;
        FUZZ_CHECK(config_draw(s, a, &rng, 1, &c, NULL) == OK);
        enum expr_truth t = expr_truth(x, c.values);
        FUZZ_CHECK(outcomes >> t & 1);
        FUZZ_CHECK(!back || expr_truth(back, c.values) == t);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct space *s = make_space();
    struct arena a;
    struct expr *x, *back = NULL;
    struct error e = {0};
    arena_init(&a, 64 << 20);
    enum code code = expr_parse(&a, text, (struct location){"fuzz", 1, 1}, &x, &e);
    FUZZ_CHECK(code == e.code);
    if (code == OK) {
        back = rewritten(x, &a);
        code = expr_bind(x, s, &e);
        if (back)
            FUZZ_CHECK(expr_bind(back, s, NULL) == code);
    }
    if (code == OK)
        check_values(x, back, s, &a);
    else
        FUZZ_CHECK(e.message[0] && e.line >= 1 && e.column >= 1);
    arena_free(&a);
    space_free(s);
    return 0;
}
