/*
 * Trees back to text: YAML through libyaml's emitter, and JSON.
 *
 * The emitter owns an event from the moment it is given to it, also where it refuses it.
 */
#include "conf/document.h"

#include <yaml.h>

struct writer {
    yaml_emitter_t emitter;
    struct buf *out;
};

static int append(void *self, unsigned char *bytes, size_t n)
{
    struct writer *w = self;
    buf_add(w->out, bytes, n);
    return !w->out->bad;
}

static yaml_scalar_style_t style_of(enum node_style style)
{
    switch (style) {
    case NODE_SINGLE:
        return YAML_SINGLE_QUOTED_SCALAR_STYLE;
    case NODE_DOUBLE:
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    case NODE_LITERAL:
        return YAML_LITERAL_SCALAR_STYLE;
    case NODE_FOLDED:
        return YAML_FOLDED_SCALAR_STYLE;
    case NODE_PLAIN:
        break;
    }
    return YAML_PLAIN_SCALAR_STYLE;
}

/* libyaml would write an empty plain value as '', which is text. */
static bool write_scalar(struct writer *w, const struct node *n, bool key)
{
    yaml_event_t event;
    struct str text = !key && node_is_null(n) && n->text.n == 0 ? STR("null") : n->text;
    return text.n <= DOCUMENT_BYTES_MAX &&
           yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text.p,
                                        (int)text.n, 1, 1, style_of(n->style)) &&
           yaml_emitter_emit(&w->emitter, &event);
}

static bool write_node(struct writer *w, const struct node *n)
{
    yaml_event_t event;
    int begun;
    if (n->kind == NODE_SCALAR)
        return write_scalar(w, n, false);
    if (n->kind == NODE_LIST)
        begun = yaml_sequence_start_event_initialize(
            &event, NULL, NULL, 1, n->flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
    else
        begun = yaml_mapping_start_event_initialize(
            &event, NULL, NULL, 1, n->flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
    if (!begun || !yaml_emitter_emit(&w->emitter, &event))
        return false;
    for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
        if (!write_node(w, n->items[i]))
            return false;
    for (size_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
        if (!write_scalar(w, n->pairs[i].key, true) || !write_node(w, n->pairs[i].value))
            return false;
    begun = n->kind == NODE_LIST ? yaml_sequence_end_event_initialize(&event)
                                 : yaml_mapping_end_event_initialize(&event);
    return begun && yaml_emitter_emit(&w->emitter, &event);
}

static bool write_document(struct writer *w, const struct node *root)
{
    yaml_event_t event;
    return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
           yaml_emitter_emit(&w->emitter, &event) &&
           yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
           yaml_emitter_emit(&w->emitter, &event) && write_node(w, root) &&
           yaml_document_end_event_initialize(&event, 1) &&
           yaml_emitter_emit(&w->emitter, &event) && yaml_stream_end_event_initialize(&event) &&
           yaml_emitter_emit(&w->emitter, &event);
}

enum code document_write(const struct node *root, struct buf *b, struct error *e)
{
    struct writer w = {.out = b};
    if (!yaml_emitter_initialize(&w.emitter))
        return error_nomem(e);
    yaml_emitter_set_output(&w.emitter, append, &w);
    yaml_emitter_set_unicode(&w.emitter, 1);
    yaml_emitter_set_width(&w.emitter, -1);
    bool well = write_document(&w, root);
    bool memory = w.emitter.error == YAML_MEMORY_ERROR;
    if (!well && !memory && !b->bad)
        (void)error_set(e, E_INVALID, "cannot be written as YAML: %s",
                        w.emitter.problem ? w.emitter.problem : "text too long");
    yaml_emitter_delete(&w.emitter);
    if (memory)
        return error_nomem(e);
    if (b->bad)
        return buf_end(b, e);
    return well ? OK : E_INVALID;
}

static struct str digits(struct str *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
        n++;
    struct str head = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->n);
    return head;
}

/* -? ( 0 | [1-9] [0-9]* ) ( \. [0-9]+ )? ( [eE] [-+]? [0-9]+ )? */
static bool is_json_number(struct str s)
{
    s = str_sub(s, str_starts(s, "-"), s.n);
    struct str whole = digits(&s);
    if (whole.n == 0 || (whole.n > 1 && whole.p[0] == '0'))
        return false;
    if (str_starts(s, ".")) {
        s = str_sub(s, 1, s.n);
        if (digits(&s).n == 0)
            return false;
    }
    if (!str_starts(s, "e") && !str_starts(s, "E"))
        return s.n == 0;
    s = str_sub(s, 1, s.n);
    s = str_sub(s, str_starts(s, "-") || str_starts(s, "+"), s.n);
    return digits(&s).n > 0 && s.n == 0;
}

/* A number that JSON writes likewise stays as it is: it may have more digits than we hold. */
static void write_json_scalar(const struct node *n, struct json *j)
{
    struct value v = node_value(n);
    if (node_is_null(n))
        jw_null(j);
    else if (n->style == NODE_PLAIN && is_json_number(n->text))
        jw_raw(j, n->text);
    else
        value_json(&v, j);
}

void document_write_json(const struct node *n, struct json *j)
{
    if (n->kind == NODE_SCALAR) {
        write_json_scalar(n, j);
    } else if (n->kind == NODE_LIST) {
        jw_array(j);
        for (size_t i = 0; i < n->n; i++)
            document_write_json(n->items[i], j);
        jw_array_end(j);
    } else {
        jw_object(j);
        for (size_t i = 0; i < n->n; i++) {
            jw_key_str(j, n->pairs[i].key->text);
            document_write_json(n->pairs[i].value, j);
        }
        jw_object_end(j);
    }
}
