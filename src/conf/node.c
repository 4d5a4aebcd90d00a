/*
 * Nodes: what they hold, new ones, and where their letters stand in the source.
 */
#include "conf/document.h"

enum { EXCERPT_BYTES_MAX = 80 };

struct str excerpt(struct str s)
{
    size_t n = s.n <= EXCERPT_BYTES_MAX ? s.n : EXCERPT_BYTES_MAX;
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_sub(s, 0, n);
}

bool node_is_null(const struct node *n)
{
    return n->kind == NODE_SCALAR && n->style == NODE_PLAIN &&
           (n->text.n == 0 || str_is(n->text, "~") || str_is(n->text, "null") ||
            str_is(n->text, "Null") || str_is(n->text, "NULL"));
}

struct value node_value(const struct node *n)
{
    return n->style == NODE_PLAIN ? value_of_scalar(n->text) : value_string(n->text);
}

const char *node_what(const struct node *n)
{
    if (n->kind == NODE_MAP)
        return "a map";
    if (n->kind == NODE_LIST)
        return "a list";
    if (node_is_null(n))
        return "empty";
    switch (node_value(n).type) {
    case VALUE_BOOL:
        return "true or false";
    case VALUE_INT:
        return "a whole number";
    case VALUE_REAL:
        return "a number";
    case VALUE_NONE:
    case VALUE_STRING:
    case VALUE_LIST:
        break;
    }
    return "text";
}

const struct node_pair *node_pair(const struct node *map, struct str key)
{
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n; i++)
        if (str_eq(map->pairs[i].key->text, key))
            return &map->pairs[i];
    return NULL;
}

const struct node *node_get(const struct node *map, struct str key)
{
    const struct node_pair *pair = node_pair(map, key);
    return pair ? pair->value : NULL;
}

const struct node *node_key(const struct node *root, const struct node *value)
{
    const struct node *key = NULL;
    for (size_t i = 0; root->kind == NODE_LIST && !key && i < root->n; i++)
        key = node_key(root->items[i], value);
    for (size_t i = 0; root->kind == NODE_MAP && !key && i < root->n; i++)
        key = root->pairs[i].value == value ? root->pairs[i].key
                                            : node_key(root->pairs[i].value, value);
    return key;
}

const struct node *node_scalar(struct arena *a, struct str text, enum node_style style,
                               struct location at)
{
    struct node *n = arena_alloc(a, sizeof(*n));
    const char *copy = arena_cstr(a, text);
    if (!n || !copy)
        return NULL;
    *n = (struct node){.kind = NODE_SCALAR, .style = style, .at = at, .size = 1};
    n->text = (struct str){copy, text.n};
    return n;
}

const struct node *node_list(struct arena *a, const struct node *const *items, size_t n,
                             struct location at)
{
    struct node *list = arena_alloc(a, sizeof(*list));
    const struct node **copy = arena_array(a, n + 1, sizeof(*copy));
    if (!list || !copy)
        return NULL;
    *list = (struct node){.kind = NODE_LIST, .at = at, .size = 1, .n = n, .items = copy};
    for (size_t i = 0; i < n; i++) {
        copy[i] = items[i];
        list->size += items[i]->size;
    }
    return list;
}

static struct node *make_map(struct arena *a, const struct node_pair *pairs, size_t n,
                             struct location at)
{
    struct node *map = arena_alloc(a, sizeof(*map));
    struct node_pair *copy = arena_array(a, n + 1, sizeof(*copy));
    if (!map || !copy)
        return NULL;
    *map = (struct node){.kind = NODE_MAP, .at = at, .size = 1, .n = n, .pairs = copy};
    for (size_t i = 0; i < n; i++) {
        copy[i] = pairs[i];
        map->size += pairs[i].key->size + pairs[i].value->size;
    }
    return map;
}

const struct node *node_map(struct arena *a, const struct node_pair *pairs, size_t n,
                            struct location at)
{
    return make_map(a, pairs, n, at);
}

const struct node *node_with(struct arena *a, const struct node *map, struct str key,
                             const struct node *value, struct location at)
{
    const struct node_pair *old = node_pair(map, key);
    struct node_pair *pairs = arena_array(a, map->n + 1, sizeof(*pairs));
    size_t n = 0;
    if (!pairs)
        return NULL;
    for (size_t i = 0; i < map->n; i++) {
        pairs[n] = map->pairs[i];
        if (&map->pairs[i] != old)
            n++;
        else if (value)
            pairs[n++].value = value;
    }
    if (!old && value) {
        pairs[n].key = node_scalar(a, key, NODE_PLAIN, at);
        pairs[n].value = value;
        if (!pairs[n++].key)
            return NULL;
    }
    struct node *with = make_map(a, pairs, n, map->at);
    if (with)
        with->flow = map->flow;
    return with;
}

