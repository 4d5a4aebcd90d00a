"""How fast `trawl simulate` is: events a second, and memory, of one run on one core.

    python3 bench/simulate.py          # TRAWL_BUILD names the build folder (build)
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRAWL = os.path.join(ROOT, os.environ.get("TRAWL_BUILD", "build"), "trawl")
RUNS = 3
FILE = """\
goal: minimize
parameters: {lr: "loguniform(1e-4, 1)", depth: "int(2, 12)", drop: "uniform(0, 0.5)"}
search: {seed: 1, budget: {min: 1, max: 27}}
"""
STOP, PROMOTE = "random + asha", "random + asha(variant=promote)"
CASES = [  # what, workers, trials, method, other options
    ("asha + random, stopping", 500, 100000, STOP, ()),
    ("asha + random, promoting", 500, 100000, PROMOTE, ()),
    ("asha + random, a million trials", 500, 1000000, STOP, ()),
    ("asha + random, 25 workers", 25, 100000, STOP, ()),
    ("asha + random, 256 steps, eta 4", 500, 100000, "random + asha(eta=4)",
     ("--set", "search.budget.max=256")),
    ("full training + random: reports alone", 500, 100000, "random + full", ()),
]


def once(file, workers, trials, method, options):
    """(seconds, bytes, the run)."""
    words = [TRAWL, "simulate", file, "-w", str(workers), "-n", str(trials), "--method", method,
             "--json", *options]
    began = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    if status != 0:
        sys.exit(f"{' '.join(words)}: status {status}")
    return took, used.ru_maxrss * 1024, json.loads(out)["runs"][0]


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(f"{'':39}{'events':>10}{'median s':>10}{'least s':>9}{'events/s':>11}"
          f"{'MB':>7}{'B/trial':>9}")
    met = {}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "trawl.yaml")
        with open(file, "w", encoding="utf-8") as f:
            f.write(FILE)
        for what, workers, trials, method, options in CASES:
            runs = [once(file, workers, trials, method, options) for _ in range(RUNS)]
            took = [run[0] for run in runs]
            events, memory = runs[0][2]["events"], max(run[1] for run in runs)
            rate = events / statistics.median(took)
            met[what] = rate, statistics.median(took)
            print(f"{what:39}{events:>10}{statistics.median(took):>10.2f}{min(took):>9.2f}"
                  f"{rate:>11,.0f}{memory / 1e6:>7.0f}{memory / trials:>9.0f}")
    rate, took = met[CASES[0][0]]
    print(f"1,000,000 events a second: {'met' if rate >= 1e6 else 'MISSED'}")
    print(f"500 workers, 100,000 trials in 2 s: {'met' if took <= 2 else 'MISSED'}")


if __name__ == "__main__":
    main()
