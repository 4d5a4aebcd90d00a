/*
 * trawl.yaml: any bytes at all are either taken, and then reload to the same, or refused with every
 * problem placed inside of the text. A tree that can be read can be written and read again.
 */
#include "conf/document.h"
#include "conf/settings.h"
#include "fuzz/fuzzing.h"

/* More would only be slower: what is bounded above this has tests of its own. */
enum { INPUT_MAX = 8192 };

static struct buf json_of(const struct node *root)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 24);
    jw_init(&j, &b);
    document_write_json(root, &j);
    FUZZ_CHECK(jw_end(&j, NULL) == OK);
    return b;
}

static void check_writing(struct str text)
{
    struct arena a;
    struct problems problems;
    const struct node *root = NULL, *again = NULL;
    struct buf yaml;
    struct error e = {0};
    arena_init(&a, 256 << 20);
    problems_init(&problems);
    buf_init(&yaml, 1 << 20);
    if (document_parse(&a, text, "f", &root, &problems) == OK &&
        document_write(root, &yaml, &e) == OK) {
        problems_free(&problems);
        enum code code = document_parse(&a, buf_view(&yaml), "f", &again, &problems);
        /* written out, aliases may be too many bytes, and lines too deep */
        FUZZ_CHECK(code == OK || code == E_LIMIT);
        if (code == OK) {
            struct buf first = json_of(root), second = json_of(again);
            FUZZ_CHECK(str_eq(buf_view(&first), buf_view(&second)));
            buf_free(&first);
            buf_free(&second);
        }
    }
    buf_free(&yaml);
    problems_free(&problems);
    arena_free(&a);
}

static struct buf space_of(const struct settings *s)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 24);
    jw_init(&j, &b);
    space_json(s->space, &j);
    FUZZ_CHECK(jw_end(&j, NULL) == OK);
    return b;
}

static void check_reload(const struct settings *s)
{
    struct settings *again = NULL;
    struct problems problems;
    problems_init(&problems);
    FUZZ_CHECK(conf_reload(s->source, "f", s->overrides, &again, &problems) == OK);
    struct buf first = space_of(s), second = space_of(again);
    FUZZ_CHECK(str_eq(buf_view(&first), buf_view(&second)));
    FUZZ_CHECK(s->command && s->measures[0].name.n && s->space_name.n && s->n_names);
    FUZZ_CHECK(s->effort.trials >= 0 && s->effort.min_steps <= s->effort.max_steps);
    buf_free(&first);
    buf_free(&second);
    settings_free(again);
    problems_free(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct settings *s = NULL;
    struct problems problems;
    int lines = 2;
    if (size > INPUT_MAX)
        return 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80;
    problems_init(&problems);
    enum code code = conf_load(text, "f", NULL, 0, &s, &problems);
    FUZZ_CHECK((code == OK) == (s != NULL));
    FUZZ_CHECK((code == OK) == (problems.n + problems.dropped == 0));
    for (size_t i = 0; i < problems.n; i++) {
        const struct error *e = &problems.v[i];
        FUZZ_CHECK(e->message[0] && e->line >= 1 && e->line <= lines && e->column >= 1);
        FUZZ_CHECK(str_valid_utf8(str_of(e->message)) && str_valid_utf8(str_of(e->hint)));
    }
    if (s)
        check_reload(s);
    settings_free(s);
    problems_free(&problems);
    check_writing(text);
    return 0;
}
