"""The tables: on the screen, and as RESULTS.md."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import results, statistics
from .results import Method
from .tasks import BUDGETS, names

TITLES = {
    "lcbench": "LCBench: 7 numeric parameters",
    "xgb": "rbv2_xgboost: conditional, 14 parameters",
    "xgnd": "rbv2_xgboost without dart: conditional, 12 parameters",
    "tables": "Tables: MLP, FCNet, NAS-Bench-201",
    "bbob5": "BBOB, 5 dimensions",
    "bbob20": "BBOB, 20 dimensions",
}
MARKS = {"bbob5": (20, 50, 100), "bbob20": (50, 100, 200)}
USUAL = (20, 50, 100)
BRANCH_AT = 60
LEVEL = 0.05
BY_HAND = "<!-- what follows is written by hand and kept -->"

Rows = list[list[str]]


@dataclass
class Suite:
    """The methods that can be compared on the chosen tasks, and what was odd about the others."""

    name: str
    tasks: list[str]
    methods: list[Method]
    notes: list[str] = field(default_factory=list)

    @property
    def marks(self) -> tuple[int, ...]:
        return MARKS.get(self.name, USUAL)

    @property
    def focus(self) -> list[Method]:
        """Those that the tests are about: trawl's, or the peers where there are none of trawl's."""
        return [method for method in self.methods if not method.peer] or self.methods


def suite(name: str, split: str, folders: Iterable[Path]) -> Suite:
    tasks = names(name, split)
    notes: list[str] = []
    methods = results.prepare(results.collect(name, folders), tasks, notes)
    return Suite(name, tasks, sorted(methods, key=lambda m: (m.peer, m.label)), notes)


def _table(head: list[str], rows: Rows) -> list[str]:
    """Markdown, aligned to be read as it is."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    cells = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    return [f"| {' | '.join(line)} |" for line in cells] + [""]


def _shared(methods: list[Method], mark: int) -> list[Method]:
    return [method for method in methods if method.length() >= mark]


def _interval(method: Method, mark: int) -> str:
    samples = [grid[:, mark - 1] for grid in method.grid.values()]
    mean, low, high = statistics.mean_with_interval(samples)
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]" if min(map(len, samples)) > 1 else f"{mean:.3f}"


def _ranks(methods: list[Method], mark: int) -> dict[str, float]:
    shared = _shared(methods, mark)
    ranks = statistics.mean_ranks([method.at(mark) for method in shared]) if shared else []
    return {method.label: rank for method, rank in zip(shared, ranks, strict=True)}


def _regrets(here: Suite) -> list[str]:
    head = ["method", "seeds"] + [f"regret @{m}" for m in here.marks] + [f"rank @{m}" for m in here.marks]
    ranks = {mark: _ranks(here.methods, mark) for mark in here.marks}
    rows: Rows = []
    for method in here.methods:
        row = [method.label, _seeds(method)]
        row += [_interval(method, mark) if mark <= method.length() else "-" for mark in here.marks]
        row += [f"{ranks[mark][method.label]:.2f}" if method.label in ranks[mark] else "-" for mark in here.marks]
        rows.append(row + [f"{method.seconds * 1000:.3g}"])
    return _table([*head, "ms"], rows)


def _seeds(method: Method) -> str:
    counts = {len(grid) for grid in method.grid.values()}
    return f"{min(counts)}" if len(counts) == 1 else f"{min(counts)}-{max(counts)}"


def _number(value: float, most: int) -> str:
    return f"{value:.0f}" if math.isfinite(value) else f">{most}"


def _needed(here: Suite) -> list[str]:
    """Evaluations until a method is where another ends: the median over tasks, and by the suite's mean."""
    rows: Rows = []
    for method in here.focus:
        row = [method.label]
        for other in here.methods:
            row.append("" if other is method else _match(method, other, here.tasks))
        rows.append(row)
    return _table(["to match the end of", *(method.label for method in here.methods)], rows)


def _match(method: Method, other: Method, tasks: list[str]) -> str:
    end = min(other.length(), BUDGETS[tasks[0].split("/")[0]])
    counts = [statistics.needed(method.curve(task), float(other.curve(task)[end - 1])) for task in tasks]
    length = min(method.length(), other.length())
    mine = np.mean([method.curve(task)[: method.length()] for task in tasks], axis=0)
    theirs = float(np.mean([other.curve(task)[end - 1] for task in tasks]))
    whole = statistics.needed(mine, theirs)
    return f"{_number(float(np.median(counts)), length)} ({_number(whole, length)})"


def _tests(here: Suite) -> list[str]:
    """Over tasks; Holm's correction over all comparisons of a row's method at one mark."""
    rows: Rows = []
    for method in here.focus:
        others = [other for other in here.methods if other is not method and other.peer]
        columns = [_against(method, others, mark) for mark in here.marks]
        rows += [[method.label, other.label, *(column[other.label] for column in columns)] for other in others]
    head = ["method", "against", *(f"@{mark}" for mark in here.marks)]
    return _table(head, rows) if rows else []


