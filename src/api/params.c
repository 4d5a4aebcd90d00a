/* A configuration's JSON text as people read it. */
#include "api/params.h"

#include "api/screen.h"
#include "base/number.h"

#include <jansson.h>

enum { SHORT_DIGITS = 4, SHORT_WIDTH = 60, VALUE_MAX = 2 << 20 };

/* A string on a line of its own: what would move the cursor is written as an escape, and one that
 * is empty can be seen. */
static void write_shown(struct str s, struct buf *b)
{
    if (s.n == 0)
        buf_cstr(b, "\"\"");
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\n')
            buf_cstr(b, "\\n");
        else if (c == '\t')
            buf_cstr(b, "\\t");
        else if (c < 0x20 || c == 0x7f)
            buf_fmt(b, "\\x%02x", c);
        else
            buf_char(b, (char)c);
    }
}

/* digits: of reals; 0: all. */
static void write_value(json_t *v, struct buf *b, int digits, bool shown)
{
    struct str s;
    switch (json_typeof(v)) {
    case JSON_STRING:
        s = (struct str){json_string_value(v), json_string_length(v)};
        if (shown)
            write_shown(s, b);
        else
            buf_str(b, s);
        break;
    case JSON_INTEGER:
        buf_fmt(b, "%lld", (long long)json_integer_value(v));
        break;
    case JSON_REAL:
        if (digits > 0)
            number_write_short(b, json_real_value(v), digits);
        else
            number_write(b, json_real_value(v));
        break;
    case JSON_TRUE:
        buf_cstr(b, "true");
        break;
    case JSON_FALSE:
        buf_cstr(b, "false");
        break;
    case JSON_NULL:
        buf_cstr(b, "null");
        break;
    case JSON_ARRAY:
        for (size_t i = 0; i < json_array_size(v); i++) {
            if (i > 0)
                buf_char(b, ',');
            write_value(json_array_get(v, i), b, digits, shown);
        }
        break;
    case JSON_OBJECT:
        break;
    }
}

static json_t *parse(struct str params)
{
    json_error_t je;
    return params.n > 0 ? json_loadb(params.p, params.n, 0, &je) : NULL;
}

void params_short(struct str params, size_t max, struct buf *b)
{
    json_t *root = parse(params);
    const char *key;
    json_t *v;
    struct buf value;
    size_t n = 0;
    buf_init(&value, VALUE_MAX);
    json_object_foreach(root, key, v)
    {
        if (n++ == max) {
            buf_cstr(b, " …");
            break;
        }
        buf_fmt(b, "%s%s=", n > 1 ? " " : "", key);
        buf_clear(&value);
        write_value(v, &value, SHORT_DIGITS, true);
        text_cut(buf_view(&value), SHORT_WIDTH, b);
    }
    buf_free(&value);
    json_decref(root);
}

void params_each(struct str params, void (*visit)(void *self, struct str name, struct str value),
                 void *self)
{
    json_t *root = parse(params);
    const char *key;
    json_t *v;
    struct buf b;
    buf_init(&b, VALUE_MAX);
    json_object_foreach(root, key, v)
    {
        buf_clear(&b);
        write_value(v, &b, 0, true);
        visit(self, str_of(key), buf_view(&b));
    }
    buf_free(&b);
    json_decref(root);
}

bool params_value(struct str params, struct str name, bool shown, struct buf *b)
{
    json_t *root = parse(params);
    json_t *v = json_object_getn(root, name.p, name.n);
    if (v != NULL)
        write_value(v, b, 0, shown);
    json_decref(root);
    return v != NULL;
}
