#include "base/pidref.h"
#include "testing.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, "a) R 1 (b"); /* what a careless reader of stat stumbles over */
        for (;;)
            pause();
    }
    return pid;
}

static void names_this_process(void **state)
{
    struct pidref a, b;
    assert_ok(pidref_of(getpid(), &a, NULL));
    assert_ok(pidref_of(getpid(), &b, NULL));
    assert_true(pidref_equal(&a, &b));
    assert_true(pidref_alive(&a));
    assert_int_equal(strlen(a.boot_id), 36);
    assert_true(pidref_kill(&a, 0));
}

static void text_round_trips(void **state)
{
    struct pidref a, b;
    char text[96];
    assert_ok(pidref_of(getpid(), &a, NULL));
    pidref_write(&a, text);
    assert_true(pidref_parse(text, &b));
    assert_true(pidref_equal(&a, &b));
    const char *const wrong[] = {"",       "1",
                                 "x:1:y",  "1:x:y",
                                 "-1:1:y", "99999999999:1:y",
                                 "1:-1:y", "1:1:0123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(pidref_parse(wrong[i], &b));
    assert_true(pidref_equal(&a, &b));
}

static void same_pid_is_not_enough(void **state)
{
    struct pidref a, other;
    assert_ok(pidref_of(getpid(), &a, NULL));
    other = a;
    other.start_ticks++;
    assert_false(pidref_alive(&other));
    assert_false(pidref_kill(&other, SIGKILL));
    other = a;
    other.boot_id[0] = other.boot_id[0] == '0' ? '1' : '0';
    assert_false(pidref_alive(&other));
    assert_false(pidref_kill(&other, SIGKILL));
    assert_false(pidref_alive(&(struct pidref){0}));
    assert_false(pidref_kill(&(struct pidref){0}, SIGKILL));
}

static void dies_and_is_gone(void **state)
{
    struct pidref p;
    struct error e;
    pid_t pid = sleeper();
    assert_true(pid > 0);
    assert_ok(pidref_of(pid, &p, &e));
    assert_true(pidref_alive(&p));
    assert_true(pidref_kill(&p, SIGKILL));
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_false(pidref_alive(&p)); /* a zombie is dead */
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(pidref_alive(&p));
    assert_false(pidref_kill(&p, SIGKILL));
    struct pidref untouched = p;
    assert_int_equal(pidref_of(pid, &p, &e), E_NOT_FOUND);
    assert_true(pidref_equal(&p, &untouched));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_this_process),
        cmocka_unit_test(text_round_trips),
        cmocka_unit_test(same_pid_is_not_enough),
        cmocka_unit_test(dies_and_is_gone),
    };
    return RUN_TESTS(tests);
}
