"""Attempts that are taken away, and searches that are paused, by word and by signal: with real
processes, whose logs say from where they went on."""

import json
import os
import signal
import unittest

from harness import Case, wait_until

TRAIN = """
import json, os, sys, time, trawl
path = os.path.join(trawl.checkpoint(), "state.json")
done = json.load(open(path))["done"] if os.path.exists(path) else 0
print("begins at step", done, "of", trawl.steps(), flush=True)
for step in range(done + 1, trawl.steps() + 1):
    while step > 3 and not os.path.exists(os.environ["GO"]):
        time.sleep(0.02)
        if not trawl.report(step=step - 1, loss=trawl.params()["x"] + 1 / (step - 1)) and MINDS:
            print("told to pause at", step - 1, flush=True)
            sys.exit(0)
    go_on = trawl.report(step=step, loss=trawl.params()["x"] + 1 / step)
    with open(path + ".new", "w") as f:
        json.dump({"done": step}, f)
    os.rename(path + ".new", path)
    if MINDS and not go_on:
        break
"""

FILE = """
space: pauses
command: python3 train.py
metric: loss
goal: minimize
parameters: {x: "uniform(0, 1)"}
env: {GO: %s}
search: {method: random, trials: 2, seed: 3, parallel: 2, budget: {max: 40}}
resources: {grace: 1s}
retries: 0
"""


