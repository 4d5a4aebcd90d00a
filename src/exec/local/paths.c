/*
 * Where things are: spools beside logs, sockets where paths are short.
 */
#include "exec/local/local.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum code local_spool_path(const struct wire_spec *spec, struct buf *ret, struct error *e)
{
    struct str log = spec->log_path;
    if (log.n == 0)
        return error_set(e, E_INVALID, "an attempt without a log has no place for its spool");
    if (str_ends(log, ".log"))
        log.n -= 4;
    buf_str(ret, log);
    buf_cstr(ret, ".spool");
    return buf_end(ret, e);
}

enum code local_runtime_dir(struct buf *ret, struct error *e)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    if (base && base[0] == '/' && stat(base, &st) == 0 && S_ISDIR(st.st_mode) &&
        access(base, W_OK) == 0)
        buf_fmt(ret, "%s/trawl", base);
    else
        buf_fmt(ret, "/tmp/trawl-%ld", (long)geteuid());
    enum code code = buf_end(ret, e);
    if (code != OK)
        return code;
    if (mkdir(ret->p, 0700) < 0 && errno != EEXIST)
        return error_errno(e, errno, "cannot create the folder %s", ret->p);
    /* In /tmp somebody else may have been there first, with a link to a place of theirs. */
    if (lstat(ret->p, &st) < 0)
        return error_errno(e, errno, "cannot look at the folder %s", ret->p);
    if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
        return OK;
    error_set(e, E_STATE, "the folder %s is not yours alone", ret->p);
    error_hint(e, "remove it, or set XDG_RUNTIME_DIR to a folder of yours with mode 0700");
    return E_STATE;
}
