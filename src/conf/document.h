/*
 * YAML as a tree whose every node knows where it stands.
 *
 * One document, read from libyaml's events. Everything is bounded: bytes, depth, nodes (an alias
 * counts as many nodes as it stands for, so that a few lines of aliases can't become millions),
 * anchors. Refused with a location: duplicate keys, keys that are lists or maps, tags, a second
 * document, aliases of what is not finished, text that is not UTF-8 or holds NUL.
 *
 * One thing is taken that YAML is not: a ${name} in a flow map, {LR: ${lr}}, whose braces are text.
 *
 * Nodes and their texts live in the arena given to document_parse and never change; a node may be
 * shared (aliases), so edits copy what they change (node_with). Locations are 1-based and count
 * characters; a quoted scalar's is that of the first character inside its quotes.
 */
#ifndef CONF_DOCUMENT_H
#define CONF_DOCUMENT_H

#include "base/problems.h"
#include "space/expr.h"

enum {
    DOCUMENT_BYTES_MAX = 1 << 20,
    DOCUMENT_DEPTH_MAX = 32,
    DOCUMENT_NODES_MAX = 100000,
    DOCUMENT_ANCHORS_MAX = 256
};

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* How a scalar is written. Only plain ones may be anything but strings. */
enum node_style { NODE_PLAIN, NODE_SINGLE, NODE_DOUBLE, NODE_LITERAL, NODE_FOLDED };

struct node;

struct node_pair {
    const struct node *key, *value; /* the key is a scalar */
};

struct node {
    enum node_kind kind;
    enum node_style style;   /* of a scalar */
    bool flow;               /* a list or map in brackets */
    struct location at, end; /* end: past a scalar that was read, not made */
    size_t size;             /* nodes below and with it, aliases expanded */
    struct str text;         /* of a scalar; NUL-terminated as well */
    size_t n;                /* items or pairs */
    const struct node *const *items;
    const struct node_pair *pairs;
};

/* What is wrong is added to `problems`. OK when there is a tree, which a duplicate key does not
 * keep from being built: the first one counts. An empty text gives an empty map. file is borrowed,
 * and is what locations name. */
enum code document_parse(struct arena *a, struct str text, const char *file,
                         const struct node **ret, struct problems *problems) must_check;

/* As much of a text as a message can hold, cut between characters. */
struct str excerpt(struct str s);

/* Plain and empty, ~, null, Null or NULL. */
bool node_is_null(const struct node *n);
/* Of a scalar: typed by the core schema where it is plain, else a string. */
struct value node_value(const struct node *n);
/* "a map", "a list", "empty", "text", "a number", ...: for messages. */
const char *node_what(const struct node *n);
/* NULL where the map has no such key. */
const struct node *node_get(const struct node *map, struct str key);
const struct node_pair *node_pair(const struct node *map, struct str key);

/* The key under which `value` stands somewhere below `root` (the first one of an alias), or NULL.
 */
const struct node *node_key(const struct node *root, const struct node *value);

/* New nodes, placed at `at`; NULL when out of memory. Texts are copied. */
const struct node *node_scalar(struct arena *a, struct str text, enum node_style style,
                               struct location at) must_check;
const struct node *node_list(struct arena *a, const struct node *const *items, size_t n,
                             struct location at) must_check;
const struct node *node_map(struct arena *a, const struct node_pair *pairs, size_t n,
                            struct location at) must_check;
/* A copy of `map` with `key` set to `value` (NULL: removed); NULL when out of memory. */
const struct node *node_with(struct arena *a, const struct node *map, struct str key,
                             const struct node *value, struct location at) must_check;

/* Line and column of a byte of the text. */
void document_locate(struct str text, size_t offset, int *ret_line, int *ret_column);
/* An error inside a scalar was placed as if the scalar's text stood in the file letter by letter:
 * puts it where that letter really is (escapes, doubled quotes, indentation of block scalars). */
void document_place(const struct node *root, struct str text, struct error *e);

/* Writes the tree as block-style YAML. Keys keep their order and scalars their style. */
enum code document_write(const struct node *root, struct buf *b, struct error *e) must_check;
/* Writes it as JSON; plain scalars as what the core schema reads in them. */
void document_write_json(const struct node *n, struct json *j);

#endif
