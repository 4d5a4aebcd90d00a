/*
 * Files that are right, and what they become; limits; reloading.
 */
#include "conf/loading.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define MINIMAL                                                                             \
    "space: s\ncommand: ./train ${args}\nmetric: loss\ngoal: minimize\nparameters:\n  lr: " \
    "uniform(0, 1)\n"

/* As the manual shows it. */
static const char example[] =
    "space: flights                    # evidence from every search is pooled\n"
    "command: python3 train.py ${args}\n"
    "metric: val_auc                   # long form {name: val_auc, take: best}\n"
    "goal: maximize                    # or minimize\n"
    "parameters:\n"
    "  model: choice(linear, mlp, gbdt)\n"
    "  lr: loguniform(1e-4, 1)\n"
    "  depth:                          # the long form takes the same prior\n"
    "    prior: int(2, 12)\n"
    "    when: model == \"gbdt\"\n"
    "    default: 6\n"
    "  hidden: {prior: \"logint(16, 512)\", when: 'model == \"mlp\"'}\n"
    "  weather: flag()                 # a new input feature, on or off\n"
    "  features: {prior: \"subset(hour, carrier, distance, min=1)\", default: [hour]}\n"
    "  batch_size: 256                 # a plain value is fixed\n"
    "constraints:\n"
    "  - hidden * batch_size <= 65536\n"
    "baseline: {model: linear, lr: 0.1, weather: false}\n"
    "search:\n"
    "  method: auto\n"
    "  trials: 60                      # any of trials, time, steps, cost\n"
    "  time: 24h\n"
    "  budget: {min: 1, max: 27}\n"
    "  parallel: 2                     # default: as many as the slots hold\n"
    "  seed: 7\n"
    "resources: {cpus: 1, gpus: 0, memory: 2GiB, time: 30m, silence: 20m}\n"
    "retries: 2\n";

static void takes_the_example_of_the_manual(void **state)
{
    struct settings *s = load_right(example, NULL);
    assert_str(s->space_name, "flights");
    assert_str(s->measures[0].name, "val_auc");
    assert_int_equal(s->measures[0].take, TAKE_LAST);
    assert_false(s->minimize[0]);
    assert_int_equal(s->n_names, 1);
    assert_str(s->names[0], "val_auc");
    assert_int_equal(s->space->n_params, 7);
    assert_int_equal(s->space->n_constraints, 1);
    assert_true(s->has_baseline);
    assert_true(s->method.is_auto);
    assert_int_equal(s->effort.trials, 60);
    assert_int_equal(s->time_ns, 24 * 3600 * NS_PER_S);
    assert_true(s->effort.has_steps);
    assert_int_equal(s->effort.min_steps, 1);
    assert_int_equal(s->effort.max_steps, 27);
    assert_int_equal(s->effort.parallel, 2);
    assert_true(s->has_seed);
    assert_int_equal(s->seed, 7);
    assert_int_equal(s->cpus, 1);
    assert_int_equal(s->gpus, 0);
    assert_int_equal(s->memory, 2LL << 30);
    assert_int_equal(s->attempt_time_ns, 30 * 60 * NS_PER_S);
    assert_int_equal(s->silence_ns, 20 * 60 * NS_PER_S);
    assert_int_equal(s->retries, 2);
    assert_command(s,
                   "{\"model\": \"gbdt\", \"lr\": 0.1, \"depth\": 6, \"weather\": true, "
                   "\"features\": [\"hour\", \"carrier\"], \"batch_size\": 256}",
                   "python3 train.py --model=gbdt --lr=0.1 --depth=6 --weather "
                   "--features=hour,carrier --batch_size=256");
    settings_free(s);
}

