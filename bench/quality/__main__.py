"""bench/quality/quality WORD ...: runs methods, prints tables (README.md)."""

from __future__ import annotations

import argparse
import functools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from . import raw, reference, report, results, runs
from .peers import PEERS, Peer
from .tasks import BUDGETS, SUITES, names
from .trawl import Trawl

HERE = Path(__file__).resolve().parent
RAW = HERE / "raw"  # kept
LOCAL = HERE / ".local"  # what is being tried


def _methods(text: str) -> list[str]:
    """At the commas that are outside parentheses."""
    return [word.strip() for word in re.split(r",(?![^(]*\))", text)]


def _make(arguments: argparse.Namespace, method: str) -> Callable[[], Peer]:
    if method in PEERS:
        return functools.partial(PEERS.__getitem__, method)
    if not arguments.trawl.exists():
        raise SystemExit(f"{method}: no such peer, and no {arguments.trawl}: build it, or name it with TRAWL")
    return functools.partial(Trawl, method, arguments.trawl.resolve())


def _missing(arguments: argparse.Namespace, method: str, suite: str, file: Path) -> list[runs.Job]:
    """What is to be run. Of trawl, runs of another binary are dropped from the file first."""
    make = _make(arguments, method)
    version = make().version()
    stored = raw.read(file)
    kept = [run for run in stored if method in PEERS or run.version == version]
    if len(kept) < len(stored):
        raw.write(file, kept)
    done = {(run.task, run.seed) for run in kept}
    evaluations = min(BUDGETS[suite], arguments.evaluations or BUDGETS[suite])
    tasks = [name for name in names(suite, arguments.split) if make().suits(suite)]
    wanted = [(name, seed) for seed in range(arguments.seeds) for name in tasks]
    return [runs.Job(make, *pair, evaluations, arguments.data) for pair in wanted if pair not in done]


def _execute(arguments: argparse.Namespace, method: str, suite: str) -> None:
    folder = RAW if arguments.keep or method in PEERS else LOCAL
    folder.mkdir(exist_ok=True)
    file = raw.path(folder, arguments.label or method, suite)
    jobs = _missing(arguments, method, suite, file)
    for i, ended in enumerate(runs.execute(jobs, arguments.jobs)):
        raw.add(file, ended)
        if sys.stderr.isatty():
            print(f"\r{method} {suite}: {i + 1} of {len(jobs)} runs ", end="", file=sys.stderr, flush=True)
    if jobs and sys.stderr.isatty():
        print(file=sys.stderr)


def _suites(arguments: argparse.Namespace) -> list[report.Suite]:
    folders = [RAW] if arguments.kept else [RAW, LOCAL]
    return [report.suite(name, arguments.split, folders) for name in arguments.suites.split(",")]


def _is_there(method: str) -> bool:
    """Says so where a peer can't run here."""
    missing = PEERS[method].missing() if method in PEERS else ""
    if missing:
        print(f"{method}: {missing} is not installed, left out", file=sys.stderr)
    return not missing


def run(arguments: argparse.Namespace) -> None:
    """Runs what is missing, then prints the regrets."""
    methods = _methods(arguments.method)
    if arguments.label and len(methods) > 1:
        raise SystemExit("--label names one method")
    methods = [method for method in methods if _is_there(method)]
    for suite in arguments.suites.split(","):
        for method in methods:
            _execute(arguments, method, suite)
    for here in _suites(arguments):
        print("\n".join(report.summary(here)))


def tell(arguments: argparse.Namespace) -> None:
    """Prints everything that is said of stored runs; --write makes RESULTS.md of the kept ones."""
    arguments.kept = arguments.kept or arguments.write
    suites = _suites(arguments)
    if arguments.write:
        report.write(HERE / "RESULTS.md", suites, results.frozen())
    for here in suites:
        print("\n".join(report.full(here) + report.per_task(here, here.marks[-1])))


def freeze(arguments: argparse.Namespace) -> None:
    """Writes reference.json anew: after that, regrets are no longer those of older reports."""
    reference.freeze(results.REFERENCE, arguments.data, [RAW, LOCAL])


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suites", default=",".join(SUITES), help=f"of {', '.join(SUITES)} (default: all)")
    parser.add_argument("--split", choices=("all", "dev", "test"), default="all", help="which tasks")
    parser.add_argument("--kept", action="store_true", help="only what is in raw/, nothing of .local/")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quality", description=__doc__)
    words = parser.add_subparsers(dest="word", required=True)
    one = words.add_parser("run", help=run.__doc__)
    _options(one)
    one.add_argument("--method", required=True, help=f"{', '.join(PEERS)}, or methods of trawl: 'gp,auto'")
    one.add_argument("--label", help="what to call it (default: the method)")
    one.add_argument("--seeds", type=int, default=3, help="how many (default 3)")
    one.add_argument("--evaluations", type=int, default=0, help="fewer than the suite's budget")
    one.add_argument("--jobs", type=int, default=1, help="runs at a time (default 1)")
    one.add_argument("--keep", action="store_true", help="trawl's results into raw/ (a peer's always are)")
    one.set_defaults(do=run)
    two = words.add_parser("report", help=tell.__doc__)
    _options(two)
    two.add_argument("--write", action="store_true", help="RESULTS.md, of what is in raw/")
    two.set_defaults(do=tell)
    words.add_parser("freeze", help=freeze.__doc__).set_defaults(do=freeze)
    for each in words.choices.values():
        each.add_argument("--data", type=Path, default=os.environ.get("QUALITY_DATA"), help="or QUALITY_DATA")
        each.add_argument(
            "--trawl", type=Path, default=os.environ.get("TRAWL", HERE.parents[1] / "build/trawl"), help="or TRAWL"
        )
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    arguments.do(arguments)


if __name__ == "__main__":
    main()
