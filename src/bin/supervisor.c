/*
 * trawl-supervisor: stands beside one attempt; or, as `trawl-supervisor report`, speaks for a shell
 * script that reports.
 */
#include "exec/supervisor/supervisor.h"

#include "base/failpoint.h"
#include "base/io.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { CONTROLLER_FD = 3, SPOOL_FD = 4, WRONG_USE = 2, OUTPUT_MAX = 1 << 20 };

static int say(const struct error *e)
{
    fprintf(stderr, "trawl-supervisor: %s%s%s\n", e->message, e->detail[0] ? ": " : "", e->detail);
    if (e->hint[0])
        fprintf(stderr, "  %s\n", e->hint);
    return 1;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A closed standard descriptor would be taken by the next file that is opened. */
static void open_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (!is_open(fd) && open("/dev/null", O_RDWR) != fd)
            _exit(1);
}

static int supervise(void)
{
    struct clock clock = clock_system();
    struct error e;
    if (!is_open(CONTROLLER_FD) || !is_open(SPOOL_FD)) {
        fprintf(stderr, "trawl-supervisor: started by trawl, beside an attempt; by itself it only "
                        "knows: trawl-supervisor report\n");
        return WRONG_USE;
    }
    fcntl(CONTROLLER_FD, F_SETFD, FD_CLOEXEC);
    fcntl(SPOOL_FD, F_SETFD, FD_CLOEXEC);
    close_range(SPOOL_FD + 1, ~0U, 0); /* whatever the controller forgot */
    if (supervisor_run(CONTROLLER_FD, SPOOL_FD, &clock, &e) != OK)
        return say(&e);
    return 0;
}

static int report(int argc, char **argv)
{
    struct buf out, errors;
    buf_init(&out, OUTPUT_MAX);
    buf_init(&errors, OUTPUT_MAX);
    int status = report_command(argc, argv, &out, &errors);
    if (io_write_all(STDOUT_FILENO, out.p, out.n, NULL) != OK && status == 0)
        status = 1;
    if (io_write_all(STDERR_FILENO, errors.p, errors.n, NULL) != OK)
        status = status ? status : 1;
    buf_free(&out);
    buf_free(&errors);
    return status;
}

int main(int argc, char **argv)
{
    struct error e;
    open_standard();
    if (failpoint_init(&e) != OK)
        return say(&e);
    if (argc > 1 && strcmp(argv[1], "report") == 0)
        return report(argc - 1, argv + 1);
    return supervise();
}
