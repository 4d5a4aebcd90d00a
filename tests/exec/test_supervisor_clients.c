/* The C and the Python client in a real trial, and by hand. */
#include "supervised.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char params[] =
    "{\"lr\": 1e-3, \"n\": -9007199254740993, \"flag\": true, \"features\": [\"a\", \"}\"], "
    "\"optimizer.name\": \"ad\\u0061m\"}";

static void check_reports(struct supervised *s)
{
    struct wire_exited x = supervised_finish(s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.exit_code, 0);
    assert_int_equal(x.reports, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct wire_report *r = supervised_report(s, i);
        assert_true(r->explicit_report);
        assert_int_equal(r->step, i + 1);
        assert_true(str_is(r->metrics[0].name, "auc"));
        assert_real(r->metrics[0].value, 0.1 + 0.001);
    }
    const struct wire_report *second = supervised_report(s, 1);
    assert_int_equal(second->n, 3);
    assert_true(str_is(second->metrics[1].name, "loss \"x\""));
    assert_true(isnan(second->metrics[1].value));
    assert_real(second->metrics[2].value, 1e300);
}

static void in_c(void **state)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8"};
    for (size_t i = 0; i < 2; i++) {
        struct supervised s;
        supervised_init(&s, "");
        s.argv[0] = str_of(getenv("TRAWL_TEST_C_PROGRAM"));
        s.argv[1] = str_of(locales[i]);
        s.spec.n_argv = 2;
        s.spec.params = str_of(params);
        s.spec.steps = 5;
        s.spec.next_wanted = 100;
        supervised_go(&s);
        check_reports(&s);
        struct str log = supervised_file(&s, "a.log");
        assert_true(text_has(log, "lr is 0.001, n -9007199254740993, flag 1, adam, [\"a\", \"}\"], "
                                  "seed 7, /tmp/"));
        assert_true(text_has(log, "! decision 1 at 5\n"));
        supervised_free(&s);
    }
}

static void infeasible_in_c(void **state)
{
    struct supervised s;
    supervised_init(&s, "");
    s.argv[0] = str_of(getenv("TRAWL_TEST_C_PROGRAM"));
    s.spec.n_argv = 1;
    s.spec.params = STR("{\"odd\":true}");
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_true(x.infeasible);
    assert_true(str_is(x.detail, "\"odd\" is\nodd"));
    supervised_free(&s);
}

/* Without a supervisor: defaults, and lines that can be read; or one word that nobody listens. */
static void by_hand_in_c(void **state)
{
    struct supervised s;
    supervised_init(&s,
                    "unset ${!TRAWL_*}; mkdir -p x; cd x; \"$PROGRAM\"; "
                    "TRAWL_ENDPOINT=unix:/no/such TRAWL_TOKEN=x \"$PROGRAM\"; test -d checkpoint");
    s.argv[0] = STR("bash");
    struct str env = str_of(arena_fmt(&s.arena, "PROGRAM=%s", getenv("TRAWL_TEST_C_PROGRAM")));
    s.spec.env = &env;
    s.spec.n_env = 1;
    supervised_go(&s);
    assert_int_equal(supervised_finish(&s).exit_code, 0);
    struct str log = supervised_file(&s, "a.log");
    assert_true(text_has(log, "! lr is not 0.001, n 3, flag 0, sgd, none, seed 1, checkpoint\n"));
    assert_true(text_has(log, "| step=1 auc=0.6\n"));
    assert_true(text_has(log, "| auc=0.6 loss \"x\"=nan big=1e+300\n"));
    assert_true(text_has(log, "! decision 0 at 3\n"));
    assert_true(text_has(log, "not delivered, going on without trawl: No such file"));
    supervised_free(&s);
}

static void in_python(void **state)
{
    struct supervised s;
    struct str env = str_of(getenv("TRAWL_TEST_PYTHONPATH"));
    supervised_init(&s, "");
    s.argv[0] = STR("python3");
    s.argv[2] = STR("import math, os, sys, trawl\n"
                    "p = trawl.params({'lr': 1, 'x': 2})\n"
                    "assert p == {'lr': 1e-3, 'x': 2, 'n': -9007199254740993, 'flag': True, "
                    "'features': ['a', '}'], 'optimizer.name': 'adam'}, p\n"
                    "assert trawl.seed() == 7 and str(trawl.checkpoint()) == "
                    "os.environ['TRAWL_CHECKPOINT']\n"
                    "for step in range(1, trawl.steps() + 10):\n"
                    "    more = {} if step % 2 else {'loss \"x\"': math.nan, 'big': 1e300}\n"
                    "    at = step if step % 2 else None\n"
                    "    decision = trawl.report(at, auc=0.1 + p['lr'], **more)\n"
                    "    if not decision:\n"
                    "        break\n"
                    "assert decision.stop and step == 5\n");
    s.spec.env = &env;
    s.spec.n_env = 1;
    s.spec.params = str_of(params);
    s.spec.steps = 5;
    s.spec.next_wanted = 100;
    supervised_go(&s);
    check_reports(&s);
    supervised_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_c),
        cmocka_unit_test(infeasible_in_c),
        cmocka_unit_test(by_hand_in_c),
        cmocka_unit_test(in_python),
    };
    return RUN_TESTS(tests);
}
