/* Addresses of Unix sockets, however long their paths. */
#ifndef EXEC_SUPERVISOR_SOCKET_ADDRESS_H
#define EXEC_SUPERVISOR_SOCKET_ADDRESS_H

#include "base/str.h"

#include <sys/socket.h>
#include <sys/un.h>

/* *ret_folder: -1, or a descriptor through which the address goes, to be closed once it was used.
 */
enum code socket_address(const char *path, struct sockaddr_un *ret, int *ret_folder,
                         struct error *e) must_check;

#endif
