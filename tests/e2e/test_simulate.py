"""trawl simulate: what it says of a search, and what it refuses."""

import json
import os
import re

from harness import ROOT, Case, sanitized

FILE = """\
space: sim
metric: loss
goal: minimize
parameters:
  lr: loguniform(1e-4, 1)
  depth: int(1, 9)
search: {method: random + asha, trials: 60, budget: {min: 1, max: 9}}
"""


def documented():
    """The example of docs/simulate.md: its file, its options, its JSON."""
    with open(os.path.join(ROOT, "docs/simulate.md"), encoding="utf-8") as f:
        text = f.read()
    file = re.search(r"```yaml\n(.*?)```", text, re.S).group(1)
    words = re.search(r"`trawl (simulate [^`]*--json)`", text).group(1).split()
    return file, words, json.loads(re.search(r"```json\n(.*?)```", text, re.S).group(1))


class Documented(Case):
    def test_the_example_is_what_comes(self):
        file, words, shape = documented()
        self.p.yaml(file)
        self.assertEqual(self.p.json(*words), shape)
        self.assertFalse(os.path.exists(self.p.path_of(".trawl")))


class Runs(Case):
    def setUp(self):
        super().setUp()
        self.p.yaml(FILE)

    def simulate(self, *options):
        return self.p.json("simulate", "-w", "7", "--json", *options)

    def test_freeze_thaw_ends_by_itself(self):
        for workers in "13":
            run = self.p.json("simulate", "-w", workers, "-n", "15", "--method", "freeze_thaw",
                              "--json")["runs"][0]
            self.assertEqual(run["state"], "completed")
            self.assertEqual(sum(run["trials"].values()), 15)
            self.assertEqual(set(run["trials"]), {"completed", "stopped"})
            self.assertEqual(run["best"]["step"], 9)

    def test_auto_knows_what_a_simulated_program_keeps(self):
        for options, method in (((), "freeze_thaw"), (("--scratch",), "variant=stop"),
                                (("-w", "5"), "variant=promote")):
            said = self.p.json("simulate", "-n", "20", "--method", "auto", "--json", *options)
            self.assertIn(method, said["method"])

    def test_the_number_of_jobs_changes_nothing(self):
        options = ("--repeat", "6", "--drops", "0.02", "--spread", "lognormal(0, 0.5)",
                   "--method", "random + asha(variant=promote)", "--noise", "0.1")
        one, many = (self.simulate(*options, "--jobs", n) for n in "14")
        self.assertEqual(one, many)
        self.assertEqual([run["seed"] for run in one["runs"]], [1, 2, 3, 4, 5, 6])
        self.assertNotEqual(one["runs"][0]["trace"], one["runs"][1]["trace"])
        alone = self.simulate(*options, "--repeat", "1", "--seed", "4")
        self.assertEqual(alone["runs"][0], one["runs"][3])

    def test_it_adds_up(self):
        for method in ("random + asha", "random + asha(variant=promote)", "random + sha",
                       "sobol + hyperband", "random + median", "tpe + full"):
            with self.subTest(method=method):
                trials = "12" if sanitized() and method.startswith("tpe") else "60"
                run = self.simulate("--method", method, "-n", trials)["runs"][0]
                self.assertEqual(run["state"], "completed")
                self.assertEqual(sum(run["trials"].values()), int(trials))
                self.assertGreaterEqual(run["attempts"], int(trials))
                self.assertGreaterEqual(run["full"], 1)
                self.assertEqual(run["steps_again"], 0)
                self.assertLessEqual(run["utilisation"], 1)
                self.assertAlmostEqual(run["utilisation"] * run["seconds"] * 7, run["steps"])
                values = [p["value"] for p in run["trace"]]
                self.assertEqual(values, sorted(values, reverse=True))
                self.assertEqual(run["best"]["step"], 9)

    def test_time_is_the_clusters(self):
        run = self.simulate("--step-time", "depth", "-t", "50s", "-n", "100000")["runs"][0]
        self.assertEqual(run["seconds"], 50)
        self.assertEqual(run["why"], "its time is used up")
        slow = self.simulate("--step-time", "2")["runs"][0]
        quick = self.simulate("--step-time", "1")["runs"][0]
        self.assertEqual(slow["seconds"], 2 * quick["seconds"])
        self.assertEqual(slow["steps"], quick["steps"])
        started = self.simulate("--start-up", "100")["runs"][0]
        self.assertGreater(started["seconds"], quick["seconds"] + 100 * 60 / 7)

    def test_scratch_trains_again(self):
        kept, scratch = (self.simulate("--method", "random + asha(variant=promote)", *o)["runs"][0]
                         for o in ((), ("--scratch",)))
        self.assertEqual(kept["steps_again"], 0)
        self.assertGreater(scratch["steps_again"], 0)
        self.assertEqual(scratch["full"], kept["full"])

    def test_drops_are_retried_as_the_file_says(self):
        lost = self.simulate("--drops", "0.1", "--set", "retries=0")["runs"][0]
        kept = self.simulate("--drops", "0.1", "--set", "retries=50")["runs"][0]
        self.assertEqual(lost["state"], "completed")
        self.assertEqual(lost["trials"]["failed"], lost["dropped"])
        self.assertGreater(lost["dropped"], 3)
        self.assertNotIn("failed", kept["trials"])
        self.assertEqual(kept["attempts"], 60 + kept["dropped"])

    def test_the_target_is_met_or_not(self):
        met = self.simulate("--target", "1.9")
        first = next(p for p in met["runs"][0]["trace"] if p["value"] <= 1.9)
        self.assertEqual(met["runs"][0]["target"],
                         {"seconds": first["seconds"], "steps": first["steps"]})
        never = self.simulate("--target", "-1", "--repeat", "3")
        self.assertIsNone(never["runs"][0]["target"])
        self.assertEqual(never["summary"]["target_seconds"]["n"], 0)
        self.assertNotIn("target", self.simulate()["runs"][0])

    def test_people_see_it(self):
        out = self.p.trawl("simulate", "-w", "7", "--function", "rastrigin").out
        self.assertIn("random + asha(eta=3, variant=stop)", out)
        self.assertIn("function rastrigin", out)
        self.assertRegex(out, r"(?m)^best +[\d.]+ +trial \d+ at step 9, \{")
        self.assertRegex(out, r"(?m)^utilisation +0\.\d+$")
        self.assertRegex(out, "[▁▂▃▄▅▆▇█]")
        many = self.p.trawl("simulate", "-w", "7", "--repeat", "5").out
        self.assertRegex(many, r"(?m)^best +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +5$")

    def test_the_asha_papers_workload(self):
        """Li et al. 2020, appendix: 25 workers, 2,000 units of time, sigma .10, no drops, from scratch.
        A replica of theirs trained 40.0 configurations, the first by 381. Ours takes the best that
        wait to the end besides, from where 256 units are left and no new trial gets there."""
        summary = self.p.json(
            "simulate", "-w", "25", "--method", "random + asha(eta=4, variant=promote)", "-t",
            "2000s", "-n", "100000", "--set", "search.budget.max=256", "--scratch",
            "--report-every", "1000", "--spread", "normal(1, 0.1, lo=1)", "--repeat",
            "4" if sanitized() else "20")["summary"]
        self.assertTrue(36 + 12 < summary["full"]["mean"] < 43 + 18, summary["full"])
        self.assertTrue(360 < summary["first_full_seconds"]["mean"] < 400)

    def test_maximizing_is_the_mirror(self):
        down = self.simulate()["runs"][0]
        up = self.simulate("-g", "maximize")["runs"][0]
        self.assertEqual(up["best"]["value"], -down["best"]["value"])
        self.assertEqual(up["best"]["trial"], down["best"]["trial"])


