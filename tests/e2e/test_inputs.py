"""What of a configuration reaches a program: arguments, variables, files, a shell's text."""

import json
import subprocess

from harness import Case

HEAD = "space: s\nmetric: loss\ngoal: minimize\nsearch: {trials: 3, seed: 1}\n"
# A program that keeps what it was given, word by word.
KEEPER = """\
import json, os, sys
given = {"argv": sys.argv[1:], "env": {k: v for k, v in os.environ.items() if k in ("DEPTH", "LR")},
         "params": json.load(open(os.environ["TRAWL_PARAMS"]))}
for name in ("run.yaml", "run.json"):
    if os.path.exists(name):
        given[name] = open(name).read()
json.dump(given, open("given.json", "w"))
print("loss=1")
"""
HOSTILE = "a 'b' \"c\" $(touch HACKED) `touch HACKED`; touch HACKED\n& \\ * caf\u00e9"


class Inputs(Case):
    def given(self, *args):
        """What each trial of a run was given, by number."""
        self.p.python(KEEPER)
        self.p.run(*args)
        rows = self.p.trials()
        self.assertEqual({row["state"] for row in rows.values()}, {"completed"})
        kept = {n: json.loads(self.p.read(".trawl", "trials", *row["trial"].split("."), "dir",
                                          "given.json")) for n, row in rows.items()}
        for n, row in rows.items():
            self.assertEqual(kept[n]["params"], row["params"])
        return kept

    def test_variables_of_inactive_parameters_are_not_set(self):
        self.p.yaml(HEAD + "command: ./train.py ${args}\nparameters:\n"
                    "  lr: uniform(0, 1)\n  on: flag()\n  depth: {prior: \"int(1, 9)\", when: on}\n"
                    "env: {DEPTH: ${depth}, LR: 'lr ${lr}'}\n"
                    "baseline: {lr: 0.5, on: true, depth: 3}\n")
        kept = self.given()
        self.assertEqual(kept[1]["env"], {"DEPTH": "3", "LR": "lr 0.5"})
        # what has a place in a variable has none among the arguments
        self.assertEqual(kept[1]["argv"], ["--on"])
        off = [given for given in kept.values() if not given["params"]["on"]]
        self.assertTrue(off)
        for given in off:
            self.assertEqual(set(given["env"]), {"LR"})
            self.assertEqual(given["argv"], [])

    def test_a_configuration_file(self):
        self.p.write("base.json", '{"seed": 18446744073709551615, "opt": {"name": "sgd", "eps": 1e-8}}')
        self.p.yaml(HEAD + "command: ./train.py\nparameters:\n  opt: {lr: \"uniform(0, 1)\", name: adam}\n"
                    "config: {from: base.json, to: run.json}\n")
        for given in self.given().values():
            written = json.loads(given["run.json"])
            self.assertEqual(written["seed"], 2**64 - 1)
            self.assertEqual(written["opt"], {"name": "adam", "eps": 1e-8,
                                              "lr": given["params"]["opt.lr"]})

    def test_hostile_values_in_every_form(self):
        for command, shell in (("./train.py ${v} '<${v}>' ${args}", False),
                               ("./train.py ${v} '<${v}>' ${args}", True),
                               ('./train.py "${v}" "<${v}>" ${args} # ${v}', True)):
            with self.subTest(command=command, shell=shell):
                self.p.yaml(HEAD + f"command: {json.dumps(command)}\nshell: {str(shell).lower()}\n"
                            f"parameters:\n  v: {json.dumps(HOSTILE)}\n  w: {json.dumps(HOSTILE)}\n"
                            "  lr: uniform(0, 1)\n")
                for n, given in self.given().items():
                    self.assertEqual(given["argv"], [HOSTILE, f"<{HOSTILE}>", f"--w={HOSTILE}",
                                                     f"--lr={given['params']['lr']}"])
        found = subprocess.run(["find", self.p.base, "-name", "HACKED"], stdout=subprocess.PIPE,
                               text=True, check=True)
        self.assertEqual(found.stdout, "")

    def test_the_inline_form(self):
        kept = self.given("--metric", "loss", "--goal", "minimize", "--trials", "3", "--", "./train.py",
                          "--lr=~loguniform(1e-4, 1)", "--layers", "~int(1, 4)", "--aug=~flag()",
                          "plain", HOSTILE)
        for given in kept.values():
            p = given["params"]
            self.assertEqual(given["argv"], [f"--lr={p['lr']}", "--layers", str(p["layers"])] +
                             ["--aug"] * p["aug"] + ["plain", HOSTILE])
        self.assertEqual(self.p.show()["space"], "train")

    def test_nothing_starts_from_a_wrong_file(self):
        self.p.yaml(HEAD + "command: ./train.py ${agrs}\nparameters:\n  lr: uniform(1, 0)\n")
        said = self.p.trawl("run", "--set", "search.trails=3", status=2)
        self.assertEqual(said.err, "trawl.yaml:7:15: the lower bound 1 is above the upper bound 0\n"
                         "  hint: put the smaller one first\n"
                         "--set search.trails: unknown key \"trails\" in search\n"
                         "  hint: did you mean \"trials\"?\n")
        self.assertEqual(self.p.processes(), {})
