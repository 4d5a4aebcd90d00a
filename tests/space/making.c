/*
 * Spaces for tests, from a few lines of text.
 */
#include "space/making.h"

#include "testing.h"

#include <stdio.h>
#include <time.h>

static struct location location_of(int line, struct str whole, struct str part)
{
    return (struct location){"test.yaml", line, part.p ? (int)(part.p - whole.p) + 1 : 1};
}

static struct value fixed_value(struct str text, struct value *items)
{
    struct value list = {.type = VALUE_LIST, .list = {items, 0}};
    if (!str_starts(text, "["))
        return value_of_scalar(text);
    text = str_sub(text, 1, text.n - 2);
    while (text.n)
        items[list.list.n++] = value_of_scalar(str_trim(str_cut(&text, ',')));
    return list;
}

static enum code declare(struct space *s, struct str line, int number, struct error *e)
{
    struct value items[32];
    struct str rest = line;
    struct param_decl d = {.at = location_of(number, line, line)};
    if (str_starts(line, "where "))
        return space_constrain(s, str_sub(line, 6, line.n),
                               location_of(number, line, str_sub(line, 6, line.n)), e);
    d.name = str_trim(str_cut(&rest, ':'));
    if (str_starts(rest, "=")) {
        d.value = fixed_value(str_trim(str_sub(rest, 1, rest.n)), items);
        return space_declare(s, &d, e);
    }
    const char *when = rest.n ? memmem(rest.p, rest.n, " when ", 6) : NULL;
    if (when) {
        d.when = str_sub(rest, (size_t)(when - rest.p) + 6, rest.n);
        d.when_at = location_of(number, line, d.when);
        rest.n = (size_t)(when - rest.p);
    }
    const char *def = rest.n ? memmem(rest.p, rest.n, " default ", 9) : NULL;
    if (def) {
        struct str text = str_trim(str_sub(rest, (size_t)(def - rest.p) + 9, rest.n));
        d.has_default = true;
        d.def = fixed_value(text, items);
        d.default_at = location_of(number, line, text);
        rest.n = (size_t)(def - rest.p);
    }
    d.prior = str_trim(rest);
    d.prior_at = location_of(number, line, d.prior);
    return space_declare(s, &d, e);
}

enum code make_space(const char *text, struct space **ret, struct problems *problems)
{
    struct space *s;
    struct str rest = str_of(text);
    struct error e;
    assert_ok(space_new(&s, NULL));
    for (int number = 1; rest.n; number++) {
        struct str line = str_cut(&rest, '\n');
        memset(&e, 0, sizeof(e));
        if (line.n && declare(s, line, number, &e) != OK)
            problems_add(problems, &e);
    }
    enum code code = problems->n ? problems->v[0].code : space_finish(s, problems);
    if (code == OK)
        *ret = s;
    else
        space_free(s);
    return code;
}

const char *message_of(const struct error *e)
{
    static char text[2048];
    int n = 0;
    if (e->line)
        n = snprintf(text, sizeof(text), "%d:%d: ", e->line, e->column);
    snprintf(text + n, sizeof(text) - (size_t)n, "%s%s%s", e->message, e->hint[0] ? " | " : "",
             e->hint);
    return text;
}

struct space *must_make(const char *text)
{
    struct space *s = NULL;
    struct problems problems;
    problems_init(&problems);
    if (make_space(text, &s, &problems) != OK)
        fail_msg("%s", message_of(&problems.v[0]));
    problems_free(&problems);
    return s;
}

const char *problem_of(const char *text)
{
    struct space *s = NULL;
    struct problems problems;
    problems_init(&problems);
    if (make_space(text, &s, &problems) == OK) {
        space_free(s);
        return "nothing is wrong";
    }
    assert_int_equal(problems.n, 1);
    const char *message = message_of(&problems.v[0]);
    problems_free(&problems);
    return message;
}

uint64_t test_seed(void)
{
    const char *given = getenv("TRAWL_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec * 1000003u;
    print_message("# TRAWL_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}
