/*
 * command, shell, args, env and config.
 */
#include "conf/schema.h"

enum { ENV_MAX = 1000, NAME_BYTES_MAX = 200 };

static struct str text_or_empty(const struct node *n)
{
    return n && n->kind == NODE_SCALAR ? n->text : (struct str){NULL, 0};
}

/* Does any word of the command hold `what`? */
static bool mentions(const struct node *command, const char *what)
{
    size_t n = command->kind == NODE_LIST ? command->n : 1;
    for (size_t i = 0; i < n; i++) {
        struct str text = text_or_empty(command->kind == NODE_LIST ? command->items[i] : command);
        if (text.n && memmem(text.p, text.n, what, strlen(what)))
            return true;
    }
    return false;
}

/* gnu, space, hydra, or a pattern. */
static bool read_style(struct load *l, const struct command_nodes *nodes, struct args_style *ret)
{
    static const char *const forms[] = {"gnu", "space", "hydra"};
    struct error e = {0};
    struct str text;
    ret->form = ARGS_GNU;
    if (!nodes->args)
        return true;
    if (!read_text(l, nodes->args, "args", &text))
        return false;
    if (nodes->command && !mentions(nodes->command, "${args"))
        return problem_at(l, nodes->args->at, E_INVALID, "put ${args} into the command",
                          "args says how ${args} is written, but the command has none");
    if (!memmem(text.p, text.n, "${", 2)) {
        int form;
        if (!read_word(l, nodes->args, "args", forms, 3, &form))
            return false;
        ret->form = (enum args_form)form;
        return true;
    }
    ret->form = ARGS_PATTERN;
    ret->pattern = text;
    return command_check_pattern(text, nodes->args->at, false, &e) == OK
               ? true
               : problem(l, nodes->args->at, &e);
}

static const struct space *known_space(const struct load *l)
{
    return l->space_known ? l->s->space : NULL;
}

static bool parse_list(struct load *l, const struct node *n, struct args_style style)
{
    struct arena *a = &l->s->arena;
    struct str *words = arena_array(a, n->n + 1, sizeof(*words));
    struct location *at = arena_array(a, n->n + 1, sizeof(*at));
    struct error e = {0};
    if (!words || !at)
        return problem_nomem(l);
    for (size_t i = 0; i < n->n; i++) {
        const struct node *word = n->items[i];
        if (word->kind != NODE_SCALAR || (i == 0 && word->text.n == 0))
            return problem_at(l, word->at, E_INVALID, "put words in quotes where YAML needs it",
                              "a word of the command is %s", i ? node_what(word) : "empty");
        words[i] = word->text;
        at[i] = word->at;
    }
    if (command_parse_list(a, words, at, n->n, known_space(l), style, &l->s->command, &e) == OK)
        return true;
    return problem(l, n->at, &e);
}

static bool parse_command(struct load *l, const struct node *n, bool shell, struct args_style style)
{
    struct error e = {0};
    struct str text;
    if (n->kind == NODE_LIST && shell)
        return problem_at(l, n->at, E_INVALID, "write the command as one text, or drop shell: true",
                          "shell: true takes the command as one text, not as a list");
    if (n->kind == NODE_LIST)
        return parse_list(l, n, style);
    if (!read_text(l, n, "command", &text))
        return false;
    if (command_parse_string(&l->s->arena, text, n->at, shell, known_space(l), style,
                             &l->s->command, &e) == OK)
        return true;
    return problem(l, n->at, &e);
}

static bool check_env_name(struct load *l, const struct node *key)
{
    struct str s = key->text;
    bool good = s.n > 0 && s.n <= NAME_BYTES_MAX;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        good = good && (letter || (i && c >= '0' && c <= '9'));
    }
    if (!good)
        return problem_at(l, key->at, E_INVALID, "letters, digits and _, not a digit first",
                          "\"%.*s\" can't be the name of a variable", STR_FMT(excerpt(s)));
    if (str_starts(s, "TRAWL_"))
        return problem_at(l, key->at, E_INVALID, "name it otherwise",
                          "variables that begin with TRAWL_ are set by trawl itself");
    return true;
}

