"""Bad luck: two runs at once, closed terminals, stopped controllers, Ctrl-C, clocks, damaged stores."""

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

from harness import TRAWL, Case, terminal, wait_until

TIMEOUT = 900
SOAK = bool(os.environ.get("TRAWL_SOAK"))
STEPS = """
state="$TRAWL_CHECKPOINT/step"
at=$(cat "$state" 2>/dev/null || echo 0)
echo "from $at"
while [ $at -lt ${TRAWL_STEPS:-1} ]; do
    at=$((at+1)); sleep ${PAUSE:-0.05}
    echo $at > "$state.new"; mv "$state.new" "$state"
    trawl report --step $at loss=0.${TRAWL_TRIAL#*.}$at; rc=$?
    [ $rc -eq 0 ] || exit $([ $rc -ge 10 ] && echo 0 || echo 1)
done
"""


class Lucky(Case):
    def project(self, body="echo loss=1\n", search="trials: 4, parallel: 2", more="", name="s"):
        self.p.sh(body)
        self.p.yaml(f"space: {name}\ncommand: ./train.sh\nmetric: loss\ngoal: minimize\n"
                    "parameters: {x: 'uniform(0, 1)', y: 'choice(a, b)'}\n"
                    f"search: {{{search}}}\n{more}")

    def stepping(self, trials=2, steps=30, parallel=2, pause="0.05", more=""):
        """Trials of many steps that keep checkpoints and ask for decisions."""
        self.project(STEPS, f"trials: {trials}, parallel: {parallel}, method: random, seed: 3, "
                     f"budget: {{min: 1, max: {steps}}}", f"env: {{PAUSE: {pause}}}\n" + more)

    def step_of(self, number, search=1):
        try:
            return int(self.p.read(f".trawl/trials/{search}/{number}/checkpoint/step"))
        except (OSError, ValueError):
            return 0

    def wait_step(self, number=1, step=1, search=1):
        wait_until(lambda: self.step_of(number, search) >= step, f"step {step} of trial {number}")

    def assert_whole(self, steps, search=1):
        """Every trial reached its last step; each step was reported once; from_step is right."""
        for number, row in self.p.trials(search).items():
            self.assertEqual((row["state"], row["step"]), ("completed", steps), row)
            points = [p["step"] for p in self.p.json("metrics", f"{search}.{number}")]
            self.assertEqual(points, list(range(1, steps + 1)))
        self.assert_in_order()


class Two(Lucky):
    def test_two_runs_at_once(self):
        """At the very same moment, several times: all are run, all finish, by one controller a time."""
        self.project("echo loss=1; sleep 0.1\n", "trials: 4, parallel: 2")
        for _ in range(3):
            runs = [self.p.start("run", "--json") for _ in range(3)]
            for run in runs:
                events = run.wait(0).events
                self.assertEqual((events[-1]["event"], events[-1]["state"]),
                                 ("search_ended", "completed"))
        shows = self.p.json("ls")
        self.assertEqual(len(shows), 9)
        for show in shows:
            self.assertEqual((show["state"], show["trials"]), ("completed", {"completed": 4}))
        self.assert_in_order()

    def test_second_is_handed_over_and_followed(self):
        self.stepping(trials=1, steps=100000, parallel=1)
        first = self.p.start("run")
        self.wait_step(1, 1)
        self.stepping(trials=2, steps=3, parallel=1)
        second = self.p.start("run").wait(0)
        self.assertIn("another trawl", second.out)
        self.assertIn("best", second.out)
        self.assertTrue(first.alive())
        self.assertEqual(self.p.states(2), {"completed": 2})
        self.p.trawl("stop", "1")
        first.wait(1)
        self.assertEqual(self.p.show(1)["state"], "stopped")

    def test_follower_killed_and_its_search_goes_on(self):
        self.stepping(trials=1, steps=25, parallel=1)
        first = self.p.start("run")
        self.wait_step(1, 1)
        second = self.p.start("run")
        wait_until(lambda: len(self.p.json("ls")) == 2)
        second.signal(signal.SIGKILL)
        second.process.wait()
        first.wait()
        self.assertEqual([s["state"] for s in self.p.json("ls")], ["completed", "completed"])

    def test_ctrl_c_of_the_follower_pauses_its_search_only(self):
        self.stepping(trials=1, steps=25, parallel=1)
        first = self.p.start("run")
        self.wait_step(1, 1)
        second = self.p.start("run", "-j", "1")
        wait_until(lambda: "2.1" in second.out)
        second.signal(signal.SIGINT)
        second.wait(130)
        first.wait(0)
        self.assertEqual([s["state"] for s in self.p.json("ls")], ["paused", "completed"])
        self.p.trawl("resume", "2")
        self.assertEqual(self.p.show(2)["state"], "completed")

    def test_slots_of_a_machine_are_not_given_twice(self):
        """resources.devices: two searches of one controller never hold the same one at once."""
        body = """
mkdir "$LOCKS/$CUDA_VISIBLE_DEVICES" || { echo taken; exit 9; }
sleep 0.1; rmdir "$LOCKS/$CUDA_VISIBLE_DEVICES"; echo loss=1
"""
        more = (f"resources: {{gpus: 1, devices: [a, b]}}\nenv: {{LOCKS: {self.p.path_of('t')}}}\n"
                "retries: 0\n")
        self.project(body, "trials: 6, parallel: 2", more)
        for run in [self.p.start("run") for _ in range(2)]:
            run.wait(0)
        for show in self.p.json("ls"):
            self.assertEqual(show["trials"], {"completed": 6})


