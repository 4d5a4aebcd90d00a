/*
 * Expressions: canonical text, what is refused and where, values, three-valued logic, bounds.
 */
#include "space/expr.h"

#include "space/making.h"
#include "testing.h"

#include <stdio.h>

static const char declared[] = "model: choice(linear, mlp, gbdt)\n"
                               "depth: int(2, 12)\n"
                               "lr: loguniform(1e-4, 1)\n"
                               "weather: flag()\n"
                               "rain: flag()\n"
                               "features: subset(hour, carrier, distance, min=1)\n"
                               "kernel: choice(3, 5, 7)\n"
                               "size: ordinal(small, medium, large)\n"
                               "limit: choice(none, 10, 20)\n"
                               "order: permutation(a, b)\n"
                               "optimizer.name: choice(sgd, adam)\n"
                               "batch-size: int(1, 64)\n"
                               "big: int(-9223372036854775808, 9223372036854775807)\n"
                               "name:= run\n"
                               "list:= [x, y]\n"
                               "nothing:= []\n"
                               "off: normal(0, 1)\n";

static struct space *space;
static struct arena arena;

static int set_up(void **state)
{
    space = must_make(declared);
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    space_free(space);
    arena_free(&arena);
    return 0;
}

static struct expr *parse(const char *text)
{
    struct expr *x;
    struct error e = {0};
    if (expr_parse(&arena, str_of(text), (struct location){"t", 1, 1}, &x, &e) != OK ||
        expr_bind(x, space, &e) != OK)
        fail_msg("%s: %s", text, message_of(&e));
    return x;
}

static const char *written(const struct expr *x)
{
    static char text[2048];
    struct buf b;
    buf_init(&b, sizeof(text) - 1);
    expr_write(x, &b);
    assert_ok(buf_end(&b, NULL));
    memcpy(text, b.p, b.n + 1);
    buf_free(&b);
    return text;
}

