/* How attempts end, and what is said about it. */
#include "supervised.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct wire_exited run(struct supervised *s)
{
    supervised_go(s);
    return supervised_finish(s);
}

static void ends_well(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo epoch=1 auc=0.5; echo epoch=2 auc=0.75 >&2");
    struct wire_exited x = run(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.exit_code, 0);
    assert_int_equal(x.signal, -1);
    assert_int_equal(x.reports, 2);
    assert_int_equal(x.last_step, 2);
    assert_false(x.infeasible);
    assert_true(x.peak_memory > 100000);
    assert_int_equal(s.frame[0].type, FRAME_STARTED);
    assert_true(s.frame[0].text.n > 40);
    assert_int_equal(supervised_report(&s, 0)->step, 1);
    assert_real(supervised_report(&s, 1)->metrics[0].value, 0.75);
    assert_false(supervised_report(&s, 1)->explicit_report);
    assert_false(supervised_report(&s, 1)->waits);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.frame[i].seq, i + 1);
    struct str log = supervised_file(&s, "a.log");
    assert_true(text_has(log, "Z | epoch=1 auc=0.5\n"));
    assert_true(text_has(log, "Z ! epoch=2 auc=0.75\n"));
    supervised_free(&s);
}

static void exit_codes_and_signals(void **state)
{
    static const struct {
        const char *script;
        enum wire_reason reason;
        int exit_code, signal;
        bool infeasible;
        const char *detail;
    } cases[] = {
        {"exit 3", WIRE_EXIT, 3, -1, false, ""},
        {"exit 65", WIRE_EXIT, 65, -1, true, ""},
        {"kill -SEGV $$", WIRE_SIGNAL, -1, SIGSEGV, false, "SIGSEGV"},
        {"kill -KILL $$", WIRE_SIGNAL, -1, SIGKILL, false, "SIGKILL"},
        {"exit 0", WIRE_NO_METRIC, 0, -1, false, "never reported auc"},
        {"echo val_auc=0.3 lr: 1e-3", WIRE_NO_METRIC, 0, -1, false, "val_auc, lr"},
        {"echo auc=nan", WIRE_EXIT, 0, -1, false, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct supervised s;
        supervised_init(&s, cases[i].script);
        struct wire_exited x = run(&s);
        if (x.reason != cases[i].reason || x.exit_code != cases[i].exit_code ||
            x.signal != cases[i].signal || x.infeasible != cases[i].infeasible ||
            !(x.detail.n == strlen(cases[i].detail) || text_has(x.detail, cases[i].detail)))
            fail_msg("%s: reason %d, exit %d, signal %d, infeasible %d, \"%.*s\"", cases[i].script,
                     (int)x.reason, x.exit_code, x.signal, x.infeasible, STR_FMT(x.detail));
        supervised_free(&s);
    }
}

/* The others of its names don't decide how it ended, but what never came is said. */
static void names_that_never_came_are_said(void **state)
{
    static const struct str names[] = {{"auc", 3}, {"ms", 2}, {"gb", 2}};
    static const struct {
        const char *script, *detail;
    } cases[] = {
        {"echo auc=1 latency=3; echo gb=1", "never reported ms; its output holds latency"},
        {"echo auc=1", "never reported ms, gb"},
        {"echo ms=1 gb=2 auc=3", ""},
        {"\"$REPORT\" report auc=1 gb=2 late=3 || exit 9", "never reported ms; it reported late"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct supervised s;
        supervised_init(&s, cases[i].script);
        s.spec.names = names;
        s.spec.n_names = 3;
        struct wire_exited x = run(&s);
        assert_int_equal(x.reason, WIRE_EXIT);
        assert_int_equal(x.exit_code, 0);
        if (!str_is(x.detail, cases[i].detail))
            fail_msg("%s: \"%.*s\"", cases[i].script, STR_FMT(x.detail));
        supervised_free(&s);
    }
}

static void no_metric_is_well_after_a_resume(void **state)
{
    struct supervised s;
    supervised_init(&s, "exit 0");
    s.spec.from_step = 3;
    assert_int_equal(run(&s).reason, WIRE_EXIT);
    supervised_free(&s);
}

/* What keeps a program from starting, said so that one knows what to do. */
static void spawn_failures(void **state)
{
    static const struct {
        const char *program, *text;
        mode_t mode;
        const char *detail;
    } cases[] = {
        {"no-such-program-anywhere", NULL, 0, "there is no program \"no-such-program-anywhere\""},
        {"./absent", NULL, 0, "there is no program "},
        {"./plain", "echo", 0644, "is not executable"},
        {"./script", "#!/no/such/python\n", 0755, "names the interpreter /no/such/python"},
        {"./windows", "#!/bin/sh\r\necho\r\n", 0755, "Unix line ends"},
        {"./data", "no program", 0755, "neither a program nor a script"},
        {"../trial", NULL, 0, "is a folder"},
        {"beside", "#!/bin/sh\n", 0755, "write ./beside"},
        {"", NULL, 0, "the command is empty"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct supervised s;
        char path[200];
        supervised_init(&s, "");
        s.argv[0] = str_of(cases[i].program);
        snprintf(path, sizeof(path), "%s/trial", s.folder);
        mkdir(path, 0755);
        snprintf(path, sizeof(path), "%s/trial/%s", s.folder, cases[i].program);
        if (cases[i].text) {
            FILE *f = fopen(path, "w");
            fputs(cases[i].text, f);
            fclose(f);
            chmod(path, cases[i].mode);
        }
        struct wire_exited x = run(&s);
        if (x.reason != WIRE_SPAWN || !text_has(x.detail, cases[i].detail))
            fail_msg("\"%s\": reason %d, \"%.*s\"", cases[i].program, (int)x.reason,
                     STR_FMT(x.detail));
        assert_int_equal(s.n, 1); /* never STARTED */
        assert_true(text_has(supervised_file(&s, "a.log"), "Z # "));
        supervised_free(&s);
    }
}

static void setup_failures(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo auc=1");
    s.spec.directory = STR("/proc/no/such/folder");
    struct wire_exited x = run(&s);
    assert_int_equal(x.reason, WIRE_SPAWN);
    assert_true(text_has(x.detail, "/proc/no"));
    supervised_free(&s);
    supervised_init(&s, "echo auc=1");
    struct wire_link link = {STR("../escape"), STR("/etc")};
    s.spec.n_links = 1;
    s.spec.links = &link;
    x = run(&s);
    assert_int_equal(x.reason, WIRE_SPAWN);
    assert_true(text_has(x.detail, "../escape"));
    supervised_free(&s);
}

static void time_is_up(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo auc=1; sleep 1000");
    s.spec.time_ns = 200 * NS_PER_MS;
    int64_t before = monotonic_ms();
    struct wire_exited x = run(&s);
    assert_int_equal(x.reason, WIRE_TIMEOUT);
    assert_true(text_has(x.detail, "200 ms"));
    assert_true(monotonic_ms() - before >= 200);
    assert_int_equal(x.signal, SIGTERM);
    supervised_free(&s);
}

static void silence(void **state)
{
    struct supervised s;
    supervised_init(&s, "for i in 1 2 3 4; do echo auc=$i; sleep 0.4; done; sleep 1000");
    s.spec.silence_ns = 1500 * NS_PER_MS;
    struct wire_exited x = run(&s);
    assert_int_equal(x.reason, WIRE_SILENCE);
    assert_int_equal(x.reports, 4);
    assert_true(text_has(supervised_file(&s, "a.log"), "Z # no output and no report for 1.5 s"));
    supervised_free(&s);
}

static void memory(void **state)
{
    struct supervised s; /* tail holds what has no line end */
    supervised_init(&s, "echo auc=1; head -c 300000000 /dev/zero | tail | sleep 1000");
    s.spec.memory = 100 << 20;
    struct wire_exited x = run(&s);
    assert_int_equal(x.reason, WIRE_OOM);
    assert_true(x.peak_memory > 100 << 20);
    assert_true(text_has(x.detail, " of 100.0 MiB"));
    supervised_free(&s);
}

static void term_is_ignored(void **state)
{
    struct supervised s;
    supervised_init(&s, "trap '' TERM; echo auc=1; while :; do sleep 0.02; done");
    s.spec.time_ns = 100 * NS_PER_MS;
    struct wire_exited x = run(&s);
    assert_int_equal(x.reason, WIRE_TIMEOUT);
    assert_int_equal(x.signal, SIGKILL);
    supervised_free(&s);
}

static void what_the_program_sees(void **state)
{
    struct supervised s;
    struct wire_link link = {STR("data"), STR("/etc")};
    struct str env[] = {STR("LR=0.1"), STR("HOME"), STR("OMP_NUM_THREADS=9")};
    supervised_init(&s, "pwd; cat \"$TRAWL_PARAMS\"; echo; readlink data; env; cat config.yaml; "
                        "test -d \"$TRAWL_CHECKPOINT\" && echo auc=1; ls -l /proc/self/fd");
    s.spec.n_links = 1;
    s.spec.links = &link;
    s.spec.env = env;
    s.spec.n_env = 3;
    s.spec.steps = 27;
    s.spec.cpus = 3;
    s.spec.devices = STR("");
    char *config = arena_fmt(&s.arena, "%s/trial/config.yaml", s.folder);
    s.spec.config_path = str_of(config);
    s.spec.config_text = STR("lr: 0.1\n");
    assert_int_equal(run(&s).reason, WIRE_EXIT);
    struct str log = supervised_file(&s, "a.log");
    static const char *const want[] = {"/trial\n",
                                       "| {\"lr\": 0.1}\n",
                                       "| /etc\n",
                                       "| LR=0.1\n",
                                       "| OMP_NUM_THREADS=9\n",
                                       "| MKL_NUM_THREADS=3\n",
                                       "| OPENBLAS_NUM_THREADS=3\n",
                                       "| TRAWL_TRIAL=12.40\n",
                                       "| TRAWL_STEPS=27\n",
                                       "| TRAWL_SEED=7\n",
                                       "| TRAWL_ENDPOINT=unix:/tmp/",
                                       "| TRAWL_TOKEN=0000",
                                       "| CUDA_VISIBLE_DEVICES=\n",
                                       "| PYTHONUNBUFFERED=1\n",
                                       "| lr: 0.1\n",
                                       "| auc=1\n",
                                       "| PWD=/tmp/",
                                       "0 -> /dev/null"};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        if (!text_has(log, want[i]))
            fail_msg("no \"%s\" in\n%.*s", want[i], STR_FMT(log));
    assert_false(text_has(log, "| HOME="));
    assert_false(text_has(log, "a.spool")); /* nor any other descriptor of ours */
    assert_false(text_has(log, "socket:"));
    supervised_free(&s);
}

/* A retry finds its folder as the first attempt left it. */
static void folder_is_made_again(void **state)
{
    struct supervised s;
    struct wire_link links[] = {{STR("data"), STR("/etc")}, {STR("own"), STR("/usr")}};
    supervised_init(&s, "mkdir -p out; echo x >> out/x; rm -f own; echo mine > own; "
                        "readlink data; cat own; wc -l < out/x; echo auc=1");
    s.spec.n_links = 2;
    s.spec.links = links;
    assert_int_equal(run(&s).reason, WIRE_EXIT);
    unlink(s.spool);
    links[0].target = STR("/var");
    s.n = 0;
    close(s.fd);
    assert_int_equal(run(&s).reason, WIRE_EXIT);
    struct str log = supervised_file(&s, "a.log");
    assert_true(text_has(log, "| /etc\n") && text_has(log, "| /var\n"));
    assert_true(text_has(log, "| mine\n"));
    assert_true(text_has(log, "| 2\n"));
    supervised_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_well),
        cmocka_unit_test(exit_codes_and_signals),
        cmocka_unit_test(names_that_never_came_are_said),
        cmocka_unit_test(no_metric_is_well_after_a_resume),
        cmocka_unit_test(spawn_failures),
        cmocka_unit_test(setup_failures),
        cmocka_unit_test(time_is_up),
        cmocka_unit_test(silence),
        cmocka_unit_test(memory),
        cmocka_unit_test(term_is_ignored),
        cmocka_unit_test(what_the_program_sees),
        cmocka_unit_test(folder_is_made_again),
    };
    return RUN_TESTS(tests);
}
