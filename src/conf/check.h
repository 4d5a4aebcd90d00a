/*
 * What `trawl check` says of a file: what is wrong with it, and the space it describes.
 *
 * Everything is appended to the caller's builder or writer, whose end tells whether it went well.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/settings.h"

/* "trawl.yaml:4:7: unknown key \"trails\" in search", a line, and under it, indented, the hint. */
void check_problem_text(const struct error *e, struct buf *b);
/* All of them, and how many more there were. */
void check_problems_text(const struct problems *p, struct buf *b);
/* For people: the space's name and size, a table of parameter, prior, active when and default, the
 * constraints, the baseline and the first points; several objectives and requirements; that `steps`
 * is how long a trial trains. */
void check_space_text(const struct settings *s, struct buf *b);
/* "1 to 27 steps, 8.06 on average": of trials whose steps are their own. */
void check_length_text(const struct effort *effort, struct buf *b);
/* "maximize val_auc, minimize latency_ms"; "latency_ms <= 20, memory_gb < 4". */
void check_goal_text(const struct settings *s, struct buf *b);
void check_requirements_text(const struct settings *s, struct buf *b);

/* {"code", "file", "line", "column", "message", "hint"}; what is not known is null. */
void check_problem_json(const struct error *e, struct json *j);
/* {"name", "count" (null: infinitely many), "exact", "dimensions", "parameters": [{"name", "prior",
 * "fixed" (only of a fixed one), "when" (null: always), "default", "units"}], "constraints":
 * [text], "baseline" (null: none), "first": [configuration]}. count is of configurations that the
 * conditions allow, whatever the constraints say; where `exact` is false it is an upper bound. */
void check_space_json(const struct settings *s, struct json *j);
/* [{"metric", "goal", "take"}], and [text]. */
void check_objectives_json(const struct settings *s, struct json *j);
void check_requirements_json(const struct settings *s, struct json *j);
/* The members "ok", "errors", "space", "objectives" and "requirements" of an object that the caller
 * has opened. s is NULL where there were problems: then "space" is null, and the last two are not
 * there. */
void check_json(const struct settings *s, const struct problems *p, struct json *j);

#endif
