/* Saved optimizers. The end that a right one has is put behind the input, so that what is before it
 * is looked at; what is loaded can be asked, and saved again. */
#include "fuzz/fuzzing.h"
#include "optimize/optimizer.h"

#include <inttypes.h>
#include <string.h>

static void write_whole(const uint8_t *data, size_t size, struct buf *b)
{
    size_t lines = 0;
    buf_add(b, data, size);
    if (size == 0 || data[size - 1] != '\n')
        buf_char(b, '\n');
    for (size_t i = 0; i < b->n; i++)
        lines += b->p[i] == '\n';
    uint64_t hash = str_hash(buf_view(b));
    buf_fmt(b, "{\"end\":{\"lines\":%zu,\"hash\":\"%016" PRIx64 "\"}}\n", lines, hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct error e = {.code = OK};
    struct optimizer *o;
    struct buf whole, answer;
    buf_init(&whole, 1 << 26);
    buf_init(&answer, 1 << 26);
    write_whole(data, size, &whole);
    enum code code = optimizer_read(&o, buf_view(&whole), "fuzz", clock_virtual(&clock), &e);
    FUZZ_CHECK(code == e.code);
    FUZZ_CHECK(code == OK || e.message[0]);
    if (code == OK) {
        FUZZ_CHECK(optimizer_talk(o, STR("{\"ask\": 1}"), &answer) == OK);
        FUZZ_CHECK(optimizer_talk(o, STR("{\"best\": true}"), &answer) == OK);
        FUZZ_CHECK(optimizer_write(o, &answer, NULL) == OK);
        optimizer_free(o);
    }
    buf_free(&whole);
    buf_free(&answer);
    return 0;
}
