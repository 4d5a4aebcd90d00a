"""trawl.Optimizer, trawl.minimize and trawl.maximize, in the tree."""

import copy
import doctest
import gc
import math
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest

import trawl
from trawl import _library, _optimizer

SPACE = {
    "model": "choice(linear, mlp)",
    "lr": "loguniform(1e-4, 1)",
    "hidden": {"prior": "int(1, 9)", "when": 'model == "mlp"'},
    "big": "int(9007199254740993, 9007199254740999)",
    "fast": "flag()",
    "tags": {"prior": "subset(a, 2, 0.5, true)"},
    "nested": {"deep": {"x": "uniform(0, 1)"}},
    "batch": 256,
    "name": "adam",
}


def make(space=None, method="random", **more):
    return trawl.Optimizer(SPACE if space is None else space, method=method, **more)


class Parameters(unittest.TestCase):
    def test_types(self):
        for trial in make(trials=40, seed=1):
            p = trial.params
            self.assertIn(p["model"], ("linear", "mlp"))
            self.assertEqual("hidden" in p, p["model"] == "mlp")
            self.assertIs(type(p["lr"]), float)
            self.assertIs(type(p["big"]), int)
            self.assertTrue(9007199254740993 <= p["big"] <= 9007199254740999)
            self.assertIs(type(p["fast"]), bool)
            self.assertIs(type(p["tags"]), list)
            self.assertLessEqual({(type(t), t) for t in p["tags"]},
                                 {(str, "a"), (int, 2), (float, 0.5), (bool, True)})
            self.assertTrue(0 <= p["nested.deep.x"] <= 1)
            self.assertEqual((p["batch"], p["name"]), (256, "adam"))
            self.assertTrue(0 <= trial.seed < 2**31)
            self.assertIsNone(trial.budget)

    def test_a_whole_file(self):
        text = "goal: maximize\nparameters:\n  x: int(1, 4)\nsearch: {seed: 3, trials: 2}\n"
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trawl.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            ways = [text, path, pathlib.Path(path),
                    {"goal": "maximize", "parameters": {"x": "int(1, 4)"},
                     "search": {"seed": 3, "trials": 2}}]
            asked = [[t.params for t in trawl.Optimizer(way, method="sobol").ask_many(9)]
                     for way in ways]
        self.assertEqual(len(asked[0]), 2)
        self.assertEqual(asked, [asked[0]] * 4)
        self.assertEqual(trawl.Optimizer(text).status()["objectives"],
                         [{"metric": "value", "goal": "maximize"}])
        self.assertEqual(trawl.Optimizer(text, goal="minimize").status()["objectives"],
                         [{"metric": "value", "goal": "minimize"}])

    def test_settings(self):
        o = make({"x": "uniform(0, 1)", "n": "int(1, 9)"}, baseline={"x": 0.5, "n": 1},
                 first=[{"x": 0.25, "n": 2}], constraints="n <= 5", seed=2**62, parallel=3,
                 trials=20, seeds="same", budget=9, metric="loss", goal="maximize")
        trials = o.ask_many(100)
        self.assertEqual(trials[0].params, {"x": 0.5, "n": 1})
        self.assertTrue(trials[0].baseline)
        self.assertEqual(trials[1].params, {"x": 0.25, "n": 2})
        self.assertEqual(len(trials), 21)
        self.assertEqual({t.budget for t in trials}, {9})
        self.assertEqual(len({t.seed for t in trials}), 1)
        self.assertLessEqual(max(t["n"] for t in trials), 5)
        status = o.status()
        self.assertEqual(status["seed"], 2**62)
        self.assertEqual(status["objectives"], [{"metric": "loss", "goal": "maximize"}])

    def test_what_json_does_not_know(self):
        class Scalar:
            """As NumPy has them."""
            def __init__(self, v):
                self.v = v

            def item(self):
                return self.v

            def __float__(self):
                return float(self.v)

        o = make({"x": "uniform(0, 1)", "b": Scalar(3)}, baseline={"x": Scalar(0.5)})
        trial = o.ask()
        self.assertEqual(trial.params, {"x": 0.5, "b": 3})
        o.tell(trial, Scalar(2))
        self.assertEqual(o.best.value, 2.0)


