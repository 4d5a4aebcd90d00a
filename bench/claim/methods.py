"""The two ways to develop a model. Each gives its course: what was spent, in full trainings, and the true value of what
it would then choose."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from quality.trawl import converse

from .tasks import Task

Course = list[tuple[float, float]]


def by_hand(task: Task, rng: np.random.Generator, most: int) -> Course:
    """One change at a time from the start, in random order, kept when the training that has it is better than the best
    so far. It ends when everything was tried since the last one that was kept, or after `most` trainings."""
    chosen = dict(task.start)
    best = task.train(chosen, int(rng.integers(2**31)))[-1]
    course = [(1.0, 0.0)]
    every = list(task.changes())
    waiting: list[int] = []
    since = 0
    while since < len(every) and len(course) < most:
        if not waiting:
            waiting = list(rng.permutation(len(every)))
        name, value = every[waiting.pop()]
        since += 1
        if chosen[name] == value:
            continue
        tried = {**chosen, name: value}
        got = task.train(tried, int(rng.integers(2**31)))[-1]
        if got > best:
            chosen, best, since = tried, got, 0
        course.append((course[-1][0] + 1, task.true(chosen)))
    return course


class Search:
    """A search of the same space that begins at the same place; `slots` trainings at a time. What it would choose is the
    best that was trained to the end."""

    def __init__(self, task: Task, binary: Path, method: str, seed: int, trainings: int, slots: int) -> None:
        self.task, self.binary, self.slots = task, binary, slots
        self.limit = trainings
        self.spent, self.best = 0, -np.inf
        self.course: Course = [(0.0, -np.inf)]
        self.document = {
            "metric": "value",
            "goal": "maximize",
            "parameters": task.space.trawl(),
            "baseline": task.start,
            "search": {"method": method, "parallel": slots, "seed": seed, "steps": trainings * task.last,
                       "budget": {"min": 1, "max": task.last}},
        }  # fmt: skip
        if task.last == 1:
            search = self.document["search"]
            del search["budget"], search["steps"]
            search["trials"] = trainings - 1

    def run(self) -> Course:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trawl.yaml"
            file.write_text(json.dumps(self.document))
            with converse(self.binary, file) as say:
                running: list[dict] = []
                while self.spent < self.limit * self.task.last:
                    if len(running) < self.slots:
                        running += say({"ask": self.slots - len(running)})["trials"]
                    if not running:
                        break
                    running = [trial for trial in running if self._step(trial, say)]
        return self.course

    def _step(self, trial, say) -> bool:
        """One step of one slot; False: the slot is free."""
        if "curve" not in trial:
            trial["curve"] = self.task.train(trial["params"], trial["seed"])
            trial["at"] = trial.get("from", 0)
        trial["at"] += 1
        self.spent += 1
        value = float(trial["curve"][trial["at"] - 1])
        last = trial["at"] == self.task.last
        if last and value > self.best:
            self.best = value
            self.course.append((self.spent / self.task.last, self.task.true(trial["params"])))
        if self.task.last > 1:
            said = say({"report": {"id": trial["id"], "step": trial["at"], "value": value}})["decision"]
            if said != "continue":
                if said == "stop":
                    say({"tell": {"id": trial["id"], "state": "stopped"}})
                return False
            if not last:
                return True
        say({"tell": {"id": trial["id"], "value": value}})
        return False
