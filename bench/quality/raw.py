"""Raw results: a line for each run, a file for each method and suite. No other package is needed here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

DIGITS = 8

# What each evaluation gave, and which branch of the space it was in.
Evaluations = list[tuple[float, str]]


@dataclass
class Run:
    """`best`: the incumbents as [evaluation from 1, value, branch]; `evaluations`: how many there might be
    (a method may end early in a finite space); `seconds`: of processor time a suggestion."""

    task: str
    seed: int
    version: str
    evaluations: int
    seconds: float
    best: list[list[int | float | str]] = field(default_factory=list)

    def branch(self, evaluation: int) -> str:
        """The branch of the best after so many evaluations."""
        return str([row for row in self.best if int(row[0]) <= evaluation][-1][2])

    def trace(self) -> list[float]:
        """The best value after 1, 2, ... evaluations."""
        values: list[float] = []
        ends = [int(row[0]) for row in self.best[1:]] + [self.evaluations + 1]
        for row, end in zip(self.best, ends, strict=True):
            values += [float(row[1])] * (end - int(row[0]))
        return values


def incumbents(seen: Evaluations, sign: int) -> list[list[int | float | str]]:
    """Each evaluation that was better than all before it; values times the sign are to be minimised."""
    rows: list[list[int | float | str]] = []
    for i, (value, branch) in enumerate(seen):
        value = float(f"{value:.{DIGITS}g}")
        if not rows or sign * value < sign * float(rows[-1][1]):
            rows.append([i + 1, value, branch])
    return rows


def path(folder: Path, label: str, suite: str) -> Path:
    return folder / f"{re.sub(r'[^A-Za-z0-9.=_-]+', '_', label).strip('_')}.{suite}.jsonl"


def read(file: Path) -> list[Run]:
    if not file.exists():
        return []
    return [Run(**json.loads(line)) for line in file.read_text().splitlines()]


def _line(run: Run) -> str:
    return json.dumps(asdict(run), separators=(",", ":")) + "\n"


def add(file: Path, run: Run) -> None:
    with file.open("a") as out:
        out.write(_line(run))


def write(file: Path, runs: Iterable[Run]) -> None:
    """The whole file anew."""
    fresh = file.with_suffix(".new")
    fresh.write_text("".join(map(_line, runs)))
    fresh.replace(file)
