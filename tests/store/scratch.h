/*
 * A folder with a store in it, and rows to put there.
 *
 * The suite runs against every backend. What one can't do that is not on disk, its tests leave out
 * where `on_disk` is false: it can't be opened twice (so there is no reader beside the writer, and
 * nobody else who could hold its lock), it is gone when it is closed (reopening leaves it open),
 * and nothing of it is migrated or damaged.
 */
#ifndef TESTS_STORE_SCRATCH_H
#define TESTS_STORE_SCRATCH_H

#include "store/store.h"
#include "testing.h"

struct scratch {
    char folder[64];
    char path[128];          /* of the database, where the backend is a file */
    char where[160];         /* what store_open takes */
    bool on_disk;            /* what is closed can be opened again, by others too */
    struct store *s;         /* open for writing, and locked */
    struct search_id search; /* one that runs, after scratch_search */
};

/* cmocka's setup and teardown: *state is a struct scratch with an open store. */
int scratch_open(void **state);
int scratch_close(void **state);

/* The call, which may use &e_, gives this code. */
#define CODE(expected, call)                                                                       \
    do {                                                                                           \
        struct error e_ = {0};                                                                     \
        enum code c_ = (call);                                                                     \
        if (c_ != (expected))                                                                      \
            fail_msg("%s: %s, not %s: %s", #call, code_name(c_), code_name(expected), e_.message); \
    } while (0)

/* They fail the test that calls them. */
void scratch_reopen(struct scratch *t);
struct store *scratch_reader(struct scratch *t);
void begin(struct scratch *t);
void commit(struct scratch *t);
/* A search of its own group; also kept in t->search. */
struct search_id scratch_search(struct scratch *t, bool minimize);
struct search_row search_of(struct scratch *t, struct search_id id, struct arena *a);
/* A queued trial, inside a group. */
void put_trial(struct scratch *t, int64_t number, int64_t config_hash);
/* Takes it, inside a group, to running and then to `state` with this value at this step. */
void end_trial(struct scratch *t, int64_t number, enum trial_state state, double value,
               int64_t step);
struct trial_row trial_of(struct scratch *t, int64_t number, struct arena *a);
struct attempt_id put_attempt(struct scratch *t, int64_t trial, int number,
                              enum attempt_state state);
bool exists(const char *path, const char *end);

#endif
