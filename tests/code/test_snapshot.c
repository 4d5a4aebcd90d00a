/*
 * Snapshots of a folder without git: what is in them, what their id stands for, what they are read
 * back as.
 */
#include "program.h"

static void everything_is_copied_read_only(void **state)
{
    struct program *p = *state;
    sh(p->dir, "mkdir -p src/deep empty && echo one > train.py && echo two > src/deep/two && "
               "printf x > run.sh && chmod 755 run.sh && chmod 600 train.py");
    take(p);
    assert_false(p->s.git);
    assert_int_equal(p->s.files, 3);
    assert_int_equal(p->s.bytes, 9);
    assert_int_equal(p->s.commit.n, 0);
    assert_text(in_tree(p, "train.py"), "one\n");
    assert_text(in_tree(p, "src/deep/two"), "two\n");
    assert_int_equal(mode_of(in_tree(p, "train.py")), 0444);
    assert_int_equal(mode_of(in_tree(p, "run.sh")), 0555);
    assert_int_equal(mode_of(in_tree(p, "src/deep")), 0555);
    assert_int_equal(mode_of(in_tree(p, "empty")), 0555);
    assert_int_equal(mode_of(p->s.path.p), 0555);
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
}

static void a_copy_keeps_the_time(void **state)
{
    struct program *p = *state;
    struct stat st;
    sh(p->dir, "touch -d '2020-01-02 03:04:05Z' a");
    take(p);
    assert_int_equal(stat(in_tree(p, "a"), &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1577934245);
}

static void links_of_a_trials_folder(void **state)
{
    struct program *p = *state;
    sh(p->dir,
       "mkdir src .trawl __pycache__ .git2 && touch b.py src/x .trawl/db __pycache__/y a.py");
    take(p);
    assert_int_equal(p->s.n_links, 5);
    const char *const names[] = {".git2", "__pycache__", "a.py", "b.py", "src"};
    for (size_t i = 0; i < 5; i++)
        assert_true(str_is(p->s.links[i].name, names[i]));
    assert_true(is_original(&p->s, "__pycache__"));
    assert_true(str_ends(target_of(&p->s, "__pycache__"), "/program/__pycache__"));
    assert_false(is_original(&p->s, "src"));
    assert_true(str_is(target_of(&p->s, "src"), in_tree(p, "src")));
    assert_false(is_there(in_tree(p, "__pycache__")));
    assert_false(is_there(in_tree(p, ".trawl")));
}

static void the_id_is_the_content(void **state)
{
    struct program *p = *state;
    char first[SNAPSHOT_ID + 1];
    sh(p->dir, "echo one > a && echo two > b && mkdir d && touch d/x");
    take(p);
    memcpy(first, p->s.id, sizeof(first));
    sh(p->dir, "touch -d tomorrow a && chmod 600 b && mkdir __pycache__ && touch __pycache__/x");
    take(p);
    assert_string_equal(first, p->s.id);
    assert_int_equal(count_entries(p->code, NULL), 1);

    const char *const changes[] = {"echo three > a", "chmod +x b",           "mv b c",
                                   "ln -s a link",   "ln -sfn b link",       "rm -r d",
                                   "mkdir d",        "rm link && touch link"};
    char before[SNAPSHOT_ID + 1];
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        memcpy(before, p->s.id, sizeof(before));
        sh(p->dir, "%s", changes[i]);
        take(p);
        assert_string_not_equal(before, p->s.id);
        assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
    }
}

static void equal_folders_share_one(void **state)
{
    struct program *p = *state;
    char first[SNAPSHOT_ID + 1];
    sh(p->dir, "echo one > a");
    take(p);
    memcpy(first, p->s.id, sizeof(first));
    sh(p->home, "cp -r program other");
    snprintf(p->dir, sizeof(p->dir), "%s/other", p->home);
    take(p);
    assert_string_equal(first, p->s.id);
}

