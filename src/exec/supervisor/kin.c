/*
 * Walking /proc. Processes come and go meanwhile: what can't be read is gone.
 */
#include "exec/supervisor/kin.h"

#include "base/io.h"
#include "base/number.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { SMALL_FILE = 4096, CHILDREN_MAX = 1 << 16, ENVIRON_MAX = 1 << 20 };

static bool parse_pid(struct str s, pid_t *ret)
{
    int64_t v;
    if (!number_parse_i64(s, &v) || v <= 0 || v > INT32_MAX)
        return false;
    *ret = (pid_t)v;
    return true;
}

/* Empties b and reads the file into it; false where it is not readable, or larger than `limit`. */
static bool read_proc(const char *path, size_t limit, struct buf *b)
{
    buf_clear(b);
    return io_read_file(path, limit, b, NULL) == OK;
}

static void add(struct kin *k, struct str pid)
{
    if (k->n < KIN_MAX && parse_pid(pid, &k->pid[k->n]))
        k->n++;
}

static void add_children(struct kin *k, pid_t pid, const char *thread, struct buf *b)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, thread);
    if (!read_proc(path, CHILDREN_MAX, b))
        return;
    for (struct str rest = buf_view(b); rest.n;)
        add(k, str_cut(&rest, ' '));
}

/* Each thread has children of its own. */
static void add_children_of(struct kin *k, pid_t pid, struct buf *b)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (!threads)
        return;
    for (struct dirent *d; (d = readdir(threads));)
        if (d->d_name[0] != '.')
            add_children(k, pid, d->d_name, b);
    closedir(threads);
}

void kin_find(struct kin *k)
{
    struct buf b;
    char self[16];
    buf_init(&b, CHILDREN_MAX);
    k->n = 0;
    snprintf(self, sizeof(self), "%d", (int)getpid());
    add_children(k, getpid(), self, &b); /* this process has one thread */
    for (size_t i = 0; i < k->n; i++)
        add_children_of(k, k->pid[i], &b);
    buf_free(&b);
}

static bool environment_holds(struct str environment, struct str line)
{
    while (environment.n)
        if (str_eq(str_cut(&environment, '\0'), line))
            return true;
    return false;
}

void kin_find_token(struct kin *k, struct str token)
{
    struct buf line, b;
    DIR *processes = opendir("/proc");
    k->n = 0;
    if (!processes)
        return;
    buf_init(&line, SMALL_FILE);
    buf_init(&b, ENVIRON_MAX);
    buf_cstr(&line, "TRAWL_TOKEN=");
    buf_str(&line, token);
    for (struct dirent *d; (d = readdir(processes));) {
        char path[64];
        pid_t pid;
        if (!parse_pid(str_of(d->d_name), &pid) || pid == getpid())
            continue;
        snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
        if (read_proc(path, ENVIRON_MAX, &b) && environment_holds(buf_view(&b), buf_view(&line)))
            add(k, str_of(d->d_name));
    }
    closedir(processes);
    buf_free(&line);
    buf_free(&b);
}

void kin_signal(const struct kin *k, int signal)
{
    for (size_t i = 0; i < k->n; i++)
        kill(k->pid[i], signal);
}

/* Field 2 of statm: resident pages. */
static int64_t resident(pid_t pid, struct buf *b)
{
    char path[32];
    int64_t pages = 0;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    if (!read_proc(path, SMALL_FILE, b))
        return 0;
    struct str rest = buf_view(b);
    str_cut(&rest, ' ');
    if (!number_parse_i64(str_cut(&rest, ' '), &pages))
        return 0;
    return pages * sysconf(_SC_PAGESIZE);
}

/* "Pss: 123 kB": each shared page divided by how many share it. -1: not readable. */
static int64_t proportional(pid_t pid, struct buf *b)
{
    char path[48];
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    if (!read_proc(path, SMALL_FILE, b))
        return -1;
    for (struct str rest = buf_view(b); rest.n;) {
        struct str line = str_cut(&rest, '\n');
        int64_t kilobytes;
        if (!str_starts(line, "Pss:"))
            continue;
        struct str number = str_trim(str_sub(line, 4, line.n));
        return number_parse_i64(str_cut(&number, ' '), &kilobytes) ? kilobytes * 1024 : -1;
    }
    return -1;
}

int64_t kin_memory(const struct kin *k, int64_t limit)
{
    struct buf b;
    int64_t quick = 0, exact = 0;
    buf_init(&b, SMALL_FILE);
    for (size_t i = 0; i < k->n; i++)
        quick += resident(k->pid[i], &b);
    bool sure = limit == 0 || quick <= limit || k->n < 2;
    for (size_t i = 0; i < k->n && !sure; i++) {
        int64_t share = proportional(k->pid[i], &b);
        exact += share < 0 ? resident(k->pid[i], &b) : share;
    }
    buf_free(&b);
    return sure ? quick : exact;
}
