"""Tables in which every configuration of a grid was really trained, with several seeds.

The value of a configuration is the mean over its seeds.
"""

from __future__ import annotations

import csv
import functools
import gzip
import math
from pathlib import Path

import numpy as np

from .space import Configuration, Parameter, Space, Value


def _value(text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number == int(number) else number


class Table:
    """A complete grid. `logarithm`: values are natural logarithms of the errors in the file."""

    def __init__(self, path: Path, logarithm: bool) -> None:
        with gzip.open(path, "rt") as lines:
            head, *rows = csv.reader(lines)
        names = [name for name in head if not name.startswith("seed")]
        columns = list(zip(*(row[: len(names)] for row in rows), strict=True))
        self.space = Space([_parameter(*pair) for pair in zip(names, columns, strict=True)])
        self.shape = [len(p.options) for p in self.space.parameters]
        self.ranks = [{option: i for i, option in enumerate(p.options)} for p in self.space.parameters]
        self.seeds = self._fill(rows, len(names))
        means = np.array([sum(seeds) / len(seeds) for seeds in self.seeds])
        self.logarithm = logarithm
        self.values = np.log(means) if logarithm else means

    def _fill(self, rows: list[list[str]], width: int) -> list[list[float]]:
        if len(rows) != math.prod(self.shape):
            raise ValueError(f"{len(rows)} rows, but {math.prod(self.shape)} configurations")
        seeds: list[list[float]] = [[] for _ in rows]
        for row in rows:
            seeds[self._place([_value(cell) for cell in row[:width]])] = [float(cell) for cell in row[width:] if cell]
        return seeds

    def _place(self, cells: list[Value]) -> int:
        place = 0
        for cell, ranks, size in zip(cells, self.ranks, self.shape, strict=True):
            place = place * size + ranks[cell]
        return place

    def at(self, place: int) -> Configuration:
        """The configuration of `values[place]`."""
        ranks = np.unravel_index(place, self.shape)
        return {p.name: p.options[rank] for p, rank in zip(self.space.parameters, ranks, strict=True)}

    def one(self, configuration: Configuration, number: int) -> float:
        """The value of one of its seeds."""
        seeds = self.seeds[self._place([configuration[p.name] for p in self.space.parameters])]
        value = seeds[number % len(seeds)]
        return math.log(value) if self.logarithm else value

    def batch(self, configurations: list[Configuration]) -> np.ndarray:
        names = [p.name for p in self.space.parameters]
        return self.values[[self._place([c[name] for name in names]) for c in configurations]]


def _parameter(name: str, column: tuple[str, ...]) -> Parameter:
    options = {_value(cell) for cell in set(column)}
    if any(isinstance(option, str) for option in options):
        return Parameter(name, "choice", options=tuple(sorted(map(str, options))))
    return Parameter(name, "ordinal", options=tuple(sorted(options)))


@functools.cache
def table(path: Path, logarithm: bool) -> Table:
    return Table(path, logarithm)
