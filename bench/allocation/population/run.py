"""A population task where a schedule beats every constant (sgd.c): pbt and pb2 against the best
constant of a fine grid.

    python3 bench/allocation/population/run.py          # TRAWL_BUILD names the build folder (build)

Three questions:

    constants   every rate of the grid, trained to the end with SEEDS seeds: the best one by its mean
    simulated   the end of a population, by `trawl simulate --program`, SEEDS times; beside it the
                best of as many constants drawn from the prior, in the same number of steps
    replayed    the schedule that a real search found, exported and trained again with fresh seeds:
                what it is worth without having been chosen by its own luck

Everything is log10 of the loss; less is better. Intervals are 95 % of the mean (Student).
"""

import json
import math
import os
import shutil
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TRAWL = os.path.join(ROOT, os.environ.get("TRAWL_BUILD", "build"), "trawl")
SEEDS, FRESH, JOBS = 20, 10, int(os.environ.get("JOBS", "2"))
GRID = [10 ** (-3 + 3 * i / 60) for i in range(61)]
ONLY = os.environ.get("ONLY", "").split()  # like 16/4/pbt: members, slots, method
REPLAYS = int(os.environ.get("REPLAYS", "20"))
# Student's t of 97.5 %
T = {9: 2.262, 19: 2.093, 23: 2.069}
METHODS = [  # name, method, members
    ("pbt, 16 members", "sobol + pbt(population=16)", 16),
    ("pb2, 16 members", "sobol + pb2(population=16)", 16),
    ("pbt, 8 members", "sobol + pbt(population=8)", 8),
    ("pb2, 8 members", "sobol + pb2(population=8)", 8),
]


def interval(values):
    mean, n = statistics.mean(values), len(values)
    half = T[n - 1] * statistics.stdev(values) / math.sqrt(n)
    return mean, half


def shown(values):
    mean, half = interval(values)
    return f"{mean:.3f} ± {half:.3f}"


def train(folder, lr, seed):
    out = subprocess.run([os.path.join(folder, "sgd"), f"--lr={lr!r}"], check=True, text=True,
                         capture_output=True, env={"TRAWL_STEPS": "30", "TRAWL_SEED": str(seed)})
    return float(out.stdout.rsplit("=", 1)[1])


def constants(folder):
    with ThreadPoolExecutor(JOBS) as pool:
        rows = [list(pool.map(lambda seed, lr=lr: train(folder, lr, seed), range(1, SEEDS + 1)))
                for lr in GRID]
    best = min(range(len(GRID)), key=lambda i: statistics.mean(rows[i]))
    return GRID[best], rows[best]


def simulated(folder, method, workers):
    said = subprocess.run(
        [TRAWL, "simulate", "trawl.yaml", "--program", "--method", method, "--workers", str(workers),
         "--spread", "lognormal(0, 0.3)", "--repeat", str(SEEDS), "--jobs", str(JOBS), "--json"],
        cwd=folder, check=True, text=True, capture_output=True).stdout
    return [run["best"]["value"] for run in json.loads(said)["runs"]]


def trawl(folder, *words):
    return subprocess.run([TRAWL, *words], cwd=folder, check=True, text=True,
                          capture_output=True).stdout


def replayed(folder, method, seed):
    """Mean of the schedule's ends with fresh seeds, and how many stages it has."""
    trawl(folder, "run", "--quiet", "--method", method, "--seed", str(seed), "--parallel", "2")
    best = json.loads(trawl(folder, "best", "--json"))
    with open(os.path.join(folder, "schedule.yaml"), "w", encoding="utf-8") as f:
        f.write(trawl(folder, "export", best["trial"], "--schedule"))
    trawl(folder, "run", "--quiet", "--schedule", "schedule.yaml", "--parallel", "2", "--set",
          f"search.seeds={FRESH}", "--seed", str(seed + 1000))
    ends = [t["value"] for t in json.loads(trawl(folder, "trials", "--json"))
            if t["state"] == "completed"]
    assert len(ends) == FRESH
    return statistics.mean(ends)


def main():
    subprocess.run(["cc", "-O2", "-o", "sgd", os.path.join(HERE, "sgd.c"), "-lm"], cwd=FOLDER,
                   check=True)
    shutil.copy(os.path.join(HERE, "trawl.yaml"), FOLDER)
    lr, ends = constants(FOLDER)
    floor = statistics.mean(ends)
    print(f"| best constant of {len(GRID)}, lr = {lr:.4f} | {shown(ends)} | |", flush=True)
    for members in (16, 8):
        values = [min(train(FOLDER, GRID[(seed * 7919 + 31 * k) % len(GRID)], seed * 100 + k)
                      for k in range(members)) for seed in range(1, SEEDS + 1)]
        print(f"| best of {members} constants of the grid, drawn | {shown(values)} | |", flush=True)
    for name, method, members in METHODS:
        for workers in (4, members):
            if ONLY and f"{members}/{workers}/{method[8:11]}" not in ONLY:
                continue
            values = simulated(FOLDER, method, workers)
            below = sum(v < floor for v in values)
            print(f"| {name}, {workers} slots | {shown(values)} | {below} of {SEEDS} |", flush=True)
    for name, method, _ in METHODS[:2] if REPLAYS else []:
        values = [replayed(FOLDER, method, seed) for seed in range(1, REPLAYS + 1)]
        below = sum(v < floor for v in values)
        print(f"| {name}: its schedule, {FRESH} fresh seeds | {shown(values)} | {below} of {REPLAYS} |",
              flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as FOLDER:
        main()
