/*
 * Snapshots of git work trees: real repositories, made here.
 */
#include "program.h"

static const char *original(struct program *p, const char *name)
{
    char *path = arena_fmt(&p->arena, "%s/%s", p->dir, name);
    assert_non_null(path);
    return path;
}

static void the_work_tree_as_it_stands(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && echo old > tracked && echo x > removed && git add . && "
               "git commit -qm one && echo new > tracked && rm removed && echo u > untracked && "
               "echo s > staged && git add staged");
    take(p);
    assert_true(p->s.git);
    assert_int_equal(p->s.files, 3);
    assert_text(in_tree(p, "tracked"), "new\n");
    assert_text(in_tree(p, "untracked"), "u\n");
    assert_text(in_tree(p, "staged"), "s\n");
    assert_false(is_there(in_tree(p, "removed")));
    assert_false(is_there(in_tree(p, ".git")));
    assert_null(link_named(&p->s, ".git"));
    assert_true(str_ends(p->s.commit, "+changes"));
}

static void a_clean_tree_names_its_commit(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && echo x > a && git add . && git commit -qm one");
    take(p);
    assert_int_equal(p->s.commit.n, 40);
    struct snapshot back;
    assert_ok(snapshot_load(&p->arena, p->code, p->s.id, &back, &p->e));
    assert_true(str_eq(back.commit, p->s.commit));
    assert_true(back.git);
}

static void what_git_ignores_is_linked(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && mkdir -p data src/deep src/cache src/__pycache__ out none && "
               "printf 'data/\\n*.log\\ncache\\n__pycache__/\\n' > .gitignore && "
               "touch data/x src/a.py src/b.log src/deep/c.log src/cache/y out/d.log "
               "src/__pycache__/z.pyc top.log");
    take(p);
    assert_int_equal(p->s.files, 2);
    assert_true(is_original(&p->s, "data"));
    assert_true(is_original(&p->s, "top.log"));
    assert_true(str_is(target_of(&p->s, "data"), original(p, "data")));
    /* folders of which nothing is kept, the empty one too, are their originals as a whole */
    assert_true(is_original(&p->s, "out"));
    assert_true(is_original(&p->s, "none"));
    assert_leads(in_tree(p, "out"), original(p, "out"));
    assert_false(is_original(&p->s, "src"));
    assert_leads(in_tree(p, "src/b.log"), original(p, "src/b.log"));
    assert_leads(in_tree(p, "src/cache"), original(p, "src/cache"));
    assert_leads(in_tree(p, "src/deep"), original(p, "src/deep"));
    assert_false(is_there(in_tree(p, "src/__pycache__")));
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
}

static void a_tracked_file_in_an_ignored_folder(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && mkdir data && echo data/ > .gitignore && echo k > data/keep && "
               "echo i > data/other && git add -f data/keep .gitignore");
    take(p);
    assert_false(is_original(&p->s, "data"));
    assert_text(in_tree(p, "data/keep"), "k\n");
    assert_int_equal(mode_of(in_tree(p, "data/keep")), 0444);
    assert_leads(in_tree(p, "data/other"), original(p, "data/other"));
}

static void a_folder_below_the_work_tree(void **state)
{
    struct program *p = *state;
    sh(p->dir,
       "git init -q . && mkdir -p examples/one other && echo '*.bin' > .gitignore && "
       "echo 1 > examples/one/train.py && echo 2 > examples/one/x.bin && echo 3 > other/y && "
       "git add . && git commit -qm one && echo changed > other/y");
    snprintf(p->dir + strlen(p->dir), sizeof(p->dir) - strlen(p->dir), "/examples/one");
    take(p);
    assert_true(p->s.git);
    assert_int_equal(p->s.files, 1);
    assert_int_equal(p->s.n_links, 2);
    assert_text(in_tree(p, "train.py"), "1\n");
    assert_true(is_original(&p->s, "x.bin"));
    /* a change elsewhere is none of this program */
    assert_int_equal(p->s.commit.n, 40);
}

static void a_folder_that_is_ignored_itself(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && mkdir -p scratch && echo scratch > .gitignore && "
               "echo 1 > scratch/train.py");
    snprintf(p->dir + strlen(p->dir), sizeof(p->dir) - strlen(p->dir), "/scratch");
    take(p);
    assert_false(p->s.git);
    assert_int_equal(p->s.files, 1);
    assert_text(in_tree(p, "train.py"), "1\n");
}

