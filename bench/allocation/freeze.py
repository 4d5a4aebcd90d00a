"""What allocators come to where training takes many steps and workers are few: `trawl simulate` on
learning curves of TaskSet and LCBench, and on the built-in functions.

    python3 bench/allocation/freeze.py --data /path/to/data                    # the tables of AUTO.md
    python3 bench/allocation/freeze.py --data DATA --suites lcbench --workers 4 --repeat 3
    python3 bench/allocation/freeze.py --suites functions --options='--scratch'

Every method gets the same steps in all, shared by the workers. A table's figure is the regret of
the best value reported so far, 0 being the best of the table and 1 the median configuration's (of a
function: 0 its least value, 1 the median of 50 draws), at a quarter, half and all of the steps;
then that of what `trawl best` would show at the end. Means over tasks and seeds, with 95 %
intervals. DATA is the folder that bench/quality/README.md describes; LCBench wants numpy and
onnxruntime and is left out without them. TRAWL names the binary (build/trawl).
"""

import argparse
import csv
import json
import lzma
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAWL = os.environ.get("TRAWL", str(ROOT / "build" / "trawl"))
METHODS = ["random + full", "random + asha", "random + asha(variant=promote)", "gp + full",
           "gp + asha(variant=promote)", "freeze_thaw"]
LCBENCH = ["126026", "167161", "168331", "189905"]  # data sets, not chosen by any result
LCBENCH_SPACE = {
    "batch_size": "logint(16, 512)", "learning_rate": "loguniform(1e-4, 1e-1)",
    "momentum": "uniform(0.1, 0.99)", "weight_decay": "uniform(1e-5, 1e-1)",
    "num_layers": "int(1, 5)", "max_units": "logint(64, 1024)", "max_dropout": "uniform(0, 1)",
}
FUNCTIONS = {"sphere": 3, "rastrigin": 3, "ackley": 3, "hartmann": 6}
FIRST_STEP = 3  # of LCBench: before, its surrogate has never seen an epoch
STEPS = 20      # full trainings' worth, in all


class Task:
    """A file, the words that say what is reported, and the scale of regret."""

    def __init__(self, name, file, words, steps, best, median):
        self.name, self.file, self.words, self.steps = name, file, words, steps
        self.best, self.median = best, median

    def regret(self, value):
        return 1.0 if value is None else min((value - self.best) / (self.median - self.best), 1.0)


