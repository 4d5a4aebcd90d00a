#include "base/json.h"
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static struct buf out;
static struct json j;

static int start(void **state)
{
    buf_init(&out, 1 << 20);
    jw_init(&j, &out);
    return 0;
}

static int finish(void **state)
{
    buf_free(&out);
    return 0;
}

static void assert_text(const char *text)
{
    struct error e;
    assert_int_equal(jw_end(&j, &e), OK);
    assert_string_equal(out.p, text);
}

static void nests_with_commas(void **state)
{
    jw_object(&j);
    jw_key(&j, "a");
    jw_array(&j);
    jw_i64(&j, 1);
    jw_null(&j);
    jw_object(&j);
    jw_object_end(&j);
    jw_array_end(&j);
    jw_key_str(&j, STR("b"));
    jw_bool(&j, true);
    jw_key(&j, "c");
    jw_raw(&j, STR("[false]"));
    jw_object_end(&j);
    assert_text("{\"a\":[1,null,{}],\"b\":true,\"c\":[false]}");
}

static void members_are_keys_with_values(void **state)
{
    jw_object(&j);
    jw_member_i64(&j, "i", INT64_MIN);
    jw_member_real(&j, "r", 2);
    jw_member_real(&j, "nan", (double)NAN);
    jw_member_real_or_null(&j, "unknown", (double)NAN);
    jw_member_real_or_null(&j, "known", -(double)INFINITY);
    jw_member_str(&j, "s", STR("a\"b"));
    jw_member_cstr(&j, "c", "d");
    jw_member_cstr(&j, "none", NULL);
    jw_object_end(&j);
    assert_text("{\"i\":-9223372036854775808,\"r\":2.0,\"nan\":\"nan\",\"unknown\":null,"
                "\"known\":\"-inf\",\"s\":\"a\\\"b\",\"c\":\"d\",\"none\":null}");
}

static void pretty_indents(void **state)
{
    j.pretty = true;
    jw_object(&j);
    jw_key(&j, "a");
    jw_array(&j);
    jw_array_end(&j);
    jw_key(&j, "b");
    jw_array(&j);
    jw_i64(&j, 1);
    jw_i64(&j, 2);
    jw_array_end(&j);
    jw_object_end(&j);
    assert_text("{\n  \"a\": [],\n  \"b\": [\n    1,\n    2\n  ]\n}");
}

static void numbers_survive(void **state)
{
    jw_array(&j);
    jw_i64(&j, INT64_MIN);
    jw_u64(&j, UINT64_MAX);
    jw_real(&j, 0.1);
    jw_real(&j, 256);
    jw_real(&j, (double)NAN);
    jw_real(&j, (double)INFINITY);
    jw_real(&j, -(double)INFINITY);
    jw_array_end(&j);
    assert_text("[-9223372036854775808,18446744073709551615,0.1,256.0,\"nan\",\"inf\",\"-inf\"]");
}

static void strings_are_escaped(void **state)
{
    jw_array(&j);
    jw_str(&j, STR("\"\\\n\t\r\b\f\x01\x1f\x7f/"));
    jw_str(&j, STR("a\0b"));
    jw_str(&j, STR("\xc3\xa9\xf0\x9f\x90\x9f"));
    jw_cstr(&j, NULL);
    jw_cstr(&j, "");
    jw_array_end(&j);
    assert_text("[\"\\\"\\\\\\n\\t\\r\\b\\f\\u0001\\u001f\x7f/\",\"a\\u0000b\","
                "\"\xc3\xa9\xf0\x9f\x90\x9f\",null,\"\"]");
}

static void bad_bytes_are_replaced(void **state)
{
    jw_str(&j, STR("x\xff\xc3(\xed\xa0\x80\xe2\x82"));
#define BAD "\xef\xbf\xbd"
    assert_text("\"x" BAD BAD "(" BAD BAD BAD BAD BAD "\"");
}

static void times_are_rfc3339(void **state)
{
    jw_array(&j);
    jw_time(&j, 0);
    jw_time(&j, 1795438501250000000);
    jw_array_end(&j);
    assert_text("[null,\"2026-11-23T12:55:01.250Z\"]");
}

static void wrong_nesting_is_caught(void **state)
{
    static const struct {
        const char *moves, *what;
    } cases[] = {
        {"{1", "a value without a key"},
        {"{kk", "two keys"},
        {"k", "a key at the top"},
        {"[k", "a key in an array"},
        {"{]", "crossed"},
        {"[}", "crossed"},
        {"]", "nothing to end"},
        {"{k}", "half a member"},
        {"[", "left open"},
        {"11", "two documents"},
        {"{kn", "a line in the middle"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_clear(&out);
        jw_init(&j, &out);
        for (const char *m = cases[i].moves; *m; m++) {
            switch (*m) {
            case '{':
                jw_object(&j);
                break;
            case '}':
                jw_object_end(&j);
                break;
            case '[':
                jw_array(&j);
                break;
            case ']':
                jw_array_end(&j);
                break;
            case 'k':
                jw_key(&j, "k");
                break;
            case 'n':
                jw_newline(&j);
                break;
            default:
                jw_i64(&j, 1);
                break;
            }
        }
        if (jw_end(&j, NULL) != E_STATE)
            fail_msg("%s (%s) was let through", cases[i].moves, cases[i].what);
    }
}

static void depth_has_a_limit(void **state)
{
    for (int i = 0; i < 1000; i++)
        jw_array(&j);
    for (int i = 0; i < 1000; i++)
        jw_array_end(&j);
    assert_int_equal(jw_end(&j, NULL), E_STATE);
}

static void lines_are_documents(void **state)
{
    jw_i64(&j, 1);
    jw_newline(&j);
    jw_array(&j);
    jw_array_end(&j);
    jw_newline(&j);
    assert_text("1\n[]\n");
}

static void streams_without_keeping(void **state)
{
    char path[] = "/tmp/trawl-json-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    jw_to_fd(&j, &out, fd);
    jw_array(&j);
    for (int i = 0; i < 200000; i++) {
        jw_i64(&j, 1000000);
        assert_true(out.n < (1 << 17));
    }
    jw_array_end(&j);
    assert_ok(jw_end(&j, NULL));
    assert_int_equal(lseek(fd, 0, SEEK_END), 200000 * 8 + 1);
    close(fd);
}

static void write_failure_is_told(void **state)
{
    struct error e;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        SKIP("there is no /dev/full");
    jw_to_fd(&j, &out, fd);
    jw_array(&j);
    for (int i = 0; i < 100000; i++)
        jw_i64(&j, i);
    jw_array_end(&j);
    assert_int_equal(jw_end(&j, &e), E_IO);
    assert_string_equal(e.detail, "No space left on device");
    close(fd);
}

static void ceiling_is_told(void **state)
{
    buf_free(&out);
    buf_init(&out, 10);
    jw_cstr(&j, "longer than ten");
    assert_int_equal(jw_end(&j, NULL), E_LIMIT);
}

#define WRITING(f) cmocka_unit_test_setup_teardown(f, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITING(nests_with_commas),       WRITING(members_are_keys_with_values),
        WRITING(pretty_indents),          WRITING(numbers_survive),
        WRITING(strings_are_escaped),     WRITING(bad_bytes_are_replaced),
        WRITING(times_are_rfc3339),       WRITING(wrong_nesting_is_caught),
        WRITING(depth_has_a_limit),       WRITING(lines_are_documents),
        WRITING(streams_without_keeping), WRITING(write_failure_is_told),
        WRITING(ceiling_is_told),
    };
    return RUN_TESTS(tests);
}
