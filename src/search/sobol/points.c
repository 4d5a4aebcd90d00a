/*
 * Sobol points: direction numbers, Gray code, hash scrambling.
 */
#include "search/sobol/points.h"

#include "base/rng.h"

#include <stdlib.h>

enum { BITS = 32 };

static const uint16_t joe_kuo[] = {
#include "search/sobol/joe_kuo.inc"
};

struct sobol {
    size_t dims, tabled;
    bool scramble;
    uint64_t seed;
    uint32_t (*directions)[BITS]; /* by dimension, those of the table */
    uint32_t *seeds;              /* by dimension, likewise */
};

/* The recurrence of Bratley & Fox (TOMS 659, 1988): direction numbers of one dimension from its
 * polynomial (binary, highest coefficient first) and the first `degree` of them. */
static void directions_of(uint32_t polynomial, const uint16_t *initial, int degree,
                          uint32_t v[BITS])
{
    for (int i = 0; i < degree; i++)
        v[i] = (uint32_t)initial[i] << (BITS - 1 - i);
    for (int i = degree; i < BITS; i++) {
        v[i] = v[i - degree] ^ (v[i - degree] >> degree);
        for (int k = 1; k < degree; k++)
            if ((polynomial >> (degree - k)) & 1)
                v[i] ^= v[i - k];
    }
}

static int degree_of(uint32_t polynomial)
{
    return 31 - __builtin_clz(polynomial);
}

static void fill(struct sobol *s)
{
    struct rng r;
    rng_init(&r, s->seed, UINT64_MAX);
    const uint16_t *row = joe_kuo;
    for (size_t d = 0; d < s->tabled; d++) {
        int degree = degree_of(row[0]);
        if (degree == 0) /* the first dimension: van der Corput's sequence */
            for (int i = 0; i < BITS; i++)
                s->directions[d][i] = 1u << (BITS - 1 - i);
        else
            directions_of(row[0], row + 1, degree, s->directions[d]);
        row += 1 + degree;
        s->seeds[d] = (uint32_t)(rng_u64(&r) >> 32);
    }
}

enum code sobol_new(size_t dims, bool scramble, uint64_t seed, struct sobol **ret, struct error *e)
{
    struct sobol *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->dims = dims;
    s->tabled = dims < SOBOL_TABLE ? dims : SOBOL_TABLE;
    s->scramble = scramble;
    s->seed = seed;
    size_t n = s->tabled ? s->tabled : 1;
    s->directions = calloc(n, sizeof(*s->directions));
    s->seeds = calloc(n, sizeof(*s->seeds));
    if (!s->directions || !s->seeds) {
        sobol_free(s);
        return error_nomem(e);
    }
    fill(s);
    *ret = s;
    return OK;
}

void sobol_free(struct sobol *s)
{
    if (!s)
        return;
    free(s->directions);
    free(s->seeds);
    free(s);
}

static uint32_t reverse_bits(uint32_t x)
{
    x = __builtin_bswap32(x);
    x = ((x >> 4) & 0x0f0f0f0fu) | ((x & 0x0f0f0f0fu) << 4);
    x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
    return ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
}

/* On reversed digits a bit may depend on lower ones alone, which multiplication by even numbers and
 * addition grant: so each digit is flipped by a hash of those before it. */
static uint32_t owen_scramble(uint32_t x, uint32_t seed)
{
    x = reverse_bits(x);
    x ^= x * 0x3d20adeau;
    x += seed;
    x *= (seed >> 16) | 1;
    x ^= x * 0x05526c56u;
    x ^= x * 0x53a22864u;
    return reverse_bits(x);
}

void sobol_point(const struct sobol *s, uint64_t index, double *ret_u)
{
    struct rng r;
    rng_init(&r, s->seed, index);
    uint32_t gray = (uint32_t)(index ^ (index >> 1));
    for (size_t d = 0; d < s->tabled; d++) {
        uint32_t x = 0;
        for (uint32_t bits = gray; bits; bits &= bits - 1)
            x ^= s->directions[d][__builtin_ctz(bits)];
        if (!s->scramble) {
            ret_u[d] = x * 0x1p-32;
            continue;
        }
        uint64_t low = rng_u64(&r) >> (64 - 21);
        ret_u[d] = (double)(((uint64_t)owen_scramble(x, s->seeds[d]) << 21) | low) * 0x1p-53;
    }
    for (size_t d = s->tabled; d < s->dims; d++)
        ret_u[d] = rng_unit(&r);
}

enum code sobol_config(const struct sobol *s, const struct space *space, uint64_t index,
                       struct arena *a, struct config *ret, struct error *e)
{
    double *u = arena_array(a, s->dims, sizeof(*u));
    if (!u)
        return error_nomem(e);
    sobol_point(s, index, u);
    enum code code = config_decode(space, a, u, ret);
    return code == OK
               ? OK
               : error_set(e, code, "point %llu can't be decoded", (unsigned long long)index);
}