def write_task(folder, name, space, curves, least):
    """curves: [(values by parameter, [value at step 1, 2, ...])]."""
    table, file = folder / f"{name}.csv", folder / f"{name}.yaml"
    with table.open("w", newline="") as f:
        out = csv.writer(f)
        out.writerow([*space, "step", "loss"])
        for values, curve in curves:
            out.writerows([*values, step, y] for step, y in enumerate(curve, 1))
    steps = len(curves[0][1])
    write_file(file, space, least, steps)
    reached = sorted(min((y for y in curve if y == y), default=math.inf) for _, curve in curves)
    return Task(name, file, ["--table", str(table)], steps, reached[0], reached[len(reached) // 2])


def write_file(file, space, least, steps):
    lines = "".join(f'  {name}: "{prior}"\n' for name, prior in space.items())
    file.write_text(f"goal: minimize\nmetric: loss\nparameters:\n{lines}"
                    f"search: {{budget: {{min: {least}, max: {steps}}}}}\n")


def taskset(data, folder):
    for path in sorted((data / "taskset").glob("*.json.xz")):
        rows = json.load(lzma.open(path))
        for row in rows:
            for beta in ("beta1", "beta2"):  # priors are even in the logarithm of what is forgotten
                row["hp"]["not_" + beta] = 1 - row["hp"].pop(beta)
        names = list(rows[0]["hp"])
        space = {name: f"loguniform({min(r['hp'][name] for r in rows)!r}, "
                       f"{max(r['hp'][name] for r in rows)!r})" for name in names}
        curves = [([r["hp"][name] for name in names], r["valid"]["loss"][1:]) for r in rows]
        yield write_task(folder, path.name.split(".")[0].split("imdb_")[-1], space, curves, 1)


def lcbench(data, folder):
    try:
        import numpy
        import onnxruntime
    except ImportError:
        print("lcbench is left out: it wants numpy and onnxruntime", file=sys.stderr)
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(data / "lcbench.onnx"), options,
                                           providers=["CPUExecutionProvider"])
    codes = json.loads((data / "lcbench.encoding.json").read_text())["OpenML_task_id"]
    random = numpy.random.default_rng(1)
    for task in LCBENCH:
        curves = []
        for _ in range(2000):
            values = []
            for prior in LCBENCH_SPACE.values():
                kind, bounds = prior.rstrip(")").split("(")
                low, high = (float(x) for x in bounds.split(","))
                u = random.random()
                x = low * (high / low) ** u if kind.startswith("log") else low + (high - low) * u
                values.append(round(x) if kind.endswith("int") else x)
            rows = numpy.array([[epoch, *values] for epoch in range(1, 53)], numpy.float32)
            category = numpy.full((52, 1), codes[task], numpy.int32)
            accuracy = session.run(None, {"x_cat": category, "x_cont": rows})[0][:, 1]
            curves.append((values, [100 - float(a) for a in accuracy]))
        yield write_task(folder, f"lcbench-{task}", LCBENCH_SPACE, curves, FIRST_STEP)


def functions(_, folder):
    for name, dimensions in FUNCTIONS.items():
        file = folder / f"{name}.yaml"
        write_file(file, {f"x{i}": "uniform(0, 1)" for i in range(dimensions)}, 1, 50)
        least = {"hartmann": -3.32237}.get(name, 0.0)
        task = Task(name, file, ["--function", name], 50, least, 1)
        draws = simulate(task, "random + full", 1, 50, ["-n", "1"])
        task.median = statistics.median(run["best"]["value"] for run in draws)
        yield task


SUITES = {"taskset": taskset, "lcbench": lcbench, "functions": functions}


def simulate(task, method, workers, repeat, words):
    command = [TRAWL, "simulate", str(task.file), *task.words, "--method", method, "--json",
               "-w", str(workers), "-r", str(repeat), "--seed", "1", "-j", "1", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)["runs"]


def at(run, share, total):
    return next((p["value"] for p in reversed(run["trace"]) if p["seconds"] <= share * total), None)


def interval(values):
    mean = statistics.mean(values)
    spread = 1.96 * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0
    return f"{mean:.2f} ± {spread:.2f}"


def measure(tasks, method, workers, repeat, options):
    """Cells of one row."""
    shares = (0.25, 0.5, 1)
    found, ends, attempts = {share: [] for share in shares}, [], []
    for task in tasks:
        seconds = STEPS * task.steps / workers
        for run in simulate(task, method, workers, repeat, ["-t", f"{seconds}s", *options]):
            for share in shares:
                found[share].append(task.regret(at(run, share, seconds)))
            ends.append(task.regret(run["best"] and run["best"]["value"]))
            attempts.append(run["attempts"])
    return [interval(found[s]) for s in shares] + [interval(ends), f"{statistics.mean(attempts):.0f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--suites", default="taskset,lcbench,functions")
    parser.add_argument("--methods", help="separated by ;", default=";".join(METHODS))
    parser.add_argument("--workers", default="1,4,25")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--options", default="", help="of trawl simulate, for every run")
    args = parser.parse_args()
    options = shlex.split(args.options)
    with tempfile.TemporaryDirectory() as folder:
        for suite in args.suites.split(","):
            if suite != "functions" and not args.data:
                continue
            tasks = list(SUITES[suite](args.data, Path(folder)))
            for workers in args.workers.split(",") if tasks else ():
                print(f"\n{suite}, {workers} worker{'' if workers == '1' else 's'}{args.options and ', ' + args.options}\n")
                print("| method | 1/4 | 1/2 | all | best | attempts |\n|---|---|---|---|---|---|")
                for method in args.methods.split(";"):
                    cells = measure(tasks, method, int(workers), args.repeat, options)
                    print(f"| {method} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
