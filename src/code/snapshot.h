/*
 * Code snapshots: what a search's trials run, by content, kept.
 *
 * A snapshot is a folder <store>/code/<id>/ with a read-only copy of the program's files; id is the
 * hash of its manifest (path, mode, size, content hash of every file, links), so equal content is
 * stored once. In a git work tree: what git tracks as it stands in the work tree, plus what is
 * untracked and not ignored. Without git: everything. `.trawl/` and `.git` never.
 *
 * Every top-level entry of the program's folder becomes one link of a trial's folder: to the
 * snapshot where the snapshot has it, to the original where git ignores it. An ignored entry inside
 * a snapshotted folder is a link to its original there (but for __pycache__ and the like, which are
 * left out). Links of the program's own are kept: one that leads out of the folder becomes
 * absolute, an absolute one that leads into it becomes relative, so that both lead where they led.
 *
 * The last time's hashes are remembered by path, size, times and inode, so that taking a folder
 * again that did not change reads no file.
 */
#ifndef CODE_SNAPSHOT_H
#define CODE_SNAPSHOT_H

#include "base/arena.h"

#define SNAPSHOT_BYTES_MAX (1LL << 30)
enum { SNAPSHOT_FILES_MAX = 100000, SNAPSHOT_ID = 40 };

struct snapshot_link {
    struct str name;   /* entry of the trial's folder */
    struct str target; /* absolute */
    bool original;     /* not in the snapshot */
};

struct snapshot {
    char id[SNAPSHOT_ID + 1]; /* hex */
    struct str path;          /* <code_dir>/<id>/tree */
    int64_t files, bytes;
    bool git;
    struct str commit; /* HEAD, with "+changes" when dirty; empty without git */
    size_t n_links;
    const struct snapshot_link *links; /* by name */
    size_t n_notes;
    const struct str *notes; /* what was passed over (sockets, devices), for people; not kept */
};

struct snapshot_rules {
    /* Left to their originals, as what git ignores. Without a slash a pattern matches a name at any
     * depth, with one the path from the program's folder; see code/rules.h. */
    const struct str *exclude;
    size_t n_exclude;
};

/* Only looks: what would be snapshotted, what linked; id empty. For check. */
enum code snapshot_survey(struct arena *a, const char *program_dir,
                          const struct snapshot_rules *rules, struct snapshot *ret,
                          struct error *e) must_check;
/* Takes it (or finds it there). Past the limits: E_LIMIT naming the three largest entries and the
 * exclude setting. A half-made snapshot of a killed process is never taken for a whole one. */
enum code snapshot_take(struct arena *a, const char *program_dir, const char *code_dir,
                        const struct snapshot_rules *rules, struct snapshot *ret,
                        struct error *e) must_check;
/* Reads back what snapshot_take stored; commit is that of the first time this content was taken,
 * and links to caches (which are no part of the content) are not among the links. */
enum code snapshot_load(struct arena *a, const char *code_dir, const char *id, struct snapshot *ret,
                        struct error *e) must_check;
/* Has anything below it changed since (by stat: size, mode, times)? E_CORRUPT naming the first
 * path. */
enum code snapshot_verify(const char *code_dir, const char *id, struct error *e) must_check;
enum code snapshot_remove(const char *code_dir, const char *id, struct error *e) must_check;
/* Calls visit with the id of each snapshot. */
enum code snapshot_each(const char *code_dir,
                        enum code (*visit)(void *, const char *id, int64_t bytes), void *self,
                        struct error *e) must_check;

#endif
