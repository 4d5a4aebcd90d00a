/*
 * File systems a store may lie on, and the controller's lock.
 */
#include "store/sqlite/place.h"

#include "base/io.h"
#include "base/pidref.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MOUNTS_MAX = 4 << 20, HOLDER_MAX = 256, TITLE_MAX = 64, CMDLINE_MAX = 1 << 20 };

/* ---- file systems ---- */

enum place place_of_type(unsigned long f_type, const char **ret_name)
{
    static const struct {
        unsigned long type;
        enum place place;
        const char *name;
    } types[] = {
        {0x6969, PLACE_NETWORK, "NFS"},          {0x517b, PLACE_NETWORK, "SMB"},
        {0xff534d42, PLACE_NETWORK, "CIFS"},     {0xfe534d42, PLACE_NETWORK, "SMB"},
        {0x0bd00bd0, PLACE_NETWORK, "Lustre"},   {0x47504653, PLACE_NETWORK, "GPFS"},
        {0x01021997, PLACE_NETWORK, "9P"},       {0x5346414f, PLACE_NETWORK, "AFS"},
        {0x6b414653, PLACE_NETWORK, "AFS"},      {0x00c36400, PLACE_NETWORK, "Ceph"},
        {0x73757245, PLACE_NETWORK, "Coda"},     {0x564c, PLACE_NETWORK, "NCP"},
        {0x19830326, PLACE_NETWORK, "BeeGFS"},   {0xaad7aaea, PLACE_NETWORK, "PanFS"},
        {0x01161970, PLACE_NETWORK, "GFS2"},     {0x7461636f, PLACE_NETWORK, "OCFS2"},
        {0x20030528, PLACE_NETWORK, "OrangeFS"}, {0x65735546, PLACE_FUSE, "FUSE"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type != (f_type & 0xffffffff))
            continue;
        if (ret_name)
            *ret_name = types[i].name;
        return types[i].place;
    }
    return PLACE_LOCAL;
}

enum place place_of_fuse(struct str mount_type)
{
    static const char *const network[] = {
        "fuse.sshfs",    "fuse.glusterfs", "fuse.ceph",    "fuse.rclone",    "fuse.s3fs",
        "fuse.gcsfuse",  "fuse.goofys",    "fuse.juicefs", "fuse.davfs",     "fuse.curlftpfs",
        "fuse.smbnetfs", "fuse.nfs",       "fuse.moosefs", "fuse.mfs",       "fuse.blobfuse2",
        "fuse.cvmfs2",   "fuse.alluxio",   "fuse.weed",    "fuse.seaweedfs", "fuse.mount-s3",
    };
    for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
        if (str_starts(mount_type, network[i]))
            return PLACE_NETWORK;
    return PLACE_LOCAL;
}

/* The type in the line of /proc/self/mountinfo for the device; empty if there is none. Lines are
 * "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG ...] - TYPE SOURCE ..." (proc(5)). */
static struct str mount_type_of(struct str text, dev_t device)
{
    char want[48];
    snprintf(want, sizeof(want), "%u:%u", major(device), minor(device));
    while (text.n) {
        struct str line = str_cut(&text, '\n');
        str_cut(&line, ' ');
        str_cut(&line, ' ');
        if (!str_is(str_cut(&line, ' '), want))
            continue;
        while (line.n && !str_is(str_cut(&line, ' '), "-"))
            ;
        return str_cut(&line, ' ');
    }
    return (struct str){"", 0};
}

static enum place place_of_fuse_at(const char *path, char name[64])
{
    struct stat st;
    struct buf b;
    enum place place = PLACE_LOCAL;
    buf_init(&b, MOUNTS_MAX);
    if (stat(path, &st) == 0 && io_read_file("/proc/self/mountinfo", MOUNTS_MAX, &b, NULL) == OK) {
        struct str type = mount_type_of(buf_view(&b), st.st_dev);
        place = place_of_fuse(type);
        snprintf(name, 64, "%.*s", STR_FMT(type));
    }
    buf_free(&b);
    return place;
}

