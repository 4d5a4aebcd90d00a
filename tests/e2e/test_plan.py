"""trawl plan: its forecast against what then happens, and what it says where little is known."""

import json
import os
import re

from harness import ROOT, Case, sanitized

TIMEOUT = 600

TRAIN = """
import json, os, time, trawl
path = os.path.join(os.environ["TRAWL_CHECKPOINT"], "done")
steps = int(os.environ["TRAWL_STEPS"])
p = json.load(open(os.environ["TRAWL_PARAMS"]))
done = int(open(path).read()) if KEEPS and os.path.exists(path) else 0
for step in range(done + 1, steps + 1):
    time.sleep(0.01)
    if KEEPS:
        with open(path, "w") as f:
            f.write(str(step))
    if not trawl.report(step=step, loss=(p["x"] - 0.3) ** 2 + 0.3 * p["y"] / step):
        break
"""

FILE = """
space: planned
command: python3 train.py
metric: loss
goal: minimize
parameters: {x: "uniform(0, 1)", y: "uniform(0, 1)", idle: "choice(a, b, c)", more: "subset(p, q, r)"}
search: {method: "random + asha(variant=promote)", trials: 27, seed: 5, parallel: 1,
  budget: {min: 1, max: 9}}
"""


def documented():
    """The example of docs/plan.md: its file, its options, its JSON."""
    with open(os.path.join(ROOT, "docs/plan.md"), encoding="utf-8") as f:
        text = f.read()
    file = re.search(r"```yaml\n(.*?)```", text, re.S).group(1)
    return file, json.loads(re.search(r"```json\n(.*?)```", text, re.S).group(1))


def same(case, shape, value, where=""):
    """The same members everywhere; numbers near to each other (libm differs between processors)."""
    case.assertEqual(type(shape), type(value), where)
    if isinstance(shape, dict):
        case.assertEqual(list(shape), list(value), where)
        for key in shape:
            same(case, shape[key], value[key], f"{where}.{key}")
    elif isinstance(shape, list):
        case.assertEqual(len(shape), len(value), where)
        for i, (a, b) in enumerate(zip(shape, value)):
            same(case, a, b, f"{where}[{i}]")
    elif isinstance(shape, float):
        case.assertAlmostEqual(shape, value, delta=0.05 * abs(shape) + 0.01, msg=where)
    else:
        case.assertEqual(shape, value, where)


class Documented(Case):
    def test_the_example_is_what_comes(self):
        file, shape = documented()
        self.p.yaml(file)
        self.p.sh("exit 1\n", "train")
        said = self.p.json("plan", "--step-time", "lognormal(3, 0.3)", "--start-up", "20")
        same(self, shape, said)
        self.assertFalse(os.path.exists(self.p.path(".trawl")))


def inside(spread, value, low="q10", high="q90"):
    return spread[low] <= value <= spread[high]


class AgainstWhatHappened(Case):
    """A small search, then a second one that is planned by what the first one took."""

    def run_one(self, keeps=True, *options):
        self.p.python(f"KEEPS = {keeps}\n" + TRAIN)
        self.p.yaml(FILE)
        self.p.run(*options)
        return self.p.trials().values()

    def test_trials_at_rungs_and_steps(self):
        self.run_one()
        plan = self.p.json("plan", "--set", "search.seed=7")
        self.assertEqual(plan["step_seconds"]["source"], "earlier searches")
        self.assertEqual(plan["step_seconds"]["earlier_trials"], 27)
        self.assertIs(plan["checkpoints"], True)
        self.assertGreaterEqual(plan["step_seconds"]["low"], 0.01)
        self.assertIsNone(plan["scratch"])
        self.check_advice()
        trials = self.run_one(True, "--set", "search.seed=7")
        for rung in plan["rungs"]:
            reached = sum(t["step"] >= rung["step"] for t in trials)
            self.assertTrue(inside(rung, reached), (rung, reached))
        steps = sum(t["step"] for t in trials)
        self.assertTrue(inside(plan["forecast"]["steps"], steps), (plan["forecast"]["steps"], steps))
        full = sum(t["step"] == 9 for t in trials)
        self.assertTrue(inside(plan["forecast"]["full"], full), (plan["forecast"]["full"], full))
        text = self.p.trawl("plan").out
        self.assertRegex(text, r"from 54 trials of 2 earlier searches\n")
        self.assertNotIn("begins again", text)

    def test_a_program_that_keeps_nothing(self):
        self.run_one(False)
        plan = self.p.json("plan")
        self.assertIs(plan["checkpoints"], False)
        self.assertGreater(plan["forecast"]["steps_again"]["mean"], 0)
        self.assertIn("kept no checkpoints", self.p.trawl("plan").out)

    def check_advice(self):
        advice = self.p.json("plan", "-n", "10")["advice"]
        self.assertEqual((advice["few"], advice["evidence"], advice["wanted"]), (True, 27, 40))
        names = [x["parameter"] for x in advice["fix"]]
        self.assertNotIn("x", names)
        self.assertTrue(set(names) & {"idle", "more"}, advice)
        for x in advice["fix"]:
            self.assertTrue(0 <= x["share"] < 0.05)
        self.assertIn("27 earlier trials", self.p.trawl("plan", "-n", "10").out)


