/*
 * Tables of wrong files: each with everything that is said of it, to the letter.
 */
#ifndef TESTS_CONF_WRONG_H
#define TESTS_CONF_WRONG_H

#include "testing.h"

#include "conf/check.h"

#include <stdio.h>

struct wrong {
    const char *what;
    struct str text;
    const char
        *says; /* as `trawl check` prints it; what follows "..." at its end is not compared */
};

#define W(what, text, says)                  \
    {                                        \
        what, {text, sizeof(text) - 1}, says \
    }

#define HEAD  "space: s\ncommand: ./train ${args}\nmetric: loss\ngoal: minimize\n"
#define BASE  HEAD "parameters:\n  lr: uniform(0, 1)\n"
#define MODEL HEAD "parameters:\n  model: choice(linear, mlp)\n  lr: uniform(0, 1)\n"

static inline bool is_said(struct str said, const char *wanted)
{
    struct str w = str_of(wanted);
    if (!str_ends(w, "..."))
        return str_eq(said, w);
    w.n -= 3;
    return str_eq(str_sub(said, 0, w.n), w);
}

static inline void check_wrong(const struct wrong *table, size_t n)
{
    int failures = 0;
    for (size_t i = 0; i < n; i++) {
        struct settings *s = NULL;
        struct problems problems;
        struct buf said;
        problems_init(&problems);
        buf_init(&said, 1 << 20);
        enum code code = conf_load(table[i].text, "trawl.yaml", NULL, 0, &s, &problems);
        check_problems_text(&problems, &said);
        if (code == OK || s || !is_said(buf_view(&said), table[i].says)) {
            failures++;
            fprintf(stderr, "%s:\n--- is said\n%s--- should be\n%s", table[i].what,
                    said.p ? said.p : "(nothing)\n", table[i].says);
        }
        settings_free(s);
        buf_free(&said);
        problems_free(&problems);
    }
    assert_int_equal(failures, 0);
}

#endif
