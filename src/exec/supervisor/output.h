/*
 * The attempt's log: what the program wrote to stdout and stderr, line by line.
 *
 *   2026-11-23T12:55:01.250Z | a line of stdout
 *   2026-11-23T12:55:01.251Z ! a line of stderr
 *   2026-11-23T12:55:01.252Z |+the rest of a line that the other stream broke into
 *   2026-11-23T12:55:09.000Z # a word of the supervisor's own
 *
 * The time is that of the line's first byte. Bytes are as they were written, escapes and carriage
 * returns and all. Past the limit a last line says so and the rest is dropped. When the disk is
 * full output is dropped until there is room again.
 */
#ifndef EXEC_SUPERVISOR_OUTPUT_H
#define EXEC_SUPERVISOR_OUTPUT_H

#include "base/clock.h"
#include "base/str.h"

struct output {
    int fd;                 /* -1: not open */
    int64_t written, limit; /* 0: no limit */
    bool limited, failing;
    int open_stream; /* whose line is unfinished at the log's end; -1: nobody's */
    bool broken[2];  /* a stream's line was broken into: its rest is marked */
    struct buf bytes;
};

enum output_event { OUTPUT_WELL, OUTPUT_LIMITED, OUTPUT_FAILED };

enum code output_open(struct output *o, const char *path, int64_t limit,
                      struct error *e) must_check;
void output_close(struct output *o);
/* Says when the limit was just reached, or writing just began to fail (errno tells why). */
enum output_event output_write(struct output *o, int stream, struct str bytes,
                               int64_t real_ns) must_check;
/* A line of our own; beside the limit. */
void output_remark(struct output *o, struct str text, int64_t real_ns);

#endif
