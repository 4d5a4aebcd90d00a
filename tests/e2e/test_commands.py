"""Every command against its contract: shapes of JSON, exit codes, what is left out, what is wrong."""

import csv
import io
import json
import os
import re
import select
import subprocess
import time

from harness import TRAWL, Case, Project, terminal, wait_until

FILE = """\
space: shapes
command: ./train.sh ${args}
metric: loss
goal: minimize
parameters:
  model: choice(linear, mlp)
  lr: loguniform(1e-4, 1)
  hidden: {prior: "int(1, 9)", when: 'model == "mlp"'}
  tags: {prior: "subset(hour, carrier, min=1)", default: [hour]}
  fixed: 256
baseline: {model: linear, lr: 0.1}
search: {method: random + asha(eta=3), trials: 6, budget: {min: 1, max: 3}, parallel: 2, seed: 7}
"""
TRAIN = """\
case "$TRAWL_TRIAL" in *.5) exit 65;; esac
for i in 1 2 3; do echo "step=$i loss=0.$i$(echo $TRAWL_TRIAL | tr -d .) other=$i"; done
"""
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
STATES = {"queued", "running", "paused", "completed", "stopped", "failed", "infeasible", "cancelled"}
COMMANDS = ("init check plan try run optimize resume pause stop kill retry ls show trials best logs metrics "
            "export report gc doctor").split()


def simple(project, body="echo loss=1\n", search="trials: 2", more=""):
    project.sh(body)
    project.yaml("space: s\ncommand: ./train.sh ${args}\nmetric: loss\ngoal: minimize\n"
                 "parameters:\n  x: uniform(0, 1)\nsearch: {" + search + "}\n" + more)


