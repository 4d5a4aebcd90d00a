"""Programs as they are in the world: each ends in a clear state and with a clear message."""

import glob
import json
import os
import subprocess
import sys

from harness import Case, sanitized, wait_until


TIMEOUT = 900


class Programs(Case):
    def search(self, trials=1, command="./train.sh ${args}", method="random", more="", search="",
               retries=0, metric="loss", args=("-j", "1"), status=0, parameters="x: 'uniform(0, 1)'"):
        """Runs a search of a few trials and returns its trials by number."""
        self.p.yaml(f"space: s\ncommand: {command}\nmetric: {metric}\ngoal: minimize\n"
                    f"parameters: {{{parameters}}}\nretries: {retries}\n"
                    f"search: {{trials: {trials}, method: {method}{', ' + search if search else ''}}}\n{more}")
        self.ran = self.p.run(*args, status=status)
        return self.p.trials()

    def one(self, body=None, **settings):
        """The only trial of a search, and its only attempt."""
        if body is not None:
            self.p.sh(body)
        row = self.search(**settings)[1]
        return row, row["attempts"][-1]

    def check(self, row, state, reason, why=None):
        self.assertEqual((row["state"], row["attempts"][-1]["reason"]), (state, reason), row)
        if why:
            self.assertRegex(row["why"], why)


class Starting(Programs):
    def test_missing(self):
        row, _ = self.one(command="./nowhere ${args}", status=1)
        self.check(row, "failed", "spawn", r"there is no program .*nowhere")
        row, _ = self.one(command="no-such-program-anywhere", status=1)
        self.check(row, "failed", "spawn", 'there is no program "no-such-program-anywhere" in PATH')

    def test_not_executable(self):
        self.p.write("train.sh", "#!/bin/sh\necho loss=1\n", 0o644)
        row, _ = self.one(status=1)
        self.check(row, "failed", "spawn", "train.sh is not executable .*chmod")

    def test_no_interpreter(self):
        self.p.write("train.sh", "#!/no/such/shell\n", 0o755)
        row, _ = self.one(status=1)
        self.check(row, "failed", "spawn", "names the interpreter /no/such/shell")
        self.p.write("train.sh", "#!/bin/sh\r\necho loss=1\r\n", 0o755)
        row, _ = self.one(status=1)
        self.check(row, "failed", "spawn", "Unix line ends")
        self.p.write("train.sh", "echo loss=1\n", 0o755)
        row, _ = self.one(status=1)
        self.check(row, "failed", "spawn", "#!/bin/sh")

    def test_three_alike_end_the_search(self):
        self.p.sh("echo preparing; echo 'ImportError: no module torch' >&2; exit 7\n")
        rows = self.search(trials=30, retries=2, status=1)
        show = self.p.show()
        self.assertEqual(show["state"], "failed")
        self.assertIn("the first 3 attempts failed alike", show["why"])
        self.assertEqual(sum(len(row["attempts"]) for row in rows.values()), 3)
        plain = self.p.trawl("run", status=1)
        self.assertIn("ImportError: no module torch", plain.out + plain.err)

    def test_baseline_that_fails_is_retried_and_the_search_goes_on(self):
        self.p.sh('[ "$TRAWL_TRIAL" = 1.1 ] && exit 3\necho loss=1\n')
        rows = self.search(trials=3, retries=1, more="baseline: {x: 0.5}\n")
        self.assertEqual([row["state"] for row in rows.values()], ["failed"] + ["completed"] * 3)
        self.assertEqual(len(rows[1]["attempts"]), 2)
        self.assertEqual([a["exit"] for a in rows[1]["attempts"]], [3, 3])


