"""Tasks with learning curves: what a configuration's metric is after each step of its training."""

from __future__ import annotations

import functools
import json
import lzma
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from quality import surrogates
from quality.space import Configuration, Parameter, Space

LCBENCH = ("3945", "126026", "146212", "167161", "167185", "168331", "189862", "189908")  # as quality/ has them
TASKSET = "FixedTextRNNClassification_imdb_patch"
TREES = 100
TASKSET_RANGES = {  # of the draws that the data was made of, log-uniform; beta1 and beta2 by 1 - beta
    "learning_rate": (1e-8, 1e1), "beta1": (1e-4, 1), "beta2": (1e-6, 1), "epsilon": (1e-10, 1e3),
    "l1": (1e-8, 1e1), "l2": (1e-8, 1e1), "linear_decay": (1e-7, 1e-4), "exponential_decay": (1e-6, 1e-3),
}  # fmt: skip


class Learning:
    """One task: `curve(configuration)` has a value for each of the steps 1 .. `last`."""

    name: str
    goal: Literal["maximize", "minimize"]
    space: Space
    last: int

    def curve(self, configuration: Configuration) -> np.ndarray:
        raise NotImplementedError


class Lcbench(surrogates.Lcbench, Learning):
    """Validation accuracy in % by epoch."""

    goal: Literal["maximize", "minimize"] = "maximize"
    last = surrogates.LAST_EPOCH

    def __init__(self, data: Path, task: str) -> None:
        surrogates.Lcbench.__init__(self, data, task)
        self.label = f"lcbench/{task}"
        self.space = surrogates.lcbench_space()
        self.epoch = self.last

    def curve(self, configuration: Configuration) -> np.ndarray:
        codes, numbers = self.encode(configuration)
        epochs = range(1, self.last + 1)
        inputs = {
            "x_cat": np.array([codes] * self.last, np.int32),
            "x_cont": np.array([[float(epoch), *numbers[1:]] for epoch in epochs], np.float32),
        }
        return surrogates._session(self.path).run(None, inputs)[0][:, self.column].astype(float)


class Taskset(Learning):
    """Validation loss at 51 points of a recurrent network's training: a surrogate, fitted to the 1,000 configurations
    that were trained. The nearest of them instead would be no landscape: in eight dimensions it is far away (its rank
    correlates by 0.5 with that of a neighbour left out, the forest's by 0.6 to 0.9)."""

    goal: Literal["maximize", "minimize"] = "minimize"
    last = 51

    def __init__(self, data: Path, task: str) -> None:
        self.label = f"taskset/{task}"
        self.file = data / "taskset" / f"{TASKSET}{task}.json.xz"
        self.space = Space([Parameter(name, "loguniform", *ends) for name, ends in TASKSET_RANGES.items()])

    def curve(self, configuration: Configuration) -> np.ndarray:
        here = [_place(name, float(configuration[name])) for name in TASKSET_RANGES]
        return _forest(self.file).predict([here])[0]


def _place(name: str, value: float) -> float:
    low, high = TASKSET_RANGES[name]
    return (np.log(value) - np.log(low)) / (np.log(high) - np.log(low))


@functools.cache
def _forest(path: Path) -> Any:
    """Extremely randomised trees whose leaves are whole curves; losses past twice that of chance count as that."""
    from sklearn.ensemble import ExtraTreesRegressor

    with lzma.open(path, "rt") as text:
        rows = json.load(text)
    for row in rows:
        for name in ("beta1", "beta2"):
            row["hp"][name] = 1 - row["hp"][name]
    places = np.array([[_place(name, row["hp"][name]) for name in TASKSET_RANGES] for row in rows])
    curves = np.array([row["valid"]["loss"] for row in rows], float)
    most = 2 * math.log(2)
    curves = np.where(np.isfinite(curves), np.minimum(curves, most), most)
    return ExtraTreesRegressor(TREES, random_state=1).fit(places, curves)


def tasks(data: Path) -> list[Learning]:
    files = sorted((data / "taskset").glob(f"{TASKSET}*.json.xz"))
    rows = [Taskset(data, file.name[len(TASKSET) : -len(".json.xz")]) for file in files]
    return [Lcbench(data, task) for task in LCBENCH] + rows
