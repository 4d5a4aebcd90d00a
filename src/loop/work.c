/*
 * Work on other threads: libuv's pool, where it runs, and the loop's thread, where its end is told.
 *
 * An item is in the loop's list from loop_work until libuv gives it back. Whoever waits for all of
 * them (loop_work_finish) must not run the loop, since that would deliver everything else as well:
 * so each item says under the lock that it has run.
 */
#include "loop/internal.h"

#include <stdlib.h>

struct work_item {
    uv_work_t request;
    struct loop *loop;
    struct work_item *next;
    void (*run)(void *);
    void (*done)(void *);
    void *self;
    bool has_run;   /* under the loop's lock */
    bool forgotten; /* its end isn't told any more */
};

static void on_thread(uv_work_t *request)
{
    struct work_item *w = request->data;
    struct loop *l = w->loop;
    w->run(w->self);
    uv_mutex_lock(&l->lock);
    w->has_run = true;
    uv_cond_broadcast(&l->ran);
    uv_mutex_unlock(&l->lock);
}

static void on_given_back(uv_work_t *request, int status)
{
    struct work_item *w = request->data;
    struct work_item **at = &w->loop->work;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (!w->forgotten)
        w->done(w->self);
    free(w);
}

enum code loop_work(struct loop *l, void (*run)(void *), void (*done)(void *), void *self,
                    struct error *e)
{
    struct work_item *w = calloc(1, sizeof(*w));
    if (!w)
        return error_nomem(e);
    *w = (struct work_item){.loop = l, .next = l->work, .run = run, .done = done, .self = self};
    w->request.data = w;
    int r = uv_queue_work(&l->uv, &w->request, on_thread, on_given_back);
    if (r < 0) {
        free(w);
        return loop_error(e, r, "cannot give work to another thread");
    }
    l->work = w;
    return OK;
}

void loop_work_finish(struct loop *l)
{
    for (struct work_item *w = l->work; w; w = w->next) {
        if (w->forgotten)
            continue;
        w->forgotten = true;
        if (uv_cancel((uv_req_t *)&w->request) == 0)
            continue; /* it had not begun, and never will */
        uv_mutex_lock(&l->lock);
        while (!w->has_run)
            uv_cond_wait(&l->ran, &l->lock);
        uv_mutex_unlock(&l->lock);
    }
}
