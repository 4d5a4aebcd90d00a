/*
 * What every fuzz target includes.
 *
 * fuzz_PARSER.c defines LLVMFuzzerTestOneInput, which gives the input to the parser and checks with
 * FUZZ_CHECK what must always hold. tests/fuzz/corpus/PARSER/ holds inputs that are worth keeping:
 * one of each kind, and every one that ever broke something.
 */
#ifndef TESTS_FUZZ_FUZZING_H
#define TESTS_FUZZ_FUZZING_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(holds)                                                              \
    do {                                                                               \
        if (!(holds)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

#endif