class Wrong(unittest.TestCase):
    def test_places_and_hints(self):
        with self.assertRaises(trawl.Error) as caught:
            trawl.Optimizer("goal: minimize\nparameters:\n  x: unform(0, 1)\n")
        e = caught.exception
        self.assertIsInstance(e, ValueError)
        self.assertEqual((e.file, e.line, e.column), ("space", 3, 6))
        self.assertIn("unform", e.message)
        self.assertIn("uniform", e.hint)
        self.assertEqual(str(pickle.loads(pickle.dumps(e))), str(e))
        with self.assertRaisesRegex(trawl.Error, "cannot read nowhere.yaml"):
            trawl.Optimizer("nowhere.yaml")
        for wrong in ({"x": "uniform(1, 0)"}, {}, {"x": None}, {"x": {}}, {"x y": "flag()"},
                      {"x": "flag()\0"}):
            with self.subTest(wrong), self.assertRaises(trawl.Error):
                trawl.Optimizer(wrong)
        for key, value in (("method", "tep"), ("seed", -1), ("trials", 0), ("goal", "small"),
                           ("budget", {"min": 3, "max": 1}), ("baseline", {"y": 1}),
                           ("constraints", ["x > 2"]), ("time", "soon"), ("parallel", 0)):
            with self.subTest(key):
                with self.assertRaises(trawl.Error) as caught:
                    trawl.Optimizer({"x": "uniform(0, 1)"}, **{key: value})
                self.assertNotIn("--set", str(caught.exception))
        with self.assertRaises(TypeError):
            trawl.Optimizer({"x": "uniform(0, 1)"}, sead=1)

    def test_wrong_tells(self):
        o = make()
        trial = o.ask()
        for value in ("1", b"1", 10**400, None, object(), [], {}, {"los": 1}, [1, 2], {"value": "x"}):
            with self.subTest(value), self.assertRaises(trawl.Error):
                o.tell(trial, value)
        with self.assertRaises(trawl.Error):
            o.tell(trial, 1, state="failed")
        with self.assertRaises(trawl.Error):
            o.tell(trial, state="lost")
        with self.assertRaisesRegex(trawl.Error, "no trial 99"):
            o.tell(99, 1)
        o.tell(trial, 1)
        with self.assertRaisesRegex(trawl.Error, "told before"):
            o.tell(trial, 1)
        with self.assertRaises(trawl.Error):
            o.ask_many(0)

    def test_closed(self):
        with make() as o:
            trial = o.ask()
        for use in (o.ask, lambda: o.tell(trial, 1), lambda: o.best, o.status, o.dumps,
                    lambda: o.save("nowhere"), lambda: o.set_trials(3), lambda: copy.copy(o)):
            with self.assertRaisesRegex(trawl.Error, "closed"):
                use()
        o.close()


