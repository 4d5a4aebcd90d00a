/*
 * A pass over /proc.
 */
#include "exec/sweep.h"

#include "base/io.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { STAT_MAX = 4096, WINDOW = 16384, NEEDLE_MAX = 160 };

struct seen {
    pid_t pid, session;
    int64_t start, threads;
    char state;
};

/* The name in field 2 may hold blanks and parentheses, so fields count from the last one. */
static bool parse_stat(struct str text, struct seen *ret)
{
    size_t end = text.n;
    while (end && text.p[end - 1] != ')')
        end--;
    struct str rest = str_trim(str_sub(text, end, text.n));
    int64_t session = -1, threads = -1;
    for (int field = 3; rest.n; field++) {
        struct str word = str_cut(&rest, ' ');
        if (field == 3)
            ret->state = word.n ? word.p[0] : '?';
        else if (field == 6 && !number_parse_i64(word, &session))
            return false;
        else if (field == 20 && !number_parse_i64(word, &threads))
            return false;
        else if (field == 22) {
            ret->session = (pid_t)session;
            ret->threads = threads;
            return number_parse_i64(word, &ret->start);
        }
    }
    return false;
}

static bool look_at(pid_t pid, struct seen *ret)
{
    char path[32], text[STAT_MAX];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    ret->pid = pid;
    return n > 0 && parse_stat((struct str){text, (size_t)n}, ret);
}

/* Dead but not reaped; one whose first thread has ended while others run is not. */
static bool is_gone(const struct seen *s)
{
    return (s->state == 'Z' || s->state == 'X') && s->threads <= 1;
}

static bool whole_entry(struct str window, bool at_start, const char *hit, size_t n)
{
    size_t at = (size_t)(hit - window.p);
    bool starts = at ? window.p[at - 1] == '\0' : at_start;
    bool ends = at + n == window.n || window.p[at + n] == '\0';
    return starts && ends;
}

/* Whether NAME=value, whole, is in the environment; read in pieces, since it may be megabytes. */
static bool environment_has(const char *path, struct str entry)
{
    char window[WINDOW];
    size_t kept = 0;
    bool at_start = true, found = false, more = true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (more && !found) {
        ssize_t n = read(fd, window + kept, sizeof(window) - kept);
        if (n < 0 && errno == EINTR)
            continue;
        more = n > 0;
        struct str w = {window, kept + (n > 0 ? (size_t)n : 0)};
        /* An entry at the very end of the window may go on: it is looked at with what follows. */
        size_t searched = more ? (w.n ? w.n - 1 : 0) : w.n;
        for (const char *p = window;
             (p = memmem(p, searched - (size_t)(p - window), entry.p, entry.n)); p++) {
            if (whole_entry(w, at_start, p, entry.n)) {
                found = true;
                break;
            }
        }
        if (w.n > entry.n + 1) { /* one byte more than the entry: what stood before it */
            size_t drop = w.n - (entry.n + 1);
            memmove(window, window + drop, entry.n + 1);
            kept = entry.n + 1;
            at_start = false;
        } else {
            kept = w.n;
        }
    }
    close(fd);
    return found;
}

/* The first thread of a process may have ended and its environment with it. */
static bool threads_have(pid_t pid, struct str entry)
{
    char path[320];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    struct dirent *t;
    while (d && !found && (t = readdir(d))) {
        snprintf(path, sizeof(path), "/proc/%d/task/%s/environ", (int)pid, t->d_name);
        found = t->d_name[0] != '.' && environment_has(path, entry);
    }
    if (d)
        closedir(d);
    return found;
}

static bool has_token(const struct seen *s, struct str token)
{
    char path[32], entry[NEEDLE_MAX];
    int n = snprintf(entry, sizeof(entry), "TRAWL_TOKEN=%.*s", STR_FMT(token));
    if (token.n == 0 || n < 0 || (size_t)n >= sizeof(entry))
        return false;
    struct str needle = {entry, (size_t)n};
    if (s->state == 'Z')
        return threads_have(s->pid, needle);
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)s->pid);
    return environment_has(path, needle);
}

/* A session keeps its leader's number, which nobody else gets while anybody is in it. So whoever is
 * in a session of that number is the leader's, unless all of them went and the number came round
 * again: then its members are younger, and where the new leader lives it is seen not to be ours. */
static bool in_session(const struct seen *s, const struct pidref *leader, const char *boot_id)
{
    if (leader->pid <= 0 || s->session != leader->pid || strcmp(boot_id, leader->boot_id) != 0 ||
        s->start < (int64_t)leader->start_ticks)
        return false;
    struct seen now;
    return !look_at(leader->pid, &now) || now.start == (int64_t)leader->start_ticks;
}

static bool belongs(const struct seen *s, const struct sweep_target *t, const char *boot_id)
{
    for (size_t i = 0; i < SWEEP_SESSIONS; i++) {
        if (in_session(s, &t->leaders[i], boot_id))
            return true;
    }
    return has_token(s, t->token);
}

static void kill_exactly(const struct seen *s)
{
    struct seen now;
    int fd = pidfd_open(s->pid, 0);
    if (fd < 0)
        return;
    if (look_at(s->pid, &now) && now.start == s->start)
        (void)pidfd_send_signal(fd, SIGKILL, NULL, 0); /* the next pass sees whether it worked */
    close(fd);
}

static void visit(pid_t pid, struct sweep_target *targets, size_t n, const char *boot_id)
{
    struct seen s;
    if (pid == getpid() || pid <= 1 || !look_at(pid, &s) || is_gone(&s))
        return;
    for (size_t i = 0; i < n; i++) {
        if (!belongs(&s, &targets[i], boot_id))
            continue;
        kill_exactly(&s);
        targets[i].found++;
        targets[i].example = pid;
        return;
    }
}

enum code sweep_pass(struct sweep_target *targets, size_t n, struct error *e)
{
    struct pidref self;
    enum code code = pidref_of(getpid(), &self, e);
    if (code != OK)
        return code;
    DIR *d = opendir("/proc");
    if (!d)
        return error_errno(e, errno, "cannot list the processes in /proc");
    for (size_t i = 0; i < n; i++) {
        targets[i].found = 0;
        targets[i].example = 0;
    }
    struct dirent *entry;
    errno = 0;
    while ((entry = readdir(d))) {
        int64_t pid;
        if (number_parse_i64(str_of(entry->d_name), &pid) && pid > 0 && pid <= INT32_MAX)
            visit((pid_t)pid, targets, n, self.boot_id);
        errno = 0;
    }
    if (errno)
        code = error_errno(e, errno, "cannot list the processes in /proc");
    closedir(d);
    return code;
}