/* Makes `path` the folder it lies in; false where there is none above. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
        return false;
    if (slash && slash != path)
        *slash = '\0';
    else
        memcpy(path, slash ? "/" : ".", 2);
    return true;
}

enum code place_check(const char *path, struct error *e)
{
    struct statfs fs;
    char *at = strdup(path), fuse[64] = "";
    const char *name = "";
    if (!at)
        return error_nomem(e);
    int rc;
    while ((rc = statfs(at, &fs)) < 0 && (errno == ENOENT || errno == ENOTDIR) && go_up(at))
        ;
    enum code code = rc < 0 ? error_errno(e, errno, "cannot open the store %s", path) : OK;
    enum place place = code == OK ? place_of_type((unsigned long)fs.f_type, &name) : PLACE_LOCAL;
    if (place == PLACE_FUSE) {
        place = place_of_fuse_at(at, fuse);
        name = fuse;
    }
    free(at);
    if (place != PLACE_NETWORK)
        return code;
    error_set(e, E_UNSUPPORTED, "the store %s lies on a network file system (%s)", path, name);
    error_hint(e, "SQLite is not safe there: keep the store on a local disk, with "
                  "--store sqlite:PATH or TRAWL_STORE");
    return E_UNSUPPORTED;
}

/* ---- the lock ---- */

static struct str base_name(struct str path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return str_sub(path, i, path.n);
    return path;
}

/* What this process is, for the one who finds the lock taken: "trawl run". */
static void title(char text[TITLE_MAX])
{
    struct buf b;
    buf_init(&b, CMDLINE_MAX);
    struct str rest = {"", 0};
    if (io_read_file("/proc/self/cmdline", CMDLINE_MAX, &b, NULL) == OK)
        rest = buf_view(&b);
    struct str program = base_name(str_cut(&rest, '\0')), verb = str_cut(&rest, '\0');
    if (str_starts(verb, "-"))
        verb.n = 0;
    snprintf(text, TITLE_MAX, "%.*s%s%.*s", STR_FMT(program), verb.n ? " " : "", STR_FMT(verb));
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    buf_free(&b);
}

/* The lock's text is "PIDREF TITLE\n". */
static enum code say_who(int fd, struct error *e)
{
    struct pidref self;
    char reference[96], name[TITLE_MAX], text[HOLDER_MAX];
    enum code code = pidref_of(getpid(), &self, e);
    if (code != OK)
        return code;
    pidref_write(&self, reference);
    title(name);
    int n = snprintf(text, sizeof(text), "%s %s\n", reference, name);
    if (ftruncate(fd, 0) < 0)
        return error_errno(e, errno, "cannot write the store's lock");
    return io_write_all(fd, text, (size_t)n, e);
}

static enum code busy(int fd, const char *path, struct error *e)
{
    char text[HOLDER_MAX], reference[HOLDER_MAX];
    struct pidref holder = {0};
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    struct str name = str_trim(str_of(text)), first = str_cut(&name, ' ');
    snprintf(reference, sizeof(reference), "%.*s", STR_FMT(first));
    /* A holder that has the lock but hasn't written yet leaves the last one's text. */
    if (name.n && pidref_parse(reference, &holder) && pidref_alive(&holder))
        error_set(e, E_BUSY, "%.*s (pid %d) holds the store %s", STR_FMT(name), (int)holder.pid,
                  path);
    else
        error_set(e, E_BUSY, "another process holds the store %s", path);
    return E_BUSY;
}

enum code place_lock(const char *path, int *ret_fd, struct error *e)
{
    struct buf name;
    buf_init(&name, 1 << 16);
    buf_fmt(&name, "%s-lock", path);
    enum code code = buf_end(&name, e);
    int fd = code == OK ? open(name.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (code == OK && fd < 0)
        code = error_errno(e, errno, "cannot open the store's lock %s", name.p);
    buf_free(&name);
    if (code != OK)
        return code;
    int rc;
    while ((rc = flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EINTR)
        ;
    if (rc < 0)
        code = errno == EWOULDBLOCK ? busy(fd, path, e)
                                    : error_errno(e, errno, "cannot lock the store %s", path);
    else
        code = say_who(fd, e);
    if (code == OK)
        *ret_fd = fd;
    else
        close(fd);
    return code;
}