static void writes_canonical_text(void **state)
{
    static const char *const cases[][2] = {
        {"model=='mlp'", "model == \"mlp\""},
        {"not(weather)and rain", "not weather and rain"},
        {"(weather or rain) and not (rain and weather)",
         "(weather or rain) and not (rain and weather)"},
        {"1<=depth<5", "1 <= depth < 5"},
        {"((depth))>(2+3)*4", "depth > (2 + 3) * 4"},
        {"depth-(2-1)>0", "depth - (2 - 1) > 0"},
        {"-depth**2 < -2", "-depth ** 2 < -2"},
        {"(-depth)**2>4", "(-depth) ** 2 > 4"},
        {"(-2)**2==4", "(-2) ** 2 == 4"},
        {"2**-1**2<1", "2 ** -1 ** 2 < 1"},
        {"+depth > - 3", "depth > -3"},
        {"kernel not  in(3,5,)", "kernel not in (3, 5)"},
        {"'hour' in features", "\"hour\" in features"},
        {"optimizer.name == \"adam\"", "optimizer.name == \"adam\""},
        {"`batch-size` > 3", "`batch-size` > 3"},
        {"`depth` > 3", "depth > 3"},
        {"max(depth, 3, abs(-4)) <= 1e3", "max(depth, 3, abs(-4)) <= 1000.0"},
        {"big > -9223372036854775808", "big > -9223372036854775808"},
        {"big != 9223372036854775807", "big != 9223372036854775807"},
        {"lr < .5", "lr < 0.5"},
        {"weather == (rain == true)", "weather == (rain == true)"},
        {"name == \"a\\\"b\"", "name == \"a\\\"b\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char once[2048];
        memcpy(once, written(parse(cases[i][0])), sizeof(once));
        assert_string_equal(once, cases[i][1]);
        assert_string_equal(written(parse(once)), once);
    }
}

static const char *const wrong[][2] = {
    {"", "3:8: expression ends where a value should stand"},
    {"depth >", "3:15: expression ends where a value should stand"},
    {"depth > > 3", "3:16: `>` stands where a value should"},
    {"depth 3", "3:14: `3` stands where an operator or the end should"},
    {"depth = 3", "3:14: `=` stands where an operator or the end should | `==` asks whether two "
                  "things are equal"},
    {"weather && rain", "3:16: `&` stands where an operator or the end should | write `and`"},
    {"weather || rain", "3:16: `|` stands where an operator or the end should | write `or`"},
    {"weather ? 1",
     "3:16: `?` stands where an operator or the end should | there is no conditional "
     "operator: `and`, `or` and `not` do"},
    {"max(1 2) > 3", "3:14: `2` stands where `,` or `)` should"},
    {"(depth 3)", "3:15: `3` stands where `)` should"},
    {"big > -92233720368547758089",
     "3:15: this whole number does not fit into 64 bits | write it as "
     "a real, with a point or an exponent"},
    {"not limit", "3:12: `not` wants true or false, but limit is of mixed type"},
    {"features + 1 > 2", "3:8: arithmetic wants numbers, but features is a list | a list is asked "
                         "with len(features) or \"hour\" in features"},
    {"depth + depth + depth + depth + depth + depth + depth + depth",
     "3:8: a condition wants true or false, but depth + depth + depth + depth + depth + depth + "
     "depth "
     "+ dept... is a number | compare it with something: depth + depth + depth + depth + depth + "
     "depth + depth + dept... > 0"},
    {"!weather", "3:8: `!` stands where a value should | write `not`"},
    {"depth // 2 > 1", "3:14: `//` is not an operator here | write floor(a / b)"},
    {"depth in [2, 3]", "3:17: `[` stands where a value should | a list is written (a, b), on the "
                        "right of `in`"},
    {"(depth > 3", "3:8: this parenthesis is never closed"},
    {"max(depth, 3 > 1", "3:11: this parenthesis is never closed"},
    {"(depth, 3) == 2", "3:8: a list can stand only on the right of `in`"},
    {"depth in ()", "3:17: this list is empty: nothing is in it"},
    {"depth > 3 in (1, 2)", "3:18: `in` can't go on a chain of comparisons | write a == b and b "
                            "in (c, d)"},
    {"depth in (1, 2) == true", "3:24: a comparison can't follow `in` | put parentheses around "
                                "each"},
    {"model == \"mlp", "3:17: this string has no closing \""},
    {"depth > 3x", "3:16: this is no number | a string has quotes around it"},
    {"depth > 9223372036854775808", "3:16: this whole number does not fit into 64 bits | write it "
                                    "as a real, with a point or an exponent"},
    {"depth > -9223372036854775809", "3:17: this whole number does not fit into 64 bits | write "
                                     "it as a real, with a point or an exponent"},
    {"depth > 1e999", "3:16: this number is too large"},
    {"pow(depth, 2) > 3", "3:8: there is no function pow | there are len, abs, min, max, log, "
                          "log2, log10, exp, sqrt, floor, ceil, round"},
    {"sqr(depth) > 3", "3:8: there is no function sqr | did you mean sqrt?"},
    {"sqrt(depth, 2) > 3", "3:8: sqrt() takes one number"},
    {"max() > 3", "3:8: max() takes at least one number"},
    {"`batch-size", "3:8: this name has no closing `"},
    {"`batch size` > 3", "3:14: no parameter has this in its name"},
    {"`` > 3", "3:8: a name is missing between the backquotes"},
    {"depht > 3", "3:8: there is no parameter depht | did you mean depth?"},
    {"x > 3", "3:8: there is no parameter x | a bare word is a parameter, a string has quotes"},
    {"batch-size > 3", "3:8: there is no parameter batch | a name with a hyphen stands in "
                       "backquotes: `batch-size`"},
    {"model == mlp", "3:17: there is no parameter mlp | it is a value of model: put it in quotes, "
                     "\"mlp\""},
    {"mlp == model", "3:8: there is no parameter mlp | it is a value of model: put it in quotes, "
                     "\"mlp\""},
    {"model in (mlp, gbdt)", "3:18: there is no parameter mlp | it is a value of model: put it in "
                             "quotes, \"mlp\""},
    {"hour in features", "3:8: there is no parameter hour | it is a value of features: put it in "
                         "quotes, \"hour\""},
    {"model == \"gbtd\"", "3:17: \"gbtd\" is not a value of model | did you mean \"gbdt\"?"},
    {"model != \"forest\"",
     "3:17: \"forest\" is not a value of model | its values are linear, mlp, gbdt"},
    {"kernel == 4", "3:18: 4 is not a value of kernel | its values are 3, 5, 7"},
    {"kernel in (3, 4)", "3:22: 4 is not a value of kernel | its values are 3, 5, 7"},
    {"\"huor\" in features", "3:8: \"huor\" is not a value of features | did you mean \"hour\"?"},
    {"3 in features", "3:8: 3 is a number, and the items of features are not"},
    {"\"a\" in model", "3:15: model is a string, not a list | write a list in parentheses: x in "
                       "(a, b)"},
    {"features == \"hour\"", "3:8: features is a list, and lists are not compared | ask \"item\" "
                             "in features, or len(features)"},
    {"len(model) > 3", "3:12: len wants a list, but model is a string"},
    {"model > 3", "3:8: model is a string and 3 is a number: they can't be compared"},
    {"model == 3", "3:17: model is a string and 3 is a number: they are never equal"},
    {"weather == 1", "3:19: weather is true or false and 1 is a number: they are never equal | a "
                     "flag is compared with true or false, or stands alone"},
    {"model < \"mlp\"", "3:8: model is a string, and those have no order | make it an "
                        "ordinal(...): its levels compare by their place in it"},
    {"weather < rain", "3:8: weather is true or false, and those have no order"},
    {"size < \"huge\"", "3:15: \"huge\" is not a value of size | its values are small, medium, "
                        "large"},
    {"size < 3", "3:15: 3 has no place among the levels of size | an ordinal compares with its own "
                 "levels: size < \"large\""},
    {"depth", "3:8: a condition wants true or false, but depth is a number | compare it with "
              "something: depth > 0"},
    {"model", "3:8: a condition wants true or false, but model is a string | compare it with "
              "something: model == \"...\""},
    {"weather and depth", "3:20: `and` wants true or false, but depth is a number | compare it "
                          "with something: depth > 0"},
    {"not model", "3:12: `not` wants true or false, but model is a string | compare it with "
                  "something: model == \"...\""},
    {"model + 1 > 2", "3:8: arithmetic wants numbers, but model is a string"},
    {"log(model) > 2", "3:12: log wants numbers, but model is a string"},
    {"features > 2", "3:8: features is a list and 2 is a number: they can't be compared"},
    {"depth > 3 and\n depht < 5", "4:2: there is no parameter depht | did you mean depth?"},
    {"\"\xc3\xa9\" == model and x", "3:8: \"\xc3\xa9\" is not a value of model | its values are "
                                    "linear, mlp, gbdt"},
    {"\xc3\xa9 > 3", "3:8: `\xc3\xa9` stands where a value should"},
    {"name == \"\xc3\xa9\" and depht > 3", "3:24: there is no parameter depht | did you mean "
                                           "depth?"},
};

static void refuses(void **state)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct expr *x;
        struct error e = {0};
        struct location at = {"trawl.yaml", 3, 8};
        enum code code = expr_parse(&arena, str_of(wrong[i][0]), at, &x, &e);
        if (code == OK)
            code = expr_bind(x, space, &e);
        if (code == OK)
            fail_msg("%s is taken", wrong[i][0]);
        assert_string_equal(message_of(&e), wrong[i][1]);
        assert_string_equal(e.file, "trawl.yaml");
        assert_int_equal(e.code, code);
    }
}

