/* Control groups, in folders that look like them: the files appear by themselves only in real ones.
 */
#include "base/io.h"
#include "exec/supervisor/cgroup.h"
#include "testing.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static int make_root(void **state)
{
    memcpy(root, "/tmp/cgroup-XXXXXX", 19);
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    return io_remove_tree(root, NULL) == OK ? 0 : -1;
}

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static size_t entries(const char *name)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(stat(path, &st), 0);
    return (size_t)st.st_nlink - 2; /* folders in it */
}

/* Nothing is made where memory is not handed down, and nothing stays where it can't be limited. */
static void not_where_it_cannot_be(void **state)
{
    static const char *const controls[] = {"", "cpu pids\n", "cpu memory\n"};
    static const char *const own[] = {"0::/user/app\n", "4:memory:/x\n0::/user/app\n",
                                      "4:memory:/x\n", "", "0::/\n"};
    char path[128];
    snprintf(path, sizeof(path), "%s/user", root);
    mkdir(path, 0755);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 5; k++) {
            struct cgroup c;
            put("user/cgroup.subtree_control", controls[i]);
            cgroup_make(&c, root, str_of(own[k]), 7, 1 << 20);
            assert_false(c.active);
            assert_int_equal(c.procs_fd, -1);
            assert_int_equal(entries("user"), 0);
            cgroup_remove(&c);
        }
}

static void what_the_files_say(void **state)
{
    struct cgroup c = {.active = true, .procs_fd = -1};
    memcpy(c.path, root, sizeof(root));
    assert_false(cgroup_killed_for_memory(&c));
    assert_int_equal(cgroup_peak(&c), 0);
    put("memory.events", "low 0\noom 3\noom_kill 0\noom_group_kill 0\n");
    put("memory.peak", "123456789\n");
    assert_false(cgroup_killed_for_memory(&c));
    assert_int_equal(cgroup_peak(&c), 123456789);
    put("memory.events", "oom_kill 2\n");
    assert_true(cgroup_killed_for_memory(&c));
    put("cgroup.kill", "");
    cgroup_kill(&c);
    struct buf b;
    char path[128];
    buf_init(&b, 100);
    snprintf(path, sizeof(path), "%s/cgroup.kill", root);
    assert_ok(io_read_file(path, 100, &b, NULL));
    assert_true(str_is(buf_view(&b), "1"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_where_it_cannot_be),
        cmocka_unit_test(what_the_files_say),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_root, remove_root);
}
