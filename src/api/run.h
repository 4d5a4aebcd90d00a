/*
 * Running searches in the foreground: what run, resume and retry share.
 */
#ifndef API_RUN_H
#define API_RUN_H

#include "api/control.h"
#include "api/controller.h"

/* Which view suits the command line: --json, a terminal, --quiet or neither. */
enum view_style run_style(const struct invocation *inv);

/* Runs the controller until it is done, prints the summary of `id`, sets the exit status: 0 when
 * the search completed and a trial succeeded, 130 when interrupted, else 1. */
enum code run_to_the_end(const struct invocation *inv, struct controller *c, struct search_id id,
                         int *ret_status, struct error *e) must_check;
/* Follows a search that another controller runs, with the same view, summary and status. `client`
 * stays the caller's. */
enum code run_follow(const struct invocation *inv, const struct project *p,
                     struct control_client *client, struct search_id id, int *ret_status,
                     struct error *e) must_check;

/* A store that is locked while nobody listens: its controller is just ending, or gc is at work. The
 * command tries again, this often and with this pause, before it says so. */
enum { HANDOVER_TRIES = 50 };
void handover_pause(void);

/* --detach: the command goes on in a process of its own, in the background. In the child *ret_told
 * is the descriptor on which run_tell says how the start went; in the parent *ret_parent is true
 * and *ret_search or the error is what the child said. */
enum code run_detach(const struct project *p, bool *ret_parent, int *ret_tell,
                     struct search_id *ret_search, struct error *e) must_check;
void run_tell(int tell, struct search_id id, enum code c, const struct error *e);

#endif
