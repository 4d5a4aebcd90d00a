/* A configuration's JSON text as people read it. */
#ifndef API_PARAMS_H
#define API_PARAMS_H

#include "base/str.h"

/* "model=mlp lr=0.001 layers=3": at most `max` parameters, reals shortened; appended to b. */
void params_short(struct str params, size_t max, struct buf *b);
/* Calls visit with each name and its value as text (and JSON text), in the file's order. */
void params_each(struct str params, void (*visit)(void *self, struct str name, struct str value),
                 void *self);
/* The value of one; false when it is not active. Appends to b. */
bool params_value(struct str params, struct str name, struct buf *b);

#endif