class Terminal(Lucky):
    def test_closed(self):
        self.stepping(trials=2, steps=40)
        master, slave = terminal()

        def own_terminal():
            os.setsid()
            import fcntl
            import termios
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        child = subprocess.Popen([TRAWL, "run"], cwd=self.p.dir, env={**self.p.env, "TERM": "xterm"},
                                 stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal)
        os.close(slave)
        reader = threading.Thread(target=self.drain, args=(master,), daemon=True)
        reader.start()
        self.wait_step(1, 3)
        self.closing = True
        os.kill(child.pid, signal.SIGCONT)
        reader.join()  # closes the terminal: SIGHUP
        self.assertEqual(child.wait(), 0)
        self.assert_whole(40)

    closing = False

    def drain(self, master):
        import select
        while not self.closing:
            if select.select([master], [], [], 0.05)[0]:
                os.read(master, 65536)
        os.close(master)

    def test_output_closed(self):
        self.stepping(trials=2, steps=5)
        for how in ("run", "run --json"):
            ran = subprocess.run(f"'{TRAWL}' {how} | head -n 1; exit ${{PIPESTATUS[0]}}", shell=True,
                                 executable="/bin/bash", cwd=self.p.dir, env=self.p.env, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=240)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            self.assertEqual(self.p.show()["state"], "completed")


