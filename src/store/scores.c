/* What trials come to, as texts. */
#include "store/scores.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

static const char signs[] = "+-?";

void measures_write(const struct measured *v, size_t n, struct buf *b)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(b, '\n');
        buf_char(b, signs[v[i].aim]);
        buf_str(b, v[i].name);
    }
}

size_t search_measures(const struct search_row *row, struct measured ret[STORE_MEASURES_MAX])
{
    struct str rest = row->measures;
    size_t n = 0;
    while (rest.n > 0 && n < STORE_MEASURES_MAX) {
        struct str line = str_cut(&rest, '\n');
        const char *sign = line.n > 0 && line.p[0] != 0 ? strchr(signs, line.p[0]) : NULL;
        ret[n].aim = sign ? (enum aim)(sign - signs) : AIM_NONE;
        ret[n++].name = str_sub(line, 1, line.n);
    }
    if (n == 0)
        ret[n++] = (struct measured){row->metric, row->minimize ? AIM_MINIMIZE : AIM_MAXIMIZE};
    return n;
}

size_t search_requirements(const struct search_row *row, struct str ret[STORE_REQUIREMENTS_MAX])
{
    struct str rest = row->requirements;
    size_t n = 0;
    while (rest.n > 0 && n < STORE_REQUIREMENTS_MAX)
        ret[n++] = str_cut(&rest, '\n');
    return n;
}

struct aims search_aims(const struct search_row *row)
{
    struct measured measures[STORE_MEASURES_MAX];
    struct str requirements[STORE_REQUIREMENTS_MAX];
    struct aims aims = {.n_requirements = search_requirements(row, requirements),
                        .own_steps = row->own_steps};
    size_t n = search_measures(row, measures);
    for (size_t i = 0; i < n && i < STORE_OBJECTIVES_MAX && measures[i].aim != AIM_NONE; i++)
        aims.minimize[aims.n_objectives++] = measures[i].aim == AIM_MINIMIZE;
    if (aims.n_objectives == 0) /* no text of ours */
        aims.minimize[aims.n_objectives++] = row->minimize;
    return aims;
}

void measures_json(const struct measured *v, size_t n, struct json *j)
{
    jw_array(j);
    for (size_t i = 0; i < n && v[i].aim != AIM_NONE; i++) {
        jw_object(j);
        jw_key(j, "metric");
        jw_str(j, v[i].name);
        jw_key(j, "goal");
        jw_cstr(j, v[i].aim == AIM_MINIMIZE ? "minimize" : "maximize");
        jw_object_end(j);
    }
    jw_array_end(j);
}

void scores_write(const struct scores *o, struct buf *b)
{
    if (o->n_values < 2 && o->n_excess == 0)
        return;
    for (size_t i = 1; i < o->n_values; i++) {
        if (o->seen >> i & 1)
            number_write(b, o->values[i]);
        else
            buf_char(b, '-');
        buf_char(b, ' ');
    }
    buf_char(b, ';');
    for (size_t i = 0; i < o->n_excess; i++) {
        buf_char(b, ' ');
        number_write(b, o->excess[i]);
    }
}

/* The next word of *rest; empty at its end. */
static struct str next_word(struct str *rest)
{
    *rest = str_trim(*rest);
    return str_cut(rest, ' ');
}

bool scores_read(struct str text, bool has_value, double value, struct scores *ret)
{
    struct str excess = text, values = str_cut(&excess, ';'), word;
    struct scores o = {.n_values = 1, .seen = has_value, .values = {value}};
    if (text.n > 0 && !excess.p)
        return false;
    for (word = next_word(&values); word.n > 0; word = next_word(&values)) {
        if (o.n_values == STORE_MEASURES_MAX)
            return false;
        double *v = &o.values[o.n_values];
        *v = (double)NAN;
        if (!str_is(word, "-")) {
            if (!number_parse_real(word, v))
                return false;
            o.seen |= 1U << o.n_values;
        }
        o.n_values++;
    }
    for (word = next_word(&excess); word.n > 0; word = next_word(&excess))
        if (o.n_excess == STORE_REQUIREMENTS_MAX ||
            !number_parse_real(word, &o.excess[o.n_excess++]))
            return false;
    *ret = o;
    return true;
}

bool scores_meet(const struct scores *o)
{
    for (size_t i = 0; i < o->n_excess; i++)
        if (!(o->excess[i] <= 0))
            return false;
    return true;
}
