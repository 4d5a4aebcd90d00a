/*
 * The local executor's own: attempts, and what its files ask of each other.
 *
 * Always: an attempt has a stream only in CONNECTED and GREETING; a pidfd goes with a watch on it;
 * `lock` >= 0 means that we hold the spool's lock, so the supervisor is dead. Attempts are freed by
 * local_collect alone, when no callback is on the stack.
 */
#ifndef EXEC_LOCAL_INTERNAL_H
#define EXEC_LOCAL_INTERNAL_H

#include "base/pidref.h"
#include "exec/local/local.h"

#define RETRY_FIRST (2 * NS_PER_MS)
#define RETRY_LAST  (250 * NS_PER_MS)
#define NOTE_AFTER  (10 * NS_PER_S)

enum { QUEUE_MAX = 8 * FRAME_MAX };

enum attempt_phase {
    SEEKING,   /* neither connected nor proved dead: tried again at due_ns */
    GREETING,  /* WELCOME is sent, HELLO did not come yet */
    CONNECTED, /* events come */
    READING,   /* dead: the spool is to be read at due_ns */
    SWEEPING,  /* dead without FRAME_EXITED: processes are looked for at due_ns */
    GONE       /* told; kept until it is forgotten */
};

/* What an attempt's own notes are about; each is given once. */
enum trouble {
    TROUBLE_LOCK = 1,
    TROUBLE_SPOOL = 2,
    TROUBLE_CONNECT = 4,
    TROUBLE_VERSION = 8,
    TROUBLE_PROTOCOL = 16,
    TROUBLE_SWEEP = 32
};

struct attempt {
    struct attempt *next;
    struct local *x;
    int64_t id;
    enum attempt_phase phase;
    struct arena texts; /* of those below */
    struct str token;
    const char *socket_path, *spool_path;

    struct loop_stream *stream;
    pid_t pid;  /* the supervisor's; 0: not known */
    bool child; /* of ours: to be reaped */
    int pidfd;  /* -1: none */
    struct loop_watch *watch;
    int lock; /* the spool, locked by us; -1: not */

    int64_t delivered, durable; /* seq of the last event that was handed up; that is in the store */
    int64_t next_wanted;
    enum verdict verdict; /* the strongest so far: told again on each connection */
    struct pidref program, supervisor;
    bool exited;     /* FRAME_EXITED was delivered */
    bool foreign;    /* its supervisor speaks another version: it is left alone until it is dead */
    bool distrusted; /* it was caught lying: its last word does not count as proof */
    bool forgotten;
    unsigned told; /* enum trouble */
    int64_t due_ns, since_ns, retry_ns;
    int clean; /* passes of the sweep in a row that found nothing */
};

struct local {
    struct executor executor; /* first: the interface */
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_settled *settled;
    struct executor_listener listener;
    struct clock clock;
    char *supervisor;
    struct attempt *attempts;
    struct buf out;     /* the frame being sent */
    struct arena arena; /* of the frame being read */
    int64_t armed_ns;   /* what the timer is set to */
    int depth;          /* callbacks on the stack */
    bool dirty;         /* something was delivered in this turn */
};

/* attempts.c */
enum code attempt_new(struct local *x, const struct wire_spec *spec, struct attempt **ret,
                      struct error *e) must_check;
struct attempt *attempt_find(struct local *x, int64_t id);
/* Takes it out of the list and frees it with all it holds, ending nothing. */
void attempt_free(struct attempt *at);
void attempt_due(struct attempt *at, int64_t at_ns);
/* The next try, each time twice as far off. */
void attempt_retry(struct attempt *at);
/* A new phase, tried for the first time at once. */
void attempt_enter(struct attempt *at, enum attempt_phase phase);
int64_t local_now(const struct local *x);
void local_enter(struct local *x);
void local_leave(struct local *x); /* frees what was forgotten in the meantime */

/* deliver.c: to the listener. */
/* Remembers what the sweep needs to know; of events that were delivered long ago, too. */
void deliver_learn(struct attempt *at, const struct frame *f);
void deliver(struct attempt *at, const struct frame *f);
void deliver_note(struct attempt *at, enum trouble about, const struct error *e);
void deliver_gone(struct attempt *at);

/* connect.c */
/* Makes fd the attempt's stream. Closes fd on failure. */
enum code connect_stream(struct attempt *at, int fd, struct error *e) must_check;
void connect_drop(struct attempt *at);
/* Drops the connection and looks for the supervisor anew. */
void connect_lost(struct attempt *at);
/* Sends what is in x->out; a failure loses the connection. */
void connect_send(struct attempt *at);
/* One try to prove the attempt dead or to reach its supervisor. */
void connect_seek(struct attempt *at);
void connect_kill(struct attempt *at);

/* spawn.c */
/* A new spool, locked; E_DUPLICATE if there is one. */
enum code spawn_spool(const char *path, int *ret_fd, struct error *e) must_check;
enum code spawn_supervisor(const char *program, struct str trial, int socket_fd, int spool_fd,
                           pid_t *ret, struct error *e) must_check;
/* Watches the process for its end. E_NOT_FOUND: there is no such process. */
enum code spawn_watch(struct attempt *at, pid_t pid, struct error *e) must_check;
void spawn_unwatch(struct attempt *at);

/* end.c */
void end_read(struct attempt *at);
void end_sweep(struct local *x);

#endif
