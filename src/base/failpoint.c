/*
 * Failpoints: which one is armed, and how often it was reached.
 */
#include "base/failpoint.h"

#include "base/number.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 63 };

atomic_bool failpoint_armed_;

/* Written by failpoint_init only, before anything can read it; `left` is counted down by any
 * thread. */
static char armed_name[NAME_MAX_BYTES + 1];
static const char *hit_path; /* the environment's */
static atomic_llong left;

enum code failpoint_init(struct error *e)
{
    const char *text = getenv("TRAWL_FAILPOINT");
    if (!text || !text[0])
        return OK;
    struct str rest = str_of(text), name = str_cut(&rest, ':');
    int64_t count = 1;
    if (name.n == 0 || name.n > NAME_MAX_BYTES ||
        (rest.p && (!number_parse_i64(rest, &count) || count < 1))) {
        error_set(e, E_INVALID, "TRAWL_FAILPOINT is \"%s\"", text);
        error_hint(e, "write NAME or NAME:COUNT, as in store.before-commit:3");
        return E_INVALID;
    }
    memcpy(armed_name, name.p, name.n);
    armed_name[name.n] = '\0';
    hit_path = getenv("TRAWL_FAILPOINT_HIT");
    atomic_store(&left, count);
    atomic_store(&failpoint_armed_, true);
    return OK;
}

/* What can't be written can't be helped: the one who waits for it will tell. */
static void tell(void)
{
    int fd = hit_path ? open(hit_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0)
        dprintf(fd, "%s\n", armed_name);
}

void failpoint_hit_(const char *name)
{
    if (strcmp(name, armed_name) != 0 || atomic_fetch_sub(&left, 1) != 1)
        return;
    tell();
    raise(SIGKILL);
    for (;;) /* another thread may get here before the signal takes effect */
        pause();
}
