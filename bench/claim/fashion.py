"""sh bench/run.sh claim fashion [--repetitions N] [--images N] [--write FOLDER]: see README.md. Real trainings, on this
machine: examples/fashion, developed by hand and by `trawl run`."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from .tasks import LEVELS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/fashion"
TRAWL = ROOT / os.environ.get("TRAWL_BUILD", "build") / "trawl"
STEPS = 9

# What was spent until then, in full trainings and in seconds, and what would be chosen: its value, and how it does on
# images that no decision has seen.
Moment = tuple[float, float, float, float]


class Space:
    """The decisions of examples/fashion as one has them in mind who makes them by hand."""

    def __init__(self) -> None:
        said = subprocess.run([TRAWL, "check", "--json"], cwd=EXAMPLE, capture_output=True, check=True, text=True)
        space = json.loads(said.stdout)["space"]
        self.when: dict[str, str | None] = {p["name"]: p["when"] for p in space["parameters"]}
        self.values = {p["name"]: _values(p["prior"]) for p in space["parameters"]}
        self.constraints: list[str] = space["constraints"]
        self.baseline: dict[str, Any] = space["baseline"]
        self.name = re.compile("|".join(re.escape(name) for name in sorted(self.when, key=len, reverse=True)))

    def start(self) -> dict[str, Any]:
        """The baseline, and what it leaves open at the middle of what there is, or the first."""
        middle = {n: v[len(v) // 2] if len(v) == LEVELS else v[0] for n, v in self.values.items()}
        return middle | self.baseline

    def is_active(self, name: str, chosen: dict[str, Any]) -> bool:
        condition = self.when[name]
        if condition is None:
            return True
        return all(self.is_active(n, chosen) for n in self.name.findall(condition)) and self._holds(condition, chosen)

    def is_allowed(self, chosen: dict[str, Any]) -> bool:
        return all(
            self._holds(c, chosen)
            for c in self.constraints
            if all(self.is_active(n, chosen) for n in self.name.findall(c))
        )

    def _holds(self, expression: str, chosen: dict[str, Any]) -> bool:
        return bool(eval(self.name.sub(lambda m: repr(chosen[m[0]]), expression)))  # noqa: S307: the example's own

    def changes(self, chosen: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, values in self.values.items():
            if self.is_active(name, chosen):
                yield from ((name, value) for value in values if value != chosen[name])

    def words(self, chosen: dict[str, Any]) -> list[str]:
        made = []
        for name, value in chosen.items():
            flag = "--pca" if name == "pca.use" else f"--{name}"
            if value is False or not self.is_active(name, chosen):
                continue
            text = ",".join(value) if isinstance(value, list) else f"{value}"
            made.append(flag if value is True else f"{flag}={text}")
        return made


def _values(prior: str) -> list[Any]:
    kind, inside = re.fullmatch(r"(\w+)\((.*)\)", prior).groups()  # type: ignore[union-attr]
    items = [item.strip() for item in inside.split(",") if "=" not in item]
    if kind == "flag":
        return [False, True]
    if kind == "subset":
        return [[item for i, item in enumerate(items) if mask >> i & 1] for mask in range(1, 2 ** len(items))]
    if kind in ("choice", "ordinal"):
        return [int(item) if item.isdigit() else item for item in items]
    lo, hi = float(items[0]), float(items[1])
    at = (np.arange(LEVELS) + 0.5) / LEVELS
    spread = lo * (hi / lo) ** at if kind.startswith("log") else lo + (hi - lo) * at
    return sorted({int(x) for x in spread.round()}) if kind.endswith("int") else [float(f"{x:.3g}") for x in spread]


def train(space: Space, chosen: dict[str, Any], seed: int) -> tuple[float, float]:
    """Validation and test accuracy of one training to the end; one that diverges has none."""
    environment = os.environ | {"TRAWL_SEED": str(seed), "OMP_NUM_THREADS": "1"}
    words = ["/usr/bin/python3", "train.py", *space.words(chosen), f"--steps={STEPS}"]
    said = subprocess.run(words, cwd=EXAMPLE, env=environment, capture_output=True, check=True, text=True)
    last = re.search(rf"^step={STEPS} val_accuracy=(\S+) .*test_accuracy=(\S+)", said.stdout, re.MULTILINE)
    return (float(last[1]), float(last[2])) if last else (-np.inf, -np.inf)


def by_hand(space: Space, rng: np.random.Generator, most: int) -> list[Moment]:
    """One change at a time, in random order, kept when its training is better than the best so far, until everything was
    tried since the last that was kept."""
    began = time.monotonic()
    chosen = space.start()
    value, tested = train(space, chosen, int(rng.integers(2**31)))
    course = [(1.0, time.monotonic() - began, value, tested)]
    waiting = list(space.changes(chosen))
    rng.shuffle(waiting)  # type: ignore[arg-type]
    while waiting and len(course) < most:
        name, setting = waiting.pop()
        tried = {**chosen, name: setting}
        if not space.is_allowed(tried):
            continue
        got, test = train(space, tried, int(rng.integers(2**31)))
        if got > value:
            chosen, value, tested = tried, got, test
            waiting = list(space.changes(chosen))
            rng.shuffle(waiting)  # type: ignore[arg-type]
        course.append((len(course) + 1.0, time.monotonic() - began, value, tested))
        _say(f"by hand: {len(course)} trainings, {value:.4f}")
    return course


def by_search(trainings: int, seed: int, slots: int) -> list[Moment]:
    """`trawl run` with as many steps in all as so many trainings have."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(EXAMPLE / "train.py", folder)
        text = (EXAMPLE / "trawl.yaml").read_text()
        for old, new in (
            (r"trials: \d+", f"steps: {trainings * STEPS}"),
            (r"parallel: \d+", f"parallel: {slots}"),
            (r"seed: \d+", f"seed: {seed}"),
        ):
            text, n = re.subn(rf"(?m)^  {old}", f"  {new}", text)
            assert n == 1, old
        (Path(folder) / "trawl.yaml").write_text(text)
        environment = os.environ | {"PYTHONPATH": str(ROOT / "python"), "OMP_NUM_THREADS": "1"}
        _say(f"searching: {trainings} trainings")
        subprocess.run([TRAWL, "run"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        return _course(Path(folder))


def _ask(folder: Path, *words: str) -> Any:
    said = subprocess.run([TRAWL, *words], cwd=folder, capture_output=True, check=True, text=True)
    return json.loads(said.stdout)


def _course(folder: Path) -> list[Moment]:
    """What ended after how many steps of all trials; steps that were trained twice count twice."""
    search = _ask(folder, "export", "1", "--json")
    began = _seconds(search["search"]["created"])
    points = []
    for trial in search["trials"]:
        found: dict[int, dict[str, float]] = {}
        for point in _ask(folder, "metrics", trial["trial"], "--json"):
            found.setdefault(point["step"], {"at": _seconds(point["time"])})[point["name"]] = point["value"]
        points += [(metrics["at"], step, metrics) for step, metrics in found.items()]
    course, best = [], -np.inf
    for spent, (at, step, metrics) in enumerate(sorted(points, key=lambda p: p[:2]), start=1):
        value = metrics.get("val_accuracy")
        if step == STEPS and value is not None and value > best:
            best = value
            course.append((spent / STEPS, at - began, best, metrics["test_accuracy"]))
    return course


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _row(hand: list[Moment], search: list[Moment]) -> dict[str, float]:
    """needs: until what the search would choose is as good as the hand's end, by the images that both go by."""
    there = next((m for m in search if m[2] >= hand[-1][2]), None)
    spent, seconds = there[:2] if there else (np.inf, np.inf)
    return {
        "trainings": hand[-1][0],
        "minutes": hand[-1][1] / 60,
        "start": hand[0][2],
        "hand": hand[-1][2],
        "search": search[-1][2],
        "needs": spent,
        "part": spent / hand[-1][0],
        "time": seconds / hand[-1][1],
        "start tested": hand[0][3],
        "hand tested": hand[-1][3],
        "search tested": search[-1][3],
    }


def table(rows: list[dict[str, float]]) -> str:
    lines = [
        "| | trainings by hand | minutes | start | by hand | a search of as many | it needs | part | part of the time | test images: "
        "start | by hand | search |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    median = {key: statistics.median(r[key] for r in rows) for key in rows[0]}
    for name, r in [*((str(i + 1), r) for i, r in enumerate(rows)), ("**median**", median)]:
        parts = [f"{r['needs']:.0f}", f"{r['part']:.2f}", f"{r['time']:.2f}"]
        cells = [
            *(f"{r['trainings']:.0f}", f"{r['minutes']:.1f}"),
            *(f"{r[key]:.4f}" for key in ("start", "hand", "search")),
            *(parts if np.isfinite(r["needs"]) else ["never"] * len(parts)),
            *(f"{r[key]:.4f}" for key in ("start tested", "hand tested", "search tested")),
        ]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return "\n".join(lines)


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="sh bench/run.sh claim fashion")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--images", type=int, default=16000, help="to train on")
    parser.add_argument("--most", type=int, default=300, help="trainings by hand")
    parser.add_argument("--slots", type=int, default=1, help="of the search")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="fashion.md and fashion.json into this folder")
    arguments = parser.parse_args(words)
    os.environ["FASHION_IMAGES"] = str(arguments.images)
    space = Space()
    made = []
    for r in range(arguments.repetitions):
        hand = by_hand(space, np.random.default_rng(r), arguments.most)
        made.append((hand, by_search(len(hand), r, arguments.slots)))
        text = table([_row(*pair) for pair in made])
        if arguments.write:
            arguments.write.mkdir(exist_ok=True)
            (arguments.write / "fashion.md").write_text(text + "\n")
            (arguments.write / "fashion.json").write_text(json.dumps(made))
    print(text)
