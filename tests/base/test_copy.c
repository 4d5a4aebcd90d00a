#include "base/copy.h"
#include "base/io.h"
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct copy_rules plenty = {.bytes = 1 << 30, .entries = 10000};

struct folders {
    char *root, *from, *to, *copying;
};

static int make_folders(void **state)
{
    struct folders *f = calloc(1, sizeof *f);
    char name[] = "/tmp/trawl-copy-XXXXXX";
    f->root = strdup(mkdtemp(name));
    f->from = io_join(f->root, "from");
    f->to = io_join(f->root, "to");
    f->copying = io_join(f->root, "to.copying");
    *state = f;
    return mkdir(f->from, 0700);
}

static int remove_folders(void **state)
{
    struct folders *f = *state;
    int status = io_remove_tree(f->root, NULL) == OK ? 0 : -1;
    free(f->copying);
    free(f->to);
    free(f->from);
    free(f->root);
    free(f);
    return status;
}

static void put(const char *folder, const char *name, struct str text, mode_t mode)
{
    char *path = io_join(folder, name);
    assert_ok(io_replace_file(path, text, mode, NULL));
    free(path);
}

static void assert_holds(const char *folder, const char *name, const char *text)
{
    struct buf b;
    char *path = io_join(folder, name);
    buf_init(&b, 1 << 20);
    assert_ok(io_read_file(path, 1 << 20, &b, NULL));
    assert_int_equal(b.n, strlen(text));
    assert_string_equal(b.p ? b.p : "", text);
    buf_free(&b);
    free(path);
}

static struct stat look(const char *folder, const char *name)
{
    struct stat st;
    char *path = io_join(folder, name);
    assert_int_equal(lstat(path, &st), 0);
    free(path);
    return st;
}

static void a_copy_has_everything(void **state)
{
    struct folders *f = *state;
    char *inner = io_join(f->from, "inner"), *link = io_join(f->from, "link"),
         *pipe = io_join(f->from, "pipe");
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5}};
    int64_t bytes = -1;
    assert_int_equal(mkdir(inner, 0700), 0);
    put(f->from, "empty", STR(""), 0644);
    put(f->from, "weights", STR("0123456789"), 0640);
    put(inner, "deep", STR("deep"), 0400);
    assert_int_equal(symlink("/nowhere/at/all", link), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(chmod(inner, 0500), 0);
    assert_int_equal(utimensat(AT_FDCWD, inner, times, 0), 0);

    assert_ok(copy_folder(f->from, f->to, &plenty, &bytes, NULL));
    assert_int_equal(bytes, 14);
    assert_holds(f->to, "empty", "");
    assert_holds(f->to, "weights", "0123456789");
    assert_holds(f->to, "inner/deep", "deep");
    assert_int_equal(look(f->to, "weights").st_mode & 07777, 0640);
    assert_int_equal(look(f->to, "inner/deep").st_mode & 07777, 0400);
    assert_int_equal(look(f->to, "inner").st_mode & 07777, 0500);
    assert_int_equal(look(f->to, "inner").st_mtim.tv_sec, 2000);
    assert_int_equal(look(f->to, "inner").st_mtim.tv_nsec, 5);
    assert_true(S_ISLNK(look(f->to, "link").st_mode));
    char *gone = io_join(f->to, "pipe");
    assert_int_equal(access(gone, F_OK), -1);
    assert_int_equal(access(f->copying, F_OK), -1);
    free(gone);
    free(inner);
    free(link);
    free(pipe);
}

/* Changing one of the two leaves the other alone, whether or not they share blocks. */
static void a_copy_is_its_own(void **state)
{
    struct folders *f = *state;
    static char big[300000];
    memset(big, 'a', sizeof big);
    put(f->from, "big", (struct str){big, sizeof big}, 0600);
    assert_ok(copy_folder(f->from, f->to, &plenty, NULL, NULL));
    char *path = io_join(f->from, "big");
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "b", 1, 150000), 1);
    close(fd);
    free(path);
    struct buf b;
    buf_init(&b, 1 << 20);
    path = io_join(f->to, "big");
    assert_ok(io_read_file(path, 1 << 20, &b, NULL));
    assert_int_equal(b.n, sizeof big);
    assert_memory_equal(b.p, big, sizeof big);
    buf_free(&b);
    free(path);
}

