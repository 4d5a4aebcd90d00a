#!/usr/bin/env python3
"""A million metric points from 32 live trials, through the output and through the endpoint.

Taken means durable in the store: the time is that of the whole search, its start and end with it.
Afterwards the rows are counted: every point once, and in the journal only what the searcher read.
"""

import sqlite3
import statistics
import subprocess

from measuring import TRAWL, line, project, spread, timed, title, verdict, workplace

TRIALS = 32
POINTS = 31_250  # of each
REPEATS = 3

YAML = """space: points
command: ./points %s ${args}
metric: loss
goal: minimize
parameters:
  x: uniform(0, 1)
search: {method: random, trials: %d, parallel: %d}
"""


def count(place):
    """Rows of metrics and of the journal, and the journal's by kind."""
    path = (place / ".trawl" / "trawl.db").as_uri() + "?mode=ro"
    with sqlite3.connect(path, uri=True) as db:
        points = db.execute("SELECT count(*) FROM metric").fetchone()[0]
        kinds = dict(db.execute("SELECT kind, count(*) FROM journal GROUP BY kind").fetchall())
    return points, kinds


def check_trial(place):
    out = subprocess.run([TRAWL, "metrics", "1.5", "--json"], cwd=place, capture_output=True, check=True)
    assert out.stdout.count(b'"step"') == POINTS


def flood(folder, form):
    runs = []
    for i in range(REPEATS):
        place = project(folder, f"{form}-{i}", YAML % (form, TRIALS, TRIALS), ["points"])
        runs += timed([TRAWL, "run"], place)
        points, kinds = count(place)
        assert points == TRIALS * POINTS, f"{points} points of {TRIALS * POINTS} are in the store"
    rates = [TRIALS * POINTS / r.wall * 1e3 for r in runs]
    line(f"{form}: points a second", f"{statistics.median(rates):,.0f} (most {max(rates):,.0f})")
    line("  processor time: controller", spread([r.own / 1e3 for r in runs]), "s")
    line("  processor time: supervisors and programs", spread([r.children / 1e3 for r in runs]), "s")
    line("  peak memory of the controller", f"{max(r.peak for r in runs) / 1024:.1f}", "MB")
    line("  rows of the journal", ", ".join(f"{n} {k}" for k, n in sorted(kinds.items())))
    return statistics.median(rates), sum(kinds.values()), place


def main():
    with workplace() as folder:
        title(f"points: {TRIALS * POINTS:,} of {TRIALS} trials that run at once")
        printed, _, _ = flood(folder, "stdout")
        reported, journal, place = flood(folder, "endpoint")
        check_trial(place)
        reads = timed([TRAWL, "metrics", "1.5"], place, 20)
        read = timed([TRAWL, "metrics", "1.5", "--json"], place, 20)
        line("trawl metrics of one trial", spread([r.wall for r in reads]), "ms")
        line("trawl metrics --json of one trial", spread([r.wall for r in read]), "ms")
        verdict("printed points", printed, 100_000, "a second", least=True)
        verdict("reported points", reported, 100_000, "a second", least=True)
        verdict("trawl metrics of one trial", statistics.median(r.wall for r in reads), 20, "ms")
        verdict("trawl metrics --json of one trial", statistics.median(r.wall for r in read), 20, "ms")
        verdict("rows of the journal", journal, 4 * TRIALS, "")


if __name__ == "__main__":
    main()
