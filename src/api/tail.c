/* Where a trial's files are, and the ends of its logs. */
#include "api/logs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BYTES = 64 << 10 };

char *trial_folder(const char *store_dir, int64_t search, int64_t trial)
{
    char *path;
    if (asprintf(&path, "%s/trials/%lld/%lld", store_dir, (long long)search, (long long)trial) < 0)
        return NULL;
    return path;
}

char *attempt_log(const char *store_dir, int64_t search, int64_t trial, int attempt)
{
    char *path;
    if (asprintf(&path, "%s/trials/%lld/%lld/attempt-%d.log", store_dir, (long long)search,
                 (long long)trial, attempt) < 0)
        return NULL;
    return path;
}

void log_tail(const char *path, int lines, struct buf *b)
{
    char bytes[TAIL_BYTES];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    off_t from = fstat(fd, &st) == 0 && st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
    ssize_t n = pread(fd, bytes, sizeof bytes, from);
    close(fd);
    if (n <= 0)
        return;
    ssize_t start = n;
    int seen = 0;
    while (start > 0) {
        if (bytes[start - 1] == '\n' && start < n && ++seen == lines)
            break;
        start--;
    }
    buf_add(b, bytes + start, (size_t)(n - start));
    if (bytes[n - 1] != '\n')
        buf_char(b, '\n');
}
