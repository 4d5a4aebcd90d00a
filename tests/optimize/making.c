#include "making.h"

struct optimizer *make_optimizer(const char *text, struct virtual_clock *clock)
{
    struct problems problems;
    struct settings *settings;
    struct optimizer *o;
    struct error e = {.code = OK};
    problems_init(&problems);
    if (conf_load_space(str_of(text), "test.yaml", NULL, 0, &settings, &problems) != OK)
        fail_msg("%d:%d: %s", problems.v[0].line, problems.v[0].column, problems.v[0].message);
    problems_free(&problems);
    if (optimizer_new(&o, settings, 7, clock_virtual(clock), &e) != OK)
        fail_msg("%s", e.message);
    return o;
}

static struct buf answer;

void forget_answers(void)
{
    buf_free(&answer);
}

const char *say(struct optimizer *o, const char *line)
{
    buf_free(&answer);
    buf_init(&answer, 1 << 24);
    assert_ok(optimizer_talk(o, str_of(line), &answer));
    assert_int_equal(answer.p[answer.n - 1], '\n');
    answer.p[answer.n - 1] = '\0';
    return answer.p;
}

void expect_answer(struct optimizer *o, const char *line, const char *wanted)
{
    assert_string_equal(say(o, line), wanted);
}

void expect_error(struct optimizer *o, const char *line, const char *part)
{
    const char *said = say(o, line);
    if (strncmp(said, "{\"error\":", 9) != 0 || !strstr(said, part))
        fail_msg("%s is answered %s, not an error with \"%s\"", line, said, part);
}

char *save_text(struct optimizer *o)
{
    struct buf b;
    buf_init(&b, 1 << 28);
    assert_ok(optimizer_write(o, &b, NULL));
    return b.p;
}

struct optimizer *load_text(const char *text, struct virtual_clock *clock)
{
    struct optimizer *o = NULL;
    struct error e = {.code = OK};
    if (optimizer_read(&o, str_of(text), "test", clock_virtual(clock), &e) != OK)
        fail_msg("%s (%s)", e.message, e.detail);
    return o;
}