/* The C library's is not called: what is synced, and when, is all that a test can see of it. */
static struct {
    const char *place; /* of the copy */
    int before, after; /* it had its name */
    int fails_at;      /* the one that fails; 0: none */
} syncs;

int fsync(int fd)
{
    bool named = access(syncs.place, F_OK) == 0;
    syncs.before += !named;
    syncs.after += named;
    errno = EIO;
    return syncs.before + syncs.after == syncs.fails_at ? -1 : 0;
}

/* Two files and two folders; then the folder that they are in. */
static void a_durable_copy_is_synced_before_it_has_its_name(void **state)
{
    struct folders *f = *state;
    char *inner = io_join(f->from, "inner");
    const struct copy_rules durable = {1 << 30, 10000, true};
    assert_int_equal(mkdir(inner, 0700), 0);
    put(f->from, "a", STR("1"), 0600);
    put(inner, "b", STR("2"), 0400);
    assert_int_equal(chmod(inner, 0500), 0);
    for (int fails_at = 0; fails_at <= 5; fails_at++) {
        struct error e;
        syncs.place = f->to;
        syncs.before = syncs.after = 0;
        syncs.fails_at = fails_at;
        enum code c = copy_folder(f->from, f->to, &durable, NULL, &e);
        assert_int_equal(c, fails_at == 0 ? OK : E_IO);
        assert_int_equal(syncs.before, fails_at > 0 && fails_at < 4 ? fails_at : 4);
        assert_int_equal(syncs.after, fails_at == 0 || fails_at == 5);
        assert_int_equal(access(f->to, F_OK), fails_at > 0 && fails_at < 5 ? -1 : 0);
        assert_int_equal(access(f->copying, F_OK), -1);
        assert_ok(io_remove_tree(f->to, NULL));
    }
    syncs.before = syncs.after = 0;
    assert_ok(copy_folder(f->from, f->to, &plenty, NULL, NULL));
    assert_int_equal(syncs.before + syncs.after, 0);
    free(inner);
}

static void an_empty_place_is_taken_and_no_other(void **state)
{
    struct folders *f = *state;
    struct error e;
    put(f->from, "a", STR("first"), 0600);
    assert_int_equal(mkdir(f->to, 0700), 0);
    assert_ok(copy_folder(f->from, f->to, &plenty, NULL, &e));
    assert_holds(f->to, "a", "first");
    put(f->from, "a", STR("second"), 0600);
    assert_int_equal(copy_folder(f->from, f->to, &plenty, NULL, &e), E_DUPLICATE);
    assert_non_null(strstr(e.message, f->to));
    assert_holds(f->to, "a", "first");
    assert_int_equal(access(f->copying, F_OK), -1);
    assert_ok(io_remove_tree(f->to, NULL));
    put(f->root, "to", STR("a file"), 0600);
    assert_int_equal(copy_folder(f->from, f->to, &plenty, NULL, &e), E_DUPLICATE);
    assert_holds(f->root, "to", "a file");
}

static void past_a_limit_nothing_is_left(void **state)
{
    struct folders *f = *state;
    struct error e;
    put(f->from, "a", STR("12345"), 0600);
    put(f->from, "b", STR("12345"), 0600);
    assert_int_equal(copy_folder(f->from, f->to, &(struct copy_rules){9, 100, false}, NULL, &e),
                     E_LIMIT);
    assert_non_null(strstr(e.message, "larger than 9 bytes"));
    assert_int_equal(copy_folder(f->from, f->to, &(struct copy_rules){10, 2, false}, NULL, &e),
                     E_LIMIT);
    assert_non_null(strstr(e.message, "more than 2 entries"));
    assert_int_equal(access(f->to, F_OK), -1);
    assert_int_equal(access(f->copying, F_OK), -1);
    assert_ok(copy_folder(f->from, f->to, &(struct copy_rules){10, 3, false}, NULL, &e));
}

