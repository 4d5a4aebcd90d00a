/*
 * The manifest: its order, what is read back, and what is refused.
 */
#include "program.h"

#include "base/clock.h"
#include "code/content.h"
#include "code/manifest.h"

static void paths_are_in_order_of_the_tree(void **state)
{
    (void)state;
    const char *const sorted[] = {"a", "a/b", "a/b/c", "a/c", "a-b", "a.c", "aa", "b"};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++) {
            int c = path_cmp(str_of(sorted[i]), str_of(sorted[j]));
            assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
        }
    assert_true(path_below(STR("a/b"), STR("a")));
    assert_false(path_below(STR("ab/c"), STR("a")));
    assert_false(path_below(STR("a"), STR("a")));
    assert_true(str_is(path_top(STR("a/b/c")), "a"));
    assert_true(str_is(path_name(STR("a/b/c")), "c"));
    assert_true(path_is_cache(STR("src/__pycache__/x.pyc")));
    assert_false(path_is_cache(STR("src/my__pycache__")));
}

static void the_id_is_what_b2sum_says(void **state)
{
    (void)state;
    char id[SNAPSHOT_ID + 1] = "";
    /* printf abc | b2sum -l 160 */
    assert_ok(manifest_id(STR("abc"), id, NULL));
    assert_string_equal(id, "384264f676f39536840523f284921cdc68b6846b");
}

static void hex_reads_back(void **state)
{
    (void)state;
    const unsigned char bytes[] = {0, 1, 0x9f, 0xff};
    unsigned char back[4] = {0};
    char hex[9];
    content_hex(bytes, 4, hex);
    assert_string_equal(hex, "00019fff");
    assert_true(content_unhex(STR("00019fff"), back, 4));
    assert_memory_equal(bytes, back, 4);
    assert_false(content_unhex(STR("00019ff"), back, 4));
    assert_false(content_unhex(STR("00019ffg"), back, 4));
    assert_false(content_unhex(STR("00019FFF"), back, 4));
}

/* Stores `text` as the manifest of the id that it hashes to, with `taken` beside it. */
static enum code open_made(struct program *p, struct str text, struct str taken, struct manifest *m)
{
    char id[SNAPSHOT_ID + 1], path[256], *dir = NULL;
    assert_ok(manifest_id(text, id, NULL));
    snprintf(path, sizeof(path), "%s/%s", p->code, id);
    assert_ok(io_make_dirs(path, 0700, NULL));
    snprintf(path, sizeof(path), "%s/%s/manifest", p->code, id);
    assert_ok(io_replace_file(path, text, 0600, NULL));
    snprintf(path, sizeof(path), "%s/%s/taken", p->code, id);
    assert_ok(io_replace_file(path, taken, 0600, NULL));
    enum code code = manifest_open(m, p->code, id, &dir, &p->e);
    free(dir);
    return code;
}

#define HEAD  "trawl snapshot 1\0"
#define TAKEN "trawl taken 1\0git\0abc\0"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void a_whole_one_is_read_back(void **state)
{
    struct program *p = *state;
    struct manifest m;
    assert_ok(open_made(p, STR(HEAD "D a\0F x 12 " ZEROS " a/b c\0O data\0/x/data\0L l\0a/b c\0"),
                        STR(TAKEN "77\0"), &m));
    assert_int_equal(m.n, 4);
    assert_int_equal(m.files, 2);
    assert_int_equal(m.bytes, 12);
    assert_true(m.git);
    assert_true(str_is(m.commit, "abc"));
    assert_true(str_is(m.v[1].path, "a/b c"));
    assert_true(m.v[1].executable);
    assert_int_equal(m.v[1].kept, 77);
    assert_true(str_is(m.v[2].target, "/x/data"));
    manifest_free(&m);
}

static void what_does_not_add_up_is_refused(void **state)
{
    struct program *p = *state;
    const struct str bad[] = {
        STR(""),
        STR("trawl snapshot 2\0D a\0"),
        STR(HEAD "D a"),
        STR(HEAD "X a\0"),
        STR(HEAD "D ..\0"),
        STR(HEAD "D a/../b\0"),
        STR(HEAD "D /a\0"),
        STR(HEAD "D a/\0"),
        STR(HEAD "D \0"),
        STR(HEAD "D b\0D a\0"),
        STR(HEAD "D a\0D a\0"),
        STR(HEAD "L a\0"),
        STR(HEAD "L a\0\0"),
        STR(HEAD "F x -1 " ZEROS " a\0"),
        STR(HEAD "F y 1 " ZEROS " a\0"),
        STR(HEAD "F x 1 " ZEROS "\0"),
        STR(HEAD "F x 1 00 a\0"),
        STR(HEAD "F x one " ZEROS " a\0"),
    };
    struct manifest m;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (open_made(p, bad[i], STR(TAKEN), &m) != E_CORRUPT)
            fail_msg("manifest %zu was taken", i);
        assert_non_null(strstr(p->e.message, "damaged"));
    }
}

static void a_damaged_record_is_refused(void **state)
{
    struct program *p = *state;
    const struct str bad[] = {STR(""), STR(TAKEN), STR(TAKEN "x\0"), STR(TAKEN "1\0002\0")};
    struct manifest m;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (open_made(p, STR(HEAD "F x 1 " ZEROS " a\0"), bad[i], &m) != E_CORRUPT)
            fail_msg("record %zu was taken", i);
}

static void known_files_survive_damage(void **state)
{
    struct program *p = *state;
    struct listing l = {.fd = -1, .root = p->dir};
    struct known k;
    struct item item = {.path = STR("a b"), .kind = ITEM_FILE, .size = 3, .hash = {7}};
    arena_init(&l.arena, 1 << 20);
    l.v = &item;
    l.n = 1;
    assert_ok(io_make_dirs(p->code, 0700, NULL));
    known_save(p->code, &l, 10 * NS_PER_S);
    memset(item.hash, 0, sizeof(item.hash));
    known_load(&k, p->code, p->dir);
    assert_int_equal(k.n, 1);
    assert_true(known_find(&k, &item));
    assert_int_equal(item.hash[0], 7);
    item.mtime = 1;
    assert_false(known_find(&k, &item));
    item.mtime = 0;
    known_free(&k);
    /* too young to be sure of */
    known_save(p->code, &l, NS_PER_S);
    known_load(&k, p->code, p->dir);
    assert_false(known_find(&k, &item));
    known_free(&k);
    known_save(p->code, &l, 10 * NS_PER_S);
    sh(p->code, "f=$(ls -A) && truncate -s -3 \"$f\"");
    known_load(&k, p->code, p->dir);
    assert_false(known_find(&k, &item));
    known_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_in_order_of_the_tree),
        cmocka_unit_test(the_id_is_what_b2sum_says),
        cmocka_unit_test(hex_reads_back),
        PROGRAM_TEST(a_whole_one_is_read_back),
        PROGRAM_TEST(what_does_not_add_up_is_refused),
        PROGRAM_TEST(a_damaged_record_is_refused),
        PROGRAM_TEST(known_files_survive_damage),
    };
    return RUN_TESTS(tests);
}
