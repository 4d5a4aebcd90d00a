/*
 * An objective out of a table: comma-separated values, one row a configuration, or one a step of
 * it.
 *
 * The first line names the columns. Each parameter that is not fixed has one, an empty field being
 * an inactive one; `value` names that of the values (empty, nan: none); `step`, where there is such
 * a column and no parameter of that name, makes the rows of a configuration its learning curve.
 * Other columns are passed over. Where a parameter says how long a trial trains, curves say what
 * that comes to: it needs no column of its own, if there is one named `step`.
 *
 * At a step the program reports the row of the last step not past it, before the first the first.
 * A configuration that the table lacks is infeasible where `exact`, else it is its nearest
 * neighbour: by squared distance in the unit cube (config_encode), where values of an unordered
 * choice, a flag, or an inactive parameter that differ are 1 apart, as are the ends of a range. Of
 * neighbours at one distance, the first.
 */
#ifndef EXEC_SIM_TABLE_H
#define EXEC_SIM_TABLE_H

#include "exec/sim/objective.h"

enum { TABLE_ROWS_MAX = 10000000, TABLE_BYTES_MAX = 1 << 30 };

struct table_settings {
    const char *file;          /* its name in messages; borrowed */
    struct str text;           /* borrowed until objective_table returns */
    const struct space *space; /* borrowed */
    struct str value;          /* the column's name */
    bool exact;
    struct str length; /* the parameter that says how long a trial trains; n == 0: none does */
};

/* What is wrong with it is placed. */
enum code objective_table(const struct table_settings *x, struct objective *ret,
                          struct error *e) must_check;

#endif