static void fills_in_what_is_left_out(void **state)
{
    struct settings *s = load_right(MINIMAL, NULL);
    assert_false(s->has_baseline);
    assert_false(s->has_seed);
    assert_true(s->method.is_auto);
    assert_int_equal(s->effort.trials, 0);
    assert_false(s->effort.has_steps);
    assert_int_equal(s->effort.parallel, 0);
    assert_int_equal(s->time_ns, 0);
    assert_int_equal(s->steps_total, 0);
    assert_int_equal(s->seeds, SEEDS_VARY);
    assert_false(s->fixed_order);
    assert_int_equal(s->cpus, 1);
    assert_int_equal(s->memory, 0);
    assert_int_equal(s->silence_ns, 0);
    assert_int_equal(s->grace_ns, 10 * NS_PER_S);
    assert_int_equal(s->retries, 2);
    assert_int_equal(s->n_env, 0);
    assert_int_equal(s->config_to.n, 0);
    assert_int_equal(s->pattern.n, 0);
    assert_int_equal(s->durability, DURABLE_DEFAULT);
    assert_str(s->overrides, "{\"set\":[]}");
    assert_str(s->source, MINIMAL);
    assert_str(s->file, "trawl.yaml");
    settings_free(s);
}

/* A parameter that says how long a trial trains stands on the command line once. */
static void takes_steps_as_a_parameter(void **state)
{
    struct settings *s = load_right("space: s\ncommand: ./train ${args} --until=${steps}\n"
                                    "metric: loss\ngoal: minimize\n"
                                    "parameters: {lr: \"uniform(0, 1)\", steps: \"int(3, 9)\"}\n"
                                    "search: {steps: 500, method: random + median}\n",
                                    NULL);
    assert_true(s->effort.has_steps && s->effort.own_steps);
    assert_int_equal(s->effort.min_steps, 3);
    assert_int_equal(s->effort.max_steps, 9);
    assert_near(s->effort.mean_steps, 6, 0.01);
    assert_int_equal(s->steps_total, 500);
    assert_command(s, "{\"lr\": 0.1, \"steps\": 7}", "./train --lr=0.1 --until=7");
    settings_free(s);
    const char *const argv[] = {"./train", "--lr=~uniform(0, 1)", "--steps=~ordinal(3, 27)", NULL};
    const char *const set[] = {"metric", "loss", "goal", "minimize", NULL};
    struct buf b;
    s = inline_right(argv, set);
    assert_true(s->effort.own_steps);
    assert_command(s, "{\"lr\": 0.1, \"steps\": 27}", "./train --lr=0.1 --steps=27");
    buf_init(&b, 1 << 20);
    check_space_text(s, &b);
    assert_non_null(
        strstr(b.p, "\nsteps is how long a trial trains: 3 to 27 steps, 15 on average"));
    buf_free(&b);
    settings_free(s);
}

/* Below another name, or with dots, it is a parameter like any other. */
static void other_steps_are_no_length(void **state)
{
    struct settings *s =
        load_right("space: s\ncommand: ./train ${args}\nmetric: loss\ngoal: minimize\n"
                   "parameters: {warmup: {steps: \"uniform(0, 9)\"}}\nsearch: {budget: {max: 9}}\n",
                   NULL);
    assert_true(s->effort.has_steps && !s->effort.own_steps);
    settings_free(s);
}

