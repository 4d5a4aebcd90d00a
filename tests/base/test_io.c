#include "base/io.h"
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_folder(void **state)
{
    char *dir = strdup("/tmp/trawl-io-XXXXXX");
    *state = dir && mkdtemp(dir) ? dir : NULL;
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    int status = io_remove_tree(*state, NULL) == OK ? 0 : -1;
    free(*state);
    return status;
}

static void replace_then_read(void **state)
{
    char *path = io_join(*state, "file");
    struct buf b;
    buf_init(&b, 100);
    assert_ok(io_replace_file(path, STR("one"), 0600, NULL));
    assert_ok(io_replace_file(path, STR("two\0three"), 0640, NULL));
    assert_ok(io_read_file(path, 100, &b, NULL));
    assert_int_equal(b.n, 9);
    assert_memory_equal(b.p, "two\0three", 9);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    buf_free(&b);
    free(path);
}

static void read_limits(void **state)
{
    char *path = io_join(*state, "file");
    struct buf b;
    struct error e;
    buf_init(&b, 100);
    assert_ok(io_replace_file(path, STR("12345"), 0600, NULL));
    assert_ok(io_read_file(path, 5, &b, &e));
    assert_int_equal(io_read_file(path, 4, &b, &e), E_LIMIT);
    assert_non_null(strstr(e.message, path));
    buf_free(&b);
    buf_init(&b, 3);
    assert_int_equal(io_read_file(path, 5, &b, &e), E_LIMIT);
    buf_free(&b);
    free(path);
}

static void read_failures(void **state)
{
    char *path = io_join(*state, "missing");
    struct buf b;
    struct error e;
    buf_init(&b, 100);
    assert_int_equal(io_read_file(path, 5, &b, &e), E_NOT_FOUND);
    assert_non_null(strstr(e.message, "missing"));
    assert_int_equal(io_read_file(*state, 5, &b, &e), E_IO);
    assert_string_equal(e.detail, "Is a directory");
    assert_int_equal(io_read_file("/dev/null/x", 5, &b, &e), E_IO);
    buf_free(&b);
    free(path);
}

static void replace_failures_leave_nothing(void **state)
{
    struct error e;
    char *folder = io_join(*state, "folder"), *inner = io_join(folder, "inner");
    assert_int_equal(io_replace_file(inner, STR("x"), 0600, &e), E_IO);
    assert_ok(io_make_dirs(inner, 0700, &e));
    assert_int_equal(io_replace_file(folder, STR("x"), 0600, &e), E_IO);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(rmdir(*state), 0); /* empty: no temporary file was left */
    assert_int_equal(mkdir(*state, 0700), 0);
    free(inner);
    free(folder);
}

static void write_failure_is_told(void **state)
{
    struct error e;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        SKIP("there is no /dev/full");
    assert_int_equal(io_write_all(fd, "x", 1, &e), E_IO);
    assert_string_equal(e.detail, "No space left on device");
    close(fd);
}

static void make_dirs_as_mkdir_p(void **state)
{
    struct error e;
    char *deep = io_join(*state, "a/b//c/");
    assert_ok(io_make_dirs(deep, 0700, &e));
    assert_ok(io_make_dirs(deep, 0700, &e));
    char *file = io_join(*state, "file"), *below = io_join(file, "x");
    assert_ok(io_replace_file(file, STR(""), 0600, &e));
    assert_int_equal(io_make_dirs(file, 0700, &e), E_IO);
    assert_int_equal(io_make_dirs(below, 0700, &e), E_IO);
    free(deep);
    free(file);
    free(below);
}

static void remove_takes_all_and_follows_nothing(void **state)
{
    struct error e;
    char *keep = io_join(*state, "keep"), *kept = io_join(keep, "kept");
    char *gone = io_join(*state, "gone"), *deep = io_join(gone, "x/y/z");
    char *link = io_join(deep, "link"), *file = io_join(deep, "file"), *xy = io_join(gone, "x/y");
    assert_ok(io_make_dirs(keep, 0700, &e));
    assert_ok(io_make_dirs(deep, 0700, &e));
    assert_ok(io_replace_file(kept, STR("kept"), 0600, &e));
    assert_ok(io_replace_file(file, STR("12345"), 0400, &e));
    assert_int_equal(symlink(keep, link), 0);
    assert_int_equal(io_tree_size(gone), 5);
    assert_int_equal(chmod(deep, 0500), 0);
    assert_int_equal(chmod(xy, 0000), 0);
    assert_ok(io_remove_tree(gone, &e));
    assert_int_equal(access(gone, F_OK), -1);
    assert_int_equal(access(kept, F_OK), 0);
    assert_ok(io_remove_tree(gone, &e)); /* missing is well */
    assert_ok(io_remove_tree(kept, &e)); /* a file alone, too */
    assert_int_equal(io_tree_size(gone), 0);
    free(keep), free(kept), free(gone), free(deep), free(link), free(file), free(xy);
}

static void join_puts_one_slash(void **state)
{
    const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 4; i++) {
        char *p = io_join(cases[i][0], cases[i][1]);
        assert_string_equal(p, cases[i][2]);
        free(p);
    }
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(replace_then_read),
        IN_FOLDER(read_limits),
        IN_FOLDER(read_failures),
        IN_FOLDER(replace_failures_leave_nothing),
        IN_FOLDER(make_dirs_as_mkdir_p),
        IN_FOLDER(remove_takes_all_and_follows_nothing),
        cmocka_unit_test(write_failure_is_told),
        cmocka_unit_test(join_puts_one_slash),
    };
    return RUN_TESTS(tests);
}
