/*
 * Files of cgroup v2: memory.max, memory.events, memory.peak, cgroup.procs, cgroup.kill.
 *
 * A group with processes in it may not hand controllers down, and ours has at least this one in it;
 * so the attempt's group is made beside ours, under a parent that hands memory down already. That
 * is how systemd delegates a user's session.
 */
#include "exec/supervisor/cgroup.h"

#include "base/io.h"
#include "base/number.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL_FILE = 64 * 1024 };

static bool read_text(const char *folder, const char *name, struct buf *b)
{
    char path[600];
    buf_clear(b);
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof(path) && io_read_file(path, SMALL_FILE, b, NULL) == OK;
}

static bool write_text(const char *folder, const char *name, const char *text)
{
    char path[600];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = n > 0 && (size_t)n < sizeof(path) ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    bool well = io_write_all(fd, text, str_of(text).n, NULL) == OK;
    close(fd);
    return well;
}

static bool has_word(struct str words, const char *word)
{
    words = str_trim(words);
    while (words.n)
        if (str_is(str_trim(str_cut(&words, ' ')), word))
            return true;
    return false;
}

/* Our own group's parent: the line "0::/a/b" names /a/b. */
static bool parent_group(struct str own, struct str *ret)
{
    while (own.n) {
        struct str line = str_cut(&own, '\n');
        if (!str_starts(line, "0::/"))
            continue;
        struct str path = str_sub(line, 3, line.n);
        while (path.n > 1 && path.p[path.n - 1] != '/')
            path.n--;
        path.n -= path.n > 1;
        *ret = path;
        return true;
    }
    return false;
}

static bool hands_memory_down(const char *folder)
{
    struct buf b;
    buf_init(&b, SMALL_FILE);
    bool well = read_text(folder, "cgroup.subtree_control", &b) && has_word(buf_view(&b), "memory");
    buf_free(&b);
    return well;
}

void cgroup_make(struct cgroup *c, const char *root, struct str own, int64_t attempt,
                 int64_t memory)
{
    char limit[32], parent_path[400];
    struct str parent;
    *c = (struct cgroup){.procs_fd = -1};
    if (memory <= 0 || !parent_group(own, &parent) || parent.n > 300)
        return;
    snprintf(parent_path, sizeof(parent_path), "%.80s%.*s", root, STR_FMT(parent));
    if (!hands_memory_down(parent_path))
        return;
    snprintf(c->path, sizeof(c->path), "%s/trawl-%lld-%d", parent_path, (long long)attempt,
             (int)getpid());
    if (mkdir(c->path, 0755) < 0)
        return;
    snprintf(limit, sizeof(limit), "%lld", (long long)memory);
    char procs[600];
    snprintf(procs, sizeof(procs), "%s/cgroup.procs", c->path);
    c->active = write_text(c->path, "memory.max", limit);
    if (c->active)
        c->procs_fd = open(procs, O_WRONLY | O_CLOEXEC);
    write_text(c->path, "memory.swap.max", "0"); /* not there without swap */
    write_text(c->path, "memory.oom.group", "1");
    if (c->procs_fd < 0)
        cgroup_remove(c);
}

void cgroup_make_here(struct cgroup *c, int64_t attempt, int64_t memory)
{
    struct buf b;
    *c = (struct cgroup){.procs_fd = -1};
    if (memory <= 0 || access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0)
        return;
    buf_init(&b, SMALL_FILE);
    if (read_text("/proc/self", "cgroup", &b))
        cgroup_make(c, "/sys/fs/cgroup", buf_view(&b), attempt, memory);
    buf_free(&b);
}

bool cgroup_killed_for_memory(const struct cgroup *c)
{
    struct buf b;
    int64_t kills = 0;
    if (!c->active)
        return false;
    buf_init(&b, SMALL_FILE);
    if (read_text(c->path, "memory.events", &b))
        for (struct str rest = buf_view(&b); rest.n;) {
            struct str line = str_cut(&rest, '\n'), name = str_cut(&line, ' ');
            int64_t n;
            if (str_is(name, "oom_kill") && number_parse_i64(str_trim(line), &n))
                kills = n;
        }
    buf_free(&b);
    return kills > 0;
}

int64_t cgroup_peak(const struct cgroup *c)
{
    struct buf b;
    int64_t peak = 0;
    if (!c->active)
        return 0;
    buf_init(&b, SMALL_FILE);
    if (!read_text(c->path, "memory.peak", &b) || !number_parse_i64(str_trim(buf_view(&b)), &peak))
        peak = 0;
    buf_free(&b);
    return peak;
}

void cgroup_kill(const struct cgroup *c)
{
    if (c->active)
        write_text(c->path, "cgroup.kill", "1");
}

void cgroup_remove(struct cgroup *c)
{
    if (c->procs_fd >= 0)
        close(c->procs_fd);
    if (c->path[0])
        rmdir(c->path);
    *c = (struct cgroup){.procs_fd = -1};
}
