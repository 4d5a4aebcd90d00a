"""sh bench/run.sh claim [fashion] [--repetitions N] [--method M] [--write]: see README.md."""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import statistics
import sys
from pathlib import Path

import numpy as np
from quality.results import reference

from . import fashion, tasks
from .methods import Course, Search, by_hand

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TRAWL = ROOT / os.environ.get("TRAWL_BUILD", "build") / "trawl"
START = (0.4, 0.6)  # quantiles of the space between which the work begins
MOST = 300  # trainings by hand
SLOTS = 4


def courses(name: str, data: Path, method: str, repetitions: int) -> dict[str, list[Course]]:
    """Of one task: by hand, and searches that may spend as much, one training at a time and SLOTS at once."""
    task = tasks.load(name, data, reference())
    made: dict[str, list[Course]] = {"hand": [], "search": [], "slots": []}
    for r in range(repetitions):
        rng = np.random.default_rng([r, len(name)])
        task.begin(rng, START)
        made["hand"].append(by_hand(task, rng, MOST))
        trainings = len(made["hand"][-1])
        made["search"].append(Search(task, TRAWL, method, r, trainings, 1).run())
        made["slots"].append(Search(task, TRAWL, method, r, trainings, SLOTS).run())
    return made


def along(course: Course, trainings: int) -> np.ndarray:
    """The value after 1, 2, ... trainings; 0, which is the start's, until there is one."""
    values = np.zeros(trainings)
    for spent, value in course:
        values[max(int(np.ceil(spent)) - 1, 0) :] = value if np.isfinite(value) else 0
    return values


def mean(made: list[Course], trainings: int) -> np.ndarray:
    return np.mean([along(course, trainings) for course in made], axis=0)


def row(name: str, made: dict[str, list[Course]]) -> dict[str, float]:
    """needs: the full trainings after which the mean search is where the mean of all hands ends."""
    trainings = round(statistics.mean(len(course) for course in made["hand"]))
    hand = statistics.mean(course[-1][1] for course in made["hand"])
    found = {"trainings": trainings, "hand": hand}
    for which in ("search", "slots"):
        values = mean(made[which], trainings)
        there = np.flatnonzero(values >= hand)
        needs = float(there[0] + 1) if len(there) else float("inf")
        found |= {which: float(values[-1]), f"{which} needs": needs}
    found["part"] = found["search needs"] / trainings
    found["time"] = found["slots needs"] / SLOTS / trainings
    return found


def _number(x: float) -> str:
    return "never" if x == float("inf") else f"{x:.0f}"


def _part(x: float) -> str:
    return "never" if x == float("inf") else f"{x:.2f}"


def table(rows: dict[str, dict[str, float]], repetitions: int, method: str) -> str:
    lines = [
        f"`{method}`, {repetitions} repetitions a task.",
        "",
        f"| task | trainings by hand | where that ends | a search of as many ends | it needs | part | {SLOTS} at once: "
        "it ends | part of the time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, r in rows.items():
        lines.append(
            f"| {name} | {r['trainings']:.0f} | {r['hand']:.3f} | {r['search']:.3f} | {_number(r['search needs'])} | "
            f"{_part(r['part'])} | {r['slots']:.3f} | {_part(r['time'])} |"
        )
    median = {key: statistics.median(r[key] for r in rows.values()) for key in next(iter(rows.values()))}
    lines.append(
        f"| **median** | {median['trainings']:.0f} | {median['hand']:.3f} | **{median['search']:.3f}** | | "
        f"**{_part(median['part'])}** | **{median['slots']:.3f}** | **{_part(median['time'])}** |"
    )
    return "\n".join(lines)


def plot(made: dict[str, dict[str, list[Course]]], file: Path) -> None:
    """Each task's value along the parts of the trainings that the hand needs, and the median over tasks."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "trawl"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    at = np.linspace(0, 1, 201)
    colours = {"hand": "#8a8f98", "search": "#1668c7"}
    labels = {"hand": "by hand, one change at a time", "search": "trawl, as many trainings"}
    for which in ("hand", "search"):
        curves = []
        for one in made.values():
            trainings = round(statistics.mean(len(course) for course in one["hand"]))
            values = np.concatenate([[0], mean(one[which], trainings)])
            curves.append(np.interp(at * trainings, np.arange(trainings + 1), values))
            axes.plot(at, curves[-1], color=colours[which], alpha=0.18, linewidth=0.8)
        axes.plot(at, np.median(curves, axis=0), color=colours[which], linewidth=2.4, label=labels[which])
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="trainings, as a part of those that iterating by hand takes",
             ylabel="quality (0 the start, 1 the best)")  # fmt: skip
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    if sys.argv[1:2] == ["fashion"]:
        fashion.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="sh bench/run.sh claim")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--method", default="auto")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--data", type=Path, default=os.environ.get("QUALITY_DATA"), help="or QUALITY_DATA")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="table.md and claim.svg into this folder")
    arguments = parser.parse_args()
    if arguments.data is None:
        sys.exit("where is the data? Name its folder with --data or QUALITY_DATA (see bench/quality/README.md)")
    one = functools.partial(
        courses, data=Path(arguments.data), method=arguments.method, repetitions=arguments.repetitions
    )
    every = tasks.TABLES + tasks.CURVES
    with multiprocessing.Pool(arguments.jobs) as pool:
        made = {}
        for name, found in zip(every, pool.imap(one, every)):
            made[name] = found
            if sys.stderr.isatty():
                print(f"\r{name} ", end="", file=sys.stderr, flush=True)
    text = table({name: row(name, found) for name, found in made.items()}, arguments.repetitions, arguments.method)
    print(text)
    if arguments.write:
        arguments.write.mkdir(exist_ok=True)
        (arguments.write / "table.md").write_text(text + "\n")
        (arguments.write / "courses.json").write_text(json.dumps(made))
        plot(made, arguments.write / "claim.svg")


if __name__ == "__main__":
    main()
