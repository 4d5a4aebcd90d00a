/*
 * `trawl optimize`: ask and tell as lines of JSON, for a program that runs its own trials.
 *
 * Each line that comes is answered by one, written at once. What a line may hold stands in
 * optimize/talk.c; here are only the lines themselves.
 */
#include "api/project.h"
#include "base/io.h"
#include "optimize/optimizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static const struct option options[] = {
    {"set", 0, "KEY=VALUE", "override a value of the file: --set search.trials=20"},
    {"metric", 'm', "NAME", "short for --set metric=NAME"},
    {"goal", 'g', "GOAL", "minimize or maximize"},
    {"trials", 'n', "N", "how many trials"},
    {"time", 't', "TIME", "how long: 90s, 30m, 24h"},
    {"parallel", 'j', "N", "how many run at once"},
    {"method", 0, "METHOD", "auto, random, sobol + asha(eta=3), ..."},
    {"seed", 0, "N", "seed of the search"},
};

enum { CHUNK = 1 << 16 };

#define ANSWER_MAX ((size_t)1 << 30)

/* Lines of standard input. What is longer than a line may be is kept no further than that, so that
 * a flood costs no memory; its length tells. */
struct lines {
    struct buf line;
    char chunk[CHUNK];
    size_t at, n;
    bool ended;
};

static enum code fill(struct lines *l, struct error *e)
{
    ssize_t n;
    do
        n = read(STDIN_FILENO, l->chunk, CHUNK);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(e, errno, "cannot read standard input");
    l->at = 0;
    l->n = (size_t)n;
    l->ended = n == 0;
    return OK;
}

static void keep(struct lines *l, size_t n)
{
    size_t room = SESSION_LINE_MAX + 1 - l->line.n;
    buf_add(&l->line, l->chunk + l->at, n < room ? n : room);
    l->at += n;
}

/* *ret false: there are no more. The last one need not have an end. */
static enum code next_line(struct lines *l, bool *ret, struct error *e)
{
    bool some = false;
    buf_clear(&l->line);
    for (;;) {
        if (l->at == l->n) {
            enum code c = l->ended ? OK : fill(l, e);
            if (c != OK)
                return c;
        }
        if (l->ended) {
            *ret = some;
            return buf_end(&l->line, e);
        }
        const char *start = l->chunk + l->at, *end = memchr(start, '\n', l->n - l->at);
        some = true;
        keep(l, end ? (size_t)(end - start) : l->n - l->at);
        if (end) {
            l->at++;
            *ret = true;
            return buf_end(&l->line, e);
        }
    }
}

/* A program that went away before it heard its last answer is none of our trouble. */
static enum code answer(struct optimizer *o, struct str line, struct buf *text, bool *ret_deaf,
                        struct error *e)
{
    buf_clear(text);
    enum code c = optimizer_talk(o, line, text);
    if (c != OK)
        return error_nomem(e);
    c = io_write_all(STDOUT_FILENO, text->p, text->n, e);
    *ret_deaf = c != OK && errno == EPIPE;
    return *ret_deaf ? OK : c;
}

static enum code converse(struct optimizer *o, struct error *e)
{
    struct lines *l = calloc(1, sizeof(*l));
    struct buf text;
    bool more = true, deaf = false;
    if (!l)
        return error_nomem(e);
    buf_init(&l->line, SESSION_LINE_MAX + 2);
    buf_init(&text, ANSWER_MAX);
    enum code c = next_line(l, &more, e);
    while (c == OK && more && !deaf) {
        c = answer(o, buf_view(&l->line), &text, &deaf, e);
        if (c == OK && !deaf)
            c = next_line(l, &more, e);
    }
    buf_free(&text);
    buf_free(&l->line);
    free(l);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct settings *st;
    struct optimizer *o;
    uint32_t seed;
    enum code c = project_load_space(inv, &st, e);
    if (c != OK)
        return c;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        c = error_set(e, E_IO, "the system gives no random bytes");
    else
        c = optimizer_new(&o, st, seed, clock_system(), e);
    if (c != OK) {
        settings_free(st);
        return c;
    }
    c = converse(o, e);
    optimizer_free(o);
    return c;
}

const struct command command_optimize = {
    .name = "optimize",
    .args = "[FILE]",
    .summary = "ask and tell as JSON lines, for a program that runs its own trials",
    .about =
        "Standard input takes one JSON object a line, and each is answered by one:\n\n"
        "  {\"ask\": 2}                                 {\"trials\": [{\"id\", \"params\", "
        "\"seed\",\n"
        "                                             \"budget\"}, ...]}, and \"done\": true\n"
        "                                             once there will be no more\n"
        "  {\"tell\": {\"id\": 1, \"value\": 0.3}}          {\"ok\": true}\n"
        "  {\"report\": {\"id\": 1, \"step\": 3,\n"
        "              \"value\": 0.4}}                 {\"decision\": \"continue\"}, stop or "
        "pause\n"
        "  {\"best\": true}                             {\"id\", \"params\", \"value\"}\n\n"
        "What is wrong is answered {\"error\": \"...\"}, and the session goes on. The file needs\n"
        "no command, metric or space.",
    .group = "run searches",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .run = run,
};
