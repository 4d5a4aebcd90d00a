"""Other people's optimisers, each with its own defaults."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import logging
import tempfile
import time
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .raw import Evaluations
from .space import Parameter, Space, Value

if TYPE_CHECKING:
    import optuna
    from ConfigSpace.hyperparameters import Hyperparameter
    from smac import HyperparameterOptimizationFacade

    from .tasks import Task


class Peer:
    """One optimiser. `run` gives the evaluations and the processor seconds that the optimiser took."""

    def __init__(self, name: str, packages: tuple[str, ...], suites: str = "") -> None:
        self.name = name
        self.packages = packages
        self.suites = suites  # what suites must start with

    def version(self) -> str:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in self.packages)

    def missing(self) -> str:
        """The first of its packages that is not installed; empty: all are."""
        for name in self.packages:
            try:
                importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                return name
        return ""

    def suits(self, suite: str) -> bool:
        return suite.startswith(self.suites)

    def run(self, task: Task, number: int, evaluations: int) -> tuple[Evaluations, float]:
        raise NotImplementedError


class Optuna(Peer):
    """Define-by-run: what is inactive is not asked for."""

    def __init__(
        self, name: str, sampler: Callable[[int], optuna.samplers.BaseSampler], also: str = "", suites: str = ""
    ) -> None:
        super().__init__(name, ("optuna", also) if also else ("optuna",), suites)
        self.sampler = sampler

    def run(self, task: Task, number: int, evaluations: int) -> tuple[Evaluations, float]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(direction=task.goal, sampler=self.sampler(task.seed(number)))
        seen: Evaluations = []
        seconds = 0.0
        for _ in range(evaluations):
            start = time.process_time()
            trial = study.ask()
            configuration = task.space.build(functools.partial(_suggest, trial))
            seconds += time.process_time() - start
            value = task.evaluate(configuration, number)
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


class Smac(Peer):
    """SMAC3's facade for hyperparameters: a random forest."""

    def run(self, task: Task, number: int, evaluations: int) -> tuple[Evaluations, float]:
        from smac.runhistory.dataclasses import TrialValue

        seen: Evaluations = []
        start, evaluating = time.process_time(), 0.0
        with tempfile.TemporaryDirectory() as folder:
            facade = _smac(task.space, task.seed(number), evaluations, Path(folder))
            for _ in range(evaluations):
                asked = facade.ask()
                configuration = task.space.build(functools.partial(_taken, asked.config))
                since = time.process_time()
                value = task.evaluate(configuration, number)
                evaluating += time.process_time() - since
                seen.append((value, str(configuration.get(task.branch, ""))))
                facade.tell(asked, TrialValue(cost=task.sign * value))
        return seen, time.process_time() - start - evaluating


def _smac(space: Space, seed: int, evaluations: int, folder: Path) -> HyperparameterOptimizationFacade:
    from ConfigSpace import ConfigurationSpace, InCondition
    from smac import HyperparameterOptimizationFacade, Scenario

    offered = ConfigurationSpace(seed=seed)
    named = {parameter.name: _offered(parameter) for parameter in space.parameters}
    offered.add(*named.values())
    for p in space.parameters:
        if p.parent:
            offered.add(InCondition(named[p.name], named[p.parent], list(p.values)))
    scenario = Scenario(offered, output_directory=folder, deterministic=True, n_trials=evaluations, seed=seed)
    return HyperparameterOptimizationFacade(scenario, _untold, logging_level=logging.ERROR, overwrite=True)


def _untold(configuration: object, seed: int = 0) -> float:
    raise NotImplementedError("SMAC is asked and told")


def _offered(parameter: Parameter) -> Hyperparameter:
    """Ordinal values as their rank."""
    from ConfigSpace import Categorical, Float, Integer

    if parameter.kind == "choice":
        return Categorical(parameter.name, list(parameter.options))
    if parameter.kind == "ordinal":
        return Integer(parameter.name, (0, len(parameter.options) - 1))
    if parameter.whole:
        return Integer(parameter.name, (int(parameter.low), int(parameter.high)), log=parameter.log)
    return Float(parameter.name, (parameter.low, parameter.high), log=parameter.log)


def _taken(configuration: Mapping[str, Any], parameter: Parameter) -> Value:
    value = configuration[parameter.name]
    if parameter.kind == "choice":
        return str(value)
    if parameter.kind == "ordinal":
        return parameter.options[int(value)]
    return int(value) if parameter.whole else float(value)


class Hebo(Peer):
    """HEBO: a Gaussian process with warped inputs and outputs, several acquisitions. It knows no conditions, and
    draws from the global generators of NumPy and torch."""

    def suits(self, suite: str) -> bool:
        return not suite.startswith("xg")

    def run(self, task: Task, number: int, evaluations: int) -> tuple[Evaluations, float]:
        import numpy as np
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        np.random.seed(task.seed(number))
        torch.manual_seed(task.seed(number))
        seen: Evaluations = []
        start, evaluating = time.process_time(), 0.0
        space = DesignSpace().parse([_described(parameter) for parameter in task.space.parameters])
        optimizer = HEBO(space, scramble_seed=task.seed(number))
        for _ in range(evaluations):
            asked = optimizer.suggest()
            configuration = task.space.build(functools.partial(_taken, asked.iloc[0].to_dict()))
            since = time.process_time()
            value = task.evaluate(configuration, number)
            evaluating += time.process_time() - since
            seen.append((value, ""))
            optimizer.observe(asked, np.array([[task.sign * value]]))
        return seen, time.process_time() - start - evaluating


def _described(parameter: Parameter) -> dict[str, object]:
    """Ordinal values as their rank."""
    if parameter.kind == "choice":
        return {"name": parameter.name, "type": "cat", "categories": list(parameter.options)}
    if parameter.kind == "ordinal":
        return {"name": parameter.name, "type": "int", "lb": 0, "ub": len(parameter.options) - 1}
    kind = {"uniform": "num", "loguniform": "pow", "int": "int", "logint": "pow_int"}[parameter.kind]
    return {"name": parameter.name, "type": kind, "lb": parameter.low, "ub": parameter.high}


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
        Smac("smac", ("smac",)),
        Hebo("hebo", ("HEBO", "torch", "gpytorch", "pymoo")),
    )
}
