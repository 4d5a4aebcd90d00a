"""trawl optimize: ask and tell as lines of JSON."""

import json
import math
import os
import subprocess

from harness import GUARD, TRAWL, Case, check_sanitizers, Result

FILE = """\
goal: minimize
parameters:
  model: choice(linear, mlp)
  lr: loguniform(1e-4, 1)
  hidden: {prior: "int(1, 9)", when: 'model == "mlp"'}
  tags: {prior: "subset(hour, carrier, min=1)", default: [hour]}
  big: {prior: "int(9007199254740993, 9007199254740999)", default: 9007199254740993}
  fixed: 256
baseline: {model: linear, lr: 0.1}
search: {method: random, trials: 6, seed: 7}
"""


class Session:
    """A `trawl optimize` that is spoken to."""

    def __init__(self, project, *args):
        self.args = ("optimize", *args)
        self.process = subprocess.Popen([TRAWL, *self.args], cwd=project.dir, env=project.env,
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=1)

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def say(self, **message):
        return self.line(json.dumps(message))

    def ask(self, n=1):
        return self.say(ask=n)["trials"]

    def tell(self, id, value=None, **more):
        return self.say(tell={"id": id, **({} if value is None else {"value": value}), **more})

    def end(self, status=0):
        out, err = self.process.communicate(timeout=GUARD)
        result = Result(self.args, self.process.returncode, out, err)
        check_sanitizers(result)
        if self.process.returncode != status:
            raise AssertionError(str(result))
        return result


