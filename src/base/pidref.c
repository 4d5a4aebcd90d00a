/*
 * Processes by pid, start time and boot.
 */
#include "base/pidref.h"

#include "base/io.h"
#include "base/number.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { STATE_FIELD = 3, START_FIELD = 22, SMALL_FILE = 4096 };

static enum code read_boot_id(char ret[37], struct error *e)
{
    struct buf b;
    buf_init(&b, SMALL_FILE);
    enum code code = io_read_file("/proc/sys/kernel/random/boot_id", SMALL_FILE, &b, e);
    struct str id = str_trim(buf_view(&b));
    if (code == OK && id.n != 36)
        code = error_set(e, E_UNSUPPORTED, "the kernel's boot id is not readable");
    if (code == OK) {
        memcpy(ret, id.p, 36);
        ret[36] = '\0';
    }
    buf_free(&b);
    return code;
}

/* The name in field 2 may hold blanks and parentheses, so fields count from the last one. */
static bool parse_stat(struct str text, char *ret_state, uint64_t *ret_start)
{
    size_t end = text.n;
    while (end && text.p[end - 1] != ')')
        end--;
    struct str rest = str_trim(str_sub(text, end, text.n));
    for (int field = STATE_FIELD; rest.n; field++) {
        struct str word = str_cut(&rest, ' ');
        int64_t start;
        if (field == STATE_FIELD && word.n == 1)
            *ret_state = word.p[0];
        if (field == START_FIELD && number_parse_i64(word, &start)) {
            *ret_start = (uint64_t)start;
            return true;
        }
    }
    return false;
}

static enum code read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct error *e)
{
    char path[32];
    struct buf b;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    buf_init(&b, SMALL_FILE);
    enum code code = io_read_file(path, SMALL_FILE, &b, e);
    if (code == E_IO) /* it died between the open and the read: ESRCH */
        code = E_NOT_FOUND;
    if (code == OK && !parse_stat(buf_view(&b), ret_state, ret_start))
        code = error_set(e, E_UNSUPPORTED, "%s has no start time", path);
    if (code == E_NOT_FOUND)
        error_set(e, E_NOT_FOUND, "there is no process %d", (int)pid);
    buf_free(&b);
    return code;
}

enum code pidref_of(pid_t pid, struct pidref *ret, struct error *e)
{
    struct pidref p = {.pid = pid};
    char state = '?';
    enum code code = read_boot_id(p.boot_id, e);
    if (code == OK)
        code = read_stat(pid, &state, &p.start_ticks, e);
    if (code == OK)
        *ret = p;
    return code;
}

bool pidref_alive(const struct pidref *p)
{
    char boot_id[37], state = '?';
    uint64_t start;
    return p->pid > 0 && read_boot_id(boot_id, NULL) == OK && strcmp(boot_id, p->boot_id) == 0 &&
           read_stat(p->pid, &state, &start, NULL) == OK && start == p->start_ticks &&
           state != 'Z' && state != 'X';
}

bool pidref_kill(const struct pidref *p, int sig)
{
    if (p->pid <= 0)
        return false;
    /* The descriptor holds on to the process, so that what is looked at is what gets the signal. */
    int fd = pidfd_open(p->pid, 0);
    if (fd < 0 && errno != ENOSYS && errno != EPERM)
        return false;
    bool sent =
        pidref_alive(p) && (fd < 0 ? kill(p->pid, sig) : pidfd_send_signal(fd, sig, NULL, 0)) == 0;
    if (fd >= 0)
        close(fd);
    return sent;
}

bool pidref_equal(const struct pidref *a, const struct pidref *b)
{
    return a->pid == b->pid && a->start_ticks == b->start_ticks &&
           strcmp(a->boot_id, b->boot_id) == 0;
}

void pidref_write(const struct pidref *p, char text[96])
{
    snprintf(text, 96, "%d:%llu:%s", (int)p->pid, (unsigned long long)p->start_ticks, p->boot_id);
}

bool pidref_parse(const char *text, struct pidref *ret)
{
    struct str rest = str_of(text);
    struct str pid_text = str_cut(&rest, ':'), start_text = str_cut(&rest, ':');
    int64_t pid, start;
    struct pidref p = {0};
    if (!number_parse_i64(pid_text, &pid) || pid < 0 || pid > INT32_MAX ||
        !number_parse_i64(start_text, &start) || start < 0 || rest.n >= sizeof(p.boot_id))
        return false;
    p.pid = (pid_t)pid;
    p.start_ticks = (uint64_t)start;
    if (rest.n)
        memcpy(p.boot_id, rest.p, rest.n);
    *ret = p;
    return true;
}