/* git answers for this one with "directory entry not superset of prefix". */
static void a_folder_in_an_ignored_one(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && mkdir -p out/one/sub && echo out/ > .gitignore && git add . && "
               "git commit -qm one && echo 1 > out/one/train.py && echo 2 > out/one/sub/f");
    snprintf(p->dir + strlen(p->dir), sizeof(p->dir) - strlen(p->dir), "/out/one");
    take(p);
    assert_false(p->s.git);
    assert_int_equal(p->s.files, 2);
    assert_text(in_tree(p, "sub/f"), "2\n");
}

static void submodules_and_nested_repositories(void **state)
{
    struct program *p = *state;
    sh(p->home, "mkdir lib && cd lib && git init -q . && mkdir d && echo 1 > d/lib.py && "
                "echo '*.o' > .gitignore && git add . && git commit -qm lib");
    sh(p->dir,
       "git init -q . && git -c protocol.file.allow=always submodule add -q ../lib vendor && "
       "git commit -qm one && echo 2 > vendor/new.py && touch vendor/x.o && "
       "mkdir nested && cd nested && git init -q . && echo 3 > n.py");
    take(p);
    assert_text(in_tree(p, "vendor/d/lib.py"), "1\n");
    assert_text(in_tree(p, "vendor/new.py"), "2\n");
    assert_text(in_tree(p, "nested/n.py"), "3\n");
    assert_leads(in_tree(p, "vendor/x.o"), original(p, "vendor/x.o"));
    assert_false(is_there(in_tree(p, "vendor/.git")));
    assert_false(is_there(in_tree(p, "nested/.git")));
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
    /* one that was never fetched is an empty folder */
    sh(p->dir, "git submodule deinit -f vendor");
    take(p);
    assert_false(is_there(in_tree(p, "vendor/d")));
    assert_non_null(link_named(&p->s, "vendor"));
}

static void a_merge_conflict_is_one_file(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -qb main . && echo 0 > a && git add . && git commit -qm 0 && "
               "git checkout -qb x && echo 1 > a && git commit -qam 1 && git checkout -q main && "
               "echo 2 > a && git commit -qam 2 && ! git merge -q x");
    take(p);
    assert_int_equal(p->s.files, 1);
}

static void what_is_excluded_is_linked_though_tracked(void **state)
{
    struct program *p = *state;
    sh(p->dir,
       "git init -q . && mkdir weights src && touch weights/a weights/b src/x && git add .");
    take_excluding(p, "weights");
    assert_true(p->s.git);
    assert_true(is_original(&p->s, "weights"));
    assert_int_equal(p->s.files, 1);
}

static void a_file_that_became_a_pipe_is_noted(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && touch a b && git add . && rm a && mkfifo a");
    take(p);
    assert_int_equal(p->s.files, 1);
    assert_null(link_named(&p->s, "a"));
    assert_int_equal(p->s.n_notes, 1);
    assert_true(str_is(p->s.notes[0], "a is a pipe, and is left out"));
}

static void taking_it_changes_nothing(void **state)
{
    struct program *p = *state;
    struct stat before, after;
    sh(p->dir, "git init -q . && touch a && git add . && git commit -qm one && touch a");
    assert_int_equal(stat(original(p, ".git/index"), &before), 0);
    take(p);
    assert_int_equal(stat(original(p, ".git/index"), &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
    assert_int_equal(before.st_ino, after.st_ino);
}

static void a_broken_repository_is_not_passed_over(void **state)
{
    struct program *p = *state;
    sh(p->dir, "git init -q . && touch a && git add a && printf garbage > .git/index");
    assert_int_equal(snapshot_take(&p->arena, p->dir, p->code, NULL, &p->s, &p->e), E_IO);
    assert_non_null(strstr(p->e.message, "git cannot list the files of"));
    assert_true(strlen(p->e.detail) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(the_work_tree_as_it_stands),
        PROGRAM_TEST(a_clean_tree_names_its_commit),
        PROGRAM_TEST(what_git_ignores_is_linked),
        PROGRAM_TEST(a_tracked_file_in_an_ignored_folder),
        PROGRAM_TEST(a_folder_below_the_work_tree),
        PROGRAM_TEST(a_folder_that_is_ignored_itself),
        PROGRAM_TEST(a_folder_in_an_ignored_one),
        PROGRAM_TEST(submodules_and_nested_repositories),
        PROGRAM_TEST(a_merge_conflict_is_one_file),
        PROGRAM_TEST(what_is_excluded_is_linked_though_tracked),
        PROGRAM_TEST(a_file_that_became_a_pipe_is_noted),
        PROGRAM_TEST(taking_it_changes_nothing),
        PROGRAM_TEST(a_broken_repository_is_not_passed_over),
    };
    return RUN_TESTS(tests);
}