class Interrupted(Lucky):
    def test_once(self):
        self.stepping()
        run = self.p.start("run")
        self.wait_step(1, 3)
        self.wait_step(2, 3)
        run.signal(signal.SIGINT)
        said = run.wait(130)
        self.assertIn("pausing", said.out)
        show = self.p.show()
        self.assertEqual((show["state"], show["trials"]), ("paused", {"paused": 2}))
        before = {n: row["step"] for n, row in self.p.trials().items()}
        self.assertTrue(all(3 <= step < 30 for step in before.values()), before)
        self.p.wait_quiet()
        self.p.trawl("resume")
        self.assert_whole(30)
        for number, row in self.p.trials().items():
            self.assertEqual([a["from_step"] for a in row["attempts"]], [0, before[number]])
            self.assertEqual(row["attempts"][0]["reason"], "paused")
            self.assertEqual(self.p.trawl("logs", f"1.{number}").out.splitlines()[0],
                             f"from {before[number]}")

    def test_twice(self):
        """Programs that never ask: the first Ctrl-C asks them to end, the second ends them."""
        self.project("trap '' TERM\necho loss=1\nwhile :; do sleep 0.1; done\n", "trials: 2",
                     "resources: {grace: 100s}\n")
        run = self.p.start("run")
        wait_until(lambda: self.p.processes_named("train.sh"))
        wait_until(lambda: os.path.exists(self.p.path(".trawl/trawl.db")) and
                   self.p.json("metrics", "1.1", status=None))
        run.signal(signal.SIGINT)
        wait_until(lambda: "pausing" in run.out)
        self.assertTrue(run.alive())
        run.signal(signal.SIGINT)
        run.wait(130)
        self.assertEqual(self.p.show()["state"], "paused")
        self.assertEqual(set(self.p.states()), {"paused"})

    def test_sigterm_is_ctrl_c(self):
        self.stepping()
        run = self.p.start("run")
        self.wait_step(1, 2)
        run.signal(signal.SIGTERM)
        run.wait(130)
        self.assertEqual(self.p.show()["state"], "paused")
        self.p.trawl("resume", "--detach")
        wait_until(lambda: self.p.show()["state"] == "completed")
        self.p.wait_quiet()
        self.assert_whole(30)

    def test_controller_killed_and_resumed(self):
        self.stepping(steps=40)
        run = self.p.start("run")
        self.wait_step(1, 3)
        run.signal(signal.SIGKILL)
        run.process.wait()
        at = self.step_of(1)
        self.wait_step(1, at + 3)  # it trains on without a controller
        self.p.trawl("resume")
        self.assert_whole(40)
        self.assertEqual([len(row["attempts"]) for row in self.p.trials().values()], [1, 1])

    def test_controller_killed_and_looked_at(self):
        """Reading commands work beside a dead controller; pause and kill find what it left."""
        self.stepping(steps=1000)
        run = self.p.start("run")
        self.wait_step(1, 2)
        run.signal(signal.SIGKILL)
        run.process.wait()
        self.assertEqual(self.p.show()["state"], "running")
        self.p.trawl("ls")
        self.p.trawl("doctor")
        self.p.trawl("pause")
        self.p.wait_quiet()
        self.assertEqual((self.p.show()["state"], self.p.states()), ("paused", {"paused": 2}))
        self.p.trawl("kill")
        self.assertEqual((self.p.show()["state"], self.p.states()), ("stopped", {"cancelled": 2}))

    def test_a_new_run_takes_up_what_a_dead_one_left(self):
        self.stepping(steps=1000)
        run = self.p.start("run")
        self.wait_step(1, 2)
        run.signal(signal.SIGKILL)
        run.process.wait()
        self.stepping(trials=1, steps=3)
        self.p.trawl("run")
        self.p.wait_quiet()
        self.assertEqual([(s["search"], s["state"]) for s in self.p.json("ls")],
                         [(2, "completed"), (1, "paused")])

    def test_controller_stopped_for_a_while(self):
        """SIGSTOP: programs go on, their reports wait with their supervisors."""
        self.stepping(steps=40)
        run = self.p.start("run")
        self.wait_step(1, 3)
        run.signal(signal.SIGSTOP)
        time.sleep(60 if SOAK else 1.5)
        run.signal(signal.SIGCONT)
        run.wait(0)
        self.assert_whole(40)
        self.assertEqual([len(row["attempts"]) for row in self.p.trials().values()], [1, 1])

    def test_supervisor_stopped_for_a_while(self):
        self.stepping(steps=40)
        run = self.p.start("run")
        self.wait_step(1, 3)
        stopped = self.p.supervisors()
        self.assertTrue(stopped)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(60 if SOAK else 1)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        run.wait(0)
        self.assert_whole(40)


