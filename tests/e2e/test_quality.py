"""bench/quality: its runs of trawl's methods, on a task that needs no data and none of its packages."""

import contextlib
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

from quality import raw  # noqa: E402
from quality.peers import PEERS, Peer, _described, _taken  # noqa: E402
from quality.space import Parameter, Space  # noqa: E402
from quality.trawl import Trawl  # noqa: E402

WIDTHS = (16, 32, 64)


class Stand:
    """A task whose optimum is known: model b, x = 1, width 32."""

    name, suite, goal, sign, branch = "stand/one", "stand", "maximize", -1, "model"

    def __init__(self):
        self.seen = []
        self.space = Space([
            Parameter("model", "choice", options=("a", "b: c")),
            Parameter("x", "loguniform", 1e-8, 100.0),
            Parameter("width", "ordinal", options=WIDTHS),
            Parameter("depth", "int", 1, 9, parent="model", values=("b: c",)),
        ])

    def seed(self, number):
        return number * 2**20

    def evaluate(self, configuration, number):
        self.seen.append(configuration)
        return -abs(configuration["x"] - 1) - abs(configuration["width"] - 32) + number


class Runs(unittest.TestCase):
    def run_once(self, method="random", number=3, evaluations=40):
        task = Stand()
        seen, seconds = Trawl(method, pathlib.Path(os.environ["TRAWL"])).run(task, number, evaluations)
        self.assertGreater(seconds, 0)
        return task, seen

    def test_every_configuration_is_of_the_space(self):
        task, seen = self.run_once()
        self.assertEqual(len(seen), 40)
        for configuration, (_, branch) in zip(task.seen, seen, strict=True):
            self.assertEqual(branch, configuration["model"])
            names = {p.name for p in task.space.parameters if p.active(configuration)}
            self.assertEqual(set(configuration), names)
            self.assertTrue(1e-8 <= configuration["x"] <= 100)
            self.assertIn(configuration["width"], WIDTHS)
            self.assertIn(configuration.get("depth", 1), range(1, 10))
        self.assertEqual({branch for _, branch in seen}, {"a", "b: c"})

    def test_a_number_is_a_search(self):
        self.assertEqual(self.run_once()[0].seen, self.run_once()[0].seen)
        self.assertNotEqual(self.run_once()[0].seen, self.run_once(number=4)[0].seen)

    def test_what_trawl_refuses_ends_the_run(self):
        with open(os.devnull, "w") as null, contextlib.redirect_stderr(null):
            with self.assertRaises(SystemExit):
                self.run_once(method="no_such_method")


class Peers(unittest.TestCase):
    def test_one_whose_package_is_missing_says_which(self):
        self.assertEqual(Peer("stand", ("no-package-has-this-name",)).missing(), "no-package-has-this-name")
        self.assertEqual(Peer("stand", ()).missing(), "")

    def test_hebo_is_not_given_conditions(self):
        self.assertEqual([suite for suite in ("lcbench", "xgb", "xgnd", "tables", "bbob5") if PEERS["hebo"].suits(suite)],
                         ["lcbench", "tables", "bbob5"])

    def test_what_peers_are_told_of_a_parameter(self):
        kinds = [_described(p) for p in Stand().space.parameters[:3]]
        self.assertEqual(kinds, [
            {"name": "model", "type": "cat", "categories": ["a", "b: c"]},
            {"name": "x", "type": "pow", "lb": 1e-8, "ub": 100.0},
            {"name": "width", "type": "int", "lb": 0, "ub": 2},
        ])
        self.assertEqual([_taken({"width": 1.0}, Stand().space.parameters[2]),
                          _taken({"depth": 3.0}, Stand().space.parameters[3])], [32, 3])


class Raw(unittest.TestCase):
    SEEN = [(0.5, "a"), (0.25, "b"), (0.75, "b"), (0.75, "a"), (0.5, "a")]

    def stored(self, sign):
        return raw.Run("stand/one", 0, "1", len(self.SEEN), 0.01, raw.incumbents(self.SEEN, sign))

    def test_incumbents_are_the_best_so_far(self):
        most, least = self.stored(-1), self.stored(1)
        self.assertEqual(most.trace(), [0.5, 0.5, 0.75, 0.75, 0.75])
        self.assertEqual(least.trace(), [0.5, 0.25, 0.25, 0.25, 0.25])
        self.assertEqual([most.branch(n) for n in (1, 2, 3, 5)], ["a", "a", "b", "b"])

    def test_comes_back_as_it_was_written(self):
        with tempfile.TemporaryDirectory() as folder:
            file = raw.path(pathlib.Path(folder), "gp(warp=false) + asha", "lcbench")
            self.assertEqual(raw.read(file), [])
            raw.write(file, [self.stored(1)])
            raw.add(file, self.stored(-1))
            self.assertEqual(raw.read(file), [self.stored(1), self.stored(-1)])


class Spaces(unittest.TestCase):
    def test_priors_are_those_of_trawl_yaml(self):
        self.assertEqual(Stand().space.trawl(), {
            "model": 'choice("a", "b: c")',
            "x": "loguniform(1e-08, 100.0)",
            "width": "ordinal(16, 32, 64)",
            "depth": {"prior": "int(1, 9)", "when": 'model in ("b: c")'},
        })

    def test_the_unit_cube_is_the_space(self):
        space = Stand().space
        self.assertEqual(space.at([0, 0, 0, 0]), {"model": "a", "x": 1e-8, "width": 16})
        high = {"model": "b: c", "x": 100, "width": 64, "depth": 9}
        self.assertEqual(space.at([1, 1, 1, 1]), high)
        counts = [space.at([1, 0.5, 0.5, (i + 0.5) / 900])["depth"] for i in range(900)]
        self.assertEqual([counts.count(depth) for depth in range(1, 10)], [100] * 9)


if __name__ == "__main__":
    unittest.main()