class Pauses(Case):
    def begin(self, minds=True):
        self.go = self.p.path_of("go")
        self.p.python(f"MINDS = {minds}\n" + TRAIN)
        self.p.yaml(FILE % self.go)
        run = self.p.start("run", "--json")
        self.wait_for_step("1.1", 3)
        self.wait_for_step("1.2", 3)
        return run

    def wait_for_step(self, trial, step):
        def there():
            row = self.p.trawl("show", trial, "--json", status=None)
            return row.status == 0 and (row.json["step"] or 0) >= step
        wait_until(there, f"step {step} of {trial}")

    def let_go(self):
        with open(self.go, "w", encoding="ascii"):
            pass

    def attempts(self, trial):
        return self.p.json("show", trial)["attempts"]

    def began_at(self, trial, attempt):
        """By its own word."""
        line = next(x for x in self.p.log(trial, attempt).splitlines() if "begins at step" in x)
        return int(line.split("begins at step")[1].split()[0])

    def check_went_on(self, trial, reason="paused"):
        first, second = self.attempts(trial)
        self.assertEqual((first["reason"], second["reason"]), (reason, "exit"))
        self.assertGreaterEqual(self.began_at(trial, 2), 2)
        self.assertGreaterEqual(second["from_step"], self.began_at(trial, 2))

    def check_undisturbed(self, trial):
        self.assertEqual([a["reason"] for a in self.attempts(trial)], ["exit"])

    def supervisor_of(self, trial):
        # Its title, and that of what it started before it was executed, hold the trial's name.
        return min(pid for pid, command in self.p.processes().items()
                   if "trawl-supervisor" in command and command.endswith(trial))

    def finish(self, run):
        self.let_go()
        run.wait(0)
        self.assertEqual({t["state"] for t in self.p.trials().values()}, {"completed"})
        self.assert_in_order()

    def test_a_trial_is_preempted_by_word(self):
        run = self.begin()
        said = self.p.json("pause", "--preempt", "1.1")
        self.assertEqual(said, {"ok": True, "id": "1.1"})
        wait_until(lambda: len(self.attempts("1.1")) == 2, "a second attempt")
        self.finish(run)
        self.check_went_on("1.1")
        self.check_undisturbed("1.2")
        self.assertIn("told to pause", self.p.log("1.1", 1))
        late = self.p.trawl("pause", "--preempt", "1.1", status=1)
        self.assertIn("completed already", late.err)

    def test_a_search_is_preempted_by_word(self):
        run = self.begin()
        self.assertIn("preempting search 1", self.p.trawl("pause", "--preempt").out)
        wait_until(lambda: len(self.attempts("1.1")) + len(self.attempts("1.2")) == 4, "new attempts")
        self.assertEqual(self.p.show()["state"], "running")
        self.finish(run)
        self.check_went_on("1.1")
        self.check_went_on("1.2")

    def test_a_signal_to_the_supervisor_preempts(self):
        run = self.begin()
        os.kill(self.supervisor_of("1.2"), signal.SIGUSR1)
        wait_until(lambda: len(self.attempts("1.2")) == 2, "a second attempt")
        self.finish(run)
        self.check_went_on("1.2")
        self.check_undisturbed("1.1")
        self.assertIn("# preempted by SIGUSR1", self.p.log("1.2", 1))

    def test_who_ignores_it_is_ended(self):
        run = self.begin(minds=False)
        os.kill(self.supervisor_of("1.1"), signal.SIGUSR1)
        wait_until(lambda: len(self.attempts("1.1")) == 2, "a second attempt")
        self.finish(run)
        self.check_went_on("1.1")
        self.assertEqual(self.attempts("1.1")[0]["signal"], signal.SIGTERM)

    def test_a_killed_supervisor_is_as_good_as_preempted(self):
        run = self.begin()
        supervisor = self.supervisor_of("1.1")
        os.kill(supervisor, signal.SIGUSR1)
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: len(self.attempts("1.1")) == 2, "a second attempt")
        self.finish(run)
        self.check_went_on("1.1", "lost")

    def check_paused_by(self, signals):
        run = self.begin()
        for number in signals:
            run.signal(number)
        run.wait(130)
        self.assertEqual(self.p.show()["state"], "paused")
        self.assertEqual(self.p.states()["paused"], 2)
        self.finish(self.p.start("resume", "--json"))
        self.check_went_on("1.1")
        self.check_went_on("1.2")

    def test_a_clusters_time_limit(self):
        self.check_paused_by([signal.SIGTERM])

    def test_a_clusters_warning(self):
        """However often it is said."""
        self.check_paused_by([signal.SIGUSR1, signal.SIGUSR1])

    def test_a_job_that_is_signalled_as_a_whole(self):
        """As by `scancel --signal=USR1` or `--signal=USR1@60`: controller, supervisors, programs."""
        run = self.begin()
        for pid in list(self.p.processes()):
            os.kill(pid, signal.SIGUSR1)
        run.wait(130)
        states = self.p.states()  # whom its supervisor's signal reached first is preempted: queued
        self.assertEqual(states.get("paused", 0) + states.get("queued", 0), 2)
        self.finish(self.p.start("resume", "--json"))
        self.check_went_on("1.1")
        self.check_went_on("1.2")

    def test_a_trial_and_a_search_are_paused_by_word(self):
        run = self.begin()
        self.p.trawl("pause", "1.1")
        wait_until(lambda: self.p.json("show", "1.1")["state"] == "paused", "1.1 to pause")
        self.assertEqual(self.p.json("show", "1.2")["state"], "running")
        self.p.trawl("pause", "1")
        run.wait(130)
        self.p.trawl("pause", "--preempt", "1.1", status=1)
        self.let_go()
        self.p.trawl("resume", "1", "--quiet")
        self.assertEqual({t["state"] for t in self.p.trials().values()}, {"completed"})
        self.check_went_on("1.1")
        self.check_went_on("1.2")
        self.assert_in_order()


SAVES = """
import json, os, sys, trawl
path = os.path.join(trawl.checkpoint(), "state.json")
done = json.load(open(path))["done"] if os.path.exists(path) else 0
for step in range(done + 1, trawl.steps() + 1):
    with open(path, "w") as f:
        json.dump({"done": step, "pad": "x" * 10000}, f)
    if not trawl.report(step=step, loss=trawl.params()["x"] + abs(step - 4) / 100):
        break
"""

