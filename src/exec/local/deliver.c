/*
 * What goes up to the listener.
 */
#include "exec/local/internal.h"

#include "base/failpoint.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void deliver_learn(struct attempt *at, const struct frame *f)
{
    char text[96];
    if (f->type == FRAME_EXITED)
        at->exited = true;
    if (f->type != FRAME_STARTED || f->text.n == 0 || f->text.n >= sizeof(text))
        return;
    memcpy(text, f->text.p, f->text.n);
    text[f->text.n] = '\0';
    (void)pidref_parse(text,
                       &at->program); /* without it the token is left to find the program by */
}

void deliver(struct attempt *at, const struct frame *f)
{
    struct local *x = at->x;
    at->delivered = f->seq;
    x->dirty = true;
    deliver_learn(at, f);
    FAILPOINT("exec.before-event");
    x->listener.event(x->listener.self, at->id, f);
    FAILPOINT("exec.after-event");
}

void deliver_note(struct attempt *at, enum trouble about, const struct error *e)
{
    struct local *x = at->x;
    char text[sizeof(e->message) + sizeof(e->detail) + sizeof(e->hint) + 16];
    if (at->told & about)
        return;
    at->told |= about;
    int n = snprintf(text, sizeof(text), "%s%s%s%s%s", e->message, e->detail[0] ? ": " : "",
                     e->detail, e->hint[0] ? "; " : "", e->hint);
    struct frame f = {.type = FRAME_NOTE,
                      .attempt = at->id,
                      .time = clock_real(&x->clock),
                      .text = {text, n > 0 ? (size_t)n : 0}};
    x->dirty = true;
    x->listener.event(x->listener.self, at->id, &f);
}

void deliver_gone(struct attempt *at)
{
    struct local *x = at->x;
    spawn_unwatch(at);
    if (at->child) /* until now its number could belong to nobody else */
        (void)waitpid(at->pid, NULL, WNOHANG);
    at->child = false;
    attempt_enter(at, GONE);
    x->dirty = true;
    FAILPOINT("exec.before-gone");
    x->listener.gone(x->listener.self, at->id);
    FAILPOINT("exec.after-gone");
}