class Simulated(Case):
    """Against the simulator with another objective, whose curves the forecast knows nothing of."""

    CLUSTER = ("--step-time", "lognormal(0, 0.5)", "--start-up", "2")

    def check(self, *options, measures=("seconds", "trials", "steps", "utilisation")):
        self.p.yaml(FILE)
        self.p.python("pass\n")
        plan = self.p.json("plan", "-j", "6", *self.CLUSTER, *options)["forecast"]
        runs = self.p.json("simulate", "-w", "6", "--seed", "1000", "--repeat",
                           "20" if sanitized() else "60",
                           *self.CLUSTER, *options, "--json")["runs"]
        for name in measures:
            values = [sum(r["trials"].values()) if name == "trials" else r[name] for r in runs]
            covered = sum(inside(plan[name], v) for v in values) / len(values)
            mean = sum(values) / len(values)
            self.assertGreaterEqual(covered, 0.5, (name, plan[name], mean))
            self.assertAlmostEqual(plan[name]["mean"], mean, delta=0.12 * mean, msg=name)

    def test_time_and_steps_of_many_trials(self):
        self.check("-n", "100")

    def test_a_budget_of_time(self):
        self.check("-n", "100000", "-t", "5m", measures=("trials", "steps", "utilisation"))

    def test_a_budget_of_steps(self):
        self.check("-n", "100000", "--set", "search.steps=600", measures=("seconds", "trials"))

    def test_every_trial_to_the_end(self):
        self.check("-n", "60", "--method", "random")


class OddStates(Case):
    def plan(self, *options, **keys):
        self.p.python("pass\n")
        self.p.yaml(FILE)
        return self.p.json("plan", *options, **keys), self.p.trawl("plan", *options).out

    def test_nothing_ends_it(self):
        said, text = self.plan("--set", "search.trials=")
        self.assertIsNone(said["forecast"])
        self.assertIn("say --trials or --time", said["why_none"])
        self.assertIn("forecast   none: nothing ends the search", text)

    def test_time_alone_and_no_step_time(self):
        said, text = self.plan("--set", "search.trials=", "-t", "1h")
        self.assertIsNone(said["forecast"])
        self.assertIn("--step-time", said["why_none"])
        self.assertIn("time not known", text)
        said, text = self.plan("--set", "search.trials=", "-t", "1h", "--set",
                               "search.step_time=10s", "--method", "auto")
        self.assertIn("trials fit", said["why"])
        self.assertGreater(said["forecast"]["utilisation"]["mean"], 0.95)
        self.assertEqual(said["step_seconds"]["source"], "search.step_time")

    def test_too_many_to_simulate(self):
        said, text = self.plan("-n", "1000000")
        self.assertEqual(said["why_none"], "too many trials to simulate")
        self.assertEqual([r["trials"] for r in said["rungs"]][0], 1000000)
        self.assertAlmostEqual(said["steps"], 7e6 / 3, delta=1)
        self.assertIn("about 1000000 trials and 2333333 steps", text)

    def test_a_finite_space(self):
        said, text = self.plan("--set", "parameters=", "--set", "parameters.k=choice(a, b, c)",
                               "--set", "parameters.m=flag()", "--method", "auto + full")
        self.assertEqual((said["count"], said["forecast"]["trials"]["mean"]), (6, 6))
        self.assertIn("6 configurations only: all are tried", text)
        self.assertIsNone(said["random_search"])

    def test_without_steps(self):
        said, text = self.plan("--set", "search.budget=", "--method", "random", "-j", "3",
                               "--step-time", "60")
        self.assertEqual(said["seconds"], {"low": 540, "median": 540, "high": 540})
        self.assertEqual(said["rungs"], [])
        self.assertIn("trial      1m 00s", text)
        self.assertNotIn("trained to the end", text)

    def test_steps_of_trials_that_have_no_budget(self):
        said, _ = self.plan("--set", "search.budget=", "--method", "random", "--set",
                            "search.trials=", "--set", "search.steps=100")
        self.assertIn("say search.budget", said["why_none"])

    def test_several_objectives(self):
        said, _ = self.plan("--set", "metric=", "--set", "goal=", "--set",
                            "objectives=[{metric: a, goal: minimize}, {metric: b, goal: maximize}]",
                            "--set", "require=[c <= 5]", "--method", "auto")
        self.assertEqual(said["forecast"]["full"]["mean"], 27)

    def test_too_little_for_one_trial(self):
        _, text = self.plan("-t", "5s", "--step-time", "1")
        self.assertIn("too small to train a trial to its 9 steps", text)
        self.assertIn("by their shape alone", text)

    def test_both_numbers_where_nobody_knows_of_checkpoints(self):
        said, text = self.plan()
        self.assertIsNone(said["checkpoints"])
        self.assertGreater(said["scratch"]["steps"]["mean"], said["forecast"]["steps"]["mean"])
        self.assertIn("One that begins again", text)

    def test_wrong_times(self):
        self.p.yaml(FILE)
        self.p.python("pass\n")
        for options in (("--step-time", "nowhere"), ("--step-time", "0"), ("--start-up", "3"),
                        ("--step-time", "normal(1, 1)")):
            said = self.p.trawl("plan", *options, status=2)
            self.assertIn("-time", said.err + said.out)