class Refused(Case):
    def test_with_place_and_hint(self):
        self.p.yaml(FILE)
        self.p.write("t.csv", "lr,depth,loss\n0.1,2,x\n")
        for options, says in (
                (("--step-time", "2 * depht"), r"--step-time:1:5: .*\n +hint: did you mean depth"),
                (("--spread", "normal(1, 1)"), r"--spread:1:1: .*\n +hint: cut it"),
                (("--drops", "1"), r"--drops takes a number"),
                (("--function", "rastrign"), r"hint: did you mean rastrigin"),
                (("--function", "hartmann"), r"wants 6 dimensions, and the space has 2"),
                (("--table", "t.csv"), r"t.csv:2:7: \"x\" is no number"),
                (("--table", "t.csv", "--value", "los"), r"t.csv:1:1: .*\n +hint: is it loss"),
                (("--table", "t.csv", "--program"), r"two answers"),
                (("--exact",), r"--exact belongs to --table"),
                (("--table", "none.csv"), r"no file none.csv|none.csv"),
                (("--program",), r"it has none\n +hint: write command"),
                (("--workers", "0"), r"--workers takes a whole number"),
                (("--target", "low"), r"--target takes a number"),
                (("--step-tme", "1"), r"hint: did you mean --step-time"),
                (("--set", "search.trials=0"), r".")):
            with self.subTest(options=options):
                done = self.p.trawl("simulate", *options, status=None)
                self.assertIn(done.status, (1, 2))
                self.assertRegex(done.err, says)
                self.assertEqual(done.out, "")

    def test_what_never_ends(self):
        self.p.yaml(FILE.replace("trials: 60, ", ""))
        done = self.p.trawl("simulate", status=None)
        self.assertIn("would never end", done.err)
        self.assertEqual(self.p.json("simulate", "-t", "9s", "--json")["runs"][0]["seconds"], 9)


