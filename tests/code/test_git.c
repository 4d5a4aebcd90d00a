/*
 * Asking git: bounded, deaf to the environment it is called in, clear when it refuses.
 */
#include "program.h"

#include "code/git.h"

static void no_repository(void **state)
{
    struct program *p = *state;
    bool git = true;
    assert_ok(git_worktree(p->dir, &git, &p->e));
    assert_false(git);
}

static void a_work_tree_and_below_it(void **state)
{
    struct program *p = *state;
    bool git = false;
    char below[128];
    sh(p->dir, "git init -q . && mkdir -p a/b");
    assert_ok(git_worktree(p->dir, &git, &p->e));
    assert_true(git);
    git = false;
    snprintf(below, sizeof(below), "%s/a/b", p->dir);
    assert_ok(git_worktree(below, &git, &p->e));
    assert_true(git);
    snprintf(below, sizeof(below), "%s/.git", p->dir);
    assert_ok(git_worktree(below, &git, &p->e));
    assert_false(git);
}

static void a_folder_that_only_looks_like_one(void **state)
{
    struct program *p = *state;
    bool git = true;
    sh(p->dir, "mkdir .git");
    assert_ok(git_worktree(p->dir, &git, &p->e));
    assert_false(git);
}

static void no_git_on_the_machine(void **state)
{
    struct program *p = *state;
    bool git = true;
    sh(p->dir, "git init -q .");
    const char *before = getenv("PATH");
    char *path = strdup(before ? before : "/bin");
    setenv("PATH", p->home, 1);
    enum code code = git_worktree(p->dir, &git, &p->e);
    struct git_answer g;
    git_answer_init(&g, 100);
    static const char *const args[] = {"version", NULL};
    enum code asked = git_ask(p->dir, args, &g, &p->e);
    git_answer_free(&g);
    setenv("PATH", path, 1);
    free(path);
    assert_ok(code);
    assert_false(git);
    assert_int_equal(asked, E_NOT_FOUND);
}

static void a_repository_git_refuses_is_an_error(void **state)
{
    struct program *p = *state;
    bool git = true;
    sh(p->dir, "git init -q . && printf '[core]\\nrepositoryformatversion = 99\\n' > .git/config");
    assert_int_equal(git_worktree(p->dir, &git, &p->e), E_IO);
    assert_non_null(strstr(p->e.message, "git refuses the repository"));
    assert_non_null(strstr(p->e.detail, "99"));
}

static void somebody_elses_repository_has_a_hint(void **state)
{
    struct program *p = *state;
    bool git = true;
    if (geteuid() != 0)
        SKIP("needs root");
    sh(p->dir, "git init -q . && chown -R 12345 .");
    assert_int_equal(git_worktree(p->dir, &git, &p->e), E_IO);
    assert_non_null(strstr(p->e.hint, "safe.directory"));
}

static void variables_of_a_hook_mislead_nobody(void **state)
{
    struct program *p = *state;
    bool git = false;
    sh(p->dir, "git init -q .");
    setenv("GIT_DIR", "/nowhere", 1);
    setenv("GIT_INDEX_FILE", "/nowhere/index", 1);
    enum code code = git_worktree(p->dir, &git, &p->e);
    unsetenv("GIT_DIR");
    unsetenv("GIT_INDEX_FILE");
    assert_ok(code);
    assert_true(git);
}

static void output_past_the_ceiling_ends_it(void **state)
{
    struct program *p = *state;
    static const char *const args[] = {"help", "-a", NULL};
    struct git_answer g;
    git_answer_init(&g, 100);
    assert_int_equal(git_ask(p->dir, args, &g, &p->e), E_LIMIT);
    git_answer_free(&g);
}

static void complaints_are_kept_on_one_line(void **state)
{
    struct program *p = *state;
    static const char *const args[] = {"no-such-command", NULL};
    struct git_answer g;
    git_answer_init(&g, 1000);
    assert_ok(git_ask(p->dir, args, &g, &p->e));
    assert_int_not_equal(g.status, 0);
    assert_non_null(strstr(g.complaint, "no-such-command"));
    assert_null(strchr(g.complaint, '\n'));
    git_answer_free(&g);
}

static void too_many_arguments(void **state)
{
    struct program *p = *state;
    const char *args[40];
    struct git_answer g;
    for (size_t i = 0; i < 39; i++)
        args[i] = "x";
    args[39] = NULL;
    git_answer_init(&g, 1000);
    assert_int_equal(git_ask(p->dir, args, &g, &p->e), E_LIMIT);
    git_answer_free(&g);
}

static void describe_says_head_and_changes(void **state)
{
    struct program *p = *state;
    struct buf b;
    buf_init(&b, 1000);
    sh(p->dir, "git init -q . && echo 1 > a && git add a");
    assert_ok(git_describe(p->dir, &b, &p->e));
    assert_int_equal(b.n, 0);
    sh(p->dir, "git commit -qm one");
    assert_ok(git_describe(p->dir, &b, &p->e));
    assert_int_equal(b.n, 40);
    buf_clear(&b);
    sh(p->dir, "mkdir .trawl && touch .trawl/x");
    assert_ok(git_describe(p->dir, &b, &p->e));
    assert_int_equal(b.n, 40);
    buf_clear(&b);
    sh(p->dir, "echo 2 > a");
    assert_ok(git_describe(p->dir, &b, &p->e));
    assert_true(str_ends(buf_view(&b), "+changes"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(no_repository),
        PROGRAM_TEST(a_work_tree_and_below_it),
        PROGRAM_TEST(a_folder_that_only_looks_like_one),
        PROGRAM_TEST(no_git_on_the_machine),
        PROGRAM_TEST(a_repository_git_refuses_is_an_error),
        PROGRAM_TEST(somebody_elses_repository_has_a_hint),
        PROGRAM_TEST(variables_of_a_hook_mislead_nobody),
        PROGRAM_TEST(output_past_the_ceiling_ends_it),
        PROGRAM_TEST(complaints_are_kept_on_one_line),
        PROGRAM_TEST(too_many_arguments),
        PROGRAM_TEST(describe_says_head_and_changes),
    };
    return RUN_TESTS(tests);
}
