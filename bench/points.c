/*
 * A program that reports much: bench/points (stdout|endpoint) [--name=value ...].
 *
 * Says the metric "loss" at POINTS steps, one line each on stdout, or through the endpoint in
 * messages of BATCH reports, waiting for the answer to each, as a program that asks does.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { POINTS = 31250, BATCH = 250, MESSAGE_MAX = 64 * 1024 };

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double loss(int step)
{
    return 1.0 / (1.0 + step * 0.001);
}

static void print_points(void)
{
    for (int step = 1; step <= POINTS; step++)
        printf("step=%d loss=%.6f\n", step, loss(step));
}

static int connect_endpoint(void)
{
    const char *endpoint = getenv("TRAWL_ENDPOINT"), *path = NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (endpoint && strncmp(endpoint, "unix:", 5) == 0)
        path = endpoint + 5;
    if (!path || strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "points: TRAWL_ENDPOINT names no socket\n");
        exit(1);
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("points: the endpoint");
    return fd;
}

static size_t write_batch(char *text, const char *token, int first)
{
    int n = snprintf(text, MESSAGE_MAX, "{\"token\": \"%s\", \"reports\": [", token);
    for (int step = first; step < first + BATCH; step++)
        n += snprintf(text + n, (size_t)(MESSAGE_MAX - n),
                      "%s{\"step\": %d, \"metrics\": {\"loss\": %.6f}}", step > first ? ", " : "",
                      step, loss(step));
    n += snprintf(text + n, (size_t)(MESSAGE_MAX - n), "]}\n");
    return (size_t)n;
}

static void say(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(fd, text, n);
        if (wrote < 0)
            fail("points: report");
        text += wrote;
        n -= (size_t)wrote;
    }
}

/* Answers are one short line each, and one is on its way at a time. */
static void hear(int fd)
{
    char answer[256];
    size_t n = 0;
    while (n == 0 || answer[n - 1] != '\n') {
        ssize_t got = read(fd, answer + n, sizeof answer - 1 - n);
        if (got <= 0)
            fail("points: answer");
        n += (size_t)got;
    }
    answer[n] = '\0';
    if (!strstr(answer, "\"decision\"")) {
        fprintf(stderr, "points: %s", answer);
        exit(1);
    }
}

static void report_points(void)
{
    static char text[MESSAGE_MAX];
    const char *token = getenv("TRAWL_TOKEN");
    int fd = connect_endpoint();
    for (int first = 1; first <= POINTS; first += BATCH) {
        say(fd, text, write_batch(text, token ? token : "", first));
        hear(fd);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "endpoint") == 0)
        report_points();
    else
        print_points();
    return 0;
}
