"""What the benchmarks share: a workplace, runs under bench/stopwatch.c, and figures beside targets."""

import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

BUILD = pathlib.Path(os.environ.get("TRAWL_BUILD", "build")).resolve()
TRAWL = BUILD / "trawl"


@dataclass
class Run:
    """One run of a command: times in ms, memory in KiB."""

    wall: float
    own: float
    children: float
    peak: int


def program(name):
    return BUILD / "bench" / name


def timed(command, folder, times=1):
    """Runs the command under the stopwatch; one Run for each time."""
    words = [program("stopwatch"), str(times), *command]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))} ended with {done.returncode}")
    rows = [line.split() for line in done.stdout.splitlines()]
    return [Run(float(w), float(o), float(c), int(p)) for w, o, c, p in rows]


@contextlib.contextmanager
def workplace():
    """A folder on a disk (where /tmp is memory, fdatasync means nothing there), removed at the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="trawl-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def project(folder, name, yaml, programs):
    """A project's folder with a trawl.yaml and the programs it runs."""
    place = folder / name
    place.mkdir()
    (place / "trawl.yaml").write_text(yaml)
    for p in programs:
        shutil.copy2(program(p), place / p)
    return place


def fdatasync_ms(folder, times=200):
    """This disk's own fdatasync of a 4 KiB append: the median."""
    took = []
    with open(folder / "sync", "wb", buffering=0) as f:
        for _ in range(times):
            f.write(b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(f.fileno())
            took.append((time.perf_counter() - start) * 1e3)
    return statistics.median(took)


def spread(values, digits=2):
    """Median and minimum, for a machine that others use too."""
    return f"{statistics.median(values):.{digits}f} (least {min(values):.{digits}f})"


def title(text):
    print(f"\n{text}", flush=True)


def line(what, figure, unit=""):
    print(f"  {what:<52} {figure} {unit}".rstrip(), flush=True)


def verdict(name, value, limit, unit, least=False):
    """One figure of the table in bench/README.md; says whether it met its target."""
    met = value >= limit if least else value <= limit
    sign = ">=" if least else "<="
    print(f"  {'met   ' if met else 'MISSED'} {name}: {value:,.2f} {unit} ({sign} {limit:,.2f})", flush=True)
