/* A configuration's JSON text as people read it. */
#include "api/params.h"

#include "base/number.h"

#include <jansson.h>

enum { SHORT_DIGITS = 4, VALUE_MAX = 64 << 10 };

static void write_value(json_t *v, struct buf *b, int digits)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        buf_cstr(b, json_string_value(v));
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
            write_value(json_array_get(v, i), b, digits);
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
    size_t n = 0;
    json_object_foreach(root, key, v)
    {
        if (n++ == max) {
            buf_cstr(b, " …");
            break;
        }
        buf_fmt(b, "%s%s=", n > 1 ? " " : "", key);
        write_value(v, b, SHORT_DIGITS);
    }
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
        write_value(v, &b, 0);
        visit(self, str_of(key), buf_view(&b));
    }
    buf_free(&b);
    json_decref(root);
}

bool params_value(struct str params, struct str name, struct buf *b)
{
    json_t *root = parse(params);
    json_t *v = json_object_getn(root, name.p, name.n);
    if (v != NULL)
        write_value(v, b, 0);
    json_decref(root);
    return v != NULL;
}