static bool parse_env_value(struct load *l, const struct node *value, const char *name,
                            struct command_template **ret)
{
    struct error e = {0};
    struct str text = value->text;
    struct args_style style = {.form = ARGS_GNU};
    if (value->kind != NODE_SCALAR || node_is_null(value))
        return problem_at(l, value->at, E_INVALID, "\"\" sets it to nothing", "env.%s is %s", name,
                          node_what(value));
    const char *args = text.n ? memmem(text.p, text.n, "${args", 6) : NULL;
    if (args && (args == text.p || args[-1] != '$'))
        return problem_at(l, value->at, E_INVALID, "name a parameter: ${lr}",
                          "env.%s takes one value, and ${args} is many", name);
    if (command_parse_list(&l->s->arena, &text, &value->at, 1, known_space(l), style, ret, &e) ==
        OK)
        return true;
    return problem(l, value->at, &e);
}

static void read_env(struct load *l, const struct node *n)
{
    struct arena *a = &l->s->arena;
    if (n->kind != NODE_MAP || n->n > ENV_MAX) {
        (void)problem_at(l, n->at, E_INVALID, "like env: {LR: ${lr}}",
                         n->kind == NODE_MAP ? "env has too many variables (%s of more than 1000)"
                                             : "env is %s, not a map",
                         node_what(n));
        return;
    }
    struct str *names = arena_array(a, n->n + 1, sizeof(*names));
    struct command_template **values = arena_array(a, n->n + 1, sizeof(*values));
    if (!names || !values) {
        (void)problem_nomem(l);
        return;
    }
    l->s->env_names = names;
    l->s->env_values = values;
    for (size_t i = 0; i < n->n; i++) {
        const struct node *key = n->pairs[i].key;
        size_t k = l->s->n_env;
        const char *name = arena_cstr(a, key->text);
        if (!name || !check_env_name(l, key) ||
            !parse_env_value(l, n->pairs[i].value, name, &values[k]))
            continue;
        names[k] = (struct str){name, key->text.n};
        l->s->n_env++;
    }
}

/* A path of a configuration file: its ending says what is in it. */
static bool read_config_path(struct load *l, const struct node *n, const char *what,
                             struct str *ret)
{
    struct str path;
    if (!n || !read_text(l, n, what, &path))
        return false;
    if (!str_ends(path, ".yaml") && !str_ends(path, ".yml") && !str_ends(path, ".json"))
        return problem_at(l, n->at, E_INVALID, "the ending says how it is written",
                          "%s is %.*s, which does not end in .yaml, .yml or .json", what,
                          STR_FMT(excerpt(path)));
    *ret = path;
    return true;
}

/* Does a path lead out of the folder it is taken from? */
static bool leaves(struct str path)
{
    if (str_starts(path, "/"))
        return true;
    while (path.p)
        if (str_is(str_cut(&path, '/'), ".."))
            return true;
    return false;
}

static void read_config(struct load *l, const struct node *n)
{
    enum { FROM, TO, COUNT };
    static const struct schema_key keys[COUNT] = {
        [FROM] = {.name = "from", .needed = "like config: {from: base.yaml, to: config.yaml}"},
        [TO] = {.name = "to", .needed = "like config: {from: base.yaml, to: config.yaml}"},
    };
    const struct node *found[COUNT];
    if (!schema_open(l, n, "config", keys, COUNT, found))
        return;
    if (found[FROM])
        l->s->config_at = found[FROM]->at;
    if (read_config_path(l, found[FROM], "config.from", &l->s->config_from) &&
        leaves(l->s->config_from))
        (void)problem_at(l, found[FROM]->at, E_INVALID, "like from: base.yaml",
                         "config.from is %.*s, which is not inside the program's folder",
                         STR_FMT(excerpt(l->s->config_from)));
    if (read_config_path(l, found[TO], "config.to", &l->s->config_to) && leaves(l->s->config_to))
        (void)problem_at(l, found[TO]->at, E_INVALID, "like to: config.yaml",
                         "config.to is %.*s, which is not inside the trial's folder",
                         STR_FMT(excerpt(l->s->config_to)));
}

void read_command(struct load *l, const struct command_nodes *nodes)
{
    struct args_style style = {.form = ARGS_GNU};
    bool shell = false;
    if (nodes->shell)
        (void)read_bool(l, nodes->shell, "shell", &shell);
    bool styled = read_style(l, nodes, &style);
    if (nodes->command && styled)
        (void)parse_command(l, nodes->command, shell, style);
    if (nodes->env)
        read_env(l, nodes->env);
    if (nodes->config)
        read_config(l, nodes->config);
    for (size_t i = 0; l->s->command && i < l->s->n_env; i++)
        command_share_places(l->s->command, l->s->env_values[i]);
}