class Tables(Case):
    def setUp(self):
        super().setUp()
        self.p.yaml("metric: loss\ngoal: minimize\n"
                    "parameters: {kind: 'choice(a, b)', n: {prior: 'int(1, 3)', "
                    "when: 'kind == \"a\"'}}\n"
                    "search: {method: grid, budget: {min: 1, max: 4}}\n")
        self.p.write("t.csv", "kind,n,step,loss,acc\na,1,1,9,1\na,1,4,2,2\na,2,1,8,3\n"
                     "a,2,3,1,4\nb,,1,5,5\n")

    def test_curves_are_followed(self):
        run = self.p.json("simulate", "--table", "t.csv", "--json", "--method", "grid + full")
        run = run["runs"][0]
        self.assertEqual(run["best"]["value"], 1)
        self.assertEqual(run["best"]["params"], {"kind": "a", "n": 2})
        self.assertEqual(run["trials"], {"completed": 4})

    def test_what_it_lacks(self):
        run = self.p.json("simulate", "--table", "t.csv", "--exact", "--json", "--method",
                          "grid + full", "--value", "acc", "-g", "maximize")["runs"][0]
        self.assertEqual(run["trials"], {"completed": 3, "infeasible": 1})
        self.assertEqual(run["best"]["value"], 5)


class Programs(Case):
    def setUp(self):
        super().setUp()
        self.p.yaml("command: sh ./train.sh ${x}\nmetric: loss\ngoal: minimize\n"
                    "parameters: {x: 'int(1, 9)'}\nenv: {WHICH: 'x${x}'}\n"
                    "search: {method: 'random + asha(eta=2, variant=promote)', trials: 6, "
                    "budget: {min: 1, max: 4}}\n")

    def test_are_run_up_to_their_steps(self):
        self.p.sh('c="$TRAWL_CHECKPOINT/n"; n=0; [ -f "$c" ] && n=$(cat "$c")\n'
                  'echo "$WHICH $n $TRAWL_STEPS" >> log\n'
                  'while [ $n -lt $TRAWL_STEPS ]; do n=$((n + 1)); echo $n > "$c"\n'
                  'echo "step=$n loss=$1"; done\n')
        run = self.p.json("simulate", "--program", "-w", "3", "--json")["runs"][0]
        self.assertEqual(run["state"], "completed")
        log = [line.split() for line in self.p.read("log").splitlines()]
        self.assertEqual(len(log), run["attempts"])
        self.assertEqual(run["best"]["value"], min(int(words[0][1:]) for words in log))
        self.assertTrue(any(words[1:] == ["2", "4"] for words in log))
        self.assertEqual(sum(int(b) - int(a) for _, a, b in log), run["steps"])

    def test_fail_as_they_do(self):
        self.p.sh('[ $1 -gt 4 ] && exit 65\n[ $1 -gt 2 ] && exit 3\n'
                  'for n in 1 2 3 4; do echo step=$n loss=$1; done\n')
        run = self.p.json("simulate", "--program", "-w", "2", "--json", "--method",
                          "grid + full", "--set", "retries=1", "-n", "9")["runs"][0]
        self.assertEqual(run["trials"], {"completed": 2, "failed": 2, "infeasible": 5})
        self.assertEqual(run["attempts"], 2 + 2 * 2 + 5)

    def test_that_say_nothing_are_told_of(self):
        self.p.sh("echo accuracy=1\n")
        done = self.p.trawl("simulate", "--program", status=None)
        self.assertIn("never printed loss", done.err)
        self.assertIn("hint: a line like loss=0.81", done.err)
