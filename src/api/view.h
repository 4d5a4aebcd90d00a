/*
 * The live picture of `trawl run`: events in, a screen out.
 *
 * On a terminal a block at the bottom of the screen is redrawn at most ten times a second: progress
 * and time left, incumbent against baseline, trials by state, running trials with their curves as
 * sparklines; lines worth keeping (a new best, a failure) scroll away above it. Off a terminal one
 * plain line an event worth a line; with --json every event as a JSON line. At the end a summary:
 * baseline, best, improvement, the configuration, how to run it by hand.
 */
#ifndef API_VIEW_H
#define API_VIEW_H

#include "api/screen.h"
#include "base/clock.h"
#include "sched/event.h"

enum view_style { VIEW_LIVE, VIEW_PLAIN, VIEW_JSON, VIEW_QUIET };

struct view;

enum code view_new(struct screen *out, const struct clock *clock, enum view_style style,
                   struct view **ret, struct error *e) must_check;
void view_free(struct view *v);
void view_event(struct view *v, const struct event *ev);
/* When it wants view_draw to be called (monotonic); INT64_MAX: nothing new. */
int64_t view_deadline(const struct view *v);
void view_draw(struct view *v);
/* Takes the block off the screen: before a message, a prompt, the end. */
void view_clear(struct view *v);
/* A line above the block, on a terminal and in plain style. */
void view_say(struct view *v, enum tone tone, const char *fmt, ...) printf_like(3, 4);

/* The summary, out of the store (so that a follower and `trawl show` can print it too). by_hand:
 * the command of the best configuration, or empty. */
enum code view_summary(struct screen *out, struct store *store, struct search_id id,
                       struct str by_hand, struct error *e) must_check;

#endif