static void what_an_interrupted_copy_left_goes(void **state)
{
    struct folders *f = *state;
    put(f->from, "a", STR("new"), 0600);
    assert_int_equal(mkdir(f->copying, 0700), 0);
    put(f->copying, "half", STR("old"), 0600);
    assert_ok(copy_folder(f->from, f->to, &plenty, NULL, NULL));
    assert_int_equal(access(f->copying, F_OK), -1);
    char *half = io_join(f->to, "half");
    assert_int_equal(access(half, F_OK), -1);
    free(half);
    assert_ok(copy_tidy(f->to, NULL));
    assert_int_equal(mkdir(f->copying, 0700), 0);
    assert_ok(copy_tidy(f->to, NULL));
    assert_int_equal(access(f->copying, F_OK), -1);
    assert_holds(f->to, "a", "new");
}

static void folders_that_are_none(void **state)
{
    struct folders *f = *state;
    struct error e;
    char *missing = io_join(f->root, "missing"), *file = io_join(f->root, "file"),
         *below = io_join(f->root, "missing/below");
    put(f->root, "file", STR("x"), 0600);
    assert_int_equal(copy_folder(missing, f->to, &plenty, NULL, &e), E_NOT_FOUND);
    assert_non_null(strstr(e.message, "missing"));
    assert_int_equal(copy_folder(file, f->to, &plenty, NULL, &e), E_NOT_FOUND);
    assert_int_equal(copy_folder(f->from, below, &plenty, NULL, &e), E_IO);
    free(below);
    free(file);
    free(missing);
}

static void links_and_slashes_lead_to_a_folder(void **state)
{
    struct folders *f = *state;
    char *link = io_join(f->root, "link"), *slash = io_join(f->from, "");
    put(f->from, "a", STR("here"), 0600);
    assert_int_equal(symlink("from", link), 0);
    assert_ok(copy_folder(link, f->to, &plenty, NULL, NULL));
    assert_holds(f->to, "a", "here");
    assert_ok(io_remove_tree(f->to, NULL));
    assert_ok(copy_folder(slash, f->to, &plenty, NULL, NULL));
    assert_holds(f->to, "a", "here");
    free(slash);
    free(link);
}

/* Killed at any instant: there is a whole copy, or none and the next one works. */
static void a_killed_copy_is_whole_or_not_there(void **state)
{
    struct folders *f = *state;
    for (int i = 0; i < 40; i++) {
        char name[] = "file-00";
        name[5] = (char)('0' + i / 10);
        name[6] = (char)('0' + i % 10);
        put(f->from, name, STR("some text"), 0600);
    }
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0)
            _exit(copy_folder(f->from, f->to, &plenty, NULL, NULL) == OK ? 0 : 1);
        usleep((useconds_t)(round * 150));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (access(f->to, F_OK) < 0)
            assert_ok(copy_folder(f->from, f->to, &plenty, NULL, NULL));
        assert_int_equal(io_tree_size(f->to), 40 * 9);
        assert_ok(io_remove_tree(f->to, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_FOLDERS(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_folders)
        WITH_FOLDERS(a_copy_has_everything),
        WITH_FOLDERS(a_copy_is_its_own),
        WITH_FOLDERS(a_durable_copy_is_synced_before_it_has_its_name),
        WITH_FOLDERS(an_empty_place_is_taken_and_no_other),
        WITH_FOLDERS(past_a_limit_nothing_is_left),
        WITH_FOLDERS(what_an_interrupted_copy_left_goes),
        WITH_FOLDERS(folders_that_are_none),
        WITH_FOLDERS(links_and_slashes_lead_to_a_folder),
        WITH_FOLDERS(a_killed_copy_is_whole_or_not_there),
    };
    return RUN_TESTS(tests);
}
