"""Other people's optimisers, each with its own defaults."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import time
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from .raw import Evaluations
from .space import Parameter, Value

if TYPE_CHECKING:
    import optuna

    from .tasks import Task


class Peer:
    """One optimiser. `run` gives the evaluations and the processor seconds that the optimiser took."""

    def __init__(self, name: str, packages: tuple[str, ...], suites: str = "") -> None:
        self.name = name
        self.packages = packages
        self.suites = suites  # what suites must start with

    def version(self) -> str:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in self.packages)

    def suits(self, suite: str) -> bool:
        return suite.startswith(self.suites)

    def run(self, task: Task, seed: int, evaluations: int) -> tuple[Evaluations, float]:
        raise NotImplementedError


class Optuna(Peer):
    """Define-by-run: what is inactive is not asked for."""

    def __init__(
        self, name: str, sampler: Callable[[int], optuna.samplers.BaseSampler], also: str = "", suites: str = ""
    ) -> None:
        super().__init__(name, ("optuna", also) if also else ("optuna",), suites)
        self.sampler = sampler

    def run(self, task: Task, seed: int, evaluations: int) -> tuple[Evaluations, float]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(direction=task.goal, sampler=self.sampler(seed))
        seen: Evaluations = []
        seconds = 0.0
        for _ in range(evaluations):
            start = time.process_time()
            trial = study.ask()
            configuration = task.space.build(functools.partial(_suggest, trial))
            seconds += time.process_time() - start
            value = task.evaluate(configuration, seed)
            seen.append((value, str(configuration.get(task.branch, ""))))
            start = time.process_time()
            study.tell(trial, value)
            seconds += time.process_time() - start
        return seen, seconds


def _suggest(trial: optuna.Trial, parameter: Parameter) -> Value:
    """Ordinal values as their rank, which keeps their order."""
    if parameter.kind == "choice":
        return cast(Value, trial.suggest_categorical(parameter.name, parameter.options))
    if parameter.kind == "ordinal":
        return parameter.options[trial.suggest_int(parameter.name, 0, len(parameter.options) - 1)]
    if parameter.whole:
        return trial.suggest_int(parameter.name, int(parameter.low), int(parameter.high), log=parameter.log)
    return trial.suggest_float(parameter.name, parameter.low, parameter.high, log=parameter.log)


def _random(seed: int) -> optuna.samplers.BaseSampler:
    import optuna

    return optuna.samplers.RandomSampler(seed=seed)


def _tpe(seed: int) -> optuna.samplers.BaseSampler:
    import optuna

    return optuna.samplers.TPESampler(seed=seed)


def _tpe_group(seed: int) -> optuna.samplers.BaseSampler:
    import optuna

    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)


class _Torch(types.ModuleType):
    """Torch without its device guard, for Optuna's GP sampler: same values, a fifth less time."""

    def device(self, name: str) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    def __getattr__(self, name: str) -> object:
        return getattr(importlib.import_module("torch"), name)


def _gp(seed: int) -> optuna.samplers.BaseSampler:
    import optuna.samplers._gp.sampler

    optuna.samplers._gp.sampler.torch = _Torch("torch")
    return optuna.samplers.GPSampler(seed=seed)


def _cmaes(seed: int) -> optuna.samplers.BaseSampler:
    import optuna

    return optuna.samplers.CmaEsSampler(seed=seed)


PEERS = {
    peer.name: peer
    for peer in (
        Optuna("optuna-random", _random),
        Optuna("optuna-tpe", _tpe),
        Optuna("optuna-tpe-group", _tpe_group, suites="xg"),
        Optuna("optuna-gp", _gp, "torch"),
        Optuna("optuna-cmaes", _cmaes, "cmaes", suites="bbob"),
    )
}