class Telling(unittest.TestCase):
    def test_values_that_are_no_numbers(self):
        o = make()
        for value in (math.nan, math.inf, -math.inf):
            o.tell(o.ask(), value)
        self.assertIsNone(o.best)
        o.tell(o.ask(), 3)
        self.assertEqual(o.best.id, 4)

    def test_states(self):
        o = make(budget=9, method="random + asha(eta=3)")
        trials = o.ask_many(5)
        self.assertEqual([bool(t.report(1, -t.id)) for t in trials], [True] * 5)
        self.assertTrue(o.report(trials[0], 3, -1))
        self.assertTrue(o.report(trials[1], 3, -2))
        decision = trials[2].report(2, 5)
        self.assertIs(decision, trawl.Decision.CONTINUE)
        decision = trials[2].report(3, 5)
        self.assertTrue(decision.stop)
        o.tell(trials[2])
        self.assertEqual((trials[2].state, trials[2].value), ("stopped", 5.0))
        o.tell(trials[3], state="infeasible")
        o.tell(trials[4], state="failed")
        self.assertEqual([t.state for t in trials[2:]], ["stopped", "infeasible", "failed"])
        self.assertEqual(o.status()["trials"], {"running": 2, "completed": 0, "stopped": 1,
                                                "failed": 1, "infeasible": 1, "cancelled": 0})

    def test_metrics_and_front(self):
        o = make(objectives=[{"metric": "auc", "goal": "maximize"},
                             {"metric": "ms", "goal": "minimize"}])
        trials = o.ask_many(3)
        o.tell(trials[0], {"auc": 0.5, "ms": 5, "other": 9})
        o.tell(trials[1], (0.7, 9))
        o.tell(trials[2], {"auc": 0.4, "ms": 6})
        self.assertEqual(trials[0].values, (0.5, 5.0))
        self.assertEqual([t.id for t in o.front], [2, 1])
        self.assertEqual(o.best.id, 2)
        self.assertEqual(o.front[0].params, trials[1].params)

    def test_promotions(self):
        o = make({"x": "uniform(0, 1)"}, method="random + asha(variant=promote)",
                 budget={"min": 1, "max": 3}, trials=3)
        for trial in o.ask_many(3):
            o.tell(trial, trial.id)
        more = o.ask()
        self.assertEqual((more.id, more.start, more.budget), (1, 1, 3))
        o.tell(more, 0)
        self.assertIsNone(o.ask())
        self.assertTrue(o.done)
        o.set_trials(4)
        self.assertFalse(o.done)
        self.assertEqual(o.ask().id, 4)
        for wrong in (0, -1, 2**63, 2**70, 2.5, "5", True):
            with self.subTest(wrong), self.assertRaisesRegex(trawl.Error, "no number of trials"):
                o.set_trials(wrong)
        self.assertIsNone(o.ask())
        o.set_trials(None)
        self.assertEqual(o.ask().id, 5)

    def test_steps_of_their_own(self):
        """A parameter says how long each trial trains, and the longest is not the best for that."""
        with make({"steps": "int(1, 9)", "x": "uniform(0, 1)"}, trials=12, seed=1) as o:
            told, budgets = {}, set()
            for trial in o:
                self.assertEqual(trial.budget, trial.params["steps"])
                budgets.add(trial.budget)
                told[trial.id] = abs(trial.budget - 4) + trial.params["x"]
                o.tell(trial, told[trial.id])
            self.assertGreater(len(budgets), 1)
            self.assertEqual(o.best.id, min(told, key=told.get))
        with self.assertRaisesRegex(trawl.Error, "so does the parameter steps"):
            make({"steps": "int(1, 9)"}, budget=9)


class Saving(unittest.TestCase):
    def test_goes_on(self):
        o = make(method="sobol", seed=5)
        first = o.ask_many(3)
        o.tell(first[0], 1)
        for again in (trawl.Optimizer.loads(o.dumps()), copy.deepcopy(o),
                      pickle.loads(pickle.dumps(o))):
            again.tell(first[1].id, 0.5)
            self.assertEqual(again.best.id, 2)
            self.assertEqual([t.params for t in again.ask_many(5)],
                             [t.params for t in copy.copy(o).ask_many(5)])
        self.assertEqual(o.best.id, 1)

    def test_damaged(self):
        text = make().dumps()
        with self.assertRaisesRegex(trawl.Error, "can't be read as a saved optimizer"):
            trawl.Optimizer.loads(text[:-3])
        with self.assertRaisesRegex(trawl.Error, "no file"):
            trawl.Optimizer.load("nowhere.trawl")

    def test_nothing_leaks(self):
        def work():
            for _ in range(20):
                o = trawl.Optimizer({f"x{i}": "uniform(0, 1)" for i in range(50)}, method="random")
                for trial in o.ask_many(50):
                    o.tell(trial, 1)
                o.front, o.dumps(), o.status()
            gc.collect()

        def resident():
            with open("/proc/self/statm", encoding="ascii") as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        work()
        before = resident()
        for _ in range(5):
            work()
        # 100 optimizers with 50 trials each would be some 60 MB
        self.assertLess(resident() - before, 16 << 20)


