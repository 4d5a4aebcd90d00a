"""Those who are measured: a process each that is told how far to go, so that all see the same machine."""

import os
import pathlib
import subprocess
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MISSING = 3  # what peers.py leaves with where a package is missing


class Missing(Exception):
    """Its package is not installed."""


@dataclass(frozen=True)
class Contender:
    """`limit`: goes no further than that many trials (0: as far as asked), for those that would take minutes;
    `rounds`: the same."""

    method: str
    of: str = "trawl"
    limit: int = 0
    rounds: int = 3

    @property
    def name(self):
        return f"{self.of} {self.method}"


@dataclass
class Machine:
    """How each kind of contender is started."""

    trawl: list  # words
    peers: list
    environment: dict = field(default_factory=dict)

    def words(self, contender, dimensions, trials):
        mine = contender.of == "trawl"
        name = contender.method if mine else f"{contender.of}-{contender.method}"
        return [*(self.trawl if mine else self.peers), name, str(dimensions), str(trials)]


def machine(build, python, realtime):
    """trawl's program with real-time priority, where that is wanted; the peers' by their own Python."""
    return Machine(
        [*(["chrt", "-r", "5"] if realtime else []), build / "bench" / "speed"],
        [python, "-W", "ignore", HERE / "peers.py"],
        dict.fromkeys(THREADS, "1"),
    )


class Conversation:
    """A contender at work. Nanoseconds by trial; KiB."""

    def __init__(self, words, environment):
        self.words = [str(word) for word in words]
        self.process = subprocess.Popen(
            self.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
        )
        self.cpu, self.wall = [], []
        self.peak = 0
        self.version = ""
        self._hear()
        self.empty = self.peak

    def _hear(self):
        for line in self.process.stdout:
            words = line.split(maxsplit=3)
            if words[0] == "end":
                self.peak, self.version = int(words[1]), words[3].strip()
                return
            self.cpu.append(int(words[0]))
            self.wall.append(int(words[1]))
        self.close()
        code = self.process.returncode
        if code == MISSING:
            raise Missing
        raise SystemExit(f"{' '.join(self.words)}: it ended with {code}")

    def say(self, word, n):
        self.process.stdin.write(f"{word} {n}\n")
        self.process.stdin.flush()
        self._hear()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
