"""What is said of what was measured: targets, then a table a scenario. Markdown, printed as it is."""

import datetime
import os
import pathlib
import platform
from dataclasses import dataclass

from . import figures

BY_HAND = "<!-- Below: written by hand; speed --write leaves it alone. -->"

HEAD = """# Time and memory of a suggestion

{date}, {machine}; written by `sh bench/run.sh speed --write`. Load average {before} before, {after} after:
{busy}.{realtime}

* A row's **n**: suggestions made with n observations and those right after. mean, median and worst are processor time, in
  milliseconds, of a suggestion with its tell, refits included; **wall** is the mean of the wall
  clock. Of several rounds the median of each is given.
* **times**: the mean in parts of trawl's in the same rows.
* All took turns on the same problem, in the same run: a distance in a box, one suggestion at a time, defaults,
  one thread. trawl through libtrawl from C, the others from Python, in memory.

Versions: {versions}.
"""


@dataclass(frozen=True)
class Target:
    name: str
    value: float
    limit: float
    unit: str

    @property
    def met(self):
        return self.value <= self.limit

    def row(self):
        said = "met" if self.met else "**MISSED**"
        return [self.name, f"<= {self.limit:g} {self.unit}", f"{self.value:.3g} {self.unit}", said]


def table(head, rows):
    cells = [head, *rows]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return [lines[0], "| " + " | ".join("-" * w for w in widths) + " |", *lines[1:]]


def _of_tpe(ten, two):
    yield Target("TPE, 10 parameters, n = 1,000: mean", ten.at(1000).mean, 0.15, "ms")
    yield Target("TPE, 2 parameters: 10,000 trials in all", two.total(10000), 5, "s")
    growth = two.at(10000).mean / two.at(1000).mean
    yield Target("TPE, 2 parameters: n = 10,000 in parts of n = 1,000", growth, 10, "times")


def _of_gp(gp):
    for n, limit in ((50, 40), (100, 10), (200, 40), (500, 400)):
        yield Target(f"GP, 10 parameters, n = {n}: mean of 20", gp.at(n).mean, limit, "ms")
    for n in gp.windows:
        yield Target(f"GP, n = {n}: the worst of 20 in parts of their mean", gp.worst_in_means(n), 10, "times")


def targets(results):
    """Of the issue's figures those whose scenarios were measured; results: by Scenario, its Measured."""
    own = {s: {m.contender.method: m for m in all if m.contender.of == "trawl"} for s, (all, _) in results.items()}
    found = []
    if figures.TPE in own and figures.LONG in own:
        found += _of_tpe(own[figures.TPE]["tpe"], own[figures.LONG]["tpe"])
    if figures.GP in own:
        found += _of_gp(own[figures.GP]["gp"])
    for scenario in (figures.CMAES, figures.SOBOL, figures.RANDOM):
        for method, m in own.get(scenario, {}).items():
            found.append(Target(f"{method}, 10 parameters: mean", m.at(1000).mean * 1e3, 20, "us"))
    for scenario, what in ((figures.MEMORY, "observations"), (figures.SEARCH, "trials")):
        for method, m in own.get(scenario, {}).items():
            found.append(Target(f"10,000 {what} x 20 parameters, {method}: memory", max(m.peak), 64, "MB"))
    return found


def _of_trawl(measured, mark):
    """The figure that others are divided by. Not where the methods differ within a scenario."""
    own = [m for m in measured if m.contender.of == "trawl"]
    return own[0].at(mark) if len(own) == 1 else None


def _rows(scenario, measured):
    for mark in scenario.marks:
        ours = _of_trawl(measured, mark)
        for m in measured:
            f = m.at(mark)
            if f:
                times = f"{f.mean / ours.mean:.3g}" if ours and m.contender.of != "trawl" else ""
                numbers = [f"{x:.3g}" for x in (f.mean, f.median, f.worst, f.wall)]
                yield [m.contender.name, f"{scenario.known + mark:,}", *numbers, times, f"{max(m.peak):.1f}"]


def _notes(measured, missing):
    for m in measured:
        if m.contender.limit:
            yield f"{m.contender.name}: stopped after {m.contender.limit:,} trials, more would take minutes."
    for contender in missing:
        yield f"{contender.name}: not installed, left out."


def scenario_lines(scenario, measured, missing):
    head = ["who", "n", "mean", "median", "worst", "wall", "times", "peak MB"]
    notes = list(_notes(measured, missing))
    rows = list(_rows(scenario, measured))
    return [f"## {scenario.name} ({scenario.window} suggestions at each n)", "", *table(head, rows), "", *(f"{line}  " for line in notes), *([""] if notes else [])]


def _memory_note(measured):
    """What of a peak was not there before the first observation."""
    parts = [f"{m.contender.name} {max(m.peak) - max(m.empty):.1f} of {max(m.peak):.1f}" for m in measured]
    return ["What observations and suggestions added, MB of the peak: " + ", ".join(parts) + ".", ""]


def body(results):
    """Lines of Markdown."""
    lines = ["## Targets", ""]
    lines += table(["what", "target", "measured", ""], [t.row() for t in targets(results)]) + [""]
    for scenario, (measured, missing) in results.items():
        lines += scenario_lines(scenario, measured, missing)
        if scenario in (figures.MEMORY, figures.SEARCH):
            lines += _memory_note(measured)
    return lines


def _machine():
    names = [line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def head(results, before, realtime):
    """`before`: the load average when it began."""
    after, cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = "busy, so that ratios say more than times" if max(before, after) > cores / 2 else "idle"
    versions = sorted({m.version for measured, _ in results.values() for m in measured})
    return HEAD.format(
        date=datetime.date.today().isoformat(),
        machine=_machine(),
        before=f"{before:.1f}",
        after=f"{after:.1f}",
        busy=busy,
        realtime=" trawl's program ran with real-time priority, the others without." if realtime else "",
        versions="; ".join(versions),
    )


def write(file, text):
    """The file anew; what was written by hand below the mark stays."""
    kept = file.read_text().partition(BY_HAND)[2] if file.exists() else "\n"
    file.write_text(text + "\n" + BY_HAND + kept)
