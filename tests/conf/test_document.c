/*
 * Trees: where nodes stand, what they hold, and writing them back.
 */
#include "testing.h"

#include "conf/document.h"

struct doc {
    struct arena arena;
    struct problems problems;
    const struct node *root;
};

static void parse(struct doc *d, const char *text)
{
    arena_init(&d->arena, 64 << 20);
    problems_init(&d->problems);
    d->root = NULL;
    enum code code = document_parse(&d->arena, str_of(text), "f", &d->root, &d->problems);
    assert_true((code == OK) == (d->root != NULL));
}

static void done(struct doc *d)
{
    arena_free(&d->arena);
    problems_free(&d->problems);
}

static void assert_at(const struct node *n, int line, int column)
{
    assert_non_null(n);
    assert_int_equal(n->at.line, line);
    assert_int_equal(n->at.column, column);
    assert_string_equal(n->at.file, "f");
}

static void places_nodes(void **state)
{
    struct doc d;
    parse(&d, "a: plain\nb: 'single'\nc: \"double\"\nd: {e: f, g: [h]}\n"
              "\xc3\xa9: \xc3\xa9 x\ni: &j k\nl: *j\n");
    assert_at(d.root, 1, 1);
    assert_at(node_get(d.root, STR("a")), 1, 4);
    assert_at(node_get(d.root, STR("b")), 2, 5);
    assert_at(node_get(d.root, STR("c")), 3, 5);
    const struct node *map = node_get(d.root, STR("d"));
    assert_at(map, 4, 4);
    assert_true(map->flow);
    assert_at(node_get(map, STR("e")), 4, 8);
    assert_at(node_get(map, STR("g"))->items[0], 4, 15);
    assert_at(node_pair(map, STR("g"))->key, 4, 11);
    assert_at(node_get(d.root, STR("\xc3\xa9")), 5, 4);
    assert_at(node_get(d.root, STR("i")), 6, 7);
    assert_ptr_equal(node_get(d.root, STR("i")), node_get(d.root, STR("l")));
    assert_ptr_equal(node_key(d.root, node_get(map, STR("g"))), node_pair(map, STR("g"))->key);
    assert_null(node_get(d.root, STR("z")));
    done(&d);
}

static void tells_values_apart(void **state)
{
    static const struct {
        const char *text, *what;
        bool null;
    } table[] = {
        {"", "a map", false},
        {"~", "empty", true},
        {"null", "empty", true},
        {"'~'", "text", false},
        {"''", "text", false},
        {"no", "text", false},
        {"true", "true or false", false},
        {"12", "a whole number", false},
        {"1e-4", "a number", false},
        {"'12'", "text", false},
        {"[]", "a list", false},
        {"{}", "a map", false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct doc d;
        parse(&d, table[i].text);
        assert_string_equal(node_what(d.root), table[i].what);
        assert_int_equal(node_is_null(d.root), table[i].null);
        done(&d);
    }
}

static void takes_references_where_yaml_would_not(void **state)
{
    struct doc d;
    parse(&d, "{LR: ${lr}, L: [${a.b}, x${c}y], T: \"${d}\", U: $${e}}");
    assert_string_equal(node_get(d.root, STR("LR"))->text.p, "${lr}");
    assert_string_equal(node_get(d.root, STR("L"))->items[0]->text.p, "${a.b}");
    assert_string_equal(node_get(d.root, STR("L"))->items[1]->text.p, "x${c}y");
    assert_string_equal(node_get(d.root, STR("T"))->text.p, "${d}");
    assert_string_equal(node_get(d.root, STR("U"))->text.p, "$${e}");
    assert_at(node_get(d.root, STR("U")), 1, 48);
    done(&d);
    /* the characters that stand in for braces, where a file holds them itself */
    parse(&d, "a: \"\xee\x80\x80 ${lr}\"");
    assert_string_equal(node_get(d.root, STR("a"))->text.p, "\xee\x80\x80 ${lr}");
    done(&d);
}

static void bounds_what_aliases_stand_for(void **state)
{
    struct doc d;
    parse(&d, "a: &a [1, 2]\nb: [*a, *a]\n");
    assert_int_equal(d.root->size, 1 + 2 + 3 + 1 + 6);
    done(&d);
    parse(&d, "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
              "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
              "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n");
    assert_null(d.root);
    assert_int_equal(d.problems.v[0].code, E_LIMIT);
    done(&d);
}

/* Within the limit of bytes, nothing takes long or much memory. */
static void takes_its_time_with_nothing(void **state)
{
    static const char *const pieces[] = {
        "[",  "{a: ", "- ",     "&a a: *a\n", "? ",   "\"", "%TAG !a! b\n", "...\n%YAML 1.2\n",
        "!",  "#\n",  "a: b\n", "&a ",        "${a}", "\t", "'''",          "|\n ",
        "a\n"};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        struct doc d;
        struct buf b;
        buf_init(&b, DOCUMENT_BYTES_MAX);
        while (b.n + strlen(pieces[i]) <= DOCUMENT_BYTES_MAX / 4)
            buf_cstr(&b, pieces[i]);
        parse(&d, b.p);
        done(&d);
        buf_free(&b);
    }
}

