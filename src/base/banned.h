/*
 * Functions that do not compile here. Included by the build in front of every file.
 *
 * The headers that declare them come first: a poisoned name may not even be declared. What cannot
 * be poisoned, since some floors may use it (exit, printf), is looked for by tools/gates/banned.py.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With clang and _FORTIFY_SOURCE these are macros, which cannot be poisoned. */
#undef sprintf
#undef vsprintf

/* No length of what they write to: use struct buf, snprintf or memcpy. */
#pragma GCC poison sprintf vsprintf strcpy stpcpy strcat gets
/* May leave text without its NUL, or pad it. */
#pragma GCC poison strncpy strncat
/* Hidden state: use str_cut; base/rng.h. */
#pragma GCC poison strtok rand srand drand48
/* No errors: use base/number.h. */
#pragma GCC poison atoi atol atoll atof
/* A shell between us and the program. */
#pragma GCC poison system popen

#ifndef TRAWL_TESTS
/* Changes every thread's numbers; tests use it to show that nothing here minds. */
#pragma GCC poison setlocale
#endif

#endif