static void keeps_its_limits(void **state)
{
    struct expr *x;
    struct error e = {0};
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int deep = EXPR_DEPTH_MAX; deep <= EXPR_DEPTH_MAX + 1; deep++) {
        static const char *const openings[] = {"(", "not ", "-", "abs("};
        for (size_t i = 0; i < 4; i++) {
            buf_clear(&b);
            for (int k = 0; k < deep; k++)
                buf_cstr(&b, openings[i]);
            buf_cstr(&b, "depth");
            for (int k = 0; k < deep && (i == 0 || i == 3); k++)
                buf_char(&b, ')');
            enum code code = expr_parse(&arena, buf_view(&b), (struct location){0}, &x, &e);
            assert_int_equal(code, deep > EXPR_DEPTH_MAX ? E_LIMIT : OK);
        }
    }
    buf_clear(&b);
    buf_repeat(&b, ' ', EXPR_BYTES_MAX + 1);
    assert_int_equal(expr_parse(&arena, buf_view(&b), (struct location){0}, &x, &e), E_LIMIT);
    assert_int_equal(expr_parse(&arena, (struct str){"a\0b", 3}, (struct location){0}, &x, &e),
                     E_SYNTAX);
    /* long is not deep */
    buf_clear(&b);
    buf_cstr(&b, "depth");
    while (b.n < EXPR_BYTES_MAX - 10)
        buf_cstr(&b, "+1");
    buf_cstr(&b, ">0");
    assert_ok(expr_parse(&arena, buf_view(&b), (struct location){0}, &x, &e));
    assert_ok(expr_bind(x, space, &e));
    assert_int_equal(expr_bounds(x, space), EXPR_TRUE);
    buf_free(&b);
    struct arena tight;
    arena_init(&tight, 0);
    assert_int_equal(expr_parse(&tight, STR("depth > 1"), (struct location){0}, &x, &e), E_NOMEM);
}

