/*
 * A program's folder to take snapshots of: made in a temporary directory, with a store beside it,
 * and a git that knows nothing of the machine's settings.
 */
#ifndef TESTS_CODE_PROGRAM_H
#define TESTS_CODE_PROGRAM_H

#include "testing.h"

#include "base/io.h"
#include "code/snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct program {
    char home[64]; /* everything is below it, and it is removed in the end */
    char dir[80];  /* the program's folder */
    char code[96]; /* the snapshots */
    struct arena arena;
    struct snapshot s;
    struct error e;
};

/* Runs a line of shell in `dir`; it must succeed. */
__attribute__((format(printf, 2, 3))) static inline void sh(const char *dir, const char *fmt, ...)
{
    char line[8192];
    int status = 1;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(dir) || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(126);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("in %s: %s", dir, line);
}

static inline int program_setup(void **state)
{
    struct program *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    snprintf(p->home, sizeof(p->home), "/tmp/trawl-code-XXXXXX");
    assert_non_null(mkdtemp(p->home));
    snprintf(p->dir, sizeof(p->dir), "%s/program", p->home);
    snprintf(p->code, sizeof(p->code), "%s/store/code", p->home);
    assert_int_equal(mkdir(p->dir, 0755), 0);
    arena_init(&p->arena, 256 << 20);
    setenv("HOME", p->home, 1);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
    setenv("GIT_AUTHOR_NAME", "A", 1);
    setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
    setenv("GIT_COMMITTER_NAME", "A", 1);
    setenv("GIT_COMMITTER_EMAIL", "a@example.org", 1);
    *state = p;
    return 0;
}

static inline int program_teardown(void **state)
{
    struct program *p = *state;
    arena_free(&p->arena);
    enum code code = io_remove_tree(p->home, NULL);
    free(p);
    return code;
}

/* A test with a program of its own. */
#define PROGRAM_TEST(f) cmocka_unit_test_setup_teardown(f, program_setup, program_teardown)

static inline void take(struct program *p)
{
    enum code code = snapshot_take(&p->arena, p->dir, p->code, NULL, &p->s, &p->e);
    if (code)
        fail_msg("%s (%s)", p->e.message, p->e.detail);
}

static inline void take_excluding(struct program *p, const char *pattern)
{
    struct str exclude = str_of(pattern);
    struct snapshot_rules rules = {&exclude, 1};
    assert_ok(snapshot_take(&p->arena, p->dir, p->code, &rules, &p->s, &p->e));
}

static inline const char *in_tree(struct program *p, const char *name)
{
    char *path = arena_fmt(&p->arena, "%.*s/%s", STR_FMT(p->s.path), name);
    assert_non_null(path);
    return path;
}

/* The link of a trial's folder, or NULL. */
static inline const struct snapshot_link *link_named(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; i < s->n_links; i++)
        if (str_is(s->links[i].name, name))
            return &s->links[i];
    return NULL;
}

static inline bool is_original(const struct snapshot *s, const char *name)
{
    const struct snapshot_link *link = link_named(s, name);
    if (!link)
        fail_msg("there is no link %s", name);
    return link && link->original;
}

static inline struct str target_of(const struct snapshot *s, const char *name)
{
    const struct snapshot_link *link = link_named(s, name);
    return link ? link->target : (struct str){0};
}

static inline void assert_text(const char *path, const char *text)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_ok(io_read_file(path, 1 << 20, &b, NULL));
    assert_string_equal(b.n ? b.p : "", text);
    buf_free(&b);
}

static inline void assert_leads(const char *path, const char *target)
{
    char found[4096];
    ssize_t n = readlink(path, found, sizeof(found) - 1);
    if (n < 0)
        fail_msg("%s is no link", path);
    found[n] = '\0';
    assert_string_equal(found, target);
}

static inline bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static inline unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

/* Entries of `dir` whose name holds `part`, or, with part NULL, that are named as snapshots are. */
static inline int count_entries(const char *dir, const char *part)
{
    int n = 0;
    const struct dirent *entry;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while ((entry = readdir(d)) != NULL)
        n += part ? strstr(entry->d_name, part) != NULL
                  : strspn(entry->d_name, "0123456789abcdef") == SNAPSHOT_ID;
    closedir(d);
    return n;
}

#endif