/* As libyaml breaks lines: LF, CR, CR LF, NEL, LS, PS. Bytes of the break at `at`, 0 for none. */
static size_t break_at(struct str text, size_t at)
{
    struct str here = str_sub(text, at, 3);
    if (str_starts(here, "\r\n") || str_starts(here, "\xc2\x85"))
        return 2;
    if (str_starts(here, "\n") || str_starts(here, "\r"))
        return 1;
    return str_starts(here, "\xe2\x80\xa8") || str_starts(here, "\xe2\x80\xa9") ? 3 : 0;
}

void document_locate(struct str text, size_t offset, int *ret_line, int *ret_column)
{
    int line = 1, column = 1;
    for (size_t at = 0; at < offset && at < text.n;) {
        size_t end = break_at(text, at);
        size_t step = end ? end : str_utf8_step(str_sub(text, at, 4));
        line += end != 0;
        column = end ? 1 : column + 1;
        at += step ? step : 1;
    }
    *ret_line = line;
    *ret_column = column;
}

/* Where a line begins; text.n when there are not so many. */
static size_t line_start(struct str text, int line)
{
    size_t at = 0;
    while (line > 1 && at < text.n) {
        size_t end = break_at(text, at);
        at += end ? end : 1;
        line -= end != 0;
    }
    return at;
}

static bool not_after(struct location a, const struct error *e)
{
    return a.line < e->line || (a.line == e->line && a.column <= e->column);
}

/* The last scalar that begins at or before the error. Nodes shared through aliases are met more
 * than once, which DOCUMENT_NODES_MAX bounds. */
static void find_scalar(const struct node *n, const struct error *e, const struct node **best)
{
    if (n->kind == NODE_SCALAR) {
        bool here = n->at.file && strcmp(n->at.file, e->file) == 0 && not_after(n->at, e);
        if (here && (!*best || (*best)->at.line < n->at.line ||
                     ((*best)->at.line == n->at.line && (*best)->at.column < n->at.column)))
            *best = n;
    }
    for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        find_scalar(n->items[i], e, best);
    for (size_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
        find_scalar(n->pairs[i].key, e, best);
        find_scalar(n->pairs[i].value, e, best);
    }
}

/* Characters of the source that write one character of a double-quoted scalar. */
static int escape_width(struct str at)
{
    if (!str_starts(at, "\\"))
        return 1;
    char kind = at.n > 1 ? at.p[1] : 0;
    return kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
}

/* In quotes: column of the source for the letter `letters` after the first. */
static void place_quoted(const struct node *n, struct str line, struct error *e)
{
    int column = 1;
    size_t at = 0;
    int letters = e->column - n->at.column;
    for (; column < n->at.column && at < line.n; column++)
        at += str_utf8_step(str_sub(line, at, 4));
    for (; letters > 0 && at < line.n; letters--) {
        struct str rest = str_sub(line, at, line.n);
        int width = n->style == NODE_DOUBLE ? escape_width(rest) : str_starts(rest, "''") ? 2 : 1;
        column += width;
        at += width > 1 ? (size_t)width : str_utf8_step(str_sub(rest, 0, 4));
    }
    e->column = column;
}

/* In a block scalar with | the text's lines are the lines after the mark, less their indentation.
 */
static void place_literal(const struct node *n, struct str text, struct error *e)
{
    int row = e->line - n->at.line;
    int letter = row == 0 ? e->column - n->at.column : e->column - 1;
    size_t start = line_start(text, n->at.line + 1), indent = 0;
    while (break_at(text, start))
        start += break_at(text, start);
    while (str_starts(str_sub(text, start + indent, 1), " "))
        indent++;
    e->line = n->at.line + 1 + row;
    e->column = (int)indent + 1 + letter;
}

void document_place(const struct node *root, struct str text, struct error *e)
{
    const struct node *n = NULL;
    if (e->line == 0)
        return;
    if (str_starts(text, "\xef\xbb\xbf"))
        text = str_sub(text, 3, text.n);
    find_scalar(root, e, &n);
    if (!n || not_after(n->end, e))
        return;
    if (n->style == NODE_LITERAL) {
        if (e->line != n->at.line || e->column != n->at.column)
            place_literal(n, text, e);
    } else if (n->at.line != n->end.line) {
        e->line = n->at.line;
        e->column = n->at.column;
    } else if (n->style != NODE_PLAIN) {
        place_quoted(n, str_sub(text, line_start(text, n->at.line), text.n), e);
    }
}
