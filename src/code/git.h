/*
 * Asking git: run as a program, without a shell, its output bounded.
 *
 * Variables that would point git elsewhere (GIT_DIR, GIT_INDEX_FILE, ... as they are set inside a
 * hook) are taken out of its environment, and it takes no optional locks: asking never changes the
 * repository.
 */
#ifndef CODE_GIT_H
#define CODE_GIT_H

#include "base/str.h"

struct git_answer {
    struct buf out;      /* init it with the ceiling that the output may not pass */
    int status;          /* exit status */
    char complaint[400]; /* the start of what it wrote to stderr, on one line */
};

/* `git -C dir args...`; args end with NULL. OK whatever git's exit status. E_NOT_FOUND: no git on
 * this machine; E_LIMIT: it wrote more than the ceiling, and was killed. */
enum code git_ask(const char *dir, const char *const *args, struct git_answer *ret,
                  struct error *e) must_check;
void git_answer_init(struct git_answer *g, size_t ceiling);
void git_answer_free(struct git_answer *g);

/* Is `dir` inside a git work tree, and is there a git to ask? Where a repository is there but git
 * refuses it (owned by somebody else, broken), that is an error with git's own words: to pass over
 * it would copy all that it ignores. */
enum code git_worktree(const char *dir, bool *ret, struct error *e) must_check;
/* HEAD, with "+changes" where dir's files differ from it; empty before the first commit. */
enum code git_describe(const char *dir, struct buf *ret, struct error *e) must_check;

#endif