class Functions(unittest.TestCase):
    def test_the_same_again(self):
        def search():
            return trawl.minimize(lambda p: p["lr"], SPACE, trials=20, method="sobol", seed=3)
        one, two = search(), search()
        self.assertEqual([t.params for t in one.trials], [t.params for t in two.trials])
        self.assertEqual(one.value, min(t.value for t in one.trials))
        self.assertEqual(one.params, two.params)

    def test_goals_and_metrics(self):
        self.assertEqual(trawl.maximize(lambda p: p["n"], {"n": "int(1, 7)"}, trials=7).value, 7)
        result = trawl.minimize(lambda p: {"loss": p["n"], "ms": 9 - p["n"]}, {"n": "int(1, 7)"},
                                trials=7, metric="loss", require="ms <= 4")
        self.assertEqual(result.params, {"n": 5})

    def test_parallel(self):
        """All slots are full at once: each waits for the others."""
        gate, lock, seen = threading.Barrier(4), threading.Lock(), []

        def function(params):
            gate.wait(60)
            with lock:
                seen.append(params["x"])
            return params["x"]

        result = trawl.minimize(function, {"x": "uniform(0, 1)"}, trials=40, parallel=4)
        self.assertEqual([t.id for t in result.trials], list(range(1, 41)))
        self.assertEqual(sorted(seen), sorted(t["x"] for t in result.trials))
        self.assertEqual(result.value, min(seen))

    def test_waiting_for_others(self):
        """With rungs to wait for, nobody leaves early and nobody hangs."""
        for parallel in (1, 3, 8):
            result = trawl.minimize(
                lambda p, trial: p["x"] / trial.budget, {"x": "uniform(0, 1)"}, trials=27,
                parallel=parallel, method="random + asha(variant=promote)",
                budget={"min": 1, "max": 27})
            self.assertEqual(len(result.trials), 27)
            self.assertEqual(result.best.step, 27)
            self.assertTrue(result.optimizer.done)

    def test_some_fail(self):
        def function(params):
            if params["n"] % 3 == 0:
                raise RuntimeError("three")
            if params["n"] % 3 == 1:
                raise trawl.Infeasible
            return params["n"]

        for parallel in (1, 3):
            with self.assertLogs("trawl", "WARNING"):
                result = trawl.minimize(function, {"n": "int(1, 30)"}, trials=30, parallel=parallel,
                                        method="random", seed=8)
            states = [t.state for t in result.trials]
            self.assertEqual((states.count("failed"), states.count("infeasible"),
                              states.count("completed")), (10, 10, 10))
            self.assertEqual(result.value, 2)
            failed = next(t for t in result.trials if t.state == "failed")
            self.assertEqual(str(failed.error), "three")

    def test_the_first_three_fail_alike(self):
        calls = []

        def function(params):
            calls.append(params)
            return {}["missing"]

        for parallel in (1, 2):
            calls.clear()
            with self.assertLogs("trawl", "WARNING"), self.assertRaises(KeyError):
                trawl.minimize(function, {"x": "uniform(0, 1)"}, trials=50, parallel=parallel)
            self.assertTrue(3 <= len(calls) <= 3 + parallel)

        def otherwise(params):
            calls.append(params)
            raise (ValueError, TypeError, KeyError)[len(calls) % 3]

        calls.clear()
        with self.assertLogs("trawl", "WARNING"):
            result = trawl.minimize(otherwise, {"x": "uniform(0, 1)"}, trials=9)
        self.assertEqual(len(calls), 9)
        self.assertIsNone(result.best)
        with self.assertRaisesRegex(trawl.Error, "no trial came to a value"):
            result.params

    def test_what_is_no_value(self):
        for nothing in (None, "text", {}):
            for parallel in (1, 2):
                with self.subTest(nothing), self.assertRaises(trawl.Error):
                    trawl.minimize(lambda p: nothing, {"x": "uniform(0, 1)"}, trials=5,
                                   parallel=parallel)
        with self.assertRaisesRegex(trawl.Error, "returned None for trial 1\n  hint: "):
            trawl.minimize(lambda p: None, {"x": "uniform(0, 1)"}, trials=5)
        with self.assertRaisesRegex(TypeError, "3 is no function"):
            trawl.minimize(3, {"x": "uniform(0, 1)"}, trials=5)

    def test_interrupted(self):
        def function(params):
            raise KeyboardInterrupt

        for parallel in (1, 2):
            o = make(trials=5)
            with self.assertRaises(KeyboardInterrupt):
                o.run(function, parallel=parallel)
            self.assertGreaterEqual(o.status()["trials"]["cancelled"], 1)

    def test_an_end(self):
        with self.assertRaisesRegex(trawl.Error, "when the search ends"):
            trawl.minimize(lambda p: 1, {"x": "uniform(0, 1)"})
        with self.assertRaisesRegex(trawl.Error, "less than 1"):
            trawl.minimize(lambda p: 1, {"x": "uniform(0, 1)"}, trials=1, parallel=0)
        with self.assertRaises(TypeError):
            trawl.minimize(lambda p: 1, {"x": "uniform(0, 1)"}, trials=1, parallle=2)


