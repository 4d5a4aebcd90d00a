/*
 * The inline form: a command whose words hold priors, `./train --lr='~loguniform(1e-4, 1)'`.
 *
 * It becomes the tree that a file would have given: space (the program's name), parameters, and the
 * command as a list of words in which ${lr} stands where a prior stood. Nodes are placed at their
 * own word, so that messages name "--lr".
 */
#include "conf/schema.h"

enum { WORDS_MAX = 10000 };

struct inline_form {
    struct load *l;
    size_t n_params;
    const struct node **words;
    struct node_pair *params;
};

/* Letters, then a parenthesis: ~uniform(0, 1), not ~/data. */
static bool is_prior(struct str s)
{
    size_t n = 1;
    while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || s.p[n] == '_'))
        n++;
    return str_starts(s, "~") && n > 1 && str_starts(str_trim(str_sub(s, n, s.n)), "(");
}

static struct str without_dashes(struct str s)
{
    while (str_starts(s, "-"))
        s = str_sub(s, 1, s.n);
    return s;
}

/* A parameter `flag` (as written, "--lr") with this prior; `arg` in its long form where it is not
 * NULL. */
static bool add_param(struct inline_form *f, struct str flag, struct str prior, const char *arg,
                      struct location at)
{
    struct arena *a = &f->l->work;
    struct str name = without_dashes(flag);
    struct node_pair *pair = &f->params[f->n_params];
    for (size_t i = 0; i < f->n_params; i++)
        if (str_eq(f->params[i].key->text, name))
            return problem_at(f->l, at, E_DUPLICATE, "name each parameter once",
                              "parameter %.*s is declared twice", STR_FMT(excerpt(name)));
    pair->key = node_scalar(a, name, NODE_DOUBLE, at);
    pair->value = node_scalar(a, str_sub(prior, 1, prior.n), NODE_DOUBLE, at);
    if (arg && pair->key && pair->value) {
        struct node_pair longer[] = {
            {node_scalar(a, STR("prior"), NODE_PLAIN, at), pair->value},
            {node_scalar(a, STR("arg"), NODE_PLAIN, at),
             node_scalar(a, str_of(arg), NODE_DOUBLE, at)},
        };
        bool well = longer[0].key && longer[1].key && longer[1].value;
        pair->value = well ? node_map(a, longer, 2, at) : NULL;
    }
    if (!pair->key || !pair->value)
        return problem_nomem(f->l);
    f->n_params++;
    return true;
}

/* --lr=~prior: the word's place is ${lr}; a flag's is the flag itself, or nothing. */
static bool add_assignment(struct inline_form *f, size_t i, struct str flag, struct str prior,
                           struct location at)
{
    struct arena *a = &f->l->work;
    struct str name = without_dashes(flag);
    bool on_off = str_starts(prior, "~flag") && name.n < flag.n;
    const char *arg = on_off ? arena_cstr(a, flag) : NULL;
    const char *word = on_off ? arena_fmt(a, "${args:%.*s}", STR_FMT(name))
                              : arena_fmt(a, "%.*s=${%.*s}", STR_FMT(flag), STR_FMT(name));
    if (!word || (on_off && !arg) || !(f->words[i] = node_scalar(a, str_of(word), NODE_DOUBLE, at)))
        return problem_nomem(f->l);
    return add_param(f, flag, prior, arg, at);
}

/* --lr ~prior: two words. */
static bool add_following(struct inline_form *f, size_t i, struct str flag, struct str prior,
                          struct location at)
{
    struct str name = without_dashes(flag);
    if (i == 0 || name.n == flag.n || name.n == 0)
        return problem_at(f->l, at, E_INVALID, "like --lr='~loguniform(1e-4, 1)'",
                          "the prior %.*s has no name before it", STR_FMT(excerpt(prior)));
    const char *word = arena_fmt(&f->l->work, "${%.*s}", STR_FMT(name));
    if (!word || !(f->words[i] = node_scalar(&f->l->work, str_of(word), NODE_DOUBLE, at)))
        return problem_nomem(f->l);
    return add_param(f, flag, prior, NULL, at);
}

