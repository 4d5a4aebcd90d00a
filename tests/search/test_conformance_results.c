/* Every sampler: what trials may come to, how many are pending, what is known beforehand, several
 * objectives and requirements, options at their limits. */
#include "conformance.h"

static void every_mood(void **state)
{
    for (int mood = ALL_EQUAL; mood <= SILENT; mood++)
        over_pairs((struct plan){.rows = space_mixed,
                                 .trials = 60,
                                 .slots = 6,
                                 .seed = (uint64_t)mood,
                                 .mood = (enum mood)mood,
                                 .with_steps = true,
                                 .with_baseline = true},
                   22, check_replay);
}

static void every_mood_with_evidence(void **state)
{
    for (int mood = MIXED; mood <= SILENT; mood++)
        over_samplers((struct plan){.rows = space_conditional,
                                    .trials = 20,
                                    .slots = 2,
                                    .seed = (uint64_t)mood + 100,
                                    .mood = (enum mood)mood,
                                    .n_evidence = 30,
                                    .n_requirements = 1},
                      6, check_recompute);
}

static void sixty_four_pending(void **state)
{
    over_samplers((struct plan){.rows = space_mixed,
                                .allocator = "asha",
                                .trials = 200,
                                .slots = 64,
                                .seed = 3,
                                .n_evidence = 10,
                                .with_steps = true,
                                .with_baseline = true},
                  80, check_recompute);
}

static void everything_known_beforehand(void **state)
{
    over_samplers((struct plan){.rows = space_conditional,
                                .constraint = space_conditional_constraint,
                                .trials = 60,
                                .slots = 3,
                                .seed = 13,
                                .n_first = FIRST_POINTS,
                                .n_evidence = 25,
                                .with_baseline = true},
                  30, check_replay);
}

static void five_thousand_observations(void **state)
{
    over_samplers((struct plan){.rows = space_mixed,
                                .trials = 20,
                                .slots = 2,
                                .seed = 17,
                                .n_evidence = 5000,
                                .with_baseline = true},
                  2, check_recompute);
}

static void five_thousand_trials(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    for (size_t i = 0; i < n; i++) {
        if (!kinds[i]->instant)
            continue;
        struct plan plan = {.rows = space_mixed,
                            .sampler = kinds[i],
                            .allocator = "asha",
                            .trials = 5000,
                            .slots = 16,
                            .seed = 21,
                            .with_steps = true,
                            .with_baseline = true};
        struct run r;
        start_run(&r, &plan);
        drive(&r);
        recompute(&r);
        end_run(&r);
    }
}

static void several_objectives(void **state)
{
    for (size_t objectives = 2; objectives <= OBJECTIVES_MAX; objectives *= 2)
        for (uint64_t seed = 0; seed < 2; seed++)
            over_samplers((struct plan){.rows = seed ? space_conditional : space_mixed,
                                        .trials = 60,
                                        .slots = 4,
                                        .seed = seed,
                                        .n_objectives = objectives,
                                        .n_requirements = seed * 2,
                                        .n_evidence = seed * 6,
                                        .n_first = 2,
                                        .with_baseline = true},
                          24, check_replay);
    for (int mood = ALL_EQUAL; mood <= SILENT; mood++)
        over_samplers((struct plan){.rows = space_mixed,
                                    .trials = 40,
                                    .slots = 4,
                                    .seed = (uint64_t)mood,
                                    .mood = (enum mood)mood,
                                    .n_objectives = 2,
                                    .n_requirements = 1},
                      18, check_recompute);
}

static void requirements(void **state)
{
    for (uint64_t seed = 0; seed < 2; seed++)
        over_samplers((struct plan){.rows = seed ? space_conditional : space_mixed,
                                    .trials = 60,
                                    .slots = 4,
                                    .seed = seed,
                                    .n_requirements = seed ? REQUIREMENTS_MAX : 1,
                                    .n_first = 2,
                                    .with_baseline = true},
                      25, check_replay);
    for (int mood = ALL_EQUAL; mood <= SILENT; mood++)
        over_samplers((struct plan){.rows = space_mixed,
                                    .trials = 40,
                                    .slots = 4,
                                    .seed = (uint64_t)mood,
                                    .mood = (enum mood)mood,
                                    .n_requirements = 2},
                      18, check_recompute);
}

/* One option at one of its values. A method may refuse what makes no sense together, saying so. */
static void try_option(const struct sampler_kind *kind, const char *options, const struct space *s)
{
    struct plan plan = {.space = s,
                        .sampler = kind,
                        .options = options,
                        .trials = affordable(kind, 40, 16),
                        .slots = 2,
                        .seed = 1,
                        .with_baseline = true};
    char text[300];
    struct method m;
    struct arena a;
    struct error e = {.code = OK};
    struct effort effort = {.trials = plan.trials, .parallel = plan.slots};
    write_method(&plan, s, text, sizeof(text));
    print_message("# %s\n", text);
    arena_init(&a, 1 << 16);
    expect_code(method_parse(&a, str_of(text), (struct location){.file = NULL}, &m, &e), OK, &e);
    enum code code = method_resolve(&m, s, &effort, &e);
    arena_free(&a);
    if (code != OK) {
        assert_int_equal(code, E_INVALID);
        assert_true(strlen(e.message) > 10);
        return;
    }
    struct run r;
    start_run(&r, &plan);
    drive(&r);
    recompute(&r);
    end_run(&r);
}

static void options_at_their_limits(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    struct space *s = make_space(space_mixed, space_mixed_constraint);
    char text[200];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < kinds[i]->n_options; k++) {
            const struct option_kind *o = &kinds[i]->options[k];
            for (size_t w = 0; o->words && o->words[w]; w++) {
                snprintf(text, sizeof(text), "(%s=%s)", o->name, o->words[w]);
                try_option(kinds[i], text, s);
            }
            for (int high = 0; !o->words && high < 2; high++) {
                snprintf(text, sizeof(text), "(%s=%.17g)", o->name, high ? o->hi : o->lo);
                try_option(kinds[i], text, s);
            }
        }
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mood),
        cmocka_unit_test(every_mood_with_evidence),
        cmocka_unit_test(sixty_four_pending),
        cmocka_unit_test(everything_known_beforehand),
        cmocka_unit_test(five_thousand_observations),
        cmocka_unit_test(five_thousand_trials),
        cmocka_unit_test(several_objectives),
        cmocka_unit_test(requirements),
        cmocka_unit_test(options_at_their_limits),
    };
    return RUN_TESTS(tests);
}
