#include "base/io.h"
#include "loop/loop.h"
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
    char dir[64];
    char deep[1024]; /* far longer than sun_path */
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/trawl-unix-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    int n = snprintf(p->deep, sizeof(p->deep), "%s", p->dir);
    for (int i = 0; i < 12; i++)
        n += snprintf(p->deep + n, sizeof(p->deep) - (size_t)n, "/a folder with a long name %02d",
                      i);
    *state = p;
    return io_make_dirs(p->deep, 0700, NULL) == OK ? 0 : -1;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    int r = io_remove_tree(p->dir, NULL) == OK ? 0 : -1;
    free(p);
    return r;
}

static void talk(const char *path)
{
    int listening = -1, client = -1;
    char text[3] = {0};
    assert_ok(unix_listen(path, 4, &listening, NULL));
    assert_ok(unix_connect(path, &client, NULL));
    int served = accept(listening, NULL, NULL);
    assert_true(served >= 0);
    assert_int_equal(send(client, "hi", 2, MSG_NOSIGNAL), 2);
    assert_int_equal(recv(served, text, 2, 0), 2);
    assert_string_equal(text, "hi");
    assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(listening, F_GETFD) & FD_CLOEXEC);
    assert_false(fcntl(client, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listening, F_GETFL) & O_NONBLOCK);

    int second = -1;
    struct error e = {0};
    assert_int_equal(unix_listen(path, 4, &second, &e), E_BUSY);
    assert_int_equal(second, -1);
    close(served);
    close(client);
    close(listening);
    assert_int_equal(unix_connect(path, &client, &e), E_NOT_FOUND); /* a file nobody listens at */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unix_connect(path, &client, &e), E_NOT_FOUND); /* no file */
    assert_non_null(strstr(e.message, path));
}

static void short_path(void **state)
{
    struct place *p = *state;
    char path[80];
    snprintf(path, sizeof(path), "%s/socket", p->dir);
    talk(path);
}

static void long_path(void **state)
{
    struct place *p = *state;
    char path[1100];
    snprintf(path, sizeof(path), "%s/0123456789012345678901234567890123456789.sock", p->deep);
    assert_true(strlen(path) > 300);
    talk(path);
}

static void too_long_a_name(void **state)
{
    struct place *p = *state;
    char path[1200], name[120];
    int fd = -1;
    struct error e = {0};
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(path, sizeof(path), "%s/%s", p->deep, name);
    assert_int_equal(unix_listen(path, 4, &fd, &e), E_LIMIT);
    assert_int_equal(unix_connect(path, &fd, &e), E_LIMIT);
    assert_true(e.hint[0]);
    assert_int_equal(unix_connect(name, &fd, &e), E_LIMIT); /* no folder to go through */
    assert_int_equal(fd, -1);
}

static void no_folder(void **state)
{
    struct place *p = *state;
    char path[1200];
    int fd = -1;
    snprintf(path, sizeof(path), "%s/absent/socket", p->deep);
    assert_int_equal(unix_connect(path, &fd, NULL), E_NOT_FOUND);
    assert_int_equal(unix_listen(path, 4, &fd, NULL), E_NOT_FOUND);
    snprintf(path, sizeof(path), "%s/absent/socket", p->dir);
    assert_int_equal(unix_connect(path, &fd, NULL), E_NOT_FOUND);
    assert_int_equal(unix_listen(path, 4, &fd, NULL), E_IO);
    assert_int_equal(fd, -1);
}

/* Connecting must never wait: the controller's only thread would stand still. */
static void full_backlog(void **state)
{
    struct place *p = *state;
    char path[80];
    int listening, client[8];
    snprintf(path, sizeof(path), "%s/full", p->dir);
    assert_ok(unix_listen(path, 0, &listening, NULL));
    enum code code = OK;
    int n = 0;
    while (code == OK && n < 8) {
        code = unix_connect(path, &client[n], NULL);
        n += code == OK;
    }
    assert_int_equal(code, E_BUSY);
    while (n)
        close(client[--n]);
    close(listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_path),      cmocka_unit_test(long_path),
        cmocka_unit_test(too_long_a_name), cmocka_unit_test(no_folder),
        cmocka_unit_test(full_backlog),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_place, remove_place);
}