class Wishes(Lucky):
    def test_with_a_controller(self):
        self.stepping(trials=3, steps=1000, parallel=3, pause="0.03")
        run = self.p.start("run", "--detach")
        run.wait(0)
        for number in (1, 2, 3):
            self.wait_step(number, 2)
        self.p.trawl("pause", "1.1")
        wait_until(lambda: self.p.trials()[1]["state"] == "paused")
        self.p.trawl("stop", "1.2")
        wait_until(lambda: self.p.trials()[2]["state"] == "stopped")
        self.p.trawl("kill", "1.3")
        wait_until(lambda: self.p.trials()[3]["state"] == "cancelled")
        # only a trial that a person set aside is left: the search is paused, its controller gone
        wait_until(lambda: self.p.show()["state"] == "paused")
        self.p.wait_quiet()
        at = self.p.trials()[1]["step"]
        resumed = self.p.start("resume", "1.1")
        wait_until(lambda: self.step_of(1) > at + 2)
        self.p.trawl("pause", "1")
        resumed.wait(130)
        self.assertEqual(self.p.show()["state"], "paused")
        self.assertGreater(self.p.trials()[1]["step"], at)
        self.assertIn("is stopped already", self.p.trawl("stop", "1.2", status=1).err)
        self.p.trawl("stop", "1")
        self.assertEqual((self.p.show()["state"], self.p.states()),
                         ("stopped", {"stopped": 2, "cancelled": 1}))
        self.assert_in_order()

    def test_pause_and_resume_beside_a_living_controller(self):
        self.stepping(trials=1, steps=100000, parallel=1, pause="0.03")
        other = self.p.start("run")
        self.wait_step(1, 2)
        self.stepping(trials=1, steps=20, parallel=1)
        second = self.p.start("run")
        self.wait_step(1, 2, search=2)
        self.p.trawl("pause", "2")
        second.wait(130)
        self.assertEqual(self.p.show(2)["state"], "paused")
        self.p.trawl("resume", "2")
        self.assert_states(2, {"completed": 1})
        row = self.p.trials(2)[1]
        self.assertEqual(len(row["attempts"]), 2)
        self.p.trawl("kill", "1")
        other.wait(1)
        self.assert_states(1, {"cancelled": 1})

    def assert_states(self, search, states):
        self.assertEqual(self.p.states(search), states)

    def test_retry(self):
        self.project('[ -e "$HOME/well" ] || { [ "${TRAWL_TRIAL#*.}" -gt 2 ] && exit 3; }\n'
                     "echo loss=0.${TRAWL_TRIAL#*.}\n", "trials: 4, parallel: 1", "retries: 0\n")
        self.p.trawl("run")
        self.assertEqual(self.p.states(), {"completed": 2, "failed": 2})
        with open(self.p.path_of("h/well"), "w", encoding="utf-8"):
            pass
        self.p.trawl("retry", "1.3")
        self.assertEqual(self.p.states(), {"completed": 3, "failed": 1})
        self.assertEqual(len(self.p.trials()[3]["attempts"]), 2)
        self.p.trawl("retry")
        self.assertEqual((self.p.states(), self.p.show()["state"]), ({"completed": 4}, "completed"))
        self.assertIn("no failed trials", self.p.trawl("retry", status=1).err)
        self.assert_in_order()

    def test_stop_and_resume(self):
        self.stepping(trials=6, steps=20, parallel=2)
        run = self.p.start("run")
        self.wait_step(1, 2)
        self.p.trawl("stop")
        run.wait(1)
        self.assertEqual((self.p.show()["state"], self.p.states()), ("stopped", {"stopped": 2}))
        self.p.trawl("resume")
        show = self.p.show()
        self.assertEqual((show["state"], show["trials"]), ("completed", {"stopped": 2, "completed": 4}))
        self.assert_in_order()

    def test_search_time_ends_it(self):
        self.stepping(trials=50, steps=1000)
        self.p.trawl("run", "--time", "2s")
        show = self.p.show()
        self.assertEqual((show["state"], show["why"]), ("completed", "its time is used up"))
        self.assertEqual(show["trials"].get("stopped"), 2)


