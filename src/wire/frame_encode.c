/*
 * Frames, written.
 *
 * A frame is begun with an empty head, its body appended field by field, and the head filled in
 * when the length is known; a body that grew past FRAME_MAX turns the builder bad.
 */
#include "wire/frame_bytes.h"

#include <string.h>

/* CRC-32 as in IEEE 802.3 and zlib (reflected 0xedb88320), a nibble at a time: frames are small,
 * and sixteen words stay in the cache where 256 would not. */
uint32_t frame_crc(struct str bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.n; i++) {
        crc ^= (unsigned char)bytes.p[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

static void put_u8(struct buf *b, unsigned v)
{
    buf_char(b, (char)(unsigned char)v);
}

static void store_u32(char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char)(unsigned char)(v >> (8 * i));
}

static void put_u32(struct buf *b, uint32_t v)
{
    char bytes[4];
    store_u32(bytes, v);
    buf_add(b, bytes, sizeof(bytes));
}

static void put_i64(struct buf *b, int64_t v)
{
    put_u32(b, (uint32_t)(uint64_t)v);
    put_u32(b, (uint32_t)((uint64_t)v >> 32));
}

static void put_real(struct buf *b, double v)
{
    int64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put_i64(b, bits);
}

static void put_str(struct buf *b, struct str s)
{
    if (s.n > FRAME_MAX) {
        b->bad = true;
        return;
    }
    put_u32(b, (uint32_t)s.n);
    buf_str(b, s);
}

static void put_strs(struct buf *b, const struct str *v, uint32_t n)
{
    put_u32(b, n);
    for (uint32_t i = 0; i < n; i++)
        put_str(b, v[i]);
}

/* Returns where the frame starts, for finish(). */
static size_t begin(struct buf *b, enum frame_type type)
{
    size_t at = b->n;
    buf_repeat(b, '\0', FRAME_HEAD);
    put_u8(b, type);
    return at;
}

static void finish(struct buf *b, size_t at)
{
    if (b->bad)
        return;
    struct str body = {b->p + at + FRAME_HEAD, b->n - at - FRAME_HEAD};
    if (body.n > FRAME_MAX) {
        b->bad = true;
        return;
    }
    store_u32(b->p + at, (uint32_t)body.n);
    store_u32(b->p + at + 4, frame_crc(body));
}

static size_t begin_event(struct buf *b, enum frame_type type, int64_t seq, int64_t time)
{
    size_t at = begin(b, type);
    put_i64(b, seq);
    put_i64(b, time);
    return at;
}

void frame_hello(struct buf *b, int64_t attempt, int64_t last_seq)
{
    size_t at = begin(b, FRAME_HELLO);
    put_u32(b, WIRE_VERSION);
    put_i64(b, attempt);
    put_i64(b, last_seq);
    finish(b, at);
}

void frame_started(struct buf *b, int64_t seq, int64_t time, const char *pidref)
{
    size_t at = begin_event(b, FRAME_STARTED, seq, time);
    put_str(b, str_of(pidref));
    finish(b, at);
}

void frame_report(struct buf *b, const struct wire_report *r)
{
    size_t at = begin_event(b, FRAME_REPORT, r->seq, r->time);
    put_i64(b, r->step);
    put_u8(b, r->explicit_report);
    put_u8(b, r->waits);
    put_u32(b, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        put_str(b, r->metrics[i].name);
        put_real(b, r->metrics[i].value);
    }
    finish(b, at);
}

void frame_note(struct buf *b, int64_t seq, int64_t time, struct str text)
{
    size_t at = begin_event(b, FRAME_NOTE, seq, time);
    put_str(b, text);
    finish(b, at);
}

void frame_exited(struct buf *b, const struct wire_exited *x)
{
    size_t at = begin_event(b, FRAME_EXITED, x->seq, x->time);
    put_u8(b, x->reason);
    put_i64(b, x->exit_code);
    put_i64(b, x->signal);
    put_u8(b, x->infeasible);
    put_i64(b, x->reports);
    put_i64(b, x->last_step);
    put_i64(b, x->peak_memory);
    put_str(b, x->detail);
    finish(b, at);
}

/* The order of these two must be that of decode_spec in frame_decode.c. */
static void put_spec_texts(struct buf *b, const struct wire_spec *s)
{
    const struct str texts[] = {s->trial,       s->token,       s->directory, s->checkpoint,
                                s->params_path, s->params,      s->log_path,  s->socket_path,
                                s->config_path, s->config_text, s->pattern};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        put_str(b, texts[i]);
    put_u8(b, s->devices.p != NULL);
    put_str(b, s->devices);
}

static void put_spec_numbers(struct buf *b, const struct wire_spec *s)
{
    const int64_t numbers[] = {s->attempt,    s->attempt_number, s->steps,     s->seed,
                               s->from_step,  s->cpus,           s->memory,    s->time_ns,
                               s->silence_ns, s->grace_ns,       s->log_limit, s->next_wanted};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        put_i64(b, numbers[i]);
}

void frame_spec(struct buf *b, const struct wire_spec *s)
{
    size_t at = begin(b, FRAME_SPEC);
    put_u32(b, WIRE_VERSION);
    put_spec_numbers(b, s);
    put_spec_texts(b, s);
    put_strs(b, s->argv, s->n_argv);
    put_strs(b, s->env, s->n_env);
    put_strs(b, s->names, s->n_names);
    put_u32(b, s->n_links);
    for (uint32_t i = 0; i < s->n_links; i++) {
        put_str(b, s->links[i].name);
        put_str(b, s->links[i].target);
    }
    finish(b, at);
}

void frame_welcome(struct buf *b, struct str token, int64_t durable_seq, int64_t next_wanted)
{
    size_t at = begin(b, FRAME_WELCOME);
    put_u32(b, WIRE_VERSION);
    put_str(b, token);
    put_i64(b, durable_seq);
    put_i64(b, next_wanted);
    finish(b, at);
}

void frame_ack(struct buf *b, int64_t durable_seq)
{
    size_t at = begin(b, FRAME_ACK);
    put_i64(b, durable_seq);
    finish(b, at);
}

void frame_answer(struct buf *b, int64_t seq, enum verdict v, int64_t next_wanted)
{
    size_t at = begin(b, FRAME_ANSWER);
    put_i64(b, seq);
    put_u8(b, v);
    put_i64(b, next_wanted);
    finish(b, at);
}

void frame_hold(struct buf *b, int64_t seq)
{
    size_t at = begin(b, FRAME_HOLD);
    put_i64(b, seq);
    finish(b, at);
}

void frame_verdict(struct buf *b, enum verdict v)
{
    size_t at = begin(b, FRAME_VERDICT);
    put_u8(b, v);
    finish(b, at);
}
