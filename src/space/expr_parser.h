/*
 * What the two halves of the expression parser share: expr_words.c reads words, numbers and
 * strings, expr_parse.c puts them together.
 *
 * A parse function leaves the cursor on the first byte that is not its own, white space skipped.
 */
#ifndef SPACE_EXPR_PARSER_H
#define SPACE_EXPR_PARSER_H

#include "space/expr_tree.h"

struct parser {
    struct cursor c;
    struct arena *a;
    const struct expr_source *source;
    struct error *e;
    int depth;
};

enum code parser_fail(const struct parser *p, size_t pos, const char *message,
                      const char *hint) never_ok;
/* "`x` stands where WANTED should". */
enum code parser_unexpected(const struct parser *p, const char *wanted) never_ok;
enum code parser_node(struct parser *p, enum expr_kind kind, size_t pos,
                      struct expr **ret) must_check;

/* The bare word at the cursor, dots included; empty where none begins. */
struct str parser_peek_word(const struct parser *p);
bool parser_take_word(struct parser *p, const char *word);
bool parser_take_char(struct parser *p, char c);
bool parser_at_number(const struct parser *p);
/* Does the cursor stand on 2^63, the operand of the minus before it and of nothing tighter? */
bool parser_at_least_integer(const struct parser *p);

/* A number without sign. `negative` admits the one whole number whose positive twin has no place in
 * 64 bits. */
enum code parser_number(struct parser *p, bool negative, struct expr **ret) must_check;
enum code parser_string(struct parser *p, struct expr **ret) must_check;
/* `name-with-hyphens` */
enum code parser_backquoted(struct parser *p, struct expr **ret) must_check;

#endif
