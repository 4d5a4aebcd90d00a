"""The simulated workload of the ASHA paper (Li et al., MLSys 2020, appendix A.1): stragglers and dropped jobs.

    sh bench/run.sh allocation workload [repetitions, repetitions without drops]

eta 4, 1 to 256 steps, brackets of 256, 25 workers, 2,000 time units. A step takes 1 + |z| units, z ~ N(0, sigma) once
an attempt; in each unit an attempt is dropped with probability p. Counted are configurations that were trained to the
end. What differs is what becomes of a dropped or promoted trial:

    lost      a dropped trial is lost, a promoted one begins at step 0 (the paper's)
    retried   a dropped one is tried again, as a promoted one from step 0
    resumed   both go on from their checkpoints, a trial having two retries (the defaults of a search)
"""

from __future__ import annotations

import sys

from .simulated import interval, simulate

FILE = """\
goal: minimize
parameters: {x: "uniform(0, 1)", y: "uniform(0, 1)"}
search: {method: random, time: 2000s, budget: {min: 1, max: 256}, seed: 1}
"""
SIGMAS = (0.10, 0.24, 0.56, 1.33)
DROPS = (0, 0.002, 0.004, 0.006, 0.008, 0.010)
METHODS = {"asha": "random + asha(eta=4, variant=promote)", "synchronous": "random + sha(eta=4, n=256)"}
FATES = {"lost": ("--scratch", "--set", "retries=0"), "retried": ("--scratch", "--set", "retries=1000"), "resumed": ()}


def measure(sigma, drops, method, fate, repetitions):
    options = ["--workers", "25", "--spread", f"normal(1, {sigma}, lo=1)", "--drops", str(drops)]
    options += ["--method", METHODS[method], "--repeat", str(repetitions), *FATES[fate]]
    return simulate(FILE, *options)["summary"]


def without_drops(repetitions):
    print(f"Without drops, {repetitions} repetitions:\n")
    print("| sigma | from step 0: asha | synchronous | ratio | resumed: asha | synchronous | ratio |")
    print("|---|---|---|---|---|---|---|")
    for sigma in SIGMAS:
        row = [f"{sigma:.2f}"]
        for fate in ("lost", "resumed"):
            asha, synchronous = (measure(sigma, 0, method, fate, repetitions)["full"] for method in METHODS)
            row += [interval(asha), interval(synchronous), f"**{asha['mean'] / synchronous['mean']:.2f}**"]
        print(f"| {' | '.join(row)} |", flush=True)


def with_drops(repetitions):
    print(f"\nTrained to the end, {repetitions} repetitions (in bold the most):\n")
    print("| sigma | p |", " | ".join(f"{method} {fate}" for fate in FATES for method in METHODS), "|")
    print("|---|---|" + "---|" * (len(FATES) * len(METHODS)))
    for sigma in SIGMAS:
        for drops in DROPS:
            full = [measure(sigma, drops, method, fate, repetitions)["full"] for fate in FATES for method in METHODS]
            most = max(figure["mean"] for figure in full)
            cells = [f"**{interval(f)}**" if f["mean"] == most else interval(f) for f in full]
            print(f"| {sigma:.2f} | {drops:.3f} |", " | ".join(cells), "|", flush=True)


def main(words):
    repetitions, without = [int(word) for word in words] or [25, 500]
    without_drops(without)
    with_drops(repetitions)


