"""What is developed: tables of real trainings (a training has one of its configuration's seeds), and LCBench by epoch.

Values are maximised, and scaled: 0 is the start, 1 the best there is (a table's, by the mean of its seeds; or the best of
100,000 draws that were climbed from).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from allocation import learning
from quality.space import Configuration, Space, Value
from quality.tasks import names, table_of

LEVELS = 7  # values of a number that one tries by hand, evenly through its range
DRAWS = 2000


class Task:
    name: str
    space: Space
    last: int  # steps of a training; 1: it has none to stop at
    start: Configuration
    low: float
    high: float

    def begin(self, rng: np.random.Generator, quantiles: tuple[float, float]) -> None:
        """Starts from a configuration between two quantiles of the space."""
        raise NotImplementedError

    def train(self, configuration: Configuration, seed: int) -> np.ndarray:
        """What one training reports, step by step."""
        raise NotImplementedError

    def true(self, configuration: Configuration) -> float:
        """Scaled, at the last step, without noise."""
        raise NotImplementedError

    def changes(self) -> Iterator[tuple[str, Value]]:
        """Everything that one change can set."""
        for parameter in self.space.parameters:
            values: Any = parameter.options or {parameter.at((i + 0.5) / LEVELS) for i in range(LEVELS)}
            yield from ((parameter.name, value) for value in sorted(values, key=str))


class Tabled(Task):
    last = 1

    def __init__(self, name: str, data: Path) -> None:
        self.name = name
        self.table, goal = table_of(name.split("/")[1], data)
        self.sign = -1 if goal == "minimize" else 1
        self.space = self.table.space
        self.values = self.sign * self.table.values
        self.order = np.argsort(self.values)
        self.high = float(self.values[self.order[-1]])

    def begin(self, rng: np.random.Generator, quantiles: tuple[float, float]) -> None:
        place = int(self.order[rng.integers(*(int(q * len(self.order)) for q in quantiles))])
        self.start = self.table.at(place)
        self.low = float(self.values[place])

    def train(self, configuration: Configuration, seed: int) -> np.ndarray:
        return np.array([self.sign * self.table.one(configuration, seed)])

    def true(self, configuration: Configuration) -> float:
        value = self.sign * float(self.table.batch([configuration])[0])
        return (value - self.low) / (self.high - self.low)


class Curved(Task):
    def __init__(self, name: str, data: Path, best: float) -> None:
        self.name = name
        self.curves = learning.Lcbench(data, name.split("/")[1])
        self.space = self.curves.space
        self.last = self.curves.last
        self.high = best

    def begin(self, rng: np.random.Generator, quantiles: tuple[float, float]) -> None:
        drawn = [self.space.at(row) for row in rng.random((DRAWS, len(self.space.parameters)))]
        values = self.curves.batch(drawn)
        place = np.argsort(values)[rng.integers(*(int(q * DRAWS) for q in quantiles))]
        self.start, self.low = drawn[place], float(values[place])

    def train(self, configuration: Configuration, seed: int) -> np.ndarray:
        return self.curves.curve(configuration)

    def true(self, configuration: Configuration) -> float:
        return (float(self.curves.batch([configuration])[0]) - self.low) / (self.high - self.low)


TABLES = tuple(names("tables"))
CURVES = tuple(names("lcbench"))


def load(name: str, data: Path, reference: dict[str, Any]) -> Task:
    if name in TABLES:
        return Tabled(name, data)
    return Curved(name, data, float(reference[name]["best"]))
