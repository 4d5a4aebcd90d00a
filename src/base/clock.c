/*
 * The machine's clock and the one that is moved by hand.
 */
#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t system_real(void *self)
{
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *self)
{
    return read_clock(CLOCK_BOOTTIME); /* CLOCK_MONOTONIC stands still while the machine sleeps */
}

static int64_t virtual_real(void *self)
{
    return ((struct virtual_clock *)self)->real_ns;
}

static int64_t virtual_monotonic(void *self)
{
    return ((struct virtual_clock *)self)->monotonic_ns;
}

struct clock clock_system(void)
{
    return (struct clock){system_real, system_monotonic, NULL};
}

struct clock clock_virtual(struct virtual_clock *v)
{
    return (struct clock){virtual_real, virtual_monotonic, v};
}

int64_t clock_real(const struct clock *c)
{
    return c->real(c->self);
}

int64_t clock_monotonic(const struct clock *c)
{
    return c->monotonic(c->self);
}
