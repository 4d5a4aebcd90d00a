#include "syncs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int synced;

int fsync(int fd)
{
    char link[32], path[200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    synced += strstr(path, "/trials/1/") != NULL;
    return 0;
}
