#include "base/pidref.h"
#include "scratch.h"
#include "store/sqlite/place.h"

#include <stdio.h>
#include <unistd.h>

static void network_types_are_known(void **state)
{
    static const struct {
        unsigned long type;
        const char *name;
    } network[] = {
        {0x6969, "NFS"},        {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},    {0x517b, "SMB"},
        {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"}, {0x01021997, "9P"},     {0x5346414f, "AFS"},
        {0x6b414653, "AFS"},    {0x00c36400, "Ceph"}, {0x19830326, "BeeGFS"},
    };
    static const unsigned long local[] = {
        0xef53 /* ext4 */,
        0x58465342 /* XFS */,
        0x9123683e /* btrfs */,
        0x01021994 /* tmpfs */,
        0x794c7630 /* overlay */,
        0x2fc12fc1 /* ZFS */,
        0,
    };
    for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++) {
        const char *name = NULL;
        assert_int_equal(place_of_type(network[i].type, &name), PLACE_NETWORK);
        assert_string_equal(name, network[i].name);
    }
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        assert_int_equal(place_of_type(local[i], NULL), PLACE_LOCAL);
    /* f_type is a signed long: the kernel's 32 bits may come sign-extended */
    assert_int_equal(place_of_type((unsigned long)(long)(int)0xff534d42, NULL), PLACE_NETWORK);
    assert_int_equal(place_of_type(0x65735546, NULL), PLACE_FUSE);
}

static void fuse_depends_on_what_is_behind(void **state)
{
    assert_int_equal(place_of_fuse(STR("fuse.sshfs")), PLACE_NETWORK);
    assert_int_equal(place_of_fuse(STR("fuse.s3fs")), PLACE_NETWORK);
    assert_int_equal(place_of_fuse(STR("fuseblk")), PLACE_LOCAL);
    assert_int_equal(place_of_fuse(STR("fuse.fuse-overlayfs")), PLACE_LOCAL);
    assert_int_equal(place_of_fuse(STR("virtiofs")), PLACE_LOCAL);
    assert_int_equal(place_of_fuse((struct str){0}), PLACE_LOCAL);
}

static void a_place_is_judged_before_it_is_there(void **state)
{
    assert_ok(place_check("/tmp/nowhere/at/all/store.db", NULL));
    assert_ok(place_check("nowhere/store.db", NULL));
    assert_ok(place_check("store.db", NULL));
    assert_ok(place_check("/store.db", NULL));
    assert_ok(place_check("/proc/self/status/store.db", NULL)); /* a file on the way */
}

static void the_lock_says_who(void **state)
{
    struct scratch *t = *state;
    int one = -1, two = -1;
    struct error e;
    char text[200] = "", want[64], path[160];
    snprintf(path, sizeof(path), "%s/other", t->folder);
    assert_ok(place_lock(path, &one, NULL));
    assert_int_equal(place_lock(path, &two, &e), E_BUSY);
    snprintf(want, sizeof(want), "(pid %d) holds the store", (int)getpid());
    assert_non_null(strstr(e.message, want));
    assert_non_null(strstr(e.message, "test_store_place"));
    assert_true(pread(one, text, sizeof(text) - 1, 0) > 0);
    struct pidref self;
    char reference[96];
    assert_ok(pidref_of(getpid(), &self, NULL));
    pidref_write(&self, reference);
    assert_ptr_equal(strstr(text, reference), text);
    /* A text left by one who is dead is not believed. */
    assert_int_equal(pwrite(one, "1:1:x trawl run\n", 16, 0), 16);
    assert_int_equal(place_lock(path, &two, &e), E_BUSY);
    assert_non_null(strstr(e.message, "another process holds"));
    close(one);
    assert_ok(place_lock(path, &two, NULL));
    close(two);
    snprintf(path, sizeof(path), "%s/no/folder", t->folder);
    assert_int_equal(place_lock(path, &two, &e), E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_types_are_known),
        cmocka_unit_test(fuse_depends_on_what_is_behind),
        cmocka_unit_test(a_place_is_judged_before_it_is_there),
        cmocka_unit_test_setup_teardown(the_lock_says_who, scratch_open, scratch_close),
    };
    return RUN_TESTS(tests);
}
