/*
 * Events as a follower reads them: any line is refused, or is an event that writes itself again.
 */
#include "api/control.h"
#include "fuzz/fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct event ev;
    struct error e;
    struct buf b;
    struct json j;
    arena_init(&a, 4 << 20);
    buf_init(&b, 16 << 20);
    if (event_parse((struct str){(const char *)data, size}, &a, &ev, &e) == OK) {
        if (ev.params.n == 0)
            ev.params = STR("{}");
        jw_init(&j, &b);
        event_json(&ev, &j);
        FUZZ_CHECK(jw_end(&j, NULL) == OK);
    }
    buf_free(&b);
    arena_free(&a);
    return 0;
}