/* long: a line for each key */
static void takes_everything_else_a_file_may_say(void **state)
{
    struct settings *s =
        load_right("space: s\n"
                   "command: [./train, --lr, \"${lr}\"]\n"
                   "metric: {name: loss, take: mean(5)}\n"
                   "metrics: {pattern: \"{name} is {value}\", names: [acc, loss]}\n"
                   "goal: minimize\n"
                   "parameters:\n"
                   "  lr: uniform(0, 1)\n"
                   "search:\n"
                   "  method: random\n"
                   "  trials: 1e3\n"
                   "  steps: 5000\n"
                   "  cost: 12.5\n"
                   "  seeds: 3\n"
                   "  order: fixed\n"
                   "  budget: {max: 9}\n"
                   "resources:\n"
                   "  gpus: 2\n"
                   "  devices: [gpu-a, gpu-b]\n"
                   "  grace: 3s\n"
                   "  cost: 1.5\n"
                   "retries: 0\n"
                   "checkpoints: {keep: best, of: best}\n"
                   "code: {exclude: [data, \"*.bin\"]}\n"
                   "config: {from: base.yaml, to: conf/run.json}\n"
                   "env: {LR: ${lr}, RUN: 'trial ${trial}', EMPTY: ''}\n"
                   "durability: power\n",
                   NULL);
    assert_int_equal(s->measures[0].take, TAKE_MEAN);
    assert_int_equal(s->measures[0].take_k, 5);
    assert_true(s->minimize[0]);
    assert_str(s->pattern, "{name} is {value}");
    assert_int_equal(s->n_names, 2);
    assert_str(s->names[0], "loss");
    assert_str(s->names[1], "acc");
    assert_int_equal(s->effort.trials, 1000);
    assert_int_equal(s->steps_total, 5000);
    assert_real(s->cost, 12.5);
    assert_real(s->cost_per_slot_hour, 1.5);
    assert_int_equal(s->seeds, SEEDS_REPLICATES);
    assert_int_equal(s->replicates, 3);
    assert_true(s->fixed_order);
    assert_int_equal(s->effort.min_steps, 1);
    assert_int_equal(s->effort.max_steps, 9);
    assert_int_equal(s->gpus, 2);
    assert_int_equal(s->n_devices, 2);
    assert_str(s->devices[1], "gpu-b");
    assert_int_equal(s->grace_ns, 3 * NS_PER_S);
    assert_int_equal(s->retries, 0);
    assert_int_equal(s->keep_checkpoints, KEEP_BEST);
    assert_true(s->only_best_checkpoints);
    assert_int_equal(s->n_exclude, 2);
    assert_str(s->exclude[1], "*.bin");
    assert_str(s->config_from, "base.yaml");
    assert_str(s->config_to, "conf/run.json");
    assert_int_equal(s->n_env, 3);
    assert_str(s->env_names[1], "RUN");
    assert_int_equal(s->durability, DURABLE_POWER);
    assert_command(s, "{\"lr\": 0.5}", "./train --lr 0.5");
    settings_free(s);
}

static void takes_a_schedule(void **state)
{
    struct settings *s = load_right("space: s\n"
                                    "command: [./train, \"${args}\"]\n"
                                    "metric: loss\n"
                                    "goal: minimize\n"
                                    "parameters:\n"
                                    "  model: {prior: 'choice(a, b)', change: false}\n"
                                    "  lr: uniform(0, 1)\n"
                                    "  n: {prior: 'int(1, 9)', when: lr > 0.5, default: 3}\n"
                                    "search:\n"
                                    "  seeds: 4\n"
                                    "  schedule:\n"
                                    "    - {until: 3, params: {model: a, lr: 0.25}}\n"
                                    "    - {until: 9, params: {\"model\": \"a\", \"lr\": 0.75}}\n",
                                    NULL);
    assert_int_equal(s->n_stages, 2);
    assert_true(s->stages[0].until == 3 && s->stages[1].until == 9);
    assert_real(s->stages[1].config.values[1].r, 0.75);
    assert_int_equal(s->stages[1].config.values[2].i, 3);
    assert_true(s->n_first == 1 && s->effort.has_steps && s->effort.max_steps == 9);
    assert_false(s->space->params[0].change);
    assert_false(s->space->params[1].change); /* a condition names it */
    assert_true(s->space->params[2].change);
    struct searcher_settings ss = settings_searcher(s);
    assert_true(ss.n_stages == 2 && ss.replicates == 4);
    settings_free(s);
}

static void takes_metrics_as_a_list(void **state)
{
    static const char *const best[] = {"metric.take", "best", NULL};
    struct settings *s = load_right(MINIMAL "metrics: [acc, loss, auc]\n", best);
    assert_int_equal(s->measures[0].take, TAKE_BEST);
    assert_int_equal(s->n_names, 3);
    assert_str(s->names[0], "loss");
    assert_str(s->names[1], "acc");
    assert_str(s->names[2], "auc");
    settings_free(s);
}

