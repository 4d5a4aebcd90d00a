/*
 * Runs the real trawl-supervisor as a controller would: a spool with a lock, a socket pair, a spec.
 *
 * TRAWL_SUPERVISOR is the executable. Every attempt has a folder of its own under /tmp; what is in
 * it goes with supervised_free.
 */
#ifndef TESTS_SUPERVISED_H
#define TESTS_SUPERVISED_H

#include "testing.h"
#include "wire/frame.h"

#include <sys/types.h>

enum { FRAMES_MAX = 4096, PATIENCE_MS = 20000 };

struct supervised {
    char folder[64], spool[96], socket[96], log[96];
    char token[33];
    pid_t pid;
    int fd; /* the controller's end; -1: away */
    int spool_fd;
    bool silent;           /* does not acknowledge by itself */
    int64_t file_limit;    /* RLIMIT_FSIZE of the supervisor; 0: none */
    const char *failpoint; /* TRAWL_FAILPOINT of the supervisor */
    struct wire_spec spec;
    struct str argv[8];
    struct buf in;
    struct arena arena; /* everything that was received */
    struct frame frame[FRAMES_MAX];
    size_t n;
};

/* A spec that runs `sh -c script` with metric "auc"; change it before supervised_go. */
void supervised_init(struct supervised *s, const char *script);
void supervised_go(struct supervised *s);
/* Waits for the next frame; NULL on end of file. */
const struct frame *supervised_next(struct supervised *s);
const struct frame *supervised_wait_for(struct supervised *s, enum frame_type type);
/* Reads to EXITED, acknowledging all, and waits for the supervisor to end well. */
struct wire_exited supervised_finish(struct supervised *s);
/* Waits for the supervisor's death; its wait status. */
int supervised_reap(struct supervised *s);
void supervised_free(struct supervised *s);

void supervised_send(struct supervised *s, struct buf *frame); /* and empties it */
void supervised_answer(struct supervised *s, int64_t seq, enum verdict v, int64_t next_wanted);
void supervised_verdict(struct supervised *s, enum verdict v);
void supervised_hang_up(struct supervised *s);
/* Connects to the endpoint and says WELCOME. */
void supervised_come_back(struct supervised *s, int64_t durable_seq, int64_t next_wanted);
int supervised_connect(const struct supervised *s); /* as a program */
/* Sends a line on a program's connection, TOKEN in it replaced by the attempt's; the line that is
 * answered, in the arena. */
void supervised_say(const struct supervised *s, int fd, const char *line);
const char *supervised_hear(struct supervised *s, int fd);

/* How many report frames came, and the value of metric `name` in the i-th. */
size_t supervised_reports(const struct supervised *s);
const struct wire_report *supervised_report(const struct supervised *s, size_t i);
/* The text of a file in the attempt's folder, in the arena; empty where there is none. */
struct str supervised_file(struct supervised *s, const char *name);
bool text_has(struct str text, const char *part);
int64_t monotonic_ms(void);
/* Whether a process has `marker` in its command line; whether, within the test's patience, none has
 * any more. */
bool somebody_runs(const char *marker);
bool nobody_runs(const char *marker);

#endif
