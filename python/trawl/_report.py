"""Reports over the endpoint, and the decisions that come back.

The protocol is one JSON object a line over a Unix socket (docs/PROTOCOL.md). One connection is kept
open; a lock lets threads share it, and after a fork the child opens its own.
"""

from __future__ import annotations

import enum
import json
import math
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

from trawl._trial import inside, say


class Decision(enum.Enum):
    """What the search says to a report. True means: go on.

    >>> bool(Decision.CONTINUE), bool(Decision.STOP), bool(Decision.PAUSE)
    (True, False, False)
    >>> Decision.STOP.stop, Decision.STOP.pause, str(Decision.STOP)
    (True, False, 'stop')
    """

    CONTINUE = "continue"
    STOP = "stop"
    PAUSE = "pause"

    def __bool__(self) -> bool:
        return self is Decision.CONTINUE

    def __str__(self) -> str:
        return self.value

    @property
    def stop(self) -> bool:
        """End for good: the trial is not worth more, or its steps are done."""
        return self is Decision.STOP

    @property
    def pause(self) -> bool:
        """Save a checkpoint and end; the trial may go on from it later."""
        return self is Decision.PAUSE


class Refused(ValueError):
    """The supervisor does not take what was sent."""


class _Connection:
    """The line to the supervisor of the process `pid`."""

    def __init__(self, address: str) -> None:
        if not address.startswith("unix:"):
            raise OSError(f"TRAWL_ENDPOINT={address} is no endpoint known here")
        self.pid = os.getpid()
        self.socket = _connect(address[len("unix:"):])
        self.rest = b""

    def send(self, line: bytes) -> None:
        self.socket.sendall(line)

    def receive(self) -> bytes:
        while b"\n" not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the supervisor went away")
            self.rest += more
        answer, self.rest = self.rest.split(b"\n", 1)
        return answer

    def close(self) -> None:
        self.socket.close()


def _connect(path: str) -> socket.socket:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if len(os.fsencode(path)) < 108:
            s.connect(path)
        else:  # longer than a socket's address: reached through its folder
            folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
            try:
                s.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
            finally:
                os.close(folder)
    except OSError:
        s.close()
        raise
    return s


class _Client:
    """All of the process's state: its connection, and whether it was said that there is none."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: _Connection | None = None
        self.warned = False

    def _connected(self) -> _Connection:
        # A connection from before a fork is the parent's: sharing it would mix up the answers.
        if self.connection is None or self.connection.pid != os.getpid():
            self.connection = _Connection(os.environ["TRAWL_ENDPOINT"])
        return self.connection

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def _exchange(self, line: bytes) -> bytes:
        reused = self.connection is not None
        try:
            self._connected().send(line)
        except OSError:
            # An idle connection may have been closed to make room. Half a line is nothing, so what
            # could not be sent may be sent again; what was sent may not: it could count twice.
            self._drop()
            if not reused:
                raise
            self._connected().send(line)
        return self._connected().receive()

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """Sends a message; its answer, or None where the supervisor can't be reached."""
        line = json.dumps({"token": os.environ["TRAWL_TOKEN"], **message}) + "\n"
        with self.lock:
            try:
                answer = json.loads(self._exchange(line.encode()))
            except (OSError, ValueError) as e:
                self._drop()
                if not self.warned:
                    say(f"not delivered, going on without trawl: {e}")
                self.warned = True
                return None
        if "error" in answer:
            raise Refused(f"trawl refused the report: {answer['error']}")
        return answer


_client = _Client()


def _after_fork() -> None:
    # The lock may have been held by a thread that the child does not have.
    _client.lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def _number(name: str, value: Any) -> float | str:
    """JSON for a metric: whatever float() takes, NumPy's and PyTorch's scalars too."""
    try:
        x = float(value)
    except (TypeError, ValueError) as e:
        raise TypeError(f"metric {name}: {value!r} is not a number") from e
    if math.isfinite(x):
        return x
    return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"


def report(step: int | None = None, **metrics: Any) -> Decision:
    """Reports metrics at a step; whether to go on.

    Without `step` it is one more than the last. Metrics are numbers, NaN and infinities included.
    The call returns when the decision is there: at once where none is due, else as soon as the
    search has made it. If the supervisor can't be reached that is said once, and training goes on.
    A report that it refuses, which only wrong arguments can bring about, is a ValueError. Outside a
    trial the report is printed.

    >>> if not report(step=3, val_auc=0.81):
    ...     pass                                       # save what is worth it and end
    step=3 val_auc=0.81
    >>> report(val_auc=float("nan")).stop
    val_auc=nan
    False
    """
    values = {name: _number(name, value) for name, value in metrics.items()}
    if step is not None and (int(step) != step or step < 0):
        raise ValueError(f"step must be a whole number, zero or more, not {step!r}")
    if not inside():
        words = [] if step is None else [f"step={int(step)}"]
        print(*words, *(f"{k}={v}" for k, v in values.items()), flush=True)
        return Decision.CONTINUE
    body: dict[str, Any] = {"metrics": values}
    if step is not None:
        body["step"] = int(step)
    answer = _client.ask({"report": body})
    return Decision.CONTINUE if answer is None else Decision(answer.get("decision", "continue"))


def infeasible(why: str = "") -> None:
    """Says that this configuration makes no sense, and why; then end the program.

    The trial becomes infeasible, whatever the exit code: it counts neither as failed nor against
    the number of trials, and the search learns to keep away.

    >>> infeasible("hidden is odd")
    infeasible: hidden is odd
    """
    if not inside():
        print(f"infeasible: {why}", flush=True)
        return
    _client.ask({"infeasible": str(why)})