class Ending(Programs):
    def test_exit_65(self):
        row, attempt = self.one("echo 'too large'; exit 65\n", status=1)
        self.check(row, "infeasible", "exit")
        self.assertEqual((len(row["attempts"]), attempt["exit"]), (1, 65))

    def test_report_infeasible(self):
        row, _ = self.one("trawl report --infeasible 'does not fit'\nexit 1\n", retries=2, status=1)
        self.check(row, "infeasible", "exit", "does not fit")
        self.assertEqual(len(row["attempts"]), 1)

    def test_no_metric(self):
        row, _ = self.one("echo 'epoch 3: val_los=0.3 acc=0.9'\n", retries=2, status=1)
        self.check(row, "failed", "no_metric", r"never reported loss; its output holds .*val_los")
        self.assertEqual(len(row["attempts"]), 1)

    def test_signal(self):
        row, attempt = self.one("kill -SEGV $$\n", status=1)
        self.check(row, "failed", "signal", "SIGSEGV")
        self.assertEqual((attempt["signal"], attempt["exit"]), (11, None))

    def test_time_limit(self):
        row, _ = self.one("echo loss=1; while :; do echo on; sleep 0.1; done\n", status=1,
                          more="resources: {time: 1s, grace: 1s}\n")
        self.check(row, "failed", "timeout", r"longer than 1\.0 s")

    def test_time_limit_of_one_that_hears_no_term(self):
        row, attempt = self.one("trap '' TERM INT HUP\necho loss=1\nwhile :; do sleep 0.1; done\n",
                                status=1, more="resources: {time: 1s, grace: 500ms}\n")
        self.check(row, "failed", "timeout", r"longer than 1\.0 s")
        self.assertEqual(attempt["signal"], 9)

    def test_silence(self):
        row, _ = self.one("echo loss=1\nexec sleep 1000\n", status=1,
                          more="resources: {silence: 1s, grace: 1s}\n")
        self.check(row, "failed", "silence", r"no output and no report for 1\.0 s")

    def test_a_report_is_no_silence(self):
        row, _ = self.one("for i in 1 2 3 4 5 6; do sleep 0.5; trawl report loss=$i; done\n",
                          more="resources: {silence: 2s}\n")
        self.check(row, "completed", "exit")

    def test_memory(self):
        self.p.python("x = []\nwhile True: x.append(bytearray(b'x' * (16 << 20)))\n")
        row, _ = self.one(command="./train.py", status=1, more="resources: {memory: 200MiB}\n")
        self.check(row, "failed", "oom", r"want of memory: .* of 200\.0 MiB")

    def test_budget_of_one_that_never_ends(self):
        """A program that knows nothing of TRAWL_STEPS is ended at its last step, completed."""
        row, _ = self.one("i=0; while :; do i=$((i+1)); echo step=$i loss=0.$i; sleep 0.02; done\n",
                          search="budget: {min: 1, max: 5}")
        self.check(row, "completed", "exit")
        self.assertGreaterEqual(row["step"], 5)

    def test_retry_from_the_checkpoint(self):
        self.p.sh("""
at=$(cat "$TRAWL_CHECKPOINT/step" 2>/dev/null || echo 0)
[ $at -eq 0 ] && [ -n "$(ls -A "$TRAWL_CHECKPOINT")" ] && exit 9
while [ $at -lt $TRAWL_STEPS ]; do
    at=$((at+1)); echo "step=$at loss=0.$at"; sleep 0.05; echo $at > "$TRAWL_CHECKPOINT/step"
    [ $at -eq 3 ] && [ ! -e "$TRAWL_CHECKPOINT/died" ] && { touch "$TRAWL_CHECKPOINT/died"; kill -9 $$; }
done
exit 0
""")
        row = self.search(retries=2, search="budget: {min: 1, max: 6}")[1]
        self.check(row, "completed", "exit")
        self.assertEqual([(a["reason"], a["from_step"]) for a in row["attempts"]],
                         [("signal", 0), ("exit", 3)])
        self.assertEqual([p["step"] for p in self.p.json("metrics", "1.1")], [1, 2, 3, 4, 5, 6])
        self.assertIn("step=4", self.p.trawl("logs", "1.1").out)
        self.assertIn("step=1", self.p.trawl("logs", "1.1", "--attempt", "1").out)


