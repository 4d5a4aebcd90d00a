/*
 * Tables: whatever the text, it is read to its end or refused with a place; a table that is taken
 * answers for any configuration.
 */
#include "exec/sim/csv.h"
#include "exec/sim/table.h"

#include "fuzz/fuzzing.h"

static void check_records(struct str text)
{
    static struct csv_field fields[CSV_FIELDS_MAX];
    struct csv c;
    struct arena a;
    struct error e = {0};
    size_t n = 1;
    enum code code = OK;
    arena_init(&a, 64 << 20);
    csv_init(&c, text, "fuzz");
    for (size_t records = 0; code == OK && n > 0; records++) {
        FUZZ_CHECK(records <= text.n + 1);
        code = csv_next(&c, &a, fields, &n, &e);
        for (size_t i = 0; code == OK && i < n; i++)
            FUZZ_CHECK(fields[i].text.n <= text.n && fields[i].column >= 1);
    }
    FUZZ_CHECK(code == OK || (e.message[0] && e.line >= 1 && e.column >= 1));
    arena_free(&a);
}

static void check_table(const struct space *s, struct str text, bool exact)
{
    struct objective o;
    struct error e = {0};
    const struct table_settings x = {
        .file = "fuzz", .text = text, .space = s, .value = STR("v"), .exact = exact};
    if (objective_table(&x, &o, &e) != OK) {
        FUZZ_CHECK(e.message[0] && e.line >= 1);
        return;
    }
    for (int i = 0; i < 8; i++) {
        struct arena a;
        struct config c;
        struct sim_course course = {0};
        const double u[] = {i / 8.0, 1 - i / 8.0};
        arena_init(&a, 1 << 20);
        FUZZ_CHECK(config_decode(s, &a, u, &c) == OK);
        const struct sim_attempt attempt = {.trial = 1, .config = &c};
        FUZZ_CHECK(o.begin(o.self, &attempt, &course, &e) == OK);
        if (!course.infeasible)
            (void)o.value(o.self, &attempt, &course, i);
        arena_free(&a);
    }
    o.destroy(o.self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct space *s;
    struct problems problems;
    const struct param_decl params[] = {
        {.name = STR("m"), .prior = STR("choice(a, b)")},
        {.name = STR("d"), .prior = STR("int(1, 9)"), .when = STR("m == \"a\"")}};
    check_records(text);
    problems_init(&problems);
    FUZZ_CHECK(space_new(&s, NULL) == OK);
    for (size_t i = 0; i < 2; i++)
        FUZZ_CHECK(space_declare(s, &params[i], NULL) == OK);
    FUZZ_CHECK(space_finish(s, &problems) == OK);
    check_table(s, text, false);
    check_table(s, text, true);
    space_free(s);
    problems_free(&problems);
    return 0;
}
