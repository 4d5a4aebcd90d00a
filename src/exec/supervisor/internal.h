/*
 * The supervisor's parts and what they share.
 *
 *   supervisor.c  its life: spec, set-up, the loop of poll, last word
 *   events.c      events into the spool; what a report means (budget, verdict, who is asked)
 *   reporters.c   connections to the endpoint: programs that report, controllers that come back
 *   controller.c  the controller's connection
 *   ending.c      TERM, grace, KILL; sweeping; why the attempt ended
 *   limits.c      memory, time, silence
 */
#ifndef EXEC_SUPERVISOR_INTERNAL_H
#define EXEC_SUPERVISOR_INTERNAL_H

#include "exec/supervisor/cgroup.h"
#include "exec/supervisor/kin.h"
#include "exec/supervisor/output.h"
#include "exec/supervisor/queue.h"
#include "exec/supervisor/supervisor.h"
#include "wire/endpoint.h"
#include "wire/scan.h"

#include <sys/socket.h>

enum {
    REPORTERS_MAX = 32,
    READ_CHUNK = 64 * 1024,
    CONTROLLER_READ_MAX = FRAME_MAX + FRAME_HEAD,
    NAMES_WATCHED = 32 /* of the metrics to look for, which the search's own come first among */
};
#define NEVER        INT64_MAX
#define ANSWER_LIMIT (5 * NS_PER_S) /* how long the controller may think, unless it says HOLD */
/* A program that prints its metrics and reports them as well does both at nearly the same time:
 * until this long after its first output nothing is taken from there. */
#define SCAN_DELAY     (50 * NS_PER_MS)
#define GRACE_STANDARD (10 * NS_PER_S) /* where the spec names none */

/* SWEEPING: the program is dead, what it left is being killed. LAST_WORD: all are dead, what they
 * left in pipes and sockets is taken. DONE: EXITED was written. */
enum phase { RUNNING, SWEEPING, LAST_WORD, DONE };

/* Why we ended the program; a later cause does not replace an earlier one. */
enum cause {
    CAUSE_NONE,
    CAUSE_BUDGET,
    CAUSE_VERDICT,
    CAUSE_TIME,
    CAUSE_SILENCE,
    CAUSE_MEMORY,
    CAUSE_DISK
};

/* How far the ending of the program has come. Times are NEVER until they are set. */
struct ending {
    enum cause cause;
    bool told; /* the program heard stop or pause */
    bool termed, killed, preempted;
    int64_t told_at, term_at, kill_at;
    int64_t memory; /* what was in use when it was too much */
};

/* One connection to the endpoint. */
struct reporter {
    int fd; /* -1: free */
    struct buf in, out;
    int64_t waits_for; /* the report whose decision it waits for; 0: none */
    int64_t answer_at; /* then it is told to go on; NEVER: the controller holds it */
    int64_t used_at;
    bool ended;   /* it sends no more: close once it has its answer */
    bool deaf;    /* it is gone: what it sent still counts, nobody hears an answer */
    bool closing; /* close once `out` is written */
};

struct supervisor {
    const struct clock *clock;
    struct arena arena; /* the spec and what is made of it */
    struct buf spec_bytes;
    struct wire_spec spec;
    enum phase phase;

    int controller_fd; /* -1: it is away */
    bool own_controller_fd;
    bool controller_full; /* its socket takes no more now */
    struct buf controller_in;
    int64_t durable_seq, next_wanted;
    struct queue queue;

    int listener_fd, signal_fd, pipe_fd[2];
    struct reporter reporter[REPORTERS_MAX];
    struct scan *scan;
    bool scanning;       /* the output is looked at as it comes */
    int64_t scan_at;     /* when that begins; NEVER: nothing was written yet */
    struct buf early[2]; /* what came before */
    struct output output;
    struct cgroup cgroup;
    char *chunk; /* READ_CHUNK bytes */

    pid_t program; /* 0: it does not run */
    int status;    /* as wait gives it */
    bool spawn_failed;
    struct error trouble; /* of the start, or of the disk */
    int64_t started_at, active_at, sample_at, sweep_at, sweep_pause;
    int64_t killed_by_kernel; /* the count in /proc/vmstat when it was started; -1: not known */
    int64_t peak_memory;

