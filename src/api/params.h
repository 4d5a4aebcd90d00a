/* A configuration's JSON text as people read it. */
#ifndef API_PARAMS_H
#define API_PARAMS_H

#include "base/str.h"

/* "model=mlp lr=0.001 layers=3": at most `max` parameters, reals shortened, long values cut;
 * appended to b. Like all that is shown it stays on its line: "\n" for a line's end. */
void params_short(struct str params, size_t max, struct buf *b);
/* Calls visit with each name and its value as it is shown, in the file's order. */
void params_each(struct str params, void (*visit)(void *self, struct str name, struct str value),
                 void *self);
/* The value of one, as it is or as it is shown; false when it is not active. Appends to b. */
bool params_value(struct str params, struct str name, bool shown, struct buf *b);

#endif
