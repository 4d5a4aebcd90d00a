#include "base/number.h"
#include "base/rng.h"
#include "testing.h"
#include "wire/scan.h"

#include <stdio.h>

/* What was found, as text: "3 auc=0.81 loss=nan; 4 auc=0.9" */
static void write_found(void *self, const struct scan_report *r)
{
    struct buf *b = self;
    buf_cstr(b, b->n ? "; " : "");
    buf_fmt(b, "%lld", (long long)r->step);
    for (uint32_t i = 0; i < r->n; i++) {
        buf_fmt(b, " %.*s=", STR_FMT(r->metrics[i].name));
        number_write(b, r->metrics[i].value);
    }
}

static struct scan *scanner(const char *names, const char *pattern)
{
    struct str v[16], rest = str_of(names);
    size_t n = 0;
    struct scan *s = NULL;
    while (rest.n)
        v[n++] = str_cut(&rest, ',');
    assert_ok(scan_new(&s, v, n, str_of(pattern), 0, NULL));
    return s;
}

/* Feeds `text` in pieces of `size` bytes and compares what comes out. */
static void check(const char *names, const char *pattern, struct str text, size_t size,
                  const char *want)
{
    struct scan *s = scanner(names, pattern);
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t at = 0; at < text.n; at += size)
        assert_ok(scan_feed(s, 0, str_sub(text, at, size), write_found, &b));
    assert_ok(scan_end(s, write_found, &b));
    if (!str_is(buf_view(&b), want))
        fail_msg("%.*s\n  fed by %zu gave \"%s\", not \"%s\"", STR_FMT(text), size, b.p ? b.p : "",
                 want);
    buf_free(&b);
    scan_free(s);
}

struct example {
    const char *text, *want;
};

/* names: auc, loss, eval_loss, val_loss, top-1, "mAP@0.5" */
static const struct example examples[] = {
    /* the plain forms */
    {"auc=0.81\n", "1 auc=0.81"},
    {"auc: 0.81\n", "1 auc=0.81"},
    {"auc : 8.1e-1\n", "1 auc=0.81"},
    {"auc = 0.81, loss = 1e-4\n", "1 auc=0.81 loss=0.0001"},
    {"step=3 auc=0.81\n", "3 auc=0.81"},
    {"auc=0.81 step=3\n", "3 auc=0.81"},
    {"auc=0.81", "1 auc=0.81"},
    {"auc=0.81\r\n", "1 auc=0.81"},
    {"auc=+.5 loss=-2.\n", "1 auc=0.5 loss=-2"},
    {"top-1: 71.3%  mAP@0.5: 0.44\n", "1 top-1=71.3 mAP@0.5=0.44"},
    {"loss: nan\nloss=NaN\nloss=inf\nloss: -Infinity\n",
     "1 loss=nan; 2 loss=nan; 3 loss=inf; 4 loss=-inf"},
    {"loss=3 loss=4\n", "1 loss=4"},
    /* no part of a longer word, no number that is none */
    {"my_auc=0.81\nauc2=0.81\nval/auc=0.3\nx.auc: 1\n-auc=2\nauc_=3\n", ""},
    {"loss: nano\nauc: 3m\nauc=1.2.3\nauc: 12:30:05\nauc=0,81\nauc: 2024-01-02\nauc: 3/10\n", ""},
    {"auc 0.81\nauc -> 0.81\nauc: high\nauc:\n=0.81\n: 3\n", ""},
    {"val_loss=0.5\n", "1 val_loss=0.5"},
    {"(loss=0.5)[auc=0.6]|eval_loss=0.7|\n", "1 auc=0.6 loss=0.5 eval_loss=0.7"},
    {"loss=0.5-auc=0.25\n", "1 loss=0.5"},
    /* dictionaries, as Hugging Face and others print them */
    {"{'eval_loss': 0.43, 'epoch': 1.0}\n", "1 eval_loss=0.43"},
    {"{'eval_loss': '0.43', 'epoch': '2'}\n", "2 eval_loss=0.43"},
    {"{'loss': 0.9, 'grad_norm': 1.5, 'epoch': 0.5}\n{'loss': 0.7, 'epoch': 2.99}\n",
     "0 loss=0.9; 3 loss=0.7"},
    {"{\"auc\": 0.81, \"step\": 12}\n", "12 auc=0.81"},
    {"{'loss': np.float64(0.43), 'auc': tensor(0.5, device='cuda:0')}\n", "1 auc=0.5 loss=0.43"},
    {"{'train loss': 0.4}\n{'loss ': 3}\n", ""},
    {"it's 'loss': 2\n", "1 loss=2"},
    /* steps */
    {"Epoch 3/10\nauc=0.5\nauc=0.6\nEpoch 4/10\nauc=0.7\n", "3 auc=0.5; 3 auc=0.6; 4 auc=0.7"},
    {"Epoch [3/10], Step [200/938], auc: 0.5\n", "200 auc=0.5"},
    {"Epoch: [7][ 10/5005] auc: 0.5\n", "7 auc=0.5"},
    {"EPOCH #4 auc=0.5\niteration 00012 | auc=0.6\niter: 13 auc=0.7\n",
     "4 auc=0.5; 12 auc=0.6; 13 auc=0.7"},
    {"epochs: 10 auc=0.5\nstepsize=3 auc=0.6\nglobal_step=7 auc=0.7\n",
     "1 auc=0.5; 2 auc=0.6; 3 auc=0.7"},
    {"auc=0.5\nloss=1\nauc=0.6\nloss=2\n", "1 auc=0.5; 1 loss=1; 2 auc=0.6; 2 loss=2"},
    {"step 5 auc=1\nstep 3 auc=2\n", "5 auc=1; 3 auc=2"},
    {"step=-3 auc=1\nepoch=nan auc=2\n", "1 auc=1; 2 auc=2"},
    {"step=99999999999999999999 auc=1\n", "1 auc=1"},
    /* Keras */
    {"Epoch 1/5\n938/938 - 2s - loss: 0.5 - accuracy: 0.8 - val_loss: 4.3e-01 - 2s/epoch\n",
     "1 loss=0.5 val_loss=0.43"},
    {"Epoch 2/5\n\r\033[1m 1/938\033[0m \033[37m----\033[0m loss: 2.3"
     "\b\b\b\b\r\033[1m938/938\033[0m loss: 0.5\r\033[1m938/938\033[0m loss: 0.4 - val_loss: 0.3\n",
     "2 loss=0.4 val_loss=0.3"},
    /* progress bars: of the states of one line the last counts */
    {"\rEpoch 1:  50%|#####     | 1/2 [00:00<00:01, loss=0.9]\rEpoch 1: 100%|####| 2/2 "
     "[00:01<00:00, "
     "loss=0.8]\n\rEpoch 2:  50%|#####     | 1/2 [00:00<00:01, loss=0.7]",
     "1 loss=0.8; 2 loss=0.7"},
    {"\r 33%|###       | 1/3 [00:00<?, auc=0.5]\r 33%|###       | 1/3 [00:01<?, auc=0.6]"
     "\r 67%|######    | 2/3 [00:02<?, auc=0.7]\r100%|##########| 3/3 [00:03<?, auc=0.8]\n",
     "1 auc=0.6; 2 auc=0.7; 3 auc=0.8"},
    {"epoch=1 auc=0.5\repoch=2 auc=0.6\r", "1 auc=0.5; 2 auc=0.6"},
    {"epoch=1 loss=0.5\repoch=1 auc=0.6\r\n", "1 loss=0.5; 1 auc=0.6"},
    {"epoch=1 loss=0.5\r   \repoch=2\r", "1 loss=0.5"},
    /* ANSI */
    {"\033[1;32mauc\033[0m: \033[31m0.81\033[0m\n", "1 auc=0.81"},
    {"\033]0;title: auc=9\aauc=0.5\n\033]8;;http://x\033\\auc=0.6\033(B\n", "1 auc=0.5; 2 auc=0.6"},
    {"\033]never ends\nauc=0.5\n\033[\nauc=0.6\n", "1 auc=0.5; 2 auc=0.6"},
};

