#include "exec/sweep.h"
#include "testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PASSES_MAX = 10000 };

static const char token[] = "0123456789abcdef0123456789abcdef";

static struct str token_here(char text[64])
{
    int n = snprintf(text, 64, "%.24s%08d", token, (int)getpid());
    return (struct str){text, (size_t)n};
}

/* A child that has executed `sleep` with this environment, in a session of its own where asked. */
static pid_t sleeper(char *const environment[], bool session)
{
    int executed[2];
    char c;
    assert_int_equal(pipe2(executed, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (session)
            setsid();
        execle("/bin/sleep", "sleep", "1000", NULL, environment);
        _exit(1);
    }
    close(executed[1]);
    assert_int_equal(read(executed[0], &c, 1), 0);
    close(executed[0]);
    return pid;
}

static bool lives(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void sweep(struct sweep_target *t)
{
    int clean = 0;
    for (int i = 0; i < PASSES_MAX && clean < 2; i++) {
        assert_ok(sweep_pass(t, 1, NULL));
        clean = t->found ? 0 : clean + 1;
    }
    assert_int_equal(clean, 2);
}

static void kills_by_the_whole_token(void **state)
{
    char text[64], own[128], longer[128], other_name[128];
    struct sweep_target t = {.token = token_here(text)};
    snprintf(own, sizeof(own), "TRAWL_TOKEN=%s", text);
    snprintf(longer, sizeof(longer), "TRAWL_TOKEN=%s0", text);
    snprintf(other_name, sizeof(other_name), "X_TRAWL_TOKEN=%s", text);
    char *const ours[] = {(char[]){"A=1"}, own, (char[]){"Z=1"}, NULL};
    char *const not_ours[] = {longer, other_name, NULL};
    pid_t a = sleeper(ours, true), b = sleeper(not_ours, true);
    sweep(&t);
    assert_false(lives(a));
    assert_true(lives(b));
    kill(b, SIGKILL);
    waitpid(b, NULL, 0);
}

/* At every place around the ends of the pieces in which an environment is read. */
static void finds_the_token_anywhere(void **state)
{
    char text[64], own[128];
    struct str name = token_here(text);
    snprintf(own, sizeof(own), "TRAWL_TOKEN=%s", text);
    size_t n = strlen(own), at[] = {0,         1,     16384 - n - 2,     16384 - n - 1, 16384 - n,
                                    16384 - 5, 16384, 2 * 16384 - n - 1, 2 * 16384 - 7, 100000};
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        struct sweep_target t = {.token = name};
        char *filler = calloc(1, at[i] + 1);
        memset(filler, 'x', at[i] ? at[i] - 1 : 0);
        char *const environment[] = {at[i] ? filler : own, own, NULL};
        pid_t pid = sleeper(environment, true);
        assert_ok(sweep_pass(&t, 1, NULL));
        if (t.found != 1 || t.example != pid)
            fail_msg("not found behind %zu bytes", at[i]);
        sweep(&t);
        assert_false(lives(pid));
        free(filler);
    }
}

static void kills_by_session(void **state)
{
    char *const nothing[] = {NULL};
    struct sweep_target t = {0};
    pid_t leader = sleeper(nothing, true), bystander = sleeper(nothing, true);
    assert_ok(pidref_of(leader, &t.leaders[1], NULL));
    sweep(&t);
    assert_false(lives(leader));
    assert_true(lives(bystander));
    kill(bystander, SIGKILL);
    waitpid(bystander, NULL, 0);
}

/* The number is right, but it is not the process that was meant: another boot, another start. */
static void numbers_alone_kill_nobody(void **state)
{
    char *const nothing[] = {NULL};
    struct sweep_target t = {0};
    pid_t pid = sleeper(nothing, true);
    struct pidref ref;
    assert_ok(pidref_of(pid, &ref, NULL));
    t.leaders[0] = ref;
    t.leaders[0].boot_id[0] ^= 1;
    t.leaders[1] = ref;
    t.leaders[1].start_ticks--; /* an earlier process of this number led an earlier session */
    assert_ok(sweep_pass(&t, 1, NULL));
    assert_int_equal(t.found, 0);
    assert_true(lives(pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void *wait_for_the_end(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* The first thread is gone, and with it what /proc/PID/environ shows; the others work on. */
static void finds_threads_without_a_leader(void **state)
{
    char text[64];
    struct sweep_target t = {.token = token_here(text)};
    pid_t pid = fork();
    if (pid == 0) {
        setenv("TRAWL_TOKEN", text, 1);
        execl("/proc/self/exe", "test_sweep", "leaderless", NULL);
        _exit(1);
    }
    char path[64], state_of[64] = {0};
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    while (!strstr(state_of, ") Z")) { /* it gets there, or the test's own limit ends it */
        int fd = open(path, O_RDONLY);
        assert_true(fd >= 0 && read(fd, state_of, sizeof(state_of) - 1) > 0);
        close(fd);
    }
    assert_ok(sweep_pass(&t, 1, NULL));
    assert_int_equal(t.found, 1);
    sweep(&t);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int leaderless(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_the_end, NULL) != 0)
        return 1;
    pthread_exit(NULL);
}

static void several_targets_in_one_pass(void **state)
{
    char *const nothing[] = {NULL};
    struct sweep_target t[3] = {0};
    pid_t pid[2];
    for (int i = 0; i < 2; i++) {
        pid[i] = sleeper(nothing, true);
        assert_ok(pidref_of(pid[i], &t[i * 2].leaders[0], NULL));
    }
    assert_ok(sweep_pass(t, 3, NULL));
    assert_int_equal(t[0].found, 1);
    assert_int_equal(t[0].example, pid[0]);
    assert_int_equal(t[1].found, 0); /* knows nothing: matches nobody */
    assert_int_equal(t[2].found, 1);
    for (int i = 0; i < 2; i++) {
        int status = 0;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_by_the_whole_token),
        cmocka_unit_test(finds_the_token_anywhere),
        cmocka_unit_test(kills_by_session),
        cmocka_unit_test(numbers_alone_kill_nobody),
        cmocka_unit_test(finds_threads_without_a_leader),
        cmocka_unit_test(several_targets_in_one_pass),
    };
    if (argc > 1 && strcmp(argv[1], "leaderless") == 0)
        return leaderless();
    return RUN_TESTS(tests);
}
