/* Journals that were tampered with: what can't be is refused, and changes nothing; what can be but
 * was not decided so is noticed by recomputing. */
#include "conformance.h"
#include "desk.h"
#include "thinking.h"

#include <math.h>

struct change {
    size_t entry;
    const char *from, *to;
};

static void refused(const struct desk *d, const struct change *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct error e = {.code = OK};
        for (int recompute = 0; recompute < 2; recompute++) {
            enum code code =
                desk_tamper(d, table[i].entry, table[i].from, table[i].to, recompute, &e);
            if (code != E_CORRUPT)
                fail_msg("row %zu (%s for %s): %s", i, table[i].to, table[i].from, code_name(code));
            assert_true(strlen(e.message) > 10);
        }
    }
}

static void noticed(const struct desk *d, const struct change *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct error e = {.code = OK};
        enum code code = desk_tamper(d, table[i].entry, table[i].from, table[i].to, false, &e);
        if (code != OK)
            fail_msg("row %zu (%s for %s): %s", i, table[i].to, table[i].from, e.message);
        code = desk_tamper(d, table[i].entry, table[i].from, table[i].to, true, &e);
        if (code != E_CORRUPT)
            fail_msg("row %zu (%s for %s) recomputes: %s", i, table[i].to, table[i].from,
                     code_name(code));
    }
}

#define REFUSED(d, table) refused(d, table, sizeof(table) / sizeof((table)[0]))
#define NOTICED(d, table) noticed(d, table, sizeof(table) / sizeof((table)[0]))

/* Seven entries: begin, the baseline, a trial, a report that continues, one that stops, an exit,
 * another trial. */
static struct value half;
static struct config baseline;

static void open_plain(struct desk *d)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct space *space = make_space(rows, NULL);
    struct searcher_settings settings = make_settings(space, "random + asha", 10, 1, 27);
    half = value_real(0.5);
    baseline = (struct config){space, &half};
    settings.baseline = &baseline;
    desk_open(d, space, &settings);
    (void)desk_ask(d);
    (void)desk_ask(d);
    assert_int_equal(desk_report(d, 1, 1, 1), DECISION_CONTINUE);
    assert_int_equal(desk_report(d, 2, 1, 2), DECISION_STOP);
    desk_exit(d, 2, OUTCOME_STOPPED, 2);
    (void)desk_ask(d);
}

static const struct change impossible[] = {
    {0, "\"engine\":1", "\"engine\":0"},
    {0, "\"engine\":1,", ""},
    {0, "eta=3", "eta=4"},
    {0, "\"seed\":7", "\"seed\":8"},
    {0, "minimize", "maximize"},
    {0, "minimize", "win"},
    {0, "vary", "same"},
    {0, "\"replicates\":1", "\"replicates\":2"},
    {0, "{", ""},
    {1, "\"baseline\":true", "\"baseline\":false"},
    {1, "0.5", "0.25"},
    {1, "0.5", "7.5"},
    {2, "\"baseline\":false", "\"baseline\":true"},
    {2, "\"baseline\":false", "\"baseline\":0"},
    {2, "\"steps\":27", "\"steps\":28"},
    {2, "\"steps\":27", "\"steps\":0"},
    {2, "\"index\":[0,1]", "\"index\":[1,2]"},
    {2, "\"index\":[0,1]", "\"index\":[0,0]"},
    {2, "\"index\":[0,1]", "\"index\":[0]"},
    {2, "\"index\":[0,1]", "\"index\":[0,-1]"},
    {2, "\"seen\":2", "\"seen\":3"},
    {2, "\"seen\":2", "\"seen\":1"}, /* before the last ask */
    {2, "\"seed\":", "\"seed\":99999999999"},
    {2, "\"seed\":", "\"seed\":-"},
    {2, "\"x\":", "\"y\":"},
    {2, "\"x\":", "\"x\":3"},
    {2, "{\"x\":", "{\"z\":1,\"x\":"},
    {2, "{\"params\":", "{\"params\":[],\"other\":"},
    {2, ",\"seen\":2", ",\"seen\":2,\"seen\":2"},
    {3, "\"step\":1", "\"step\":-1"},
    {3, "\"step\":1", "\"step\":1.5"},
    {3, "\"value\":1.0", "\"value\":\"1.0\""},
    {3, "\"value\":1.0", "\"value\":null"},
    {3, "continue", "stop"}, /* a baseline */
    {3, "continue", "stay"},
    {4, "\"step\":1", "\"step\":99999999999999999999"},
    {5, "stopped", "finished"},
    {5, "\"step\":1", "\"step\":-5"},
    {5, "}", ""},
    {6, "\"index\":[1,2]", "\"index\":[1,1]"},
};