    enum verdict verdict; /* the strongest from the controller */
    bool asks;            /* the program has waited for a decision */
    bool explicit_reports, budget_reached, infeasible;
    uint32_t names_seen;        /* bit i: spec.names[i] was reported; of the first NAMES_WATCHED */
    int64_t reports, last_step; /* -1: none */
    int64_t pending_reports;    /* encoded, not yet in the spool */
    struct buf infeasible_why;
    struct ending ending;
};

int64_t supervisor_now(const struct supervisor *s);
int64_t supervisor_time(const struct supervisor *s);

/* events.c. Where the spool can't be written any more, the program is ended. */
bool event_started(struct supervisor *s);
bool event_note(struct supervisor *s, struct str text);
bool event_exited(struct supervisor *s, const struct wire_exited *x);
/* For the scanner. What it finds in one go is written together: events_flush afterwards. */
void events_found(void *self, const struct scan_report *r);
/* Bit i: spec.names[i] was not reported yet. */
uint32_t events_unseen(const struct supervisor *s);
bool events_flush(struct supervisor *s);
/* Records the reports of a message. *ret_answer: what to say; or *ret_seq: whom to wait for. False:
 * they could not be kept. */
bool events_reported(struct supervisor *s, const struct endpoint_message *m,
                     enum verdict *ret_answer, int64_t *ret_seq);

/* reporters.c */
enum code reporters_listen(struct supervisor *s, struct error *e) must_check;
bool reporters_accept(struct supervisor *s); /* false: nobody called */
void reporter_ready(struct supervisor *s, struct reporter *r, short events);
/* Answers those that wait: for report `seq`, or, seq 0, all; or those whose time is up. */
void reporters_answer(struct supervisor *s, int64_t seq, enum verdict v);
void reporters_hold(struct supervisor *s, int64_t seq);
void reporters_expire(struct supervisor *s, int64_t now);
/* Takes what the dead still said. */
void reporters_drain(struct supervisor *s);
bool reporters_waiting(const struct supervisor *s);
int64_t reporters_deadline(const struct supervisor *s);
void reporters_close(struct supervisor *s);

/* controller.c */
/* Reads FRAME_SPEC. *ret_whole false: the controller went away first. */
enum code controller_read_spec(struct supervisor *s, bool *ret_whole, struct error *e) must_check;
void controller_ready(struct supervisor *s, short events);
void controller_send(struct supervisor *s);
void controller_lost(struct supervisor *s);
/* Sends what the queue could not keep: the last word, when the disk is full. */
void controller_send_unkept(struct supervisor *s);
/* A connection that began with FRAME_WELCOME becomes the controller's; takes fd over. */
void controller_adopt(struct supervisor *s, int fd, const struct frame *welcome);

/* ending.c */
void ending_verdict(struct supervisor *s, enum verdict v);
void ending_told(struct supervisor *s, enum verdict v);
/* SIGUSR1: the attempt is to give its place up soon. As a pause, but a program that makes no report
 * within the grace gets TERM. */
void ending_preempt(struct supervisor *s);
/* TERM now, KILL after the grace. */
void ending_term(struct supervisor *s, enum cause cause);
void ending_kill(struct supervisor *s, enum cause cause);
void ending_budget(struct supervisor *s, int64_t step);
/* What is due: TERM, KILL, the next sweep. */
void ending_run(struct supervisor *s, int64_t now);
int64_t ending_deadline(const struct supervisor *s);
/* The program is gone: kills what it left. */
void ending_sweep(struct supervisor *s);
/* Why it ended; texts in the arena. */
void ending_reason(struct supervisor *s, struct wire_exited *x);

/* limits.c */
void limits_start(struct supervisor *s);
void limits_run(struct supervisor *s, int64_t now);
int64_t limits_deadline(const struct supervisor *s);
/* Kills by the kernel for want of memory since the machine started; -1: not known. */
int64_t limits_kernel_kills(void);

/* pipes.c */
enum code pipes_open(struct supervisor *s, int ret_program_end[2], struct error *e) must_check;
void pipes_ready(struct supervisor *s, int stream);
void pipes_run(struct supervisor *s, int64_t now);
int64_t pipes_deadline(const struct supervisor *s);
/* What is left in the pipes once everything that wrote to them is dead. */
void pipes_drain(struct supervisor *s);

#endif
