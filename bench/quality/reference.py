"""What regret is measured by: the best known value of each task, and what random search has after 10.

Frozen in reference.json. Tables: the grid's optimum. BBOB: the functions' own. Surrogates: the best of
200,000 draws, of a local search from the best of them in each branch, and of all runs so far.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np

from . import raw
from .space import Configuration
from .tasks import BUDGETS, SUITES, Task, load, names

DRAWS = 200_000
CHUNK = 20_000
ROUNDS = 40
CHILDREN = 2_000
ELITE = 50
WIDTHS = (0.3, 0.1, 0.03, 0.01, 0.003)
FIRST = 10  # random search after so many evaluations is 1
INSTANCES = 20


def _values(task: Task, units: np.ndarray, seed: int = 0) -> np.ndarray:
    """To be minimised."""
    return task.sign * task.batch([task.space.at(row) for row in units], seed)


def _draws(task: Task, rng: np.random.Generator, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    units = rng.random((count, len(task.space.parameters)))
    return units, _values(task, units, seed)


def random_after(task: Task, rng: np.random.Generator) -> float:
    """The mean, over many random searches, of the best of their first evaluations."""
    instances = range(INSTANCES) if task.suite.startswith("bbob") else range(1)
    parts = [_draws(task, rng, CHUNK // len(instances), seed)[1] for seed in instances]
    return task.sign * float(np.concatenate(parts).reshape(-1, FIRST).min(axis=1).mean())


def _children(parents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Copies with some coordinates moved, a few of them to an end of their range."""
    children = parents[rng.integers(len(parents), size=CHILDREN)]
    shape = children.shape
    moved = rng.random(shape) < rng.choice([1.5 / shape[1], 0.5], size=(CHILDREN, 1))
    noise = rng.normal(size=shape) * rng.choice(WIDTHS, size=(CHILDREN, 1))
    children = np.clip(np.where(moved, children + noise, children), 0, 1)
    return np.where(rng.random(shape) < 0.02, rng.integers(2, size=shape), children)


def _climb(task: Task, units: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> float:
    """The least value found from the best of the units on; the first coordinate, the branch, stays."""
    best = np.argsort(values)[:ELITE]
    units, values = units[best], values[best]
    for _ in range(ROUNDS):
        children = _children(units, rng)
        if task.branch:
            children[:, 0] = units[0, 0]
        pool = np.concatenate([units, children])
        scores = np.concatenate([values, _values(task, children)])
        best = np.argsort(scores)[:ELITE]
        units, values = pool[best], scores[best]
    return float(values[0])


def _search(task: Task, rng: np.random.Generator) -> dict[str, float]:
    """The least value of each branch (of the one branch "" where there are none)."""
    drawn = [_draws(task, rng, CHUNK) for _ in range(DRAWS // CHUNK)]
    units = np.concatenate([pair[0] for pair in drawn])
    values = np.concatenate([pair[1] for pair in drawn])
    options = task.space.parameters[0].options if task.branch else ("",)
    branch = np.minimum((units[:, 0] * len(options)).astype(int), len(options) - 1)
    found = {}
    for i, option in enumerate(options):
        here = branch == i
        found[str(option)] = _climb(task, units[here], values[here], rng)
    return found


def _seen(task: Task, folders: list[Path]) -> dict[str, float]:
    """The least value of each branch among all runs so far."""
    found: dict[str, float] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*.{task.suite}.jsonl")):
            for run in raw.read(file):
                if run.task == task.name:
                    value, branch = task.sign * float(run.best[-1][1]), str(run.best[-1][2])
                    found[branch] = min(found.get(branch, value), value)
    return found


def _grid(task: Task) -> float:
    """The least value of a whole table."""
    every: list[Configuration] = [{}]
    for parameter in task.space.parameters:
        every = [c | {parameter.name: option} for c in every for option in parameter.options]
    return float((task.sign * task.batch(every, 0)).min())


def refer(task: Task, folders: list[Path]) -> dict[str, object]:
    """The entry of a task: `best`, its `branch`, `branches` (the best of each), `random`."""
    rng = np.random.default_rng(20_261_123)
    if task.suite.startswith("bbob"):
        found = {"": 0.0}
    elif task.suite == "tables":
        found = {"": _grid(task)}
    else:
        found, seen = _search(task, rng), _seen(task, folders)
        found = {branch: min(value, seen.get(branch, value)) for branch, value in found.items()}
    rounded = {branch: float(f"{task.sign * value:.{raw.DIGITS}g}") for branch, value in found.items()}
    branch = min(found, key=lambda word: found[word])
    entry = {"goal": task.goal, "best": rounded[branch], "random": float(f"{random_after(task, rng):.6g}")}
    return entry | ({"branch": branch, "branches": rounded} if task.branch else {})


def freeze(file: Path, data: Path | None, folders: list[Path]) -> None:
    entries = {}
    for name in [name for suite in SUITES for name in names(suite)]:
        entries[name] = refer(load(name, data), folders)
        print(name, json.dumps(entries[name]), flush=True)
    frozen = {"date": datetime.date.today().isoformat(), "budgets": BUDGETS, "tasks": entries}
    file.write_text(json.dumps(frozen, indent=1) + "\n")