class Optimize(Case):
    def session(self, text=FILE, *args):
        self.p.yaml(text)
        s = Session(self.p, "trawl.yaml", *args)
        self.addCleanup(s.process.kill)
        return s

    def tearDown(self):
        """A session is no process that has to be gone before its test is over."""

    def test_ask_and_tell(self):
        s = self.session()
        first, second = s.ask(2)
        self.assertEqual(first["id"], 1)
        self.assertIs(first["baseline"], True)
        self.assertEqual(first["params"], {"model": "linear", "lr": 0.1, "tags": ["hour"],
                                           "big": 9007199254740993, "fixed": 256})
        self.assertIsNone(first["budget"])
        self.assertNotIn("baseline", second)
        self.assertEqual(s.tell(1, 0.5), {"ok": True})
        self.assertEqual(s.tell(2, 0.25), {"ok": True})
        self.assertEqual(s.say(best=True)["id"], 2)
        self.assertEqual(s.say(best=True)["params"], second["params"])
        self.assertEqual(s.say(best=True)["value"], 0.25)
        rest = s.ask(10)
        self.assertEqual([t["id"] for t in rest], [3, 4, 5, 6, 7])
        self.assertEqual(s.say(ask=1), {"trials": [], "done": True})
        for t in rest:
            self.assertTrue(0 <= t["seed"] < 2**31)
            self.assertEqual("hidden" in t["params"], t["params"]["model"] == "mlp")
            self.assertTrue(9007199254740993 <= t["params"]["big"] <= 9007199254740999)
        self.assertEqual(s.end().out, "")

    def test_the_same_seed_asks_the_same(self):
        def params(*args):
            s = self.session(FILE, *args)
            trials = s.ask(7)
            s.end()
            return trials
        self.assertEqual(params(), params())
        self.assertNotEqual(params(), params("--seed", "8"))
        self.assertEqual(params("--seed", "8"), params("--set", "search.seed=8"))
        self.assertEqual(len(params("--trials", "2")), 3)

    def test_reports(self):
        s = self.session("goal: maximize\nmetric: auc\nparameters: {x: 'uniform(0, 1)'}\n"
                         "search: {method: random + asha(eta=3), budget: {min: 1, max: 9}, seed: 1}")
        trials = s.ask(9)
        self.assertEqual({t["budget"] for t in trials}, {9})
        decisions = [s.say(report={"id": t["id"], "step": 1, "value": -t["id"]})["decision"]
                     for t in trials]
        self.assertEqual(decisions[0], "continue")
        self.assertEqual(decisions[-1], "stop")
        self.assertEqual(s.tell(9), {"ok": True})
        self.assertIn("already", s.say(report={"id": 1, "step": 1, "value": 1})["error"])
        self.assertIn("told before", s.say(report={"id": 9, "step": 2, "value": 1})["error"])
        self.assertEqual(s.say(report={"id": 1, "step": 2, "metrics": {"auc": 1}})["decision"],
                         "continue")
        self.assertEqual(s.tell(1, 0.75)["ok"], True)
        best = s.say(best=True)
        self.assertEqual((best["id"], best["value"], best["step"]), (1, 0.75, 9))
        self.assertEqual(s.say(status=True)["trials"],
                         {"running": 7, "completed": 1, "stopped": 1, "failed": 0, "infeasible": 0,
                          "cancelled": 0})
        s.end()

    def test_values_that_are_no_numbers_never_win(self):
        s = self.session()
        for t, value in zip(s.ask(4), ["nan", "inf", "-inf", 3]):
            self.assertEqual(s.tell(t["id"], value), {"ok": True})
        self.assertEqual(s.say(best=True)["id"], 4)
        for t, value in zip(s.ask(2), [math.nan, -math.inf]):  # as Python writes them
            self.assertEqual(s.tell(t["id"], value), {"ok": True})
        self.assertEqual(s.say(best=True)["id"], 4)
        s.end()

    def test_metrics_and_states(self):
        s = self.session(FILE + "metric: loss\n")
        s.ask(4)
        self.assertIn("loss is missing", s.tell(1, metrics={"los": 1})["error"])
        self.assertEqual(s.tell(1, metrics={"loss": 1, "ms": 20}), {"ok": True})
        self.assertEqual(s.tell(2, state="failed"), {"ok": True})
        self.assertEqual(s.tell(3, state="infeasible"), {"ok": True})
        self.assertIn("has no value", s.tell(4, 1, state="failed")["error"])
        self.assertIn("neither", s.tell(4)["error"])
        self.assertEqual(s.say(best=True)["id"], 1)
        self.assertEqual(s.say(status=True)["trials"],
                         {"running": 1, "completed": 1, "stopped": 0, "failed": 1, "infeasible": 1,
                          "cancelled": 0})
        s.end()

    def test_what_is_known_from_elsewhere(self):
        s = self.session()
        known = {"model": "linear", "lr": 0.25}
        self.assertEqual(s.say(observe={"params": known, "value": 1}), {"ok": True})
        self.assertIn("lr", s.say(observe={"params": {"lr": 7}, "value": 1})["error"])
        self.assertIn("no parameter", s.say(observe={"params": {"rl": 1}, "value": 1})["error"])
        self.assertIn("error", s.say(observe={"params": {"model": "linear"}, "value": 1}))
        s.ask()
        self.assertIn("before", s.say(observe={"params": known, "value": 1})["error"])
        self.assertIn("no trial has a value", s.say(best=True)["error"])
        self.assertEqual(s.say(status=True)["observed"], 1)
        s.end()

    def test_several_objectives(self):
        s = self.session("objectives: [{metric: auc, goal: maximize}, {metric: ms, goal: minimize}]\n"
                         "parameters: {x: 'uniform(0, 1)'}\nsearch: {method: random, seed: 1}\n")
        self.assertEqual(s.say(status=True)["objectives"],
                         [{"metric": "auc", "goal": "maximize"}, {"metric": "ms", "goal": "minimize"}])
        s.ask(6)
        self.assertIn("2 objectives", s.tell(1, 0.5)["error"])
        self.assertIn("ms is missing", s.tell(1, metrics={"auc": 1})["error"])
        for i, (auc, ms) in enumerate([(0.5, 5), (0.7, 9), (0.4, 6), ("nan", 1), (0.5, 5)], 1):
            self.assertEqual(s.tell(i, metrics={"auc": auc, "ms": ms, "other": 1}), {"ok": True})
        self.assertEqual(s.tell(6, values=[0.9, 20]), {"ok": True})
        front = s.say(best=True)["front"]
        self.assertEqual([t["id"] for t in front], [6, 2, 1, 5])  # in the order of auc
        self.assertEqual(front[1]["values"], {"auc": 0.7, "ms": 9.0})
        s.end()

    def test_requirements(self):
        s = self.session(FILE + "metric: loss\nrequire: [ms <= 20, mb < 8]\n")
        s.ask(5)
        for i, (loss, ms, mb) in enumerate([(0.1, 40, 1), (0.2, 22, 1), (0.05, None, 1)], 1):
            told = {"loss": loss, "mb": mb, **({} if ms is None else {"ms": ms})}
            self.assertEqual(s.tell(i, metrics=told), {"ok": True})
        self.assertIn("no trial meets the requirements", s.say(best=True)["error"])
        s.tell(4, metrics={"loss": 0.9, "ms": 20, "mb": 7})
        best = s.say(best=True)
        self.assertEqual((best["id"], best["value"]), (4, 0.9))
        s.end()

    def test_promotions(self):
        s = self.session("goal: minimize\nparameters: {x: 'uniform(0, 1)'}\nsearch: {trials: 9, "
                         "method: random + asha(variant=promote), budget: {min: 1, max: 9}, seed: 1}")
        first = s.ask(9)
        self.assertEqual({t["budget"] for t in first}, {1})
        for t in first:
            self.assertEqual(s.tell(t["id"], t["id"]), {"ok": True})
        more = s.ask(9)
        self.assertEqual([(t["id"], t["from"], t["budget"]) for t in more],
                         [(1, 1, 3), (2, 1, 3), (3, 1, 3)])
        self.assertEqual(more[0]["params"], first[0]["params"])
        self.assertIn("paused", s.tell(4, 0)["error"])
        self.assertEqual(s.say(report={"id": 2, "step": 3, "value": 0})["decision"], "pause")
        self.assertEqual(s.tell(1, 1), {"ok": True})
        self.assertEqual(s.tell(3, 3), {"ok": True})
        self.assertEqual([(t["id"], t["from"], t["budget"]) for t in s.ask(9)], [(2, 3, 9)])
        self.assertEqual(s.tell(2, 5), {"ok": True})
        self.assertEqual(s.say(ask=1), {"trials": [], "done": True})
        best = s.say(best=True)
        self.assertEqual((best["id"], best["step"], best["value"]), (2, 9, 5))
        s.end()

    def test_first_points(self):
        s = self.session(FILE.replace("seed: 7", "seed: 7, first: [{model: mlp, lr: 0.5, hidden: 4}]"))
        self.assertEqual(s.ask(2)[1]["params"],
                         {"model": "mlp", "lr": 0.5, "hidden": 4, "tags": ["hour"],
                          "big": 9007199254740993, "fixed": 256})
        s.end()

    def test_wrong_lines(self):
        s = self.session()
        for line in ("", "   ", "ask", "[]", "{}", "null", '{"ask"', '{"ask": 0}', '{"ask": -1}',
                     '{"ask": "1"}', '{"ask": 1.5}', '{"ask": 1e300}', '{"ask": 10001}',
                     '{"ask": 1, "best": true}', '{"ask": 1} {"ask": 1}', '{"asks": 1}',
                     '{"best": false}', '{"best": 1}', '{"tell": 1}', '{"tell": {}}',
                     '{"tell": {"id": 1}}', '{"tell": {"id": 1, "value": 1}}', "\0",
                     '{"tell": {"id": "1", "value": 1}}', '{"ask": 1, "ask": 1}', '{"\xff": 1}',
                     "[" * 100000, '{"x": "' + "y" * (1 << 20) + '"}'):
            with self.subTest(line[:60]):
                self.assertIn("error", s.line(line))
        self.assertIn("1048576", s.line(" " * (3 << 20) + '{"ask": 1}')["error"])
        self.assertEqual(s.line('{"asc": 1}')["hint"], 'did you mean "ask"?')
        self.assertEqual([t["id"] for t in s.ask()], [1])
        for wrong in ({"value": "1"}, {"value": None}, {"value": [1]}, {"vlaue": 1}, {"metrics": {}},
                      {"metrics": [1]}, {"value": 1, "metrics": {"value": 1}}, {"values": [1, 2]},
                      {"value": 1, "state": "done"}, {"value": 1, "step": -1},
                      {"value": 1, "step": 0.5}):
            with self.subTest(wrong):
                self.assertIn("error", s.say(tell={"id": 1, **wrong}))
        self.assertEqual(s.tell(1, 1), {"ok": True})
        self.assertIn("told before", s.tell(1, 1)["error"])
        self.assertIn("no trial 2", s.tell(2, 1)["error"])
        s.end()

    def test_the_last_line_needs_no_end(self):
        self.p.yaml(FILE)
        ran = subprocess.run([TRAWL, "optimize"], cwd=self.p.dir, env=self.p.env, text=True,
                             input='{"ask": 1}', stdout=subprocess.PIPE, check=True)
        self.assertEqual(len(json.loads(ran.stdout)["trials"]), 1)

    def test_a_reader_that_went_away(self):
        s = self.session()
        s.process.stdout.close()
        s.process.stdin.write('{"ask": 1}\n')
        s.process.stdin.close()
        s.process.stdin = None
        self.assertEqual(s.process.wait(GUARD), 0)
        s.process.stderr.close()

    def test_wrong_files(self):
        self.p.yaml("goal: minimize\nparameters:\n  x: unform(0, 1)\n")
        said = self.p.trawl("optimize", "trawl.yaml", status=2)
        self.assertRegex(said.err, r"^trawl\.yaml:3:6: .*unform")
        self.assertIn("there is no file", self.p.trawl("optimize", "nowhere.yaml", status=2).err)
        self.p.yaml("parameters: {x: 'uniform(0, 1)'}\n")
        self.assertIn("goal is missing", self.p.trawl("optimize", "trawl.yaml", status=2).err)
        self.p.trawl("optimize", "trawl.yaml", "more", status=2)

    def test_a_whole_file_does_as_well(self):
        self.p.sh("echo loss=1\n")
        s = self.session("space: s\ncommand: ./train.sh ${args}\nmetric: loss\n" + FILE)
        s.ask()
        s.end()
        self.assertFalse(os.path.exists(self.p.path(".trawl")))

    def test_time_ends_it(self):
        s = self.session(FILE + "  \n", "--time", "1ms")
        answer = s.say(ask=1)
        while "done" not in answer:
            answer = s.say(ask=1)
        s.end()
