/*
 * Journal entries: the first byte says which kind (a digit), the rest is its text, handed to a
 * search of one baseline and one running trial. It is refused and nothing has changed, or it is
 * taken and counted.
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

static struct searcher *make_searcher(const struct space *space)
{
    struct searcher_settings settings = {.space = space,
                                         .effort = {10, true, 1, 9, 1, 1},
                                         .seed = 7,
                                         .n_objectives = 1,
                                         .minimize = {true}};
    struct arena a;
    struct searcher *s;
    arena_init(&a, 1 << 16);
    FUZZ_CHECK(method_parse(&a, STR("random + asha"), (struct location){.file = NULL},
                            &settings.method, NULL) == OK);
    FUZZ_CHECK(method_resolve(&settings.method, space, &settings.effort, NULL) == OK);
    FUZZ_CHECK(searcher_new(&s, &settings, NULL) == OK);
    arena_free(&a);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || data[0] < '0' || data[0] > '4')
        return 0;
    enum entry_kind kind = (enum entry_kind)(data[0] - '0');
    struct space *space = make_space();
    struct searcher *s = make_searcher(space);
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