static bool add_word(struct inline_form *f, const char *const *argv, size_t i)
{
    struct arena *a = &f->l->s->arena;
    struct str word = str_of(argv[i]), value = word;
    struct str flag = str_cut(&value, '=');
    struct str before = str_of(i ? argv[i - 1] : "");
    if (!str_valid_utf8(word) || word.n > COMMAND_WORD_BYTES_MAX)
        return problem_at(f->l, f->l->at, E_INVALID, NULL, "word %zu of the command is %s", i + 1,
                          word.n > COMMAND_WORD_BYTES_MAX ? "too long" : "not UTF-8");
    bool assigned = value.p && flag.n && is_prior(value);
    const char *name = arena_cstr(a, assigned ? flag : before);
    struct location at = {assigned || is_prior(word) ? name : f->l->at.file, 1, 1};
    if (!name)
        return problem_nomem(f->l);
    if (assigned)
        return add_assignment(f, i, flag, value, at);
    if (is_prior(word))
        return add_following(f, i, before, word, at);
    f->words[i] = node_scalar(&f->l->work, word, NODE_DOUBLE, at);
    return f->words[i] ? true : problem_nomem(f->l);
}

static struct str base_name(struct str path)
{
    for (struct str rest = path; rest.p;) {
        struct str part = str_cut(&rest, '/');
        path = part.n ? part : path;
    }
    return path;
}

/* The program's base name, less its ending; of an interpreter, its script's. */
static const char *space_name(struct load *l, const char *const *argv, size_t n)
{
    static const char *const interpreters[] = {"python", "sh",   "bash", "node",
                                               "julia",  "ruby", "perl", "Rscript"};
    struct str name = base_name(str_of(argv[0]));
    bool script = false;
    for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
        struct str rest = str_sub(name, strlen(interpreters[i]), name.n);
        script = script || (str_starts(name, interpreters[i]) &&
                            (rest.n == 0 || (rest.p[0] >= '0' && rest.p[0] <= '9')));
    }
    for (size_t i = 1; script && i < n; i++)
        if (argv[i][0] != '-') {
            name = base_name(str_of(argv[i]));
            break;
        }
    struct str rest = name, stem = str_cut(&rest, '.');
    char *copy = arena_cstr(&l->work, stem.n ? stem : name);
    for (char *c = copy; c && *c; c++) {
        bool good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '-' || *c == '.';
        *c = good && (c > copy || (*c != '-' && *c != '.')) ? *c : '_';
    }
    return copy;
}

const struct node *inline_tree(struct load *l, const char *const *argv, size_t n)
{
    struct arena *a = &l->work;
    struct inline_form f = {.l = l};
    bool right = true;
    if (n == 0 || n > WORDS_MAX) {
        (void)problem_at(l, l->at, E_USAGE, "like -- ./train --lr='~loguniform(1e-4, 1)'",
                         n ? "the command has more than 10000 words" : "there is no command");
        return NULL;
    }
    f.words = arena_array(a, n, sizeof(*f.words));
    f.params = arena_array(a, n, sizeof(*f.params));
    if (!f.words || !f.params) {
        (void)problem_nomem(l);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        right = add_word(&f, argv, i) && right;
    const char *name = space_name(l, argv, n);
    struct node_pair top[] = {
        {node_scalar(a, STR("space"), NODE_PLAIN, l->at),
         name ? node_scalar(a, str_of(name), NODE_DOUBLE, l->at) : NULL},
        {node_scalar(a, STR("command"), NODE_PLAIN, l->at),
         right ? node_list(a, f.words, n, l->at) : NULL},
        {node_scalar(a, STR("parameters"), NODE_PLAIN, l->at),
         node_map(a, f.params, f.n_params, l->at)},
    };
    if (!right)
        return NULL;
    for (size_t i = 0; i < 3; i++)
        if (!top[i].key || !top[i].value) {
            (void)problem_nomem(l);
            return NULL;
        }
    return node_map(a, top, 3, l->at);
}
