"""Learning curves: how many steps of training each method needs.

    sh bench/run.sh allocation curves run [--seeds N] [--method NAME,...]    # what is missing, into raw/
    sh bench/run.sh allocation curves                                        # the tables, of raw/

One worker, STEPS steps in all; what counts is the best value that any trial has reported. A trial that is continued
goes on from its checkpoint, for trawl's methods and Optuna's alike.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from quality.statistics import mean_with_interval
from quality.trawl import converse, fingerprint

from .learning import Learning, tasks
from .simulated import TRAWL

RAW = Path(__file__).resolve().parent / "raw"
FULL_TRAININGS = 50
OWN = {  # the method, and the least steps of a trial
    "gp full": ("gp", 1),
    "random asha": ("random + asha", 1),
    "random asha promoting": ("random + asha(variant=promote)", 1),
    "gp asha": ("gp + asha", 1),
    "gp asha promoting": ("gp + asha(variant=promote)", 1),
    "gp asha three rungs": ("gp + asha(max_rungs=3)", 1),
    "gp asha promoting three rungs": ("gp + asha(variant=promote, max_rungs=3)", 1),
    "gp hyperband": ("gp + hyperband", 1),
    "freeze_thaw": ("freeze_thaw", 1),
    "auto": ("auto", 1),
}


@dataclass
class Course:
    """What was seen along the steps of one run: the best so far, [steps, value]."""

    task: Learning
    seed: int
    limit: int
    steps: int = 0
    trials: int = 0
    best: list[list[float]] = field(default_factory=list)

    def report(self, value: float) -> bool:
        """Takes the value of one more step; False: no steps are left."""
        self.steps += 1
        value = float(f"{value:.7g}")
        better = not self.best or (value > self.best[-1][1]) == (self.task.goal == "maximize")
        if better and (not self.best or value != self.best[-1][1]):
            self.best.append([self.steps, value])
        return self.steps < self.limit


def trawl(method: str, least: int, course: Course) -> None:
    task = course.task
    document = {
        "metric": "value",
        "goal": task.goal,
        "parameters": task.space.trawl(),
        "search": {"method": method, "steps": course.limit, "parallel": 1, "seed": course.seed,
                   "budget": {"min": least, "max": task.last}},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trawl.yaml"
        file.write_text(json.dumps(document))
        with converse(TRAWL, file) as say:
            while course.steps < course.limit:
                trials = say({"ask": 1})["trials"]
                if not trials:
                    break
                course.trials += "from" not in trials[0]
                _train(trials[0], course, say)


def _train(trial: dict[str, Any], course: Course, say: Callable[[dict[str, object]], dict[str, Any]]) -> None:
    curve = course.task.curve(trial["params"])
    for step in range(trial.get("from", 0) + 1, trial["budget"] + 1):
        more = course.report(curve[step - 1])
        decision = say({"report": {"id": trial["id"], "step": step, "value": float(curve[step - 1])}})["decision"]
        if decision == "pause" or not more:
            return
        if decision == "stop":
            break
    say({"tell": {"id": trial["id"], "state": "stopped" if decision == "stop" else "completed"}})


def optuna(pruned: bool, sampler: str, course: Course) -> None:
    import optuna
    from quality.peers import _suggest

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    task = course.task
    pruner: Any = optuna.pruners.NopPruner()
    if pruned:
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=task.last)
    study = optuna.create_study(
        direction=task.goal, sampler=getattr(optuna.samplers, sampler)(seed=course.seed), pruner=pruner
    )

    def objective(trial: optuna.Trial) -> float:
        course.trials += 1
        curve = task.curve(task.space.build(functools.partial(_suggest, trial)))
        for step, value in enumerate(curve, start=1):
            if not course.report(value):
                study.stop()
                return value
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study.optimize(objective)


METHODS: dict[str, Callable[[Course], None]] = {
    "random full": functools.partial(optuna, False, "RandomSampler"),
    "optuna tpe full": functools.partial(optuna, False, "TPESampler"),
    "optuna hyperband": functools.partial(optuna, True, "TPESampler"),
    **{name: functools.partial(trawl, *way) for name, way in OWN.items()},
}


def _version(method: str) -> str:
    return f"trawl {fingerprint(TRAWL)}" if method in OWN else f"optuna {importlib.metadata.version('optuna')}"


def _file(method: str) -> Path:
    return RAW / f"{method.replace(' ', '-')}.curves.jsonl"


def _read(method: str) -> list[dict[str, Any]]:
    file = _file(method)
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def run(methods: list[str], seeds: int, every: list[Learning]) -> None:
    RAW.mkdir(exist_ok=True)
    for method in methods:
        done = {(row["task"], row["seed"]) for row in _read(method)}
        for seed, task in ((seed, task) for seed in range(seeds) for task in every):
            if (task.label, seed) in done:
                continue
            start = time.process_time()
            course = Course(task, seed, FULL_TRAININGS * task.last)
            METHODS[method](course)
            row = {"task": task.label, "seed": seed, "version": _version(method), "trials": course.trials,
                   "limit": course.limit, "best": course.best}  # fmt: skip
            with _file(method).open("a") as out:
                out.write(json.dumps(row, separators=(",", ":")) + "\n")
            if sys.stderr.isatty():
                print(method, task.label, seed, f"{time.process_time() - start:.1f} s", file=sys.stderr)


def _mean_trace(rows: list[dict[str, Any]]) -> np.ndarray:
    """The mean over the seeds of the best after 1, 2, ... steps."""
    traces = []
    for row in rows:
        steps = [int(at) - 1 for at, _ in row["best"]]
        lengths = np.diff([*steps, row["limit"]])
        traces.append(np.repeat([value for _, value in row["best"]], lengths))
    return np.mean(traces, axis=0)


def _needed(trace: np.ndarray, target: float, goal: str) -> float:
    """The part of all steps after which the trace is at the target; infinity: never."""
    there = np.flatnonzero(trace >= target if goal == "maximize" else trace <= target)
    return (there[0] + 1) / len(trace) if len(there) else float("inf")


def _part(x: float) -> str:
    return f"{x:.3f}" if x < float("inf") else "never"


def report(every: list[Learning]) -> None:
    stored = {method: _read(method) for method in METHODS}
    goals = {task.label: task.goal for task in every}
    traces = {
        method: {label: _mean_trace(mine) for label in goals if (mine := [r for r in rows if r["task"] == label])}
        for method, rows in stored.items()
    }
    print("Part of the steps that a method needs for what another one has at the end; medians over tasks (the mean over")
    print("seeds of the best so far). Regret at the end: 0 the best that any run found on the task, 1 random search's.\n")
    print("| method | seeds | trials | of `random full` | of `optuna hyperband` | mean regret at the end |")
    print("|---|---|---|---|---|---|")
    for method, rows in stored.items():
        if not rows:
            continue
        cells = [method, str(1 + max(row["seed"] for row in rows)), f"{statistics.mean(r['trials'] for r in rows):.0f}"]
        for rival in ("random full", "optuna hyperband"):
            needed = [
                _needed(trace, traces[rival][label][-1], goals[label])
                for label, trace in traces[method].items() if label in traces[rival]
            ]  # fmt: skip
            cells.append(_part(statistics.median(needed)) if needed else "")
        cells.append(_regret(method, stored, traces, goals))
        print("|", " | ".join(cells), "|")
    print("\nTask by task, of `random full`'s end / of `optuna hyperband`'s:\n")
    shown = [method for method in METHODS if traces[method]]
    print("| task |", " | ".join(shown), "|")
    print("|---|" + "---|" * len(shown))
    for label, goal in goals.items():
        cells = []
        for method in shown:
            both = [
                _part(_needed(traces[method][label], traces[rival][label][-1], goal))
                if label in traces[method] and label in traces[rival] else "-"
                for rival in ("random full", "optuna hyperband")
            ]  # fmt: skip
            cells.append(" / ".join(both))
        print(f"| {label.replace('_', ' ')} |", " | ".join(cells), "|")


def _regret(method: str, stored: dict[str, Any], traces: dict[str, Any], goals: dict[str, str]) -> str:
    samples = []
    for label, goal in goals.items():
        sign = -1 if goal == "maximize" else 1
        best = min(sign * row["best"][-1][1] for rows in stored.values() for row in rows if row["task"] == label)
        random = sign * traces["random full"][label][-1]
        mine = [row for row in stored[method] if row["task"] == label]
        if mine and random > best:
            samples.append(np.array([(sign * row["best"][-1][1] - best) / (random - best) for row in mine]))
    mean, low, high = mean_with_interval(samples)
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="sh bench/run.sh allocation curves")
    parser.add_argument("word", nargs="?", choices=["run"], help="run what is missing before the tables")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--method", default=",".join(METHODS), help="of " + ", ".join(METHODS))
    parser.add_argument("--data", type=Path, default=os.environ.get("QUALITY_DATA"), help="or QUALITY_DATA")
    arguments = parser.parse_args(words)
    if arguments.data is None:
        sys.exit("where is the data? Name its folder with --data or QUALITY_DATA (see bench/allocation/README.md)")
    every = tasks(Path(arguments.data))
    methods = [word.strip() for word in arguments.method.split(",")]
    if unknown := [word for word in methods if word not in METHODS]:
        sys.exit(f"{unknown[0]}: no such method; there are {', '.join(METHODS)}")
    if arguments.word == "run":
        run(methods, arguments.seeds, every)
    report(every)
