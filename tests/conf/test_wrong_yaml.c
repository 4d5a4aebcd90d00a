/*
 * Wrong files and what is said of them. What is wrong with the YAML itself.
 */
#include "conf/wrong.h"

static const struct wrong table[] = {
    W("empty file", "",
      "trawl.yaml:1:1: the file is empty\n"
      "  hint: `trawl init` writes a first one\n"),
    W("a list for a file",
      "- a\n"
      "- b\n",
      "trawl.yaml:1:1: the file is a list, not a map\n"
      "  hint: write it as lines of \"key: value\"\n"),
    W("text for a file", "hello\n",
      "trawl.yaml:1:1: the file is text, not a map\n"
      "  hint: write it as lines of \"key: value\"\n"),
    W("null for a file", "~\n",
      "trawl.yaml:1:1: the file is empty\n"
      "  hint: `trawl init` writes a first one\n"),
    W("tab as indentation",
      HEAD "parameters:\n"
           "\tlr: uniform(0, 1)\n",
      "trawl.yaml:6:1: found character that cannot start any token\n"
      "  while scanning for the next token\n"
      "  hint: YAML is indented with spaces, not tabs\n"),
    W("colon inside of text", "space: a: b\n",
      "trawl.yaml:1:9: mapping values are not allowed in this context\n"
      "  hint: text that holds \": \" stands in quotes, and a key begins where its neighbours "
      "do\n"),
    W("key without a colon",
      BASE "search:\n"
           "  trials\n"
           "  time: 2h\n",
      "trawl.yaml:9:7: mapping values are not allowed in this context\n"
      "  hint: text that holds \": \" stands in quotes, and a key begins where its neighbours "
      "do\n"),
    W("quote never closed",
      HEAD "parameters:\n"
           "  lr: \"uniform(0, 1)\n",
      "trawl.yaml:6:7: found unexpected end of stream\n"
      "  while scanning a quoted scalar\n"
      "  hint: the quote that opens here is never closed\n"),
    W("bracket never closed", BASE "search: {trials: 3\n",
      "trawl.yaml:8:1: did not find expected ',' or '}'\n"
      "  while parsing a flow mapping\n"
      "  hint: the bracket that opens at line 7, column 9 is not closed\n"),
    W("at sign", BASE "baseline: @x\n",
      "trawl.yaml:7:11: found character that cannot start any token\n"
      "  while scanning for the next token\n"
      "  hint: put text that begins with @ in quotes\n"),
    W("unknown escape", BASE "code: {exclude: [\"a\\q\"]}\n",
      "trawl.yaml:7:20: found unknown escape character\n"
      "  while parsing a quoted scalar\n"
      "  hint: in single quotes a backslash is itself\n"),
    W("text after a quote",
      BASE "constraints:\n"
           "  - \"a\" in lr\n",
      "trawl.yaml:8:9: did not find expected '-' indicator\n"
      "  while parsing a block collection\n"
      "  hint: text that goes on after a quote stands in quotes as a whole: '\"a\" in b'\n"),
    W("duplicate key at the top", BASE "goal: maximize\n",
      "trawl.yaml:7:1: \"goal\" is said twice\n"
      "  hint: it was said at line 4, column 1\n"),
    W("duplicate keys, each",
      BASE "search:\n"
           "  trials: 3\n"
           "  seed: 1\n"
           "  trials: 4\n"
           "  seed: 2\n",
      "trawl.yaml:10:3: \"trials\" is said twice\n"
      "  hint: it was said at line 8, column 3\n"
      "trawl.yaml:11:3: \"seed\" is said twice\n"
      "  hint: it was said at line 9, column 3\n"),
    W("duplicate parameter", BASE "  lr: uniform(0, 2)\n",
      "trawl.yaml:7:3: \"lr\" is said twice\n"
      "  hint: it was said at line 6, column 3\n"),
    W("two documents",
      BASE "---\n"
           "space: t\n",
      "trawl.yaml:7:1: a second document begins here\n"
      "  hint: a file is one document: take out the ---\n"),
    W("a tag", BASE "retries: !!int 3\n",
      "trawl.yaml:7:10: tags are not taken: !!int\n"
      "  hint: quotes make a string; everything else is read from the value itself\n"),
    W("an alias of nothing", BASE "baseline: *base\n",
      "trawl.yaml:7:11: no anchor &base stands before its alias\n"
      "  hint: if it is text, put it in quotes\n"),
    W("an alias of what it stands in", BASE "baseline: &b {lr: *b}\n",
      "trawl.yaml:7:19: *b stands inside of what it is an alias of\n"),
    W("a key that is a list", BASE "[a, b]: c\n",
      "trawl.yaml:7:1: a key is a list\n"
      "  hint: keys are words\n"),
    W("a NUL byte",
      BASE "search:\n"
           "  trials: 1\0002\n",
      "trawl.yaml:8:12: a NUL byte\n"
      "  hint: is this a text file?\n"),
    W("an escaped NUL byte", HEAD "parameters: {a: \"x\\0y\"}\n",
      "trawl.yaml:5:17: a text holds a NUL byte\n"),
    W("not UTF-8", "space: caf\351\n",
      "trawl.yaml:1:11: this is not UTF-8: byte 0xe9\n"
      "  hint: save the file as UTF-8\n"),
    W("a control character", BASE "code: {exclude: [\"\001\"]}\n",
      "trawl.yaml:7:19: control characters are not allowed\n"),
    W("nested too deep",
      BASE "baseline: "
           "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
      "trawl.yaml:7:42: nested deeper than 32\n"),
    W("alias bomb",
      BASE "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
           "x1: &x1 [*x0, *x0, *x0, *x0, *x0, *x0, *x0, *x0, *x0, *x0]\n"
           "x2: &x2 [*x1, *x1, *x1, *x1, *x1, *x1, *x1, *x1, *x1, *x1]\n"
           "x3: &x3 [*x2, *x2, *x2, *x2, *x2, *x2, *x2, *x2, *x2, *x2]\n"
           "x4: &x4 [*x3, *x3, *x3, *x3, *x3, *x3, *x3, *x3, *x3, *x3]\n"
           "x5: &x5 [*x4, *x4, *x4, *x4, *x4, *x4, *x4, *x4, *x4, *x4]\n"
           "x6: &x6 [*x5, *x5, *x5, *x5, *x5, *x5, *x5, *x5, *x5, *x5]\n",
      "trawl.yaml:11:45: more than 100000 values, counting what aliases stand for\n"
      "  hint: a list that long belongs into a file of the program's own\n"),
};

static void wrong_yaml(void **state)
{
    check_wrong(table, sizeof(table) / sizeof(*table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_yaml),
    };
    return RUN_TESTS(tests);
}
