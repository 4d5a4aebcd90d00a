/* The environment that matters. */
#include "api/keep.h"

#include <string.h>
#include <unistd.h>

static const char *const names[] = {
    "PATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LD_PRELOAD", "TZ", "LANG", "R_LIBS", "JULIA_PROJECT",
};

static const char *const prefixes[] = {
    "PYTHON",   "CONDA_",        "CUDA_",    "NCCL_", "OMP_", "MKL_", "OPENBLAS_",
    "NUMEXPR_", "TORCH",         "PYTORCH_", "TF_",   "XLA_", "JAX_", "KERAS_",
    "HF_",      "TRANSFORMERS_", "ROCM_",    "HIP_",  "LC_",
};

static const char *const secrets[] = {"TOKEN",  "SECRET",     "PASSWORD",
                                      "PASSWD", "CREDENTIAL", "_KEY"};

static bool matters(struct str name)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (memmem(name.p, name.n, secrets[i], strlen(secrets[i])) != NULL)
            return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_is(name, names[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (str_starts(name, prefixes[i]))
            return true;
    }
    return false;
}

enum code keep_environment(struct arena *a, const struct str **ret, size_t *ret_n, struct error *e)
{
    size_t n = 0, kept = 0;
    while (environ[n] != NULL)
        n++;
    struct str *keep = arena_array(a, n + 1, sizeof *keep);
    if (keep == NULL)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++) {
        struct str rest = str_of(environ[i]);
        struct str whole = rest;
        struct str name = str_cut(&rest, '=');
        if (!matters(name) || !str_valid_utf8(whole))
            continue;
        if (arena_str(a, whole, &keep[kept++]) != OK)
            return error_nomem(e);
    }
    *ret = keep;
    *ret_n = kept;
    return OK;
}
