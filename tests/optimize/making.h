/*
 * Optimizers for the tests. What goes wrong in here fails the test that called it.
 */
#ifndef TESTS_OPTIMIZE_MAKING_H
#define TESTS_OPTIMIZE_MAKING_H

#include "optimize/optimizer.h"
#include "testing.h"

struct optimizer *make_optimizer(const char *text, struct virtual_clock *clock);
/* One line in, one line out; lives until the next one. */
const char *say(struct optimizer *o, const char *line);
/* say, and the answer is this. */
void expect_answer(struct optimizer *o, const char *line, const char *answer);
/* say, and the answer is an error that holds this. */
void expect_error(struct optimizer *o, const char *line, const char *part);
/* Everything as text, NUL-terminated; freed by the caller. */
char *save_text(struct optimizer *o);
struct optimizer *load_text(const char *text, struct virtual_clock *clock);
void forget_answers(void);

#endif