class Threads(unittest.TestCase):
    def test_one_optimizer_in_many(self):
        o = make(trials=200, seed=1)
        seen, lock = [], threading.Lock()

        def work():
            for trial in o:
                o.tell(trial, trial["lr"])
                with lock:
                    seen.append(trial.id)
                self.assertIsNotNone(o.best)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(seen), list(range(1, 201)))
        self.assertEqual(o.status()["trials"]["completed"], 200)


class Module(unittest.TestCase):
    def test_examples(self):
        result = doctest.testmod(_optimizer)
        self.assertEqual(result.failed, 0)
        self.assertGreater(result.attempted, 30)

    def test_reporting_needs_no_library(self):
        code = ("import sys, trawl; trawl.params({}); trawl.report(loss=1); "
                "assert 'ctypes' not in sys.modules and 'trawl._optimizer' not in sys.modules; "
                "assert 'minimize' in dir(trawl); trawl.nothing")
        ran = subprocess.run([sys.executable, "-c", code], text=True, stderr=subprocess.PIPE,
                             stdout=subprocess.PIPE, env={**os.environ, "TRAWL_LIBRARY": "/nowhere"})
        self.assertIn("AttributeError: module 'trawl' has no attribute 'nothing'", ran.stderr)
        self.assertNotIn("AssertionError", ran.stderr)

    def test_no_library(self):
        ran = subprocess.run([sys.executable, "-c", "import trawl; trawl.minimize"], text=True,
                             stderr=subprocess.PIPE,
                             env={**os.environ, "TRAWL_LIBRARY": "/nowhere"})
        self.assertEqual(ran.returncode, 0)
        ran = subprocess.run([sys.executable, "-c",
                              "import trawl; trawl.Optimizer({'x': 'flag()'})"], text=True,
                             stderr=subprocess.PIPE,
                             env={**os.environ, "TRAWL_LIBRARY": "/nowhere"})
        self.assertIn("ImportError: libtrawl is not there", ran.stderr)

    def test_every_structure_is_c_s(self):
        """Sizes as a compiler sees them."""
        import ctypes
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "sizes.c")
            with open(source, "w", encoding="utf-8") as f:
                f.write('#include <stdio.h>\n#include <trawl/trawl.h>\nint main(void) {\n'
                        'printf("%zu %zu %zu %d", sizeof(struct trawl_error), '
                        'sizeof(struct trawl_setting), sizeof(struct trawl_options), '
                        'TRAWL_NOT_FOUND); }\n')
            root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
            program = os.path.join(folder, "sizes")
            subprocess.run(["cc", source, "-I", os.path.join(root, "include"), "-o", program],
                           check=True)
            said = subprocess.run([program], text=True, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(
            [int(n) for n in said.split()],
            [ctypes.sizeof(_library.CError), ctypes.sizeof(_library.CSetting),
             ctypes.sizeof(_library.COptions), _library.NOT_FOUND])
