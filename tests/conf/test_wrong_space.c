/*
 * Wrong files and what is said of them. Parameters, conditions, constraints and baselines.
 */
#include "conf/wrong.h"

static const struct wrong table[] = {
    W("unknown prior",
      HEAD "parameters:\n"
           "  lr: loguniformm(1e-4, 1)\n",
      "trawl.yaml:6:7: there is no prior loguniformm\n"
      "  hint: did you mean loguniform?\n"),
    W("lo above hi",
      HEAD "parameters:\n"
           "  lr: uniform(2, 1)\n",
      "trawl.yaml:6:15: the lower bound 2 is above the upper bound 1\n"
      "  hint: put the smaller one first\n"),
    W("log of zero",
      HEAD "parameters:\n"
           "  lr: loguniform(0, 1)\n",
      "trawl.yaml:6:18: the lower bound must be above zero, since loguniform works on the "
      "logarithm\n"
      "  hint: for a range that holds zero take uniform, or start at a small number\n"),
    W("log of zero, in quotes", HEAD "parameters: {lr: 'loguniform(0, 1)'}\n",
      "trawl.yaml:5:30: the lower bound must be above zero, since loguniform works on the "
      "logarithm\n"
      "  hint: for a range that holds zero take uniform, or start at a small number\n"),
    W("prior without its end",
      HEAD "parameters:\n"
           "  lr: uniform(0, 1\n",
      "trawl.yaml:6:19: uniform( is never closed\n"),
    W("prior without parentheses",
      HEAD "parameters:\n"
           "  lr: uniform\n",
      "trawl.yaml:6:7: the prior uniform has no parentheses\n"
      "  hint: like uniform(...); text that is no prior stands in quotes\n"),
    W("prior cut by a comma", HEAD "parameters: {lr: uniform(0, 1)}\n",
      "trawl.yaml:5:18: a comma ends the prior uniform(0 here\n"
      "  hint: put what is in the brackets of a map in quotes: \"int(1, 4)\"\n"),
    W("prior cut by commas in the long form",
      HEAD "parameters:\n"
           "  model: {prior: choice(a, b, c), default: a}\n",
      "trawl.yaml:6:18: a comma ends the prior choice(a here\n"
      "  hint: put what is in the brackets of a map in quotes: \"int(1, 4)\"\n"),
    W("one level twice",
      HEAD "parameters:\n"
           "  m: choice(a, b, a)\n",
      "trawl.yaml:6:19: a is said twice\n"),
    W("step that does not fit",
      HEAD "parameters:\n"
           "  n: int(1, 4, step=2)\n",
      "trawl.yaml:6:21: steps of 2 from the lower bound do not lead to the upper one\n"
      "  hint: the last value before it is 3: make that the upper bound\n"),
    W("negative sd",
      HEAD "parameters:\n"
           "  x: normal(0, -1)\n",
      "trawl.yaml:6:16: the standard deviation must be above zero\n"),
    W("no parameters at all", HEAD "parameters: {}\n",
      "trawl.yaml:5:1: there is nothing to search: there are no parameters\n"
      "  hint: give one of them a prior, like lr: loguniform(1e-4, 1)\n"),
    W("nothing but fixed values",
      HEAD "parameters:\n"
           "  lr: 0.1\n",
      "trawl.yaml:5:1: there is nothing to search: every parameter is fixed\n"
      "  hint: give one of them a prior, like lr: loguniform(1e-4, 1)\n"),
    W("a parameter without a value",
      HEAD "parameters:\n"
           "  lr:\n",
      "trawl.yaml:6:3: parameter lr has no prior and no value\n"
      "  hint: like lr: loguniform(1e-4, 1)\n"),
    W("a parameter that is an empty map",
      HEAD "parameters:\n"
           "  lr: {}\n",
      "trawl.yaml:6:7: parameter lr is an empty map\n"
      "  hint: like {prior: \"uniform(0, 1)\"}\n"),
    W("parameters as a list",
      HEAD "parameters:\n"
           "  - lr\n",
      "trawl.yaml:6:3: parameters is a list, not a map\n"
      "  hint: like lr: loguniform(1e-4, 1)\n"),
    W("name of a parameter",
      HEAD "parameters:\n"
           "  \"l r\": uniform(0, 1)\n",
      "trawl.yaml:6:4: \"l r\" can't be the name of a parameter\n"
      "  hint: a name is letters, digits, _ and -, in parts joined by dots, and begins with a "
      "letter\n"),
    W("a name with dots and nested",
      HEAD "parameters:\n"
           "  opt.lr: uniform(0, 1)\n"
           "  opt:\n"
           "    lr: uniform(0, 2)\n",
      "trawl.yaml:8:5: parameter opt.lr is declared twice\n"
      "  hint: the first one is in line 6\n"),
    W("default outside of its prior",
      HEAD "parameters:\n"
           "  lr: {prior: \"uniform(0, 1)\", default: 2}\n",
      "trawl.yaml:6:41: default of lr: 2 is above the upper bound 1.0\n"
      "  hint: it must be from 0.0 to 1.0\n"),
    W("default of no level",
      HEAD "parameters:\n"
           "  m: {prior: \"choice(linear, mlp)\", default: liner}\n",
      "trawl.yaml:6:46: default of m: liner is not among its values\n"
      "  hint: did you mean linear?\n"),
    W("condition on an unknown parameter",
      MODEL "  depth:\n"
            "    prior: int(1, 3)\n"
            "    when: modl == \"mlp\"\n",
      "trawl.yaml:10:11: there is no parameter modl\n"
      "  hint: did you mean model?\n"),
    W("condition on an unknown level",
      MODEL "  depth:\n"
            "    prior: int(1, 3)\n"
            "    when: model == \"mpl\"\n",
      "trawl.yaml:10:20: \"mpl\" is not a value of model\n"
      "  hint: did you mean \"mlp\"?\n"),
    W("condition in quotes, placed behind a doubled quote",
      MODEL "  depth: {prior: 'int(1, 3)', when: 'model == ''mlp'' and modle == 1'}\n",
      "trawl.yaml:8:59: there is no parameter modle\n"
      "  hint: did you mean model?\n"),
    W("condition in double quotes, placed behind escapes",
      MODEL "  depth: {prior: \"int(1, 3)\", when: \"model == \\\"mlp\\\" and modle == 1\"}\n",
      "trawl.yaml:8:59: there is no parameter modle\n"
      "  hint: did you mean model?\n"),
    W("condition in a block, placed in its own line",
      MODEL "  depth:\n"
            "    prior: int(1, 3)\n"
            "    when: |\n"
            "      model == \"mlp\" and\n"
            "      modle == 1\n",
      "trawl.yaml:12:7: there is no parameter modle\n"
      "  hint: did you mean model?\n"),
    W("condition over several lines",
      MODEL "  depth:\n"
            "    prior: int(1, 3)\n"
            "    when: model == \"mlp\" and\n"
            "      modle == 1\n",
      "trawl.yaml:10:11: there is no parameter modle\n"
      "  hint: did you mean model?\n"),
    W("condition that is never true", MODEL "  depth: {prior: \"int(1, 3)\", when: lr > 2}\n",
      "trawl.yaml:8:37: depth can never be active: no values within the bounds make its condition "
      "true\n"
      "  its condition is lr > 2\n"
      "  hint: change the condition, or leave the parameter out\n"),
    W("condition that does not parse", MODEL "  depth: {prior: \"int(1, 3)\", when: model == }\n",
      "trawl.yaml:8:45: expression ends where a value should stand\n"),
    W("string against number", MODEL "  depth: {prior: \"int(1, 3)\", when: model == 3}\n",
      "trawl.yaml:8:46: model is a string and 3 is a number: they are never equal\n"),
    W("a circle of conditions",
      HEAD "parameters:\n"
           "  a:\n"
           "    prior: flag()\n"
           "    when: b\n"
           "  b:\n"
           "    prior: flag()\n"
           "    when: c\n"
           "  c:\n"
           "    prior: flag()\n"
           "    when: a\n",
      "trawl.yaml:8:11: conditions go in a circle: a -> b -> c -> a\n"
      "  hint: each is active only if the next one is: one must stand without the others\n"),
    W("an empty condition", MODEL "  depth: {prior: \"int(1, 3)\", when: \"\"}\n",
      "trawl.yaml:8:38: the condition of depth is empty\n"
      "  hint: like: when: model == \"mlp\"\n"),
    W("constraint on an unknown parameter",
      MODEL "constraints:\n"
            "  - lrr < 0.5\n",
      "trawl.yaml:9:5: there is no parameter lrr\n"
      "  hint: did you mean lr?\n"),
    W("constraint that nothing satisfies",
      MODEL "constraints:\n"
            "  - lr > 2\n",
      "trawl.yaml:9:5: no configuration satisfies this constraint: no values within the bounds do\n"
      "  the constraint is lr > 2\n"
      "  hint: loosen it, or widen the parameters it names\n"),
    W("constraints that nothing satisfies together",
      MODEL "constraints:\n"
            "  - lr > 0.5\n"
            "  - lr < 0.4\n",
      "trawl.yaml:10:5: no configuration satisfies all 2 constraints together: 100000 draws found "
      "none\n"
      "  hint: loosen it, or widen the parameters it names\n"),
    W("constraint that is a map",
      MODEL "constraints:\n"
            "  - a: b\n",
      "trawl.yaml:9:5: a constraint is a map, not text\n"
      "  hint: like - hidden * batch_size <= 65536\n"),
    W("wrong parameter, and nothing that follows from it",
      HEAD "parameters:\n"
           "  model: choise(linear, mlp)\n"
           "  lr: uniform(0, 1)\n"
           "constraints: [model == \"x\"]\n"
           "baseline: {model: z}\n",
      "trawl.yaml:6:10: there is no prior choise\n"
      "  hint: did you mean choice?\n"),
    W("baseline of an unknown parameter", MODEL "baseline: {modle: mlp, lr: 0.1}\n",
      "trawl.yaml:8:12: there is no parameter modle\n"
      "  hint: did you mean model?\n"),
    W("baseline outside of the space",
      MODEL "baseline:\n"
            "  model: mlp\n"
            "  lr: 3\n",
      "trawl.yaml:10:7: baseline of lr: 3 is above the upper bound 1.0\n"
      "  hint: it must be from 0.0 to 1.0\n"),
    W("baseline of no level", MODEL "baseline: {model: mpl, lr: 0.1}\n",
      "trawl.yaml:8:19: baseline of model: mpl is not among its values\n"
      "  hint: did you mean mlp?\n"),
    W("baseline without a value", MODEL "baseline: {model: mlp}\n",
      "trawl.yaml:8:1: baseline: lr has no value and no default\n"
      "  hint: give it a value, or give the parameter a default\n"),
    W("baseline of an inactive parameter",
      MODEL "  depth: {prior: \"int(1, 3)\", when: model == \"mlp\"}\n"
            "baseline: {model: linear, lr: 0.1, depth: 2}\n",
      "trawl.yaml:9:1: baseline: depth is given a value, but it is not active here\n"
      "  hint: it is active when model == \"mlp\"\n"),
    W("baseline against a constraint",
      MODEL "constraints: [lr < 0.5]\n"
            "baseline: {model: mlp, lr: 0.9}\n",
      "trawl.yaml:9:1: baseline: the constraint lr < 0.5 is violated\n"),
    W("baseline of the wrong type", MODEL "baseline: {model: mlp, lr: fast}\n",
      "trawl.yaml:8:28: baseline of lr: fast is a string, but a number is wanted\n"),
    W("baseline twice",
      HEAD "parameters: {opt: {lr: \"uniform(0, 1)\"}}\n"
           "baseline: {opt.lr: 0.1, opt: {lr: 0.2}}\n",
      "trawl.yaml:6:31: baseline says opt.lr twice\n"),
    W("baseline that is a list", MODEL "baseline: [1]\n",
      "trawl.yaml:8:11: baseline is a list, not a map\n"
      "  hint: like {model: linear, lr: 0.1}\n"),
};

static void wrong_space(void **state)
{
    check_wrong(table, sizeof(table) / sizeof(*table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_space),
    };
    return RUN_TESTS(tests);
}
