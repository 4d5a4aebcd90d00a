"""What the tests that kill share: a program that keeps a ledger of what it said, and the comparison
of those ledgers with what trawl kept.

The program writes `S id step value` into a file of its attempt before it reports, and `A id` once
the report was answered (or, where it prints, was written). `id` is a second metric, of which no two
are ever the same. So for every attempt, whoever was killed:

  - what is stored is a beginning of what was said, in its order: nothing is doubled or made up;
  - what was answered is stored; so is what was printed, unless the supervisor died with it.

It holds a lock in its trial's folder, as do the children it leaves behind, and tells when somebody
else has it: then two attempts of a trial were alive at once.
"""

import collections
import contextlib
import os
import re
import shutil
import signal

from harness import Project, wait_until

PROGRAM = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int side;

static void note(char kind, long long id, int step, double value)
{
    char line[100];
    int n = kind == 'S' ? snprintf(line, sizeof(line), "S %lld %d %.17g\n", id, step, value)
                        : snprintf(line, sizeof(line), "A %lld\n", id);
    if (write(side, line, n) != n)
        _exit(3);
}

/* The decision's first letter; 0: there was no answer. */
static char ask(const char *line)
{
    static int fd = -1;
    char answer[200] = "";
    if (fd < 0) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        snprintf(at.sun_path, sizeof(at.sun_path), "%s", getenv("TRAWL_ENDPOINT") + strlen("unix:"));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
            return 0;
    }
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || recv(fd, answer, sizeof(answer) - 1, 0) <= 0)
        return 0;
    const char *decision = strstr(answer, "\"decision\": \"");
    if (!decision)
        decision = strstr(answer, "\"decision\":\"");
    return decision ? strchr(decision, ':')[strcspn(strchr(decision, ':'), "csp")] : 0;
}

/* c, s or p; 0: nobody is there any more. */
static char report(int asks, long long id, int step, double value)
{
    char line[500], answer = 'c';
    note('S', id, step, value);
    if (asks) {
        snprintf(line, sizeof(line),
                 "{\"token\": \"%s\", \"report\": {\"step\": %d, \"metrics\": {\"loss\": %.17g, "
                 "\"id\": %lld}}}\n",
                 getenv("TRAWL_TOKEN"), step, value, id);
        answer = ask(line);
    } else {
        int n = snprintf(line, sizeof(line), "step=%d loss=%.17g id=%lld\n", step, value, id);
        if (write(1, line, n) != n)
            return 0;
    }
    if (answer)
        note('A', id, step, value);
    return answer;
}

static void own_the_trial(int leave_a_child)
{
    int lock = open("lock", O_RDWR | O_CREAT, 0600);
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        int fd = open("violations", O_WRONLY | O_CREAT | O_APPEND, 0600);
        dprintf(fd, "attempt %s found another\n", getenv("TRAWL_TOKEN"));
        close(fd);
    }
    if (leave_a_child && fork() == 0) { /* in a session of its own, with the lock */
        setsid();
        sleep(1000);
        _exit(0);
    }
}

static int read_checkpoint(const char *path)
{
    int step = 0;
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%d", &step) != 1)
        exit(4);
    if (f)
        fclose(f);
    return step;
}

static void write_checkpoint(const char *path, int step)
{
    char fresh[4200];
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    FILE *f = fopen(fresh, "w");
    if (!f || fprintf(f, "%d\n", step) < 0 || fclose(f) != 0 || rename(fresh, path) != 0)
        exit(5);
}

/* train X WAY MICROSECONDS: WAY is ask, print or mixed */
int main(int argc, char **argv)
{
    char path[4100], name[200];
    unsigned random = 0;
    int steps = atoi(getenv("TRAWL_STEPS")), number = atoi(strchr(getenv("TRAWL_TRIAL"), '.') + 1);
    int asks = strcmp(argv[2], "mixed") ? !strcmp(argv[2], "ask") : number % 2;
    own_the_trial(number % 3 == 0);
    snprintf(name, sizeof(name), "side-%s", getenv("TRAWL_TOKEN"));
    side = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(path, sizeof(path), "%s/step", getenv("TRAWL_CHECKPOINT"));
    if (side < 0 || getrandom(&random, sizeof(random), 0) != sizeof(random))
        return 2;
    char decision = 'c';
    for (int step = read_checkpoint(path) + 1; step <= steps && decision == 'c'; step++) {
        usleep(atoi(argv[3]));
        decision = report(asks, random * 1000LL + step, step, atof(argv[1]) + 1.0 / step);
        /* What was printed dies with the supervisor if it has not read it: the last step is always
         * done again. */
        if ((step % 2 == 0 && step < steps) || decision == 'p')
            write_checkpoint(path, step);
    }
    return decision ? 0 : 6;
}
"""

# The same by the client library. What that can't deliver it says on stderr: then the program ends.
PYTHON = r"""
import fcntl, os, random, sys, time
import trawl

