/*
 * The manifest's text, written and read.
 */
#include "code/manifest.h"

#include "base/io.h"
#include "base/number.h"
#include "code/content.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char head[] = "trawl snapshot 1", taken_head[] = "trawl taken 1";

static void write_text(struct buf *b, struct str s)
{
    buf_str(b, s);
    buf_char(b, '\0');
}

bool manifest_holds(const struct item *x)
{
    return x->kind != ITEM_ORIGINAL || !path_is_cache(x->path);
}

enum code manifest_write(const struct item *v, size_t n, struct buf *b, struct error *e)
{
    static const char kinds[] = {
        [ITEM_FILE] = 'F', [ITEM_LINK] = 'L', [ITEM_FOLDER] = 'D', [ITEM_ORIGINAL] = 'O'};
    char hex[HASH_HEX + 1];
    buf_add(b, head, sizeof(head));
    for (size_t i = 0; i < n; i++) {
        const struct item *x = &v[i];
        if (!manifest_holds(x))
            continue;
        buf_fmt(b, "%c ", kinds[x->kind]);
        if (x->kind == ITEM_FILE) {
            content_hex(x->hash, sizeof(x->hash), hex);
            buf_fmt(b, "%c %lld %s ", x->executable ? 'x' : '-', (long long)x->size, hex);
        }
        write_text(b, x->path);
        if (x->kind == ITEM_LINK || x->kind == ITEM_ORIGINAL)
            write_text(b, x->target);
    }
    return buf_end(b, e);
}

enum code manifest_write_taken(const struct item *v, size_t n, bool git, struct str commit,
                               struct buf *b, struct error *e)
{
    buf_add(b, taken_head, sizeof(taken_head));
    write_text(b, git ? STR("git") : STR("folder"));
    write_text(b, commit);
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind != ITEM_FILE)
            continue;
        buf_fmt(b, "%lld", (long long)v[i].kept);
        buf_char(b, '\0');
    }
    return buf_end(b, e);
}

enum code manifest_id(struct str text, char *ret_id, struct error *e)
{
    unsigned char hash[SNAPSHOT_ID / 2];
    enum code code = content_hash_bytes(text, hash, sizeof(hash), e);
    if (!code)
        content_hex(hash, sizeof(hash), ret_id);
    return code;
}

bool manifest_is_id(const char *name)
{
    unsigned char bytes[SNAPSHOT_ID / 2];
    return content_unhex(str_of(name), bytes, sizeof(bytes));
}

/* Paths of a manifest are names below its tree and nothing else: none may lead out of it. */
static bool is_plain(struct str path)
{
    if (path.n == 0)
        return false;
    while (path.p) {
        struct str name = str_cut(&path, '/');
        if (name.n == 0 || str_is(name, ".") || str_is(name, ".."))
            return false;
    }
    return true;
}

static bool parse_file(struct item *x, struct str *record)
{
    struct str mode = str_cut(record, ' ');
    x->kind = ITEM_FILE;
    x->executable = str_is(mode, "x");
    return (x->executable || str_is(mode, "-")) &&
           number_parse_i64(str_cut(record, ' '), &x->size) && x->size >= 0 &&
           content_unhex(str_cut(record, ' '), x->hash, sizeof(x->hash));
}

/* One item off the front of *text. */
static bool parse_item(struct manifest *m, struct str *text, struct item *ret)
{
    struct item x = {0};
    struct str record = str_cut(text, '\0'), kind = str_cut(&record, ' ');
    if (str_is(kind, "F")) {
        if (!parse_file(&x, &record))
            return false;
    } else if (str_is(kind, "D")) {
        x.kind = ITEM_FOLDER;
    } else if (str_is(kind, "L") || str_is(kind, "O")) {
        x.kind = str_is(kind, "L") ? ITEM_LINK : ITEM_ORIGINAL;
        struct str target = str_cut(text, '\0');
        const char *copy = arena_cstr(&m->arena, target);
        if (!copy || target.n == 0)
            return false;
        x.target = (struct str){copy, target.n};
    } else {
        return false;
    }
    const char *path = arena_cstr(&m->arena, record);
    if (!path || !is_plain(record))
        return false;
    x.path = (struct str){path, record.n};
    *ret = x;
    return true;
}

