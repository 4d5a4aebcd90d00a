#!/usr/bin/env python3
"""Reading a store of 10,000 trials, and the controller that ran them.

The trials are run, not inserted: that gives the controller's memory too. The last one fails, so
that a second controller can open the search with its 10,000 finished trials and retry that one.
"""

import json
import statistics
import subprocess

from measuring import TRAWL, line, project, spread, timed, title, verdict, workplace
from overhead import YAML

TRIALS = 10_000
REPEATS = 20
MB = 1024  # of KiB

LAST_FAILS = f"""env: {{BENCH_FAILS: "1.{TRIALS}"}}
retries: 0
"""


def check(place):
    shown = subprocess.run([TRAWL, "trials", "--json"], cwd=place, stdout=subprocess.PIPE, check=True)
    trials = json.loads(shown.stdout)
    assert len(trials) == TRIALS and sum(t["state"] == "completed" for t in trials) == TRIALS - 1
    return len(shown.stdout)


def read(place, *words):
    runs = timed([TRAWL, *words], place, REPEATS)
    wall = [r.wall for r in runs]
    peak = max(r.peak for r in runs) / MB
    cpu = [r.own for r in runs]
    name = " ".join(words)
    line(f"trawl {name}", f"{spread(wall)} ms, {statistics.mean(cpu):.1f} ms of processor time, {peak:.1f} MB")
    return statistics.median(wall), peak


def main():
    with workplace() as folder:
        title(f"listing: a store of {TRIALS:,} trials that were run")
        place = project(folder, "listing", YAML % TRIALS + LAST_FAILS, ["one"])
        ran = timed([TRAWL, "run"], place)[0]
        line("running them", f"{ran.wall / 1e3:.1f}", "s")
        ls, ls_peak = read(place, "ls")
        read(place, "ls", "--json")
        read(place, "show", "--json")
        read(place, "best", "--json")
        trials, trials_peak = read(place, "trials", "--json")
        line("bytes of trials --json", f"{check(place):,}")
        again = timed([TRAWL, "retry", "1"], place)[0]
        line("a new controller, which retries one trial", f"{again.wall:.0f} ms, {again.peak / MB:.1f} MB")
        verdict("trawl ls", ls, 20, "ms")
        verdict("trawl ls, memory", ls_peak, 20, "MB")
        verdict("trawl trials --json", trials, 150, "ms")
        verdict("trawl trials --json, memory (it streams)", trials_peak, 20, "MB")
        verdict("the controller that ran them", ran.peak / MB, 50, "MB")
        verdict("a controller that opens them", again.peak / MB, 50, "MB")


if __name__ == "__main__":
    main()
