/*
 * Priors: whatever parses is written so that it parses to the same, and maps any point of the cube
 * to a value that it accepts.
 */
#include "space/prior.h"

#include "fuzz/fuzzing.h"

#include <math.h>
#include <string.h>

static void check_point(const struct prior *p, struct arena *a, double coordinate)
{
    double u[PRIOR_ITEMS_MAX], code[PRIOR_ITEMS_MAX];
    struct value v, taken;
    for (int k = 0; k < prior_units(p); k++)
        u[k] = fmod(coordinate + 0.37 * k, 1.0);
    FUZZ_CHECK(prior_decode(p, a, u, &v) == OK);
    taken = v;
    FUZZ_CHECK(prior_accept(p, a, &taken, NULL) == OK);
    FUZZ_CHECK(value_equal(&v, &taken));
    prior_encode(p, &v, code);
    for (int k = 0; k < prior_units(p); k++)
        FUZZ_CHECK(code[k] >= 0 && code[k] <= 1);
}

static void check_ends(const struct prior *p, struct arena *a)
{
    struct value v;
    int64_t count = prior_count(p);
    FUZZ_CHECK(count >= 0);
    if (count == 0)
        return;
    FUZZ_CHECK(prior_nth(p, a, 0, &v) == OK && prior_accept(p, a, &v, NULL) == OK);
    FUZZ_CHECK(prior_nth(p, a, count - 1, &v) == OK && prior_accept(p, a, &v, NULL) == OK);
    FUZZ_CHECK(prior_nth(p, a, count, &v) != OK);
}

static void check_text(const struct prior *p, struct arena *a)
{
    struct buf once, twice;
    struct prior back;
    buf_init(&once, 2 * PRIOR_BYTES_MAX);
    buf_init(&twice, 2 * PRIOR_BYTES_MAX);
    prior_write(p, &once);
    FUZZ_CHECK(prior_parse(a, buf_view(&once), (struct location){0}, &back, NULL) == OK);
    prior_write(&back, &twice);
    FUZZ_CHECK(str_eq(buf_view(&once), buf_view(&twice)));
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena a;
    struct prior p;
    struct error e = {0};
    arena_init(&a, 64 << 20);
    enum code code = prior_parse(&a, text, (struct location){"fuzz", 1, 1}, &p, &e);
    FUZZ_CHECK(code == e.code);
    if (code == OK) {
        check_text(&p, &a);
        check_ends(&p, &a);
        for (double u = 0; u <= 1; u += 0.125)
            check_point(&p, &a, u);
    } else {
        FUZZ_CHECK(e.message[0] && e.line >= 1 && e.column >= 1);
    }
    arena_free(&a);
    return 0;
}
