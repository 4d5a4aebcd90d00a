/*
 * Journal entries: the first byte says which kind (a digit), the rest is its text, handed to a
 * search of one baseline and one running trial; or (5) of an ask, to a population of two that are
 * paused; or (6) of an ask or a report, to a freeze-thaw of one trial that is paused and one that
 * runs, with a requirement. It is refused and nothing has changed, or it is taken and counted.
 */
#include "fuzz/fuzzing.h"
#include "search/searcher.h"

#include <string.h>

static const char *const prefix[] = {
    "{\"engine\":1,\"method\":\"random + asha(eta=3, variant=stop)\",\"why\":\"\",\"seed\":7,"
    "\"goal\":\"minimize\",\"seeds\":\"vary\",\"replicates\":1}",
    "{\"params\":{\"model\":\"mlp\",\"hidden\":16},\"seed\":1,\"steps\":9,\"baseline\":false,"
    "\"index\":[0,1],\"seen\":1}",
};

/* Of a population. A text and its length, as a constant. */
#define STR_TEXT(text) text, sizeof(text) - 1

static const struct entry population[] = {
    {1,
     ENTRY_BEGIN,
     0,
     {STR_TEXT("{\"engine\":1,\"method\":\"random + pbt(population=2, interval=3, quantile=0.5, "
               "resample=0.25, factor=1.2)\",\"why\":\"\",\"seed\":7,\"goal\":\"minimize\","
               "\"seeds\":\"vary\",\"replicates\":1}")}},
    {2,
     ENTRY_ASK,
     1,
     {STR_TEXT("{\"params\":{\"model\":\"mlp\",\"hidden\":16},\"seed\":1,\"steps\":3,"
               "\"baseline\":false,\"index\":[0,1],\"seen\":1}")}},
    {3,
     ENTRY_ASK,
     2,
     {STR_TEXT("{\"params\":{\"model\":\"mlp\",\"hidden\":17},\"seed\":2,\"steps\":3,"
               "\"baseline\":false,\"index\":[1,2],\"seen\":2}")}},
    {4, ENTRY_REPORT, 1, {STR_TEXT("{\"step\":3,\"value\":1.0,\"decision\":\"pause\"}")}},
    {5, ENTRY_REPORT, 2, {STR_TEXT("{\"step\":3,\"value\":2.0,\"decision\":\"pause\"}")}},
};

static const struct entry frozen[] = {
    {1,
     ENTRY_BEGIN,
     0,
     {STR_TEXT(
         "{\"engine\":1,\"method\":\"random + freeze_thaw(growth=3)\",\"why\":\"\",\"seed\":7,"
         "\"goal\":\"minimize\",\"requirements\":1,\"seeds\":\"vary\",\"replicates\":1}")}},
    {2,
     ENTRY_ASK,
     1,
     {STR_TEXT("{\"params\":{\"model\":\"mlp\",\"hidden\":16},\"seed\":1,\"steps\":1,"
               "\"baseline\":false,\"index\":[0,1],\"seen\":1}")}},
    {3,
     ENTRY_REPORT,
     1,
     {STR_TEXT("{\"step\":1,\"value\":1.0,\"decision\":\"pause\",\"excess\":[-0.5]}")}},
    {4,
     ENTRY_ASK,
     2,
     {STR_TEXT("{\"params\":{\"model\":\"mlp\",\"hidden\":17},\"seed\":2,\"steps\":1,"
               "\"baseline\":false,\"index\":[1,2],\"seen\":3}")}},
};

enum {
    POPULATION = sizeof(population) / sizeof(population[0]),
    FROZEN = sizeof(frozen) / sizeof(frozen[0])
};

static struct space *make_space(void)
{
    struct space *s;
    struct problems problems;
    struct param_decl model = {.name = STR("model"), .prior = STR("choice(linear, mlp)")};
    struct param_decl hidden = {
        .name = STR("hidden"), .prior = STR("logint(1, 512)"), .when = STR("model == \"mlp\"")};
    struct param_decl rate = {
        .name = STR("rate"), .prior = STR("uniform(0, 1)"), .when = STR("model == \"linear\"")};
    problems_init(&problems);
    FUZZ_CHECK(space_new(&s, NULL) == OK);
    FUZZ_CHECK(space_declare(s, &model, NULL) == OK);
    FUZZ_CHECK(space_declare(s, &hidden, NULL) == OK);
    FUZZ_CHECK(space_declare(s, &rate, NULL) == OK);
    FUZZ_CHECK(space_finish(s, &problems) == OK);
    problems_free(&problems);
    return s;
}

