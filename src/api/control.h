/*
 * The control socket, <store>/control.sock: how commands speak to the controller that holds the
 * store.
 *
 * One JSON object a line each way. Requests: {"do": "pause"|"resume"|"stop"|"kill"|"retry", "id":
 * "12" or "12.40"}; {"do": "hurry"}; {"do": "submit", "source", "overrides", "directory",
 * "snapshot", "env": [...]};
 * {"do": "follow", "id": "12"}. Answers: {"ok": true, "search": 13} or {"error": {"code",
 * "message", "detail", "hint"}}; after a follow, events as of `run --json` until the search ends.
 */
#ifndef API_CONTROL_H
#define API_CONTROL_H

#include "api/project.h"
#include "loop/loop.h"
#include "sched/scheduler.h"

#include <sys/types.h>

#include <signal.h>

/* --- the controller's side --- */

struct control;

enum code control_new(struct loop *l, const char *store_dir, struct scheduler *s,
                      struct control **ret, struct error *e) must_check;
void control_close(struct control *c);
/* Passes an event on to those who follow its search. */
void control_event(struct control *c, const struct event *ev);

/* --- a command's side --- */

struct control_client {
    int fd;
    struct buf in;
    char *path;
    ino_t inode; /* of the socket's name, which an orderly end takes away */
};

/* E_BUSY when no controller listens: the one that holds the store is starting or ending. */
enum code control_connect(const char *store_dir, struct control_client *ret,
                          struct error *e) must_check;
void control_disconnect(struct control_client *c);
/* Sends a request of one line, waits for the answer; an error answer comes back as that error.
 * *ret_search (may be NULL) is the answer's search. E_BUSY: the controller ended, in good order,
 * before it heard the request; it may be made again to whoever holds the store now. */
enum code control_call(struct control_client *c, struct str request, int64_t *ret_search,
                       struct error *e) must_check;
enum code control_wish(struct control_client *c, const char *what, const char *id,
                       struct error *e) must_check;
/* Reads events until the search ends; each is parsed and handed to `event`. *interrupts is polled:
 * the first makes it ask for a pause, the second for hurry. When nothing came for a while `event`
 * is called with NULL: a moment to draw. */
enum code control_follow(struct control_client *c, struct search_id id,
                         const volatile sig_atomic_t *interrupts, const struct event_sink *sink,
                         struct error *e) must_check;

/* One line of `run --json` back into an event; texts in the arena. */
enum code event_parse(struct str line, struct arena *a, struct event *ret,
                      struct error *e) must_check;

#endif
