/*
 * Configurations as JSON objects, and back.
 */
#include "space/space.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

void config_json(const struct config *c, struct json *j)
{
    jw_object(j);
    for (size_t i = 0; i < c->space->n_params; i++) {
        if (c->values[i].type == VALUE_NONE)
            continue;
        jw_key_str(j, c->space->params[i].name);
        value_json(&c->values[i], j);
    }
    jw_object_end(j);
}

static bool read_scalar(const json_t *from, struct value *ret)
{
    if (json_is_boolean(from))
        *ret = value_bool(json_is_true(from));
    else if (json_is_integer(from))
        *ret = value_int(json_integer_value(from));
    else if (json_is_real(from))
        *ret = value_real(json_real_value(from));
    else if (json_is_string(from))
        *ret = value_string((struct str){json_string_value(from), json_string_length(from)});
    else
        return false;
    return true;
}

/* Strings point into `from`. */
static enum code read_value(struct arena *a, const json_t *from, struct value *ret)
{
    if (!json_is_array(from))
        return read_scalar(from, ret) ? OK : E_CORRUPT;
    size_t n = json_array_size(from);
    struct value *items = arena_array(a, n, sizeof(*items));
    if (!items)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++)
        if (!read_scalar(json_array_get(from, i), &items[i]))
            return E_CORRUPT;
    *ret = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return OK;
}

/* JSON has no word for what is not finite: the writer makes strings of it. */
static bool read_special(struct value *v)
{
    if (v->type != VALUE_STRING)
        return false;
    if (str_is(v->s, "nan"))
        *v = value_real((double)NAN);
    else if (str_is(v->s, "inf"))
        *v = value_real((double)INFINITY);
    else if (str_is(v->s, "-inf"))
        *v = value_real(-(double)INFINITY);
    else
        return false;
    return true;
}

static enum code read_param(const struct param *p, struct arena *a, const json_t *from,
                            struct value *ret, struct error *e)
{
    struct error why = {0};
    struct value v;
    enum code code = read_value(a, from, &v);
    if (code == E_CORRUPT)
        return error_set(e, code, "%s has a value that no parameter can have", p->name.p);
    if (code == OK)
        code = prior_accept(&p->prior, a, &v, &why);
    if (code == E_INVALID && read_special(&v))
        code = prior_accept(&p->prior, a, &v, &why);
    if (code == E_INVALID)
        return error_set(e, E_CORRUPT, "%s: %s", p->name.p, why.message);
    if (code == OK)
        code = value_copy(a, &v, ret);
    return code == OK ? OK : error_nomem(e);
}

static enum code read_object(const struct space *s, struct arena *a, json_t *object,
                             struct value *values, struct error *e)
{
    const char *key;
    json_t *from;
    json_object_foreach(object, key, from)
    {
        int param = space_find(s, str_of(key));
        if (param < 0)
            return error_set(e, E_CORRUPT, "there is no parameter %s", key);
        enum code code = read_param(&s->params[param], a, from, &values[param], e);
        if (code != OK)
            return code;
    }
    for (size_t i = 0; i < s->n_params; i++) {
        int param = s->order[i];
        bool active = config_is_active(s, values, param);
        if (active != (values[param].type != VALUE_NONE))
            return error_set(e, E_CORRUPT,
                             active ? "%s is active and has no value"
                                    : "%s has a value and is not active",
                             s->params[param].name.p);
    }
    return OK;
}

enum code config_parse(const struct space *s, struct arena *a, struct str json, struct config *ret,
                       struct error *e)
{
    json_error_t why;
    json_t *object = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why);
    if (!object)
        return error_set(e, E_CORRUPT, "not a JSON object: %s", why.text);
    struct value *values = arena_array(a, s->n_params, sizeof(*values));
    enum code code = OK;
    if (!json_is_object(object))
        code = error_set(e, E_CORRUPT, "not a JSON object");
    else if (!values)
        code = error_nomem(e);
    else
        code = read_object(s, a, object, values, e);
    json_decref(object);
    if (code == OK)
        *ret = (struct config){s, values};
    return code;
}