static struct searcher *make_searcher(const struct space *space, struct str method,
                                      size_t n_requirements)
{
    struct searcher_settings settings = {.space = space,
                                         .effort = {.trials = 10,
                                                    .has_steps = true,
                                                    .min_steps = 1,
                                                    .max_steps = 9,
                                                    .parallel = 1,
                                                    .n_objectives = 1},
                                         .seed = 7,
                                         .n_objectives = 1,
                                         .n_requirements = n_requirements,
                                         .minimize = {true}};
    struct arena a;
    struct searcher *s;
    arena_init(&a, 1 << 16);
    FUZZ_CHECK(method_parse(&a, method, (struct location){.file = NULL}, &settings.method, NULL) ==
               OK);
    FUZZ_CHECK(method_resolve(&settings.method, space, &settings.effort, NULL) == OK);
    FUZZ_CHECK(searcher_new(&s, &settings, NULL) == OK);
    arena_free(&a);
    return s;
}

static void follow(struct searcher *s, const struct entry *v, size_t n, const struct entry *last)
{
    struct error e = {.code = OK};
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(searcher_apply(s, &v[i], &e) == OK);
    enum code code = searcher_apply(s, last, &e);
    FUZZ_CHECK(code == OK || code == E_CORRUPT);
    FUZZ_CHECK(searcher_last_seq(s) == (int64_t)n + (code == OK));
    FUZZ_CHECK(code == OK || e.message[0]);
}

/* An ask in a population: of the third trial, or of the first one that goes on. */
static void ask_of_a_population(struct str text)
{
    struct space *space = make_space();
    struct searcher *s =
        make_searcher(space, STR("random + pbt(population=2, interval=3, quantile=0.5)"), 0);
    bool more = memmem(text.p, text.n, "\"more\"", 6) != NULL;
    const struct entry entry = {POPULATION + 1, ENTRY_ASK, more ? 1 : 3, text};
    follow(s, population, POPULATION, &entry);
    searcher_free(s);
    space_free(space);
}

/* A report of the second trial, or an ask: of the third, or of the first one that goes on. */
static void entry_of_a_freeze_thaw(struct str text)
{
    struct space *space = make_space();
    struct searcher *s = make_searcher(space, STR("random + freeze_thaw(growth=3)"), 1);
    bool more = memmem(text.p, text.n, "\"more\"", 6) != NULL;
    bool report = memmem(text.p, text.n, "\"decision\"", 10) != NULL;
    const struct entry entry = {FROZEN + 1, report ? ENTRY_REPORT : ENTRY_ASK,
                                report ? 2
                                : more ? 1
                                       : 3,
                                text};
    follow(s, frozen, FROZEN, &entry);
    searcher_free(s);
    space_free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || data[0] < '0' || data[0] > '6')
        return 0;
    if (data[0] == '5') {
        ask_of_a_population((struct str){(const char *)data + 1, size - 1});
        return 0;
    }
    if (data[0] == '6') {
        entry_of_a_freeze_thaw((struct str){(const char *)data + 1, size - 1});
        return 0;
    }
    enum entry_kind kind = (enum entry_kind)(data[0] - '0');
    struct space *space = make_space();
    struct searcher *s = make_searcher(space, STR("random + asha"), 0);
    struct error e = {.code = OK};
    int64_t n = kind == ENTRY_BEGIN ? 0 : kind == ENTRY_ASK ? 1 : 2;
    for (int64_t i = 0; i < n; i++) {
        struct entry entry = {i + 1, i ? ENTRY_ASK : ENTRY_BEGIN, i, str_of(prefix[i])};
        FUZZ_CHECK(searcher_apply(s, &entry, &e) == OK);
    }
    struct entry entry = {n + 1, kind, kind != ENTRY_BEGIN, {(const char *)data + 1, size - 1}};
    enum code code = searcher_apply(s, &entry, &e);
    FUZZ_CHECK(code == OK || code == E_CORRUPT || code == E_VERSION);
    FUZZ_CHECK(searcher_last_seq(s) == n + (code == OK));
    FUZZ_CHECK(code == OK || e.message[0]);
    searcher_free(s);
    space_free(space);
    return 0;
}
