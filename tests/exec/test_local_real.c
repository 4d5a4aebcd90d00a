/* The local executor with trawl-supervisor itself and programs in sh: the contract. */
#include "conformance.h"
#include "exec/local/local.h"

static enum code open_local(struct loop *l, const struct executor_listener *listener,
                            struct executor **ret, struct error *e)
{
    struct local_options o = {.supervisor = getenv("TRAWL_SUPERVISOR")};
    return local_executor_new(l, &o, listener, ret, e);
}

#define SH(script)                    \
    (const char *const[])             \
    {                                 \
        "/bin/sh", "-c", script, NULL \
    }

int main(void)
{
    const struct executor_kind kind = {
        open_local,
        {
            [PROGRAM_SHORT] = SH("for i in 1 2 3 4; do echo step=$i loss=0.$i; done"),
            [PROGRAM_FAILS] = SH("echo loss=1; exit 3"),
            [PROGRAM_FOREVER] = SH("echo loss=1; exec sleep 1000"),
            [PROGRAM_ASKS] = SH("$TRAWL_SUPERVISOR report --step 1 loss=1; "
                                "if [ $? = 0 ]; then exit 4; else exit 0; fi"),
            [PROGRAM_KIN] = SH("setsid sleep 1000 & sleep 1000 & "
                               "for i in 1 2 3; do echo step=$i loss=$i; done"),
        },
    };
    return conformance_run(__FILE__, &kind);
}