class Stores(Lucky):
    def test_newer(self):
        self.project()
        self.p.trawl("run")
        with self.p.database(write=True) as db:
            db.execute("PRAGMA user_version = 99")
        for command in (["ls"], ["show", "1"], ["run"], ["resume"], ["trials", "--json"]):
            said = self.p.trawl(*command, status=1)
            self.assertIn("written by a newer trawl", said.err)
        with self.p.database(write=True) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM search").fetchone(), (1,))

    def test_not_a_store(self):
        self.project()
        os.mkdir(self.p.path(".trawl"), 0o700)
        self.p.write(".trawl/trawl.db", "this is no database at all, but text " * 200)
        for command in ("ls", "run"):
            self.assertRegex(self.p.trawl(command, status=1).err, "not a|no store|database")
        self.assertIn("this is no", self.p.read(".trawl/trawl.db"))

    def test_another_programs_database(self):
        self.project()
        os.mkdir(self.p.path(".trawl"), 0o700)
        with self.p.database(write=True) as db:
            db.execute("CREATE TABLE precious (x)")
        self.p.trawl("run", status=1)
        with self.p.database() as db:
            self.assertEqual(db.execute("SELECT name FROM sqlite_master").fetchall(), [("precious",)])

    def test_corrupt(self):
        """Damage in the middle is said, by doctor and by what meets it; nothing crashes."""
        self.project("for i in 1 2 3 4 5 6 7 8 9; do echo step=$i loss=$i more=$i; done\n",
                     "trials: 40, parallel: 2")
        self.p.trawl("run")
        path = self.p.path(".trawl/trawl.db")
        with open(path, "rb") as f:
            whole = f.read()
        generator, found = random.Random(7), 0
        for _ in range(20 if SOAK else 3):
            damaged = bytearray(whole)
            at = generator.randrange(4096, len(damaged) - 2048)
            damaged[at:at + 2048] = generator.randbytes(2048)
            with open(path, "wb") as f:
                f.write(damaged)
            for command in (["ls"], ["trials", "--json"], ["export"], ["metrics", "1.3"], ["doctor"],
                            ["resume"], ["run"]):
                said = self.p.trawl(*command, status=None)
                self.assertIn(said.status, (0, 1), said)
                self.assertEqual(said.status == 0 or bool(said.err or said.out), True)
            found += self.p.trawl("doctor", status=None).status
        self.assertGreater(found, 0)
        for cut in (0, 100, 5000):
            with open(path, "wb") as f:
                f.write(whole[:cut])
            for command in (["ls"], ["run"]):
                said = self.p.trawl(*command, status=None)
                self.assertIn(said.status, (0, 1), said)

    def test_folder_removed_while_it_runs(self):
        self.stepping(steps=1000)
        run = self.p.start("run")
        self.wait_step(1, 3)
        for _ in range(100):
            shutil.rmtree(self.p.path(".trawl"), ignore_errors=True)
            if not os.path.exists(self.p.path(".trawl")):
                break
        run.signal(signal.SIGINT)
        time.sleep(0.5)
        run.signal(signal.SIGINT)
        run.wait()
        self.p.kill_all()


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
/* Shifts the wall clock, and only that, by the seconds in the file SHIFT. */
static long shift(void)
{
    long s = 0;
    FILE *f = fopen(SHIFT, "re");
    if (f) {
        if (fscanf(f, "%ld", &s) != 1)
            s = 0;
        fclose(f);
    }
    return s;
}
int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        t->tv_sec += shift();
    return r;
}
int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}
"""


class Clock(Lucky):
    def preload(self):
        """An LD_PRELOAD that shifts the wall clock by what the file `shift` says."""
        self.shift = self.p.path_of("shift")
        source, library = self.p.path_of("shim.c"), self.p.path_of("shim.so")
        with open(source, "w", encoding="utf-8") as f:
            f.write(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", f'-DSHIFT="{self.shift}"', "-o", library,
                        source, "-ldl"], check=True)
        self.step_clock(0)
        asan = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": library, "ASAN_OPTIONS": asan + ":verify_asan_link_order=0"}

    def step_clock(self, seconds):
        with open(self.shift + ".new", "w", encoding="utf-8") as f:
            f.write(str(seconds))
        os.rename(self.shift + ".new", self.shift)

    def test_back_and_forth(self):
        """Years in both directions: no limit strikes, nothing is lost, nothing waits for ever."""
        env = self.preload()
        self.stepping(steps=40, more="resources: {time: 1h, silence: 10m}\n")
        run = self.p.start("run", "--time", "5h", env=env)
        self.wait_step(1, 3)
        for number, seconds in enumerate((10**8, -10**8, 3600, -(10**9), 0)):
            self.step_clock(seconds)
            self.wait_step(1, 5 + 3 * number)
        run.wait(0)
        self.assert_whole(40)
        self.assertEqual(self.p.show()["state"], "completed")

    def test_before_the_epoch(self):
        env = self.preload()
        self.step_clock(-(10**10))
        self.project("echo loss=1\n", "trials: 2")
        self.p.trawl("run", env=env)
        self.p.json("trials")
        self.assertEqual(self.p.states(), {"completed": 2})


class Repeatable(Lucky):
    def journal(self, search):
        with self.p.database() as db:
            rows = db.execute("SELECT id, trial, kind, data FROM journal WHERE id >> 32 = ? "
                              "ORDER BY id", (search,)).fetchall()
        return [(number & 0xffffffff, *rest) for number, *rest in rows]

    def twice(self, search, times=2, body=None, parallel="3"):
        self.project(body or """
d=$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')
for i in 1 2 3 4; do
    sleep 0.0$((d % 10)); d=$((d / 2 + i * 7))
    trawl report --step $i loss=$(echo "$(sed 's/.*"x":\\([0-9.]*\\).*/\\1/' "$TRAWL_PARAMS" |
        cut -c1-6) $i" | awk '{ print $1 / $2 }') || exit 0
