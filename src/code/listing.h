/*
 * What belongs to a program: every entry of its folder, and what becomes of it.
 *
 * Paths are relative to the folder, without a leading or trailing slash, any bytes but NUL. They
 * are ordered by path_cmp, in which '/' sorts before every other byte: what lies in a folder
 * follows it directly, and a folder stands before what it holds.
 */
#ifndef CODE_LISTING_H
#define CODE_LISTING_H

#include "code/snapshot.h"

#include <sys/stat.h>

enum {
    CONTENT_HASH = 32,
    /* Past this many items listing stops: enough to see that it is too much, and what of. */
    LISTING_ITEMS_MAX = 4 * SNAPSHOT_FILES_MAX,
    LISTING_NOTES_MAX = 16
};

enum item_kind {
    ITEM_FILE,    /* copied */
    ITEM_LINK,    /* a symbolic link of the program's own */
    ITEM_FOLDER,  /* made */
    ITEM_ORIGINAL /* a link to the original: ignored by git, or excluded */
};

struct item {
    struct str path;   /* NUL-terminated */
    struct str target; /* of links, NUL-terminated; of an original absolute */
    enum item_kind kind;
    bool executable;
    int64_t size, mtime, ctime; /* of files; times in ns since the epoch */
    int64_t kept;               /* the time of a file's copy, as its file system keeps it */
    uint64_t inode, device;
    unsigned char hash[CONTENT_HASH]; /* of files, once it is known */
};

struct listing {
    struct arena arena; /* paths and targets */
    char *root;         /* real, absolute path of the program's folder */
    int fd;             /* of root */
    bool git;
    size_t n, capacity;
    struct item *v;
    int64_t files, bytes; /* of files and links */
    size_t n_notes;
    struct str notes[LISTING_NOTES_MAX]; /* what was passed over and why, for people */
};

/* `never`: a folder that is left out wherever it lies (the store's own); NULL: none. Past the
 * limits of a snapshot E_LIMIT, naming what is largest. On failure nothing is left to free. */
enum code listing_take(const char *program_dir, const char *never,
                       const struct snapshot_rules *rules, struct listing *ret,
                       struct error *e) must_check;
void listing_free(struct listing *l);

/* For gather.c, which finds the items. */
enum code listing_add(struct listing *l, enum item_kind kind, struct str path,
                      struct item **ret) must_check;
enum code listing_note(struct listing *l, struct str path, const char *why) must_check;
/* Size, times and whether it may be executed. */
void item_of_stat(struct item *item, const struct stat *st);
bool item_same_stat(const struct item *item, const struct stat *st);
/* Sorts, and drops what is said twice. */
void listing_sort(struct listing *l);
/* Sorts, drops what is said twice, lets an original stand for a folder of which nothing is kept,
 * adds the folders that hold something, and fills in the targets of originals. */
enum code listing_tidy(struct listing *l, struct error *e) must_check;

int path_cmp(struct str a, struct str b);
/* Does `path` lie below `folder`? */
bool path_below(struct str path, struct str folder);
struct str path_top(struct str path);  /* first component */
struct str path_name(struct str path); /* last component */
/* Something that programs rebuild and that is never worth keeping: __pycache__ and the like. */
bool path_is_cache(struct str path);
/* Is there an item at or below path among v[0..n), sorted? */
bool items_have(const struct item *v, size_t n, struct str path);

#endif
