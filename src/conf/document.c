/*
 * From libyaml's events to a tree.
 *
 * The tree is built by recursion that is as deep as the document, which DOCUMENT_DEPTH_MAX bounds.
 * What is wrong with YAML itself ends the reading; duplicate keys are noted and the reading goes
 * on.
 */
#include "conf/document.h"

#include <yaml.h>

struct anchor {
    struct str name;
    const struct node *node; /* NULL while the node is being read */
};

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct str text;
    const char *file;
    struct problems *problems;
    bool marked;  /* braces of references are replaced in `text` */
    size_t nodes; /* aliases expanded */
    int depth;
    size_t n_anchors;
    struct anchor anchors[DOCUMENT_ANCHORS_MAX];
};

/* In `{LR: ${lr}}` YAML takes the inner braces for brackets of its own. So that commands and
 * environments may name parameters wherever a value stands, the braces of every ${name} are
 * replaced by these two private characters before libyaml sees them (one character for one, so that
 * columns stay right), and put back in the texts it hands out. */
#define OPEN_MARK  "\xee\x80\x80" /* U+E000 */
#define CLOSE_MARK "\xee\x80\x81" /* U+E001 */

#define CORE_TAG "tag:yaml.org,2002:" /* what !! stands for */

/* A list that grows in an arena. */
struct pile {
    void *v;
    size_t n, room;
};

static struct location location_of(const struct reader *r, yaml_mark_t mark)
{
    return (struct location){r->file, (int)mark.line + 1, (int)mark.column + 1};
}

static bool refuse(struct reader *r, struct location at, struct error *e)
{
    error_at(e, at.file, at.line, at.column);
    problems_add(r->problems, e);
    return false;
}

static bool refuse_nomem(struct reader *r)
{
    struct error e;
    error_nomem(&e);
    problems_add(r->problems, &e);
    return false;
}

/* Room for one more element; NULL when out of memory. */
static void *pile_add(struct arena *a, struct pile *p, size_t size)
{
    if (p->n == p->room) {
        size_t room = p->room ? p->room * 2 : 4;
        void *v = arena_array(a, room, size);
        if (!v)
            return NULL;
        if (p->n)
            memcpy(v, p->v, p->n * size);
        p->v = v;
        p->room = room;
    }
    return (char *)p->v + size * p->n++;
}

/* Is the nearest letter before `at` in its line a quote? */
static bool after_quote(struct str line, int column)
{
    struct str before = str_trim(str_sub(line, 0, (size_t)column - 1));
    return str_ends(before, "\"") || str_ends(before, "'");
}

/* What to do about what libyaml says, where that is not plain. */
static void hint_for(const struct reader *r, struct location at, struct error *e)
{
    struct str line = r->text;
    for (int i = 1; i < at.line; i++)
        (void)str_cut(&line, '\n');
    struct str here = str_sub(line, (size_t)at.column - 1, 1);
    if (str_is(here, "\t"))
        error_hint(e, "YAML is indented with spaces, not tabs");
    else if (strstr(e->message, "cannot start any token") && here.n)
        error_hint(e, "put text that begins with %s in quotes",
                   here.p[0] == '`'   ? "a backquote"
                   : here.p[0] == '@' ? "@"
                                      : "such a sign");
    else if (strstr(e->message, "mapping values are not allowed"))
        error_hint(e, "text that holds \": \" stands in quotes, and a key begins where its "
                      "neighbours do");
    else if (strstr(e->message, "expected ':'"))
        error_hint(e, "a line of a map is \"key: value\"");
    else if (strstr(e->message, "unexpected end of stream"))
        error_hint(e, "the quote that opens here is never closed");
    else if (strstr(e->message, "did not find expected") && after_quote(line, at.column))
        error_hint(e, "text that goes on after a quote stands in quotes as a whole: '\"a\" in b'");
    else if (strstr(e->message, "expected ',' or"))
        error_hint(e, "the bracket that opens at line %zu, column %zu is not closed",
                   r->parser.context_mark.line + 1, r->parser.context_mark.column + 1);
    else if (strstr(e->message, "unknown escape"))
        error_hint(e, "in single quotes a backslash is itself");
    else if (strstr(e->message, "node content"))
        error_hint(e, "put the text in quotes");
}

