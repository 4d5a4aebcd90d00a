"""peers.py NAME DIMENSIONS TRIALS: speed.c's conversation, with somebody else's sampler.

Run in the benchmarks' own environment. The space, what is minimised, the known points and the lines
are those of speed.c; what is timed is asking, suggesting every value, and telling. Everything has its
defaults; studies are in memory. Exits with 3 where the package is missing.
"""

import importlib
import importlib.metadata
import pathlib
import sys
import time

SAMPLERS = {
    "optuna-tpe": "TPESampler",
    "optuna-gp": "GPSampler",
    "optuna-cmaes": "CmaEsSampler",
    "optuna-qmc": "QMCSampler",
    "optuna-random": "RandomSampler",
    "rustuna-tpe": "TPESampler",
    "rustuna-cmaes": "CmaEsSampler",
    "rustuna-random": "RandomSampler",
}
BESIDE = {"optuna-gp": "torch", "optuna-cmaes": "cmaes", "rustuna-cmaes": "cmaes"}


def part_of_value(i, x):
    return (x - 4 * (i % 5 + 1) / 5 + 2) ** 2


def known(i, j):
    return (i * 2654435761 + j * 40503) % 2**64 % 1000003 / 100000.3 - 5


def peak_kib():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def version(name):
    return ", ".join(f"{p} {importlib.metadata.version(p)}" for p in (name.split("-")[0], BESIDE.get(name)) if p)


class Speed:
    def __init__(self, name, dimensions):
        package = importlib.import_module(name.split("-")[0])
        self.optuna = package.__name__ == "optuna"
        if self.optuna:
            package.logging.set_verbosity(package.logging.ERROR)
            self.real = package.distributions.FloatDistribution(-5, 5)
            self.create = package.trial.create_trial
        else:
            self.real = package.distributions.Distribution.float(-5, 5)
            self.create = package.create_trial
        samplers = importlib.import_module(package.__name__ + ".samplers")
        self.study = package.create_study(sampler=getattr(samplers, SAMPLERS[name])(seed=1))
        self.names = [f"x{i}" for i in range(dimensions)]
        self.told, self.best, self.version = 0, 0.0, version(name)

    def once(self):
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        trial = self.study.ask()
        values = [trial.suggest_float(name, -5, 5) for name in self.names]
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        value = sum(part_of_value(i, x) for i, x in enumerate(values))
        key = trial if self.optuna else trial.number
        since, again = time.perf_counter_ns(), time.process_time_ns()
        self.study.tell(key, value)
        cpu, wall = cpu + time.process_time_ns() - again, wall + time.perf_counter_ns() - since
        print(cpu, wall)
        self.best = min(value, self.best) if self.told else value
        self.told += 1

    def run(self, until):
        while self.told < until:
            self.once()

    def fill(self, n):
        distributions = dict.fromkeys(self.names, self.real)
        for i in range(n):
            values = [known(i, j) for j in range(len(self.names))]
            value = sum(part_of_value(j, x) for j, x in enumerate(values))
            params = dict(zip(self.names, values, strict=True))
            self.study.add_trial(self.create(params=params, distributions=distributions, value=value))

    def end(self):
        print(f"end {peak_kib()} {self.best:.6g} {self.version}", flush=True)


def main():
    name, dimensions = sys.argv[1], int(sys.argv[2])
    try:
        speed = Speed(name, dimensions)
    except (ModuleNotFoundError, importlib.metadata.PackageNotFoundError) as e:
        print(f"{name}: {e}", file=sys.stderr)
        sys.exit(3)
    speed.end()
    for line in sys.stdin:
        word, n = line.split()
        {"run": speed.run, "fill": speed.fill}[word](int(n))
        speed.end()


if __name__ == "__main__":
    main()