/* What is possible in itself, but not what this search decides. */
static const struct change undecided[] = {
    {2, "\"x\":0.", "\"x\":0.1"},
    {2, "\"seed\":1", "\"seed\":"},
    {2, "\"steps\":27", "\"steps\":9"},
    {2, "\"index\":[0,1]", "\"index\":[0,2]"},
    {6, "\"seen\":6", "\"seen\":5"}, /* nothing is prepared of a sampler that takes no time */
    {4, "stop", "continue"},
    {4, "\"value\":2.0", "\"value\":0.5"},
};

static void tampering_is_noticed(void **state)
{
    struct desk d;
    struct error e;
    open_plain(&d);
    REFUSED(&d, impossible);
    NOTICED(&d, undecided);
    expect_code(desk_tamper(&d, 0, "\"engine\":1", "\"engine\":2", false, &e), E_VERSION, &e);
    desk_close(&d);
}

static void entries_out_of_order_are_noticed(void **state)
{
    struct desk d;
    open_plain(&d);
    for (size_t i = 0; i < d.n; i++)
        for (size_t k = 0; k < d.n; k++) {
            struct searcher *s = make_searcher(&d.settings);
            for (size_t j = 0; j < i; j++)
                assert_ok(searcher_apply(s, &d.v[j], NULL));
            struct error e = {.code = OK};
            struct entry entry = d.v[k];
            expect_code(searcher_apply(s, &entry, &e), k == i ? OK : E_CORRUPT, &e);
            if (k != i && i > 0) {
                entry = d.v[i];
                entry.seq = (int64_t)i + 1;
                entry.trial = 77;
                expect_code(searcher_apply(s, &entry, &e), E_CORRUPT, &e);
            }
            searcher_free(s);
        }
    desk_close(&d);
}

/* Ten entries, of two objectives, two requirements, two first points, evidence, and a sampler that
 * has parts and fits: begin, evidence, evidence, first point, first point, exit, a trial, exit,
 * reopened, a trial. */
static struct value points[2];
static struct config first[2];

static void open_rich(struct desk *d)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct space *space = make_space(rows, NULL);
    struct searcher_settings settings = make_settings(space, "random", 10, 0, 0);
    struct result result = {.values = {1.5, (double)INFINITY}, .excess = {-0.25, (double)NAN}};
    for (int i = 0; i < 2; i++) {
        points[i] = value_real(0.25 + 0.5 * i);
        first[i] = (struct config){space, &points[i]};
    }
    method_set_sampler(&settings.method, &sampler_thinking);
    settings.n_objectives = settings.n_requirements = settings.n_first = 2;
    settings.minimize[1] = false;
    settings.first = first;
    settings.seeds = SEEDS_REPLICATES;
    settings.replicates = 1;
    desk_open(d, space, &settings);
    desk_evidence(d, &first[0], OUTCOME_COMPLETED, &result);
    desk_evidence(d, &first[1], OUTCOME_FAILED, &result);
    (void)desk_ask(d);
    (void)desk_ask(d);
    desk_exit_result(d, 2, OUTCOME_COMPLETED, &result);
    (void)desk_ask(d);
    desk_exit_result(d, 1, OUTCOME_STOPPED, &result);
    desk_reopen(d, 1);
    (void)desk_ask(d);
    assert_int_equal(d->n, 10);
}

static void says(const struct desk *d, size_t i, const char *text)
{
    if (d->v[i].data.n != strlen(text) || memcmp(d->v[i].data.p, text, strlen(text)) != 0)
        fail_msg("entry %zu is %s\nnot %s", i, d->v[i].data.p, text);
}

static void has(const struct desk *d, size_t i, const char *text)
{
    if (!memmem(d->v[i].data.p, d->v[i].data.n, text, strlen(text)))
        fail_msg("entry %zu is %s\nwithout %s", i, d->v[i].data.p, text);
}

static void rich_entries_have_their_form(void **state)
{
    struct desk d;
    open_rich(&d);
    says(&d, 0,
         "{\"engine\":1,\"method\":\"thinking + full\",\"why\":\"random was asked for; a sampler "
         "alone runs every trial to its end\",\"seed\":7,\"goal\":\"minimize\","
         "\"goals\":[\"minimize\",\"maximize\"],\"requirements\":2,\"seeds\":\"replicates\","
         "\"replicates\":1,\"trials\":10}");
    says(&d, 1,
         "{\"event\":\"evidence\",\"params\":{\"x\":0.25},\"outcome\":\"completed\",\"step\":1,"
         "\"value\":1.5,\"values\":[1.5,\"inf\"],\"excess\":[-0.25,\"nan\"]}");
    has(&d, 3, "{\"params\":{\"x\":0.25},");
    has(&d, 3, "\"steps\":0,\"baseline\":false,\"index\":[0,0],\"seen\":3,\"first\":0}");
    has(&d, 4, "\"index\":[0,0],\"seen\":4,\"first\":1}");
    says(&d, 5,
         "{\"outcome\":\"completed\",\"step\":1,\"value\":1.5,\"values\":[1.5,\"inf\"],"
         "\"excess\":[-0.25,\"nan\"]}");
    has(&d, 6, "\"index\":[0,1],\"seen\":6,\"by\":\"");
    has(&d, 6, ",\"fitted\":[");
    says(&d, 8, "{\"event\":\"reopened\"}");
    desk_close(&d);
}

