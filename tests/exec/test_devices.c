#include "exec/devices.h"
#include "testing.h"

#include <stdio.h>

#define NAMES(...)                     \
    (const struct str[]){__VA_ARGS__}, \
        sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)

static const char *library(void)
{
    return getenv("TRAWL_TEST_NVML");
}

static void all(struct devices *d, const char *expected)
{
    struct arena a;
    struct str names;
    arena_init(&a, 1 << 20);
    assert_ok(devices_take(d, devices_count(d), &a, &names, NULL));
    if (!str_is(names, expected))
        fail_msg("\"%.*s\" is not \"%s\"", STR_FMT(names), expected);
    arena_free(&a);
    devices_free(d);
}

static struct devices *discover(const char *cards, const char *visible)
{
    struct devices *d = NULL;
    struct error e = {0};
    setenv("FAKE_NVML", cards, 1);
    if (devices_discover(library(), visible, &d, &e) != OK)
        fail_msg("%s", e.message);
    return d;
}

static void given_out_one_by_one(void **state)
{
    struct devices *d;
    struct arena a;
    struct str one, two, rest;
    struct error e = {0};
    arena_init(&a, 1 << 20);
    assert_ok(devices_from_names(NAMES(STR("0"), STR("1"), STR("GPU-8f7c"), STR("3")), &d, NULL));
    assert_int_equal(devices_count(d), 4);
    assert_ok(devices_take(d, 1, &a, &one, NULL));
    assert_ok(devices_take(d, 2, &a, &two, NULL));
    assert_true(str_is(one, "0"));
    assert_true(str_is(two, "1,GPU-8f7c"));
    assert_int_equal(devices_unused(d), 1);
    assert_int_equal(devices_take(d, 2, &a, &rest, &e), E_BUSY);
    assert_int_equal(devices_take(d, 5, &a, &rest, &e), E_INVALID);
    assert_int_equal(devices_unused(d), 1); /* a refusal takes nothing */
    devices_give_back(d, two);
    devices_give_back(d, two); /* twice is once */
    assert_int_equal(devices_unused(d), 3);
    assert_ok(devices_take(d, 0, &a, &rest, NULL));
    assert_int_equal(rest.n, 0);
    assert_ok(devices_take(d, 3, &a, &rest, NULL));
    assert_true(str_is(rest, "1,GPU-8f7c,3"));
    arena_free(&a);
    devices_free(d);
}

/* What attempts of an earlier controller have. */
static void held_are_not_given(void **state)
{
    struct devices *d;
    struct arena a;
    struct str names;
    arena_init(&a, 1 << 20);
    assert_ok(devices_from_names(NAMES(STR("0"), STR("1"), STR("2")), &d, NULL));
    devices_hold(d, STR("2,7,0"));
    devices_hold(d, STR(""));
    assert_int_equal(devices_unused(d), 1);
    assert_ok(devices_take(d, 1, &a, &names, NULL));
    assert_true(str_is(names, "1"));
    devices_give_back(d, STR("0"));
    assert_int_equal(devices_unused(d), 1);
    arena_free(&a);
    devices_free(d);
}

static void wrong_names_are_refused(void **state)
{
    struct devices *d = NULL;
    struct error e = {0};
    char name[DEVICE_NAME_MAX + 2];
    memset(name, 'x', sizeof(name));
    assert_int_equal(devices_from_names(NAMES(STR("0"), STR("0")), &d, &e), E_DUPLICATE);
    assert_int_equal(devices_from_names(NAMES(STR("")), &d, &e), E_INVALID);
    assert_int_equal(devices_from_names(NAMES(STR("0,1")), &d, &e), E_INVALID);
    assert_int_equal(devices_from_names(NAMES(STR("0 ")), &d, &e), E_INVALID);
    assert_int_equal(devices_from_names(NAMES({name, sizeof(name)}), &d, &e), E_INVALID);
    assert_true(e.hint[0]);
    static char text[DEVICES_MAX + 1][4];
    struct str many[DEVICES_MAX + 1];
    for (int i = 0; i <= DEVICES_MAX; i++) {
        snprintf(text[i], sizeof(text[i]), "%d", i);
        many[i] = str_of(text[i]);
    }
    assert_int_equal(devices_from_names(many, DEVICES_MAX + 1, &d, &e), E_LIMIT);
    assert_null(d);
}

static void too_many_are_refused(void **state)
{
    struct devices *d = NULL;
    struct error e = {0};
    setenv("FAKE_NVML", "257", 1);
    assert_int_equal(devices_discover(library(), NULL, &d, &e), E_LIMIT);
    assert_null(d);
}

static void found_through_nvml(void **state)
{
    all(discover("3", NULL), "0,1,2");
    all(discover("0", NULL), "");
    all(discover("nodriver", NULL), "");
}

static void visible_devices_are_honoured(void **state)
{
    all(discover("4", "2,0"), "2,0");
    all(discover("4", ""), "");
    all(discover("4", "-1"), "");
    all(discover("4", "1,9,0"), "1"); /* CUDA stops at the first that is none */
    all(discover("4", "1,1,0"), "1");
    all(discover("4", " 3 , 1 "), "3,1");
    all(discover("4", "GPU-22222222-aaaa,GPU-1111"), "GPU-22222222-aaaa,GPU-1111");
    all(discover("4", "GPU-2222,1"), "GPU-2222"); /* the same card by another name */
    all(discover("16", "GPU-1111111"), "");       /* names two: ...1 and, of the 16th, ...0 */
    all(discover("4", "99999999999999999999"), "");
    all(discover("4", "MIG-8f7c,MIG-9f7c"), "MIG-8f7c,MIG-9f7c");
    all(discover("0", "0,1"), "");
}

static void no_library_is_no_devices(void **state)
{
    struct devices *d = NULL;
    assert_ok(devices_discover("/nowhere/libnvidia-ml.so.1", "0", &d, NULL));
    assert_int_equal(devices_count(d), 0);
    devices_free(d);
}

static void broken_nvml_is_told(void **state)
{
    struct devices *d = NULL;
    struct error e = {0};
    setenv("FAKE_NVML", "broken", 1);
    assert_int_equal(devices_discover(library(), NULL, &d, &e), E_IO);
    assert_string_equal(e.detail, "Driver/library version mismatch");
    assert_int_equal(devices_discover("libc.so.6", NULL, &d, &e), E_UNSUPPORTED);
    assert_non_null(strstr(e.message, "nvml"));
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_out_one_by_one),     cmocka_unit_test(held_are_not_given),
        cmocka_unit_test(wrong_names_are_refused),  cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(found_through_nvml),       cmocka_unit_test(visible_devices_are_honoured),
        cmocka_unit_test(no_library_is_no_devices), cmocka_unit_test(broken_nvml_is_told),
    };
    return RUN_TESTS(tests);
}
