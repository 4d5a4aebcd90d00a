/*
 * NVIDIA's management library, where it is installed; loaded for the question and let go again.
 */
#ifndef EXEC_NVML_H
#define EXEC_NVML_H

#include "base/error.h"

struct nvml_device {
    char uuid[96]; /* "GPU-..." */
};

/* Fills in up to `room` devices, in NVML's order (that of the PCI bus). No such library, or one
 * that finds no driver, is well: none. E_LIMIT when there are more, E_UNSUPPORTED for a library
 * without the functions, E_IO when it fails otherwise; its own words are the detail. */
enum code nvml_list(const char *library, struct nvml_device *ret, int room, int *ret_n,
                    struct error *e) must_check;

#endif