static const struct change impossible_rich[] = {
    {0, "[\"minimize\",\"maximize\"]", "[\"minimize\",\"minimize\"]"},
    {0, "[\"minimize\",\"maximize\"]", "[\"minimize\"]"},
    {0, "[\"minimize\",\"maximize\"]", "[\"minimize\",\"maximize\",\"minimize\"]"},
    {0, "[\"minimize\",\"maximize\"]", "[\"minimize\",\"win\"]"},
    {0, "[\"minimize\",\"maximize\"]", "{}"},
    {0, "\"goals\":[\"minimize\",\"maximize\"],", ""},
    {0, "\"requirements\":2", "\"requirements\":1"},
    {0, "\"requirements\":2", "\"requirements\":17"},
    {0, "\"requirements\":2,", ""},
    {1, "\"x\":0.25", "\"x\":1.25"},
    {1, "\"x\":0.25", ""},
    {1, "completed", "won"},
    {1, "\"step\":1", "\"step\":-2"},
    {1, "[1.5,\"inf\"]", "[1.5]"},
    {1, "[1.5,\"inf\"]", "[1.5,2,3]"},
    {1, "[1.5,\"inf\"]", "[1.5,null]"},
    {1, "\"values\":[1.5,\"inf\"],", ""},
    {1, "[-0.25,\"nan\"]", "[-0.25]"},
    {1, ",\"excess\":[-0.25,\"nan\"]", ""},
    {1, "\"params\":", "\"parts\":"},
    {3, "\"first\":0", "\"first\":1"}, /* another point */
    {3, "\"first\":0", "\"first\":2"},
    {3, "\"first\":0", "\"first\":-1"},
    {3, "\"first\":0", "\"first\":0.5"},
    {3, "\"first\":0", "\"first\":1000"},
    {3, "\"index\":[0,0]", "\"index\":[0,1]"},
    {3, "\"x\":0.25", "\"x\":0.5"},
    {3, ",\"first\":0", ""},         /* then it would be a replicate */
    {3, "\"seen\":3", "\"seen\":2"}, /* without the evidence */
    {4, "\"first\":1", "\"first\":0"},
    {5, "[1.5,\"inf\"]", "[1.5,true]"},
    {5, "[-0.25,\"nan\"]", "[-0.25,\"none\"]"},
    {6, "\"seen\":6", "\"seen\":4"}, /* without the last ask */
    {6, "\"fitted\":[", "\"fitted\":[\"nan\","},
    {6, "\"fitted\":[", "\"fitted\":[\"1\","},
    {6, "\"fitted\":[", "\"fitted\":[[],"},
    {6, "\"fitted\":[", "\"fitted\":[],\"more\":["},
    {6, "\"fitted\":", "\"fitted\":7,\"more\":"},
    {6, "\"index\":[0,1]", "\"index\":[0,1],\"first\":1"},
    {9, "\"seen\":9", "\"seen\":8"}, /* without the second life */
};

static const struct change undecided_rich[] = {
    {6, "\"fitted\":[", "\"fitted\":[0.5,"},
    {6, "\"fitted\":", "\"unfitted\":"},
    {6, "\"by\":\"", "\"by\":\"a "}, /* a part that this sampler does not have */
    {6, "\"seen\":6", "\"seen\":5"}, /* possible: it may have been prepared; but it isn't this */
};

static void tampering_with_rich_entries_is_noticed(void **state)
{
    struct desk d;
    open_rich(&d);
    REFUSED(&d, impossible_rich);
    NOTICED(&d, undecided_rich);
    desk_close(&d);
}

/* Evidence comes before any trial, and a point is tried once. */
static void what_comes_too_late_is_refused(void **state)
{
    struct desk d;
    struct error e = {.code = OK};
    struct entry entry;
    struct result result = {.values = {1, 2}};
    open_rich(&d);
    expect_code(
        searcher_evidence(d.s, &d.arena, &first[0], OUTCOME_COMPLETED, 1, &result, &entry, &e),
        E_STATE, &e);
    struct entry late = d.v[1];
    late.seq = (int64_t)d.n + 1;
    expect_code(searcher_apply(d.s, &late, &e), E_CORRUPT, &e);
    late = d.v[3];
    late.seq = (int64_t)d.n + 1;
    late.trial = 5;
    expect_code(searcher_apply(d.s, &late, &e), E_CORRUPT, &e);
    assert_int_equal(searcher_last_seq(d.s), d.n);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tampering_is_noticed),
        cmocka_unit_test(entries_out_of_order_are_noticed),
        cmocka_unit_test(rich_entries_have_their_form),
        cmocka_unit_test(tampering_with_rich_entries_is_noticed),
        cmocka_unit_test(what_comes_too_late_is_refused),
    };
    return RUN_TESTS(tests);
}