static void keeps_the_first_of_a_duplicate(void **state)
{
    struct doc d;
    parse(&d, "a: 1\nb: 2\na: 3\nb: 4\na: 5\n");
    assert_non_null(d.root);
    assert_int_equal(d.root->n, 2);
    assert_string_equal(node_get(d.root, STR("a"))->text.p, "1");
    assert_int_equal(d.problems.n, 3);
    assert_int_equal(d.problems.v[2].line, 5);
    assert_string_equal(d.problems.v[2].hint, "it was said at line 1, column 1");
    done(&d);
}

static void edits_copies(void **state)
{
    struct doc d;
    parse(&d, "a: 1\nb: {c: 2}\n");
    const struct node *x = node_scalar(&d.arena, STR("x"), NODE_PLAIN, d.root->at);
    const struct node *with = node_with(&d.arena, d.root, STR("a"), x, d.root->at);
    assert_string_equal(node_get(with, STR("a"))->text.p, "x");
    assert_string_equal(node_get(d.root, STR("a"))->text.p, "1");
    with = node_with(&d.arena, with, STR("z"), x, d.root->at);
    assert_int_equal(with->n, 3);
    with = node_with(&d.arena, with, STR("b"), NULL, d.root->at);
    assert_int_equal(with->n, 2);
    assert_null(node_get(with, STR("b")));
    done(&d);
}

static void assert_text(struct buf *b, const char *wanted)
{
    assert_string_equal(b->p ? b->p : "", wanted);
    buf_free(b);
}

static void writes_it_back(void **state)
{
    const char *text = "a: 1\n"
                       "b: 'x: y'\n"
                       "c: \"two\\nlines\"\n"
                       "d: [1, {e: f}]\n"
                       "g:\n"
                       "- h\n"
                       "- i: ~\n"
                       "j: |\n"
                       "  k\n"
                       "  l\n";
    struct doc d;
    struct buf b;
    struct json j;
    parse(&d, text);
    buf_init(&b, 1 << 20);
    assert_ok(document_write(d.root, &b, NULL));
    assert_text(&b, text);
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    document_write_json(d.root, &j);
    assert_ok(jw_end(&j, NULL));
    assert_text(&b, "{\"a\":1,\"b\":\"x: y\",\"c\":\"two\\nlines\",\"d\":[1,{\"e\":\"f\"}],"
                    "\"g\":[\"h\",{\"i\":null}],\"j\":\"k\\nl\\n\"}");
    buf_init(&b, 20);
    struct error e = {0};
    assert_int_equal(document_write(d.root, &b, &e), E_LIMIT);
    buf_free(&b);
    done(&d);
}

static void locates_bytes(void **state)
{
    int line, column;
    document_locate(STR("ab\nc\xc3\xa9"
                        "d\r\ne\rf\xe2\x80\xa8g"),
                    6, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 3);
    document_locate(STR("a\r\nb\rc\xe2\x80\xa8"
                        "d"),
                    9, &line, &column);
    assert_int_equal(line, 4);
    assert_int_equal(column, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_nodes),
        cmocka_unit_test(tells_values_apart),
        cmocka_unit_test(takes_references_where_yaml_would_not),
        cmocka_unit_test(bounds_what_aliases_stand_for),
        cmocka_unit_test(takes_its_time_with_nothing),
        cmocka_unit_test(keeps_the_first_of_a_duplicate),
        cmocka_unit_test(edits_copies),
        cmocka_unit_test(writes_it_back),
        cmocka_unit_test(locates_bytes),
    };
    return RUN_TESTS(tests);
}
