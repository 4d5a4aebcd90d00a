/*
 * Frames: what supervisor and controller say to each other, and what the spool file holds.
 *
 *   u32 length of the body | u32 CRC-32 of the body | body = u8 type, fields
 *
 * Little-endian; strings are u32 length + bytes; a body is at most FRAME_MAX. The same bytes go
 * over a socket and into the spool: the spool is the queue. Described in docs/PROTOCOL.md,
 * versioned by WIRE_VERSION.
 *
 * Events (supervisor to controller) carry seq = 1, 2, 3, ... within the attempt, whatever their
 * type; (attempt, seq) is an event's identity. A supervisor writes an event to its spool before it
 * sends it; the controller acknowledges the last seq that is durable in the store.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/arena.h"

#define WIRE_VERSION 1
enum { FRAME_MAX = 1 << 20, FRAME_HEAD = 8, REPORT_METRICS_MAX = 1000, METRIC_NAME_MAX = 200 };

enum frame_type {
    /* supervisor -> controller */
    FRAME_HELLO = 1, /* not spooled: version, attempt, last seq in the spool */
    FRAME_STARTED,   /* the program runs: its pidref as text */
    FRAME_REPORT,    /* metrics at a step */
    FRAME_NOTE,      /* something worth a line in the attempt's record: log limit reached, ... */
    FRAME_EXITED,    /* the last event */
    /* controller -> supervisor */
    FRAME_SPEC = 32, /* what to run; the first message of a new supervisor */
    FRAME_WELCOME,   /* version, token, durable seq, next wanted step */
    FRAME_ACK,       /* durable seq */
    FRAME_ANSWER,    /* to the report `seq`: verdict, next wanted step */
    FRAME_HOLD,      /* the answer to `seq` takes longer: wait for it as long as we are there */
    FRAME_VERDICT    /* unasked: stop, pause, cancel, kill */
};

/* What becomes of the attempt. Larger is stronger; a stronger one replaces a weaker. */
enum verdict {
    VERDICT_CONTINUE,
    VERDICT_PAUSE,  /* end at the next report, or by TERM, grace, KILL; goes on later */
    VERDICT_STOP,   /* the same, for good: the allocator's, or its steps are done */
    VERDICT_CANCEL, /* TERM at once, grace, KILL: a person's */
    VERDICT_KILL    /* KILL at once */
};

struct wire_metric {
    struct str name;
    double value;
};

struct wire_report {
    int64_t seq, time, step;
    bool explicit_report; /* through the endpoint, not found in the output */
    bool waits;           /* the program waits for FRAME_ANSWER: nothing could be decided without */
    uint32_t n;
    const struct wire_metric *metrics;
};

/* Numbers as in store/store.h's attempt_reason; wire/ may not include it, so the values are fixed
 * here and tied together by a static assertion in exec/. */
enum wire_reason {
    WIRE_EXIT = 1,
    WIRE_SIGNAL,
    WIRE_OOM,
    WIRE_TIMEOUT,
    WIRE_SILENCE,
    WIRE_SPAWN,
    WIRE_LOST,
    WIRE_NO_METRIC,
    WIRE_STOPPED,
    WIRE_PAUSED,
    WIRE_CANCELLED,
    WIRE_DISK
};

struct wire_exited {
    int64_t seq, time;
    enum wire_reason reason;
    int exit_code, signal;      /* -1: none */
    bool infeasible;            /* exit 65, or said so */
    int64_t reports, last_step; /* -1: none */
    int64_t peak_memory;        /* bytes, sampled; 0: not known */
    struct str
        detail; /* for people: "killed after 2 GiB of 1 GiB", names seen without the metric */
};

struct wire_link {
    struct str name, target;
};

/* Everything a supervisor needs to know. Paths are absolute. */
struct wire_spec {
    int64_t attempt;
    int attempt_number;
    struct str trial; /* "12.40" */
    struct str token; /* 32 hex digits; the program's to report with, the controller's to adopt */
    struct str directory; /* TRAWL_DIR */
    struct str checkpoint, params_path, params, log_path, socket_path;
    struct str config_path, config_text; /* config_path.n == 0: none */
    struct str devices;  /* CUDA_VISIBLE_DEVICES; p == NULL: leave alone; n == 0: none */
    int64_t steps, seed; /* steps 0: none */
    int64_t from_step;
    int cpus;
    int64_t memory, time_ns, silence_ns, grace_ns, log_limit; /* 0: no limit; grace: ten seconds */
    int64_t next_wanted;
    uint32_t n_argv, n_env, n_links, n_names;
    const struct str *argv,
        *env; /* env: NAME=value on top of what is inherited; NAME alone unsets */
    const struct wire_link *links;
    const struct str *names; /* metrics to look for in the output; the first is the search's own */
    struct str pattern;      /* n == 0: the common forms */
};

/* Encoding appends one whole frame to b. */
void frame_hello(struct buf *b, int64_t attempt, int64_t last_seq);
void frame_started(struct buf *b, int64_t seq, int64_t time, const char *pidref);
void frame_report(struct buf *b, const struct wire_report *r);
void frame_note(struct buf *b, int64_t seq, int64_t time, struct str text);
void frame_exited(struct buf *b, const struct wire_exited *x);
void frame_spec(struct buf *b, const struct wire_spec *s);
void frame_welcome(struct buf *b, struct str token, int64_t durable_seq, int64_t next_wanted);
void frame_ack(struct buf *b, int64_t durable_seq);
void frame_answer(struct buf *b, int64_t seq, enum verdict v, int64_t next_wanted);
void frame_hold(struct buf *b, int64_t seq);
void frame_verdict(struct buf *b, enum verdict v);

/* A decoded frame; texts point into the bytes given, arrays into the arena. */
struct frame {
    enum frame_type type;
    int version;       /* hello, welcome */
    int64_t seq, time; /* of events; hello, welcome, ack: last or durable seq */
    int64_t attempt, next_wanted;
    enum verdict verdict;
    struct str text; /* started: pidref; note; welcome: token */
    struct wire_report report;
    struct wire_exited exited;
    struct wire_spec spec;
};

/* Takes one frame off the front of `bytes`. *ret_used is 0 while it is not complete. E_PROTOCOL for
 * a bad CRC, an unknown type, fields that do not add up. Nothing is trusted: a fuzz target. */
enum code frame_decode(struct str bytes, struct arena *a, struct frame *ret, size_t *ret_used,
                       struct error *e) must_check;

/* Walks a spool file and gives each whole frame; a torn end is passed over in silence (kill -9 in a
 * write); a broken middle, or events that do not count 1, 2, 3, ..., is E_CORRUPT. */
enum code spool_read(const char *path, enum code (*visit)(void *, const struct frame *), void *self,
                     struct error *e) must_check;

#endif
