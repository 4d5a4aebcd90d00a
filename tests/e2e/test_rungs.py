"""Trials that are paused at rungs and go on from their checkpoints."""

from harness import Case

TRAIN = """
import json, os, sys, trawl
path = os.path.join(os.environ["TRAWL_CHECKPOINT"], "state.json")
steps = int(os.environ["TRAWL_STEPS"])
x = json.load(open(os.environ["TRAWL_PARAMS"]))["x"]
done = json.load(open(path))["done"] if KEEPS and os.path.exists(path) else 0
print("begins at step", done, "of", steps, flush=True)
for step in range(done + 1, steps + 1):
    with open(path, "w") as f:
        json.dump({"done": step}, f)
    if not trawl.report(step=step, loss=x + 1 / step):
        break
"""

FILE = """
space: rungs
command: python3 train.py
metric: loss
goal: minimize
parameters: {x: "uniform(0, 1)"}
baseline: {x: 1.0}
search: {method: "random + asha(variant=promote)", trials: 9, seed: 3, parallel: 2,
  budget: {min: 1, max: 9}}
"""


class Rungs(Case):
    def search(self, keeps):
        self.p.python(f"KEEPS = {keeps}\n" + TRAIN)
        self.p.yaml(FILE)
        self.p.run()
        return {t["trial"]: t for t in self.p.trials().values()}

    def check(self, trials):
        self.assertEqual(len(trials), 10)
        steps = {name: t["step"] for name, t in trials.items() if not t["baseline"]}
        self.assertIn(9, steps.values())
        self.assertGreaterEqual(sum(s >= 3 for s in steps.values()), 3)
        for name, t in trials.items():
            state = "completed" if t["step"] == 9 else "stopped"
            self.assertEqual(t["state"], state, name)
            rungs = 1 if t["baseline"] else {1: 1, 3: 2, 9: 3}[t["step"]]
            self.assertEqual(len(t["attempts"]), rungs, name)
        best = self.p.json("best")
        self.assertEqual(best["step"], 9)

    def test_they_go_on_from_their_checkpoints(self):
        trials = self.search(True)
        self.check(trials)
        top = next(n for n, t in trials.items() if t["step"] == 9 and not t["baseline"])
        for attempt, line in enumerate(("begins at step 0 of 1", "begins at step 1 of 3",
                                        "begins at step 3 of 9"), 1):
            self.assertIn(line, self.p.log(top, attempt))

    def test_without_checkpoints_they_begin_again(self):
        trials = self.search(False)
        self.check(trials)
        top = next(n for n, t in trials.items() if t["step"] == 9 and not t["baseline"])
        self.assertIn("begins at step 0 of 9", self.p.log(top, 3))


class FreezeThaw(Case):
    def test_auto_pauses_once_checkpoints_are_seen(self):
        self.p.python("KEEPS = True\n" + TRAIN)
        self.p.yaml(FILE.replace('"random + asha(variant=promote)"', "auto"))
        before = self.p.json("plan")
        self.assertIn("asha(eta=3, variant=stop, max_rungs=3)", before["method"])
        self.assertIn("checkpoints", before["why"])
        self.p.run()
        plan = self.p.json("plan")
        self.assertEqual(plan["method"], "sobol(scramble=owen) + freeze_thaw(growth=1.5)")
        self.assertIn("which trial goes on", plan["why"])
        self.p.run()
        trials = self.p.trials().values()
        self.assertTrue(any(t["step"] == 9 and not t["baseline"] for t in trials))
        more = [t for t in trials if len(t["attempts"]) > 1]
        self.assertTrue(more)
        for t in more:
            for number, a in enumerate(t["attempts"][1:], 2):
                self.assertIn(f"begins at step {a['from_step']} of",
                              self.p.log(t["trial"], number))
        self.assertEqual(self.p.trawl("doctor").status, 0)
