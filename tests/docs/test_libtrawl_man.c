/*
 * The man page of libtrawl names every function and every code of its header, and mandoc, where it
 * is there, has nothing to say about it.
 */
#include "testing.h"

#include "base/io.h"

#include <ctype.h>
#include <sys/wait.h>
#include <unistd.h>

static const char page[] = "docs/libtrawl.3", header[] = "include/trawl/trawl.h";

static char *read_file(const char *path)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_ok(io_read_file(path, 1 << 20, &b, NULL));
    return b.p;
}

/* Is it named in a line of macro `before`, as a word of its own? */
static bool names(const char *text, const char *before, const char *word, size_t n)
{
    for (const char *at = text; (at = strstr(at, before)); at++) {
        const char *name = at + strlen(before);
        if (strncmp(name, word, n) == 0 && !isalnum((unsigned char)name[n]) && name[n] != '_')
            return true;
    }
    return false;
}

static void every_function(void **state)
{
    char *man = read_file(page), *h = read_file(header);
    int count = 0;
    (void)state;
    for (const char *at = h; (at = strstr(at, "trawl_")); at++) {
        size_t n = 0;
        while (isalnum((unsigned char)at[n]) || at[n] == '_')
            n++;
        /* declared, not used in an example or a comment */
        const char *line = at;
        while (line > h && line[-1] != '\n')
            line--;
        if (at[n] != '(' || strncmp(line, "TRAWL_", 6) != 0)
            continue;
        count++;
        if (!names(man, ".Fn ", at, n) && !names(man, ".Fo ", at, n))
            fail_msg("%s has no %.*s", page, (int)n, at);
    }
    assert_true(count > 30);
    free(man);
    free(h);
}

static void every_code(void **state)
{
    char *man = read_file(page), *h = read_file(header);
    const char *at = strstr(h, "enum trawl_code {"), *end = at ? strchr(at, '}') : NULL;
    (void)state;
    assert_non_null(end);
    while ((at = strstr(at, "TRAWL_")) && at < end) {
        size_t n = 0;
        while (isupper((unsigned char)at[n]) || at[n] == '_')
            n++;
        if (!names(man, ".Dv ", at, n))
            fail_msg("%s has no %.*s", page, (int)n, at);
        at += n;
    }
    free(man);
    free(h);
}

static void mandoc_is_content(void **state)
{
    int status = 0;
    pid_t pid = fork();
    (void)state;
    if (pid == 0) {
        execlp("mandoc", "mandoc", "-Tlint", "-Wstyle", page, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        SKIP("there is no mandoc");
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function),
        cmocka_unit_test(every_code),
        cmocka_unit_test(mandoc_is_content),
    };
    return RUN_TESTS(tests);
}
