/*
 * The common forms: name = number, name: number, step 3, Epoch [3/10].
 *
 * One pass over the line stops at `=` and `:`, to look left for a name and right for a number, and
 * at words that begin like step, epoch or iter. Everything else is passed by at a byte a cycle.
 */
#include "base/number.h"
#include "wire/scan_line.h"

#include <string.h>

enum byte_class { BYTE_OTHER, BYTE_SEPARATOR, BYTE_STEP_WORD };

static const uint8_t byte_class[256] = {
    ['='] = BYTE_SEPARATOR, [':'] = BYTE_SEPARATOR, ['s'] = BYTE_STEP_WORD, ['S'] = BYTE_STEP_WORD,
    ['e'] = BYTE_STEP_WORD, ['E'] = BYTE_STEP_WORD, ['i'] = BYTE_STEP_WORD, ['I'] = BYTE_STEP_WORD,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

bool line_word_char(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/' ||
           (unsigned char)c >= 0x80;
}

static struct str after(struct str s, size_t n)
{
    return str_sub(s, n, s.n);
}

static struct str skip_blanks(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = after(s, 1);
    return s;
}

size_t line_number(struct str s, bool fraction_may_follow, double *ret)
{
    double v;
    size_t n = number_scan_real(s, &v);
    if (n == 0)
        return 0;
    char next = n < s.n ? s.p[n] : '\0';
    bool digit_after = n + 1 < s.n && is_digit(s.p[n + 1]);
    if (is_letter(next))
        return 0;
    if (digit_after && next && strchr(".,:-", next))
        return 0;
    if (digit_after && next == '/' && !fraction_may_follow)
        return 0;
    *ret = v;
    return n;
}

bool line_step(double number, int64_t *ret)
{
    double done = number + 0.011; /* rounded to two places before it was printed */
    if (!(number >= 0 && done < 9007199254740992.0))
        return false;
    *ret = (int64_t)done; /* not floor(): the supervisor does without libm */
    return true;
}

void line_found(struct line_facts *facts, size_t name, double value)
{
    facts->n_found += !facts->found[name];
    facts->found[name] = true;
    facts->values[name] = value;
}

/* np.float64(0.43), tensor(0.43, device='cuda:0'): bytes up to the number; 0: no such wrapper. */
static size_t wrapper(struct str s)
{
    static const char *const types[] = {"tensor",  "array",   "Array", "float16", "bfloat16",
                                        "float32", "float64", "int32", "int64",   "float"};
    size_t n = 0;
    while (n < s.n && n < 40 && (is_letter(s.p[n]) || is_digit(s.p[n]) || s.p[n] == '.'))
        n++;
    if (n == 0 || n == s.n || s.p[n] != '(')
        return 0;
    struct str word = {s.p, n};
    for (struct str rest = word; rest.n;)
        word = str_cut(&rest, '.');
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_is(word, types[i]))
            return n + 1;
    return 0;
}

/* The number to the right of a separator. */
static bool value_after(struct str s, double *ret)
{
    s = skip_blanks(s);
    if (s.n && is_letter(s.p[0]))
        s = after(s, wrapper(s));
    if (s.n && is_quote(s.p[0]))
        s = after(s, 1);
    return line_number(s, false, ret) > 0;
}

/* The longest declared name that `left` ends with and that starts a word there. */
static size_t match_bare(struct str left, const struct line_names *names)
{
    size_t best = names->n;
    for (size_t i = 0; i < names->n; i++) {
        struct str name = names->v[i];
        if (name.n > left.n || memcmp(left.p + left.n - name.n, name.p, name.n) != 0)
            continue;
        if (left.n > name.n && line_word_char(left.p[left.n - name.n - 1]))
            continue;
        if (best == names->n || name.n > names->v[best].n)
            best = i;
    }
    return best;
}

static size_t match_exact(struct str key, const struct line_names *names)
{
    size_t i = 0;
    while (i < names->n && !str_eq(names->v[i], key))
        i++;
    return i;
}

static bool is_step_word(struct str s)
{
    static const char *const words[] = {"step", "epoch", "iter", "iteration"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct str word = str_of(words[i]);
        if (s.n == word.n && str_distance(s, word) == 0) /* whatever the case */
            return true;
    }
    return false;
}

