#include "base/rng.h"
#include "testing.h"
#include "wire/frame.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { ROUNDS = 300, ARENA_MAX = 1 << 22, TEXT_MAX = 40 };

/* Draws frames. Texts live in `arena`. */
struct draw {
    struct rng rng;
    struct arena arena;
};

static struct str draw_text(struct draw *d, bool any_byte)
{
    size_t n = (size_t)rng_below(&d->rng, TEXT_MAX);
    char *p = arena_alloc(&d->arena, n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = any_byte ? (char)rng_below(&d->rng, 256) : (char)(1 + rng_below(&d->rng, 255));
    return (struct str){p, n};
}

static struct str draw_name(struct draw *d)
{
    struct str s = draw_text(d, false);
    return s.n ? s : STR("x");
}

static int64_t draw_i64(struct draw *d)
{
    static const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, 255, 256, 1LL << 32};
    uint64_t pick = rng_below(&d->rng, 16);
    return pick < 8 ? edges[pick] : (int64_t)rng_u64(&d->rng);
}

static int64_t draw_count(struct draw *d)
{
    return (int64_t)((uint64_t)draw_i64(d) & INT64_MAX);
}

static struct wire_report draw_report(struct draw *d)
{
    struct wire_report r = {.seq = 1 + (int64_t)rng_below(&d->rng, 1000),
                            .time = draw_i64(d),
                            .step = draw_i64(d),
                            .explicit_report = rng_below(&d->rng, 2) == 1,
                            .waits = rng_below(&d->rng, 2) == 1,
                            .n = (uint32_t)rng_below(&d->rng, 20)};
    struct wire_metric *m = arena_array(&d->arena, r.n + 1, sizeof(*m));
    for (uint32_t i = 0; i < r.n; i++) {
        m[i].name = draw_name(d);
        m[i].value = i % 5 == 0   ? (double)NAN
                     : i % 5 == 1 ? -(double)INFINITY
                                  : rng_normal(&d->rng);
    }
    r.metrics = m;
    return r;
}

static const struct str *draw_words(struct draw *d, uint32_t *ret_n)
{
    uint32_t n = (uint32_t)rng_below(&d->rng, 6);
    struct str *v = arena_array(&d->arena, n + 1, sizeof(*v));
    for (uint32_t i = 0; i < n; i++)
        v[i] = draw_text(d, false);
    *ret_n = n;
    return v;
}

static struct wire_spec draw_spec(struct draw *d)
{
    struct wire_spec s = {.attempt = draw_i64(d),
                          .attempt_number = (int)rng_below(&d->rng, 100),
                          .trial = draw_text(d, false),
                          .token = draw_text(d, false),
                          .directory = draw_text(d, false),
                          .checkpoint = draw_text(d, false),
                          .params_path = draw_text(d, false),
                          .params = draw_text(d, true),
                          .log_path = draw_text(d, false),
                          .socket_path = draw_text(d, false),
                          .config_path = draw_text(d, false),
                          .config_text = draw_text(d, true),
                          .pattern = draw_text(d, true),
                          .steps = draw_count(d),
                          .seed = draw_i64(d),
                          .from_step = draw_i64(d),
                          .cpus = -1,
                          .memory = draw_count(d),
                          .time_ns = draw_count(d),
                          .silence_ns = draw_count(d),
                          .grace_ns = draw_count(d),
                          .log_limit = draw_count(d),
                          .next_wanted = draw_i64(d)};
    uint64_t devices = rng_below(&d->rng, 3);
    s.devices = devices == 0 ? (struct str){NULL, 0} : devices == 1 ? STR("") : STR("0,2");
    s.argv = draw_words(d, &s.n_argv);
    s.env = draw_words(d, &s.n_env);
    s.names = draw_words(d, &s.n_names);
    s.n_links = (uint32_t)rng_below(&d->rng, 4);
    struct wire_link *links = arena_array(&d->arena, s.n_links + 1, sizeof(*links));
    for (uint32_t i = 0; i < s.n_links; i++)
        links[i] = (struct wire_link){draw_text(d, false), draw_text(d, false)};
    s.links = links;
    return s;
}

static struct wire_exited draw_exited(struct draw *d)
{
    return (struct wire_exited){.seq = 9,
                                .time = draw_i64(d),
                                .reason = (enum wire_reason)(1 + rng_below(&d->rng, WIRE_DISK)),
                                .exit_code = (int)rng_below(&d->rng, 257) - 1,
                                .signal = -1,
                                .infeasible = rng_below(&d->rng, 2) == 1,
                                .reports = draw_i64(d),
                                .last_step = draw_i64(d),
                                .peak_memory = draw_i64(d),
                                .detail = draw_text(d, true)};
}

