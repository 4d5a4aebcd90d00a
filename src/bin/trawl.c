/*
 * trawl: finds where it stands and hands over to the command line.
 */
#include "api/command.h"
#include "base/failpoint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct error e = {0};
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = 0;
    if (failpoint_init(&e) != OK) {
        say_error(&e);
        return code_exit_status(e.code);
    }
    return command_main(argc > 0 ? argc - 1 : 0, (const char *const *)argv + 1, path);
}