static void table(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 64, 100000};
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
            check("auc,loss,eval_loss,val_loss,top-1,mAP@0.5", "", str_of(examples[i].text),
                  sizes[k], examples[i].want);
}

static void patterns(void **state)
{
    static const char *const at_step = "{name} is {value} at {step}";
    check("auc,loss", at_step, STR("auc is 0.5 at 3\n  loss   is\t1e-3 at 4 and auc is 2 at 4\n"),
          5, "3 auc=0.5; 4 auc=2 loss=0.001");
    check("auc", at_step, STR("auc is high at 3\nxauc is 1 at 2\nauc=3\nauc is 1 at x\n"), 5, "");
    check("auc", "score {value}", STR("Epoch 2\nscore 0.5\nthe score 0.6.\n"), 5,
          "2 auc=0.5; 2 auc=0.6");
    check("auc", "[{step}] {name} -> {value}", STR("[7] auc -> 0.5\n"), 1, "7 auc=0.5");
    check("auc,auc2", "{name}={value}", STR("auc2=1\nauc=2\n"), 1, "1 auc2=1; 1 auc=2");
}

static void wrong_patterns(void **state)
{
    static const char *const wrong[] = {"{name}", "{value}{value}", "{name}{name}{value}",
                                        "{step} {step} {value}"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct scan *s = NULL;
        struct error e;
        assert_int_equal(scan_new(&s, &STR("auc"), 1, str_of(wrong[i]), 0, &e), E_INVALID);
        assert_non_null(strstr(e.message, "{value}"));
        assert_null(s);
    }
}

