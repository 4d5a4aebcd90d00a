/*
 * The man page names every command with every option it takes, and no other; and mandoc, where it
 * is there, has nothing to say about it.
 */
#include "testing.h"

#include "api/command.h"
#include "base/io.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char page[] = "docs/trawl.1";

static int read_page(void **state)
{
    struct buf *b = calloc(1, sizeof(*b));
    if (!b)
        return -1;
    buf_init(b, 1 << 20);
    *state = b;
    return io_read_file(page, 1 << 20, b, NULL);
}

static int free_page(void **state)
{
    buf_free(*state);
    free(*state);
    return 0;
}

#define REFUSE(...)                 \
    do {                            \
        print_message(__VA_ARGS__); \
        fail();                     \
    } while (0)

/* The next entry of a command, "Nm Cm init ...", from `at` on; NULL: none. */
static const char *next_entry(const char *at)
{
    const char *plain = strstr(at, "\n.It Nm Cm "), *long_form = strstr(at, "\n.It Xo\n.Nm Cm ");
    if (plain && (!long_form || plain < long_form))
        return plain + strlen("\n.It ");
    return long_form ? long_form + strlen("\n.It Xo\n.") : NULL;
}

static struct str entry_name(const char *entry)
{
    const char *name = entry + strlen("Nm Cm ");
    return (struct str){name, strcspn(name, " \n")};
}

/* What stands about a command; all of its entries, one after the other. */
static void about(const char *text, const char *command, struct buf *ret)
{
    for (const char *at = next_entry(text); at; at = next_entry(at)) {
        if (!str_is(entry_name(at), command))
            continue;
        const char *end = next_entry(at), *section = strstr(at, "\n.S");
        if (!end || (section && section < end))
            end = section;
        buf_add(ret, at, end ? (size_t)(end - at) : strlen(at));
    }
}

static bool has_flag(struct str text, const struct option *o)
{
    char name[80];
    int n = snprintf(name, sizeof(name), "Fl -%s", o->name);
    if (memmem(text.p, text.n, name, (size_t)n))
        return true;
    for (size_t i = 0; o->letter && i + 4 < text.n; i++)
        if (memcmp(text.p + i, "Fl ", 3) == 0 && text.p[i + 3] != '-')
            for (size_t k = i + 3; k < text.n && text.p[k] >= 'a' && text.p[k] <= 'z'; k++)
                if (text.p[k] == o->letter)
                    return true;
    return false;
}

static void every_command_and_option(void **state)
{
    const struct buf *man = *state;
    size_t n;
    const struct command *const *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        struct buf text;
        buf_init(&text, 1 << 20);
        about(man->p, all[i]->name, &text);
        if (text.n == 0)
            REFUSE("# %s has no entry for %s\n", page, all[i]->name);
        for (size_t k = 0; k < all[i]->n_options; k++) {
            const struct option *o = &all[i]->options[k];
            const struct option long_only = {o->name, 0, o->value, o->about};
            if (!has_flag(buf_view(&text), o))
                REFUSE("# %s says nothing of %s --%s\n", page, all[i]->name, o->name);
            if (!has_flag(buf_view(man), &long_only))
                REFUSE("# %s never spells --%s out\n", page, o->name);
        }
        buf_free(&text);
    }
}

static void no_other_command(void **state)
{
    const struct buf *man = *state;
    size_t n, entries = 0;
    const struct command *const *all = commands_all(&n);
    for (const char *at = next_entry(man->p); at; at = next_entry(at), entries++) {
        bool known = false;
        for (size_t i = 0; i < n; i++)
            known = known || str_is(entry_name(at), all[i]->name);
        if (!known)
            REFUSE("# %s has an entry for %.*s\n", page, STR_FMT(entry_name(at)));
    }
    assert_true(entries >= n);
}

static void mandoc_is_content(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        /* what it says of other pages depends on the machine, so only ours is given */
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
        cmocka_unit_test(every_command_and_option),
        cmocka_unit_test(no_other_command),
        cmocka_unit_test(mandoc_is_content),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, read_page, free_page);
}
