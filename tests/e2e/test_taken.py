"""take: what a trial's value is made of, over all of its attempts."""

from harness import Case

FILE = """\
space: taken
command: ./train.sh ${args}
metric: {name: loss, take: best}
goal: minimize
parameters:
  x: uniform(0, 1)
search: {trials: 1, parallel: 1}
retries: 0
"""


class Taken(Case):
    def test_best_of_what_came_before_a_retry(self):
        self.p.sh("if [ -e $TRAWL_CHECKPOINT/again ]; then echo step=2 loss=0.5; exit 0; fi\n"
                  "touch $TRAWL_CHECKPOINT/again; echo step=1 loss=0.1; exit 1\n")
        self.p.yaml(FILE)
        self.p.run(status=1)
        self.p.trawl("retry", "1.1")
        trial = self.p.trials()[1]
        self.assertEqual((trial["state"], trial["step"], trial["value"]), ("completed", 2, 0.1))
