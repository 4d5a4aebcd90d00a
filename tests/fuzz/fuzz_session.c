/* Lines of ask and tell: each is answered by one line of JSON, whatever it holds. */
#include "fuzz/fuzzing.h"
#include "optimize/optimizer.h"

#include <jansson.h>
#include <string.h>

static const char file[] =
    "goal: minimize\n"
    "parameters:\n"
    "  model: choice(linear, mlp)\n"
    "  lr: loguniform(1e-4, 1)\n"
    "  n: {prior: \"int(1, 9)\", when: model == \"mlp\", default: 3}\n"
    "  tags: {prior: \"subset(a, b, c)\", default: [a]}\n"
    "search: {method: sobol + asha(eta=3), trials: 5, budget: {min: 1, max: 9}}\n";

static struct optimizer *make(struct virtual_clock *clock)
{
    struct problems problems;
    struct settings *settings;
    struct optimizer *o;
    problems_init(&problems);
    FUZZ_CHECK(conf_load_space(str_of(file), "fuzz.yaml", NULL, 0, &settings, &problems) == OK);
    FUZZ_CHECK(optimizer_new(&o, settings, 7, clock_virtual(clock), NULL) == OK);
    problems_free(&problems);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make(&clock);
    struct buf answer;
    buf_init(&answer, 1 << 24);
    for (int i = 0; rest.p && i < 100; i++) {
        struct str line = str_cut(&rest, '\n');
        buf_clear(&answer);
        FUZZ_CHECK(optimizer_talk(o, line, &answer) == OK);
        FUZZ_CHECK(answer.n > 1 && memchr(answer.p, '\n', answer.n) == answer.p + answer.n - 1);
        json_t *said = json_loadb(answer.p, answer.n, 0, NULL);
        FUZZ_CHECK(json_is_object(said));
        json_decref(said);
    }
    buf_free(&answer);
    optimizer_free(o);
    return 0;
}
