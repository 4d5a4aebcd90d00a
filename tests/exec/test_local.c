/* The local executor against a supervisor that does as it is told: the contract. */
#include "conformance.h"
#include "exec/local/local.h"

static enum code open_local(struct loop *l, const struct executor_listener *listener,
                            struct executor **ret, struct error *e)
{
    struct local_options o = {.supervisor = getenv("TRAWL_TEST_SUPERVISOR")};
    return local_executor_new(l, &o, listener, ret, e);
}

#define WORDS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

int main(void)
{
    const struct executor_kind kind = {
        open_local,
        {
            [PROGRAM_SHORT] = WORDS("program", "reports:5", "end:0"),
            [PROGRAM_FAILS] = WORDS("program", "end:3"),
            [PROGRAM_FOREVER] = WORDS("program", "reports:1", "forever", "end:0"),
            [PROGRAM_ASKS] = WORDS("program", "ask", "end:4"),
            [PROGRAM_KIN] = WORDS("wiped", "orphan", "reports:3", "end:0"),
        },
    };
    return conformance_run(__FILE__, &kind);
}
