/*
 * A program's options out of its text: whatever the text, the pieces are bounded, named once, and
 * a number is one.
 */
#include "api/options.h"
#include "fuzz/fuzzing.h"

#include <string.h>

static void check(const struct found_options *found)
{
    FUZZ_CHECK(found->n <= OPTIONS_FOUND_MAX);
    for (size_t i = 0; i < found->n; i++) {
        const struct found_option *o = &found->v[i];
        FUZZ_CHECK(o->name[0] != 0 && strlen(o->name) < OPTION_NAME_MAX);
        FUZZ_CHECK(strlen(o->def) < OPTION_TEXT_MAX && strlen(o->choices) < OPTION_TEXT_MAX);
        FUZZ_CHECK(o->kind != FOUND_CHOICE || o->choices[0] != 0);
        for (size_t k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(found->v[k].name, o->name) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found_options found;
    struct str text = {(const char *)data, size};
    options_of_argparse(text, &found);
    check(&found);
    options_of_help(text, &found);
    check(&found);
    return 0;
}
