/*
 * The tree of an expression; private to expr_*.c.
 *
 * Sums, products, `and`, `or` and comparisons hold any number of operands side by side, so that a
 * long chain is wide and not deep, and no recursion goes past EXPR_DEPTH_MAX levels of nesting.
 */
#ifndef SPACE_EXPR_TREE_H
#define SPACE_EXPR_TREE_H

#include "space/expr.h"

enum expr_kind {
    X_LITERAL,
    X_NAME,
    X_OR,
    X_AND,
    X_NOT,
    X_COMPARE, /* operands; each but the first says how it compares with the one before it */
    X_IN,      /* item, and a list or a name */
    X_LIST,    /* only as second operand of X_IN */
    X_SUM,     /* operands with + and - */
    X_PRODUCT, /* operands with * / % */
    X_NEGATE,
    X_POWER, /* base, exponent */
    X_CALL
};

/* How an operand is joined to what stands left of it. */
enum expr_join {
    JOIN_NONE,
    JOIN_EQ,
    JOIN_NE,
    JOIN_LT,
    JOIN_LE,
    JOIN_GT,
    JOIN_GE,
    JOIN_PLUS,
    JOIN_MINUS,
    JOIN_TIMES,
    JOIN_DIVIDE,
    JOIN_MODULO,
    JOIN_IN,
    JOIN_NOT_IN
};

enum expr_call {
    CALL_LEN,
    CALL_ABS,
    CALL_MIN,
    CALL_MAX,
    CALL_LOG,
    CALL_LOG2,
    CALL_LOG10,
    CALL_EXP,
    CALL_SQRT,
    CALL_FLOOR,
    CALL_CEIL,
    CALL_ROUND,
    CALL_COUNT
};

/* What an operand may turn out to be; a choice of mixed levels has several. */
enum { T_BOOL = 1, T_NUMBER = 2, T_STRING = 4, T_LIST = 8 };

/* The whole text, shared by all nodes, to place errors. */
struct expr_source {
    struct str text;
    struct location at;
};

struct prior;

struct expr {
    enum expr_kind kind;
    enum expr_join join;
    enum expr_call call;
    unsigned types; /* after expr_bind */
    /* X_NAME: the parameter's index after expr_bind, else -1. */
    int param;
    const struct prior *prior; /* that parameter's; the space outlives the tree */
    /* Compared by rank among an ordinal's levels: the name's own, or, of a literal, `rank`. */
    bool by_rank;
    int64_t rank;
    size_t pos; /* in the source */
    const struct expr_source *source;
    struct expr *first, *next; /* operands; the next operand of the same parent */
    struct value literal;
    struct str name;
};

/* Arithmetic on VALUE_INT and VALUE_REAL; VALUE_NONE is unknown and stays so. */
struct value arith_join(enum expr_join join, struct value a, struct value b);
struct value arith_power(struct value base, struct value exponent);
struct value arith_negate(struct value x);
struct value arith_call(enum expr_call call,
                        struct value x); /* the calls of one argument but len */

/* The value of any node over a configuration: VALUE_NONE where unknown. */
struct value expr_value(const struct expr *x, const struct value *values);

extern const char *const expr_join_texts[];
extern const char *const expr_call_names[CALL_COUNT];

#endif
