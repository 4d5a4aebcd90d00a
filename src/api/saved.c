/* What checkpoints take on disk. */
#include "api/saved.h"

#include "base/io.h"
#include "base/number.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS_NAMED = 10 };

static void add_trial(const char *folder, const char *name, struct saved *s)
{
    struct checkpoint_sizes sizes;
    char *path = io_join(folder, name);
    if (path == NULL)
        return;
    checkpoint_measure(path, &sizes);
    free(path);
    s->bytes += sizes.bytes;
    s->trials += sizes.bytes > 0;
}

void saved_of_search(const char *store_dir, struct search_id search, struct saved *ret)
{
    char *folder;
    *ret = (struct saved){.all = true};
    if (asprintf(&folder, "%s/trials/%lld", store_dir, (long long)search.v) < 0)
        return;
    DIR *dir = opendir(folder);
    int64_t left = SAVED_TRIALS_MAX;
    for (struct dirent *d; dir != NULL && ret->all && (d = readdir(dir)) != NULL;) {
        int64_t number;
        if (!number_parse_i64(str_of(d->d_name), &number))
            continue;
        if (left-- == 0)
            ret->all = false;
        else
            add_trial(folder, d->d_name, ret);
    }
    if (dir != NULL)
        closedir(dir);
    free(folder);
}

void saved_trial_json(const struct checkpoint_sizes *s, struct json *j)
{
    jw_object(j);
    jw_key(j, "bytes");
    jw_i64(j, s->bytes);
    jw_key(j, "kept");
    jw_array(j);
    for (size_t i = 0; i < s->n_copies; i++)
        jw_i64(j, s->steps[i]);
    jw_array_end(j);
    jw_object_end(j);
}

void saved_trial_text(const struct checkpoint_sizes *s, struct buf *b)
{
    if (s->bytes == 0)
        return;
    number_write_size(b, s->bytes);
    for (size_t i = 0; i < s->n_copies && i < STEPS_NAMED; i++)
        buf_fmt(b, "%s%lld",
                i > 0             ? ", "
                : s->n_copies > 1 ? ", kept at steps "
                                  : ", kept at step ",
                (long long)s->steps[i]);
    if (s->n_copies > STEPS_NAMED)
        buf_fmt(b, " and %zu more", s->n_copies - STEPS_NAMED);
}

void saved_search_text(const struct saved *s, struct buf *b)
{
    if (s->bytes == 0)
        return;
    buf_cstr(b, s->all ? "" : "more than ");
    number_write_size(b, s->bytes);
    buf_fmt(b, " of %lld %s", (long long)s->trials, s->trials == 1 ? "trial" : "trials");
}
