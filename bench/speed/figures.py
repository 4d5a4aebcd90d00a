"""Scenarios, and the arithmetic of what was measured in them."""

import statistics
from dataclasses import dataclass, field

from .contenders import Contender, Conversation, Missing


@dataclass(frozen=True)
class Scenario:
    """At each mark, the suggestions are looked at that are made with that many observations or a few more:
    those of trials mark + 1 to mark + window. `known`: observations told before the first trial."""

    name: str
    dimensions: int
    marks: tuple
    window: int
    contenders: tuple
    known: int = 0

    def trials(self):
        return self.marks[-1] + self.window

    def stops(self):
        return sorted({stop for mark in self.marks for stop in (mark, mark + self.window) if stop})


@dataclass(frozen=True)
class Figure:
    """Of one window: milliseconds of processor time, and of the wall clock."""

    mean: float
    median: float
    worst: float
    wall: float


@dataclass
class Measured:
    """What a contender came to in a scenario; a list has an item for each round."""

    contender: Contender
    windows: dict = field(default_factory=dict)  # by mark
    totals: dict = field(default_factory=dict)  # by mark: seconds of processor time up to it
    peak: list = field(default_factory=list)  # MB
    empty: list = field(default_factory=list)  # before the first observation
    version: str = ""

    def at(self, mark):
        """The medians over rounds; None where it did not go so far."""
        rounds = self.windows.get(mark)
        return rounds and Figure(*(statistics.median(column) for column in zip(*rounds, strict=True)))

    def total(self, mark):
        return statistics.median(self.totals[mark])

    def worst_in_means(self, mark):
        """The worst of a window in parts of its mean."""
        return statistics.median(worst / mean for mean, _, worst, _ in self.windows[mark])


def window(cpu, wall, first, length):
    """Of the trials after the first so many: a row of a Figure."""
    own = [ns / 1e6 for ns in cpu[first : first + length]]
    return statistics.fmean(own), statistics.median(own), max(own), statistics.fmean(wall[first : first + length]) / 1e6


def gather(measured, scenario, conversation):
    """Takes in one round."""
    reached = len(conversation.cpu)
    for mark in scenario.marks:
        if mark + scenario.window <= reached:
            row = window(conversation.cpu, conversation.wall, mark, scenario.window)
            measured.windows.setdefault(mark, []).append(row)
            measured.totals.setdefault(mark, []).append(sum(conversation.cpu[:mark]) / 1e9)
    measured.peak.append(conversation.peak * 1.024e-3)
    measured.empty.append(conversation.empty * 1.024e-3)
    measured.version = conversation.version


def _advance(scenario, talks):
    """Everybody in turn, stop by stop."""
    for stop in scenario.stops():
        for contender, talk in talks.items():
            if not contender.limit or stop <= contender.limit:
                talk.say("run", stop)


def _round(scenario, machine, wanted, missing):
    talks = {}
    try:
        for contender in wanted:
            words = machine.words(contender, scenario.dimensions, scenario.trials())
            try:
                talks[contender] = Conversation(words, machine.environment)
            except Missing:
                missing.add(contender)
        for talk in talks.values():
            if scenario.known:
                talk.say("fill", scenario.known)
        _advance(scenario, talks)
    finally:
        for talk in talks.values():
            talk.close()
    return talks


def measure(scenario, machine, rounds):
    """What each contender came to, and those that are not installed."""
    measured, missing = {c: Measured(c) for c in scenario.contenders}, set()
    for i in range(rounds):
        wanted = [c for c in scenario.contenders if i < c.rounds and c not in missing]
        for contender, talk in _round(scenario, machine, wanted, missing).items():
            gather(measured[contender], scenario, talk)
    return [m for c, m in measured.items() if c not in missing], [c for c in scenario.contenders if c in missing]


TPE = Scenario(
    "TPE, 10 parameters",
    10,
    (100, 1000),
    100,
    (Contender("tpe"), Contender("tpe", "optuna", rounds=1), Contender("tpe", "rustuna")),
)
LONG = Scenario(
    "TPE, 2 parameters",
    2,
    (1000, 2000, 5000, 10000),
    100,
    (Contender("tpe"), Contender("tpe", "optuna", limit=1100, rounds=1), Contender("tpe", "rustuna", rounds=1)),
)
GP = Scenario(
    "GP, 10 parameters",
    10,
    (50, 100, 200, 500),
    20,
    (Contender("gp"), Contender("gp", "optuna", limit=120, rounds=1)),
)
CMAES = Scenario(
    "CMA-ES, 10 parameters",
    10,
    (1000,),
    500,
    (Contender("cmaes"), Contender("cmaes", "optuna"), Contender("cmaes", "rustuna")),
)
SOBOL = Scenario("Sobol, 10 parameters", 10, (1000,), 500, (Contender("sobol"), Contender("qmc", "optuna")))
RANDOM = Scenario(
    "random, 10 parameters",
    10,
    (1000,),
    500,
    (Contender("random"), Contender("random", "optuna"), Contender("random", "rustuna")),
)
MEMORY = Scenario(
    "memory: 10,000 known observations of 20 parameters, then 20 suggestions",
    20,
    (0,),
    20,
    (
        *(Contender(method, rounds=1) for method in ("tpe", "gp", "cmaes", "random")),
        Contender("tpe", "optuna", rounds=1),
        Contender("tpe", "rustuna", rounds=1),
    ),
    known=10000,
)
SEARCH = Scenario(
    "memory: 10,000 trials of 20 parameters",
    20,
    (10000,),
    20,
    (
        Contender("tpe", rounds=1),
        Contender("random", rounds=1),
        Contender("random", "optuna", rounds=1),
        Contender("random", "rustuna", rounds=1),
    ),
)
SCENARIOS = (TPE, LONG, GP, CMAES, SOBOL, RANDOM, MEMORY, SEARCH)