static void wrong_names(void **state)
{
    char long_name[METRIC_NAME_MAX + 1] = {0};
    memset(long_name, 'x', sizeof(long_name));
    struct str names[] = {{long_name, sizeof(long_name)}, {"", 0}};
    struct scan *s = NULL;
    assert_int_equal(scan_new(&s, &names[0], 1, STR(""), 0, NULL), E_LIMIT);
    assert_int_equal(scan_new(&s, &names[1], 1, STR(""), 0, NULL), E_LIMIT);
    assert_int_equal(scan_new(&s, names, REPORT_METRICS_MAX + 1, STR(""), 0, NULL), E_LIMIT);
}

static void counting_starts_where_told(void **state)
{
    struct scan *s = NULL;
    struct buf b;
    buf_init(&b, 1000);
    assert_ok(scan_new(&s, &STR("auc"), 1, STR(""), 9, NULL));
    assert_ok(scan_feed(s, 0, STR("auc=1\nauc=2\n"), write_found, &b));
    assert_true(str_is(buf_view(&b), "10 auc=1; 11 auc=2"));
    buf_free(&b);
    scan_free(s);
}

/* A line of one stream is not mixed with one of the other; the last step is shared. */
static void two_streams(void **state)
{
    struct scan *s = scanner("auc", "");
    struct buf b;
    buf_init(&b, 1000);
    assert_ok(scan_feed(s, 0, STR("epoch 3 au"), write_found, &b));
    assert_ok(scan_feed(s, 1, STR("c=7\n"), write_found, &b));
    assert_ok(scan_feed(s, 0, STR("c=0.5\n"), write_found, &b));
    assert_ok(scan_feed(s, 1, STR("auc=0.6\n"), write_found, &b));
    assert_true(str_is(buf_view(&b), "3 auc=0.5; 3 auc=0.6"));
    buf_free(&b);
    scan_free(s);
}

static void names_what_it_saw(void **state)
{
    struct scan *s = scanner("auc", "");
    struct buf b;
    buf_init(&b, 1000);
    assert_ok(scan_feed(s, 0,
                        STR("epoch: 3 val_auc=0.5 'train loss': 3 val_auc=0.6 3=4 a=1 b=1 c=1 d=1 "
                            "e=1 f=1 g=1 h=1 i=1 j=1\n"),
                        write_found, &b));
    assert_int_equal(b.n, 0);
    scan_seen(s, &b);
    assert_string_equal(b.p, "val_auc, train loss, a, b, c, d, e, f, g, h");
    buf_free(&b);
    scan_free(s);
}

/* A megabyte without a line end, metrics in it: found in pieces, none lost or doubled. */
static void long_lines(void **state)
{
    struct scan *s = scanner("auc", "");
    struct buf text, b;
    buf_init(&text, 4 << 20);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 100; i++) {
        buf_repeat(&text, i % 2 ? 'x' : '\0', 9973);
        buf_fmt(&text, " step = %d auc : %d ,", i, i);
    }
    for (size_t at = 0; at < text.n; at += 65536)
        assert_ok(scan_feed(s, 0, str_sub(buf_view(&text), at, 65536), write_found, &b));
    assert_ok(scan_end(s, write_found, &b));
    int64_t last = -1;
    for (struct str rest = buf_view(&b); rest.n;) {
        struct str one = str_cut(&rest, ';'), step = str_trim(str_cut(&one, '='));
        int64_t value;
        assert_true(number_parse_i64(one, &value));
        assert_true(value > last); /* the pieces of one line: later values of a piece win */
        assert_true(str_ends(step, " auc"));
        last = value;
    }
    assert_int_equal(last, 99);
    buf_free(&text);
    buf_free(&b);
    scan_free(s);
}

/* However the bytes are cut, the same comes out; random bytes from what matters to the scanner. */
static void cuts_do_not_matter(void **state)
{
    static const char alphabet[] = "auc=: 0.1e-3\n\r\033[m]\a'\"step poch/|%,{}x_\0";
    for (uint64_t round = 0; round < 300; round++) {
        struct rng rng;
        char text[400];
        struct buf whole;
        rng_init(&rng, 11, round);
        for (size_t i = 0; i < sizeof(text); i++) {
            text[i] = alphabet[rng_below(&rng, sizeof(alphabet))];
            if (rng_below(&rng, 12) == 0 && i + 6 < sizeof(text)) {
                memcpy(text + i, "auc=0.5", 6);
                i += 5;
            }
        }
        struct scan *s = scanner("auc,a", "");
        buf_init(&whole, 1 << 20);
        assert_ok(scan_feed(s, 0, (struct str){text, sizeof(text)}, write_found, &whole));
        assert_ok(scan_end(s, write_found, &whole));
        scan_free(s);
        check("auc,a", "", (struct str){text, sizeof(text)}, 1 + (size_t)rng_below(&rng, 20),
              whole.n ? whole.p : "");
        buf_free(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(patterns),
        cmocka_unit_test(wrong_patterns),
        cmocka_unit_test(wrong_names),
        cmocka_unit_test(counting_starts_where_told),
        cmocka_unit_test(two_streams),
        cmocka_unit_test(names_what_it_saw),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(cuts_do_not_matter),
    };
    return RUN_TESTS(tests);
}
