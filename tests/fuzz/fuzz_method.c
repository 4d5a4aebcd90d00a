/*
 * Methods: any text is refused with a place in it, or is a method whose text reads back as the
 * same.
 */
#include "fuzz/fuzzing.h"
#include "search/method.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct method m, again;
    struct error e = {.code = OK};
    struct location at = {"trawl.yaml", 1, 1};
    struct str text = {(const char *)data, size};
    arena_init(&a, 1 << 20);
    enum code code = method_parse(&a, text, at, &m, &e);
    if (code == OK) {
        struct buf first, second;
        buf_init(&first, 10000);
        buf_init(&second, 10000);
        method_write(&m, &first);
        FUZZ_CHECK(buf_end(&first, NULL) == OK);
        FUZZ_CHECK(method_parse(&a, buf_view(&first), at, &again, &e) == OK);
        method_write(&again, &second);
        FUZZ_CHECK(str_eq(buf_view(&first), buf_view(&second)));
        buf_free(&first);
        buf_free(&second);
    } else {
        FUZZ_CHECK(e.code == code && e.message[0] && e.line >= 1 && e.column >= 1);
        FUZZ_CHECK(strcmp(e.file, "trawl.yaml") == 0);
    }
    arena_free(&a);
    return 0;
}