/* The configuration that `truths` are asked of; hidden ones are inactive. */
static void fill(struct value *values)
{
    static const struct value features[] = {{.type = VALUE_STRING, .s = {"hour", 4}},
                                            {.type = VALUE_STRING, .s = {"distance", 8}}};
    static const struct value order[] = {{.type = VALUE_STRING, .s = {"b", 1}},
                                         {.type = VALUE_STRING, .s = {"a", 1}}};
    memset(values, 0, space->n_params * sizeof(*values));
    values[space_find(space, STR("model"))] = value_string(STR("mlp"));
    values[space_find(space, STR("depth"))] = value_int(7);
    values[space_find(space, STR("weather"))] = value_bool(true);
    values[space_find(space, STR("rain"))] = value_bool(false);
    values[space_find(space, STR("features"))] =
        (struct value){.type = VALUE_LIST, .list = {features, 2}};
    values[space_find(space, STR("kernel"))] = value_int(5);
    values[space_find(space, STR("size"))] = value_string(STR("medium"));
    values[space_find(space, STR("limit"))] = value_string(STR("none"));
    values[space_find(space, STR("order"))] =
        (struct value){.type = VALUE_LIST, .list = {order, 2}};
    values[space_find(space, STR("big"))] = value_int(INT64_MAX);
    values[space_find(space, STR("batch-size"))] = value_int(8);
    values[space_find(space, STR("name"))] = value_string(STR("run"));
    values[space_find(space, STR("off"))] = value_real(-0.5);
    values[space_find(space, STR("nothing"))] = (struct value){.type = VALUE_LIST};
    values[space_find(space, STR("list"))] =
        space->params[space_find(space, STR("list"))].prior.levels[0];
    /* lr and optimizer.name are inactive */
}