/* What libyaml says, where it says it; where it only noticed at the end, where it began. */
static bool refuse_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "this is not YAML";
    struct error e;
    if (p->error == YAML_MEMORY_ERROR)
        return refuse_nomem(r);
    error_set(&e, E_SYNTAX, "%s", problem);
    struct location at = location_of(r, p->problem_mark);
    if (p->error == YAML_READER_ERROR)
        document_locate(r->text, p->problem_offset, &at.line, &at.column);
    else if (strstr(problem, "end of stream") || strstr(problem, "expected ':'"))
        at = location_of(r, p->context_mark);
    if (p->context)
        error_detail(&e, "%s", p->context);
    hint_for(r, at, &e);
    return refuse(r, at, &e);
}

static bool next(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? true : refuse_syntax(r);
}

static const struct node *read_node(struct reader *r, yaml_event_t *event);

/* Counts nodes against the limit. */
static bool count(struct reader *r, size_t n, struct location at)
{
    struct error e;
    r->nodes += n;
    if (r->nodes <= DOCUMENT_NODES_MAX)
        return true;
    error_set(&e, E_LIMIT, "more than %d values, counting what aliases stand for",
              DOCUMENT_NODES_MAX);
    error_hint(&e, "a list that long belongs into a file of the program's own");
    return refuse(r, at, &e);
}

/* Registers the anchor of a node that begins; *ret is its index, or -1 where it has none. */
static bool anchor_open(struct reader *r, const yaml_char_t *name, struct location at, int *ret)
{
    struct error e;
    *ret = -1;
    if (!name)
        return true;
    if (r->n_anchors == DOCUMENT_ANCHORS_MAX) {
        error_set(&e, E_LIMIT, "more than %d anchors", DOCUMENT_ANCHORS_MAX);
        return refuse(r, at, &e);
    }
    *ret = (int)r->n_anchors;
    struct anchor *anchor = &r->anchors[r->n_anchors++];
    anchor->node = NULL;
    if (arena_str(r->arena, str_of((const char *)name), &anchor->name) != OK)
        return refuse_nomem(r);
    return true;
}

static const struct node *close_node(struct reader *r, int anchor, struct node *n)
{
    if (anchor >= 0)
        r->anchors[anchor].node = n;
    return n;
}

static bool refuse_tag(struct reader *r, const yaml_char_t *tag, struct location at)
{
    struct error e;
    if (!tag)
        return true;
    struct str name = str_of((const char *)tag);
    bool core = str_starts(name, CORE_TAG);
    error_set(&e, E_UNSUPPORTED, "tags are not taken: %s%.*s", core ? "!!" : "",
              STR_FMT(excerpt(str_sub(name, core ? sizeof(CORE_TAG) - 1 : 0, name.n))));
    error_hint(&e, "quotes make a string; everything else is read from the value itself");
    return refuse(r, at, &e);
}

static const struct node *read_alias(struct reader *r, const yaml_event_t *event)
{
    struct str name = str_of((const char *)event->data.alias.anchor);
    struct location at = location_of(r, event->start_mark);
    struct error e;
    /* The last one of a name is meant. */
    for (size_t i = r->n_anchors; i-- > 0;) {
        if (!str_eq(r->anchors[i].name, name))
            continue;
        if (r->anchors[i].node)
            return count(r, r->anchors[i].node->size, at) ? r->anchors[i].node : NULL;
        error_set(&e, E_INVALID, "*%.*s stands inside of what it is an alias of",
                  STR_FMT(excerpt(name)));
        (void)refuse(r, at, &e);
        return NULL;
    }
    error_set(&e, E_UNKNOWN, "no anchor &%.*s stands before its alias", STR_FMT(excerpt(name)));
    error_hint(&e, "if it is text, put it in quotes");
    (void)refuse(r, at, &e);
    return NULL;
}

static enum node_style style_of(yaml_scalar_style_t style)
{
    if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE)
        return NODE_SINGLE;
    if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return NODE_DOUBLE;
    if (style == YAML_LITERAL_SCALAR_STYLE)
        return NODE_LITERAL;
    return style == YAML_FOLDED_SCALAR_STYLE ? NODE_FOLDED : NODE_PLAIN;
}

