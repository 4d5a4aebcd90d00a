"""Report a training program's metrics to trawl, and hear whether to go on.

    import trawl

    params = trawl.params({"lr": 0.1, "layers": 2})
    model = Model(**params)
    for epoch in range(1, trawl.steps(default=10) + 1):
        train(model)
        if not trawl.report(step=epoch, val_auc=evaluate(model)):
            break

Inside a trial the parameters are the trial's and the decision is the search's. Run by hand, without
trawl, the same program works: parameters are the defaults given, reports are printed, the decision
is always to go on. Standard library only, no threads, nothing happens at import.
"""

from trawl._params import params, seed, steps
from trawl._report import Decision, infeasible, report
from trawl._trial import checkpoint, inside

__all__ = [
    "Decision",
    "checkpoint",
    "infeasible",
    "inside",
    "params",
    "report",
    "seed",
    "steps",
]