def _against(method: Method, others: list[Method], mark: int) -> dict[str, str]:
    shared = [other for other in _shared(others, mark) if method.length() >= mark]
    raw = [statistics.paired(method.at(mark), other.at(mark)) for other in shared]
    said = {other.label: "-" for other in others}
    for other, p in zip(shared, statistics.holm(raw), strict=True):
        said[other.label] = f"{_verdict(method, other, mark)}, p {p:.3f}; {_single(method, other, mark)}"
    return said


def _verdict(method: Method, other: Method, mark: int) -> str:
    wins = sum(mine < theirs for mine, theirs in zip(method.at(mark), other.at(mark), strict=True))
    losses = sum(mine > theirs for mine, theirs in zip(method.at(mark), other.at(mark), strict=True))
    return f"{wins}:{losses}"


def _single(method: Method, other: Method, mark: int) -> str:
    """Tasks on which the seeds alone tell the two apart, Holm over the tasks."""
    pairs = [(method.grid[task][:, mark - 1], other.grid[task][:, mark - 1]) for task in method.grid]
    corrected = statistics.holm([statistics.unpaired(*pair) for pair in pairs])
    sure = [mine.mean() - theirs.mean() for (mine, theirs), p in zip(pairs, corrected, strict=True) if p < LEVEL]
    return f"sure {sum(gap < 0 for gap in sure)}:{sum(gap > 0 for gap in sure)}"


def _branches(here: Suite) -> list[str]:
    counts = [(method.label, *results.wrong_branch(method, BRANCH_AT)) for method in here.methods]
    rows = [[label, f"{wrong} of {every}", f"{wrong / every:.0%}"] for label, wrong, every in counts]
    return _table(["method", f"wrong branch @{BRANCH_AT}", "share"], rows)


def summary(here: Suite) -> list[str]:
    """The regrets alone."""
    lines = [f"### {TITLES[here.name]} ({len(here.tasks)} tasks)", ""]
    lines += _regrets(here) if here.methods else ["No method has all of them.", ""]
    if here.methods and here.name.startswith("xg"):
        lines += _branches(here)
    return lines + [f"Note: {note}." for note in here.notes] + ([""] if here.notes else [])


def full(here: Suite) -> list[str]:
    return summary(here) + (_needed(here) + _tests(here) if here.methods else [])


def per_task(here: Suite, mark: int) -> list[str]:
    """Mean regret of every method on every task."""
    shared = _shared(here.methods, mark)
    rows = [[task] + [f"{method.curve(task)[mark - 1]:.3f}" for method in shared] for task in here.tasks]
    return _table([f"regret @{mark}", *(method.label for method in shared)], rows)


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} cores ({model})"


HEAD = """# Results

{date}, {machine}; written by `quality report --write`. Tasks, budgets and methods: README.md.

* **regret**: 0 = best known value, 1 = the mean of random search after 10 evaluations; the mean over tasks
  of the mean over seeds, in brackets a 95 % bootstrap interval over seeds.
  Reference values: reference.json, frozen {frozen}.
* **rank**: by mean regret on each task among all methods of the table, the mean over tasks; 1 is best.
* **ms**: processor time of a suggestion with its tell, the mean over the run, on a machine that was busy
  otherwise: an order of magnitude, no more.
* **to match the end of**: evaluations until the row's method is where the column's is at the end of its
  budget: the median over tasks, in parentheses by the mean regret of the suite.
* **against**: tasks won : lost by mean regret, p of Wilcoxon's paired test over tasks with Holm's
  correction over the row's comparisons; *sure* won : lost are tasks where Mann and Whitney's test over seeds,
  Holm over tasks, gives p < {level}.
* **wrong branch**: runs whose incumbent after {branch_at} evaluations has another booster than the best
  known configuration.

Versions: {versions}.
"""


def _versions(suites: list[Suite]) -> str:
    seen = {version for here in suites for method in here.methods for version in method.versions}
    return "; ".join(sorted(seen))


def write(file: Path, suites: list[Suite], frozen: str) -> None:
    """RESULTS.md anew; what was written by hand below the mark stays."""
    kept = file.read_text().partition(BY_HAND)[2] if file.exists() else "\n"
    head = HEAD.format(
        date=datetime.date.today().isoformat(),
        machine=_machine(),
        frozen=frozen,
        level=LEVEL,
        branch_at=BRANCH_AT,
        versions=_versions(suites),
    )
    body = [line for here in suites for line in full(here) + per_task(here, here.marks[-1])]
    file.write_text("\n".join([head, *body, BY_HAND]) + kept)
