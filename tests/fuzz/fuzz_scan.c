/*
 * Program output. The first byte says how it is cut (bits 0-4) and whether a pattern is used (bit
 * 7): however it is cut, the same must come out.
 */
#include "fuzz/fuzzing.h"
#include "wire/scan.h"

#include <string.h>

static void write_found(void *self, const struct scan_report *r)
{
    struct buf *b = self;
    FUZZ_CHECK(r->n >= 1 && r->n <= 3);
    buf_fmt(b, "%lld", (long long)r->step);
    for (uint32_t i = 0; i < r->n; i++) {
        uint64_t bits;
        memcpy(&bits, &r->metrics[i].value, sizeof(bits));
        buf_fmt(b, " %.*s=%llx", STR_FMT(r->metrics[i].name), (unsigned long long)bits);
    }
    buf_char(b, '\n');
}

static void scan_in_pieces(struct str text, size_t size, bool pattern, struct buf *out)
{
    static const struct str names[] = {{"a", 1}, {"auc", 3}, {"val/top-1", 9}};
    struct scan *s;
    FUZZ_CHECK(scan_new(&s, names, 3, pattern ? STR("{name} is {value} at {step}") : STR(""), 0,
                        NULL) == OK);
    for (size_t at = 0; at < text.n; at += size)
        FUZZ_CHECK(scan_feed(s, 0, str_sub(text, at, size), write_found, out) == OK);
    FUZZ_CHECK(scan_end(s, write_found, out) == OK);
    scan_seen(s, out);
    scan_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    struct buf whole, cut;
    buf_init(&whole, 1 << 26);
    buf_init(&cut, 1 << 26);
    scan_in_pieces(text, text.n, data[0] & 0x80, &whole);
    scan_in_pieces(text, (size_t)(data[0] & 31) + 1, data[0] & 0x80, &cut);
    FUZZ_CHECK(str_eq(buf_view(&whole), buf_view(&cut)));
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