static bool parse_manifest(struct manifest *m, struct str text)
{
    size_t capacity = 0;
    if (!str_is(str_cut(&text, '\0'), head))
        return false;
    for (size_t i = 0; i < text.n; i++)
        capacity += text.p[i] == '\0';
    m->v = calloc(capacity + 1, sizeof(*m->v));
    while (m->v && text.n) {
        struct item *x = &m->v[m->n];
        if (m->n == capacity || !parse_item(m, &text, x))
            return false;
        if (m->n && path_cmp(m->v[m->n - 1].path, x->path) >= 0)
            return false;
        m->files += x->kind == ITEM_FILE || x->kind == ITEM_LINK;
        m->bytes += x->size;
        m->n++;
    }
    return m->v != NULL;
}

static bool parse_taken(struct manifest *m, struct str text)
{
    if (!str_is(str_cut(&text, '\0'), taken_head))
        return false;
    m->git = str_is(str_cut(&text, '\0'), "git");
    if (arena_str(&m->arena, str_cut(&text, '\0'), &m->commit))
        return false;
    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].kind == ITEM_FILE && !number_parse_i64(str_cut(&text, '\0'), &m->v[i].kept))
            return false;
    return text.n == 0;
}

static enum code read_part(const char *dir, const char *name, struct buf *b, struct error *e)
{
    char *path = io_join(dir, name);
    enum code code = path ? io_read_file(path, MANIFEST_BYTES_MAX, b, e) : error_nomem(e);
    free(path);
    return code;
}

static enum code damaged(const char *dir, const char *part, struct error *e)
{
    error_set(e, E_CORRUPT, "the snapshot's %s in %s is damaged", part, dir);
    error_hint(e, "start a new search: it takes the snapshot again");
    return E_CORRUPT;
}

static enum code load(struct manifest *m, const char *dir, const char *id, struct buf *text,
                      struct error *e)
{
    char found[SNAPSHOT_ID + 1] = "";
    enum code code = read_part(dir, "manifest", text, e);
    if (!code)
        code = manifest_id(buf_view(text), found, e);
    if (code)
        return code;
    if (!str_is(str_of(found), id) || !parse_manifest(m, buf_view(text)))
        return damaged(dir, "manifest", e);
    buf_clear(text);
    code = read_part(dir, "taken", text, e);
    if (code && code != E_NOT_FOUND)
        return code;
    return code || !parse_taken(m, buf_view(text)) ? damaged(dir, "record", e) : OK;
}

static enum code manifest_load(struct manifest *m, const char *dir, const char *id, struct error *e)
{
    struct manifest made = {0};
    struct buf text;
    arena_init(&made.arena, 2u * MANIFEST_BYTES_MAX);
    buf_init(&text, MANIFEST_BYTES_MAX);
    enum code code = load(&made, dir, id, &text, e);
    buf_free(&text);
    if (code)
        manifest_free(&made);
    else
        *m = made;
    return code;
}

enum code manifest_open(struct manifest *ret, const char *code_dir, const char *id, char **ret_dir,
                        struct error *e)
{
    if (!manifest_is_id(id))
        return error_set(e, E_NOT_FOUND, "there is no snapshot %.60s", id);
    char *dir = io_join(code_dir, id);
    enum code code = dir ? OK : error_nomem(e);
    if (!code && access(dir, F_OK) && errno == ENOENT)
        code = error_set(e, E_NOT_FOUND, "there is no snapshot %s", id);
    if (!code)
        code = manifest_load(ret, dir, id, e);
    if (code)
        free(dir);
    else
        *ret_dir = dir;
    return code;
}

void manifest_free(struct manifest *m)
{
    arena_free(&m->arena);
    free(m->v);
    *m = (struct manifest){0};
}
