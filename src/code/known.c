/*
 * What is known of files from the last time.
 *
 *   "trawl known 1" NUL { size mtime ctime inode device x hash path NUL } "end" NUL
 *
 * in the order of path_cmp. Numbers are decimal, the hash is hex, x is 0 or 1.
 */
#include "code/content.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/number.h"

#include <stdlib.h>

#define KNOWN_BYTES_MAX (128u << 20)
static const char head[] = "trawl known 1";

/* A file system's clock may tick as slowly as once in two seconds. */
#define CLOCK_GRAIN (2 * NS_PER_S)

/* <code_dir>/.known-<hash of the folder's path>, in a heap string; NULL: not to be had. */
static char *known_path(const char *code_dir, const char *root)
{
    unsigned char hash[16];
    char name[sizeof(".known-") + 2 * sizeof(hash)] = ".known-";
    if (content_hash_bytes(str_of(root), hash, sizeof(hash), NULL))
        return NULL;
    content_hex(hash, sizeof(hash), name + sizeof(".known-") - 1);
    return io_join(code_dir, name);
}

static bool parse_item(struct known *k, struct str record)
{
    struct item x = {.kind = ITEM_FILE};
    int64_t numbers[6];
    for (size_t i = 0; i < 6; i++)
        if (!number_parse_i64(str_cut(&record, ' '), &numbers[i]))
            return false;
    x.size = numbers[0];
    x.mtime = numbers[1];
    x.ctime = numbers[2];
    x.inode = (uint64_t)numbers[3];
    x.device = (uint64_t)numbers[4];
    x.executable = numbers[5] != 0;
    if (!content_unhex(str_cut(&record, ' '), x.hash, sizeof(x.hash)) || record.n == 0)
        return false;
    if (arena_str(&k->arena, record, &x.path))
        return false;
    if (k->n && path_cmp(k->v[k->n - 1].path, x.path) >= 0)
        return false;
    k->v[k->n++] = x;
    return true;
}

static size_t count_ends(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\0';
    return n;
}

static bool parse(struct known *k, struct str text)
{
    if (!str_is(str_cut(&text, '\0'), head))
        return false;
    k->v = calloc(count_ends(text) + 1, sizeof(*k->v));
    while (k->v && text.n) {
        struct str record = str_cut(&text, '\0');
        if (str_is(record, "end"))
            return true;
        if (!parse_item(k, record))
            return false;
    }
    return false;
}

void known_load(struct known *k, const char *code_dir, const char *root)
{
    struct buf text;
    char *path = known_path(code_dir, root);
    *k = (struct known){0};
    arena_init(&k->arena, KNOWN_BYTES_MAX);
    buf_init(&text, KNOWN_BYTES_MAX);
    if (path && io_read_file(path, KNOWN_BYTES_MAX, &text, NULL) == OK &&
        !parse(k, buf_view(&text)))
        k->n = 0;
    buf_free(&text);
    free(path);
}

void known_free(struct known *k)
{
    arena_free(&k->arena);
    free(k->v);
    *k = (struct known){0};
}

bool known_find(const struct known *k, struct item *item)
{
    size_t lo = 0, hi = k->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = path_cmp(k->v[mid].path, item->path);
        if (c == 0) {
            const struct item *x = &k->v[mid];
            if (x->size != item->size || x->mtime != item->mtime || x->ctime != item->ctime ||
                x->inode != item->inode || x->device != item->device ||
                x->executable != item->executable)
                return false;
            for (size_t i = 0; i < sizeof(item->hash); i++)
                item->hash[i] = x->hash[i];
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

void known_save(const char *code_dir, const struct listing *l, int64_t taken_ns)
{
    struct buf b;
    char hex[HASH_HEX + 1];
    char *path = known_path(code_dir, l->root);
    buf_init(&b, KNOWN_BYTES_MAX);
    buf_add(&b, head, sizeof(head));
    for (size_t i = 0; i < l->n; i++) {
        const struct item *x = &l->v[i];
        if (x->kind != ITEM_FILE || x->mtime > taken_ns - CLOCK_GRAIN ||
            x->ctime > taken_ns - CLOCK_GRAIN)
            continue;
        content_hex(x->hash, sizeof(x->hash), hex);
        buf_fmt(&b, "%lld %lld %lld %lld %lld %d %s ", (long long)x->size, (long long)x->mtime,
                (long long)x->ctime, (long long)x->inode, (long long)x->device, x->executable, hex);
        buf_str(&b, x->path);
        buf_char(&b, '\0');
    }
    buf_add(&b, "end", sizeof("end"));
    if (path && buf_end(&b, NULL) == OK && io_replace_file(path, buf_view(&b), 0600, NULL) != OK) {
        /* it is found out again next time */
    }
    buf_free(&b);
    free(path);
}