static const struct {
    const char *text;
    enum expr_truth truth;
} truths[] = {
    {"model == \"mlp\"", EXPR_TRUE},
    {"model != \"mlp\"", EXPR_FALSE},
    {"1 <= depth < 8", EXPR_TRUE},
    {"1 <= depth < 7", EXPR_FALSE},
    {"1 < 2 > 1 == 1", EXPR_TRUE},
    {"weather", EXPR_TRUE},
    {"not weather", EXPR_FALSE},
    {"weather == true and rain == false", EXPR_TRUE},
    {"weather + rain <= 1", EXPR_TRUE},
    {"weather + weather + rain == 2", EXPR_TRUE},
    {"\"hour\" in features", EXPR_TRUE},
    {"\"carrier\" in features", EXPR_FALSE},
    {"\"carrier\" not in features", EXPR_TRUE},
    {"len(features) == 2", EXPR_TRUE},
    {"len(order) == 2 and len(list) == 2", EXPR_TRUE},
    {"\"x\" in list", EXPR_TRUE},
    {"\"z\" in list", EXPR_FALSE},
    {"kernel in (3, 5)", EXPR_TRUE},
    {"kernel in (3, depth - 2)", EXPR_TRUE},
    {"kernel not in (3, 7)", EXPR_TRUE},
    {"kernel == 5.0", EXPR_TRUE},
    {"size < \"large\"", EXPR_TRUE},
    {"\"small\" <= size < \"medium\"", EXPR_FALSE},
    {"size >= size", EXPR_TRUE},
    {"size == \"medium\"", EXPR_TRUE},
    /* numbers */
    {"7 / 2 == 3.5 and 8 / 2 == 4", EXPR_TRUE},
    {"7 % 3 == 1 and -7 % 3 == 2 and 7 % -3 == -2 and -7 % -3 == -1", EXPR_TRUE},
    {"7.5 % 2 == 1.5 and -7.5 % 2 == 0.5", EXPR_TRUE},
    {"2 ** 10 == 1024 and 2 ** -1 == 0.5 and -2 ** 2 == -4 and 2 ** 3 ** 2 == 512", EXPR_TRUE},
    {"2 ** 63 == 9223372036854775808.0", EXPR_TRUE},
    {"3 ** 39 == 4052555153018976267", EXPR_TRUE},
    {"big + 1 == 9223372036854775808.0", EXPR_TRUE},
    {"big == 9223372036854775807 and big != 9223372036854775806", EXPR_TRUE},
    {"big < 9223372036854775808.0", EXPR_TRUE},
    {"-big - 1 == -9223372036854775808", EXPR_TRUE},
    {"-(-9223372036854775808) == 9223372036854775808.0", EXPR_TRUE},
    {"-9223372036854775808 / -1 == 9223372036854775808.0", EXPR_TRUE},
    {"-9223372036854775808 % -1 == 0", EXPR_TRUE},
    {"9007199254740993 > 9007199254740992.0", EXPR_TRUE},
    {"1 - 2 - 3 == -4 and 2 * 3 / 4 == 1.5 and 2 + 3 * 4 == 14", EXPR_TRUE},
    {"abs(-3) == 3 and abs(off) == 0.5 and abs(-9223372036854775808) > big", EXPR_TRUE},
    {"min(3, 1.5, 2) == 1.5 and max(3, 1.5) == 3", EXPR_TRUE},
    {"floor(off) == -1 and ceil(off) == 0 and floor(-3) == -3", EXPR_TRUE},
    {"round(0.5) == 0 and round(1.5) == 2 and round(2.4) == 2 and round(1e300) == 1e300",
     EXPR_TRUE},
    {"log(exp(1)) == 1 and log2(8) == 3 and log10(1000) == 3 and sqrt(16) == 4", EXPR_TRUE},
    {"0x10 == 16 and 1e2 == 100", EXPR_TRUE},
    /* unknown */
    {"lr > 0", EXPR_UNKNOWN},
    {"\"x\" in nothing", EXPR_FALSE},
    {"lr == lr", EXPR_UNKNOWN},
    {"optimizer.name == \"adam\"", EXPR_UNKNOWN},
    {"optimizer.name in (\"adam\", \"sgd\")", EXPR_UNKNOWN},
    {"not lr > 0", EXPR_UNKNOWN},
    {"lr > 0 and rain", EXPR_FALSE},
    {"rain and lr > 0", EXPR_FALSE},
    {"lr > 0 and weather", EXPR_UNKNOWN},
    {"lr > 0 or weather", EXPR_TRUE},
    {"lr > 0 or rain", EXPR_UNKNOWN},
    {"8 < depth < lr", EXPR_FALSE},
    {"depth in (lr, 7)", EXPR_TRUE},
    {"depth in (lr, 8)", EXPR_UNKNOWN},
    {"depth not in (lr, 8)", EXPR_UNKNOWN},
    {"1 / 0 > 0", EXPR_UNKNOWN},
    {"1 % 0 > 0", EXPR_UNKNOWN},
    {"0 ** -1 > 0", EXPR_UNKNOWN},
    {"log(0) < 0 or sqrt(-1) > 0 or log2(off) > 0 or (-8) ** 0.5 > 0", EXPR_UNKNOWN},
    {"exp(1000) - exp(1000) == 0", EXPR_UNKNOWN},
    {"max(1, lr) > 0", EXPR_UNKNOWN},
    {"limit > 5", EXPR_UNKNOWN},
    {"limit != \"none\" and limit > 5", EXPR_FALSE},
    {"limit + 1 > 0", EXPR_UNKNOWN},
};

static void evaluates(void **state)
{
    struct value values[32];
    fill(values);
    for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
        struct expr *x = parse(truths[i].text);
        if (expr_truth(x, values) != truths[i].truth)
            fail_msg("%s is %d", truths[i].text, (int)expr_truth(x, values));
    }
}

