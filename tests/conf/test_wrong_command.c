/*
 * Wrong files and what is said of them. Commands, their arguments, environments and configuration
 * files.
 */
#include "conf/wrong.h"

static const struct wrong table[] = {
    W("unknown place in the command",
      "space: s\n"
      "command: ./train --lr ${lrr}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  model: choice(linear, mlp)\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:23: there is no parameter lrr\n"
      "  hint: did you mean ${lr}?\n"),
    W("place never closed",
      "space: s\n"
      "command: ./train ${args\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:18: ${ is never closed\n"
      "  hint: a literal ${ is written $${\n"),
    W("quote never closed in the command",
      "space: s\n"
      "command: ./train '${args}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:18: a quote is never closed\n"
      "  hint: a quote that is meant as itself has a backslash before it\n"),
    W("args inside of a word",
      "space: s\n"
      "command: ./train x${args}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:18: ${args} does not stand alone\n"
      "  hint: it becomes many words: leave white space around it\n"),
    W("shell words without a shell",
      "space: s\n"
      "command: cd src && ./train ${args}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:17: && means something only to a shell\n"
      "  hint: add `shell: true`, or put it in quotes if the program is to see it\n"),
    W("empty command",
      "space: s\n"
      "command: \" \"\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:11: the command is empty\n"
      "  hint: like: python3 train.py ${args}\n"),
    W("empty list of words",
      "space: s\n"
      "command: []\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n",
      "trawl.yaml:2:10: the command is empty\n"
      "  hint: like: python3 train.py ${args}\n"),
    W("a list with shell: true",
      "space: s\n"
      "command: [a, b]\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n"
      "shell: true\n",
      "trawl.yaml:2:10: shell: true takes the command as one text, not as a list\n"
      "  hint: write the command as one text, or drop shell: true\n"),
    W("args in quotes of the shell",
      "space: s\n"
      "command: ./train \"${args}\"\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n"
      "shell: true\n",
      "trawl.yaml:2:19: ${args} stands in quotes\n"
      "  hint: it becomes many words, each in quotes of its own: take the quotes away\n"),
    W("variable of the shell",
      "space: s\n"
      "command: echo ${HOME}\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n"
      "shell: true\n",
      "trawl.yaml:2:15: there is no parameter HOME\n"
      "  hint: a variable of the shell is written $HOME or $${HOME}\n"),
    W("shell that is no flag", BASE "shell: yes\n",
      "trawl.yaml:7:8: shell is yes, not true or false\n"
      "  hint: write true or false, without quotes\n"),
    W("args form", BASE "args: gnuu\n",
      "trawl.yaml:7:7: args is gnuu, not gnu, space or hydra\n"
      "  hint: did you mean gnu?\n"),
    W("args pattern without a value", BASE "args: \"--${name}\"\n",
      "trawl.yaml:7:8: the pattern has no ${value}\n"
      "  hint: args is gnu, space, hydra, or a pattern like \"--${name}:${value}\"\n"),
    W("args without ${args}",
      "space: s\n"
      "command: ./train x\n"
      "metric: loss\n"
      "goal: minimize\n"
      "parameters:\n"
      "  lr: uniform(0, 1)\n"
      "args: hydra\n",
      "trawl.yaml:7:7: args says how ${args} is written, but the command has none\n"
      "  hint: put ${args} into the command\n"),
    W("own arg of two words",
      HEAD "parameters:\n"
           "  lr: {prior: \"uniform(0, 1)\", arg: \"-l x\"}\n",
      "trawl.yaml:6:38: the pattern has no ${value}\n"
      "  hint: like \"-x ${value}\"; one word alone stands in place of --name\n"),
    W("own arg with a wrong place",
      HEAD "parameters:\n"
           "  lr: {prior: \"uniform(0, 1)\", arg: \"-l ${lr}\"}\n",
      "trawl.yaml:6:41: a pattern has no ${lr}\n"
      "  hint: there are ${name} and ${value}\n"),
    W("env names",
      BASE "env:\n"
           "  1X: a\n",
      "trawl.yaml:8:3: \"1X\" can't be the name of a variable\n"
      "  hint: letters, digits and _, not a digit first\n"),
    W("env of our own",
      BASE "env:\n"
           "  TRAWL_SEED: 3\n",
      "trawl.yaml:8:3: variables that begin with TRAWL_ are set by trawl itself\n"
      "  hint: name it otherwise\n"),
    W("env that is a list", BASE "env: {A: [1]}\n",
      "trawl.yaml:7:10: env.A is a list\n"
      "  hint: \"\" sets it to nothing\n"),
    W("env with a wrong place", BASE "env: {LR: ${lrr}}\n",
      "trawl.yaml:7:11: there is no parameter lrr\n"
      "  hint: did you mean ${lr}?\n"),
    W("env with all arguments", BASE "env: {LR: ${args}}\n",
      "trawl.yaml:7:11: env.LR takes one value, and ${args} is many\n"
      "  hint: name a parameter: ${lr}\n"),
    W("config without to", BASE "config: {from: base.yaml}\n",
      "trawl.yaml:7:1: config.to is missing\n"
      "  hint: like config: {from: base.yaml, to: config.yaml}\n"),
    W("config of another kind", BASE "config: {from: base.toml, to: config.yaml}\n",
      "trawl.yaml:7:16: config.from is base.toml, which does not end in .yaml, .yml or .json\n"
      "  hint: the ending says how it is written\n"),
    W("config outside", BASE "config: {from: base.yaml, to: ../config.yaml}\n",
      "trawl.yaml:7:31: config.to is ../config.yaml, which is not inside the trial's folder\n"
      "  hint: like to: config.yaml\n"),
};

static void wrong_command(void **state)
{
    check_wrong(table, sizeof(table) / sizeof(*table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_command),
    };
    return RUN_TESTS(tests);
}
