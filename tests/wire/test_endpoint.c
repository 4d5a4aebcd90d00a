#include "base/json_reader.h"
#include "testing.h"
#include "wire/endpoint.h"

#include <math.h>
#include <stdio.h>

#define MESSAGE(rest) "{\"token\":\"t\"," rest "}"

static enum code parse(const char *text, struct arena *a, struct endpoint_message *m,
                       struct error *e)
{
    arena_init(a, 1 << 24);
    return endpoint_parse(str_of(text), a, m, e);
}

static void a_report(void **state)
{
    struct arena a;
    struct endpoint_message m;
    assert_ok(parse(" {\"wait\": false, \"report\": {\"metrics\": {\"v\\u00e4l\": 8.1e-1, \"b\": "
                    "\"-inf\", \"c\": NaN}, \"step\": 3.0}, \"token\": \"a\\\"b\"} ",
                    &a, &m, NULL));
    assert_int_equal(m.kind, ENDPOINT_REPORTS);
    assert_false(m.wait);
    assert_true(str_is(m.token, "a\"b"));
    assert_int_equal(m.n_reports, 1);
    const struct endpoint_report *r = m.reports;
    assert_true(r->has_step);
    assert_int_equal(r->step, 3);
    assert_int_equal(r->n, 3);
    assert_true(str_is(r->metrics[0].name, "v\xc3\xa4l"));
    assert_real(r->metrics[0].value, 0.81);
    assert_true(isinf(r->metrics[1].value) && r->metrics[1].value < 0);
    assert_true(isnan(r->metrics[2].value));
    arena_free(&a);
}

static void what_may_be_left_out(void **state)
{
    struct arena a;
    struct endpoint_message m;
    assert_ok(parse(MESSAGE("\"reports\":[{},{\"step\":null,\"metrics\":{}}]"), &a, &m, NULL));
    assert_true(m.wait);
    assert_int_equal(m.n_reports, 2);
    assert_false(m.reports[1].has_step);
    assert_int_equal(m.reports[1].n, 0);
    arena_free(&a);
}

static void steps_of_64_bits(void **state)
{
    struct arena a;
    struct endpoint_message m;
    assert_ok(parse(MESSAGE("\"report\":{\"step\":9223372036854775807}"), &a, &m, NULL));
    assert_int_equal(m.reports[0].step, INT64_MAX);
    arena_free(&a);
}

static void infeasible(void **state)
{
    struct arena a;
    struct endpoint_message m;
    assert_ok(parse(MESSAGE("\"infeasible\":\"\\ud83d\\ude00 \\ud800 \\/\\n\""), &a, &m, NULL));
    assert_int_equal(m.kind, ENDPOINT_INFEASIBLE);
    assert_true(str_is(m.why, "\xf0\x9f\x98\x80 \xef\xbf\xbd /\n"));
    arena_free(&a);
}

