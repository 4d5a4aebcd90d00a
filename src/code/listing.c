/*
 * The items of a program's folder: kept in order, counted, held to the limits.
 */
#include "code/listing.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/number.h"
#include "code/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 400,000 paths of 160 bytes; a longer average is refused as a lack of memory. */
#define LISTING_ARENA (64u << 20)

int path_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n, i = 0;
    while (i < n && a.p[i] == b.p[i])
        i++;
    if (i == n)
        return (a.n > b.n) - (a.n < b.n);
    if (a.p[i] == '/' || b.p[i] == '/')
        return a.p[i] == '/' ? -1 : 1;
    return (unsigned char)a.p[i] < (unsigned char)b.p[i] ? -1 : 1;
}

bool path_below(struct str path, struct str folder)
{
    return path.n > folder.n && path.p[folder.n] == '/' && memcmp(path.p, folder.p, folder.n) == 0;
}

struct str path_top(struct str path)
{
    return str_cut(&path, '/');
}

struct str path_name(struct str path)
{
    size_t i = path.n;
    while (i && path.p[i - 1] != '/')
        i--;
    return str_sub(path, i, path.n);
}

bool path_is_cache(struct str path)
{
    static const char *const names[] = {"__pycache__", ".pytest_cache", ".mypy_cache",
                                        ".ruff_cache", ".ipynb_checkpoints"};
    while (path.n) {
        struct str name = str_cut(&path, '/');
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
            if (str_is(name, names[i]))
                return true;
    }
    return false;
}

bool items_have(const struct item *v, size_t n, struct str path)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (path_cmp(v[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && (str_eq(v[lo].path, path) || path_below(v[lo].path, path));
}

enum code listing_add(struct listing *l, enum item_kind kind, struct str path, struct item **ret)
{
    if (!array_reserve(l->v, &l->capacity, l->n + 1))
        return E_NOMEM;
    char *copy = arena_cstr(&l->arena, path);
    if (!copy)
        return E_NOMEM;
    struct item *item = &l->v[l->n++];
    *item = (struct item){.path = {copy, path.n}, .kind = kind};
    if (ret)
        *ret = item;
    return OK;
}

enum code listing_note(struct listing *l, struct str path, const char *why)
{
    const char *text = arena_fmt(&l->arena, "%.*s is %s", STR_FMT(path), why);
    if (!text)
        return E_NOMEM;
    for (size_t i = 0; i < l->n_notes; i++)
        if (str_is(l->notes[i], text))
            return OK;
    if (l->n_notes == LISTING_NOTES_MAX)
        return OK;
    l->notes[l->n_notes] = l->n_notes == LISTING_NOTES_MAX - 1 ? STR("and more") : str_of(text);
    l->n_notes++;
    return OK;
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec;
}

void item_of_stat(struct item *item, const struct stat *st)
{
    item->executable = st->st_mode & S_IXUSR;
    item->size = st->st_size;
    item->mtime = ns_of(&st->st_mtim);
    item->ctime = ns_of(&st->st_ctim);
    item->inode = st->st_ino;
    item->device = st->st_dev;
}

bool item_same_stat(const struct item *item, const struct stat *st)
{
    struct item now = {0};
    item_of_stat(&now, st);
    return item->executable == now.executable && item->size == now.size &&
           item->mtime == now.mtime && item->ctime == now.ctime && item->inode == now.inode &&
           item->device == now.device;
}

static int item_cmp(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int c = path_cmp(x->path, y->path);
    return c ? c : (int)x->kind - (int)y->kind;
}

/* Sorts, and keeps the first kind of each path; nothing stays below an original. */
void listing_sort(struct listing *l)
{
    size_t kept = 0;
    struct str original = {0};
    if (l->n)
        qsort(l->v, l->n, sizeof(*l->v), item_cmp);
    for (size_t i = 0; i < l->n; i++) {
        const struct item *x = &l->v[i];
        if (kept && str_eq(x->path, l->v[kept - 1].path))
            continue;
        if (original.n && path_below(x->path, original))
            continue;
        if (x->kind == ITEM_ORIGINAL)
            original = x->path;
        l->v[kept++] = *x;
    }
    l->n = kept;
}

/* Moves originals behind everything else; returns how many of the others there are. */
static size_t part_originals(struct listing *l, struct item *originals)
{
    size_t kept = 0, n = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i].kind == ITEM_ORIGINAL)
            originals[n++] = l->v[i];
        else
            l->v[kept++] = l->v[i];
    }
    return kept;
}

/* git lists what it ignores piece by piece where a folder is not ignored as a whole. A folder of
 * which nothing is kept is one original; one that holds something kept is none. */
static enum code merge_originals(struct listing *l)
{
    struct item *originals = calloc(l->n + 1, sizeof(*originals));
    if (!originals)
        return E_NOMEM;
    size_t kept = part_originals(l, originals), out = kept;
    for (size_t i = 0; i < l->n - kept; i++) {
        struct item x = originals[i];
        if (items_have(l->v, kept, x.path))
            continue;
        for (size_t n = 1; n < x.path.n; n++)
            if (x.path.p[n] == '/' && !items_have(l->v, kept, str_sub(x.path, 0, n)))
                x.path.n = n;
        l->v[out++] = x;
    }
    l->n = out;
    free(originals);
    listing_sort(l);
    return OK;
}

static enum code fill_target(struct listing *l, struct item *x)
{
    const char *path = arena_cstr(&l->arena, x->path);
    const char *target =
        path ? arena_fmt(&l->arena, "%s/%s", str_is(str_of(l->root), "/") ? "" : l->root, path)
             : NULL;
    if (!target)
        return E_NOMEM;
    x->path.p = path;
    x->target = str_of(target);
    return OK;
}

