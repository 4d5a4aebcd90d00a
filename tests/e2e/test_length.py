"""A parameter that says how long each trial trains."""

from harness import Case

FILE = """\
space: length
command: python3 train.py ${args}
metric: loss
goal: minimize
parameters:
  steps: ordinal(2, 5, 9)
  lr: {prior: "loguniform(1e-3, 1)", default: 0.1}
baseline: {steps: 9}
search: {method: random, trials: 12, parallel: 2, seed: 3}
"""
# Best after five steps, whatever lr is. One that goes on until it is told.
TRAIN = """
import json, os, sys, trawl
args = [a for a in sys.argv[1:] if a.startswith("--steps=")]
print("told", os.environ["TRAWL_STEPS"], *args, flush=True)
lr = json.load(open(os.environ["TRAWL_PARAMS"]))["lr"]
for step in range(1, 100):
    if not trawl.report(step=step, loss=(step - 5) ** 2 + lr):
        break
print("ended after", step, flush=True)
"""
# The same for a shell, which reads what the command says and reports nothing itself.
PRINTS = """\
i=0
while [ $i -lt $1 ]; do i=$((i + 1)); echo "step=$i loss=$(((i - 5) * (i - 5)))"; done
[ $# = 2 ] && [ $1 = $TRAWL_STEPS ] || exit 3
"""


class Length(Case):
    def setUp(self):
        super().setUp()
        self.p.python(TRAIN)
        self.p.yaml(FILE)

    def check_ends(self):
        rows = self.p.trials()
        self.assertEqual({r["state"] for r in rows.values()}, {"completed"})
        for row in rows.values():
            self.assertEqual(row["step"], row["params"]["steps"], row)
        self.assertEqual({r["step"] for r in rows.values()}, {2, 5, 9})
        return rows

    def check_best(self, rows):
        """Not the longest."""
        best = self.p.json("best")
        self.assertEqual(best["value"], min(r["value"] for r in rows.values()))
        self.assertEqual(best["step"], 5)
        self.assertEqual(self.p.show()["best"]["trial"], best["trial"])

    def test_each_trial_trains_what_it_says(self):
        events = self.p.run().events
        rows = self.check_ends()
        self.assertEqual(len(rows), 13)
        self.assertEqual((rows[1]["baseline"], rows[1]["step"]), (True, 9))
        for row in rows.values():
            n = row["params"]["steps"]
            log = self.p.log(row["trial"])
            self.assertIn(f"told {n} --steps={n}\n", log)
            self.assertIn(f"ended after {n}\n", log)
        self.check_best(rows)
        self.assertEqual([e for e in events if e["event"] == "best"][-1]["trial"],
                         self.p.json("best")["trial"])
        self.assertRegex(self.p.trawl("show").out, r"\nsteps +each trial's own, by the parameter steps\n")
        self.assert_in_order()

    def test_a_place_in_the_command_is_the_only_one(self):
        self.p.sh(PRINTS)
        self.p.run("--set", "command=./train.sh ${steps} ${args}")
        self.check_best(self.check_ends())

    def test_it_is_said_before(self):
        self.assertIn("\nsteps is how long a trial trains: 2 to 9 steps, 5.33 on average\n",
                      self.p.trawl("check").out)
        plan = self.p.json("plan", "--step-time", "2", "--parallel", "1")
        self.assertEqual({k: round(v, 2) for k, v in plan["trial_steps"].items()},
                         {"least": 2, "most": 9, "mean": 5.33})
        forecast = plan["forecast"]
        self.assertEqual(forecast["full"], {"mean": 13.0, "q10": 13.0, "median": 13.0, "q90": 13.0})
        self.assertAlmostEqual(forecast["seconds"]["mean"], 2 * forecast["steps"]["mean"], delta=0.1)
        self.assertAlmostEqual(plan["steps"], 9 + 12 * 5.33, delta=8)
        self.assertRegex(self.p.trawl("plan").out, r"\nsteps +each trial trains as many as its "
                         r"parameter says: 2 to 9 steps, 5\.33 on average\n")

    def test_a_rehearsal_is_one_step(self):
        said = self.p.json("try")
        self.assertEqual((said["state"], said["step"]), ("completed", 1))

    def test_nothing_else_may_say_it(self):
        for setting, part in (("search.budget={max: 9}", "search.budget says how long"),
                              ("search.method=asha", "asha says how long a trial trains")):
            said = self.p.trawl("check", "--set", setting, status=2)
            self.assertIn(part, said.err)
            self.assertIn("hint: ", said.err)
        self.p.yaml(FILE.replace("ordinal(2, 5, 9)", "uniform(2, 9)"))
        self.assertIn("trawl.yaml:6:3: uniform(2, 9) gives no whole numbers",
                      self.p.trawl("check", status=2).err)

    def test_simulated_trials_train_as_long(self):
        self.p.write("curves.csv", "lr,step,loss\n" + "".join(
            f"{lr},{step},{abs(step - 5) + lr}\n" for lr in (0.01, 0.1) for step in range(1, 10)))
        said = self.p.json("simulate", "--table", "curves.csv", "--workers", "2")["runs"][0]
        self.assertEqual(said["full"], 13)
        self.assertEqual(said["best"]["step"], 5)
        self.assertLess(said["steps"], 13 * 9)