class Leftovers(Programs):
    def test_children_that_stay_behind(self):
        row, _ = self.one("""
sleep 1001 &
setsid sleep 1002 &
(setsid sleep 1003 & )
nohup setsid sh -c 'trap "" TERM HUP INT; sleep 1004; sleep 1005' >/dev/null 2>&1 &
env -i setsid sleep 1006 >/dev/null 2>&1 &
cd /; setsid sh -c '(sleep 1007 &) ; exit' >/dev/null 2>&1 </dev/null
echo loss=1
""")
        self.check(row, "completed", "exit")
        self.assertEqual([], [pid for pid in filter(str.isdigit, os.listdir("/proc"))
                              if self.sleeps(pid)])

    @staticmethod
    def sleeps(pid):
        """Also one whose environment was emptied."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return f.read() == b"sleep\x001006\x00"
        except OSError:
            return False

    def test_daemon(self):
        self.p.python("""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 100)
        while True: time.sleep(1)
    os._exit(0)
os.wait()
print("loss=1")
""")
        row, _ = self.one(command="./train.py")
        self.check(row, "completed", "exit")

    def test_stopped_child_does_not_hold_the_end(self):
        row, _ = self.one("sleep 1000 & kill -STOP $!\necho loss=1\n")
        self.check(row, "completed", "exit")

    def test_closed_stdout(self):
        row, _ = self.one("echo loss=1; exec >&- 2>&-; sleep 0.3; exit 0\n")
        self.check(row, "completed", "exit")
        row, _ = self.one("exec >&- 2>&-; trawl report loss=2 || exit 4; exit 0\n")
        self.check(row, "completed", "exit")
        self.assertEqual(row["value"], 2.0)

    def test_closed_every_descriptor(self):
        self.p.python("import os, time\nprint('loss=1', flush=True)\nos.closerange(0, 1000)\n"
                      "time.sleep(0.3)\nos._exit(0)\n")
        row, _ = self.one(command="./train.py")
        self.check(row, "completed", "exit")

    def test_stdin_is_empty(self):
        row, _ = self.one("cat; echo loss=1\n")
        self.check(row, "completed", "exit")


class Output(Programs):
    def test_one_line_that_never_ends(self):
        """A gigabyte without a newline (200 MB where sanitizers make it slow), then the metric."""
        megabytes = 200 if sanitized() else 1024
        self.p.sh(f"head -c {megabytes}000000 /dev/zero | tr '\\0' x\necho\necho loss=0.5\n")
        row, _ = self.one()
        self.check(row, "completed", "exit")
        self.assertEqual(row["value"], 0.5)
        log = self.p.path(".trawl/trials/1/1/attempt-1.log")
        self.assertLessEqual(os.path.getsize(log), (256 << 20) + 1000)
        self.assertLess(len(self.p.trawl("logs", "1.1", "-n", "2").out), 1 << 20)

    def test_a_log_has_a_limit(self):
        if sanitized():
            self.skipTest("too slow under sanitizers")
        row, _ = self.one("yes | head -c 400000000; echo loss=1\n")
        self.check(row, "completed", "exit")
        log = self.p.path(".trawl/trials/1/1/attempt-1.log")
        self.assertLessEqual(os.path.getsize(log), (256 << 20) + 1000)

    def test_not_text(self):
        row, _ = self.one("head -c 100000 /dev/urandom; printf '\\377\\376\\0'; echo; echo loss=0.5\n")
        self.check(row, "completed", "exit")
        self.p.trawl("logs", "1.1")

    def test_nan_and_infinity_never_win(self):
        for word, shown in (("nan", "nan"), ("inf", "inf"), ("-inf", "-inf"), ("NaN", "nan"),
                            ("-Infinity", "-inf")):
            with self.subTest(word):
                self.p.sh(f'case $TRAWL_TRIAL in *.2) echo loss={word};; '
                          '*) echo "loss=0.${TRAWL_TRIAL#*.}";; esac\n')
                rows = self.search(trials=4)
                self.assertEqual((rows[2]["state"], rows[2]["value"]), ("completed", shown))
                self.assertEqual(self.p.json("best")["value"], 0.1)
                self.assertEqual(self.p.json("metrics", rows[2]["trial"])[0]["value"], shown)
                self.p.trawl("best", "--top", "9")
                self.p.trawl("trials")
        self.assert_in_order()

    def test_only_nan(self):
        self.p.sh("echo step=1 loss=nan; echo step=2 loss=nan\n")
        rows = self.search(trials=6, method="random + asha(eta=2)", search="budget: {min: 1, max: 2}")
        self.assertLessEqual({row["state"] for row in rows.values()}, {"completed", "stopped"})
        self.assertIsNone(self.p.show()["best"])
        self.assertIn("1", self.p.trawl("best", status=None).out + "1")
        self.assert_in_order()

    def test_steps_backwards(self):
        row, _ = self.one("for i in 1 2 5 3 4 5 6; do echo step=$i loss=0.$i; done\n",
                          search="budget: {min: 1, max: 6}")
        self.check(row, "completed", "exit")
        self.assertEqual((row["step"], row["value"]), (6, 0.6))
        points = [p["step"] for p in self.p.json("metrics", "1.1")]
        self.assertEqual(sorted(set(points)), [1, 2, 3, 4, 5, 6])
        self.assert_in_order()

    def test_steps_out_of_range(self):
        self.p.sh("trawl report --step 9223372036854775807 loss=1\n"
                  "trawl report --step -1 loss=2\ntrawl report loss=3; exit 0\n")
        row, _ = self.one()
        self.check(row, "completed", "exit")
        self.p.json("trials")
        self.assert_in_order()

    def test_forms_of_metrics(self):
        self.p.sh("""
