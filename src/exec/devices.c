/*
 * The devices there are, and which of them are taken.
 */
#include "exec/devices.h"

#include "exec/nvml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct device {
    char name[DEVICE_NAME_MAX + 1];
    bool taken;
};

struct devices {
    int n, unused;
    struct device v[DEVICES_MAX];
};

static enum code check_name(struct str name, struct error *e)
{
    bool fits = name.n > 0 && name.n <= DEVICE_NAME_MAX;
    for (size_t i = 0; i < name.n && fits; i++)
        fits = name.p[i] > ' ' && name.p[i] < 127 && name.p[i] != ',';
    if (fits)
        return OK;
    error_set(e, E_INVALID, "\"%.*s\" is no name of a device", (int)(name.n > 100 ? 100 : name.n),
              name.p);
    error_hint(e, "a device is what CUDA_VISIBLE_DEVICES takes: 0, or GPU-8f7c...");
    return E_INVALID;
}

static struct device *find(struct devices *d, struct str name)
{
    for (int i = 0; i < d->n; i++) {
        if (str_is(name, d->v[i].name))
            return &d->v[i];
    }
    return NULL;
}

static enum code add(struct devices *d, struct str name, struct error *e)
{
    enum code code = check_name(name, e);
    if (code != OK)
        return code;
    if (find(d, name))
        return error_set(e, E_DUPLICATE, "device %.*s is named twice", STR_FMT(name));
    if (d->n == DEVICES_MAX)
        return error_set(e, E_LIMIT, "there are more than %d devices", DEVICES_MAX);
    memcpy(d->v[d->n++].name, name.p, name.n);
    d->unused++;
    return OK;
}

enum code devices_from_names(const struct str *names, size_t n, struct devices **ret,
                             struct error *e)
{
    struct devices *d = calloc(1, sizeof(*d));
    if (!d)
        return error_nomem(e);
    enum code code = OK;
    for (size_t i = 0; i < n && code == OK; i++)
        code = add(d, names[i], e);
    if (code == OK)
        *ret = d;
    else
        devices_free(d);
    return code;
}

/* As CUDA reads it: an entry is an index, or a UUID or the beginning of one that only one device
 * has. -1: no device of this machine. */
static int visible_index(const struct nvml_device *all, int n, struct str entry)
{
    int hit = -1;
    if (entry.n == 0)
        return -1;
    if (entry.p[0] >= '0' && entry.p[0] <= '9') {
        int64_t index = 0;
        for (size_t i = 0; i < entry.n && index < n; i++) {
            if (entry.p[i] < '0' || entry.p[i] > '9')
                return -1;
            index = index * 10 + (entry.p[i] - '0');
        }
        return index < n ? (int)index : -1;
    }
    for (int i = 0; i < n; i++) {
        struct str uuid = str_of(all[i].uuid);
        if (entry.n > 4 && uuid.n >= entry.n && memcmp(uuid.p, entry.p, entry.n) == 0) {
            if (hit >= 0)
                return -1;
            hit = i;
        }
    }
    return hit;
}

/* The entry itself is the name, as the person wrote it: what CUDA took from us it takes from the
 * program too. An index is given as an index: CUDA and NVML number the cards alike only under
 * CUDA_DEVICE_ORDER=PCI_BUS_ID, and which card it is does not matter, only that each is given once.
 */
static enum code add_visible(struct devices *d, const struct nvml_device *all, int n,
                             struct str visible, struct error *e)
{
    bool used[DEVICES_MAX] = {false};
    enum code code = OK;
    while (code == OK && visible.p) {
        struct str entry = str_trim(str_cut(&visible, ','));
        bool mig = str_starts(entry, "MIG-");
        int index = mig ? -1 : visible_index(all, n, entry);
        if (!mig && (index < 0 || used[index]))
            break;
        if (!mig)
            used[index] = true;
        code = add(d, entry, e);
    }
    return code;
}

static enum code add_all(struct devices *d, int n, struct error *e)
{
    char name[16];
    enum code code = OK;
    for (int i = 0; i < n && code == OK; i++) {
        snprintf(name, sizeof(name), "%d", i);
        code = add(d, str_of(name), e);
    }
    return code;
}

enum code devices_discover(const char *library, const char *visible, struct devices **ret,
                           struct error *e)
{
    struct nvml_device all[DEVICES_MAX];
    int n = 0;
    enum code code = nvml_list(library ? library : "libnvidia-ml.so.1", all, DEVICES_MAX, &n, e);
    if (code != OK)
        return code;
    struct devices *d = calloc(1, sizeof(*d));
    if (!d)
        return error_nomem(e);
    code = n == 0 ? OK : visible ? add_visible(d, all, n, str_of(visible), e) : add_all(d, n, e);
    if (code == OK)
        *ret = d;
    else
        devices_free(d);
    return code;
}

void devices_free(struct devices *d)
{
    free(d);
}

int devices_count(const struct devices *d)
{
    return d->n;
}

int devices_unused(const struct devices *d)
{
    return d->unused;
}

enum code devices_take(struct devices *d, int n, struct arena *a, struct str *ret, struct error *e)
{
    if (n < 0 || n > d->n)
        return error_set(e, E_INVALID, "%d devices are asked for; there are %d", n, d->n);
    if (n > d->unused)
        return error_set(e, E_BUSY, "%d devices are asked for; %d of %d are unused", n, d->unused,
                         d->n);
    char *text = arena_alloc(a, (size_t)n * (DEVICE_NAME_MAX + 1) + 1);
    if (!text)
        return error_nomem(e);
    size_t used = 0;
    for (int i = 0, left = n; left > 0; i++) {
        if (d->v[i].taken)
            continue;
        struct str name = str_of(d->v[i].name);
        if (used)
            text[used++] = ',';
        memcpy(text + used, name.p, name.n);
        used += name.n;
        d->v[i].taken = true;
        left--;
    }
    d->unused -= n;
    *ret = (struct str){text, used};
    return OK;
}

static void set_taken(struct devices *d, struct str names, bool taken)
{
    while (names.p) {
        struct device *v = find(d, str_cut(&names, ','));
        if (v && v->taken != taken) {
            v->taken = taken;
            d->unused += taken ? -1 : 1;
        }
    }
}

void devices_hold(struct devices *d, struct str names)
{
    set_taken(d, names, true);
}

void devices_give_back(struct devices *d, struct str names)
{
    set_taken(d, names, false);
}
