"""Populations: trials that go on from copies of others' checkpoints, and schedules that are replayed."""

import json
import os
import shutil

from harness import Case

TRAIN = """
import json, os, sys
lr = float(sys.argv[1].split("=")[1])
path = os.path.join(os.environ["TRAWL_CHECKPOINT"], "state.json")
state = {"loss": 1.0, "history": []}
if KEEPS and os.path.exists(path):
    with open(path) as f:
        state = json.load(f)
print("begins at step", len(state["history"]), flush=True)
for step in range(len(state["history"]) + 1, int(os.environ["TRAWL_STEPS"]) + 1):
    state["loss"] *= 1 - lr * (1 - lr)
    state["history"].append([lr, os.environ["TRAWL_TRIAL"]])
    print(f"step={step} loss={state['loss']!r}", flush=True)
if KEEPS:
    with open(path, "w") as f:
        json.dump(state, f)
"""

FILE = """
space: schedules
command: python3 train.py --lr=${lr}
metric: loss
goal: minimize
parameters: {lr: "loguniform(1e-3, 1)"}
search: {method: "sobol + pbt(population=5, quantile=0.2)", seed: 3, parallel: 2,
  budget: {min: 2, max: 6}}
"""


class Population(Case):
    def prepare(self, keeps=True, file=FILE):
        self.p.python(f"KEEPS = {keeps}\n" + TRAIN)
        self.p.yaml(file)

    def history(self, trial):
        search, number = trial.split(".")
        with open(self.p.path(".trawl", "trials", search, number, "checkpoint", "state.json"),
                  encoding="utf-8") as f:
            return [tuple(step) for step in json.load(f)["history"]]

    def named(self, search=1):
        return {t["trial"]: t for t in self.p.trials(search).values()}

    def check(self, search=1):
        """Each copy went on from its parent's checkpoint, with values of its own."""
        trials = self.named(search)
        copies = [t for t in trials.values() if "parent" in t]
        self.assertGreaterEqual(len(copies), 2)
        for t in copies:
            parent, step = trials[t["parent"]], t["from_step"]
            own, theirs = self.history(t["trial"]), self.history(t["parent"])
            self.assertEqual(own[:step], theirs[:step])
            self.assertEqual(own[step:], [(t["params"]["lr"], t["trial"])] * (t["step"] - step))
            self.assertGreater(parent["step"], 0)
            self.assertEqual(t["attempts"][0]["from_step"], step)
            self.assertIn(f"begins at step {step}", self.p.log(t["trial"]))
        self.assertEqual(sum(t["state"] == "completed" for t in trials.values()), 5)
        self.assertEqual(len([t for t in trials.values() if t["state"] == "stopped"]), len(copies))
        for folder, names, _ in os.walk(self.p.path(".trawl", "trials")):
            self.assertFalse([n for n in names if n.endswith(".copying")], folder)
        self.p.trawl("doctor")
        return trials

    def test_copies_go_on_from_their_parents(self):
        self.prepare()
        out = self.p.trawl("run").out
        trials = self.check()
        copy = next(t for t in trials.values() if "parent" in t)
        self.assertIn(f"trial {copy['trial']} started from {copy['parent']} at step "
                      f"{copy['from_step']}", out)
        self.assertIn(f"replaced by {copy['trial']}", out)
        self.assertIn(f"from {copy['parent']} at step {copy['from_step']}",
                      self.p.trawl("trials").out)

    def test_a_slot_for_each(self):
        self.prepare(file=FILE.replace("parallel: 2", "parallel: 5").replace("max: 6", "max: 12"))
        self.p.run()
        trials = self.named()
        for t in trials.values():
            if "parent" in t:
                step = t["from_step"]
                self.assertEqual(self.history(t["trial"])[:step], self.history(t["parent"])[:step])
        self.p.trawl("doctor")

    def test_a_kill_while_copying(self):
        for failpoint in ("sched.before-copy", "sched.after-copy"):
            for nth in (1, 2):
                with self.subTest(failpoint=failpoint, nth=nth):
                    shutil.rmtree(self.p.path(".trawl"), ignore_errors=True)
                    self.prepare()
                    hit = self.p.path("hit")
                    self.p.trawl("run", status=None, env={"TRAWL_FAILPOINT": f"{failpoint}:{nth}",
                                                 "TRAWL_FAILPOINT_HIT": hit})
                    self.assertTrue(os.path.exists(hit))
                    os.remove(hit)
                    self.p.wait_quiet()
                    self.p.trawl("resume")
                    self.check()

    def test_without_checkpoints_it_says_so(self):
        self.prepare(keeps=False)
        said = self.p.trawl("run", status=1)
        self.assertIn("left no checkpoint by step 2", said.out + said.err)
        self.assertIn("TRAWL_CHECKPOINT", said.out + said.err)
        self.assertEqual(self.p.show()["state"], "failed")

    def test_a_schedule_is_shown_exported_and_replayed(self):
        self.prepare()
        self.p.run()
        trials = self.named()
        copy = max((t for t in trials.values() if "parent" in t and t["state"] == "completed"),
                   key=lambda t: t["from_step"])
        shown = self.p.json("show", copy["trial"])
        stages = shown["schedule"]
        self.assertEqual(stages[-1]["trial"], copy["trial"])
        self.assertEqual(stages[-1]["until"], 6)
        self.assertIn("schedule", self.p.trawl("show", copy["trial"]).out)
        text = self.p.trawl("export", copy["trial"], "--schedule").out
        self.p.write("schedule.yaml", text)
        self.p.trawl("run", "--schedule", "schedule.yaml", "--set", "search.seeds=2")
        again = self.named(2)
        self.assertEqual(len(again), 2 * len(stages))
        last = [t for t in again.values() if t["state"] == "completed"]
        self.assertEqual([t["value"] for t in last], [copy["value"]] * 2)
        self.assertEqual([lr for lr, _ in self.history(last[0]["trial"])],
                         [lr for lr, _ in self.history(copy["trial"])])
        self.assertIn("the last part of a schedule", self.p.trawl("show", "2").out)
        self.p.trawl("doctor")
        wrong = self.p.trawl("export", "1", "--schedule", status=2)
        self.assertIn("a schedule is a trial's", wrong.err)
        for text in ("", "\n", "# nothing\n"):
            self.p.write("schedule.yaml", text)
            self.p.trawl("run", "--schedule", "schedule.yaml", status=2)

    def test_simulated(self):
        self.prepare()
        said = self.p.json("simulate", "--program", "--workers", "3", "--step-time",
                           "uniform(1, 3)", "--spread", "lognormal(0, 0.5)")
        run = said["runs"][0] if "runs" in said else said
        self.assertGreater(run["trials"]["stopped"], 0)
        self.assertEqual(run["trials"]["completed"], 5)
        refused = self.p.trawl("simulate", "--program", "--scratch", status=2)
        self.assertIn("copies checkpoints", refused.err)


if __name__ == "__main__":
    import unittest
    unittest.main()