void line_note_seen(struct seen_names *seen, struct str key)
{
    if (seen->n == SEEN_MAX || key.n == 0 || key.n > SEEN_NAME_MAX || !is_letter(key.p[0]) ||
        is_step_word(key) || !str_valid_utf8(key))
        return;
    for (size_t i = 0; i < seen->n; i++)
        if (str_eq(key, (struct str){seen->name[i], seen->length[i]}))
            return;
    memcpy(seen->name[seen->n], key.p, key.n);
    seen->length[seen->n++] = (uint8_t)key.n;
}

/* The quoted text that ends with the quote at the end of `left`; empty where it has no start. */
static struct str quoted_key(struct str left)
{
    char quote = left.p[left.n - 1];
    size_t end = left.n - 1, start = end;
    while (start > 0 && end - start <= METRIC_NAME_MAX && left.p[start - 1] != quote)
        start--;
    bool opened = start > 0 && left.p[start - 1] == quote;
    return opened ? str_sub(left, start, end - start) : (struct str){NULL, 0};
}

static struct str last_word(struct str left)
{
    size_t start = left.n;
    while (start > 0 && left.n - start <= SEEN_NAME_MAX && line_word_char(left.p[start - 1]))
        start--;
    return after(left, start);
}

static void read_separator(struct str line, size_t at, const struct line_names *names,
                           struct line_facts *facts, struct seen_names *seen)
{
    double value;
    if (!value_after(after(line, at + 1), &value))
        return;
    struct str left = str_sub(line, 0, at);
    while (left.n && is_blank(left.p[left.n - 1]))
        left.n--;
    if (left.n == 0)
        return;
    bool quoted = is_quote(left.p[left.n - 1]);
    struct str key = quoted ? quoted_key(left) : last_word(left);
    size_t name = quoted ? match_exact(key, names) : match_bare(left, names);
    if (name < names->n)
        line_found(facts, name, value);
    else
        line_note_seen(seen, key);
}

static bool starts_word(struct str s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++)
        if (i >= s.n || (s.p[i] | 0x20) != word[i])
            return false;
    return s.n == n || !line_word_char(s.p[n]);
}

/* After the word: blanks, at most one separator and one opening, and the number. */
static bool step_after(struct str s, int64_t *ret)
{
    size_t before = s.n;
    if (s.n && is_quote(s.p[0]))
        s = after(s, 1);
    s = skip_blanks(s);
    if (s.n && (s.p[0] == '=' || s.p[0] == ':'))
        s = skip_blanks(after(s, 1));
    if (s.n && strchr("[(#'\"", s.p[0]) && s.p[0])
        s = skip_blanks(after(s, 1));
    double number;
    return s.n < before && s.n && is_digit(s.p[0]) && line_number(s, true, &number) > 0 &&
           line_step(number, ret);
}

static void read_step(struct str line, size_t at, struct line_facts *facts)
{
    static const struct {
        const char *word;
        enum step_source source;
    } words[] = {
        {"step", STEP_STEP}, {"epoch", STEP_EPOCH}, {"iter", STEP_ITER}, {"iteration", STEP_ITER}};
    if (at > 0 && line_word_char(line.p[at - 1]))
        return;
    struct str s = after(line, at);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        int64_t step;
        if (words[i].source < facts->source && starts_word(s, words[i].word) &&
            step_after(after(s, strlen(words[i].word)), &step)) {
            facts->source = words[i].source;
            facts->step = step;
        }
    }
}

/* " 30%|###       | 3/10 [00:01<00:02, 3.2it/s, loss=0.4]": what tqdm says it has done. */
static void read_bar(struct str line, struct line_facts *facts)
{
    const char *bar = memmem(line.p, line.n, "%|", 2);
    if (!bar)
        return;
    struct str rest = after(line, (size_t)(bar - line.p) + 2);
    str_cut(&rest, '|');
    rest = skip_blanks(rest);
    double done;
    size_t n = line_number(rest, true, &done);
    if (n > 0 && n < rest.n && rest.p[n] == '/' && is_digit(rest.p[0]) &&
        line_step(done, &facts->step))
        facts->source = STEP_BAR;
}

void line_read_common(struct str line, const struct line_names *names, struct line_facts *facts,
                      struct seen_names *seen)
{
    for (size_t i = 0; i < line.n; i++) {
        uint8_t class = byte_class[(unsigned char)line.p[i]];
        if (class == BYTE_OTHER)
            continue;
        if (class == BYTE_SEPARATOR)
            read_separator(line, i, names, facts, seen);
        else
            read_step(line, i, facts);
    }
    if (facts->n_found && facts->source == STEP_NONE)
        read_bar(line, facts);
}
