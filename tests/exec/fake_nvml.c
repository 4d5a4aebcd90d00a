/* A library with NVML's functions. FAKE_NVML in the environment: how many cards there are, or
 * "nodriver", "broken". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlShutdown(void);
EXPORT int nvmlDeviceGetCount_v2(unsigned *n);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **ret);
EXPORT int nvmlDeviceGetUUID(void *device, char *text, unsigned n);
EXPORT const char *nvmlErrorString(int status);

static const char *wish(void)
{
    const char *s = getenv("FAKE_NVML");
    return s ? s : "0";
}

int nvmlInit_v2(void)
{
    return strcmp(wish(), "nodriver") == 0 ? 9 : strcmp(wish(), "broken") == 0 ? 18 : 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *n)
{
    *n = (unsigned)strtoul(wish(), NULL, 10);
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **ret)
{
    static char cards[1024];
    *ret = &cards[i];
    return 0;
}

int nvmlDeviceGetUUID(void *device, char *text, unsigned n)
{
    void *first;
    nvmlDeviceGetHandleByIndex_v2(0, &first);
    int card = (int)((char *)device - (char *)first);
    snprintf(text, n, "GPU-%08x-aaaa", 0x11111111u * (unsigned)(card + 1));
    return 0;
}

const char *nvmlErrorString(int status)
{
    return status == 18 ? "Driver/library version mismatch" : "?";
}
