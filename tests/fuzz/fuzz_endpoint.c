/* Messages to the endpoint, and with them the JSON reader. */
#include "fuzz/fuzzing.h"
#include "wire/endpoint.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct error e = {.code = OK};
    struct endpoint_message m;
    arena_init(&a, 1 << 28);
    enum code code = endpoint_parse((struct str){(const char *)data, size}, &a, &m, &e);
    FUZZ_CHECK(code == e.code);
    if (code == OK) {
        FUZZ_CHECK(str_valid_utf8(m.token));
        FUZZ_CHECK(m.kind == ENDPOINT_INFEASIBLE || m.n_reports >= 1);
        for (uint32_t i = 0; m.kind == ENDPOINT_REPORTS && i < m.n_reports; i++) {
            const struct endpoint_report *r = &m.reports[i];
            FUZZ_CHECK(!r->has_step || r->step >= 0);
            FUZZ_CHECK(r->n <= REPORT_METRICS_MAX);
            for (uint32_t k = 0; k < r->n; k++)
                FUZZ_CHECK(r->metrics[k].name.n >= 1 && r->metrics[k].name.n <= METRIC_NAME_MAX);
        }
    } else {
        struct buf b;
        buf_init(&b, 4096);
        endpoint_error(&b, e.message);
        FUZZ_CHECK(buf_end(&b, NULL) == OK && b.p[b.n - 1] == '\n');
        buf_free(&b);
    }
    arena_free(&a);
    return 0;
}