static void a_snapshot_outlives_an_edit(void **state)
{
    struct program *p = *state;
    sh(p->dir, "echo one > a");
    take(p);
    sh(p->dir, "echo two > a");
    assert_text(in_tree(p, "a"), "one\n");
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
}

static void load_gives_back_what_was_taken(void **state)
{
    struct program *p = *state;
    struct snapshot back;
    sh(p->dir, "mkdir data && touch data/x a && ln -s a l");
    take_excluding(p, "data");
    assert_ok(snapshot_load(&p->arena, p->code, p->s.id, &back, &p->e));
    assert_string_equal(back.id, p->s.id);
    assert_true(str_eq(back.path, p->s.path));
    assert_int_equal(back.files, p->s.files);
    assert_int_equal(back.bytes, p->s.bytes);
    assert_int_equal(back.n_links, p->s.n_links);
    for (size_t i = 0; i < back.n_links; i++) {
        assert_true(str_eq(back.links[i].name, p->s.links[i].name));
        assert_true(str_eq(back.links[i].target, p->s.links[i].target));
        assert_int_equal(back.links[i].original, p->s.links[i].original);
    }
}

static void what_is_excluded_is_linked(void **state)
{
    struct program *p = *state;
    sh(p->dir, "mkdir -p data src/deep && touch data/big src/a.ckpt src/deep/b.ckpt src/x.py");
    take_excluding(p, "*.ckpt");
    assert_false(is_original(&p->s, "data"));
    char original[256];
    snprintf(original, sizeof(original), "%s/src/a.ckpt", p->dir);
    assert_leads(in_tree(p, "src/a.ckpt"), original);
    snprintf(original, sizeof(original), "%s/src/deep/b.ckpt", p->dir);
    assert_leads(in_tree(p, "src/deep/b.ckpt"), original);
    take_excluding(p, "data");
    assert_true(is_original(&p->s, "data"));
    /* reached from the code's own place too */
    snprintf(original, sizeof(original), "%s/data", p->dir);
    assert_leads(in_tree(p, "data"), original);
    assert_int_equal(p->s.files, 3);
}

static void links_lead_where_they_led(void **state)
{
    struct program *p = *state;
    char target[256];
    sh(p->dir,
       "mkdir -p a/b c && touch c/x && ln -s ../../c/x a/b/inside && "
       "ln -s ../outside out && ln -s ../../../away a/b/away && ln -s /etc/passwd absolute && "
       "ln -s \"$PWD/c/x\" a/b/home && ln -s nowhere dangling && ln -s c folder");
    take(p);
    assert_leads(in_tree(p, "a/b/inside"), "../../c/x");
    assert_leads(in_tree(p, "dangling"), "nowhere");
    assert_leads(in_tree(p, "absolute"), "/etc/passwd");
    assert_leads(in_tree(p, "a/b/home"), "../../c/x");
    assert_leads(in_tree(p, "folder"), "c");
    snprintf(target, sizeof(target), "%s/../outside", p->dir);
    assert_leads(in_tree(p, "out"), target);
    snprintf(target, sizeof(target), "%s/a/b/../../../away", p->dir);
    assert_leads(in_tree(p, "a/b/away"), target);
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
}

static void names_of_any_bytes(void **state)
{
    struct program *p = *state;
    struct snapshot back;
    sh(p->dir, "mkdir 'sp ace' && touch -- 'sp ace/new\nline' \"$(printf 'bad\\377utf')\" "
               "\"$(printf 'tab\\there')\" '-rf' 'quote\"' \"'\" '*' '$(x)' '\\'");
    take(p);
    assert_int_equal(p->s.files, 9);
    assert_true(is_there(in_tree(p, "sp ace/new\nline")));
    assert_true(is_there(in_tree(p, "bad\377utf")));
    assert_non_null(link_named(&p->s, "tab\there"));
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
    assert_ok(snapshot_load(&p->arena, p->code, p->s.id, &back, &p->e));
    assert_non_null(link_named(&back, "bad\377utf"));
}

