/*
 * The JSON writer: any string at all becomes JSON that jansson reads, and what was UTF-8 comes back
 * as it was.
 */
#include "base/json.h"
#include "fuzz/fuzzing.h"

#include <jansson.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    struct buf out;
    struct json j;
    buf_init(&out, 64 + 12 * size);
    jw_init(&j, &out);
    jw_array(&j);
    jw_str(&j, s);
    jw_object(&j);
    jw_key_str(&j, s);
    jw_i64(&j, 1);
    jw_object_end(&j);
    jw_array_end(&j);
    FUZZ_CHECK(jw_end(&j, NULL) == OK);
    FUZZ_CHECK(str_valid_utf8(buf_view(&out)));
    /* jansson refuses NUL in keys, which an object of C strings can't hold */
    bool nul = size && memchr(data, 0, size);
    json_t *read = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(read || nul);
    if (read && str_valid_utf8(s)) {
        const json_t *text = json_array_get(read, 0);
        FUZZ_CHECK(json_string_length(text) == size);
        FUZZ_CHECK(size == 0 || memcmp(json_string_value(text), data, size) == 0);
    }
    json_decref(read);
    buf_free(&out);
    return 0;
}
