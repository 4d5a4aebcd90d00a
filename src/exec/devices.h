/*
 * GPUs, given out one by one.
 *
 * A device is a name that CUDA_VISIBLE_DEVICES takes: "0", "GPU-8f7c...". They come from the file
 * (resources.devices), or from NVML where its library is there; then the controller's own
 * CUDA_VISIBLE_DEVICES narrows and orders them as CUDA does: an empty one hides all, and what
 * follows the first entry that names no device is ignored.
 *
 * Invariant: a device belongs to at most one holder.
 */
#ifndef EXEC_DEVICES_H
#define EXEC_DEVICES_H

#include "base/arena.h"

struct devices;

enum { DEVICES_MAX = 256, DEVICE_NAME_MAX = 80 };

/* The names given, in that order. E_DUPLICATE, E_LIMIT, or E_INVALID for one that is empty, too
 * long or has a comma or blank in it. */
enum code devices_from_names(const struct str *names, size_t n, struct devices **ret,
                             struct error *e) must_check;
/* What NVML finds. library: NULL for "libnvidia-ml.so.1". visible: the controller's
 * CUDA_VISIBLE_DEVICES, NULL where it is not set. No library, no driver or no device is well: there
 * are none. A card split by MIG is named as a whole, which CUDA takes for its first part: its parts
 * are given in resources.devices. */
enum code devices_discover(const char *library, const char *visible, struct devices **ret,
                           struct error *e) must_check;
void devices_free(struct devices *d);

int devices_count(const struct devices *d);
int devices_unused(const struct devices *d);
/* n devices as "0,3", in the arena, lowest first. E_BUSY when fewer are unused, E_INVALID when
 * there never were as many. */
enum code devices_take(struct devices *d, int n, struct arena *a, struct str *ret,
                       struct error *e) must_check;
/* Marks those of `names` that are known as taken: attempts of an earlier controller. */
void devices_hold(struct devices *d, struct str names);
void devices_give_back(struct devices *d, struct str names);

#endif
