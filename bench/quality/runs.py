"""Runs: one method on one task with one seed, in as many processes as are given."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .peers import Peer
from .raw import Run, incumbents
from .tasks import load

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    make: Callable[[], Peer]
    task: str
    seed: int
    evaluations: int
    data: Path | None


def _prepare() -> None:
    """One thread a process."""
    warnings.filterwarnings("ignore")
    for name in THREADS:
        os.environ[name] = "1"


def _execute(job: Job) -> Run:
    peer = job.make()
    task = load(job.task, job.data)
    seen, seconds = peer.run(task, job.seed, job.evaluations)
    rounded = float(f"{seconds / len(seen):.3g}")
    best = incumbents(seen, task.sign)
    return Run(job.task, job.seed, peer.version(), job.evaluations, rounded, best)


def execute(jobs: list[Job], processes: int) -> Iterator[Run]:
    """The runs as they end."""
    _prepare()
    if processes == 1:
        yield from map(_execute, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes, initializer=_prepare) as pool:
        yield from pool.imap_unordered(_execute, jobs)
