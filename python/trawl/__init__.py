"""Search the space of a training program, from inside of it and from Python.

A program that trawl runs reports its metrics and hears whether to go on:

    import trawl

    params = trawl.params({"lr": 0.1, "layers": 2})
    model = Model(**params)
    for epoch in range(1, trawl.steps(default=10) + 1):
        train(model)
        if not trawl.report(step=epoch, val_auc=evaluate(model)):
            break

Inside a trial the parameters are the trial's and the decision is the search's. Run by hand, without
trawl, the same program works: parameters are the defaults given, reports are printed, the decision
is always to go on.

A program that runs its own trials asks for them and tells what came out, or hands over a function:

    result = trawl.minimize(loss, {"lr": "loguniform(1e-4, 1)", "layers": "int(1, 4)"}, trials=60)
    print(result.value, result.params)

Standard library only; nothing happens at import. The second half needs libtrawl, which is loaded
when it is first used.
"""

from typing import TYPE_CHECKING, Any

from trawl._params import params, seed, steps
from trawl._report import Decision, infeasible, report
from trawl._trial import checkpoint, inside

if TYPE_CHECKING:
    from trawl._optimizer import (
        Error,
        Infeasible,
        Optimizer,
        Result,
        Trial,
        maximize,
        minimize,
    )

__all__ = [
    "Decision",
    "Error",
    "Infeasible",
    "Optimizer",
    "Result",
    "Trial",
    "checkpoint",
    "infeasible",
    "inside",
    "maximize",
    "minimize",
    "params",
    "report",
    "seed",
    "steps",
]

_SEARCHING = {"Error", "Infeasible", "Optimizer", "Result", "Trial", "maximize", "minimize"}


def __getattr__(name: str) -> Any:
    if name not in _SEARCHING:
        raise AttributeError(f"module 'trawl' has no attribute {name!r}")
    from trawl import _optimizer

    return getattr(_optimizer, name)


def __dir__() -> "list[str]":
    return sorted(set(globals()) | _SEARCHING)
