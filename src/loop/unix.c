/*
 * Unix sockets by path, of any length the file system takes.
 *
 * sun_path holds 107 bytes. A longer path is reached through a descriptor of its folder:
 * /proc/self/fd/N/name is the same file and short.
 */
#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct unix_address {
    struct sockaddr_un un;
    int folder; /* has to stay open while the address is used; -1: none */
};

static enum code name_too_long(const char *path, struct error *e)
{
    error_set(e, E_LIMIT, "the name of the socket %s is too long", path);
    error_hint(e, "give its last component at most 80 bytes");
    return E_LIMIT;
}

static enum code address_through_folder(const char *path, struct unix_address *ret, struct error *e)
{
    struct unix_address a = {.un.sun_family = AF_UNIX, .folder = -1};
    const char *slash = strrchr(path, '/');
    char folder[4096];
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash || n >= sizeof(folder))
        return name_too_long(path, e);
    memcpy(folder, path, n);
    folder[n] = '\0';
    a.folder = open(n ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (a.folder < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(e, E_NOT_FOUND, "there is no folder %s", folder);
    if (a.folder < 0)
        return error_errno(e, errno, "cannot open the folder %s", folder);
    int length =
        snprintf(a.un.sun_path, sizeof(a.un.sun_path), "/proc/self/fd/%d/%s", a.folder, slash + 1);
    if (length < 0 || (size_t)length >= sizeof(a.un.sun_path)) {
        close(a.folder);
        return name_too_long(path, e);
    }
    *ret = a;
    return OK;
}

static enum code address_of(const char *path, struct unix_address *ret, struct error *e)
{
    size_t n = strlen(path);
    if (n >= sizeof(ret->un.sun_path))
        return address_through_folder(path, ret, e);
    *ret = (struct unix_address){.un.sun_family = AF_UNIX, .folder = -1};
    memcpy(ret->un.sun_path, path, n + 1);
    return OK;
}

static void address_done(struct unix_address *a)
{
    if (a->folder >= 0)
        close(a->folder);
}

enum code unix_listen(const char *path, int backlog, int *ret_fd, struct error *e)
{
    struct unix_address a;
    enum code code = address_of(path, &a, e);
    if (code != OK)
        return code;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        code = error_errno(e, errno, "cannot make a socket");
    else if (bind(fd, (const struct sockaddr *)&a.un, sizeof(a.un)) < 0)
        code = errno == EADDRINUSE ? error_set(e, E_BUSY, "there is something at %s already", path)
                                   : error_errno(e, errno, "cannot bind a socket to %s", path);
    else if (listen(fd, backlog) < 0) {
        code = error_errno(e, errno, "cannot listen at %s", path);
        unlink(path);
    }
    address_done(&a);
    if (code == OK)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return code;
}

/* Connecting to a Unix socket never is under way: it works, or the backlog is full. */
static enum code connect_now(int fd, const struct unix_address *a, const char *path,
                             struct error *e)
{
    int r;
    do {
        r = connect(fd, (const struct sockaddr *)&a->un, sizeof(a->un));
    } while (r < 0 && errno == EINTR);
    if (r == 0)
        return OK;
    if (errno == EAGAIN)
        return error_set(e, E_BUSY, "too many connections wait at %s", path);
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
        return error_set(e, E_NOT_FOUND, "nobody listens at %s", path);
    return error_errno(e, errno, "cannot connect to %s", path);
}

enum code unix_connect(const char *path, int *ret_fd, struct error *e)
{
    struct unix_address a;
    enum code code = address_of(path, &a, e);
    if (code != OK)
        return code;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    code = fd < 0 ? error_errno(e, errno, "cannot make a socket") : connect_now(fd, &a, path, e);
    address_done(&a);
    if (code == OK && fcntl(fd, F_SETFL, 0) < 0)
        code = error_errno(e, errno, "cannot set up a socket");
    if (code == OK)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return code;
}
