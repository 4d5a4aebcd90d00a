/*
 * bench/stopwatch N COMMAND [ARGUMENT ...]: runs the command N times, one after the other, and
 * prints a line for each run:
 *
 *   wall time in ms, processor time of the command itself, of those it waited for, peak memory in
 * KiB
 *
 * The command's output goes to /dev/null. Fork, exec and wait are in the wall time, and nothing
 * else: no shell, no interpreter whose memory the child would be born with.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

/* A process that has ended and was not waited for still shows, in clock ticks, what it used itself:
 * fields 14 and 15 of its stat, counted behind the name in brackets (proc(5)). */
static double own_ms(pid_t pid)
{
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = '\0';
    const char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                        &kernel) != 2)
        return 0;
    return (double)(user + kernel) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

static int run(char **argv, posix_spawn_file_actions_t *files)
{
    pid_t pid;
    siginfo_t info;
    struct rusage used;
    int status;
    double start = now_ms();
    errno = posix_spawnp(&pid, argv[0], files, NULL, argv, environ);
    if (errno != 0) {
        perror(argv[0]);
        return 127;
    }
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
        return 127;
    double wall = now_ms() - start, own = own_ms(pid);
    if (wait4(pid, &status, 0, &used) < 0)
        return 127;
    double total = ms_of(used.ru_utime) + ms_of(used.ru_stime);
    printf("%.3f %.3f %.3f %ld\n", wall, own, total > own ? total - own : 0, used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t files;
    if (argc < 3) {
        fprintf(stderr, "usage: stopwatch N COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    if (posix_spawn_file_actions_init(&files) != 0 ||
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) != 0)
        return 1;
    int status = 0;
    for (long i = strtol(argv[1], NULL, 10); i > 0 && status == 0; i--)
        status = run(argv + 2, &files);
    posix_spawn_file_actions_destroy(&files);
    return status;
}
