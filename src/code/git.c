/*
 * Asking git.
 */
#include "code/git.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GIT_ARGS_MAX = 16, CHUNK = 1 << 16 };

/* `git rev-parse --local-env-vars`, but for GIT_CONFIG_*: those may carry safe.directory. */
static const char *const misleading[] = {
    "GIT_DIR",          "GIT_WORK_TREE",
    "GIT_INDEX_FILE",   "GIT_COMMON_DIR",
    "GIT_PREFIX",       "GIT_OBJECT_DIRECTORY",
    "GIT_GRAFT_FILE",   "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE", "GIT_IMPLICIT_WORK_TREE",
    "LC_ALL",           "GIT_OPTIONAL_LOCKS",
};
static const char *const added[] = {"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0"};

static bool is_misleading(const char *variable)
{
    size_t n = strcspn(variable, "=");
    for (size_t i = 0; i < sizeof(misleading) / sizeof(*misleading); i++)
        if (strlen(misleading[i]) == n && memcmp(misleading[i], variable, n) == 0)
            return true;
    return false;
}

/* The strings are borrowed; free the array alone. */
static char **git_environment(void)
{
    const size_t n_added = sizeof(added) / sizeof(*added);
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **env = calloc(n + n_added + 1, sizeof(*env));
    if (!env)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_misleading(environ[i]))
            env[kept++] = environ[i];
    for (size_t i = 0; i < n_added; i++)
        env[kept++] = (char *)added[i];
    return env;
}

static enum code spawn_with(char *const *argv, char *const *env,
                            posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int out,
                            int err, pid_t *ret, struct error *e)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    const int signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        sigaddset(&usual, signals[i]);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &usual);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO) ||
        posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO) ||
        posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0))
        return error_nomem(e);
    int failure = posix_spawnp(ret, "git", actions, attr, argv, env);
    if (failure == ENOENT)
        return error_set(e, E_NOT_FOUND, "there is no git on this machine");
    return failure ? error_errno(e, failure, "cannot run git") : OK;
}

static enum code spawn(char *const *argv, int out, int err, pid_t *ret, struct error *e)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    char **env = git_environment();
    if (!env)
        return error_nomem(e);
    enum code code = E_NOMEM;
    if (posix_spawn_file_actions_init(&actions) == 0) {
        if (posix_spawnattr_init(&attr) == 0) {
            code = spawn_with(argv, env, &actions, &attr, out, err, ret, e);
            posix_spawnattr_destroy(&attr);
        } else {
            error_nomem(e);
        }
        posix_spawn_file_actions_destroy(&actions);
    } else {
        error_nomem(e);
    }
    free(env);
    return code;
}

/* Keeps the start of what comes on stderr; the rest is read and dropped, so that git never blocks.
 */
static void keep_complaint(struct git_answer *g, const char *bytes, size_t n)
{
    size_t have = strlen(g->complaint), room = sizeof(g->complaint) - 1 - have;
    for (size_t i = 0; i < n && i < room; i++) {
        unsigned char c = (unsigned char)bytes[i];
        g->complaint[have + i] = (char)(c < ' ' ? ' ' : c);
    }
}

/* One turn of reading from *fd, closed and -1 at its end. */
static enum code drain(struct git_answer *g, int *fd, bool complaint, struct error *e)
{
    char chunk[CHUNK];
    ssize_t n = read(*fd, chunk, sizeof(chunk));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? OK
                                                 : error_errno(e, errno, "cannot read from git");
    if (n == 0) {
        close(*fd);
        *fd = -1;
    } else if (complaint) {
        keep_complaint(g, chunk, (size_t)n);
    } else {
        buf_add(&g->out, chunk, (size_t)n);
    }
    return buf_end(&g->out, e);
}

static enum code read_both(struct git_answer *g, int fds[2], struct error *e)
{
    enum code code = OK;
    while (!code && (fds[0] >= 0 || fds[1] >= 0)) {
        struct pollfd p[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return error_errno(e, errno, "cannot wait for git");
        for (int i = 0; i < 2 && !code; i++)
            if (fds[i] >= 0 && p[i].revents)
                code = drain(g, &fds[i], i == 1, e);
    }
    return code;
}

static enum code reap(pid_t pid, struct git_answer *g, struct error *e)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_errno(e, errno, "cannot wait for git");
    if (!WIFEXITED(status)) {
        error_set(e, E_IO, "git was killed by signal %d", WTERMSIG(status));
        error_detail(e, "%s", g->complaint);
        return E_IO;
    }
    g->status = WEXITSTATUS(status);
    return OK;
}

