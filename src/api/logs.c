/*
 * `trawl logs`: what a trial's program wrote.
 *
 * The log's own lines begin with a time and a mark (| stdout, ! stderr, # the supervisor's word, +
 * after it: the rest of a line); --times keeps them, otherwise the program's text stands alone.
 */
#include "api/logs.h"

#include "api/project.h"
#include "api/rows.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
    {"follow", 'f', NULL, "wait for more until the trial ends"},
    {"attempt", 'a', "N", "that attempt's log (default: the last)"},
    {"times", 't', NULL, "keep the time and the stream of each line"},
    {"lines", 'n', "N", "only the last N lines"},
};

enum { PREFIX = 27, TIME = 24, CHUNK = 64 << 10 };

/* "2026-11-23T12:55:01.250Z | text" */
static bool has_prefix(struct str line)
{
    return line.n >= PREFIX && line.p[10] == 'T' && line.p[TIME - 1] == 'Z' && line.p[TIME] == ' ';
}

struct reader {
    struct invocation *inv;
    struct buf line; /* the unfinished one */
    bool times;
};

/* {"time", "stream": "stdout"|"stderr"|"trawl", "text", "continued"} */
static void put_json(struct reader *r, struct str line)
{
    struct screen *out = r->inv->out;
    struct json j;
    bool known = has_prefix(line);
    char mark = known ? line.p[TIME + 1] : '|';
    jw_init(&j, &out->out);
    jw_object(&j);
    jw_key(&j, "time");
    if (known)
        jw_str(&j, str_sub(line, 0, TIME));
    else
        jw_null(&j);
    jw_key(&j, "stream");
    jw_cstr(&j, mark == '!' ? "stderr" : mark == '#' ? "trawl" : "stdout");
    jw_key(&j, "text");
    jw_str(&j, known ? str_sub(line, PREFIX, line.n) : line);
    jw_key(&j, "continued");
    jw_bool(&j, known && line.p[TIME + 2] == '+');
    jw_object_end(&j);
    jw_newline(&j);
    if (jw_end(&j, NULL) != OK || out->out.n >= CHUNK)
        screen_flush(out);
}

static void put_line(struct reader *r, struct str line, bool whole)
{
    struct screen *out = r->inv->out;
    if (r->inv->json) {
        put_json(r, line);
        return;
    }
    if (r->times || !has_prefix(line)) {
        screen_text(out, TONE_PLAIN, line);
    } else {
        char mark = line.p[TIME + 1];
        struct str text = str_sub(line, PREFIX, line.n);
        screen_text(out, mark == '#' ? TONE_WARN : TONE_PLAIN, text);
    }
    if (whole)
        screen_text(out, TONE_PLAIN, STR("\n"));
}

static void put(struct reader *r, struct str bytes)
{
    while (bytes.n > 0) {
        const char *end = memchr(bytes.p, '\n', bytes.n);
        size_t n = end != NULL ? (size_t)(end - bytes.p) : bytes.n;
        buf_add(&r->line, bytes.p, n);
        bytes = str_sub(bytes, n + (end != NULL), bytes.n);
        if (end == NULL)
            break;
        put_line(r, buf_view(&r->line), true);
        buf_clear(&r->line);
    }
}

static enum code copy_what_is_there(struct reader *r, int fd, struct error *e)
{
    char bytes[CHUNK];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0)
            put(r, (struct str){bytes, (size_t)n});
        if (r->inv->out->deaf)
            return OK;
    }
    return n == 0 ? OK : error_errno(e, errno, "cannot read the log");
}

static bool trial_over(struct store *s, struct trial_id id)
{
    struct arena a;
    struct trial_row row;
    arena_init(&a, 8 << 20);
    bool over = store_trial_get(s, id, &a, &row, NULL) != OK ||
                (row.state != TRIAL_RUNNING && row.state != TRIAL_QUEUED);
    arena_free(&a);
    return over;
}

static int last_attempt(struct store *s, struct trial_id id)
{
    struct attempts attempts;
    int last = 0;
    if (attempts_of_trial(s, id, &attempts, NULL) != OK)
        return 0;
    for (size_t i = 0; i < attempts.n; i++)
        last = attempts.v[i].number > last ? attempts.v[i].number : last;
    attempts_free(&attempts);
    return last;
}

