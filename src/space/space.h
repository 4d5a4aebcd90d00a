/*
 * A space: parameters, when each is active, and what no configuration may violate.
 *
 * Built once (space_new, space_declare..., space_constrain..., space_finish), then immutable and
 * safe to share between threads. It owns an arena with everything in it.
 *
 * Invariants after space_finish:
 *  1. order[] lists parameters so that every condition names only earlier ones.
 *  2. A parameter is active iff its condition is true. What a condition says of an inactive
 *     parameter is unknown (three-valued): `model == "mlp" or head == "mlp"` is true of an mlp
 *     without a head, `head == "mlp"` alone is not.
 *  3. A constraint that names an inactive parameter holds; otherwise it holds unless it is false.
 *  4. At least one configuration satisfies all constraints, and every condition is true of some
 *     configuration. Both are proven by intervals or by enumeration, or a draw was found.
 */
#ifndef SPACE_SPACE_H
#define SPACE_SPACE_H

#include "base/problems.h"
#include "base/rng.h"
#include "space/prior.h"

enum {
    SPACE_PARAMS_MAX = 1000,
    SPACE_CONSTRAINTS_MAX = 1000,
    SPACE_NAME_MAX = 200,      /* bytes of a parameter's name */
    SPACE_DRAWS_MAX = 100000,  /* before constraints are given up as unsatisfiable */
    SPACE_BYTES_MAX = 64 << 20 /* of a space's arena */
};

/* How one parameter was declared. Texts are copied. */
struct param_decl {
    struct str name;
    struct str prior; /* p == NULL: fixed at `value` */
    struct value value;
    struct str when; /* p == NULL: always active */
    bool has_default;
    struct value def;
    struct str arg; /* its own form on the command line; p == NULL: the common form */
    bool has_change, change;
    struct location at, prior_at, when_at, default_at;
};

struct param {
    struct str name; /* NUL-terminated as well */
    struct prior prior;
    struct expr *when; /* NULL: always */
    struct str when_text;
    struct location when_at;
    bool has_default;
    struct value def;
    struct str arg;
    bool change; /* may it have another value from some step on? Where nothing is said, unless a
                    condition names it: what it switches would not fit a checkpoint */
    bool change_said;
    int unit; /* its first coordinate in the cube; -1 for fixed */
    int units;
    int depth; /* 0: unconditional; else 1 + the deepest parameter its condition names */
    struct location at;
};

struct constraint {
    struct expr *x;
    struct str text;
    struct location at;
    int *names; /* the parameters it names, each once */
    size_t n_names;
};

struct space {
    struct arena arena;
    size_t n_params, n_constraints;
    struct param *params; /* in the order of the file; fixed values among them */
    struct constraint *constraints;
    int *order;
    int n_units; /* coordinates of the cube */
};

enum code space_new(struct space **ret, struct error *e) must_check;
void space_free(struct space *s);
/* A name is letters, digits, _ and -, in parts joined by dots; a part begins with a letter or _.
 * The default is checked against the prior. */
enum code space_declare(struct space *s, const struct param_decl *d, struct error *e) must_check;
enum code space_constrain(struct space *s, struct str text, struct location at,
                          struct error *e) must_check;
/* Binds, orders, checks. All that is wrong is added to `problems`; OK only when nothing is. */
enum code space_finish(struct space *s, struct problems *problems) must_check;

int space_find(const struct space *s, struct str name); /* index or -1 */
/* Nearest parameter name, or NULL. */
const char *space_nearest(const struct space *s, struct str name);
/* Configurations, conditions taken into account, constraints not; 0: infinitely many; saturates at
 * INT64_MAX. Exact while ten million steps of counting do, else an upper bound with *ret_exact
 * false. */
int64_t space_count(const struct space *s, bool *ret_exact);
/* Canonical JSON of everything that defines it (no locations): equal text, equal space. */
void space_json(const struct space *s, struct json *j);

/* One value a parameter; VALUE_NONE where inactive. Lives in the arena it was made in. */
struct config {
    const struct space *space;
    struct value *values;
};

/* From a point of the cube (n_units coordinates): decodes, then switches off what is inactive.
 * Constraints are not looked at. */
enum code config_decode(const struct space *s, struct arena *a, const double *u,
                        struct config *ret) must_check;
/* Inactive coordinates become 1/2. */
void config_encode(const struct config *c, double *ret_u);
/* A uniform draw from the prior that satisfies the constraints; E_UNSATISFIABLE after `tries`. */
enum code config_draw(const struct space *s, struct arena *a, struct rng *r, int tries,
                      struct config *ret, struct error *e) must_check;
/* Is a parameter active, given the values of those before it in the order? */
bool config_is_active(const struct space *s, const struct value *values, int param);
/* Does one constraint hold of these values (invariant 3)? */
bool config_holds(const struct space *s, const struct value *values, size_t constraint);
/* Fills what is missing (`given[i].type == VALUE_NONE`) with defaults (fixed values are their own),
 * drops what is inactive, checks every value and constraint. Names the first parameter that is
 * active, missing and has no default; a value given for an inactive parameter is refused. */
enum code config_complete(const struct space *s, struct arena *a, const struct value *given,
                          struct config *ret, struct error *e) must_check;
/* Are all constraints satisfied? If not, *ret_violated (may be NULL) is the first that is not. */
bool config_allowed(const struct config *c, int *ret_violated);
bool config_equal(const struct config *a, const struct config *b);
uint64_t config_hash(const struct config *c);
void config_json(const struct config *c, struct json *j); /* object of the active parameters */
/* Reads config_json's text back. Constraints are not checked; unknown names, values outside the
 * prior, and values of inactive or missing ones of active parameters are E_CORRUPT. */
enum code config_parse(const struct space *s, struct arena *a, struct str json, struct config *ret,
                       struct error *e) must_check;
enum code config_copy(struct arena *a, const struct config *c, struct config *ret) must_check;

#endif
