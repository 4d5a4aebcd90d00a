"""trawl's methods, through `trawl optimize`: JSON lines to and from a process, one for each run."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .peers import Peer
from .raw import Evaluations

if TYPE_CHECKING:
    from .tasks import Task


@functools.cache
def fingerprint(binary: Path) -> str:
    """Changes with the program."""
    return hashlib.sha256(binary.read_bytes()).hexdigest()[:12]


def document(task: Task, method: str, seed: int, evaluations: int) -> dict[str, object]:
    """The trawl.yaml of a run (JSON is YAML)."""
    return {
        "space": "quality",
        "command": ["true", "${args}"],
        "metric": "value",
        "goal": task.goal,
        "parameters": task.space.trawl(),
        "search": {"method": method, "trials": evaluations, "parallel": 1, "seed": seed},
    }


class Trawl(Peer):
    """One method of one trawl binary."""

    def __init__(self, method: str, binary: Path) -> None:
        super().__init__(method, ())
        self.binary = binary

    def version(self) -> str:
        return f"trawl {fingerprint(self.binary)} {self.name}"

    def run(self, task: Task, number: int, evaluations: int) -> tuple[Evaluations, float]:
        before = _children()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trawl.yaml"
            file.write_text(json.dumps(document(task, self.name, task.seed(number), evaluations), indent=1))
            seen = self._ask_and_tell(file, task, number, evaluations)
        return seen, _children() - before

    def _ask_and_tell(self, file: Path, task: Task, number: int, evaluations: int) -> Evaluations:
        seen: Evaluations = []
        with converse(self.binary, file) as say:
            while len(seen) < evaluations:
                trials = say({"ask": 1})["trials"]
                if not trials:
                    break
                configuration = trials[0]["params"]
                value = task.evaluate(configuration, number)
                seen.append((value, str(configuration.get(task.branch, ""))))
                say({"tell": {"id": trials[0]["id"], "value": value}})
        if not seen:
            raise SystemExit(f"trawl optimize, {task.name}, run {number}: it proposed nothing")
        return seen


@contextlib.contextmanager
def converse(binary: Path, file: Path) -> Iterator[Callable[[dict[str, object]], dict[str, Any]]]:
    """`trawl optimize`: a function that says a line and returns the answer."""
    with subprocess.Popen(
        [binary, "optimize", file.name], cwd=file.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield functools.partial(_say, process)
        process.communicate()
        if process.returncode != 0:
            raise SystemExit(f"trawl optimize: exit {process.returncode}")


def _say(process: subprocess.Popen[str], line: dict[str, object]) -> dict[str, Any]:
    assert process.stdin and process.stdout
    with contextlib.suppress(BrokenPipeError):  # it says on stderr why it ended
        process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
    text = process.stdout.readline()
    answer = json.loads(text) if text else {"error": "it ended"}
    if "error" in answer:
        raise SystemExit(f"trawl optimize: {json.dumps(line)} -> {answer['error']}")
    return answer


def _children() -> float:
    """Processor seconds of the processes waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
