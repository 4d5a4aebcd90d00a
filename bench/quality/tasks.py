"""The tasks: what is optimised, over which space, which way, for how long.

Data comes from the folder named by QUALITY_DATA or --data; README.md says how to get it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from . import bbob, surrogates, tables
from .space import Configuration, Space

LCBENCH = ("3945", "126026", "146212", "167161", "167185", "168331", "189862", "189908")
XGBOOST = ("3", "38", "377", "1063", "1489", "4538", "40979", "41157")
MLP = ("australian", "car", "phoneme", "vehicle")
FCNET = ("naval_propulsion", "parkinsons_telemonitoring")

BUDGETS = {"lcbench": 100, "xgb": 100, "xgnd": 100, "tables": 100, "bbob5": 100, "bbob20": 200}
SUITES = tuple(BUDGETS)


@dataclass(frozen=True)
class Task:
    """`batch(configurations, number)`: their values; the run's number picks the instance, if there are several."""

    name: str
    goal: Literal["maximize", "minimize"]
    space: Space
    batch: Callable[[list[Configuration], int], np.ndarray]
    branch: str = ""  # the parameter that others hang on

    @property
    def suite(self) -> str:
        return self.name.split("/")[0]

    @property
    def budget(self) -> int:
        return BUDGETS[self.suite]

    @property
    def sign(self) -> int:
        """Values times this are to be minimised."""
        return 1 if self.goal == "minimize" else -1

    def seed(self, number: int) -> int:
        """The seed an optimiser is given for the run of that number: 0 for the first, then each task its own,
        lest all tasks of a suite begin with the same points."""
        return zlib.crc32(self.name.encode()) * number % 2**31

    def evaluate(self, configuration: Configuration, number: int) -> float:
        return float(self.batch([configuration], number)[0])


def names(suite: str, split: str = "all") -> list[str]:
    """The tasks of a suite; dev and test take every other one each."""
    last = {
        "lcbench": LCBENCH,
        "xgb": XGBOOST,
        "xgnd": XGBOOST,
        "tables": tuple(f"mlp-{t}" for t in MLP) + tuple(f"fcnet-{t}" for t in FCNET) + ("nasbench201",),
        "bbob5": tuple(f"f{f}" for f in bbob.FUNCTIONS),
        "bbob20": tuple(f"f{f}" for f in bbob.FUNCTIONS),
    }[suite]
    chosen = {"all": last, "dev": last[::2], "test": last[1::2]}[split]
    return [f"{suite}/{word}" for word in chosen]


def load(name: str, data: Path | None) -> Task:
    """The task of that name. BBOB needs no data."""
    suite, last = name.split("/")
    if suite.startswith("bbob"):
        return _bbob(name, int(last[1:]), int(suite[4:]))
    if data is None:
        raise SystemExit("where is the data? Name its folder with --data or QUALITY_DATA (see README.md)")
    if suite == "lcbench":
        return _surrogate(name, surrogates.Lcbench(data, last), surrogates.lcbench_space())
    if suite in ("xgb", "xgnd"):
        space = surrogates.xgboost_space(dart=suite == "xgb")
        return _surrogate(name, surrogates.Xgboost(data, last), space, "booster")
    return _table(name, last, data)


def _surrogate(name: str, model: surrogates.Surrogate, space: Space, branch: str = "") -> Task:
    return Task(name, "maximize", space, lambda configurations, number: model.batch(configurations), branch)


def _table(name: str, last: str, data: Path) -> Task:
    table, goal = table_of(last, data)
    return Task(name, goal, table.space, lambda configurations, number: table.batch(configurations))


def table_of(last: str, data: Path) -> tuple[tables.Table, Literal["maximize", "minimize"]]:
    """The table of a task of `tables`, by the last part of its name."""
    files = {"mlp": "hpobench-{}", "fcnet": "hpolib-{}", "nasbench201": "nasbench201-cifar10"}
    kind, _, data_set = last.partition("-")
    path = data / "tables" / f"{files[kind].format(data_set)}.csv.gz"
    return tables.table(path, logarithm=kind == "fcnet"), "minimize" if kind == "fcnet" else "maximize"


def _bbob(name: str, function: int, dimension: int) -> Task:
    def batch(configurations: list[Configuration], number: int) -> np.ndarray:
        return bbob.Bbob(function, dimension, number + 1).batch(configurations)

    return Task(name, "minimize", bbob.bbob_space(dimension), batch)
