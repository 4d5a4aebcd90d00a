/*
 * Making a supervisor, and noticing its end.
 *
 * posix_spawn shares memory with the child until it executes (CLONE_VFORK): its cost does not grow
 * with the controller.
 */
#include "exec/local/internal.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* What the supervisor finds: wire's contract. */
enum { SOCKET_FD = 3, SPOOL_FD = 4, FIRST_FREE_FD = 5 };

extern char **environ;

static int open_new(const char *path)
{
    return open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static enum code make_folder_of(const char *path, struct error *e)
{
    char *folder = strdup(path);
    if (!folder)
        return error_nomem(e);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    enum code code = slash && folder[0] ? io_make_dirs(folder, 0700, e) : OK;
    free(folder);
    return code;
}

enum code spawn_spool(const char *path, int *ret_fd, struct error *e)
{
    int fd = open_new(path);
    if (fd < 0 && errno == ENOENT) {
        enum code code = make_folder_of(path, e);
        if (code != OK)
            return code;
        fd = open_new(path);
    }
    if (fd < 0 && errno == EEXIST)
        return error_set(e, E_DUPLICATE, "there is a spool at %s already", path);
    if (fd < 0)
        return error_errno(e, errno, "cannot create the spool %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        enum code code = error_errno(e, errno, "cannot lock the spool %s", path);
        close(fd);
        unlink(path);
        return code;
    }
    *ret_fd = fd;
    return OK;
}

/* A descriptor that is none of those the supervisor gets, so that putting one in its place cannot
 * overwrite another. */
static int out_of_the_way(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
}

static int set_up_files(posix_spawn_file_actions_t *a, int socket_fd, int spool_fd)
{
    int r = 0;
    for (int fd = 0; fd < SOCKET_FD && r == 0; fd++)
        r = posix_spawn_file_actions_addopen(a, fd, "/dev/null", O_RDWR, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(a, socket_fd, SOCKET_FD);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(a, spool_fd, SPOOL_FD);
    if (r == 0) /* ours are close-on-exec; those a library or a shell left are not */
        r = posix_spawn_file_actions_addclosefrom_np(a, FIRST_FREE_FD);
    return r;
}

/* No signal is blocked or ignored, whatever the controller does with them; no terminal. */
static int set_up_signals(posix_spawnattr_t *a)
{
    sigset_t set;
    sigemptyset(&set);
    int r = posix_spawnattr_setsigmask(a, &set);
    sigfillset(&set);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(a, &set);
    if (r == 0)
        r = posix_spawnattr_setflags(a, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
    return r;
}

static int spawn(const char *program, char *const argv[], int socket_fd, int spool_fd, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&files);
    if (r)
        return r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = set_up_files(&files, socket_fd, spool_fd);
        if (r == 0)
            r = set_up_signals(&attributes);
        if (r == 0)
            r = posix_spawn(ret, program, &files, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return r;
}

enum code spawn_supervisor(const char *program, struct str trial, int socket_fd, int spool_fd,
                           pid_t *ret, struct error *e)
{
    char name[] = "trawl-supervisor", text[64];
    size_t n = trial.n < sizeof(text) ? trial.n : sizeof(text) - 1;
    if (n)
        memcpy(text, trial.p, n);
    text[n] = '\0';
    char *argv[] = {name, text, NULL};
    bool moved = socket_fd < FIRST_FREE_FD || spool_fd < FIRST_FREE_FD;
    int high_socket = moved ? out_of_the_way(socket_fd) : socket_fd;
    int high_spool = moved ? out_of_the_way(spool_fd) : spool_fd;
    int r = high_socket < 0 || high_spool < 0 ? errno
                                              : spawn(program, argv, high_socket, high_spool, ret);
    if (moved && high_socket >= 0)
        close(high_socket);
    if (moved && high_spool >= 0)
        close(high_spool);
    if (r == 0)
        return OK;
    error_errno(e, r, "cannot start the supervisor %s", program);
    if (r == ENOENT || r == EACCES)
        error_hint(e, "it is installed beside trawl: is the installation whole?");
    if (e)
        e->code = E_SPAWN;
    return E_SPAWN;
}

static void on_death(void *self)
{
    struct attempt *at = self;
    struct local *x = at->x;
    local_enter(x);
    spawn_unwatch(at);
    connect_drop(at);
    attempt_enter(at, READING);
    end_read(at);
    local_leave(x);
}

enum code spawn_watch(struct attempt *at, pid_t pid, struct error *e)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0 && errno == ESRCH)
        return error_set(e, E_NOT_FOUND, "there is no process %d", (int)pid);
    if (fd < 0)
        return error_errno(e, errno, "cannot watch process %d", (int)pid);
    enum code code = loop_watch_new(at->x->loop, fd, on_death, at, &at->watch, e);
    if (code == OK)
        at->pidfd = fd;
    else
        close(fd);
    return code;
}

void spawn_unwatch(struct attempt *at)
{
    if (at->pidfd < 0)
        return;
    loop_watch_close(at->watch);
    close(at->pidfd);
    at->watch = NULL;
    at->pidfd = -1;
}