static const struct {
    const char *text;
    enum expr_truth truth;
} bounded[] = {
    {"depth >= 2", EXPR_TRUE},
    {"depth > 2", EXPR_UNKNOWN},
    {"depth > 12", EXPR_FALSE},
    {"depth < 2 or depth > 12", EXPR_FALSE},
    {"2 <= depth <= 12", EXPR_TRUE},
    {"depth * 2 <= 24", EXPR_TRUE},
    {"depth * depth > 150", EXPR_FALSE},
    {"lr <= 1", EXPR_TRUE},
    {"log10(lr) < -4.1", EXPR_FALSE},
    {"sqrt(lr) > 1.1", EXPR_FALSE},
    {"exp(lr) < 3", EXPR_TRUE},
    {"lr ** 2 > 1.1", EXPR_FALSE},
    {"off ** 2 < -1", EXPR_FALSE},
    {"1 / depth > 0.6", EXPR_FALSE},
    {"depth % 5 >= 6", EXPR_FALSE},
    {"depth % 5 < 0", EXPR_FALSE},
    {"abs(off) < 0", EXPR_FALSE},
    {"-depth > -1", EXPR_FALSE},
    {"max(depth, 13) == 13", EXPR_TRUE},
    {"min(depth, 1) == 1", EXPR_TRUE},
    {"floor(lr) == 2", EXPR_FALSE},
    {"weather + rain > 2", EXPR_FALSE},
    {"weather", EXPR_UNKNOWN},
    {"len(features) == 0", EXPR_FALSE},
    {"len(features) in (1, 2, 3)", EXPR_UNKNOWN},
    {"\"a\" in order", EXPR_TRUE},
    {"\"hour\" in features", EXPR_UNKNOWN},
    {"\"x\" in list", EXPR_TRUE},
    {"\"z\" in list", EXPR_FALSE},
    {"name == \"run\"", EXPR_TRUE},
    {"name == \"other\"", EXPR_FALSE},
    {"model == optimizer.name", EXPR_FALSE},
    {"kernel > 7", EXPR_FALSE},
    {"kernel == depth", EXPR_UNKNOWN},
    {"size <= \"large\"", EXPR_TRUE},
    {"size < \"small\"", EXPR_FALSE},
    {"limit > 20", EXPR_FALSE},
    {"limit <= 20", EXPR_UNKNOWN},
    {"log(0) > 0", EXPR_FALSE},
    {"big + 1 > 0", EXPR_UNKNOWN},
    {"big <= 9223372036854775807", EXPR_UNKNOWN}, /* bounds are doubles: sound, not sharp */
    {"true", EXPR_TRUE},
    {"false or false", EXPR_FALSE},
    {"not false", EXPR_TRUE},
    {"off ** 0.5 > 0", EXPR_UNKNOWN},
    {"floor(log(0)) > 1", EXPR_FALSE},
    {"\"a\" in nothing", EXPR_FALSE},
    {"\"a\" not in nothing", EXPR_TRUE},
};

static void bounds(void **state)
{
    for (size_t i = 0; i < sizeof(bounded) / sizeof(bounded[0]); i++) {
        struct expr *x = parse(bounded[i].text);
        if (expr_bounds(x, space) != bounded[i].truth)
            fail_msg("%s is %d by its bounds", bounded[i].text, (int)expr_bounds(x, space));
    }
    /* what is always unknown is not true, but not false either: a constraint of it holds */
    assert_int_equal(expr_outcomes(parse("log(0) > 0"), space), 1u << EXPR_UNKNOWN);
}

/* Whichever allocation fails, it is said, and nothing is left behind. */
static void runs_out_of_memory_anywhere(void **state)
{
    enum code code = E_NOMEM;
    for (size_t ceiling = 0; code != OK; ceiling += 16) {
        struct arena a;
        struct expr *x;
        struct error e = {0};
        arena_init(&a, ceiling);
        code = expr_parse(&a,
                          STR("not -depth ** 2 + `batch-size` > max(1, 'a', +2) and (x or y) or "
                              "kernel not in (3, 'five')"),
                          (struct location){"t", 1, 1}, &x, &e);
        assert_true(code == OK || (code == E_NOMEM && e.code == E_NOMEM));
        arena_free(&a);
    }
}

static void count(void *self, int param)
{
    int *counts = self;
    counts[param]++;
}

static void visits_names(void **state)
{
    int counts[32] = {0};
    expr_names(parse("depth > 3 and (model in (\"mlp\", \"gbdt\") or max(depth, lr) < 2)"), count,
               counts);
    assert_int_equal(counts[space_find(space, STR("depth"))], 2);
    assert_int_equal(counts[space_find(space, STR("model"))], 1);
    assert_int_equal(counts[space_find(space, STR("lr"))], 1);
    assert_int_equal(counts[space_find(space, STR("rain"))], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_canonical_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_its_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evaluates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(visits_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_out_of_memory_anywhere, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