static void nests_parameters_with_dots_and_maps(void **state)
{
    struct settings *s = load_right("space: s\ncommand: ./t ${args}\nmetric: l\ngoal: minimize\n"
                                    "parameters:\n"
                                    "  optimizer:\n"
                                    "    name: choice(sgd, adam)\n"
                                    "    sgd: {momentum: {prior: \"uniform(0, 1)\", when: "
                                    "'optimizer.name == \"sgd\"'}}\n"
                                    "  model.width: int(1, 8)\n"
                                    "baseline: {optimizer: {name: sgd, sgd.momentum: 0.5}, "
                                    "model: {width: 4}}\n",
                                    NULL);
    assert_int_equal(s->space->n_params, 3);
    assert_str(s->space->params[1].name, "optimizer.sgd.momentum");
    assert_str(s->space->params[2].name, "model.width");
    assert_true(s->has_baseline);
    assert_command(s, "{\"optimizer.name\": \"adam\", \"model.width\": 2}",
                   "./t --optimizer.name=adam --model.width=2");
    settings_free(s);
}

/* YAML 1.2's core schema: `no` is a string, 1e-4 a number; quotes make strings of everything. */
static void reads_scalars_as_yaml_1_2(void **state)
{
    struct settings *s = load_right("space: s\ncommand: ./t ${args}\nmetric: l\ngoal: minimize\n"
                                    "parameters:\n"
                                    "  lr: uniform(0, 1)\n"
                                    "  a: no\n  b: 1e-4\n  c: '1e-4'\n  d: true\n  e: 0x10\n"
                                    "  f: 12:30\n  g: \"two\\nlines\"\n  h: [1, x]\n",
                                    NULL);
    const struct param *p = s->space->params;
    assert_int_equal(p[1].prior.levels[0].type, VALUE_STRING);
    assert_int_equal(p[2].prior.levels[0].type, VALUE_REAL);
    assert_int_equal(p[3].prior.levels[0].type, VALUE_STRING);
    assert_int_equal(p[4].prior.levels[0].type, VALUE_BOOL);
    assert_int_equal(p[5].prior.levels[0].i, 16);
    assert_str(p[6].prior.levels[0].s, "12:30");
    assert_str(p[7].prior.levels[0].s, "two\nlines");
    assert_int_equal(p[8].prior.levels[0].type, VALUE_LIST);
    settings_free(s);
}

static void takes_aliases_marks_and_line_ends(void **state)
{
    struct settings *s = load_right("\xef\xbb\xbfspace: s\r\ncommand: ./t ${args}\r\nmetric: l\r\n"
                                    "goal: minimize\r\nparameters:\r\n  a: &p uniform(0, 1)\r\n"
                                    "  b: *p\r\n",
                                    NULL);
    assert_int_equal(s->space->n_params, 2);
    assert_int_equal(s->space->params[1].prior.kind, PRIOR_UNIFORM);
    settings_free(s);
    assert_says(load_wrong("\xef\xbb\xbfspace: s\r\ncommand: ./t\r\nmetric: l\r\ngoal: minimize\r\n"
                           "parameters: {\"\xc3\xa9\xc3\xa9\": 1, b: \"uniform(2, 1)\"}\r\n",
                           NULL),
                "trawl.yaml:5:15: \"\xc3\xa9\xc3\xa9\" can't be the name of a parameter\n"
                "  hint: a name is letters, digits, _ and -, in parts joined by dots, and begins "
                "with a letter\n"
                "trawl.yaml:5:35: the lower bound 2 is above the upper bound 1\n"
                "  hint: put the smaller one first\n");
}

static void keeps_twenty_problems_and_counts_the_rest(void **state)
{
    struct buf text;
    struct settings *s = NULL;
    struct problems problems;
    buf_init(&text, 1 << 16);
    buf_cstr(&text, MINIMAL "search:\n");
    for (int i = 0; i < PROBLEMS_MAX + 5; i++)
        buf_fmt(&text, "  k%d: 1\n", i);
    problems_init(&problems);
    assert_int_equal(conf_load(buf_view(&text), "f", NULL, 0, &s, &problems), E_UNKNOWN);
    assert_null(s);
    assert_int_equal(problems.n, PROBLEMS_MAX);
    assert_int_equal(problems.dropped, 5);
    problems_free(&problems);
    buf_free(&text);
}