class Undelivered:
    def write(self, text):
        os._exit(6)
    def flush(self):
        pass

def note(text):
    os.write(side, text.encode())

sys.stderr = Undelivered()
lock = open("lock", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    open("violations", "a").write(os.environ["TRAWL_TOKEN"])
side = os.open("side-" + os.environ["TRAWL_TOKEN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
path = os.path.join(trawl.checkpoint(), "step")
done = int(open(path).read()) if os.path.exists(path) else 0
identity = random.SystemRandom().randrange(1 << 32) * 1000
for step in range(done + 1, trawl.steps() + 1):
    time.sleep(int(sys.argv[3]) / 1e6)
    loss = trawl.params()["x"] + 1 / step
    note(f"S {identity + step} {step} {loss!r}\n")
    decision = trawl.report(step=step, loss=loss, id=identity + step)
    note(f"A {identity + step}\n")
    if step % 2 == 0 and step < trawl.steps():
        with open(path + ".new", "w") as f:
            f.write(str(step))
        os.rename(path + ".new", path)
    if not decision:
        break
"""

FILE = """
space: kills
command: ./train ${{x}} {way} {pause}
metric: loss
metrics: [id]
goal: minimize
parameters: {{x: "uniform(0, 1)"}}
search:
  method: random + {allocator}
  trials: {trials}
  budget: {{min: 1, max: {steps}}}
  parallel: {parallel}
  seed: 11
  {more}
retries: 1000
durability: {durability}
{top}
"""

TRIAL_STATES = ("queued", "running", "paused", "completed", "stopped", "failed", "infeasible",
                "cancelled")
SEARCH_STATES = ("running", "paused", "completed", "stopped", "failed")
ATTEMPT_LOST = 3
TRIAL_BITS = 32  # a trial's id is its search's and, in the lower bits, its number


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return int(f.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


class KillProject(Project):
    """A search of the program above, and what is known about it behind trawl's back."""

    def __init__(self, way="mixed", pause=4000, allocator="asha(eta=2)", trials=6, steps=8,
                 parallel=2, more="", top="", durability="default", python=False, built=None):
        """`built`: where the program in C is kept between projects; `more` goes into search, `top`
        beside it."""
        super().__init__()
        if python:
            self.python(PYTHON, "train")
        elif built and os.path.exists(built):
            shutil.copy(built, self.path("train"))
        else:
            program = self.c(PROGRAM)
            if built:
                shutil.copy(program, built)
        self.way, self.n_trials, self.steps = way, trials, steps
        self.yaml(FILE.format(way=way, pause=pause, allocator=allocator, trials=trials, steps=steps,
                              parallel=parallel, more=more, top=top, durability=durability))

    def ask_store(self, sql, *values):
        """Rows; none where there is no store yet."""
        if not os.path.exists(self.path(".trawl/trawl.db")):
            return []
        with self.database() as db:
            if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'progress'").fetchone():
                return []
            return db.execute(sql, values).fetchall()

    def search_state(self):
        """Of the latest search; None where there is none."""
        rows = self.ask_store("SELECT state FROM progress ORDER BY search DESC LIMIT 1")
        return SEARCH_STATES[rows[0][0]] if rows else None

    def count(self, table, where="1"):
        rows = self.ask_store(f"SELECT count(*) FROM {table} WHERE {where}")
        return rows[0][0] if rows else 0

    def programs(self):
        return self.processes_named("./train")

    def supervisors(self):
        """Not their children that are still, or always, named so: the program before it is executed,
        and the process by which the leak sanitizer looks at its parent, which spins for ever once it
        has lost it."""
        named = set(super().supervisors())
        return [pid for pid in named if parent_of(pid) not in named]

    def signal_programs(self, number):
        for pid in self.programs():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop_programs(self):
        self.signal_programs(signal.SIGSTOP)

    def continue_programs(self):
        self.signal_programs(signal.SIGCONT)

    def go_on(self, **options):
        """The next controller, whatever the last one came to; None where the search is over."""
        state = self.search_state()
        if state == "completed":
            return None
        return self.start("run" if state is None else "resume", "--json", **options)

    def finish(self, running):
        """Lets it go to its end."""
        if running is not None:
            running.wait(0)
        self.wait_quiet()
        state = self.search_state()
        if state != "completed":
            raise AssertionError(f"the search is {state}")

    def kill(self, pid):
        """Only what is of this project, and still the process that it was. False: it is gone."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        try:
            if pid not in self.processes():
                return False
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        except ProcessLookupError:
            return False
        finally:
            os.close(fd)
        return True

    # --- what trawl kept against what the programs said ---

    def said(self, search, number, token):
        """(sent, answered) of an attempt: [(id, step, value)], [id]."""
        path = self.path(".trawl", "trials", str(search), str(number), "dir", f"side-{token}")
        sent, answered = [], []
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                for kind, identity, *rest in map(str.split, f):
                    if kind == "S":
                        sent.append((int(identity), int(rest[0]), float(rest[1])))
                    else:
                        answered.append(int(identity))
        return sent, answered

    def stored(self, attempt):
        """[(id, step, value)] of an attempt, in the order of its events."""
        rows = self.ask_store("SELECT m.seq, n.name, m.step, m.value FROM metric m JOIN metric_name n "
                              "ON n.id = m.name WHERE m.attempt = ? ORDER BY m.seq", attempt)
        reports = collections.defaultdict(dict)
        for seq, name, step, value in rows:
            reports[seq][name] = (step, value)
        return [(int(r["id"][1]), r["loss"][0], r["loss"][1]) for r in reports.values()]

    def check_attempt(self, case, search, number, attempt, token, state):
        sent, answered = self.said(search, number, token)
        stored = self.stored(attempt)
        what = f"trial {search}.{number}, attempt {attempt}, state {state}"
        case.assertEqual(stored, sent[:len(stored)], what)
        asked = self.way == "ask" or (self.way == "mixed" and number % 2 == 1)
        if state != ATTEMPT_LOST or asked:
            case.assertLessEqual(set(answered), {report[0] for report in stored}, what)
        return stored

    def check_trial(self, case, search, number, state, step, value, stored):
        case.assertIn(state, ("completed", "stopped"), f"trial {search}.{number}")
        case.assertTrue(stored, f"trial {search}.{number} has no report")
        case.assertEqual(step, max(report[1] for report in stored))
        case.assertIn((step, value), [report[1:] for report in stored])
        if state == "completed":
            case.assertEqual(step, self.steps)

    def check(self, case, search=None, n_metrics=2):
        """All that has to hold once the search is over. n_metrics: trials of which `trawl metrics`
        is compared too."""
        if search is None:
            search = self.ask_store("SELECT max(id) FROM search")[0][0]
        trials = self.ask_store("SELECT id, state, step, value FROM trial WHERE search = ? ORDER BY id",
                                search)
        numbers = [row[0] & ((1 << TRIAL_BITS) - 1) for row in trials]
        case.assertEqual(numbers, list(range(1, self.n_trials + 1)))
        for number, (trial, state, step, value) in zip(numbers, trials):
            attempts = self.ask_store("SELECT id, number, token, state FROM attempt WHERE trial = ? "
                                      "ORDER BY id", trial)
            case.assertEqual([row[1] for row in attempts], list(range(1, len(attempts) + 1)))
            stored, shown = [], {}
            for attempt, _, token, attempt_state in attempts:
                kept = self.check_attempt(case, search, number, attempt, token, attempt_state)
                stored += kept
                shown.update({report[1]: report[0] for report in kept})
            self.check_trial(case, search, number, TRIAL_STATES[state], step, value, stored)
            case.assertFalse(os.path.exists(self.path(".trawl", "trials", str(search), str(number),
                                                      "dir", "violations")),
                             f"two attempts of trial {search}.{number} were alive at once")
            if number <= n_metrics:
                rows = self.json("metrics", f"{search}.{number}")
                case.assertCountEqual([row["value"] for row in rows if row["name"] == "id"],
                                      shown.values())
        show = self.show(search)
        case.assertEqual(show["state"], "completed")
        states = collections.Counter(TRIAL_STATES[row[1]] for row in trials)
        case.assertEqual({k: v for k, v in show["trials"].items() if v}, dict(states))


def decisions(project, search):
    """What the searcher asked for, was told and decided, in order."""
    rows = project.ask_store("SELECT kind, trial, data FROM journal WHERE id >> 32 = ? "
                             "AND kind IN ('ask', 'report') ORDER BY id", search)
    return [(kind, trial, re.sub(r'"(seen|last|seq)": ?\d+,? ?', "", data)) for kind, trial, data in rows]


__all__ = ["KillProject", "decisions", "wait_until"]
