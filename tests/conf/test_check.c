/*
 * What `trawl check` says, for people and as JSON.
 */
#include "conf/loading.h"

#define FILE_TEXT                                                                  \
    "space: flights\ncommand: t ${args}\nmetric: l\ngoal: minimize\nparameters:\n" \
    "  model: choice(linear, mlp)\n"                                               \
    "  hidden: {prior: \"int(1, 3)\", when: 'model == \"mlp\"', default: 2}\n"     \
    "  aug: flag()\n"                                                              \
    "  batch: 256\n"                                                               \
    "constraints: [hidden * batch <= 600]\n"                                       \
    "baseline: {model: mlp, aug: true}\n"

static void shows_the_space_as_a_table(void **state)
{
    struct settings *s = load_right(FILE_TEXT, NULL);
    struct buf b;
    buf_init(&b, 1 << 20);
    check_space_text(s, &b);
    assert_str(buf_view(&b),
               "space flights: 4 parameters, 3 dimensions, 8 configurations before constraints\n"
               "\n"
               "parameter  prior                active when     default\n"
               "model      choice(linear, mlp)  always          -\n"
               "hidden     int(1, 3)            model == \"mlp\"  2\n"
               "aug        flag()               always          -\n"
               "batch      256 (fixed)          always          -\n"
               "\n"
               "constraints\n"
               "  hidden * batch <= 600\n"
               "\n"
               "baseline\n"
               "  model=mlp hidden=2 aug=true batch=256\n");
    buf_free(&b);
    settings_free(s);
}

static void shows_objectives_requirements_and_first_points(void **state)
{
    struct settings *s =
        load_right("space: s\ncommand: t ${args}\nparameters: {x: \"uniform(0, 1)\", k: 3}\n"
                   "objectives:\n  - {metric: acc, goal: maximize, take: mean(2)}\n"
                   "  - {metric: ms, goal: minimize, take: best}\n"
                   "require: [gb<4, ms <= 20]\nsearch: {first: [{x: 0.5}, {x: 1}]}\n",
                   NULL);
    struct buf b;
    struct json j;
    struct problems none;
    buf_init(&b, 1 << 20);
    check_space_text(s, &b);
    assert_non_null(strstr(b.p, "\nfirst\n  x=0.5 k=3\n  x=1 k=3\n"
                                "\nobjectives\n  maximize acc, minimize ms\n"
                                "\nrequire\n  gb < 4, ms <= 20\n"));
    buf_clear(&b);
    problems_init(&none);
    jw_init(&j, &b);
    jw_object(&j);
    check_json(s, &none, &j);
    jw_object_end(&j);
    assert_ok(jw_end(&j, NULL));
    assert_non_null(strstr(b.p, "\"first\":[{\"x\":0.5,\"k\":3},{\"x\":1.0,\"k\":3}]}"));
    assert_non_null(strstr(b.p, "\"objectives\":[{\"metric\":\"acc\",\"goal\":\"maximize\","
                                "\"take\":\"mean(2)\"},{\"metric\":\"ms\",\"goal\":\"minimize\","
                                "\"take\":\"best\"}],\"requirements\":[\"gb < 4\",\"ms <= 20\"]}"));
    buf_free(&b);
    settings_free(s);
}

static void shortens_what_is_too_wide(void **state)
{
    struct settings *s =
        load_right("space: s\ncommand: t\nmetric: l\ngoal: minimize\nparameters:\n"
                   "  x: choice(\xc3\xa9ne, aaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbb, "
                   "cccccccccccccccccccc)\n",
                   NULL);
    struct buf b;
    buf_init(&b, 1 << 20);
    check_space_text(s, &b);
    assert_non_null(strstr(b.p, "x          choice(\"\xc3\xa9ne\", aaaaaaaaaaaaaaaaaaaaaaaaa, "
                                "bbbbbbbbbbbbbbbb...  always       -\n"));
    buf_free(&b);
    settings_free(s);
}

static void assert_check(const struct settings *s, const struct problems *p, const char *wanted)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    jw_object(&j);
    check_json(s, p, &j);
    jw_object_end(&j);
    assert_ok(jw_end(&j, NULL));
    assert_str(buf_view(&b), wanted);
    buf_free(&b);
}

static void shows_the_space_as_json(void **state)
{
    struct settings *s = load_right(FILE_TEXT, NULL);
    struct problems none;
    problems_init(&none);
    assert_check(
        s, &none,
        "{\"ok\":true,\"errors\":[],\"space\":{\"name\":\"flights\",\"count\":8,\"exact\":true,"
        "\"dimensions\":3,\"parameters\":["
        "{\"name\":\"model\",\"prior\":\"choice(linear, mlp)\",\"when\":null,\"default\":null,"
        "\"units\":1},"
        "{\"name\":\"hidden\",\"prior\":\"int(1, 3)\",\"when\":\"model == \\\"mlp\\\"\","
        "\"default\":2,\"units\":1},"
        "{\"name\":\"aug\",\"prior\":\"flag()\",\"when\":null,\"default\":null,\"units\":1},"
        "{\"name\":\"batch\",\"fixed\":256,\"prior\":\"256\",\"when\":null,\"default\":null,"
        "\"units\":0}],"
        "\"constraints\":[\"hidden * batch <= 600\"],"
        "\"baseline\":{\"model\":\"mlp\",\"hidden\":2,\"aug\":true,\"batch\":256},"
        "\"first\":[]},\"objectives\":[{\"metric\":\"l\",\"goal\":\"minimize\",\"take\":\"last\"}],"
        "\"requirements\":[]}");
    settings_free(s);
}

static void shows_what_is_wrong_as_json(void **state)
{
    struct settings *s = NULL;
    struct problems p;
    struct override set = {STR("retries"), STR("x")};
    problems_init(&p);
    assert_int_not_equal(conf_load(STR(FILE_TEXT "serach: 1\n"), "trawl.yaml", &set, 1, &s, &p),
                         OK);
    assert_check(s, &p,
                 "{\"ok\":false,\"errors\":[{\"code\":\"unknown\",\"file\":\"trawl.yaml\","
                 "\"line\":12,\"column\":1,\"message\":\"unknown key \\\"serach\\\"\","
                 "\"hint\":\"did you mean \\\"search\\\"?\"},"
                 "{\"code\":\"invalid\",\"file\":\"--set retries\",\"line\":null,\"column\":null,"
                 "\"message\":\"retries is x, not a whole number\",\"hint\":null}],"
                 "\"space\":null}");
    problems_free(&p);
}

static void says_how_many_more_there_were(void **state)
{
    struct problems p;
    struct error e = {0};
    struct buf b;
    problems_init(&p);
    buf_init(&b, 1 << 20);
    (void)error_set(&e, E_INVALID, "m");
    for (int i = 0; i < PROBLEMS_MAX + 3; i++)
        problems_add(&p, &e);
    check_problems_text(&p, &b);
    assert_true(str_starts(buf_view(&b), "m\nm\n"));
    assert_true(str_ends(buf_view(&b), "m\nand 3 more\n"));
    buf_free(&b);
    problems_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_space_as_a_table),
        cmocka_unit_test(shows_objectives_requirements_and_first_points),
        cmocka_unit_test(shortens_what_is_too_wide),
        cmocka_unit_test(shows_the_space_as_json),
        cmocka_unit_test(shows_what_is_wrong_as_json),
        cmocka_unit_test(says_how_many_more_there_were),
    };
    return RUN_TESTS(tests);
}