static void refuses_what_is_too_large_by_its_size(void **state)
{
    char path[] = "/tmp/trawl-conf-XXXXXX";
    struct settings *s = NULL;
    struct problems problems;
    struct clock clock = clock_system();
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_ok(ftruncate(fd, 100 << 20));
    (void)close(fd);
    problems_init(&problems);
    int64_t before = clock_monotonic(&clock);
    assert_int_equal(conf_load_file(path, NULL, 0, &s, &problems), E_LIMIT);
    assert_true(clock_monotonic(&clock) - before < NS_PER_S);
    assert_int_equal(problems.n, 1);
    assert_string_equal(problems.v[0].hint, "is it a trawl.yaml?");
    problems_free(&problems);
    (void)unlink(path);
    assert_int_equal(conf_load_file(path, NULL, 0, &s, &problems), E_NOT_FOUND);
    assert_string_equal(problems.v[0].hint, "`trawl init` writes a first one");
    problems_free(&problems);

    /* text that is too large already when it comes */
    char *text = malloc(2 << 20);
    assert_non_null(text);
    memset(text, ' ', 2 << 20);
    assert_int_equal(conf_load((struct str){text, 2 << 20}, "f", NULL, 0, &s, &problems), E_LIMIT);
    assert_string_equal(problems.v[0].message,
                        "2097152 bytes are more than the 1048576 a file may have");
    problems_free(&problems);
    free(text);
}

static void reads_a_file_by_its_name(void **state)
{
    char path[] = "/tmp/trawl-conf-XXXXXX";
    struct settings *s = NULL;
    struct problems problems;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, MINIMAL, strlen(MINIMAL)), strlen(MINIMAL));
    (void)close(fd);
    problems_init(&problems);
    assert_ok(conf_load_file(path, NULL, 0, &s, &problems));
    assert_str(s->file, path);
    assert_str(s->source, MINIMAL);
    settings_free(s);
    problems_free(&problems);
    (void)unlink(path);
}

static void reloads_the_same(void **state)
{
    static const char *const set[] = {
        "search.trials", "20", "parameters.lr", "loguniform(1e-3, 1)", "baseline.lr", "0.1", NULL};
    struct settings *first = load_right(MINIMAL "baseline: {lr: 0.5}\n", set), *again = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_ok(conf_reload(first->source, "trawl.yaml", first->overrides, &again, &problems));
    assert_int_equal(again->effort.trials, 20);
    assert_int_equal(again->space->params[0].prior.kind, PRIOR_LOGUNIFORM);
    assert_real(again->baseline.values[0].r, 0.1);
    assert_true(str_eq(first->overrides, again->overrides));
    assert_true(str_eq(first->source, again->source));
    settings_free(first);
    settings_free(again);
    assert_int_equal(conf_reload(STR(MINIMAL), "f", STR("{\"set\":3}"), &again, &problems),
                     E_CORRUPT);
    assert_int_equal(conf_reload(STR(MINIMAL), "f", STR(""), &again, &problems), E_CORRUPT);
    assert_int_equal(
        conf_reload(STR(MINIMAL), "f", STR("{\"set\":[],\"inline\":[3]}"), &again, &problems),
        E_CORRUPT);
    problems_free(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_example_of_the_manual),
        cmocka_unit_test(fills_in_what_is_left_out),
        cmocka_unit_test(takes_steps_as_a_parameter),
        cmocka_unit_test(other_steps_are_no_length),
        cmocka_unit_test(takes_everything_else_a_file_may_say),
        cmocka_unit_test(takes_a_schedule),
        cmocka_unit_test(takes_metrics_as_a_list),
        cmocka_unit_test(nests_parameters_with_dots_and_maps),
        cmocka_unit_test(reads_scalars_as_yaml_1_2),
        cmocka_unit_test(takes_aliases_marks_and_line_ends),
        cmocka_unit_test(keeps_twenty_problems_and_counts_the_rest),
        cmocka_unit_test(refuses_what_is_too_large_by_its_size),
        cmocka_unit_test(reads_a_file_by_its_name),
        cmocka_unit_test(reloads_the_same),
    };
    return RUN_TESTS(tests);
}
