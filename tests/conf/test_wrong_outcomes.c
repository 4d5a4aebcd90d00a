/*
 * Wrong files and what is said of them. Objectives, requirements and first points.
 */
#include "conf/wrong.h"

#define TWO                                   \
    "space: s\ncommand: ./train ${args}\n"    \
    "parameters: {lr: \"uniform(0, 1)\"}\n"   \
    "objectives:\n"                           \
    "  - {metric: val_auc, goal: maximize}\n" \
    "  - {metric: latency_ms, goal: minimize}\n"
#define ONE   "space: s\ncommand: ./train ${args}\nparameters: {lr: \"uniform(0, 1)\"}\n"
#define FIRST MODEL "search:\n  first:\n"

static const struct wrong table[] = {
    W("objectives beside metric and goal", BASE "objectives: [{metric: val_auc, goal: maximize}]\n",
      "trawl.yaml:7:1: objectives stands beside metric (line 3) and goal (line 4), which say the "
      "same of one\n"
      "  hint: keep one of the two: objectives, or metric and goal\n"),
    W("objectives beside goal", TWO "goal: minimize\n",
      "trawl.yaml:4:1: objectives stands beside goal (line 7), which say the same of one\n"
      "  hint: keep one of the two: objectives, or metric and goal\n"),
    W("the best step of several objectives", TWO "checkpoints: {keep: best}\n",
      "trawl.yaml:7:21: checkpoints.keep is best, but no step is the best of several objectives\n"
      "  hint: keep last, or every_rung; `of: best` goes with several objectives\n"),
    W("objectives that are text", ONE "objectives: val_auc\n",
      "trawl.yaml:4:13: objectives is text, not a list\n"
      "  hint: like objectives: [{metric: val_auc, goal: maximize}, {metric: latency_ms, goal: "
      "minimize}]\n"),
    W("no objectives", ONE "objectives: []\n",
      "trawl.yaml:4:13: objectives is an empty list\n"
      "  hint: like objectives: [{metric: val_auc, goal: maximize}, {metric: latency_ms, goal: "
      "minimize}]\n"),
    W("an objective that is text", ONE "objectives:\n  - loss\n",
      "trawl.yaml:5:5: an objective is text, not a map\n"
      "  hint: like {metric: val_auc, goal: maximize}\n"),
    W("an objective without a goal", ONE "objectives:\n  - metric: loss\n",
      "trawl.yaml:5:5: objectives.goal is missing\n"
      "  hint: goal: minimize or goal: maximize\n"),
    W("an objective's unknown key", ONE "objectives:\n  - {metric: loss, gaol: minimize}\n",
      "trawl.yaml:5:20: unknown key \"gaol\" in objectives\n"
      "  hint: did you mean \"goal\"?\n"),
    W("an objective's goal", ONE "objectives: [{metric: loss, goal: min}]\n",
      "trawl.yaml:4:35: objectives.goal is min, not maximize or minimize\n"
      "  hint: write minimize\n"),
    W("an objective's take", ONE "objectives: [{metric: loss, goal: minimize, take: mean(0)}]\n",
      "trawl.yaml:4:51: objectives.take is mean(0), whose number is not between 1 and 1000000\n"
      "  hint: like mean(5): of the last five reports\n"),
    W("an objective's name", ONE "objectives: [{metric: a=b, goal: minimize}]\n",
      "trawl.yaml:4:23: \"a=b\" can't be the name of a metric\n"
      "  hint: a name without = or quotes, as it stands before = or : in the output\n"),
    W("one metric twice",
      ONE "objectives:\n  - {metric: a, goal: minimize}\n  - {metric: a, goal: maximize}\n",
      "trawl.yaml:6:14: objectives names a twice\n"
      "  hint: one objective a metric\n"),
    W("nine objectives",
      ONE "objectives: [{metric: a, goal: minimize}, {metric: b, goal: minimize}, {metric: c, "
          "goal: minimize}, {metric: d, goal: minimize}, {metric: e, goal: minimize}, {metric: f, "
          "goal: minimize}, {metric: g, goal: minimize}, {metric: h, goal: minimize}, {metric: i, "
          "goal: minimize}]\n",
      "trawl.yaml:4:13: objectives has 9 entries, more than 8\n"
      "  hint: keep those that are to be traded against each other\n"),
    W("an allocator that follows one objective",
      TWO "search: {method: sobol + asha, budget: {max: 9}}\n",
      "trawl.yaml:7:18: asha stops trials by one objective, and there are 2\n"
      "  hint: use `full`, which runs every trial to its end\n"),
    W("a requirement without a bound", BASE "require: latency_ms\n",
      "trawl.yaml:7:10: a requirement begins with a metric and a bound\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a requirement the other way round", BASE "require: [20 >= latency_ms]\n",
      "trawl.yaml:7:11: a requirement begins with a metric and a bound\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a requirement of equality", BASE "require:\n  - latency_ms == 20\n",
      "trawl.yaml:8:16: = is no bound\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a requirement without a number", BASE "require:\n  - \"latency_ms <= 20ms\"\n",
      "trawl.yaml:8:20: \"20ms\" is no number that can be a bound\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a requirement of a chain", BASE "require:\n  - memory_gb >= 1 <= 2\n",
      "trawl.yaml:8:18: \"1 <= 2\" is no number that can be a bound\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a bound that is no bound", BASE "require: latency_ms <= inf\n",
      "trawl.yaml:7:24: \"inf\" is no number that can be a bound\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a requirement that is a map", BASE "require: {latency_ms: 20}\n",
      "trawl.yaml:7:10: a requirement is a map, not text\n"
      "  hint: a metric, one of <= < >= >, and a number, like latency_ms <= 20\n"),
    W("a requirement's name", BASE "require: \"'a' <= 20\"\n",
      "trawl.yaml:7:11: \"'a'\" can't be the name of a metric\n"
      "  hint: a name without = or quotes, as it stands before = or : in the output\n"),
    W("two bounds on one side", BASE "require: [a <= 20, a < 10]\n",
      "trawl.yaml:7:20: a < 10 bounds the same side as a <= 20\n"
      "  hint: keep the stricter one\n"),
    W("bounds with nothing between them", BASE "require: [a <= 20, a >= 30]\n",
      "trawl.yaml:7:20: nothing meets both a <= 20 and a >= 30\n"
      "  hint: loosen one of them\n"),
    W("bounds that only touch", BASE "require: [a < 20, a >= 20]\n",
      "trawl.yaml:7:19: nothing meets both a < 20 and a >= 20\n"
      "  hint: loosen one of them\n"),
    W("seventeen requirements",
      BASE "require: [a<1, b<1, c<1, d<1, e<1, f<1, g<1, h<1, i<1, j<1, k<1, l<1, m<1, n<1, o<1, "
           "p<1, q<1]\n",
      "trawl.yaml:7:10: require has 17 entries, more than 16\n"),
    W("first that is a map", MODEL "search: {first: {model: mlp, lr: 0.1}}\n",
      "trawl.yaml:8:17: search.first is a map, not a list\n"
      "  hint: like first: [{lr: 0.1}, {lr: 0.01}]\n"),
    W("a first point that is text", FIRST "    - mlp\n",
      "trawl.yaml:10:7: search.first is text, not a map\n"
      "  hint: like {model: linear, lr: 0.1}\n"),
    W("a first point's unknown parameter", FIRST "    - {model: mlp, lrr: 0.1}\n",
      "trawl.yaml:10:20: there is no parameter lrr\n"
      "  hint: did you mean lr?\n"),
    W("a first point outside", FIRST "    - {model: mlp, lr: 3}\n",
      "trawl.yaml:10:24: search.first of lr: 3 is above the upper bound 1.0\n"
      "  hint: it must be from 0.0 to 1.0\n"),
    W("a first point that leaves one out", FIRST "    - {model: mlp}\n",
      "trawl.yaml:10:7: search.first: lr has no value and no default\n"
      "  hint: give it a value, or give the parameter a default\n"),
    W("a first point that a constraint refuses",
      BASE "constraints: [lr < 0.5]\nsearch: {first: [{lr: 0.1}, {lr: 0.7}]}\n",
      "trawl.yaml:8:29: search.first: the constraint lr < 0.5 is violated\n"),
    W("a first point twice", FIRST "    - {model: mlp, lr: 0.1}\n    - {lr: 0.1, model: mlp}\n",
      "trawl.yaml:11:7: search.first has this configuration twice\n"
      "  hint: the first one is in line 10\n"),
    W("a first point that is the baseline",
      MODEL "baseline: {model: mlp, lr: 0.1}\nsearch: {first: [{model: mlp, lr: 0.1}]}\n",
      "trawl.yaml:9:18: a configuration of search.first is the baseline\n"
      "  hint: the baseline is run before all else\n"),
};

static void wrong_outcomes(void **state)
{
    check_wrong(table, sizeof(table) / sizeof(*table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_outcomes),
    };
    return RUN_TESTS(tests);
}
