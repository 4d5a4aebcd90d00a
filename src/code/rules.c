/*
 * code.exclude.
 */
#include "code/rules.h"

#include <fnmatch.h>
#include <limits.h>
#include <string.h>

/* Both texts come with a length; fnmatch wants an end. What is too long matches nothing. */
static bool matches(struct str pattern, struct str text, int flags)
{
    char p[PATH_MAX], t[PATH_MAX];
    if (pattern.n >= sizeof(p) || text.n >= sizeof(t))
        return false;
    memcpy(p, pattern.p, pattern.n);
    p[pattern.n] = '\0';
    memcpy(t, text.p, text.n);
    t[text.n] = '\0';
    return fnmatch(p, t, flags) == 0;
}

static bool has_slash(struct str s)
{
    return s.n && memchr(s.p, '/', s.n) != NULL;
}

/* Any tail of path that starts at a component. */
static bool matches_at_any_depth(struct str pattern, struct str path)
{
    for (size_t i = 0; i < path.n; i++)
        if ((i == 0 || path.p[i - 1] == '/') &&
            matches(pattern, str_sub(path, i, path.n), FNM_PATHNAME))
            return true;
    return false;
}

static bool excludes(struct str pattern, struct str path)
{
    bool anchored = false;
    while (str_ends(pattern, "/**"))
        pattern.n -= 3;
    while (pattern.n && pattern.p[pattern.n - 1] == '/')
        pattern.n--;
    if (str_starts(pattern, "./"))
        pattern = str_sub(pattern, 1, pattern.n);
    if (str_starts(pattern, "/")) {
        pattern = str_sub(pattern, 1, pattern.n);
        anchored = true;
    }
    if (pattern.n == 0)
        return false;
    if (str_starts(pattern, "**/"))
        return matches_at_any_depth(str_sub(pattern, 3, pattern.n), path);
    if (anchored || has_slash(pattern))
        return matches(pattern, path, FNM_PATHNAME);
    size_t name = path.n;
    while (name && path.p[name - 1] != '/')
        name--;
    return matches(pattern, str_sub(path, name, path.n), FNM_PATHNAME);
}

struct str rules_excluded(const struct snapshot_rules *rules, struct str path)
{
    for (size_t n = 1; rules && n <= path.n; n++) {
        if (n < path.n && path.p[n] != '/')
            continue;
        for (size_t i = 0; i < rules->n_exclude; i++)
            if (excludes(rules->exclude[i], str_sub(path, 0, n)))
                return str_sub(path, 0, n);
    }
    return (struct str){0};
}