/* A copy of a scalar's text in the arena, its braces put back; NULL when out of memory. */
static const char *copy_text(struct reader *r, struct str *text)
{
    char *copy = arena_cstr(r->arena, *text);
    size_t n = 0;
    if (!copy || !r->marked)
        return copy;
    for (size_t i = 0; i < text->n;) {
        struct str rest = str_sub(*text, i, 3);
        bool open = str_starts(rest, OPEN_MARK), close = str_starts(rest, CLOSE_MARK);
        copy[n++] = open ? '{' : close ? '}' : text->p[i];
        i += open || close ? 3 : 1;
    }
    copy[n] = 0;
    text->n = n;
    return copy;
}

static const struct node *read_scalar(struct reader *r, const yaml_event_t *event)
{
    struct location at = location_of(r, event->start_mark);
    int anchor;
    if (!refuse_tag(r, event->data.scalar.tag, at) || !count(r, 1, at) ||
        !anchor_open(r, event->data.scalar.anchor, at, &anchor))
        return NULL;
    struct node *n = arena_alloc(r->arena, sizeof(*n));
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    if (!n || !(text.p = copy_text(r, &text))) {
        (void)refuse_nomem(r);
        return NULL;
    }
    if (memchr(text.p, 0, text.n)) {
        struct error e;
        error_set(&e, E_SYNTAX, "a text holds a NUL byte");
        (void)refuse(r, at, &e);
        return NULL;
    }
    *n = (struct node){
        .kind = NODE_SCALAR, .style = style_of(event->data.scalar.style), .at = at, .size = 1};
    n->text = text;
    n->end = location_of(r, event->end_mark);
    if (anchor >= 0) /* the event begins at the anchor */
        n->at.column += (int)r->anchors[anchor].name.n + 2;
    if (n->style == NODE_SINGLE || n->style == NODE_DOUBLE)
        n->at.column++;
    return close_node(r, anchor, n);
}

