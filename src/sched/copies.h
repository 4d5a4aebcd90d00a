/*
 * Copies of checkpoints: those that are kept as `checkpoints` says, and those that other trials
 * begin with. Workers make them; a trial starts no attempt meanwhile. Only src/sched includes this.
 */
#ifndef SCHED_COPIES_H
#define SCHED_COPIES_H

#include "sched/internal.h"

/* keeping.c: copies of checkpoints that are kept, and checkpoints that go. */
/* The program waits for the answer to a report of this step. True: it is answered when a copy of
 * its checkpoint is made. */
bool keeping_reported(struct scheduler *s, struct live_trial *t, int64_t seq, int64_t step);
/* Its attempt is over, and the trial goes on later. */
void keeping_paused(struct scheduler *s, struct live_trial *t);
/* Is every report of interest, since the best step may be any? */
bool keeping_wants_all(const struct search *q);
/* Its reports were read from the store. */
void keeping_restored(struct live_trial *t);
/* It is over, and nothing of it runs. */
void keeping_over(struct scheduler *s, struct search *q, const struct trial_row *row);
/* After a commit: what nobody needs goes. */
void keeping_free(struct scheduler *s);
void keeping_forget(struct scheduler *s);

/* hand_on.c: checkpoints handed on to other trials. */
/* A trial with a parent, of which no attempt was made yet, waits for its checkpoint. False: the
 * scheduler is dead. */
bool hand_on_copy(struct scheduler *s, struct live_trial *t);
/* It goes on from a step whose checkpoint may be asked for yet, and waits until that is kept. */
bool hand_on_keep(struct scheduler *s, struct live_trial *t, int64_t step);
/* Whatever a controller that died owed a live trial. */
bool hand_on_replay(struct scheduler *s, struct live_trial *t);
/* After a commit: begins what can be begun, and removes what nobody may ask for any more. */
void hand_on_act(struct scheduler *s);
void hand_on_free(struct scheduler *s);

#endif