printf '\\033[32mEpoch 1/3\\033[0m - loss: 0.5 - val_loss: 0.75\\r'
echo "{'loss': 0.25, 'val_loss': 0.5, 'epoch': 2.0}"
echo '"val_loss" = 2.5e-1 epoch 3'
""")
        row = self.search(metric="val_loss")[1]
        self.assertEqual((row["value"], row["step"]), (0.25, 3))
        self.assertEqual([(p["step"], p["value"]) for p in self.p.json("metrics", "1.1", "--name",
                                                                       "val_loss")],
                         [(1, 0.75), (2, 0.5), (3, 0.25)])

    def test_take(self):
        self.p.sh("for v in 4 1 2 6; do echo loss=$v; done\n")
        for take, value in (("last", 6.0), ("best", 1.0), ("mean(2)", 4.0)):
            row = self.search(metric=f"{{name: loss, take: {take}}}")[1]
            self.assertEqual(row["value"], value)


class Reports(Programs):
    def test_from_a_shell(self):
        self.p.sh("echo loss=99\ntrawl report --step 1 loss=0.5 other=2\necho loss=98\n"
                  "trawl report --step 2 loss=0.25 --json\necho rc=$?\n")
        row = self.search()[1]
        self.assertEqual((row["value"], row["step"]), (0.25, 2))
        out = self.p.trawl("logs", "1.1").out
        self.assertIn("continue\n", out)
        self.assertIn("rc=0", out)
        self.assertIn('"decision"', out)
        steps = [(p["step"], p["name"], p["value"]) for p in self.p.json("metrics", "1.1")]
        self.assertEqual(steps[-3:], [(1, "loss", 0.5), (1, "other", 2.0), (2, "loss", 0.25)])

    def test_stopped_by_asha_asking(self):
        """Every trial asks; the worse ones hear `stop`, exit 10, at a rung."""
        self.p.sh("""
