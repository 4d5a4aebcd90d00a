/*
 * Frames, read. Nothing in the bytes is trusted.
 *
 * A reader that runs over the end turns bad and gives zeros from then on; a body is right only if
 * the reader is still good and has used all of it. Counts are held against the bytes that are left
 * before anything is allocated for them.
 */
#include "wire/frame_bytes.h"

#include <string.h>

struct reader {
    struct str rest;
    struct arena *arena;
    bool bad, no_memory;
};

static uint32_t load_u32(const char *p)
{
    uint32_t v = 0;
    for (int i = 3; i >= 0; i--)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

uint32_t frame_body_length(const char *head)
{
    return load_u32(head);
}

bool frame_is_event(enum frame_type type)
{
    return type >= FRAME_STARTED && type <= FRAME_EXITED;
}

static struct str take(struct reader *r, size_t n)
{
    if (r->bad || n > r->rest.n) {
        r->bad = true;
        return (struct str){NULL, 0};
    }
    struct str s = {r->rest.p, n};
    r->rest.p += n;
    r->rest.n -= n;
    return s;
}

static unsigned take_u8(struct reader *r)
{
    struct str s = take(r, 1);
    return s.n ? (unsigned char)s.p[0] : 0;
}

static bool take_bool(struct reader *r)
{
    unsigned v = take_u8(r);
    if (v > 1)
        r->bad = true;
    return v == 1;
}

static uint32_t take_u32(struct reader *r)
{
    struct str s = take(r, 4);
    return s.n ? load_u32(s.p) : 0;
}

static int64_t take_i64(struct reader *r)
{
    uint64_t low = take_u32(r), high = take_u32(r);
    return (int64_t)(high << 32 | low);
}

static int take_int(struct reader *r)
{
    int64_t v = take_i64(r);
    if (v < INT32_MIN || v > INT32_MAX)
        r->bad = true;
    return r->bad ? 0 : (int)v;
}

/* A number that counts something and so is never negative. */
static int64_t take_count(struct reader *r)
{
    int64_t v = take_i64(r);
    if (v < 0)
        r->bad = true;
    return r->bad ? 0 : v;
}

static double take_real(struct reader *r)
{
    int64_t bits = take_i64(r);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static struct str take_str(struct reader *r)
{
    return take(r, take_u32(r));
}

/* A text that becomes a C string: a path, an argument. */
static struct str take_word(struct reader *r)
{
    struct str s = take_str(r);
    if (s.n && memchr(s.p, '\0', s.n))
        r->bad = true;
    return s;
}

/* Room for n things, each at least `least` bytes on the wire. */
static void *take_room(struct reader *r, uint32_t n, size_t least, size_t size)
{
    if (r->bad || n > r->rest.n / least) {
        r->bad = true;
        return NULL;
    }
    void *p = n ? arena_array(r->arena, n, size) : NULL;
    if (n && !p)
        r->bad = r->no_memory = true;
    return p;
}

static const struct str *take_words(struct reader *r, uint32_t *ret_n)
{
    uint32_t n = take_u32(r);
    struct str *v = take_room(r, n, 4, sizeof(*v));
    for (uint32_t i = 0; i < n && !r->bad; i++)
        v[i] = take_word(r);
    *ret_n = r->bad ? 0 : n;
    return v;
}

static enum verdict take_verdict(struct reader *r)
{
    unsigned v = take_u8(r);
    if (v > VERDICT_KILL)
        r->bad = true;
    return r->bad ? VERDICT_CONTINUE : (enum verdict)v;
}

static void decode_report(struct reader *r, struct frame *f)
{
    struct wire_report *report = &f->report;
    report->seq = f->seq;
    report->time = f->time;
    report->step = take_i64(r);
    report->explicit_report = take_bool(r);
    report->waits = take_bool(r);
    uint32_t n = take_u32(r);
    if (n > REPORT_METRICS_MAX)
        r->bad = true;
    struct wire_metric *m = take_room(r, n, 12, sizeof(*m));
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        m[i].name = take_str(r);
        m[i].value = take_real(r);
        if (m[i].name.n == 0 || m[i].name.n > METRIC_NAME_MAX)
            r->bad = true;
    }
    report->n = r->bad ? 0 : n;
    report->metrics = m;
}

static void decode_exited(struct reader *r, struct frame *f)
{
    struct wire_exited *x = &f->exited;
    x->seq = f->seq;
    x->time = f->time;
    unsigned reason = take_u8(r);
    if (reason < WIRE_EXIT || reason > WIRE_DISK)
        r->bad = true;
    else
        x->reason = (enum wire_reason)reason;
    x->exit_code = take_int(r);
    x->signal = take_int(r);
    x->infeasible = take_bool(r);
    x->reports = take_i64(r);
    x->last_step = take_i64(r);
    x->peak_memory = take_i64(r);
    x->detail = take_str(r);
}

static void decode_event(struct reader *r, struct frame *f)
{
    f->seq = take_i64(r);
    f->time = take_i64(r);
    if (f->seq < 1)
        r->bad = true;
    if (f->type == FRAME_REPORT)
        decode_report(r, f);
    else if (f->type == FRAME_EXITED)
        decode_exited(r, f);
    else
        f->text = take_str(r);
}

static void decode_links(struct reader *r, struct wire_spec *s)
{
    uint32_t n = take_u32(r);
    struct wire_link *links = take_room(r, n, 8, sizeof(*links));
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        links[i].name = take_word(r);
        links[i].target = take_word(r);
    }
    s->n_links = r->bad ? 0 : n;
    s->links = links;
}