static void an_empty_folder(void **state)
{
    struct program *p = *state;
    take(p);
    assert_int_equal(p->s.files, 0);
    assert_int_equal(p->s.n_links, 0);
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
}

static void a_survey_only_looks(void **state)
{
    struct program *p = *state;
    sh(p->dir, "mkdir data && echo 1 > data/x && echo 1 > a");
    struct str exclude = STR("data");
    struct snapshot_rules rules = {&exclude, 1};
    assert_ok(snapshot_survey(&p->arena, p->dir, &rules, &p->s, &p->e));
    assert_int_equal(p->s.files, 1);
    assert_int_equal(p->s.bytes, 2);
    assert_string_equal(p->s.id, "");
    assert_true(is_original(&p->s, "data"));
    assert_false(is_original(&p->s, "a"));
    assert_false(is_there(p->code));
}

static void a_missing_folder(void **state)
{
    struct program *p = *state;
    sh(p->home, "rmdir program");
    assert_int_equal(snapshot_take(&p->arena, p->dir, p->code, NULL, &p->s, &p->e), E_IO);
    assert_non_null(strstr(p->e.message, "cannot find the program's folder"));
    assert_int_equal(snapshot_survey(&p->arena, p->dir, NULL, &p->s, &p->e), E_IO);
}

static enum code count(void *self, const char *id, int64_t bytes)
{
    assert_int_equal(strlen(id), SNAPSHOT_ID);
    assert_true(bytes > 0);
    ++*(int *)self;
    return OK;
}

static enum code refuse(void *self, const char *id, int64_t bytes)
{
    return E_STATE;
}

static void each_and_remove(void **state)
{
    struct program *p = *state;
    int n = 0;
    assert_ok(snapshot_each(p->code, count, &n, &p->e));
    assert_int_equal(n, 0);
    sh(p->dir, "echo 1 > a");
    take(p);
    sh(p->dir, "mkdir d && echo 2 > d/a");
    take(p);
    assert_ok(snapshot_each(p->code, count, &n, &p->e));
    assert_int_equal(n, 2);
    assert_int_equal(snapshot_each(p->code, refuse, NULL, &p->e), E_STATE);
    assert_ok(snapshot_remove(p->code, p->s.id, &p->e));
    n = 0;
    assert_ok(snapshot_each(p->code, count, &n, &p->e));
    assert_int_equal(n, 1);
    assert_int_equal(count_entries(p->code, "draft"), 0);
    struct snapshot back;
    assert_int_equal(snapshot_load(&p->arena, p->code, p->s.id, &back, &p->e), E_NOT_FOUND);
    assert_int_equal(snapshot_verify(p->code, p->s.id, &p->e), E_NOT_FOUND);
    assert_int_equal(snapshot_remove(p->code, p->s.id, &p->e), E_NOT_FOUND);
    assert_int_equal(snapshot_remove(p->code, "../../..", &p->e), E_NOT_FOUND);
    assert_int_equal(snapshot_load(&p->arena, p->code, "", &back, &p->e), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(everything_is_copied_read_only),
        PROGRAM_TEST(a_copy_keeps_the_time),
        PROGRAM_TEST(links_of_a_trials_folder),
        PROGRAM_TEST(the_id_is_the_content),
        PROGRAM_TEST(equal_folders_share_one),
        PROGRAM_TEST(a_snapshot_outlives_an_edit),
        PROGRAM_TEST(load_gives_back_what_was_taken),
        PROGRAM_TEST(what_is_excluded_is_linked),
        PROGRAM_TEST(links_lead_where_they_led),
        PROGRAM_TEST(names_of_any_bytes),
        PROGRAM_TEST(an_empty_folder),
        PROGRAM_TEST(a_survey_only_looks),
        PROGRAM_TEST(a_missing_folder),
        PROGRAM_TEST(each_and_remove),
    };
    return RUN_TESTS(tests);
}
