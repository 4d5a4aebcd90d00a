"""What a suggestion costs in time and memory, beside other optimisers', in one run (bench/README.md)."""

import argparse
import os
import pathlib

from . import contenders, figures, report

WINDOW = 10  # of a curve
HERE = pathlib.Path(__file__).resolve().parent


def _machine(arguments):
    build = pathlib.Path(os.environ.get("TRAWL_BUILD", "build")).resolve()
    return contenders.machine(build, os.environ["PEERS_PYTHON"], arguments.realtime)


def everything(arguments):
    before, machine, results = os.getloadavg()[0], _machine(arguments), {}
    for scenario in figures.SCENARIOS:
        if arguments.only.lower() in scenario.name.lower():
            results[scenario] = figures.measure(scenario, machine, arguments.rounds)
            print("\n".join(report.scenario_lines(scenario, *results[scenario])), flush=True)
    text = "\n".join([report.head(results, before, arguments.realtime), *report.body(results)])
    print("\n".join(report.table(["what", "target", "measured", ""], [t.row() for t in report.targets(results)])))
    if arguments.write:
        report.write(HERE / "RESULTS.md", text)


def curve(arguments):
    method, dimensions, trials = arguments.curve
    of, _, peer = method.partition("-")
    contender = contenders.Contender(peer, of) if peer else contenders.Contender(method)
    marks = tuple(n for i in range(1, 7) for n in (10**i, 2 * 10**i, 5 * 10**i) if n + WINDOW <= int(trials))
    scenario = figures.Scenario(f"{method}, {dimensions} parameters", int(dimensions), marks, WINDOW, (contender,))
    print("\n".join(report.scenario_lines(scenario, *figures.measure(scenario, _machine(arguments), 1))))


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh speed", description=__doc__)
    parser.add_argument("--write", action="store_true", help="RESULTS.md anew")
    parser.add_argument("--realtime", action="store_true", help="trawl's program under chrt -r 5 (as root)")
    parser.add_argument("--rounds", type=int, default=3, help="at most so many (default 3)")
    parser.add_argument("--only", default="", help="scenarios with this in their name; RESULTS.md is of all")
    parser.add_argument("--curve", nargs=3, metavar=("METHOD", "DIMENSIONS", "TRIALS"),
                        help="only a method of trawl, or a peer (optuna-gp), at 10, 20, 50, 100, ... trials")
    arguments = parser.parse_args()
    if arguments.write and (arguments.only or arguments.curve):
        parser.error("--write is of everything")
    (curve if arguments.curve else everything)(arguments)


if __name__ == "__main__":
    main()
