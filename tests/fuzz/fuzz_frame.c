/*
 * Frames. The input is taken as bytes from a socket, and once more as a body behind a right head:
 * what is random seldom has a right checksum.
 */
#include "fuzz/fuzzing.h"
#include "wire/frame_bytes.h"

#include <string.h>

static void check(const struct frame *f)
{
    FUZZ_CHECK(f->report.n <= REPORT_METRICS_MAX);
    for (uint32_t i = 0; i < f->report.n; i++)
        FUZZ_CHECK(f->report.metrics[i].name.n >= 1 &&
                   f->report.metrics[i].name.n <= METRIC_NAME_MAX);
    for (uint32_t i = 0; i < f->spec.n_argv; i++)
        FUZZ_CHECK(f->spec.argv[i].n == 0 || !memchr(f->spec.argv[i].p, 0, f->spec.argv[i].n));
    if (frame_is_event(f->type))
        FUZZ_CHECK(f->seq >= 1);
}

static void decode(struct str bytes)
{
    struct arena a;
    struct frame f;
    size_t used = 1;
    arena_init(&a, 1 << 24);
    enum code code = frame_decode(bytes, &a, &f, &used, NULL);
    FUZZ_CHECK(code == OK || code == E_PROTOCOL || code == E_VERSION);
    if (code == OK && used) {
        FUZZ_CHECK(used > FRAME_HEAD && used <= bytes.n);
        check(&f);
    }
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    decode(body);
    if (size == 0 || size > FRAME_MAX)
        return 0;
    struct buf b;
    uint32_t head[2] = {(uint32_t)size, frame_crc(body)};
    buf_init(&b, FRAME_MAX + FRAME_HEAD);
    buf_add(&b, head, sizeof(head)); /* fuzzing is done on little-endian machines */
    buf_str(&b, body);
    decode(buf_view(&b));
    buf_free(&b);
    return 0;
}