static void close_pair(const int fds[2])
{
    if (fds[0] >= 0)
        close(fds[0]);
    if (fds[1] >= 0)
        close(fds[1]);
}

static enum code run(char *const *argv, struct git_answer *g, struct error *e)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t pid = 0;
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
        int why = errno;
        close_pair(out);
        return error_errno(e, why, "cannot make a pipe");
    }
    enum code code = spawn(argv, out[1], err[1], &pid, e);
    close(out[1]);
    close(err[1]);
    int from[2] = {out[0], err[0]};
    if (!code) {
        code = read_both(g, from, e);
        if (code)
            kill(pid, SIGKILL);
        enum code ended = reap(pid, g, code ? NULL : e);
        code = code ? code : ended;
    }
    close_pair(from);
    return code;
}

enum code git_ask(const char *dir, const char *const *args, struct git_answer *ret, struct error *e)
{
    const char *argv[GIT_ARGS_MAX + 4] = {"git", "-C", dir};
    size_t n = 3;
    while (*args && n < GIT_ARGS_MAX + 3)
        argv[n++] = *args++;
    if (*args)
        return error_set(e, E_LIMIT, "more than %d arguments for git", GIT_ARGS_MAX);
    return run((char *const *)argv, ret, e);
}

void git_answer_init(struct git_answer *g, size_t ceiling)
{
    *g = (struct git_answer){0};
    buf_init(&g->out, ceiling);
}

void git_answer_free(struct git_answer *g)
{
    buf_free(&g->out);
}

/* A .git of any kind in `dir` or above it? Cheaper than starting git to be told no. */
static bool has_repository(const char *dir)
{
    char path[PATH_MAX];
    struct stat st;
    size_t n = strlen(dir);
    if (n + sizeof("/.git") > sizeof(path))
        return true; /* git may say */
    for (;;) {
        memcpy(path, dir, n);
        memcpy(path + n, "/.git", sizeof("/.git"));
        if (lstat(path, &st) == 0)
            return true;
        if (n == 0)
            return false;
        do
            n--;
        while (n && dir[n] != '/');
    }
}

static enum code refused(const char *dir, const struct git_answer *g, struct error *e)
{
    error_set(e, E_IO, "git refuses the repository of %s", dir);
    error_detail(e, "%s", g->complaint);
    if (strstr(g->complaint, "dubious ownership"))
        error_hint(e, "git config --global --add safe.directory %s", dir);
    return E_IO;
}

enum code git_worktree(const char *dir, bool *ret, struct error *e)
{
    static const char *const args[] = {"rev-parse", "--is-inside-work-tree", NULL};
    if (!has_repository(dir)) {
        *ret = false;
        return OK;
    }
    struct git_answer g;
    git_answer_init(&g, 4096);
    enum code code = git_ask(dir, args, &g, e);
    if (code == E_NOT_FOUND) {
        *ret = false;
        code = OK;
    } else if (!code && g.status == 0) {
        *ret = str_starts(buf_view(&g.out), "true");
    } else if (!code && strstr(g.complaint, "not a git repository")) {
        *ret = false;
    } else if (!code) {
        code = refused(dir, &g, e);
    }
    git_answer_free(&g);
    return code;
}

/* One byte of status is enough to know; what passes the ceiling is a change too. */
static enum code has_changes(const char *dir, bool *ret, struct error *e)
{
    static const char *const args[] = {"status", "--porcelain", "--ignore-submodules=none",
                                       "--",     ".",           ":(exclude,glob)**/.trawl/**",
                                       NULL};
    struct git_answer g;
    git_answer_init(&g, 1 << 16);
    enum code code = git_ask(dir, args, &g, e);
    if (code == E_LIMIT || (!code && g.status == 0)) {
        *ret = code == E_LIMIT || g.out.n > 0;
        code = OK;
    } else if (!code) {
        code = refused(dir, &g, e);
    }
    git_answer_free(&g);
    return code;
}

enum code git_describe(const char *dir, struct buf *ret, struct error *e)
{
    static const char *const args[] = {"rev-parse", "--verify", "--quiet", "HEAD", NULL};
    struct git_answer g;
    bool changes = false;
    git_answer_init(&g, 4096);
    enum code code = git_ask(dir, args, &g, e);
    struct str head = str_trim(buf_view(&g.out));
    if (!code && g.status == 0 && head.n) {
        code = has_changes(dir, &changes, e);
        if (!code) {
            buf_str(ret, head);
            buf_cstr(ret, changes ? "+changes" : "");
            code = buf_end(ret, e);
        }
    }
    git_answer_free(&g);
    return code;
}