/* One frame of a drawn type. */
static void draw_frame(struct draw *d, struct buf *b)
{
    struct wire_report report = draw_report(d);
    struct wire_exited exited = draw_exited(d);
    struct wire_spec spec = draw_spec(d);
    switch (rng_below(&d->rng, 11)) {
    case 0:
        return frame_hello(b, draw_i64(d), draw_count(d));
    case 1:
        return frame_started(b, 1, draw_i64(d), "12:99:boot");
    case 2:
        return frame_report(b, &report);
    case 3:
        return frame_note(b, 3, draw_i64(d), draw_text(d, true));
    case 4:
        return frame_exited(b, &exited);
    case 5:
        return frame_spec(b, &spec);
    case 6:
        return frame_welcome(b, draw_text(d, true), draw_count(d), draw_i64(d));
    case 7:
        return frame_ack(b, draw_count(d));
    case 8:
        return frame_answer(b, draw_count(d), VERDICT_STOP, draw_i64(d));
    case 9:
        return frame_hold(b, draw_count(d));
    default:
        return frame_verdict(b, VERDICT_KILL);
    }
}

static void encode_again(struct buf *b, const struct frame *f)
{
    switch (f->type) {
    case FRAME_HELLO:
        return frame_hello(b, f->attempt, f->seq);
    case FRAME_STARTED:
        return frame_started(b, f->seq, f->time, "12:99:boot");
    case FRAME_REPORT:
        return frame_report(b, &f->report);
    case FRAME_NOTE:
        return frame_note(b, f->seq, f->time, f->text);
    case FRAME_EXITED:
        return frame_exited(b, &f->exited);
    case FRAME_SPEC:
        return frame_spec(b, &f->spec);
    case FRAME_WELCOME:
        return frame_welcome(b, f->text, f->seq, f->next_wanted);
    case FRAME_ACK:
        return frame_ack(b, f->seq);
    case FRAME_ANSWER:
        return frame_answer(b, f->seq, f->verdict, f->next_wanted);
    case FRAME_HOLD:
        return frame_hold(b, f->seq);
    case FRAME_VERDICT:
        return frame_verdict(b, f->verdict);
    default:
        fail_msg("type %d", (int)f->type);
    }
}

static void draw_init(struct draw *d, uint64_t stream)
{
    rng_init(&d->rng, 7, stream);
    arena_init(&d->arena, ARENA_MAX);
}

/* What was decoded encodes to the very same bytes, and every shorter piece asks for more. */
static void round_trips(void **state)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct draw d;
        struct buf bytes, again;
        struct frame f;
        size_t used;
        draw_init(&d, round);
        buf_init(&bytes, FRAME_MAX);
        buf_init(&again, FRAME_MAX);
        draw_frame(&d, &bytes);
        assert_ok(buf_end(&bytes, NULL));
        for (size_t n = 0; n < bytes.n; n += 1 + n / 8) {
            used = 1;
            assert_ok(frame_decode(str_sub(buf_view(&bytes), 0, n), &d.arena, &f, &used, NULL));
            assert_int_equal(used, 0);
        }
        size_t whole = bytes.n;
        buf_cstr(&bytes, "and what follows");
        assert_ok(frame_decode(buf_view(&bytes), &d.arena, &f, &used, NULL));
        assert_int_equal(used, whole);
        encode_again(&again, &f);
        assert_int_equal(again.n, whole);
        assert_memory_equal(again.p, bytes.p, whole);
        buf_free(&bytes);
        buf_free(&again);
        arena_free(&d.arena);
    }
}

static void devices_left_alone_or_none(void **state)
{
    const struct str cases[] = {{NULL, 0}, STR(""), STR("1")};
    for (size_t i = 0; i < 3; i++) {
        struct arena a;
        struct buf b;
        struct frame f;
        size_t used;
        arena_init(&a, ARENA_MAX);
        buf_init(&b, FRAME_MAX);
        frame_spec(&b, &(struct wire_spec){.devices = cases[i]});
        assert_ok(frame_decode(buf_view(&b), &a, &f, &used, NULL));
        assert_int_equal(f.spec.devices.p == NULL, i == 0);
        assert_int_equal(f.spec.devices.n, cases[i].n);
        buf_free(&b);
        arena_free(&a);
    }
}

