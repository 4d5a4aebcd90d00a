/*
 * Wrong files and what is said of them. Unknown, missing and misplaced keys, and values out of
 * their range.
 */
#include "conf/wrong.h"

static const struct wrong table[] = {
    W("unknown key at the top",
      BASE "serach:\n"
           "  trials: 3\n",
      "trawl.yaml:7:1: unknown key \"serach\"\n"
      "  hint: did you mean \"search\"?\n"),
    W("unknown key that nothing is near", BASE "colour: blue\n",
      "trawl.yaml:7:1: unknown key \"colour\"\n"
      "  hint: known here are space, command, shell, args, metric, metrics, goal, parameters, "
      "constraints, baseline, search, resources, retries, code, config, env, durability, "
      "objectives, "
      "require, checkpoints\n"),
    W("misspelt needed key is not also missing",
      "space: s\n"
      "comand: ./train\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:1: unknown key \"comand\"\n"
      "  hint: did you mean \"command\"?\n"),
    W("unknown key in search",
      BASE "search:\n"
           "  trails: 3\n",
      "trawl.yaml:8:3: unknown key \"trails\" in search\n"
      "  hint: did you mean \"trials\"?\n"),
    W("unknown key in budget", BASE "search: {budget: {min: 1, maxx: 3}}\n",
      "trawl.yaml:7:27: unknown key \"maxx\" in search.budget\n"
      "  hint: did you mean \"max\"?\n"),
    W("unknown key in resources",
      BASE "resources:\n"
           "  gpu: 1\n",
      "trawl.yaml:8:3: unknown key \"gpu\" in resources\n"
      "  hint: did you mean \"gpus\"?\n"),
    W("unknown key in a parameter",
      HEAD "parameters:\n"
           "  lr:\n"
           "    prior: uniform(0, 1)\n"
           "    defualt: 0.5\n",
      "trawl.yaml:8:5: unknown key \"defualt\" in lr\n"
      "  hint: did you mean \"default\"?\n"),
    W("misspelt prior key",
      HEAD "parameters:\n"
           "  lr:\n"
           "    pior: uniform(0, 1)\n"
           "    default: 0.5\n",
      "trawl.yaml:7:5: unknown key \"pior\" in lr\n"
      "  hint: did you mean \"prior\"?\n"),
    W("long form without a prior",
      HEAD "parameters:\n"
           "  lr:\n"
           "    default: 0.5\n",
      "trawl.yaml:6:3: lr.prior is missing\n"
      "  hint: like prior: uniform(0, 1)\n"),
    W("everything missing",
      "search:\n"
      "  trials: 3\n",
      "trawl.yaml:1:1: space is missing\n"
      "  hint: name what is searched: space: flights\n"
      "trawl.yaml:1:1: command is missing\n"
      "  hint: like command: python3 train.py ${args}\n"
      "trawl.yaml:1:1: metric is missing\n"
      "  hint: name what the program prints: metric: val_loss\n"
      "trawl.yaml:1:1: goal is missing\n"
      "  hint: goal: minimize or goal: maximize\n"
      "trawl.yaml:1:1: parameters is missing\n"
      "  hint: like parameters: {lr: \"uniform(0, 1)\"}\n"),
    W("nothing after a key",
      "space:\n"
      "command: ./train ${args}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:1:7: space has no value\n"
      "  hint: give it one, or take the key out\n"),
    W("not there yet: branches",
      HEAD "parameters:\n"
           "  code: branches(a, b)\n",
      "trawl.yaml:6:9: branches(...) is not there yet: this version searches parameters, not code\n"
      "  hint: until then, a flag() that the program reads can stand for a change\n"),
    W("a map where text belongs",
      "space: {a: b}\n"
      "command: ./train ${args}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:1:8: space is a map, not text\n"),
    W("name of a space",
      "space: my space\n"
      "command: ./train ${args}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:1:8: \"my space\" can't be the name of a space\n"
      "  hint: letters, digits, _ - and dots, at most 100, and a letter first\n"),
    W("goal",
      "space: s\n"
      "command: ./train ${args}\n"
      "metric: loss\n"
      "goal: minimise\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:4:7: goal is minimise, not maximize or minimize\n"
      "  hint: did you mean minimize?\n"),
    W("goal by its short name",
      "space: s\n"
      "command: ./train ${args}\n"
      "metric: loss\n"
      "goal: max\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:4:7: goal is max, not maximize or minimize\n"
      "  hint: write maximize\n"),
    W("metric.take",
      "space: s\n"
      "command: ./train ${args}\n"
      "metric: {name: loss, take: worst}\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:3:28: metric.take is worst, not last, best or mean(k)\n"),
    W("metric.take mean of nothing",
      "space: s\n"
      "command: ./train ${args}\n"
      "metric: {name: loss, take: mean(0)}\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:3:28: metric.take is mean(0), whose number is not between 1 and 1000000\n"
      "  hint: like mean(5): of the last five reports\n"),
    W("metric.take mean",
      "space: s\n"
      "command: ./train ${args}\n"
      "metric: {name: loss, take: mean}\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:3:28: metric.take is mean, which does not say of how many\n"
      "  hint: like mean(5): of the last five reports\n"),
    W("metric with an equals sign",
      "space: s\n"
      "command: ./train ${args}\n"
      "metric: loss=\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:3:9: \"loss=\" can't be the name of a metric\n"
      "  hint: a name without = or quotes, as it stands before = or : in the output\n"),
    W("metrics.pattern", BASE "metrics: {pattern: \"{name} is\"}\n",
      "trawl.yaml:7:21: metrics.pattern has no {value}\n"
      "  hint: like \"{name} is {value} at {step}\"\n"),
    W("trials that is text", BASE "search: {trials: many}\n",
      "trawl.yaml:7:18: search.trials is many, not a whole number\n"),
    W("trials below its range",
      BASE "search:\n"
           "  trials: 0\n",
      "trawl.yaml:8:11: search.trials is 0, less than 1\n"),
    W("trials above its range",
      BASE "search:\n"
           "  trials: 2000000000\n",
      "trawl.yaml:8:11: search.trials is 2000000000, more than 1000000000\n"),
    W("trials with a fraction",
      BASE "search:\n"
           "  trials: 2.5\n",
      "trawl.yaml:8:11: search.trials is 2.5, not a whole number\n"),
    W("min above max",
      BASE "search:\n"
           "  budget: {min: 9, max: 3}\n",
      "trawl.yaml:8:17: search.budget.min is 9, more than max, which is 3\n"
      "  hint: min is the least a trial trains, max the most\n"),
    W("min below one",
      BASE "search:\n"
           "  budget: {min: 0, max: 3}\n",
      "trawl.yaml:8:17: search.budget.min is 0, less than 1\n"),
    W("steps beside a budget",
      BASE "  steps: int(1, 9)\n"
           "search:\n"
           "  budget: {max: 9}\n",
      "trawl.yaml:9:3: search.budget says how long a trial trains, and so does the parameter "
      "steps\n"
      "  hint: leave one of them out; a parameter that means something else needs another name\n"),
    W("steps beside a schedule",
      BASE "  steps: 3\n"
           "search: {schedule: [{until: 3, params: {lr: 0.1}}]}\n",
      "trawl.yaml:8:10: search.schedule says how long a trial trains, and so does the parameter "
      "steps\n"
      "  hint: leave one of them out; a parameter that means something else needs another name\n"),
    W("steps beside an allocator that has its own",
      BASE "  steps: int(1, 9)\n"
           "search:\n"
           "  method: sobol + hyperband\n",
      "trawl.yaml:9:11: hyperband says how long a trial trains, and so does the parameter steps\n"
      "  hint: give search.budget in place of the parameter, or leave hyperband out (full, median, "
      "patience and threshold leave trials their own length)\n"),
    W("steps that are no whole numbers", BASE "  steps: uniform(1, 9)\n",
      "trawl.yaml:7:3: uniform(1, 9) gives no whole numbers, and steps is how long a trial trains\n"
      "  hint: like steps: logint(1, 27), ordinal(3, 9, 27) or 9; what means something else needs "
      "another name\n"),
    W("steps in words", BASE "  steps: few\n",
      "trawl.yaml:7:3: few gives no whole numbers, and steps is how long a trial trains\n..."),
    W("no steps", BASE "  steps: int(0, 9)\n",
      "trawl.yaml:7:3: a trial can't train 0 steps\n"
      "  hint: steps are 1 to 1000000000000\n"),
    W("steps now and then", BASE "  steps: {prior: \"int(1, 9)\", when: lr > 0.5}\n",
      "trawl.yaml:7:3: steps has a condition, and every trial trains some steps\n"
      "  hint: leave `when` out; a constraint can tie it to other parameters\n"),
    W("budget without max",
      BASE "search:\n"
           "  budget: {min: 1}\n",
      "trawl.yaml:8:3: search.budget.max is missing\n"
      "  hint: like budget: {min: 1, max: 27}\n"),
    W("budget as a number",
      BASE "search:\n"
           "  budget: 27\n",
      "trawl.yaml:8:11: search.budget is a whole number, not a map\n"
      "  hint: write it as lines of \"key: value\"\n"),
    W("a time",
      BASE "search:\n"
           "  time: 3 fortnights\n",
      "trawl.yaml:8:9: search.time is 3 fortnights, not a time\n"
      "  hint: like 90s, 30m, 24h, 1h30m or 2d\n"),
    W("no time at all",
      BASE "search:\n"
           "  time: 0s\n",
      "trawl.yaml:8:9: search.time is no time at all\n"
      "  hint: leave it out where there is to be no limit\n"),
    W("a step's time",
      BASE "search:\n"
           "  step_time: soon\n",
      "trawl.yaml:8:14: search.step_time is soon, not a time\n"
      "  hint: like 90s, 30m, 24h, 1h30m or 2d\n"),
    W("cost without a price",
      BASE "search:\n"
           "  cost: 30\n",
      "trawl.yaml:8:9: search.cost has no meaning without resources.cost\n"
      "  hint: say what a slot costs an hour: resources: {cost: 1.5}\n"),
    W("negative cost",
      BASE "search: {cost: -1}\n"
           "resources: {cost: 2}\n",
      "trawl.yaml:7:16: search.cost is -1, not a positive number\n"),
    W("seeds",
      BASE "search:\n"
           "  seeds: varied\n",
      "trawl.yaml:8:10: search.seeds is varied, not vary, same or a number\n"),
    W("negative seed",
      BASE "search:\n"
           "  seed: -1\n",
      "trawl.yaml:8:9: search.seed is -1, less than 0\n"),
    W("order",
      BASE "search:\n"
           "  order: fix\n",
      "trawl.yaml:8:10: search.order is fix, not arrival or fixed\n"),
    W("parallel",
      BASE "search:\n"
           "  parallel: 0\n",
      "trawl.yaml:8:13: search.parallel is 0, less than 1\n"),
    W("memory without a unit",
      BASE "resources:\n"
           "  memory: 2\n",
      "trawl.yaml:8:11: resources.memory is 2, less than 1.0 MiB\n"
      "  hint: give it a unit, like 2GiB\n"),
    W("memory that is no size",
      BASE "resources:\n"
           "  memory: lots\n",
      "trawl.yaml:8:11: resources.memory is lots, not a size\n"
      "  hint: like 512MiB, 2GiB or 1.5GB\n"),
    W("more gpus than devices",
      BASE "resources:\n"
           "  gpus: 3\n"
           "  devices: [a, b]\n",
      "trawl.yaml:8:9: resources.gpus is 3, but resources.devices names only 2\n"
      "  hint: name more devices, or ask for fewer\n"),
    W("retries", BASE "retries: -1\n", "trawl.yaml:7:10: retries is -1, less than 0\n"),
    W("code.exclude outside",
      BASE "code:\n"
           "  exclude: [data, /etc]\n",
      "trawl.yaml:8:19: code.exclude names /etc, which is not inside the program's folder\n"
      "  hint: paths are relative to the program's folder\n"),
    W("checkpoints.keep", BASE "checkpoints: {keep: bst}\n",
      "trawl.yaml:7:21: checkpoints.keep is bst, not last, best or every_rung\n"
      "  hint: did you mean best?\n"),
    W("checkpoints.of", BASE "checkpoints: {of: none}\n",
      "trawl.yaml:7:19: checkpoints.of is none, not all or best\n"),
    W("checkpoints of another kind", BASE "checkpoints: {kept: best}\n",
      "trawl.yaml:7:15: unknown key \"kept\" in checkpoints\n"
      "  hint: known here are keep, of\n"),
    W("rungs without steps", BASE "checkpoints: {keep: every_rung}\n",
      "trawl.yaml:7:21: checkpoints.keep is every_rung, but trials have no steps\n"
      "  hint: give search.budget, in steps\n"),
    W("rungs of steps of their own",
      BASE "  steps: int(1, 9)\n"
           "checkpoints: {keep: every_rung}\n",
      "trawl.yaml:8:21: checkpoints.keep is every_rung, but trials that train as long as the "
      "parameter steps says have no rungs\n"
      "  hint: keep last or best, or give search.budget in place of the parameter\n"),
    W("durability", BASE "durability: powr\n",
      "trawl.yaml:7:13: durability is powr, not default or power\n"
      "  hint: did you mean power?\n"),
    W("several at once, in the order of the file",
      "space: a b\n"
      "command: ./train ${agrs}\n"
      "metric: loss\n"
      "goal: up\n"
      "search:\n"
      "  trials: -1\n"
      "  tim: 3\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:1:8: \"a b\" can't be the name of a space\n"
      "  hint: letters, digits, _ - and dots, at most 100, and a letter first\n"
      "trawl.yaml:2:18: there is no parameter agrs\n"
      "  hint: did you mean ${args}?\n"
      "trawl.yaml:4:7: goal is up, not maximize or minimize\n"
      "trawl.yaml:6:11: search.trials is -1, less than 1\n"
      "trawl.yaml:7:3: unknown key \"tim\" in search\n"
      "  hint: did you mean \"time\"?\n"),
    W("unknown method",
      BASE "search:\n"
           "  method: sobl\n",
      "trawl.yaml:8:11: there is no method `sobl`\n"
      "  hint: did you mean `sobol`? there are: auto, random, grid, sobol, ..."),
    W("unknown option of a method",
      BASE "search: {budget: {max: 9}, method: sobol + asha(etta=3)}\n",
      "trawl.yaml:7:49: asha has no option `etta`\n"
      "  hint: did you mean `eta`? there are: eta, variant, max_rungs\n"),
    W("option out of range", BASE "search: {budget: {max: 9}, method: sobol + asha(eta=1)}\n",
      "trawl.yaml:7:53: `eta` can't be 1\n"
      "  hint: a whole number from 2 to 10\n"),
    W("asha without steps",
      BASE "search:\n"
           "  method: sobol + asha\n",
      "trawl.yaml:8:11: asha needs a budget of steps, and there is none\n"
      "  hint: say how long a trial may train, as in `budget: {min: 1, max: 27}`, or leave asha "
      "out\n"),
    W("grid of infinitely many",
      BASE "search:\n"
           "  method: grid\n",
      "trawl.yaml:8:11: grid needs finitely many values, but `lr` has no end of them\n"
      "  hint: say how many of each such parameter to try, as in `grid(points=5)`, or give it a "
      "step\n"),
    W("method that is a list",
      BASE "search:\n"
           "  method: [a]\n",
      "trawl.yaml:8:11: search.method is a list, not text\n"),
    W("replay of nothing",
      BASE "search:\n"
           "  method: random + replay\n",
      "trawl.yaml:8:11: replay needs a schedule, and there is none\n"
      "  hint: give it in search.schedule, and leave method out\n"),
    W("schedule that is no list",
      BASE "search:\n"
           "  schedule: 3\n",
      "trawl.yaml:8:13: search.schedule is no list of 1 to 10000 stages\n"
      "  hint: like schedule: [{until: 3, params: {lr: 0.1}}, ...]\n"),
    W("schedule that goes back",
      BASE "search:\n"
           "  schedule: [{until: 3, params: {lr: 0.1}}, {until: 3, params: {lr: 0.2}}]\n",
      "trawl.yaml:8:53: search.schedule goes back, from step 3 to 3\n"
      "  hint: a stage ends after the one before it\n"),
    W("schedule without values",
      BASE "search:\n"
           "  schedule: [{until: 3}]\n",
      "trawl.yaml:8:14: search.schedule.params is missing\n"
      "  hint: like {until: 3, params: {lr: 0.1}}\n"),
    W("schedule beside a method",
      BASE "search:\n"
           "  method: random\n"
           "  schedule: [{until: 3, params: {lr: 0.1}}]\n",
      "trawl.yaml:8:11: search.method has no meaning beside search.schedule, which is replayed as "
      "it stands\n"
      "  hint: leave it out\n"),
    W("schedule of another budget",
      BASE "search:\n"
           "  budget: {max: 9}\n"
           "  schedule: [{until: 3, params: {lr: 0.1}}]\n",
      "trawl.yaml:9:13: the schedule ends at step 3, and search.budget.max is 9\n"
      "  hint: leave search.budget out\n"),
    W("population of one interval",
      BASE "search:\n"
           "  method: pbt\n"
           "  budget: {min: 9, max: 9}\n",
      "trawl.yaml:8:11: pbt copies every 9 steps, and a trial has 9 in all\n"
      "  hint: say a smaller `interval`, or `budget: {min: ..., max: ...}` where min is the steps "
      "between two copies\n"),
    W("change that is neither",
      HEAD "parameters:\n"
           "  lr:\n"
           "    prior: uniform(0, 1)\n"
           "    change: maybe\n",
      "trawl.yaml:8:13: change ..."),
};

static void wrong_keys(void **state)
{
    check_wrong(table, sizeof(table) / sizeof(*table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_keys),
    };
    return RUN_TESTS(tests);
}
