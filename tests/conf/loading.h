/*
 * Loading files that are right, and looking at what came of them.
 */
#ifndef TESTS_CONF_LOADING_H
#define TESTS_CONF_LOADING_H

#include "testing.h"

#include "conf/check.h"
#include "conf/command.h"

/* The settings of a file that must be right; --set values as "path", "value", ..., NULL. */
struct settings *load_right(const char *text, const char *const *set);
/* What is said of one that must be wrong; freed by the caller. */
char *load_wrong(const char *text, const char *const *set);
struct settings *inline_right(const char *const *argv, const char *const *set);
char *inline_wrong(const char *const *argv, const char *const *set);

/* Checks what is said, and frees it. */
void assert_says(char *said, const char *wanted);
void assert_str(struct str s, const char *wanted);

/* A configuration from text like `{"lr": 0.1}`, which names every active parameter. */
struct config config_of(const struct settings *s, struct arena *a, const char *json);
/* The command for it, words in quotes where a shell needs them. */
void assert_command(const struct settings *s, const char *json, const char *wanted);
void assert_json(const struct settings *s, const char *wanted);

#endif