done
""", search)
        found = []
        for number in range(1, times + 1):
            self.p.trawl("run", "-j", parallel)
            rows = self.p.json("trials")
            found.append([(row["trial"].split(".")[1], row["state"], row["params"], row["seed"],
                           row["value"], row["step"]) for row in rows])
            found[-1].append(self.journal(number))
        self.assert_in_order()
        return found

    def test_order_fixed(self):
        """Three slots, random delays: the same trials, the same decisions, the same journal."""
        found = self.twice("trials: 12, seed: 5, order: fixed, method: sobol + asha(eta=2), "
                           "budget: {min: 1, max: 4}", times=3)
        self.assertEqual(found[0][:-1], found[1][:-1])
        self.assertEqual(found[0][-1], found[1][-1])
        self.assertEqual(found[0], found[2])
        self.assertIn("stopped", {trial[1] for trial in found[0][:-1]})

    def test_order_fixed_interrupted(self):
        """The same with a pause and a killed controller in the middle."""
        search = ("trials: 8, seed: 5, order: fixed, method: sobol + asha(eta=2), "
                  "budget: {min: 1, max: 4}, parallel: 3")
        body = """
state="$TRAWL_CHECKPOINT/step"
at=$(cat "$state" 2>/dev/null || echo 0)
while [ $at -lt $TRAWL_STEPS ]; do
    at=$((at+1)); sleep 0.1
    trawl report --step $at loss=$(echo "$(sed 's/.*"x":\\([0-9.]*\\).*/\\1/' "$TRAWL_PARAMS" |
        cut -c1-6) $at" | awk '{ print $1 / $2 }'); rc=$?
    echo $at > "$state"
    [ $rc -eq 0 ] || exit 0
done
"""
        self.project(body, search)
        self.p.trawl("run")
        run = self.p.start("run")
        wait_until(lambda: os.path.exists(self.p.path(".trawl/trials/2/2/checkpoint/step")))
        run.signal(signal.SIGKILL)
        run.process.wait()
        time.sleep(0.3)
        run = self.p.start("resume", "2")
        wait_until(lambda: "search 2" in run.out and
                   os.path.exists(self.p.path(".trawl/trials/2/4/checkpoint/step")))
        run.signal(signal.SIGINT)
        self.assertIn(run.wait().status, (0, 130), run.err)
        if self.p.show(2)["state"] == "paused":
            self.p.trawl("resume", "2")

        def trials(number):
            return [(n, row["state"], row["params"], row["seed"], row["value"], row["step"])
                    for n, row in self.p.trials(number).items()]

        # What trained on while no controller was there may have gone further than its decision.
        one, two = trials(1), trials(2)
        self.assertEqual([(n, params, seed) for n, _, params, seed, _, _ in one],
                         [(n, params, seed) for n, _, params, seed, _, _ in two])
        for (_, state, *_), (_, other, *_) in zip(one, two):
            self.assertIn((state, other), {("completed", "completed"), ("stopped", "stopped"),
                                           ("stopped", "completed")})
        self.assert_in_order()

    def test_same_seed_same_trials(self):
        found = self.twice("trials: 6, seed: 11, method: random", body="echo loss=1\n", parallel="1")
        self.assertEqual(found[0], found[1])
        self.project("echo loss=1\n", "trials: 6, seed: 12, method: random, parallel: 1")
        self.p.trawl("run")
        self.assertNotEqual([row["params"] for row in self.p.trials(3).values()],
                            [row["params"] for row in self.p.trials(1).values()])

    def test_replicates(self):
        self.project("echo loss=1\n", "trials: 6, seeds: 3, method: random, parallel: 1")
        self.p.trawl("run")
        rows = self.p.trials()
        for first in (1, 4):
            group = [rows[first + i] for i in range(3)]
            self.assertEqual(len({json.dumps(row["params"]) for row in group}), 1)
            self.assertEqual(len({row["seed"] for row in group}), 3)
        self.assertNotEqual(rows[1]["params"], rows[4]["params"])
        self.project("echo loss=1\n", "trials: 4, seeds: same, method: random, parallel: 1")
        self.p.trawl("run")
        self.assertEqual(len({row["seed"] for row in self.p.trials(2).values()}), 1)
