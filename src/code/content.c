/*
 * Hashing and copying.
 *
 * A copy is right when the source looked the same to stat before and after, and its hash is taken
 * from the copy: a manifest says what is there, whatever happens to the source.
 */
#include "code/content.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CHUNK = 1 << 17, TRIES = 4 };

static enum code ready(struct error *e)
{
    return sodium_init() < 0 ? error_set(e, E_UNSUPPORTED, "libsodium cannot start") : OK;
}

enum code content_hash_bytes(struct str bytes, unsigned char *ret, size_t n_hash, struct error *e)
{
    if (ready(e))
        return E_UNSUPPORTED;
    if (crypto_generichash(ret, n_hash, (const unsigned char *)bytes.p, bytes.n, NULL, 0))
        return error_set(e, E_UNSUPPORTED, "libsodium cannot hash to %zu bytes", n_hash);
    return OK;
}

void content_hex(const unsigned char *bytes, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * n] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool content_unhex(struct str hex, unsigned char *ret, size_t n)
{
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static enum code hash_fd(int fd, const char *name, unsigned char *ret, struct error *e)
{
    crypto_generichash_state state;
    unsigned char chunk[CHUNK];
    off_t at = 0;
    if (ready(e))
        return E_UNSUPPORTED;
    crypto_generichash_init(&state, NULL, 0, CONTENT_HASH);
    for (;;) {
        ssize_t n = pread(fd, chunk, sizeof(chunk), at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno, "cannot read %s", name);
        if (n == 0)
            break;
        crypto_generichash_update(&state, chunk, (unsigned long long)n);
        at += n;
    }
    crypto_generichash_final(&state, ret, CONTENT_HASH);
    return OK;
}

/* E_NOT_FOUND when the file is gone or something else has taken its place. */
static enum code open_source(int root_fd, const char *root, struct item *item, int *ret,
                             struct error *e)
{
    struct stat st;
    int fd = openat(root_fd, item->path.p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
        error_errno(e, errno, "cannot read %s/%s", root, item->path.p);
        error_hint(e, "make it readable, or leave it out with code: {exclude: [\"%s\"]}",
                   item->path.p);
        return E_IO;
    }
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return error_set(e, E_NOT_FOUND, "%s/%s is gone", root, item->path.p);
    }
    item_of_stat(item, &st);
    *ret = fd;
    return OK;
}

static bool unchanged(int fd, const struct item *item)
{
    struct stat st;
    return fstat(fd, &st) == 0 && item_same_stat(item, &st);
}

static enum code keeps_changing(const char *root, const struct item *item, struct error *e)
{
    error_set(e, E_BUSY, "%s/%s changes faster than it can be copied", root, item->path.p);
    error_hint(e,
               "a file that programs write while they run is not code: let git ignore it, or set "
               "code: {exclude: [\"%s\"]}",
               item->path.p);
    return E_BUSY;
}

enum code content_hash(int root_fd, const char *root, struct item *item, struct error *e)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = -1;
        enum code code = open_source(root_fd, root, item, &fd, e);
        if (code)
            return code;
        code = hash_fd(fd, item->path.p, item->hash, e);
        bool whole = unchanged(fd, item);
        close(fd);
        if (code || whole)
            return code;
    }
    return keeps_changing(root, item, e);
}

/* The last resort, and the rest of what copy_file_range did not do. */
static enum code copy_bytes(int from, int to, struct error *e)
{
    unsigned char chunk[CHUNK];
    for (;;) {
        ssize_t n = read(from, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno, "cannot read");
        if (n == 0)
            return OK;
        enum code code = io_write_all(to, chunk, (size_t)n, e);
        if (code)
            return code;
    }
}

/* Shares blocks where the file system can, else copies inside the kernel, else through us. */
static enum code copy_fd(int from, int to, struct error *e)
{
    if (ioctl(to, FICLONE, from) == 0)
        return OK;
    for (;;) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
        if (n > 0 || (n < 0 && errno == EINTR))
            continue;
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
            return error_errno(e, errno, "cannot write");
        return copy_bytes(from, to, e);
    }
}

static enum code finish_copy(int to, struct item *item, struct error *e)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = item->mtime / NS_PER_S, .tv_nsec = item->mtime % NS_PER_S}};
    struct stat st;
    if (fchmod(to, item->executable ? 0555 : 0444) || futimens(to, times) || fstat(to, &st))
        return error_errno(e, errno, "cannot set the mode of a copy of %s", item->path.p);
    item->kept = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return hash_fd(to, item->path.p, item->hash, e);
}

static enum code copy_once(int from, int to_fd, struct item *item, struct error *e)
{
    if (unlinkat(to_fd, item->path.p, 0) && errno != ENOENT)
        return error_errno(e, errno, "cannot remove a copy of %s", item->path.p);
    int to = openat(to_fd, item->path.p, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return error_errno(e, errno, "cannot make a copy of %s", item->path.p);
    enum code code = copy_fd(from, to, e);
    if (!code)
        code = finish_copy(to, item, e);
    if (close(to) && !code)
        code = error_errno(e, errno, "cannot write a copy of %s", item->path.p);
    return code;
}

enum code content_copy(int root_fd, const char *root, int to_fd, struct item *item, struct error *e)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = -1;
        enum code code = open_source(root_fd, root, item, &fd, e);
        if (code)
            return code;
        code = copy_once(fd, to_fd, item, e);
        bool whole = unchanged(fd, item);
        close(fd);
        if (code || whole)
            return code;
    }
    return keeps_changing(root, item, e);
}