/* A checksum of 32 bits finds every single flipped bit. */
static void every_flipped_bit_is_found(void **state)
{
    struct draw d;
    struct buf b;
    draw_init(&d, 1);
    buf_init(&b, FRAME_MAX);
    struct wire_report r = draw_report(&d);
    frame_report(&b, &r);
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        struct frame f;
        size_t used = 0;
        b.p[bit / 8] ^= (char)(1 << bit % 8);
        enum code code = frame_decode(buf_view(&b), &d.arena, &f, &used, NULL);
        assert_true(code == E_PROTOCOL || (code == OK && used == 0)); /* a longer length waits */
        b.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_free(&b);
    arena_free(&d.arena);
}

static void seal(struct buf *b)
{
    /* A frame's own encoder makes the checksum right again: note's body is replaced by ours. */
    uint32_t crc = 0xffffffff, n = (uint32_t)b->n - FRAME_HEAD;
    for (size_t i = FRAME_HEAD; i < b->n; i++) {
        crc ^= (unsigned char)b->p[i];
        for (int k = 0; k < 8; k++)
            crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
    }
    crc = ~crc;
    memcpy(b->p, &n, 4);
    memcpy(b->p + 4, &crc, 4);
}

/* Damage behind a right checksum: a broken peer, not a broken line. It must not crash, and what is
 * taken must encode again. */
static void sealed_damage_never_crashes(void **state)
{
    for (uint64_t round = 0; round < 4000; round++) {
        struct draw d;
        struct buf b;
        struct frame f;
        size_t used = 0;
        draw_init(&d, 10000 + round);
        buf_init(&b, FRAME_MAX);
        draw_frame(&d, &b);
        for (uint64_t k = 1 + rng_below(&d.rng, 3); k; k--)
            b.p[FRAME_HEAD + rng_below(&d.rng, b.n - FRAME_HEAD)] = (char)rng_below(&d.rng, 256);
        if (rng_below(&d.rng, 3) == 0)
            b.n -= (size_t)rng_below(&d.rng, b.n - FRAME_HEAD);
        seal(&b);
        enum code code = frame_decode(buf_view(&b), &d.arena, &f, &used, NULL);
        assert_true(code == OK || code == E_PROTOCOL || code == E_VERSION);
        assert_int_equal(used, code == OK ? b.n : 0);
        buf_free(&b);
        arena_free(&d.arena);
    }
}

static void random_bytes_never_crash(void **state)
{
    for (uint64_t round = 0; round < 4000; round++) {
        struct draw d;
        struct frame f;
        size_t used = 0;
        draw_init(&d, 50000 + round);
        struct str s = draw_text(&d, true);
        enum code code = frame_decode(s, &d.arena, &f, &used, NULL);
        assert_true(code == E_PROTOCOL || (code == OK && used == 0));
        arena_free(&d.arena);
    }
}

static void another_version_is_said(void **state)
{
    struct arena a;
    struct buf b;
    struct frame f;
    struct error e;
    size_t used = 0;
    arena_init(&a, ARENA_MAX);
    buf_init(&b, FRAME_MAX);
    frame_welcome(&b, STR("token"), 0, 0);
    b.p[FRAME_HEAD + 1] = 2;
    seal(&b);
    assert_int_equal(frame_decode(buf_view(&b), &a, &f, &used, &e), E_VERSION);
    assert_non_null(strstr(e.message, "version 2"));
    buf_free(&b);
    arena_free(&a);
}

static void too_large_turns_the_builder_bad(void **state)
{
    struct buf b;
    char *text = malloc(FRAME_MAX + 1);
    assert_non_null(text);
    memset(text, 'x', FRAME_MAX + 1);
    buf_init(&b, 4 * FRAME_MAX);
    frame_note(&b, 1, 1, (struct str){text, FRAME_MAX - 21});
    assert_ok(buf_end(&b, NULL)); /* exactly FRAME_MAX with type, seq, time and length */
    frame_note(&b, 1, 1, (struct str){text, FRAME_MAX - 20});
    assert_int_equal(buf_end(&b, NULL), E_LIMIT);
    buf_free(&b);
    free(text);
}

/* A spool of four events in a temporary file; its path is in `path`. */
struct spool_file {
    char path[64];
    struct buf bytes;
    size_t last; /* where the last frame starts */
};

