/*
 * The five functions of NVML that tell which cards there are.
 *
 * Declared here by hand, from the NVML API reference: its header is no part of a Debian system, and
 * these have kept their shape since version 2 of the library.
 */
#include "exec/nvml.h"

#include "base/str.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { NVML_SUCCESS = 0, NVML_DRIVER_NOT_LOADED = 9 };

struct nvml {
    void *handle;
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *);
    int (*by_index)(unsigned, void **);
    int (*uuid)(void *, char *, unsigned);
    const char *(*text)(int); /* may be missing */
};

static void *symbol(const struct nvml *m, const char *name)
{
    return dlsym(m->handle, name);
}

/* dlsym gives a pointer to data where one to a function is wanted: POSIX has it copied like this.
 */
#define LOAD(member, name)                          \
    do {                                            \
        void *p_ = symbol(m, name);                 \
        memcpy(&m->member, &p_, sizeof(m->member)); \
        if (!p_)                                    \
            missing = name;                         \
    } while (0)

static enum code load(struct nvml *m, const char *library, struct error *e)
{
    const char *missing = NULL;
    LOAD(text, "nvmlErrorString");
    missing = NULL;
    LOAD(init, "nvmlInit_v2");
    LOAD(shutdown, "nvmlShutdown");
    LOAD(count, "nvmlDeviceGetCount_v2");
    LOAD(by_index, "nvmlDeviceGetHandleByIndex_v2");
    LOAD(uuid, "nvmlDeviceGetUUID");
    if (!missing)
        return OK;
    error_set(e, E_UNSUPPORTED, "%s has no function %s", library, missing);
    error_hint(e, "name the GPUs in resources.devices");
    return E_UNSUPPORTED;
}

static enum code failed(const struct nvml *m, int status, const char *what, struct error *e)
{
    error_set(e, E_IO, "the NVIDIA driver does not tell %s", what);
    const char *text = m->text ? m->text(status) : NULL;
    error_detail(e, "%s", text ? text : "no reason given");
    error_hint(e, "does nvidia-smi work? GPUs can also be named in resources.devices");
    return E_IO;
}

static enum code list(const struct nvml *m, struct nvml_device *ret, int room, int *ret_n,
                      struct error *e)
{
    unsigned n = 0;
    int status = m->count(&n);
    if (status != NVML_SUCCESS)
        return failed(m, status, "how many GPUs there are", e);
    if (n > (unsigned)room)
        return error_set(e, E_LIMIT, "there are %u GPUs; at most %d are supported", n, room);
    for (unsigned i = 0; i < n; i++) {
        void *device = NULL;
        status = m->by_index(i, &device);
        if (status == NVML_SUCCESS)
            status = m->uuid(device, ret[i].uuid, sizeof(ret[i].uuid));
        if (status != NVML_SUCCESS)
            return failed(m, status, "which GPUs there are", e);
        ret[i].uuid[sizeof(ret[i].uuid) - 1] = '\0';
    }
    *ret_n = (int)n;
    return OK;
}

enum code nvml_list(const char *library, struct nvml_device *ret, int room, int *ret_n,
                    struct error *e)
{
    struct nvml m = {.handle = dlopen(library, RTLD_NOW | RTLD_LOCAL)};
    if (!m.handle) {
        *ret_n = 0;
        return OK;
    }
    enum code code = load(&m, library, e);
    if (code == OK) {
        int status = m.init();
        if (status == NVML_SUCCESS) {
            code = list(&m, ret, room, ret_n, e);
            m.shutdown();
        } else if (status == NVML_DRIVER_NOT_LOADED) {
            *ret_n = 0;
        } else {
            code = failed(&m, status, "anything", e);
        }
    }
    dlclose(m.handle);
    return code;
}