/* The order of the fields is that of frame_spec in frame_encode.c. */
static void decode_spec(struct reader *r, struct wire_spec *s)
{
    s->attempt = take_i64(r);
    s->attempt_number = take_int(r);
    s->steps = take_count(r);
    s->seed = take_i64(r);
    s->from_step = take_i64(r);
    s->cpus = take_int(r);
    s->memory = take_count(r);
    s->time_ns = take_count(r);
    s->silence_ns = take_count(r);
    s->grace_ns = take_count(r);
    s->log_limit = take_count(r);
    s->next_wanted = take_i64(r);
    s->trial = take_word(r);
    s->token = take_word(r);
    s->directory = take_word(r);
    s->checkpoint = take_word(r);
    s->params_path = take_word(r);
    s->params = take_str(r);
    s->log_path = take_word(r);
    s->socket_path = take_word(r);
    s->config_path = take_word(r);
    s->config_text = take_str(r);
    s->pattern = take_str(r);
    bool has_devices = take_bool(r);
    s->devices = take_word(r);
    if (!has_devices)
        s->devices = (struct str){NULL, 0};
    s->argv = take_words(r, &s->n_argv);
    s->env = take_words(r, &s->n_env);
    s->names = take_words(r, &s->n_names);
    decode_links(r, s);
}

/* Versions are held against each other before anything that may differ between them is read. */
static bool take_version(struct reader *r, struct frame *f)
{
    uint32_t v = take_u32(r);
    f->version = v > INT32_MAX ? INT32_MAX : (int)v;
    return r->bad || v == WIRE_VERSION;
}

static void decode_fields(struct reader *r, struct frame *f)
{
    switch (f->type) {
    case FRAME_HELLO:
        f->attempt = take_i64(r);
        f->seq = take_count(r);
        break;
    case FRAME_STARTED:
    case FRAME_REPORT:
    case FRAME_NOTE:
    case FRAME_EXITED:
        decode_event(r, f);
        break;
    case FRAME_SPEC:
        decode_spec(r, &f->spec);
        break;
    case FRAME_WELCOME:
        f->text = take_str(r);
        f->seq = take_count(r);
        f->next_wanted = take_i64(r);
        break;
    case FRAME_ACK:
    case FRAME_HOLD:
        f->seq = take_count(r);
        break;
    case FRAME_ANSWER:
        f->seq = take_count(r);
        f->verdict = take_verdict(r);
        f->next_wanted = take_i64(r);
        break;
    case FRAME_VERDICT:
        f->verdict = take_verdict(r);
        break;
    default:
        r->bad = true;
        break;
    }
}

static enum code decode_body(struct str body, struct arena *a, struct frame *ret, struct error *e)
{
    struct reader r = {body, a, false, false};
    struct frame f = {.type = (enum frame_type)take_u8(&r)};
    bool versioned = f.type == FRAME_HELLO || f.type == FRAME_SPEC || f.type == FRAME_WELCOME;
    if (versioned && !take_version(&r, &f)) {
        error_set(e, E_VERSION, "the other side speaks version %d of the protocol, this one %d",
                  f.version, WIRE_VERSION);
        error_hint(e, "install trawl and trawl-supervisor from the same build");
        return E_VERSION;
    }
    decode_fields(&r, &f);
    if (r.no_memory)
        return error_nomem(e);
    if (r.bad || r.rest.n)
        return error_set(e, E_PROTOCOL, "a frame of type %d has fields that do not add up",
                         (int)f.type);
    *ret = f;
    return OK;
}

enum code frame_decode(struct str bytes, struct arena *a, struct frame *ret, size_t *ret_used,
                       struct error *e)
{
    if (bytes.n < FRAME_HEAD) {
        *ret_used = 0;
        return OK;
    }
    uint32_t length = frame_body_length(bytes.p);
    if (length == 0 || length > FRAME_MAX)
        return error_set(e, E_PROTOCOL, "a frame announces %u bytes; 1 to %d are allowed", length,
                         FRAME_MAX);
    if (bytes.n - FRAME_HEAD < length) {
        *ret_used = 0;
        return OK;
    }
    struct str body = {bytes.p + FRAME_HEAD, length};
    if (frame_crc(body) != load_u32(bytes.p + 4))
        return error_set(e, E_PROTOCOL, "a frame's checksum does not match its bytes");
    enum code code = decode_body(body, a, ret, e);
    if (code == OK)
        *ret_used = FRAME_HEAD + (size_t)length;
    return code;
}