for i in 1 2 3 4; do
    trawl report --step $i loss=${TRAWL_TRIAL#*.}; rc=$?
    echo "rc=$rc at $i"
    [ $rc -eq 10 ] && exit 0
done
""")
        rows = self.search(trials=8, method="random + asha(eta=2)", search="budget: {min: 1, max: 4}")
        states = [row["state"] for row in rows.values()]
        self.assertEqual(states[0], "completed")
        self.assertIn("stopped", states)
        for row in rows.values():
            if row["state"] == "stopped":
                self.assertIn("rc=10 at", self.p.trawl("logs", row["trial"]).out)
                self.assertLess(row["step"], 4)
        self.assert_in_order()

    def test_stopped_by_asha_not_asking(self):
        self.p.sh('for i in 1 2 3 4; do echo "step=$i loss=${TRAWL_TRIAL#*.}"; sleep 0.3; done\n')
        rows = self.search(trials=5, method="random + asha(eta=2)", search="budget: {min: 1, max: 4}")
        stopped = [row for row in rows.values() if row["state"] == "stopped"]
        self.assertTrue(stopped)
        for row in stopped:
            self.assertIn(row["attempts"][-1]["reason"], ("stopped", "exit"))
        self.assert_in_order()

    def test_reports_after_they_were_stopped(self):
        self.p.sh("""
for i in 1 2 3 4 5 6; do
    trawl report --step $i loss=${TRAWL_TRIAL#*.}; echo "rc=$? at $i"; sleep 0.05
done
exit 0
""")
        rows = self.search(trials=4, method="random + asha(eta=2)", search="budget: {min: 1, max: 8}")
        stopped = [row for row in rows.values() if row["state"] == "stopped"]
        self.assertTrue(stopped)
        for row in stopped:
            out = self.p.trawl("logs", row["trial"]).out
            first = out.index("rc=10")
            self.assertNotIn("rc=0", out[first:])
        self.assert_in_order()

    def test_wrong_token_and_nonsense(self):
        self.p.python("""
import os, socket
path = os.environ["TRAWL_ENDPOINT"].split(":", 1)[1]
def say(data):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        return s.recv(4096)
    except OSError as e:
        return e
print(say(b'{"token": "no", "report": {"metrics": {"loss": 1}}}\\n'))
print(say(b'{"nonsense\\n'))
print(say(b'\\x39\\0\\0\\0garbage' * 100))
print(say(b'{"a":' * 300000 + b'\\n'))
print(say(b''))
print("loss=0.5", flush=True)
""")
        row, _ = self.one(command="./train.py")
        self.check(row, "completed", "exit")
        self.assertEqual(row["value"], 0.5)
        self.assertIn("token", self.p.trawl("logs", "1.1").out)


class Folders(Programs):
    def test_environment(self):
        self.p.sh("""
env | grep '^TRAWL\\|^LR=\\|^OMP\\|_THREADS'; pwd; cat "$TRAWL_PARAMS"; echo
ls -ld "$TRAWL_CHECKPOINT"; [ "$(pwd -P)" = "$TRAWL_DIR" ] && echo at-home
echo kept > own.txt; echo loss=1
""")
        cpus = min(2, os.cpu_count())
        row = self.search(more=f"env: {{LR: '${{x}}', NAME: plain}}\nresources: {{cpus: {cpus}}}\n",
                          search="budget: {min: 1, max: 9}")[1]
        out = self.p.trawl("logs", "1.1").out
        for text in ("TRAWL_TRIAL=1.1\n", f"TRAWL_SEED={row['seed']}\n", "TRAWL_STEPS=9\n",
                     "TRAWL_ENDPOINT=unix:", "TRAWL_TOKEN=", f"OMP_NUM_THREADS={cpus}\n",
                     f"OPENBLAS_NUM_THREADS={cpus}\n", "at-home\n", f"LR={row['params']['x']!r}\n"):
            self.assertIn(text, out)
        with open(self.p.path(".trawl/trials/1/1/params.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f), row["params"])
        self.assertEqual(self.p.read(".trawl/trials/1/1/dir/own.txt"), "kept\n")

    def test_more_cpus_than_there_are(self):
        self.p.sh("echo loss=1\n")
        self.p.yaml("space: s\ncommand: ./train.sh\nmetric: loss\ngoal: minimize\n"
                    "parameters: {x: 'uniform(0, 1)'}\nsearch: {trials: 1}\n"
                    "resources: {cpus: 4096}\n")
        done = self.p.trawl("run", status=2)
        self.assertIn("resources.cpus is 4096, but this machine has", done.err)

    def test_editing_changes_nothing(self):
        self.p.write("value.txt", "1\n")
        self.p.sh('echo 2 > "$PROJECT/value.txt"; echo "loss=$(cat value.txt)"\n')
        rows = self.search(trials=3, more=f"env: {{PROJECT: {self.p.dir}}}\n")
        self.assertEqual([row["value"] for row in rows.values()], [1.0, 1.0, 1.0])
        self.assertEqual(self.p.read("value.txt"), "2\n")

    def test_git(self):
        """What git ignores is linked to the original; what it does not is in the snapshot."""
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
        run = dict(cwd=self.p.dir, env=self.p.env, check=True, stdout=subprocess.DEVNULL)
        self.p.write("data/big.bin", "7")
        self.p.write(".gitignore", "data/\n.trawl/\n")
        self.p.write("module.txt", "1")
        self.p.sh('echo "loss=$(cat module.txt)$(cat data/big.bin)$(cat new.txt)"; readlink data\n')
        subprocess.run([*git, "init", "-q"], **run)
        subprocess.run([*git, "add", "."], **run)
        subprocess.run([*git, "commit", "-qm", "x"], **run)
        self.p.write("new.txt", "5")
        self.p.write("module.txt", "3")
        row = self.search()[1]
        self.assertEqual(row["value"], 375.0)
        self.assertIn(self.p.path("data"), self.p.trawl("logs", "1.1").out)
        self.assertIn("data", self.p.json("check")["snapshot"]["linked"])

    def test_writing_into_the_snapshot(self):
        """Root can: then the search must say which file was changed, and by whom."""
        self.p.write("lib/module.txt", "1\n")
        self.p.sh("echo loss=$(cat lib/module.txt)\n"
                  "[ \"$TRAWL_TRIAL\" = 1.2 ] && echo 9 > lib/module.txt\nexit 0\n")
        self.search(trials=3, status=None)
        plain = self.p.trawl("show").out
        show = self.p.show()
        if self.p.trials()[3]["value"] == 1.0:  # the write was refused
            self.assertEqual(show["state"], "completed")
            self.assert_in_order()
            return
        for text in (show.get("why", ""), plain):
            self.assertIn("lib/module.txt", text)
        self.assertEqual(show["state"], "failed")
        self.assertEqual(self.ran.status, 1)
        self.assertIn("lib/module.txt", self.p.trawl("doctor", status=1).out)
        self.assertIn("lib/module.txt", self.p.trawl("resume", status=1).err)
        self.p.sh("echo loss=$(cat lib/module.txt)\n")
        self.assertEqual(self.search(trials=1)[1]["value"], 1.0)

    def test_a_failure_after_the_snapshot_was_changed(self):
        self.p.write("lib/module.txt", "1\n")
        self.p.sh("echo 9 > lib/module.txt || exit 0\n"
                  "exit 5\n")
        if os.geteuid() != 0:
            self.skipTest("only root can write there")
        self.search(trials=9, status=1)
        self.assertIn("lib/module.txt", self.p.show()["why"])
        self.assertLess(len(self.p.trials()), 3)

    def test_another_folder(self):
        row, _ = self.one("cd /; echo loss=1; rm -rf \"$TRAWL_DIR\"/*; exit 0\n")
        self.check(row, "completed", "exit")
        row, _ = self.one('rm -rf "$TRAWL_DIR" "$TRAWL_CHECKPOINT"; echo loss=1\n')
        self.check(row, "completed", "exit")

    def test_config_file(self):
        self.p.write("base.yaml", "optimizer:\n  name: adam\n  lr: 0.5\nkeep: [1, 2]\n")
        self.p.sh("cat config.yaml; echo loss=1\n")
        self.search(parameters="optimizer.lr: 'uniform(0.1, 0.2)'", command="./train.sh",
                    more="config: {from: base.yaml, to: config.yaml}\n")
        out = self.p.trawl("logs", "1.1").out
        self.assertIn("adam", out)
        self.assertRegex(out, r"lr: 0\.1\d+")
        self.p.write("base.json", '{"optimizer": {"lr": 1, "b": null}, "n": 9007199254740993}')
        self.p.sh("cat out.json; echo; echo loss=1\n")
        self.search(parameters="optimizer.lr: 'uniform(0.1, 0.2)'", command="./train.sh",
                    more="config: {from: base.json, to: out.json}\n")
        out = self.p.trawl("logs", "2.1").out
        config = json.loads(out[:out.index("\nloss=")])
        self.assertEqual((config["n"], config["optimizer"]["b"]), (9007199254740993, None))

    def test_forms_of_arguments(self):
        self.p.sh('for a in "$@"; do echo "<$a>"; done; echo loss=1\n')
        parameters = ("lr: 0.5, on: {prior: flag(), arg: --really}, off: 'flag(on=--x, off=--no-x)', "
                      "names: 'subset(\"a b\", c, min=2)', s: 'choice(\"q \\\" z\")'")
        base = "baseline: {on: true, off: false, names: [a b, c], s: 'q \" z'}\n"
        for form, words in (
                ("gnu", ["<--lr=0.5>", "<--really>", "<--no-x>", "<--names=a b,c>", '<--s=q " z>']),
                ("space", ["<--lr>", "<0.5>", "<--really>", "<--no-x>", "<--names>", "<a b,c>"]),
                ("hydra", ["<lr=0.5>", "<names=[a b,c]>", '<s=q " z>']),
                ('"-${name}:${value}"', ["<-lr:0.5>", "<-names:a b,c>"])):
            with self.subTest(form):
                self.search(parameters=parameters, more=base + f"args: {form}\n")
                out = self.p.trawl("logs", f"{self.p.show()['search']}.1").out
                for word in words:
                    self.assertIn(word + "\n", out)

    def test_shell_takes_values_as_values(self):
        self.p.sh('echo "<$1>"; echo loss=1\n')
        self.search(parameters="s: 'choice(\"$(touch pwned); `id` \\\"\")'", more="shell: true\n",
                    command="./train.sh ${s} | cat")
        self.assertIn('<$(touch pwned); `id` ">', self.p.trawl("logs", "1.1").out)

    def test_full_disk(self):
        """On a disk of its own that the program fills: the search ends, and says why."""
        disk = self.p.path_of("disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if mounted.returncode:
            self.skipTest(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.p.dir = os.path.join(disk, "p")
        os.mkdir(self.p.dir)
        self.p.sh('[ -e "$HOME/filled" ] || { touch "$HOME/filled"; '
                  'head -c 20000000 /dev/zero > "$TRAWL_DIR/fill"; }\n'
                  "for i in $(seq 200); do echo step=$i loss=0.$i; done\nexit 0\n")
        self.p.yaml("space: s\ncommand: ./train.sh\nmetric: loss\ngoal: minimize\nretries: 0\n"
                    "parameters: {x: 'uniform(0, 1)'}\n"
                    "search: {trials: 2, parallel: 1, budget: {min: 1, max: 200}}\n")
        ran = self.p.trawl("run", status=None)
        self.assertRegex(ran.out + ran.err, "(?i)no space left|no room is left|disk is full")
        self.p.wait_quiet()
        for path in glob.glob(self.p.path(".trawl/trials/*/*/dir/fill")):
            os.unlink(path)
        if ran.status:  # the store was hit too, not only the log
            self.assertIn("free some space", ran.err)
            self.p.trawl("resume")
        self.assertEqual(self.p.show()["state"], "completed")
        self.assertEqual([len(self.p.json("metrics", f"1.{i}")) for i in (1, 2)], [200, 200])
        self.assert_in_order()


class Devices(Programs):
    def test_each_its_own(self):
        self.p.sh("""
d=$CUDA_VISIBLE_DEVICES; echo "devices=$d"
for one in $(echo $d | tr , ' '); do mkdir "$LOCKS/$one" || { echo taken; exit 9; }; done
sleep 0.2
for one in $(echo $d | tr , ' '); do rmdir "$LOCKS/$one"; done
echo loss=1
""")
        locks = self.p.path_of("t")
        for gpus, parallel, searches in ((1, 3, 9), (2, 2, 5)):
            self.search(trials=searches, args=("-j", str(parallel)),
                        more=f"resources: {{gpus: {gpus}, devices: [g0, g1, g2]}}\n"
                             f"env: {{LOCKS: {locks}}}\n")
            rows = self.p.trials()
            self.assertEqual({row["state"] for row in rows.values()}, {"completed"})
            for row in rows.values():
                line = self.p.trawl("logs", row["trial"]).out.splitlines()[0]
                given = line.split("=")[1].split(",")
                self.assertEqual(len(set(given) & {"g0", "g1", "g2"}), gpus)

    def test_too_few(self):
        self.p.sh("echo loss=1\n")
        self.p.yaml("space: s\ncommand: ./train.sh\nmetric: loss\ngoal: minimize\n"
                    "parameters: {x: 'uniform(0, 1)'}\nsearch: {trials: 1}\n"
                    "resources: {gpus: 2, devices: [a]}\n")
        self.assertIn("resources.gpus is 2", self.p.trawl("run", status=2).err)


class Python(Programs):
    def test_decisions(self):
        self.p.python("""
import os, trawl
params = trawl.params()
number = int(os.environ["TRAWL_TRIAL"].split(".")[1])
assert set(params) == {"x"}, params
for epoch in range(1, int(os.environ["TRAWL_STEPS"]) + 1):
    go_on = trawl.report(step=epoch, loss=float(number))
    if not go_on:
        print("told to", "stop" if go_on.stop else "pause", "at", epoch)
        break
""")
        rows = self.search(trials=8, command="./train.py", method="random + asha(eta=2)",
                           search="budget: {min: 1, max: 4}")
        stopped = [row for row in rows.values() if row["state"] == "stopped"]
        self.assertTrue(stopped)
        for row in stopped:
            self.assertIn(f"told to stop at {row['step']}", self.p.trawl("logs", row["trial"]).out)
        self.assert_in_order()

    def test_pause_and_checkpoint(self):
        self.p.python("""
import os, time, trawl
folder = trawl.checkpoint()
state = os.path.join(folder, "step")
at = int(open(state).read()) if os.path.exists(state) else 0
print("from", at)
while at < int(os.environ["TRAWL_STEPS"]):
    at += 1
    open(state, "w").write(str(at))
    if not trawl.report(step=at, loss=1 / at):
        break
    time.sleep(0.05)
""")
        self.p.yaml("space: s\ncommand: ./train.py\nmetric: loss\ngoal: minimize\n"
                    "parameters: {x: 'uniform(0, 1)'}\n"
                    "search: {trials: 1, budget: {min: 1, max: 40}}\n")
        running = self.p.start("run")
        wait_until(lambda: self.p.path(".trawl/trawl.db") and os.path.exists(
            self.p.path(".trawl/trials/1/1/checkpoint/step")))
        running.signal(2)
        running.wait(130)
        row = self.p.trials()[1]
        self.assertEqual((row["state"], row["attempts"][0]["reason"]), ("paused", "paused"))
        self.p.trawl("resume")
        row = self.p.trials()[1]
        self.assertEqual((row["state"], row["step"], len(row["attempts"])), ("completed", 40, 2))
        self.assertEqual([p["step"] for p in self.p.json("metrics", "1.1")], list(range(1, 41)))
        self.assertIn(f"from {row['attempts'][1]['from_step']}", self.p.trawl("logs", "1.1").out)

    def test_by_hand(self):
        self.p.python("import trawl\nprint(trawl.params())\n"
                      "print(bool(trawl.report(step=1, loss=0.5)))\nprint(trawl.checkpoint())\n")
        ran = subprocess.run([sys.executable, self.p.path("train.py")], env=self.p.env, text=True,
                             cwd=self.p.dir, stdout=subprocess.PIPE, check=True)
        self.assertIn("loss", ran.stdout)
        self.assertIn("True", ran.stdout)


class C(Programs):
    def test_decisions(self):
        self.p.c("""
#include <stdio.h>
#include <trawl/report.h>

int main(void)
{
    double x = trawl_param_real("x", -1);
    for (long long step = 1; step <= trawl_steps(10); step++) {
        enum trawl_decision d = trawl_report(step, "loss", x);
        if (d != TRAWL_CONTINUE) {
            printf("told to %s at %lld\\n", d == TRAWL_STOP ? "stop" : "pause", step);
            break;
        }
    }
    return x < 0;
}
""")
        rows = self.search(trials=8, command="./train", method="random + asha(eta=2)",
                           search="budget: {min: 1, max: 4}, seed: 4")
        self.assertLessEqual({row["state"] for row in rows.values()}, {"completed", "stopped"})
        stopped = [row for row in rows.values() if row["state"] == "stopped"]
        self.assertTrue(stopped)
        for row in rows.values():
            self.assertEqual(row["value"], row["params"]["x"])
        for row in stopped:
            self.assertIn(f"told to stop at {row['step']}", self.p.trawl("logs", row["trial"]).out)
        self.assert_in_order()