static void spool_make(struct spool_file *s)
{
    memcpy(s->path, "/tmp/spool-XXXXXX", 18);
    buf_init(&s->bytes, FRAME_MAX);
    frame_started(&s->bytes, 1, 5, "1:2:b");
    struct wire_metric m = {STR("auc"), 0.5};
    frame_report(&s->bytes, &(struct wire_report){.seq = 2, .n = 1, .metrics = &m});
    frame_note(&s->bytes, 3, 6, STR("hello"));
    s->last = s->bytes.n;
    frame_exited(&s->bytes, &(struct wire_exited){.seq = 4, .reason = WIRE_EXIT});
    close(mkstemp(s->path));
}

static void spool_put(const struct spool_file *s, struct str bytes)
{
    int fd = open(s->path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
    close(fd);
}

static void spool_free(struct spool_file *s)
{
    unlink(s->path);
    buf_free(&s->bytes);
}

static enum code count(void *self, const struct frame *f)
{
    int64_t *n = self;
    assert_int_equal(f->seq, ++*n);
    return OK;
}

static void spool_gives_all_frames(void **state)
{
    struct spool_file s;
    int64_t n = 0;
    spool_make(&s);
    spool_put(&s, buf_view(&s.bytes));
    assert_ok(spool_read(s.path, count, &n, NULL));
    assert_int_equal(n, 4);
    n = 0;
    unlink(s.path);
    assert_int_equal(spool_read(s.path, count, &n, NULL), E_NOT_FOUND);
    spool_free(&s);
}

static void spool_passes_over_a_torn_end(void **state)
{
    struct spool_file s;
    spool_make(&s);
    for (size_t size = s.last; size < s.bytes.n; size++) {
        int64_t n = 0;
        spool_put(&s, str_sub(buf_view(&s.bytes), 0, size));
        assert_ok(spool_read(s.path, count, &n, NULL));
        assert_int_equal(n, 3);
    }
    int64_t n = 0; /* after a loss of power: a size without bytes */
    memset(s.bytes.p + s.last, 0, s.bytes.n - s.last);
    spool_put(&s, buf_view(&s.bytes));
    assert_ok(spool_read(s.path, count, &n, NULL));
    assert_int_equal(n, 3);
    spool_free(&s);
}

static void spool_says_where_it_is_damaged(void **state)
{
    struct spool_file s;
    struct error e;
    int64_t n = 0;
    spool_make(&s);
    s.bytes.p[s.last - 1] ^= 1;
    spool_put(&s, buf_view(&s.bytes));
    assert_int_equal(spool_read(s.path, count, &n, &e), E_CORRUPT);
    assert_non_null(strstr(e.message, s.path));
    assert_int_equal(n, 2);
    s.bytes.p[s.last - 1] ^= 1;
    buf_cut_front(&s.bytes, FRAME_HEAD + 1 + 8 + 8 + 4 + 5); /* starts at seq 2 */
    spool_put(&s, buf_view(&s.bytes));
    n = 0;
    assert_int_equal(spool_read(s.path, count, &n, &e), E_CORRUPT);
    assert_int_equal(n, 0);
    spool_free(&s);
}

static enum code refuse(void *self, const struct frame *f)
{
    return f->seq == 3 ? E_INTERRUPTED : count(self, f);
}

static void spool_stops_when_told(void **state)
{
    struct spool_file s;
    int64_t n = 0;
    spool_make(&s);
    spool_put(&s, buf_view(&s.bytes));
    assert_int_equal(spool_read(s.path, refuse, &n, NULL), E_INTERRUPTED);
    assert_int_equal(n, 2);
    spool_free(&s);
}

/* More than one window of it. */
static void spool_of_megabytes(void **state)
{
    struct spool_file s;
    struct buf b;
    int64_t n = 0;
    spool_make(&s);
    buf_init(&b, 16u << 20);
    for (int64_t seq = 1; b.n < 3u << 20; seq++)
        frame_note(&b, seq, 0, (struct str){s.bytes.p, (size_t)seq % s.bytes.n});
    spool_put(&s, buf_view(&b));
    assert_ok(spool_read(s.path, count, &n, NULL));
    assert_true(n > 10000);
    buf_free(&b);
    spool_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(devices_left_alone_or_none),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(sealed_damage_never_crashes),
        cmocka_unit_test(random_bytes_never_crash),
        cmocka_unit_test(another_version_is_said),
        cmocka_unit_test(too_large_turns_the_builder_bad),
        cmocka_unit_test(spool_gives_all_frames),
        cmocka_unit_test(spool_passes_over_a_torn_end),
        cmocka_unit_test(spool_says_where_it_is_damaged),
        cmocka_unit_test(spool_stops_when_told),
        cmocka_unit_test(spool_of_megabytes),
    };
    return RUN_TESTS(tests);
}
