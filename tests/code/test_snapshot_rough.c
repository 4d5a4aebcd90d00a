/*
 * Snapshots in bad weather: limits, half-made ones, damage, files that change, several at once.
 */
#include "program.h"

#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>

static enum code try_take(struct program *p)
{
    return snapshot_take(&p->arena, p->dir, p->code, NULL, &p->s, &p->e);
}

static void past_the_bytes_it_names_the_largest(void **state)
{
    struct program *p = *state;
    sh(p->dir, "mkdir data runs && truncate -s 700M data/a && truncate -s 300M data/b && "
               "truncate -s 100M runs/c && truncate -s 10M model.bin && truncate -s 1M small");
    assert_int_equal(try_take(p), E_LIMIT);
    assert_non_null(strstr(p->e.message, "too large to snapshot"));
    assert_non_null(strstr(p->e.message, "at most 1 GiB in 100000"));
    assert_non_null(
        strstr(p->e.detail, "largest: data (1000.0 MiB), runs (100.0 MiB), model.bin (10.0 MiB)"));
    assert_non_null(strstr(p->e.hint, "code: {exclude: [...]}"));
    assert_non_null(strstr(p->e.hint, "data, runs, model.bin"));
    assert_int_equal(snapshot_survey(&p->arena, p->dir, NULL, &p->s, &p->e), E_LIMIT);
    /* nothing was read or left behind */
    assert_int_equal(count_entries(p->code, NULL), 0);
    take_excluding(p, "data");
    assert_int_equal(p->s.bytes, 111 << 20);
}

static void past_the_files_it_names_the_fullest(void **state)
{
    struct program *p = *state;
    char name[128];
    sh(p->dir, "mkdir few many && touch few/1 few/2");
    for (int i = 0; i <= SNAPSHOT_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%s/many/%d", p->dir, i);
        assert_int_equal(symlink("x", name), 0);
    }
    assert_int_equal(try_take(p), E_LIMIT);
    assert_non_null(strstr(p->e.message, "in 100003 files"));
    assert_non_null(strstr(p->e.detail, "largest: many (100001 files), few (2 files)"));
}

static void pipes_sockets_and_devices_are_passed_over(void **state)
{
    struct program *p = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    sh(p->dir, "mkfifo pipe && touch a");
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", p->dir);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    take(p);
    close(fd);
    assert_int_equal(p->s.files, 1);
    assert_int_equal(p->s.n_links, 1);
    assert_int_equal(p->s.n_notes, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(str_is(p->s.notes[i], "pipe is a pipe, and is left out") ||
                    str_is(p->s.notes[i], "socket is a socket, and is left out"));
}

static void notes_are_bounded(void **state)
{
    struct program *p = *state;
    sh(p->dir, "for i in $(seq 40); do mkfifo p$i; done");
    take(p);
    assert_int_equal(p->s.n_notes, 16);
    assert_true(str_is(p->s.notes[15], "and more"));
}

static void the_stores_own_folder_is_left_out(void **state)
{
    struct program *p = *state;
    char first[SNAPSHOT_ID + 1];
    snprintf(p->code, sizeof(p->code), "%s/state/code", p->dir);
    sh(p->dir, "mkdir -p state/code && touch a");
    take(p);
    memcpy(first, p->s.id, sizeof(first));
    assert_false(is_there(in_tree(p, "state/code")));
    take(p);
    assert_string_equal(first, p->s.id);
}

static void a_dead_makers_draft_is_removed(void **state)
{
    struct program *p = *state;
    sh(p->dir, "touch a");
    sh(p->home,
       "mkdir -p store/code/.draft-dead/tree/d && touch store/code/.draft-dead/tree/d/x && "
       "chmod 555 store/code/.draft-dead/tree/d && mkdir store/code/.draft-live");
    char path[128];
    snprintf(path, sizeof(path), "%s/.draft-live", p->code);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    take(p);
    assert_int_equal(count_entries(p->code, "draft-dead"), 0);
    assert_int_equal(count_entries(p->code, "draft-live"), 1);
    close(fd);
    sh(p->dir, "touch b");
    take(p);
    assert_int_equal(count_entries(p->code, "draft"), 0);
}

/* A damaged snapshot is found out, and healed by the next take. */
static void damage_is_seen_and_healed(void **state)
{
    struct program *p = *state;
    const char *const damage[] = {
        "chmod u+w tree/a && echo more >> tree/a",
        "chmod u+w tree/a && printf 'ONE\\n' > tree/a && chmod 444 tree/a",
        "chmod 644 tree/a",
        "chmod u+w tree && rm -f tree/a && chmod 555 tree",
        "chmod u+w tree && touch tree/extra && chmod 555 tree",
        "chmod u+w tree && rm -f tree/a && ln -s /etc/passwd tree/a && chmod 555 tree",
        "chmod u+w tree && ln -sfn d tree/l && chmod 555 tree",
        "chmod 755 tree/d",
        "chmod u+w manifest && echo x >> manifest",
        "rm -f taken",
        "rm -f manifest",
        "chmod -R u+w tree && rm -r tree",
    };
    sh(p->dir, "echo one > a && mkdir d && echo two > d/b && ln -s a l");
    take(p);
    for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        char dir[256];
        snprintf(dir, sizeof(dir), "%s/%s", p->code, p->s.id);
        sh(dir, "%s", damage[i]);
        enum code code = snapshot_verify(p->code, p->s.id, &p->e);
        if (code != E_CORRUPT && code != E_NOT_FOUND)
            fail_msg("passed over: %s", damage[i]);
        take(p);
        if (snapshot_verify(p->code, p->s.id, &p->e))
            fail_msg("not healed: %s: %s", damage[i], p->e.message);
        assert_text(in_tree(p, "a"), "one\n");
        assert_int_equal(count_entries(p->code, "draft"), 0);
    }
}