static void wrong_messages(void **state)
{
    static const struct {
        const char *text, *message;
        enum code code;
    } cases[] = {
        {"", "the text ends too early at column 1", E_SYNTAX},
        {"3", "a message must be a JSON object", E_INVALID},
        {"{\"token\":3,\"report\":{}}", "\"token\" is missing", E_INVALID},
        {"{\"report\":{}}", "\"token\" is missing", E_INVALID},
        {MESSAGE("\"wait\":1,\"report\":{}"), "\"wait\" must be true or false", E_INVALID},
        {"{\"token\":\"t\"}", "exactly one of", E_INVALID},
        {MESSAGE("\"report\":{},\"infeasible\":\"x\""), "exactly one of", E_INVALID},
        {MESSAGE("\"infeasible\":true"), "a text that says why", E_INVALID},
        {MESSAGE("\"report\":[]"), "a report must be an object", E_INVALID},
        {MESSAGE("\"reports\":{}"), "an array of 1 to", E_INVALID},
        {MESSAGE("\"reports\":[]"), "an array of 1 to", E_INVALID},
        {MESSAGE("\"report\":{\"stp\":1}"), "no key \"stp\"", E_UNKNOWN},
        {MESSAGE("\"report\":{\"step\":1.5}"), "\"step\" must be", E_INVALID},
        {MESSAGE("\"report\":{\"step\":\"1\"}"), "\"step\" must be", E_INVALID},
        {MESSAGE("\"report\":{\"step\":1e300}"), "\"step\" must be", E_INVALID},
        {MESSAGE("\"report\":{\"step\":NaN}"), "\"step\" must be", E_INVALID},
        {MESSAGE("\"report\":{\"metrics\":[]}"), "\"metrics\" must be", E_INVALID},
        {MESSAGE("\"report\":{\"metrics\":{\"a\":true}}"), "\"a\" is not a number", E_INVALID},
        {MESSAGE("\"report\":{\"metrics\":{\"a\":\"x\"}}"), "\"a\" is not a number", E_INVALID},
        {MESSAGE("\"report\":{\"metrics\":{\"\":1}}"), "a metric's name has 0 bytes", E_LIMIT},
        {MESSAGE("\"report\":{\"metrics\":{\"a\":1,\"b\":2,\"a\":3}}"), "\"a\" stands twice",
         E_DUPLICATE},
        {"{\"token\":\"t\",}", "a key in quotes is missing at column 14", E_SYNTAX},
        {"{\"token\" \"t\"}", "':' is missing at column 10", E_SYNTAX},
        {"[1 2]", "',' or ']' is missing at column 4", E_SYNTAX},
        {"{\"a\":1 \"b\"}", "',' or '}' is missing", E_SYNTAX},
        {"{\"a\":tru}", "unexpected text at column 6", E_SYNTAX},
        {"{\"a\":01}", "no right number", E_SYNTAX},
        {"{\"a\":1.}", "no right number", E_SYNTAX},
        {"{\"a\":-}", "no right number", E_SYNTAX},
        {"{\"a\":1e+}", "no right number", E_SYNTAX},
        {"{\"a\":\"\\x\"}", "unknown escape", E_SYNTAX},
        {"{\"a\":\"\\u12g4\"}", "four hexadecimal digits", E_SYNTAX},
        {"{\"a\":\"\\ud800\\u\"}", "four hexadecimal digits", E_SYNTAX},
        {"{\"a\":\"\x01\"}", "control character", E_SYNTAX},
        {"{\"a\":\"\xc3(\"}", "not UTF-8", E_SYNTAX},
        {"{\"a\":\"b", "string without an end", E_SYNTAX},
        {"{\"a\":\"b\\", "string without an end", E_SYNTAX},
        {"{} x", "text after the end at column 4", E_SYNTAX},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested too deeply", E_LIMIT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena a;
        struct endpoint_message m;
        struct error e = {.message = ""};
        enum code code = parse(cases[i].text, &a, &m, &e);
        if (code != cases[i].code || !strstr(e.message, cases[i].message))
            fail_msg("%s: %d \"%s\"", cases[i].text, (int)code, e.message);
        arena_free(&a);
    }
}

static void limits(void **state)
{
    struct buf b;
    struct arena a;
    struct endpoint_message m;
    buf_init(&b, 4 << 20);
    buf_cstr(&b, "{\"token\":\"t\",\"report\":{\"metrics\":{");
    for (int i = 0; i <= REPORT_METRICS_MAX; i++)
        buf_fmt(&b, "%s\"m%d\":%d", i ? "," : "", i, i);
    buf_cstr(&b, "}}}");
    assert_int_equal(parse(b.p, &a, &m, NULL), E_LIMIT);
    arena_free(&a);
    buf_clear(&b);
    buf_repeat(&b, ' ', ENDPOINT_LINE_MAX + 1);
    assert_int_equal(parse(b.p, &a, &m, NULL), E_LIMIT);
    arena_free(&a);
    buf_free(&b);
}

/* Memory that runs out anywhere is an error like another. */
static void little_memory(void **state)
{
    static const char text[] =
        MESSAGE("\"reports\":[{\"metrics\":{\"a\\n\":1,\"b\":2}},{\"step\":3}]");
    bool went_well = false;
    for (size_t ceiling = 0; ceiling < 8192; ceiling += 16) {
        struct arena a;
        struct endpoint_message m;
        arena_init(&a, ceiling);
        enum code code = endpoint_parse(str_of(text), &a, &m, NULL);
        assert_true(code == OK || code == E_NOMEM);
        assert_false(went_well && code != OK);
        went_well = code == OK;
        arena_free(&a);
    }
    assert_true(went_well);
}

static void answers(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    endpoint_decision(&b, VERDICT_CONTINUE);
    endpoint_decision(&b, VERDICT_PAUSE);
    endpoint_decision(&b, VERDICT_STOP);
    endpoint_decision(&b, VERDICT_CANCEL);
    endpoint_ok(&b);
    endpoint_error(&b, "a \"b\"");
    assert_string_equal(b.p, "{\"decision\":\"continue\"}\n{\"decision\":\"pause\"}\n"
                             "{\"decision\":\"stop\"}\n{\"decision\":\"stop\"}\n{\"ok\":true}\n"
                             "{\"error\":\"a \\\"b\\\"\"}\n");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report),         cmocka_unit_test(what_may_be_left_out),
        cmocka_unit_test(steps_of_64_bits), cmocka_unit_test(infeasible),
        cmocka_unit_test(wrong_messages),   cmocka_unit_test(limits),
        cmocka_unit_test(little_memory),    cmocka_unit_test(answers),
    };
    return RUN_TESTS(tests);
}
