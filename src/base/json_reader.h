/*
 * A small JSON reader: one text into a tree in an arena.
 *
 * For what programs say a line at a time: the endpoint, which the lean supervisor serves, and ask
 * and tell. No library to load, no hash seed to draw, no locale. RFC 8259, and besides NaN,
 * Infinity and -Infinity as Python and JavaScript print them. Depth, duplicate keys and bad UTF-8
 * are refused with the place. Two fuzz targets (fuzz_endpoint, fuzz_session).
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include "base/arena.h"

enum { JSON_READER_DEPTH_MAX = 16, JSON_READER_KEYS_MAX = 4096 };

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT
};

struct json_node {
    enum json_kind kind;
    bool truth; /* of a bool */
    bool whole; /* the number was written as an integer of 64 bits: `integer` is it */
    uint32_t n; /* children */
    int64_t integer;
    double real;     /* of any number */
    struct str key;  /* in an object */
    struct str text; /* of a string, escapes resolved */
    struct json_node *first, *next;
};

/* Texts without escapes point into `text`. E_SYNTAX with the column; E_LIMIT; E_DUPLICATE. */
enum code json_read(struct str text, struct arena *a, const struct json_node **ret,
                    struct error *e) must_check;
/* The member of an object, NULL where there is none. */
const struct json_node *json_member(const struct json_node *object, const char *key);

#endif
