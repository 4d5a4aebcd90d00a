#!/usr/bin/env python3
"""Overhead: what a trial costs beyond the program, and where that time goes.

1,000 trials of a program that prints one metric and ends, two slots, default durability and
`durability: power`. Beside them: the same program started and waited for by a bare loop, and the
disk's own fdatasync.
"""

import shutil
import statistics
import subprocess

from measuring import TRAWL, fdatasync_ms, line, program, project, spread, timed, title, verdict, workplace

TRIALS = 1000
REPEATS = 3
COUNTED = 200  # trials of the run under strace, which is not timed

YAML = """space: overhead
command: ./one ${args}
metric: loss
goal: minimize
parameters:
  x: uniform(0, 1)
  y: uniform(0, 1)
search: {method: random, trials: %d, parallel: 2}
"""


def search(folder, name, trials, extra=""):
    return project(folder, name, YAML % trials + extra, ["one"])


def measure(folder, name, extra=""):
    runs = []
    for i in range(REPEATS):
        runs += timed([TRAWL, "run"], search(folder, f"{name}-{i}", TRIALS, extra))
    return runs


def count_calls(folder, name, extra=""):
    """System calls a trial, by name, of all processes; None without strace."""
    if not shutil.which("strace"):
        return None
    place = search(folder, name, COUNTED, extra)
    table = folder / f"{name}.txt"
    words = ["strace", "-f", "-c", "-S", "calls", "-o", table, TRAWL, "run"]
    subprocess.run(words, cwd=place, stdout=subprocess.DEVNULL, check=True)
    calls = {}
    for row in table.read_text().splitlines():
        cells = row.split()
        if len(cells) >= 5 and cells[0][0].isdigit():
            calls[cells[-1]] = int(cells[3]) / COUNTED
    return calls


def say_where(runs, floor, calls):
    own = [r.own / TRIALS for r in runs]
    rest = [r.children / TRIALS for r in runs]
    bare = statistics.median(r.own + r.children for r in floor)
    line("processor time: controller", spread(own), "ms a trial")
    line("processor time: supervisors and programs", spread(rest), "ms a trial")
    line("  of it the programs, as the bare loop has them", f"{bare:.2f}", "ms a trial")
    line("peak memory of the controller", f"{max(r.peak for r in runs) / 1024:.1f}", "MB")
    if not calls:
        line("system calls", "not counted: strace is not there")
        return
    total = calls.pop("total", 0)
    line("system calls (with strace, not timed)", f"{total:.0f}", "a trial")
    for name, n in sorted(calls.items(), key=lambda c: -c[1])[:10]:
        line(f"  {name}", f"{n:.1f}")
    for name in ("execve", "mkdir", "unlink", "fdatasync"):
        line(f"  {name}", f"{calls.get(name, 0):.2f}")


def main():
    with workplace() as folder:
        title(f"overhead: {TRIALS:,} trials of a program that prints one metric, two slots")
        sync = fdatasync_ms(folder)
        line("this disk's fdatasync, median of 200", f"{sync:.2f}", "ms")
        floor = timed([program("one")], folder, TRIALS)
        line("fork, exec, wait of the program alone", spread([r.wall for r in floor]), "ms")
        plain = measure(folder, "plain")
        wall = [r.wall / TRIALS for r in plain]
        line("durability default", spread(wall), "ms a trial")
        say_where(plain, floor, count_calls(folder, "plain-calls"))
        power = measure(folder, "power", "durability: power\n")
        power_wall = [r.wall / TRIALS for r in power]
        line("durability power", spread(power_wall), "ms a trial")
        calls = count_calls(folder, "power-calls", "durability: power\n")
        if calls:
            line("  fdatasync", f"{calls.get('fdatasync', 0):.2f}", "a trial")
        verdict("a trial, default durability", statistics.median(wall), 5.0, "ms")
        verdict("a trial, durability power", statistics.median(power_wall), 3 * sync + 4, "ms")


if __name__ == "__main__":
    main()