static void caches_in_a_tree_are_no_damage(void **state)
{
    struct program *p = *state;
    sh(p->dir, "mkdir d && touch d/a.py");
    take(p);
    sh(p->s.path.p,
       "chmod u+w d && mkdir d/__pycache__ && touch d/__pycache__/a.pyc && chmod 555 d");
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
}

static void an_unreadable_file_is_named(void **state)
{
    struct program *p = *state;
    if (geteuid() == 0)
        SKIP("root reads everything");
    sh(p->dir, "echo x > secret && chmod 000 secret");
    assert_int_equal(try_take(p), E_IO);
    assert_non_null(strstr(p->e.message, "secret"));
    assert_non_null(strstr(p->e.hint, "exclude"));
    sh(p->dir, "rm -f secret && mkdir closed && chmod 000 closed");
    assert_int_equal(try_take(p), E_IO);
    assert_non_null(strstr(p->e.message, "closed"));
    sh(p->dir, "chmod 755 closed");
}

static void nobody_may_write_into_it(void **state)
{
    struct program *p = *state;
    sh(p->dir, "echo x > a");
    take(p);
    if (geteuid() == 0)
        SKIP("root writes everywhere");
    assert_int_equal(open(in_tree(p, "a"), O_WRONLY | O_CLOEXEC), -1);
    assert_int_equal(open(in_tree(p, "new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
}

/* Takes one while `line` of shell runs in the background; gives the code. */
static enum code take_during(struct program *p, const char *line)
{
    char whole[1024];
    snprintf(whole, sizeof(whole), "cd '%s' && touch ../go && while [ -e ../go ]; do %s; done",
             p->dir, line);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", whole, (char *)NULL);
        _exit(127);
    }
    char go[128];
    snprintf(go, sizeof(go), "%s/go", p->home);
    while (!is_there(go))
        usleep(1000);
    enum code code = try_take(p);
    unlink(go);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return code;
}

/* Whatever happens meanwhile, a snapshot that is given out is whole, and a file is one of its
 * states. */
static void a_file_that_changes_while_it_is_copied(void **state)
{
    struct program *p = *state;
    char text[16] = "";
    sh(p->dir, "printf 'aaaa' > f");
    for (int i = 0; i < 10; i++) {
        enum code code = take_during(p, "printf aaaa > g; mv g f; printf bbbb > g; mv g f");
        if (code == E_BUSY)
            continue;
        assert_ok(code);
        assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
        int fd = open(in_tree(p, "f"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, text, sizeof(text)), 4);
        close(fd);
        assert_true(strcmp(text, "aaaa") == 0 || strcmp(text, "bbbb") == 0);
    }
}

static void a_file_that_always_grows_is_refused_or_whole(void **state)
{
    struct program *p = *state;
    sh(p->dir, "head -c 5000000 /dev/zero > grows");
    enum code code = take_during(p, "printf x >> grows");
    if (code == OK) {
        assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
        return;
    }
    assert_int_equal(code, E_BUSY);
    assert_non_null(strstr(p->e.message, "grows changes faster than it can be copied"));
    assert_non_null(strstr(p->e.hint, "exclude"));
    assert_int_equal(count_entries(p->code, "draft"), 0);
}

static void several_take_the_same_at_once(void **state)
{
    struct program *p = *state;
    pid_t pids[6];
    sh(p->dir, "for i in $(seq 50); do echo $i > f$i; done");
    for (size_t i = 0; i < 6; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(try_take(p) == OK && snapshot_verify(p->code, p->s.id, NULL) == OK ? 0 : 1);
    }
    for (size_t i = 0; i < 6; i++) {
        int status = 1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_entries(p->code, NULL), 1);
    assert_int_equal(count_entries(p->code, "draft"), 0);
}

/* kill -9 at random instants: what is found afterwards is whole, and what was half made goes. */
static void killed_at_any_instant(void **state)
{
    struct program *p = *state;
    sh(p->dir, "for i in $(seq 100); do echo $i > f$i; done");
    for (int i = 0; i < 40; i++) {
        sh(p->dir, "echo %d > changes", i);
        pid_t pid = fork();
        if (pid == 0)
            _exit(try_take(p) == OK ? 0 : 1);
        usleep((useconds_t)(i * 700));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    take(p);
    assert_ok(snapshot_verify(p->code, p->s.id, &p->e));
    sh(p->dir, "echo last > changes");
    take(p);
    assert_int_equal(count_entries(p->code, "draft"), 0);
    sh(p->code, "for d in [0-9a-f]*; do test -e $d/manifest && test -e $d/taken && "
                "test $(b2sum -l 160 < $d/manifest | cut -c1-40) = $d; done");
}

/* How often files of the folder are opened while it is taken again. */
static int opens_of_take(struct program *p)
{
    char events[4096];
    int n = 0, fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(inotify_add_watch(fd, p->dir, IN_OPEN) >= 0);
    take(p);
    ssize_t got = read(fd, events, sizeof(events));
    for (ssize_t i = 0; i < got;) {
        struct inotify_event event;
        memcpy(&event, events + i, sizeof(event));
        n += !(event.mask & IN_ISDIR);
        i += (ssize_t)(sizeof(event) + event.len);
    }
    close(fd);
    return n;
}

static void what_did_not_change_is_not_read(void **state)
{
    struct program *p = *state;
    char first[SNAPSHOT_ID + 1];
    sh(p->dir, "echo one > a && echo two > b && sleep 2.1");
    assert_true(opens_of_take(p) >= 2);
    memcpy(first, p->s.id, sizeof(first));
    assert_int_equal(opens_of_take(p), 0);
    assert_string_equal(first, p->s.id);
    /* same size, and the old time put back: the inode's own time tells */
    sh(p->dir, "cp -p b ../b && echo TWO > b && touch -r ../b b");
    assert_true(opens_of_take(p) >= 1);
    assert_string_not_equal(first, p->s.id);
    assert_text(in_tree(p, "b"), "TWO\n");
    /* too young to be remembered */
    assert_int_equal(opens_of_take(p), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAM_TEST(past_the_bytes_it_names_the_largest),
        PROGRAM_TEST(past_the_files_it_names_the_fullest),
        PROGRAM_TEST(pipes_sockets_and_devices_are_passed_over),
        PROGRAM_TEST(notes_are_bounded),
        PROGRAM_TEST(the_stores_own_folder_is_left_out),
        PROGRAM_TEST(a_dead_makers_draft_is_removed),
        PROGRAM_TEST(damage_is_seen_and_healed),
        PROGRAM_TEST(caches_in_a_tree_are_no_damage),
        PROGRAM_TEST(an_unreadable_file_is_named),
        PROGRAM_TEST(nobody_may_write_into_it),
        PROGRAM_TEST(a_file_that_changes_while_it_is_copied),
        PROGRAM_TEST(a_file_that_always_grows_is_refused_or_whole),
        PROGRAM_TEST(several_take_the_same_at_once),
        PROGRAM_TEST(killed_at_any_instant),
        PROGRAM_TEST(what_did_not_change_is_not_read),
    };
    return RUN_TESTS(tests);
}
