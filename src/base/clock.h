/*
 * Time as a parameter: the machine's clock, or one that a test or a simulation moves.
 *
 * real: nanoseconds since the epoch, for records; it may step either way. monotonic: nanoseconds
 * since some start, for durations and deadlines; it never goes back and counts time asleep.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_MS 1000000LL
#define NS_PER_S  1000000000LL

struct clock {
    int64_t (*real)(void *self);
    int64_t (*monotonic)(void *self);
    void *self;
};

struct clock clock_system(void);
int64_t clock_real(const struct clock *c);
int64_t clock_monotonic(const struct clock *c);

/* A clock that stands still until it is moved. */
struct virtual_clock {
    int64_t real_ns, monotonic_ns;
};
struct clock clock_virtual(struct virtual_clock *v);

#endif