class Shapes(Case):
    """One search that has every kind of trial in it, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Project()
        cls.addClassCleanup(cls.shared.remove)
        cls.addClassCleanup(cls.shared.kill_all)
        cls.shared.sh(TRAIN)
        cls.shared.yaml(FILE)
        cls.ran = cls.shared.run()

    def setUp(self):
        self.p = self.shared

    def check_trial(self, row):
        self.assertLessEqual({"trial", "state", "baseline", "params", "seed", "value", "step",
                              "attempts", "started", "ended"}, set(row))
        self.assertRegex(row["trial"], r"^\d+\.\d+$")
        self.assertIn(row["state"], STATES)
        self.assertIs(type(row["baseline"]), bool)
        self.assertIs(type(row["seed"]), int)
        self.assertTrue(0 <= row["seed"] < 2**31)
        for attempt in row["attempts"]:
            self.assertEqual({"state", "reason", "exit", "signal", "from_step", "started", "ended"},
                             set(attempt))
            self.assertRegex(attempt["started"], TIME)
            self.assertRegex(attempt["ended"], TIME)
        self.assertRegex(row["started"], TIME)

    def test_trials(self):
        rows = self.p.json("trials")
        self.assertEqual([row["trial"] for row in rows], [f"1.{i}" for i in range(1, len(rows) + 1)])
        for row in rows:
            self.check_trial(row)
        self.assertEqual([row["baseline"] for row in rows], [True] + [False] * (len(rows) - 1))
        self.assertEqual(rows[0]["params"], {"model": "linear", "lr": 0.1, "tags": ["hour"],
                                             "fixed": 256})
        for row in rows:
            self.assertEqual("hidden" in row["params"], row["params"]["model"] == "mlp")
            self.assertIs(type(row["params"]["fixed"]), int)
        infeasible = rows[4]
        self.assertEqual((infeasible["state"], infeasible["value"], infeasible["step"]),
                         ("infeasible", None, None))
        self.assertEqual(infeasible["attempts"][0]["exit"], 65)
        self.assertEqual(rows, self.p.json("trials", "1"))
        chosen = self.p.json("trials", "--state", "infeasible")
        self.assertEqual(chosen, [infeasible])

    def test_best(self):
        best = self.p.json("best")
        self.check_trial(best)
        self.assertIs(type(best["value"]), float)
        self.assertEqual(best, self.p.show()["best"])
        top = self.p.json("best", "--top", "3")
        self.assertEqual(best, top[0])
        self.assertEqual(len(top), 3)
        for word in (best["trial"], "lr"):
            self.assertIn(word, self.p.trawl("best").out)

    def test_show(self):
        show = self.p.show()
        self.assertLessEqual({"search", "space", "version", "state", "method", "goal", "metric",
                              "trials", "baseline", "best"}, set(show))
        self.assertEqual((show["search"], show["space"], show["version"], show["state"]),
                         (1, "shapes", 1, "completed"))
        self.assertEqual((show["goal"], show["metric"]), ("minimize", "loss"))
        self.assertEqual(sum(show["trials"].values()), len(self.p.trials()))
        self.assertLessEqual(set(show["trials"]), STATES)
        self.assertTrue(show["baseline"]["baseline"])
        self.assertEqual(show, self.p.show(1))
        self.check_trial(self.p.show("1.2"))
        for argument, words in (("1", ("shapes", "completed", "loss")), ("1.2", ("1.2", "lr"))):
            out = self.p.trawl("show", argument).out
            for word in words:
                self.assertIn(word, out)

    def test_ls(self):
        self.assertEqual(self.p.json("ls"), [self.p.show()])
        self.assertIn("shapes", self.p.trawl("ls").out)

    def test_metrics(self):
        points = self.p.json("metrics", "1.1")
        self.assertEqual([(p["step"], p["name"], p["value"]) for p in points],
                         [(i, name, value) for i in (1, 2, 3)
                          for name, value in (("loss", float(f"0.{i}11")),)])
        for point in points:
            self.assertEqual(set(point), {"step", "name", "value", "time"})
            self.assertRegex(point["time"], TIME)
        self.assertEqual(points, self.p.json("metrics", "1.1", "--name", "loss"))
        self.assertEqual([], self.p.json("metrics", "1.1", "--name", "nothing"))
        self.assertIn("0.111", self.p.trawl("metrics", "1.1").out)
        self.assertIn("search", self.p.trawl("metrics", "1", status=2).err)

    def test_events(self):
        events = self.ran.events
        self.assertEqual(events[0]["event"], "search_started")
        self.assertEqual(events[-1]["event"], "search_ended")
        self.assertEqual(events[-1]["state"], "completed")
        self.assertIn("eta=3", events[0]["method"])
        for event in events:
            self.assertRegex(event["time"], TIME)
            self.assertEqual(event["search"], 1)
        ended = {e["trial"]: e["state"] for e in events if e["event"] == "trial_ended"}
        self.assertEqual(ended, {row["trial"]: row["state"] for row in self.p.json("trials")})
        reports = [e for e in events if e["event"] == "report" and e["trial"] == "1.1"]
        self.assertEqual([(e["step"], e["value"]) for e in reports],
                         [(1, 0.111), (2, 0.211), (3, 0.311)])

    def test_export(self):
        whole = self.p.json("export")
        self.assertEqual(whole["search"], self.p.show())
        self.assertEqual(whole["trials"], self.p.json("trials"))
        self.assertEqual(whole["source"], FILE)
        rows = list(csv.DictReader(io.StringIO(self.p.trawl("export", "--csv").out)))
        trials = self.p.json("trials")
        self.assertEqual([row["trial"] for row in rows], [row["trial"] for row in trials])
        for row, trial in zip(rows, trials):
            self.assertEqual(float(row["lr"]), trial["params"]["lr"])
            self.assertEqual(row["tags"], ",".join(trial["params"]["tags"]))
            self.assertEqual(row["hidden"], str(trial["params"].get("hidden", "")))
            self.assertEqual(row["value"], "" if trial["value"] is None else row["value"])
        points = list(csv.DictReader(io.StringIO(self.p.trawl("export", "--csv", "--metrics").out)))
        self.assertIn({"trial": "1.1", "step": "2", "name": "loss", "value": "0.211",
                       "time": points[1]["time"]}, points)

    def test_logs(self):
        self.assertIn("step=2 loss=0.211 other=2\n", self.p.trawl("logs", "1.1").out)
        self.assertEqual(self.p.trawl("logs", "1.1", "-n", "2").out.count("\n"), 2)
        timed = self.p.trawl("logs", "1.1", "--times").out.splitlines()
        self.assertTrue(all(TIME.match(line.split(" ")[0]) for line in timed), timed)
        self.assertTrue(self.p.trawl("logs").out)
        self.p.trawl("logs", "1.1", "--attempt", "7", status=1)

    def test_unknown_ids(self):
        for command in ("show", "trials", "best", "logs", "metrics", "export", "resume", "pause",
                        "stop", "kill", "retry"):
            with self.subTest(command):
                said = self.p.trawl(command, "77", status=None)
                self.assertIn(said.status, (1, 2), said)
                self.assertRegex(said.err, "77|search")
                said = self.p.trawl(command, "1.777", status=None)
                self.assertIn(said.status, (1, 2), said)
                self.assertTrue(said.err)
                for nonsense in ("x", "1.", "1.2.3", "-1", "0", "1.0", "99999999999999999999"):
                    said = self.p.trawl(command, nonsense, status=2)
                    self.assertTrue(said.err)

    def test_states_that_do_not_allow_it(self):
        for command in ("resume", "pause", "stop", "kill", "retry"):
            said = self.p.trawl(command, "1", status=1)
            self.assertIn("search 1", said.err)
        for command in ("pause", "stop", "kill", "resume", "retry"):
            said = self.p.trawl(command, "1.1", status=1)
            self.assertIn("1.1", said.err)
        self.assertEqual(self.p.show()["state"], "completed")

    def test_found_upward(self):
        os.makedirs(self.p.path("a/b"), exist_ok=True)
        out = self.p.trawl("show", "--json", cwd=self.p.path("a/b")).json
        self.assertEqual(out, self.p.show())
        self.p.trawl("check", cwd=self.p.path("a/b"))

    def test_store_by_option_and_environment(self):
        elsewhere = self.p.path_of("h")
        for where in (self.p.path(".trawl"), "sqlite:" + self.p.path(".trawl"),
                      "sqlite:" + self.p.path(".trawl/trawl.db")):
            self.assertEqual(self.p.trawl("ls", "--json", "--store", where, cwd=elsewhere).json,
                             self.p.json("ls"))
            self.assertEqual(self.p.trawl("ls", "--json", cwd=elsewhere,
                                          env={"TRAWL_STORE": where}).json, self.p.json("ls"))
        said = self.p.trawl("ls", "--store", "postgresql://x/y", status=2)
        self.assertIn("SQLite", said.err)

    def test_pipe_closed(self):
        for command in ("trials", "show", "ls", "export", "metrics 1.1", "logs 1.1", "trials --json",
                        "export --csv", "export --json", "help", "doctor"):
            with self.subTest(command):
                said = subprocess.run(f"'{TRAWL}' {command} | head -c 1; exit ${{PIPESTATUS[0]}}",
                                      shell=True, executable="/bin/bash", cwd=self.p.dir,
                                      env=self.p.env, text=True, errors="replace", stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=120)
                self.assertEqual((said.stderr, said.returncode), ("", 0))

    def test_doctor_and_gc(self):
        self.assert_in_order()
        self.assertIn("journal", self.p.trawl("doctor").out)
        self.p.json("gc", "--dry-run")
        self.p.trawl("gc", "--dry-run")

    def test_colours(self):
        plain = self.p.trawl("trials").out
        self.assertNotIn("\033", plain)
        shown = self.on_terminal("trials")
        self.assertIn(b"\033[", shown)
        self.assertNotIn(b"\033", self.on_terminal("trials", env={"NO_COLOR": "1"}))
        self.assertNotIn(b"\033", self.on_terminal("trials", env={"TERM": "dumb"}))

    def on_terminal(self, *args, env=None):
        master, slave = terminal()
        child = subprocess.Popen([TRAWL, *args], cwd=self.p.dir, stdin=slave, stdout=slave,
                                 stderr=slave, close_fds=True,
                                 env={**self.p.env, "TERM": "xterm", **(env or {})})
        os.close(slave)
        out = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            out += piece
        os.close(master)
        self.assertEqual(child.wait(), 0)
        return out


class Commands(Case):
    def test_help(self):
        overview = self.p.trawl("help").out
        self.assertEqual(overview, self.p.trawl("--help").out)
        for command in COMMANDS:
            with self.subTest(command):
                self.assertIn(f"\n  {command} ", overview)
                text = self.p.trawl(command, "--help").out
                self.assertTrue(text.startswith(f"trawl {command}"), text)
                self.assertEqual(text, self.p.trawl("help", command).out)
                self.assertEqual(text, self.p.trawl(command, "-h").out)
        self.assertRegex(self.p.trawl("--version").out, r"^trawl \d+\.\d+")

    def test_wrong_use(self):
        self.assertIn("did you mean `trawl trials`", self.p.trawl("trails", status=2).err)
        self.assertIn("did you mean --detach", self.p.trawl("run", "--detatch", status=2).err)
        self.assertIn("check", self.p.trawl("help", "chekc", status=2).err)
        self.p.trawl("ls", "more", status=2)
        self.p.trawl("metrics", status=2)
        self.p.trawl("run", "--trials", status=2)
        self.p.trawl("run", "--detach=yes", status=2)
        self.assertIn("trawl.yaml", self.p.trawl("run", status=1).err)
        self.p.trawl("run", "nowhere.yaml", status=None)
        self.assertFalse(os.path.exists(self.p.path(".trawl")))

    def test_nothing_run_yet(self):
        simple(self.p)
        for command in ("ls", "show", "trials", "best", "logs", "export", "resume", "pause", "stop",
                        "kill", "retry"):
            with self.subTest(command):
                said = self.p.trawl(command, status=1)
                self.assertIn("nothing has been run here yet", said.err)
        self.assertEqual(self.p.trawl("ls", "--json", status=None).out in ("", "[]\n"), True)
        self.assertFalse(os.path.exists(self.p.path(".trawl")))

    def test_a_wrong_file_starts_nothing(self):
        simple(self.p, search="trails: 2")
        said = self.p.trawl("run", status=2)
        self.assertRegex(said.err, r'^trawl.yaml:7:\d+: unknown key "trails" in search')
        self.assertIn('did you mean "trials"', said.err)
        self.assertFalse(os.path.exists(self.p.path(".trawl")))
        said = self.p.trawl("check", "--json", status=2)
        self.assertEqual((said.json["ok"], said.json["errors"][0]["line"]), (False, 7))
        self.assertLessEqual({"code", "file", "line", "column", "message", "hint"},
                             set(said.json["errors"][0]))

    def test_check_and_plan(self):
        self.p.yaml(FILE)
        self.p.sh(TRAIN)
        checked = self.p.json("check")
        self.assertEqual((checked["ok"], checked["errors"]), (True, []))
        self.assertIn("space", checked)
        out = self.p.trawl("check").out
        for name in ("model", "lr", "hidden", "tags"):
            self.assertIn(name, out)
        self.assertTrue(checked["program"]["found"])
        self.assertNotIn("is not there", out)
        for nowhere in ("./nowhere", "no-such-program-anywhere"):
            self.assertEqual(self.p.json("check", "--set", f"command={nowhere} ${{args}}")["program"],
                             {"name": nowhere, "found": False})
            self.assertIn(f"{nowhere}  is not there",
                          self.p.trawl("check", "--set", f"command={nowhere} ${{args}}").out)
        plan = self.p.json("plan")
        self.assertIn("asha", json.dumps(plan))
        self.assertIn("asha", self.p.trawl("plan").out)
        self.assertFalse(os.path.exists(self.p.path(".trawl")))

    def test_overrides(self):
        simple(self.p, search="trials: 9")
        self.p.run("--set", "search.trials=1", "--set", "parameters.x=int(4, 4)")
        self.assertEqual([t["params"] for t in self.p.trials().values()], [{"x": 4}])
        self.p.run("-n", "2", "--method", "random", "--seed", "5", "-j", "1", "--space", "other")
        show = self.p.show()
        self.assertEqual((show["space"], show["trials"]), ("other", {"completed": 2}))
        self.assertIn("random", show["method"])
        said = self.p.trawl("run", "--set", "search.trials=0.5", status=2)
        self.assertIn("search.trials", said.err)
        self.assertIn("KEY=VALUE", self.p.trawl("run", "--set", "search.trials", status=2).err)

    def test_inline(self):
        self.p.sh('echo "loss=$#"; echo "$@"\n')
        ran = self.p.run("-m", "loss", "-g", "minimize", "-n", "3", "--", "./train.sh",
                         "--lr=~loguniform(1e-4, 1)", "--layers=~int(1, 4)", "--plain=7")
        self.assertEqual(ran.events[-1]["state"], "completed")
        for row in self.p.trials().values():
            self.assertEqual(set(row["params"]), {"lr", "layers"})
            self.assertIn(f"--layers={row['params']['layers']} --plain=7",
                          self.p.trawl("logs", row["trial"]).out)
        self.p.trawl("run", "-m", "loss", "-g", "minimize", "--", "./train.sh",
                     "--lr=~uniform(0, 1)", status=2)

    def test_summary_and_plain_lines(self):
        simple(self.p, more="baseline: {x: 0.5}\n", body='echo "loss=$(echo "$1" | cut -c5-)"\n')
        out = self.p.trawl("run").out
        self.assertIn("baseline", out)
        self.assertIn("train.sh --x=", out)
        self.assertNotIn("\033", out)
        quiet = self.p.trawl("run", "--quiet").out
        self.assertLess(len(quiet), len(out))

    def test_try(self):
        simple(self.p, search="trials: 9, budget: {min: 1, max: 9}", more="baseline: {x: 0.5}\n",
               body='for i in $(seq $TRAWL_STEPS); do echo "step=$i loss=1"; done\n')
        self.assertRegex(self.p.trawl("try").out, r"loss = 1, 1 report\b")
        said = self.p.json("try")
        self.assertEqual((said["state"], said["value"], said["step"]), ("completed", 1.0, 1))
        self.p.trawl("ls", status=1)  # a try is no search
        simple(self.p, body="echo lossy=1\n", more="baseline: {x: 0.5}\n")
        self.assertIn("its output holds lossy", self.p.trawl("try", status=1).out)

    def test_exit_status(self):
        simple(self.p, body="exit 3\n", search="trials: 2", more="retries: 0\n")
        self.p.run(status=1)
        simple(self.p, body='case $TRAWL_TRIAL in *.1) exit 3;; esac; echo loss=1\n',
               search="trials: 2", more="retries: 0\n")
        self.p.run(status=0)
        self.assertEqual(self.p.states(), {"failed": 1, "completed": 1})

    def test_detach_and_follow(self):
        simple(self.p, body="echo begun\nwhile [ ! -e ../../../../../go ]; do sleep 0.05; done\n"
               "echo loss=1\n", search="trials: 2, parallel: 1")
        said = self.p.trawl("run", "--detach")
        self.assertIn("search 1", said.out)
        self.assertEqual(self.p.show()["state"], "running")
        wait_until(lambda: "begun" in self.p.trawl("logs", "1.1", status=None).out)
        following = self.p.start("logs", "-f", "1.1")
        wait_until(lambda: "begun" in following.out)
        self.assertTrue(following.alive())
        self.p.write("go", "")
        self.assertEqual(following.wait(0).out, "begun\nloss=1\n")
        wait_until(lambda: self.p.show()["state"] == "completed")
        self.p.wait_quiet()
        self.assertEqual(self.p.trawl("run", "-d", "--json").json, {"search": 2})
        wait_until(lambda: self.p.show()["state"] == "completed")

    def test_detach_says_what_is_wrong(self):
        simple(self.p, more="resources: {gpus: 99, devices: [a]}\n")
        said = self.p.trawl("run", "--detach", status=2)
        self.assertIn("resources.gpus is 99", said.err)

    def test_live_picture(self):
        simple(self.p, body="for i in 1 2 3; do echo step=$i loss=0.$i; sleep 0.1; done\n",
               search="trials: 3, budget: {min: 1, max: 3}, parallel: 1",
               more="baseline: {x: 0.5}\n")
        master, slave = terminal()
        child = subprocess.Popen([TRAWL, "run"], cwd=self.p.dir, stdin=slave, stdout=slave,
                                 stderr=slave, env={**self.p.env, "TERM": "xterm-256color"})
        os.close(slave)
        shown = b""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if select.select([master], [], [], 1)[0]:
                try:
                    shown += os.read(master, 65536)
                except OSError:
                    break
        os.close(master)
        self.assertEqual(child.wait(), 0)
        text = shown.decode(errors="replace")
        self.assertIn("\033[", text)
        self.assertIn("baseline", text)
        self.assertRegex(text, "[▁▂▃▄▅▆▇█]")

    def test_report_outside_a_trial(self):
        said = self.p.trawl("report", "loss=1", status=1)
        self.assertIn("trial", said.err)
        self.p.trawl("report", "loss", status=None)

    def test_gc_frees(self):
        simple(self.p, body='echo x > "$TRAWL_CHECKPOINT/state"; echo loss=1; '
               'case $TRAWL_TRIAL in *.2) exit 3;; esac\n', search="trials: 3", more="retries: 0\n")
        self.p.run()
        self.assertTrue(os.path.exists(self.p.path(".trawl/trials/1/2/checkpoint/state")))
        self.p.trawl("gc")
        self.assertTrue(os.path.exists(self.p.path(".trawl/trials/1/2/checkpoint/state")))
        best = self.p.show()["best"]["trial"].split(".")[1]
        self.p.trawl("gc", "--all")
        self.assertFalse(os.path.exists(self.p.path(".trawl/trials/1/2/checkpoint/state")))
        self.assertTrue(os.path.exists(self.p.path(f".trawl/trials/1/{best}/checkpoint/state")))
        self.p.trawl("gc", "--search", "1")
        self.assertEqual(self.p.json("ls"), [])
        self.assertFalse(os.path.exists(self.p.path(".trawl/trials/1")))
        self.assert_in_order()