/* The folders above each item that no item before it lay in: they are appended, and sorted in. */
static enum code add_folders(struct listing *l)
{
    size_t n = l->n;
    struct str before = {0};
    for (size_t i = 0; i < n; i++) {
        struct str path = l->v[i].path;
        for (size_t k = 1; k < path.n; k++) {
            struct str folder = str_sub(path, 0, k);
            if (path.p[k] != '/' ||
                (before.n && (str_eq(before, folder) || path_below(before, folder))))
                continue;
            if (listing_add(l, ITEM_FOLDER, folder, NULL))
                return E_NOMEM;
        }
        before = path;
    }
    listing_sort(l);
    return OK;
}

enum code listing_tidy(struct listing *l, struct error *e)
{
    listing_sort(l);
    if (merge_originals(l))
        return error_nomem(e);
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].kind == ITEM_ORIGINAL && fill_target(l, &l->v[i]))
            return error_nomem(e);
    if (add_folders(l))
        return error_nomem(e);
    l->files = l->bytes = 0;
    for (size_t i = 0; i < l->n; i++) {
        l->files += l->v[i].kind == ITEM_FILE || l->v[i].kind == ITEM_LINK;
        l->bytes += l->v[i].size;
    }
    return OK;
}

struct weight {
    struct str name;
    int64_t files, bytes;
};

static bool heavier(const struct weight *a, const struct weight *b, bool by_bytes)
{
    return by_bytes ? a->bytes > b->bytes : a->files > b->files;
}

/* The three heaviest top-level entries, heaviest first. */
static size_t heaviest(const struct listing *l, bool by_bytes, struct weight top[3])
{
    size_t n = 0;
    for (size_t i = 0; i < l->n;) {
        struct weight w = {.name = path_top(l->v[i].path)};
        for (; i < l->n && str_eq(path_top(l->v[i].path), w.name); i++) {
            w.files += l->v[i].kind == ITEM_FILE || l->v[i].kind == ITEM_LINK;
            w.bytes += l->v[i].size;
        }
        if (w.files == 0)
            continue;
        size_t at = n < 3 ? n++ : 3;
        while (at > 0 && heavier(&w, &top[at - 1], by_bytes)) {
            if (at < 3)
                top[at] = top[at - 1];
            at--;
        }
        if (at < 3)
            top[at] = w;
    }
    return n;
}

static void write_count(struct buf *b, int64_t files)
{
    buf_fmt(b, "%lld file%s", (long long)files, files == 1 ? "" : "s");
}

static void name_heaviest(const struct listing *l, bool by_bytes, struct error *e)
{
    struct weight top[3] = {0};
    struct buf largest, hint;
    size_t n = heaviest(l, by_bytes, top);
    buf_init(&largest, 4096);
    buf_init(&hint, 4096);
    for (size_t i = 0; i < n; i++) {
        buf_fmt(&largest, "%s%.*s (", i ? ", " : "", STR_FMT(top[i].name));
        if (by_bytes)
            number_write_size(&largest, top[i].bytes);
        else
            write_count(&largest, top[i].files);
        buf_char(&largest, ')');
        buf_fmt(&hint, "%s%.*s", i ? ", " : "", STR_FMT(top[i].name));
    }
    if (largest.n)
        error_detail(e, "largest: %s", largest.p);
    if (hint.n)
        error_hint(
            e,
            "leave out what is not code with `code: {exclude: [...]}`, which links it instead "
            "of copying it; largest are %s",
            hint.p);
    buf_free(&largest);
    buf_free(&hint);
}

static enum code listing_limits(const struct listing *l, struct error *e)
{
    if (l->files <= SNAPSHOT_FILES_MAX && l->bytes <= SNAPSHOT_BYTES_MAX)
        return OK;
    struct buf size;
    buf_init(&size, 64);
    number_write_size(&size, l->bytes);
    error_set(e, E_LIMIT, "%s is too large to snapshot: %s%s in %lld files, at most 1 GiB in %d",
              l->root, l->n >= LISTING_ITEMS_MAX ? "more than " : "", size.n ? size.p : "",
              (long long)l->files, SNAPSHOT_FILES_MAX);
    name_heaviest(l, l->bytes > SNAPSHOT_BYTES_MAX, e);
    buf_free(&size);
    return E_LIMIT;
}

static enum code open_root(struct listing *l, const char *program_dir, struct error *e)
{
    l->root = realpath(program_dir, NULL);
    if (!l->root)
        return error_errno(e, errno, "cannot find the program's folder %s", program_dir);
    l->fd = open(l->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->fd < 0)
        return error_errno(e, errno, "cannot open the program's folder %s", l->root);
    return OK;
}

enum code listing_take(const char *program_dir, const char *never,
                       const struct snapshot_rules *rules, struct listing *ret, struct error *e)
{
    struct listing l = {.fd = -1};
    arena_init(&l.arena, LISTING_ARENA);
    enum code code = open_root(&l, program_dir, e);
    if (!code) {
        char *real = never ? realpath(never, NULL) : NULL;
        struct str hidden = {0}, root = str_of(str_is(str_of(l.root), "/") ? "" : l.root);
        if (real && path_below(str_of(real), root))
            hidden = str_of(real + root.n + 1);
        code = gather(&l, hidden, rules, e);
        free(real);
    }
    if (!code)
        code = listing_tidy(&l, e);
    if (!code)
        code = listing_limits(&l, e);
    if (code)
        listing_free(&l);
    else
        *ret = l;
    return code;
}

void listing_free(struct listing *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l->root);
    free(l->v);
    arena_free(&l->arena);
    *l = (struct listing){.fd = -1};
}
