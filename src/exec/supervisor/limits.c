/*
 * Memory, time and silence.
 */
#include "exec/supervisor/internal.h"

#include "base/io.h"
#include "base/number.h"

enum { VMSTAT_MAX = 64 * 1024 };
#define SAMPLE_LIMITED \
    (100 * NS_PER_MS) /* with a limit to keep; without one, only for the record */
#define SAMPLE_FREE NS_PER_S

int64_t limits_kernel_kills(void)
{
    struct buf b;
    int64_t kills = -1;
    buf_init(&b, VMSTAT_MAX);
    if (io_read_file("/proc/vmstat", VMSTAT_MAX, &b, NULL) == OK)
        for (struct str rest = buf_view(&b); rest.n && kills < 0;) {
            struct str line = str_cut(&rest, '\n');
            int64_t v;
            if (str_starts(line, "oom_kill ") && number_parse_i64(str_sub(line, 9, line.n), &v))
                kills = v;
        }
    buf_free(&b);
    return kills;
}

static int64_t sample_pause(const struct supervisor *s)
{
    return s->spec.memory > 0 && !s->cgroup.active ? SAMPLE_LIMITED : SAMPLE_FREE;
}

void limits_start(struct supervisor *s)
{
    s->started_at = s->active_at = supervisor_now(s);
    s->sample_at = s->started_at + sample_pause(s);
}

static void sample_memory(struct supervisor *s, int64_t now)
{
    struct kin k;
    kin_find(&k);
    int64_t used = kin_memory(&k, s->spec.memory);
    if (used > s->peak_memory)
        s->peak_memory = used;
    s->sample_at = now + sample_pause(s);
    if (s->spec.memory > 0 && used > s->spec.memory && !s->ending.killed) {
        s->ending.memory = used;
        ending_kill(s, CAUSE_MEMORY);
    }
}

static int64_t silence_deadline(const struct supervisor *s)
{
    bool quiet_matters = s->spec.silence_ns > 0 && !s->ending.termed && !reporters_waiting(s);
    return quiet_matters ? s->active_at + s->spec.silence_ns : NEVER;
}

static int64_t time_deadline(const struct supervisor *s)
{
    return s->spec.time_ns > 0 && !s->ending.termed ? s->started_at + s->spec.time_ns : NEVER;
}

void limits_run(struct supervisor *s, int64_t now)
{
    if (s->phase != RUNNING)
        return;
    if (s->sample_at <= now)
        sample_memory(s, now);
    if (time_deadline(s) <= now)
        ending_term(s, CAUSE_TIME);
    if (silence_deadline(s) <= now)
        ending_term(s, CAUSE_SILENCE);
}

int64_t limits_deadline(const struct supervisor *s)
{
    if (s->phase != RUNNING)
        return NEVER;
    int64_t at = s->sample_at, time = time_deadline(s), silence = silence_deadline(s);
    at = time < at ? time : at;
    return silence < at ? silence : at;
}
