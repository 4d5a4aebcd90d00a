/*
 * Addresses of Unix sockets, however long their paths.
 */
#include "exec/supervisor/socket_address.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A path too long for sun_path is reached through its folder's descriptor. */
enum code socket_address(const char *path, struct sockaddr_un *ret, int *ret_folder,
                         struct error *e)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    *ret_folder = -1;
    size_t n = strlen(path);
    if (n < sizeof(ret->sun_path)) {
        memcpy(ret->sun_path, path, n + 1);
        return OK;
    }
    const char *name = strrchr(path, '/');
    char folder[4096];
    if (!name || (size_t)(name - path) >= sizeof(folder))
        return error_set(e, E_LIMIT, "the socket's path is too long: %s", path);
    memcpy(folder, path, (size_t)(name - path));
    folder[name - path] = '\0';
    *ret_folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_folder < 0)
        return error_errno(e, errno, "cannot open the folder %s", folder);
    int length =
        snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d%s", *ret_folder, name);
    if (length < 0 || (size_t)length >= sizeof(ret->sun_path)) {
        close(*ret_folder);
        return error_set(e, E_LIMIT, "the socket's name is too long: %s", path);
    }
    return OK;
}