static const struct node *read_list(struct reader *r, const yaml_event_t *start)
{
    struct location at = location_of(r, start->start_mark);
    struct pile items = {0};
    int anchor;
    if (!refuse_tag(r, start->data.sequence_start.tag, at) || !count(r, 1, at) ||
        !anchor_open(r, start->data.sequence_start.anchor, at, &anchor))
        return NULL;
    struct node *n = arena_alloc(r->arena, sizeof(*n));
    if (!n) {
        (void)refuse_nomem(r);
        return NULL;
    }
    *n = (struct node){.kind = NODE_LIST, .at = at, .size = 1};
    n->flow = start->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    for (;;) {
        yaml_event_t event;
        if (!next(r, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        const struct node *item = read_node(r, &event);
        const struct node **place = item ? pile_add(r->arena, &items, sizeof(item)) : NULL;
        if (item && !place)
            (void)refuse_nomem(r);
        if (!place)
            return NULL;
        *place = item;
        n->size += item->size;
    }
    n->items = items.v;
    n->n = items.n;
    return close_node(r, anchor, n);
}

static int by_key(const void *a, const void *b)
{
    const struct node_pair *const *x = a, *const *y = b;
    int order = str_cmp((*x)->key->text, (*y)->key->text);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Notes every key that was there before, and drops it from the map. */
static bool drop_duplicates(struct reader *r, struct node_pair *pairs, size_t *n)
{
    const struct node_pair **sorted = arena_array(r->arena, *n + 1, sizeof(*sorted));
    const struct node **first = arena_array(r->arena, *n + 1, sizeof(*first));
    size_t kept = 0;
    if (!sorted || !first)
        return refuse_nomem(r);
    for (size_t i = 0; i < *n; i++)
        sorted[i] = &pairs[i];
    qsort(sorted, *n, sizeof(struct node_pair *), by_key);
    for (size_t i = 1; i < *n; i++) {
        const struct node *before = first[sorted[i - 1] - pairs];
        if (str_eq(sorted[i - 1]->key->text, sorted[i]->key->text))
            first[sorted[i] - pairs] = before ? before : sorted[i - 1]->key;
    }
    for (size_t i = 0; i < *n; i++) {
        const struct node *key = pairs[i].key;
        if (!first[i]) {
            pairs[kept++] = pairs[i];
            continue;
        }
        struct error e;
        error_set(&e, E_DUPLICATE, "\"%.*s\" is said twice", STR_FMT(excerpt(key->text)));
        error_hint(&e, "it was said at line %d, column %d", first[i]->at.line, first[i]->at.column);
        (void)refuse(r, key->at, &e);
    }
    *n = kept;
    return true;
}

/* One pair, its key's event already there. */
static bool read_pair(struct reader *r, yaml_event_t *event, struct node_pair *ret)
{
    struct error e;
    ret->key = read_node(r, event);
    if (!ret->key)
        return false;
    if (ret->key->kind != NODE_SCALAR) {
        error_set(&e, E_INVALID, "a key is %s", node_what(ret->key));
        error_hint(&e, "keys are words");
        return refuse(r, ret->key->at, &e);
    }
    yaml_event_t value;
    return next(r, &value) && (ret->value = read_node(r, &value));
}

static const struct node *read_map(struct reader *r, const yaml_event_t *start)
{
    struct location at = location_of(r, start->start_mark);
    struct pile pairs = {0};
    int anchor;
    if (!refuse_tag(r, start->data.mapping_start.tag, at) || !count(r, 1, at) ||
        !anchor_open(r, start->data.mapping_start.anchor, at, &anchor))
        return NULL;
    struct node *n = arena_alloc(r->arena, sizeof(*n));
    if (!n) {
        (void)refuse_nomem(r);
        return NULL;
    }
    *n = (struct node){.kind = NODE_MAP, .at = at, .size = 1};
    n->flow = start->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    for (;;) {
        yaml_event_t event;
        struct node_pair pair, *place;
        if (!next(r, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        if (!read_pair(r, &event, &pair))
            return NULL;
        if (!(place = pile_add(r->arena, &pairs, sizeof(pair)))) {
            (void)refuse_nomem(r);
            return NULL;
        }
        *place = pair;
        n->size += pair.key->size + pair.value->size;
    }
    if (!drop_duplicates(r, pairs.v, &pairs.n))
        return NULL;
    n->pairs = pairs.v;
    n->n = pairs.n;
    return close_node(r, anchor, n);
}

/* The node that begins with `event`, which it deletes; NULL when refused. */
static const struct node *read_node(struct reader *r, yaml_event_t *event)
{
    const struct node *n = NULL;
    struct error e;
    if (r->depth == DOCUMENT_DEPTH_MAX) {
        error_set(&e, E_LIMIT, "nested deeper than %d", DOCUMENT_DEPTH_MAX);
        (void)refuse(r, location_of(r, event->start_mark), &e);
    } else {
        r->depth++;
        if (event->type == YAML_ALIAS_EVENT)
            n = read_alias(r, event);
        else if (event->type == YAML_SCALAR_EVENT)
            n = read_scalar(r, event);
        else if (event->type == YAML_SEQUENCE_START_EVENT)
            n = read_list(r, event);
        else
            n = read_map(r, event);
        r->depth--;
    }
    yaml_event_delete(event);
    return n;
}

/* The next event must be of this type. libyaml's grammar leaves no other choice but for a second
 * document. */
static bool expect(struct reader *r, yaml_event_type_t type)
{
    yaml_event_t event;
    struct error e;
    if (!next(r, &event))
        return false;
    bool right = event.type == type;
    struct location at = location_of(r, event.start_mark);
    yaml_event_delete(&event);
    if (right)
        return true;
    error_set(&e, E_INVALID, "a second document begins here");
    error_hint(&e, "a file is one document: take out the ---");
    return refuse(r, at, &e);
}

static bool read_document(struct reader *r, const struct node **ret)
{
    yaml_event_t event;
    if (!expect(r, YAML_STREAM_START_EVENT) || !next(r, &event))
        return false;
    if (event.type == YAML_STREAM_END_EVENT) {
        yaml_event_delete(&event);
        *ret = node_map(r->arena, NULL, 0, (struct location){r->file, 1, 1});
        return *ret ? true : refuse_nomem(r);
    }
    yaml_event_delete(&event);
    if (!next(r, &event))
        return false;
    const struct node *root = read_node(r, &event);
    if (!root || !expect(r, YAML_DOCUMENT_END_EVENT) || !expect(r, YAML_STREAM_END_EVENT))
        return false;
    *ret = root;
    return true;
}

/* Length of the ${name} that begins at `text`; 0: none does. */
static size_t reference_length(struct str text)
{
    if (!str_starts(text, "${"))
        return 0;
    for (size_t i = 2; i < text.n; i++) {
        char c = text.p[i];
        bool inner = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && strchr("_.:-", c));
        if (!inner)
            return c == '}' && i > 2 ? i + 1 : 0;
    }
    return 0;
}

/* Replaces the braces of references in the reader's text. A text that holds the marks itself keeps
 * its braces. */
static bool mark_references(struct reader *r)
{
    struct str text = r->text;
    struct buf b;
    if (text.n < 4 || memmem(text.p, text.n, OPEN_MARK, 3) ||
        memmem(text.p, text.n, CLOSE_MARK, 3) || !memmem(text.p, text.n, "${", 2))
        return true;
    buf_init(&b, 4UL * DOCUMENT_BYTES_MAX);
    for (size_t i = 0; i < text.n;) {
        size_t n = reference_length(str_sub(text, i, text.n));
        if (n) {
            buf_cstr(&b, "$" OPEN_MARK);
            buf_str(&b, str_sub(text, i + 2, n - 3));
            buf_cstr(&b, CLOSE_MARK);
        } else {
            buf_char(&b, text.p[i]);
        }
        i += n ? n : 1;
    }
    bool well = buf_end(&b, NULL) == OK && arena_str(r->arena, buf_view(&b), &r->text) == OK;
    buf_free(&b);
    r->marked = true;
    return well ? true : refuse_nomem(r);
}

/* libyaml compares each %TAG with all before it, so that many of them would take for ever. */
static bool check_directives(struct reader *r)
{
    struct str rest = r->text;
    struct location at = {r->file, 1, 1};
    struct error e;
    for (const char *tag; (tag = rest.n ? memmem(rest.p, rest.n, "%TAG", 4) : NULL);) {
        size_t offset = (size_t)(tag - r->text.p);
        if (offset == 0 || tag[-1] == '\n' || tag[-1] == '\r') {
            document_locate(r->text, offset, &at.line, &at.column);
            error_set(&e, E_UNSUPPORTED, "tags are not taken: %%TAG");
            return refuse(r, at, &e);
        }
        rest = str_sub(r->text, offset + 4, r->text.n);
    }
    return true;
}

/* What libyaml would take but we do not, or would take its time over. */
static bool check_bytes(struct reader *r)
{
    struct error e;
    size_t at = 0;
    if (r->text.n > DOCUMENT_BYTES_MAX) {
        error_set(&e, E_LIMIT, "%zu bytes are more than the %d a file may have", r->text.n,
                  DOCUMENT_BYTES_MAX);
        error_at(&e, r->file, 0, 0);
        problems_add(r->problems, &e);
        return false;
    }
    struct location where = {r->file, 0, 0};
    const char *nul = r->text.n ? memchr(r->text.p, 0, r->text.n) : NULL;
    if (nul) {
        document_locate(r->text, (size_t)(nul - r->text.p), &where.line, &where.column);
        error_set(&e, E_SYNTAX, "a NUL byte");
        error_hint(&e, "is this a text file?");
        return refuse(r, where, &e);
    }
    for (size_t n; at < r->text.n; at += n)
        if ((n = str_utf8_step(str_sub(r->text, at, 4))) == 0) {
            document_locate(r->text, at, &where.line, &where.column);
            error_set(&e, E_SYNTAX, "this is not UTF-8: byte 0x%02x", (unsigned char)r->text.p[at]);
            error_hint(&e, "save the file as UTF-8");
            return refuse(r, where, &e);
        }
    return check_directives(r);
}

enum code document_parse(struct arena *a, struct str text, const char *file,
                         const struct node **ret, struct problems *problems)
{
    struct reader *r = arena_alloc(a, sizeof(*r));
    const struct node *root = NULL;
    if (!r || !yaml_parser_initialize(&r->parser)) {
        struct error e;
        enum code code = error_nomem(&e);
        problems_add(problems, &e);
        return code;
    }
    r->arena = a;
    r->text = str_starts(text, "\xef\xbb\xbf") ? str_sub(text, 3, text.n) : text;
    r->file = file;
    r->problems = problems;
    if (check_bytes(r) && mark_references(r)) {
        yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
        const char *bytes = r->text.n ? r->text.p : "";
        yaml_parser_set_input_string(&r->parser, (const unsigned char *)bytes, r->text.n);
        (void)read_document(r, &root);
    }
    yaml_parser_delete(&r->parser);
    if (!root)
        return problems->n ? problems->v[problems->n - 1].code : E_NOMEM;
    *ret = root;
    return OK;
}
