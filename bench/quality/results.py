"""Stored runs, put beside the frozen reference values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import raw, statistics
from .peers import PEERS

REFERENCE = Path(__file__).resolve().parent / "reference.json"


@dataclass
class Method:
    """One method's runs on a suite, in order of seeds."""

    label: str
    runs: dict[str, list[raw.Run]]
    grid: statistics.Grid = field(default_factory=dict)

    @property
    def peer(self) -> bool:
        return self.label in PEERS

    @property
    def versions(self) -> set[str]:
        return {run.version for of_task in self.runs.values() for run in of_task}

    @property
    def seconds(self) -> float:
        """Mean processor time a suggestion."""
        return float(np.mean([run.seconds for of_task in self.runs.values() for run in of_task]))

    def length(self) -> int:
        return min(grid.shape[1] for grid in self.grid.values())

    def curve(self, task: str) -> np.ndarray:
        """Mean regret over seeds after 1, 2, ... evaluations."""
        return self.grid[task].mean(axis=0)

    def at(self, evaluation: int) -> list[float]:
        """Mean regret of each task after so many evaluations."""
        return [float(self.curve(task)[evaluation - 1]) for task in self.grid]


def reference() -> dict[str, dict[str, Any]]:
    return json.loads(REFERENCE.read_text())["tasks"]


def frozen() -> str:
    """The date of the reference values."""
    return json.loads(REFERENCE.read_text())["date"]


def collect(suite: str, folders: Iterable[Path]) -> list[Method]:
    """Every method with runs of that suite; of one label in two folders the latter counts."""
    found: dict[str, Method] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*.{suite}.jsonl")):
            by_task: dict[str, list[raw.Run]] = {}
            for run in sorted(raw.read(file), key=lambda run: run.seed):
                by_task.setdefault(run.task, []).append(run)
            label = file.name.removesuffix(f".{suite}.jsonl")
            found[label] = Method(label, by_task)
    return list(found.values())


def prepare(methods: list[Method], tasks: list[str], notes: list[str]) -> list[Method]:
    """The methods that have all these tasks, with their regrets; notes take what is odd."""
    entries = reference()
    ready = []
    for method in methods:
        missing = [task for task in tasks if task not in method.runs]
        if missing:
            notes.append(f"{method.label} is left out: no run of {', '.join(missing)}")
            continue
        for task in tasks:
            method.grid[task] = _regrets(method.runs[task], entries[task])
            if method.grid[task].min() < -1e-6:
                notes.append(f"{method.label} is better than the best known value of {task}: freeze it anew")
        ready.append(method)
    return ready


def _regrets(of_task: list[raw.Run], entry: dict[str, Any]) -> np.ndarray:
    """Seeds x evaluations, of which all runs have had as many."""
    traces = [run.trace() for run in of_task]
    shortest = min(map(len, traces))
    values = np.array([trace[:shortest] for trace in traces])
    return statistics.regret(values, float(entry["best"]), float(entry["random"]))


def wrong_branch(method: Method, evaluation: int) -> tuple[int, int]:
    """Runs whose incumbent is outside the branch of the best known value, and all runs."""
    entries = reference()
    wrong = [
        run.branch(evaluation) != entries[task]["branch"] for task in method.grid for run in method.runs[task]
    ]
    return sum(wrong), len(wrong)
