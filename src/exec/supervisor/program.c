/*
 * clone, exec, and what to say when that fails.
 *
 * The child borrows our memory until it runs the program (CLONE_VM | CLONE_VFORK, as posix_spawn
 * does it): nothing is copied, and it leaves errno where we find it. posix_spawn itself can't set
 * the signal that a parent's death sends.
 */
#include "exec/supervisor/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHILD_STACK = 64 * 1024, LAST_SIGNAL = 64, FIRST_LINE_MAX = 256 };

enum child_step { CHILD_EXEC, CHILD_FOLDER, CHILD_PIPES, CHILD_GROUP, CHILD_ORPHAN };

struct child {
    const struct launch *launch;
    const char *path;
    pid_t parent;
    enum child_step failed; /* the child's word */
    int why;
};

static void reset_signals(void)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int i = 1; i <= LAST_SIGNAL; i++)
        sigaction(i, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool prepare(struct child *c)
{
    const struct launch *l = c->launch;
    setsid(); /* cannot fail: a new process leads no group */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    c->failed = CHILD_ORPHAN;
    if (getppid() != c->parent) /* it died before we had asked for the signal */
        return false;
    c->failed = CHILD_GROUP;
    if (l->cgroup_fd >= 0 && write(l->cgroup_fd, "0", 1) < 0)
        return false;
    c->failed = CHILD_FOLDER;
    if (chdir(l->directory) < 0)
        return false;
    c->failed = CHILD_PIPES;
    if (dup2(l->out_fd, STDOUT_FILENO) < 0 || dup2(l->err_fd, STDERR_FILENO) < 0)
        return false;
    c->failed = CHILD_EXEC;
    return true;
}

static int child_main(void *self)
{
    struct child *c = self;
    reset_signals();
    if (prepare(c))
        execve(c->path, c->launch->argv, c->launch->environment);
    c->why = errno;
    _exit(127);
}

static const char *variable(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *in_folder(struct arena *a, const char *folder, const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    return name[0] == '/' ? arena_fmt(a, "%s", name) : arena_fmt(a, "%s/%s", folder, name);
}

/* Looks through PATH; relative entries are taken from the program's folder. */
static enum code search_path(const struct launch *l, struct arena *a, const char **ret,
                             struct error *e)
{
    const char *name = l->argv[0], *path = variable(l->environment, "PATH");
    struct str rest = str_of(path ? path : "/usr/local/bin:/usr/bin:/bin");
    while (rest.n) {
        struct str entry = str_cut(&rest, ':');
        const char *folder = entry.n ? arena_cstr(a, entry) : ".";
        const char *whole = folder ? in_folder(a, folder, name) : NULL;
        const char *place = whole ? in_folder(a, l->directory, whole) : NULL;
        if (!place)
            return error_nomem(e);
        if (is_program(place)) {
            *ret = place;
            return OK;
        }
    }
    error_set(e, E_SPAWN, "there is no program \"%s\" in PATH", name);
    const char *beside = in_folder(a, l->directory, name);
    struct stat st;
    if (beside && stat(beside, &st) == 0)
        error_hint(e, "write ./%s for the one in the program's folder", name);
    return E_SPAWN;
}

/* The interpreter that a script's first line names; empty where there is none. */
static void read_interpreter(const char *path, char ret[FIRST_LINE_MAX])
{
    char line[FIRST_LINE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
    if (fd >= 0)
        close(fd);
    ret[0] = '\0';
    if (n < 2 || line[0] != '#' || line[1] != '!')
        return;
    struct str rest = str_sub((struct str){line, (size_t)n}, 2, (size_t)n);
    struct str line_rest = str_cut(&rest, '\n');
    while (line_rest.n && line_rest.p[0] == ' ')
        line_rest = str_sub(line_rest, 1, line_rest.n);
    struct str word = str_cut(&line_rest, ' ');
    if (word.n)
        memcpy(ret, word.p, word.n);
    ret[word.n] = '\0';
}

static enum code explain_missing(const char *path, struct error *e)
{
    char interpreter[FIRST_LINE_MAX];
    struct stat st;
    if (stat(path, &st) < 0)
        return error_set(e, E_SPAWN, "there is no program %s", path);
    read_interpreter(path, interpreter);
    if (!interpreter[0])
        return error_set(e, E_SPAWN, "%s needs a loader that is not on this machine", path);
    bool windows = strchr(interpreter, '\r') != NULL;
    interpreter[strcspn(interpreter, "\r")] = '\0';
    error_set(e, E_SPAWN, "%s names the interpreter %s%s in its first line, which is not there",
              path, interpreter, windows ? "\\r" : "");
    if (windows)
        error_hint(e, "its lines end in carriage returns: save it with Unix line ends");
    return E_SPAWN;
}

static enum code explain_exec(const char *path, int why, struct error *e)
{
    struct stat st;
    switch (why) {
    case ENOENT:
        return explain_missing(path, e);
    case EACCES:
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return error_set(e, E_SPAWN, "%s is a folder, not a program", path);
        error_set(e, E_SPAWN, "%s is not executable", path);
        error_hint(e, "chmod +x it, or name its interpreter in the command (python3 train.py)");
        return E_SPAWN;
    case ENOEXEC:
        error_set(e, E_SPAWN, "%s is neither a program nor a script with a #! line", path);
        error_hint(e, "begin it with a line such as #!/bin/sh");
        return E_SPAWN;
    case E2BIG:
        return error_set(e, E_SPAWN, "the arguments and environment of %s are too long", path);
    default:
        error_set(e, E_SPAWN, "cannot run %s", path);
        error_detail(e, "%s", strerror(why));
        return E_SPAWN;
    }
}

static enum code explain(const struct child *c, struct error *e)
{
    switch (c->failed) {
    case CHILD_EXEC:
        return explain_exec(c->path, c->why, e);
    case CHILD_FOLDER:
        error_set(e, E_SPAWN, "cannot go to the trial's folder %s", c->launch->directory);
        break;
    case CHILD_GROUP:
        error_set(e, E_SPAWN, "cannot join the attempt's control group");
        break;
    case CHILD_PIPES:
    case CHILD_ORPHAN:
        error_set(e, E_SPAWN, "cannot set up the program's process");
        break;
    }
    error_detail(e, "%s", strerror(c->why));
    return E_SPAWN;
}

static enum code clone_child(struct child *c, pid_t *ret, struct error *e)
{
    char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return error_nomem(e);
    pid_t pid = clone(child_main, stack + CHILD_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, c);
    int why = errno;
    munmap(stack, CHILD_STACK);
    if (pid < 0) {
        error_set(e, E_SPAWN, "cannot start a process");
        error_detail(e, "%s", strerror(why));
        return E_SPAWN;
    }
    *ret = pid;
    return OK;
}

enum code program_start(const struct launch *l, struct arena *a, pid_t *ret, struct error *e)
{
    struct child c = {.launch = l, .parent = getpid()};
    enum code code = OK;
    if (!l->argv[0] || !l->argv[0][0])
        return error_set(e, E_SPAWN, "the command is empty");
    if (strchr(l->argv[0], '/')) {
        c.path = in_folder(a, l->directory, l->argv[0]);
        if (!c.path)
            return error_nomem(e);
    } else {
        code = search_path(l, a, &c.path, e);
    }
    if (code == OK)
        code = clone_child(&c, ret, e);
    /* why is set only by a child that did not come to run the program; it is gone now, and its
     * status is of no interest. */
    return code == OK && c.why ? explain(&c, e) : code;
}
