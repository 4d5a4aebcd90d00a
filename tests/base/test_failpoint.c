#include "base/failpoint.h"
#include "testing.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own: reaches "a" n times, then "b" once; returns its wait status. */
static int run(const char *setting, bool init, int n)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (setting)
            setenv("TRAWL_FAILPOINT", setting, 1);
        else
            unsetenv("TRAWL_FAILPOINT");
        if (init && failpoint_init(NULL) != OK)
            _exit(3);
        for (int i = 0; i < n; i++)
            FAILPOINT("test.a");
        FAILPOINT("test.b");
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void nothing_unless_armed(void **state)
{
    assert_int_equal(run(NULL, true, 5), 0);
    assert_int_equal(run("", true, 5), 0);
    assert_int_equal(run("test.a", false, 5), 0);
    assert_int_equal(run("test.c", true, 5), 0);
    assert_int_equal(run("test", true, 5), 0);
}

static void kills_at_the_count(void **state)
{
    assert_true(killed(run("test.a", true, 1)));
    assert_true(killed(run("test.b", true, 5)));
    assert_int_equal(run("test.a:3", true, 2), 0);
    assert_true(killed(run("test.a:3", true, 3)));
    assert_true(killed(run("test.a:3", true, 9)));
    assert_int_equal(run("test.b:2", true, 9), 0);
}

static void tells_in_a_file(void **state)
{
    char path[] = "/tmp/trawl-test-XXXXXX", text[32] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    setenv("TRAWL_FAILPOINT_HIT", path, 1);
    assert_int_equal(run("test.b:2", true, 1), 0);
    assert_int_equal(read(fd, text, sizeof(text)), 0);
    assert_true(killed(run("test.b", true, 1)));
    assert_int_equal(read(fd, text, sizeof(text)), 7);
    assert_memory_equal(text, "test.b\n", 7);
    setenv("TRAWL_FAILPOINT_HIT", "/nowhere/at/all", 1);
    assert_true(killed(run("test.b", true, 1)));
    unsetenv("TRAWL_FAILPOINT_HIT");
    close(fd);
    unlink(path);
}

static void nonsense_is_refused(void **state)
{
    const char *const wrong[] = {":", ":3", "test.a:", "test.a:0", "test.a:-1", "test.a:x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int status = run(wrong[i], true, 1);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_unless_armed),
        cmocka_unit_test(kills_at_the_count),
        cmocka_unit_test(tells_in_a_file),
        cmocka_unit_test(nonsense_is_refused),
    };
    return RUN_TESTS(tests);
}