static int open_log(const struct reading *r, int attempt)
{
    char *path = attempt_log(r->project.store_dir, r->target.search.v,
                             trial_id_number(r->target.trial), attempt);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    free(path);
    return fd;
}

/* Reads on until the trial is over, going over to the next attempt's log when there is one. */
static enum code follow(struct reader *rd, struct reading *r, int fd, int attempt, struct error *e)
{
    static const struct timespec pause = {0, 100000000};
    enum code c = OK;
    for (;;) {
        bool over = trial_over(r->store, r->target.trial);
        if (fd >= 0)
            c = copy_what_is_there(rd, fd, e);
        screen_flush(rd->inv->out);
        if (c != OK || over || rd->inv->out->deaf)
            break;
        int last = last_attempt(r->store, r->target.trial);
        if (fd < 0 || last > attempt) {
            int next = open_log(r, last);
            if (next >= 0) {
                if (fd >= 0)
                    close(fd);
                fd = next;
                attempt = last;
                continue;
            }
        }
        (void)nanosleep(&pause, NULL);
    }
    if (fd >= 0)
        close(fd);
    return c;
}

static enum code print_tail(struct reader *rd, const struct reading *r, int attempt, int lines,
                            struct error *e)
{
    struct buf tail;
    buf_init(&tail, 128 << 10);
    char *path = attempt_log(r->project.store_dir, r->target.search.v,
                             trial_id_number(r->target.trial), attempt);
    if (path != NULL)
        log_tail(path, lines, &tail);
    put(rd, buf_view(&tail));
    free(path);
    enum code c = buf_end(&tail, e);
    buf_free(&tail);
    return c;
}

static enum code print(struct reader *rd, struct reading *r, struct error *e)
{
    struct invocation *inv = rd->inv;
    int64_t attempt, lines;
    enum code c = option_i64(inv, "attempt", 1, 1000000, last_attempt(r->store, r->target.trial),
                             &attempt, e);
    if (c == OK)
        c = option_i64(inv, "lines", 1, 100000, 0, &lines, e);
    if (c != OK)
        return c;
    int fd = open_log(r, (int)attempt);
    if (option_given(inv, "follow"))
        return follow(rd, r, fd, (int)attempt, e);
    if (fd < 0) {
        error_set(e, E_NOT_FOUND, "trial %lld.%lld has no log of attempt %lld",
                  (long long)r->target.search.v, (long long)trial_id_number(r->target.trial),
                  (long long)attempt);
        error_hint(e, "it has not started yet, or trawl gc removed it");
        return E_NOT_FOUND;
    }
    c = lines > 0 ? print_tail(rd, r, (int)attempt, (int)lines, e) : copy_what_is_there(rd, fd, e);
    close(fd);
    return c;
}

struct last {
    int64_t started;
    struct trial_id id;
};

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct last *l = self;
    if (row->started >= l->started && row->started > 0)
        *l = (struct last){row->started, row->id};
    return OK;
}

/* Of a search: the trial that began last. */
static enum code choose(struct reading *r, struct error *e)
{
    struct last l = {0};
    if (r->target.is_trial)
        return OK;
    enum code c = store_trials(r->store, r->target.search, 0, on_trial, &l, e);
    if (c == OK && l.started == 0)
        c = error_set(e, E_NOT_FOUND, "no trial of search %lld has started yet",
                      (long long)r->target.search.v);
    r->target.is_trial = true;
    r->target.trial = l.id;
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct reading r;
    struct reader rd = {.inv = inv, .times = option_given(inv, "times")};
    enum code c = reading_open(inv, &r, e);
    if (c != OK)
        return c;
    buf_init(&rd.line, 1 << 30);
    c = reading_check(&r, e);
    if (c == OK)
        c = choose(&r, e);
    if (c == OK)
        c = print(&rd, &r, e);
    if (rd.line.n > 0)
        put_line(&rd, buf_view(&rd.line), false);
    buf_free(&rd.line);
    reading_close(&r);
    return c;
}

const struct command command_logs = {
    .name = "logs",
    .args = "[ID]",
    .summary = "what a trial's program wrote (of a search: the trial that began last)",
    .about = "With --json a line of JSON for each line of the log.",
    .group = "look at what they found",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