KEEPS = """
space: keeps
command: python3 train.py
metric: loss
goal: minimize
parameters: {x: "uniform(0, 1)"}
baseline: {x: 1.0}
checkpoints: {keep: %s, of: %s}
search: {method: "random + asha(%s)", trials: 9, seed: 3, parallel: 2, budget: {min: 1, max: 9}}
"""


class Kept(Case):
    def search(self, keep, of="all", variant="eta=3"):
        self.p.python(SAVES)
        self.p.yaml(KEEPS % (keep, of, variant))
        self.p.run()
        self.p.wait_quiet()
        self.assert_in_order()
        return self.p.trials()

    def saved(self, number):
        """{name: the step it was saved at}."""
        folder = self.p.path(".trawl", "trials", "1", str(number))
        found = {}
        for name in os.listdir(folder):
            if name.startswith(("checkpoint", "gone")):
                path = os.path.join(folder, name, "state.json")
                found[name] = json.loads(self.p.read(path))["done"] if os.path.exists(path) else None
        return found

    def check_sizes(self, number):
        saved = {name for name, step in self.saved(number).items() if step}
        shown = self.p.json("show", f"1.{number}")["checkpoints"]
        self.assertEqual({f"checkpoint@{step}" for step in shown["kept"]}, saved - {"checkpoint"})
        self.assertTrue(len(saved) * 10000 <= shown["bytes"] <= len(saved) * 10100, shown)
        return shown["bytes"]

    def bytes(self):
        return sum(self.p.json("show", f"1.{number}")["checkpoints"]["bytes"]
                   for number in self.p.trials())

    def test_every_rung(self):
        for number, t in self.search("every_rung", variant="variant=promote").items():
            rungs = {} if t["baseline"] else {f"checkpoint@{s}": s for s in (1, 3) if s <= t["step"]}
            self.assertEqual(self.saved(number), {**rungs, "checkpoint": t["step"]})
        for number in self.p.trials():
            self.check_sizes(number)
        self.assertRegex(self.p.trawl("show", "1").out, r"(?m)^saved +\S+ KiB of 10 trials$")
        best = self.p.json("best")["trial"]
        self.assertRegex(self.p.trawl("show", best).out, r"(?m)^saved .*, kept at steps 1, 3$")

    def test_rungs_that_were_passed(self):
        for number, t in self.search("every_rung").items():
            rungs = {f"checkpoint@{s}": s for s in (1, 3) if s < t["step"]}
            self.assertEqual(self.saved(number), {**rungs, "checkpoint": t["step"]})

    def test_the_best_step(self):
        for number, t in self.search("best").items():
            saved = self.saved(number)
            if t["step"] > 4:
                self.assertEqual(saved, {"checkpoint@4": 4, "checkpoint": t["step"]})
            self.assertEqual(saved["checkpoint"], t["step"])

    def test_losers_go(self):
        trials = self.search("every_rung", "best")
        best = int(self.p.json("best")["trial"].split(".")[1])
        for number, t in trials.items():
            saved = {name for name, step in self.saved(number).items()}
            if t["baseline"] or number == best:
                self.assertIn("checkpoint", saved)
                self.check_sizes(number)
            else:
                self.assertEqual(saved, set())
        self.assertEqual(self.p.json("gc", "--dry-run")["checkpoints"], {"count": 0, "bytes": 0})

    def test_what_would_go_is_said(self):
        self.search("every_rung")
        said = self.p.json("gc", "--dry-run", "--all")["checkpoints"]
        lines = [x for x in self.p.trawl("gc", "--dry-run", "--all").out.splitlines()
                 if x.startswith("checkpoint of 1.")]
        self.assertEqual(len(lines), said["count"])
        self.assertGreater(said["count"], 5)
        before = self.bytes()
        os.mkdir(self.p.path(".trawl/trials/1/1/gone.abcdef"))
        self.p.trawl("gc", "--all")
        self.assertEqual(self.bytes(), before - said["bytes"])
        self.assertFalse(os.path.exists(self.p.path(".trawl/trials/1/1/gone.abcdef")))


if __name__ == "__main__":
    unittest.main()
