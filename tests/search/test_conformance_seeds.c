/* Every sampler: the same seed gives the same search in any process, another one another; what
 * people know, said as priors, is honoured. */
#include "conformance.h"

#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

static struct plan seeded(const struct sampler_kind *kind, uint64_t seed)
{
    return (struct plan){.rows = space_conditional,
                         .constraint = space_conditional_constraint,
                         .sampler = kind,
                         .allocator = "asha",
                         .trials = affordable(kind, 60, 22),
                         .slots = 3,
                         .seed = seed,
                         .n_evidence = 4,
                         .with_steps = true,
                         .with_baseline = true};
}

static uint64_t search_digest(const struct sampler_kind *kind, uint64_t seed)
{
    struct plan plan = seeded(kind, seed);
    struct run r;
    start_run(&r, &plan);
    drive(&r);
    uint64_t h = digest(&r);
    end_run(&r);
    return h;
}

/* In another process, whose addresses and whose fresh memory differ from ours. */
static void exec_digest(const struct sampler_kind *sampler, int to)
{
    char name[] = "digest", kind[64], only[128];
    const char *options = options_given(sampler);
    char memory[] = "ASAN_OPTIONS=max_malloc_fill_size=1000000:malloc_fill_byte=165:"
                    "allocator_may_return_null=1:detect_leaks=0";
    char perturb[] = "MALLOC_PERTURB_=165", halt[] = "UBSAN_OPTIONS=halt_on_error=1";
    char *argv[] = {name, kind, NULL}, *env[] = {memory, perturb, halt, only, NULL};
    snprintf(kind, sizeof(kind), "%s", sampler->name);
    snprintf(only, sizeof(only), "TRAWL_SAMPLER=%s%s", sampler->name, options ? options : "");
    (void)dup2(to, STDOUT_FILENO);
    execve("/proc/self/exe", argv, env);
    _exit(127);
}

static uint64_t digest_elsewhere(const struct sampler_kind *sampler)
{
    int ends[2], status = 0;
    char text[64];
    size_t n = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        exec_digest(sampler, ends[1]);
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && n<sizeof(text) - 1; n += got> 0 ? (size_t)got : 0)
        got = read(ends[0], text + n, sizeof(text) - 1 - n);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    text[n] = '\0';
    return strtoull(text, NULL, 16);
}

static int print_digest(const char *sampler)
{
    const struct sampler_kind *kind = sampler_find(str_of(sampler));
    if (!kind)
        return 2;
    printf("%" PRIx64 "\n", search_digest(kind, 2));
    return 0;
}

static void same_in_another_process(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    for (size_t i = 0; i < n; i++) {
        print_message("# %s\n", kinds[i]->name);
        assert_true(search_digest(kinds[i], 2) == digest_elsewhere(kinds[i]));
    }
}

/* Grids have no luck, and a few first points may be the same for everybody. */
static void another_seed_is_another_search(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    for (size_t i = 0; i < n; i++) {
        struct plan plans[2] = {seeded(kinds[i], 2), seeded(kinds[i], 4)};
        struct run r[2];
        size_t equal = 0, drawn = 0;
        for (int k = 0; k < 2; k++) {
            plans[k].with_baseline = false;
            plans[k].n_evidence = 0;
            start_run(&r[k], &plans[k]);
            drive(&r[k]);
        }
        for (size_t k = 0; k < r[0].n_configs; k++, drawn++)
            equal += config_hash(&r[0].configs[k]) == config_hash(&r[1].configs[k]);
        if (kinds[i]->enumerates)
            assert_int_equal(equal, drawn);
        else
            assert_true(equal <= drawn / 5);
        end_run(&r[0]);
        end_run(&r[1]);
    }
}

/* The first draws of many searches, before anything is known. */
enum { SEARCHES = 60, DRAWS = 5 };

static const struct row known_rows[] = {{"model", "choice(good=8, fair, poor)", NULL},
                                        {"centre", "normal(10, 1)", NULL},
                                        {"rate", "loguniform(1e-4, 1)", NULL},
                                        {"width", "logint(1, 1023)", NULL},
                                        {"on", "flag()", NULL},
                                        {"size", "ordinal(1, 2, 3, 4)", NULL},
                                        {"parts", "subset(a, b, c)", NULL},
                                        {"order", "permutation(a, b, c)", NULL},
                                        {NULL, NULL, NULL}};

struct tally {
    int n, good, low_rate, low_width, on, small, with_a, a_first, far;
    double centre;
};

static void count(struct tally *t, const struct config *c)
{
    const struct value *v = c->values;
    t->n++;
    t->good += str_is(v[0].s, "good");
    t->centre += v[1].r;
    t->far += v[1].r < 6 || v[1].r > 14;
    t->low_rate += v[2].r < 1e-2;
    t->low_width += v[3].i < 32;
    t->on += v[4].b;
    t->small += v[5].i <= 2;
    for (size_t i = 0; i < v[6].list.n; i++)
        t->with_a += str_is(v[6].list.v[i].s, "a");
    t->a_first += str_is(v[7].list.v[0].s, "a");
}

static void about(const char *sampler, const char *what, int part, int n, double expected,
                  double tolerance)
{
    double share = (double)part / n;
    print_message("# %s, %s: %.3f, by the prior %.3f\n", sampler, what, share, expected);
    assert_near(share, expected, tolerance);
}

static void priors_are_honoured(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    struct space *s = make_space(known_rows, NULL);
    for (size_t i = 0; i < n; i++) {
        struct tally t = {.n = 0};
        if (kinds[i]->enumerates)
            continue;
        for (uint64_t seed = 0; seed < SEARCHES; seed++) {
            struct plan plan = {
                .space = s, .sampler = kinds[i], .trials = DRAWS, .slots = DRAWS, .seed = seed};
            struct run r;
            start_run(&r, &plan);
            drive(&r);
            for (size_t k = 0; k < r.n_configs; k++)
                count(&t, &r.configs[k]);
            end_run(&r);
        }
        const char *name = kinds[i]->name;
        assert_int_equal(t.n, SEARCHES * DRAWS);
        about(name, "weighted choice", t.good, t.n, 0.8, 0.12);
        about(name, "decades", t.low_rate, t.n, 0.5, 0.13);
        about(name, "octaves", t.low_width, t.n, 0.5, 0.13);
        about(name, "flag", t.on, t.n, 0.5, 0.13);
        about(name, "ordinal", t.small, t.n, 0.5, 0.13);
        about(name, "subset", t.with_a, t.n, 0.5, 0.13);
        about(name, "permutation", t.a_first, t.n, 1.0 / 3, 0.13);
        assert_int_equal(t.far, 0);
        assert_near(t.centre / t.n, 10, 0.3);
    }
    space_free(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_in_another_process),
        cmocka_unit_test(another_seed_is_another_search),
        cmocka_unit_test(priors_are_honoured),
    };
    if (argc == 2 && strcmp(argv[0], "digest") == 0)
        return print_digest(argv[1]);
    return RUN_TESTS(tests);
}
