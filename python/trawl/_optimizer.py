"""Ask and tell, and searching over a Python function, on libtrawl."""

from __future__ import annotations

import ctypes
import dataclasses
import inspect
import json
import logging
import math
import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, Optional, Union

from trawl import _library
from trawl._report import Decision

Space = Union[Mapping[str, Any], str, "os.PathLike[str]"]
Value = Union[float, Mapping[str, float], Sequence[float]]

_log = logging.getLogger("trawl")


class Error(ValueError):
    """What trawl refuses: the message says what is wrong, where, and what to do.

    >>> try:
    ...     Optimizer({"lr": "loguniform(1e-4, 1"})
    ... except Error as e:
    ...     print(e.file, e.line, e.message)
    space 1 loguniform( is never closed
    """

    def __init__(self, message: str, hint: str = "", detail: str = "", file: str = "",
                 line: int = 0, column: int = 0) -> None:
        self.message, self.hint, self.detail = message, hint, detail
        self.file, self.line, self.column = file, line, column
        place = f"{file}:{line}:{column}: " if line else f"{file}: " if file else ""
        more = "".join(f"\n  {text}" for text in (detail, f"hint: {hint}" if hint else "") if text)
        super().__init__(place + message + more)

    def __reduce__(self) -> Any:
        return (Error, (self.message, self.hint, self.detail, self.file, self.line, self.column))


class Infeasible(Exception):
    """Raised by a function that is searched over: this configuration makes no sense."""


@dataclasses.dataclass(eq=False)
class Trial:
    """One configuration being evaluated, with one seed.

    >>> trial = Optimizer({"x": "uniform(0, 1)"}, seed=1).ask()
    >>> trial.id, 0 <= trial["x"] <= 1
    (1, True)
    """

    id: int
    params: dict[str, Any]  # those that are not active are left out
    seed: int  # 0 .. 2**31 - 1
    budget: Optional[int] = None  # train up to this step
    start: int = 0  # the step to go on from, of a trial that was paused or has a parent
    baseline: bool = False
    by: Optional[str] = None  # the part of the method that suggested it
    parent: Optional[int] = None  # the trial it goes on from, as that was at step `start`
    value: Optional[float] = None  # of the first objective, once it was told
    values: Optional[tuple[float, ...]] = None  # one for each objective
    step: Optional[int] = None  # of a best one: the step it reached
    state: str = "running"
    error: Optional[BaseException] = dataclasses.field(default=None, repr=False)
    _owner: Any = dataclasses.field(default=None, repr=False)
    _reported: bool = dataclasses.field(default=False, repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def report(self, step: int, value: Value) -> Decision:
        """The value after so many steps; whether to go on."""
        if self._owner is None:
            raise Error("this trial is no optimizer's any more")
        return self._owner.report(self, step, value)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_owner": None}


def _plain(value: Any) -> Any:
    """What JSON does not know: NumPy's scalars and arrays, sets, tuples and the like."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{value!r} is nothing that a space can hold")


_json = json.JSONEncoder(default=_plain, ensure_ascii=False).encode


def _number(value: Any) -> Any:
    """As JSON has it: whatever float() takes."""
    if isinstance(value, (str, bytes)):
        raise Error(f"{value!r} is no number, but text")
    try:
        x = float(value)
    except (TypeError, ValueError, OverflowError) as e:
        raise Error(f"{value!r:.100} is no number") from e
    return x if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"


def _result(value: Optional[Value]) -> dict[str, Any]:
    """The members of a tell: value, values or metrics."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {"metrics": {str(k): _number(v) for k, v in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"values": [_number(v) for v in value]}
    return {"value": _number(value)}


def _bytes(text: str) -> bytes:
    """For C, where a text ends at the first NUL."""
    if "\0" in text:
        raise Error("a text must not hold the character NUL")
    return text.encode()


def _is_text(space: str) -> bool:
    return "\n" in space or ": " in space or space.lstrip().startswith("{")


def _document(space: Space, settings: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """The text, its name, and what overrides it."""
    given = {path: value for path, value in settings.items() if value is not None}
    if isinstance(space, Mapping):
        if isinstance(space.get("parameters"), Mapping):
            return _json(space), "space", given
        if "objectives" not in given:
            given.setdefault("goal", "minimize")
        return _json({"parameters": space}), "space", given
    if isinstance(space, str) and _is_text(space):
        return space, "space", given
    path = os.fspath(space)
    try:
        with open(path, encoding="utf-8") as f:
            return f.read(), path, given
    except OSError as e:
        raise Error(f"cannot read {path}", detail=e.strerror or str(e)) from e


def _check(code: int, error: _library.CError) -> None:
    if code == _library.OK:
        return
    message, hint, detail, file = (
        text.decode(errors="replace")
        for text in (error.message, error.hint, error.detail, error.file))
    # What keyword arguments say is no option of a command here, and the message names the key.
    file = "" if file.startswith("--set ") else file
    raise Error(message, hint, detail, file, error.line, error.column)


class Optimizer:
    """A search that is asked for trials and told what came out.

    `space` is a dict of parameters, each a prior or a fixed value; or a whole trawl.yaml, as a dict,
    as text, or as a path. The rest are keys of that file (docs/trawl-yaml.md); what is given here
    goes before what stands there. With a dict of parameters the goal is to minimize, unless said
    otherwise.

    >>> optimizer = Optimizer({"lr": "loguniform(1e-4, 1)", "layers": "int(1, 4)"},
    ...                       method="random", seed=7, trials=20)
    >>> for trial in optimizer:
    ...     optimizer.tell(trial, (trial["lr"] - 0.1) ** 2 + trial["layers"])
    >>> optimizer.best.params["layers"]
    1
    >>> optimizer.done
    True

    It may be used by several threads at once; after a fork the child must not touch it. It can be
    pickled and copied, running trials included.
    """

    def __init__(self, space: Space, *, method: Optional[str] = None, seed: Optional[int] = None,
                 trials: Optional[int] = None, goal: Optional[str] = None,
                 metric: Optional[str] = None,
                 objectives: Optional[Sequence[Mapping[str, str]]] = None,
                 require: Union[None, str, Sequence[str]] = None,
                 constraints: Union[None, str, Sequence[str]] = None,
                 baseline: Optional[Mapping[str, Any]] = None,
                 first: Optional[Sequence[Mapping[str, Any]]] = None,
                 budget: Union[None, int, Mapping[str, int]] = None,
                 seeds: Union[None, int, str] = None, parallel: Optional[int] = None,
                 steps: Optional[int] = None, time: Union[None, float, str] = None) -> None:
        if isinstance(budget, int):
            budget = {"max": budget}
        text, name, given = _document(space, {
            "goal": goal, "metric": metric, "objectives": objectives, "require": require,
            "constraints": constraints, "baseline": baseline, "search.method": method,
            "search.seed": seed, "search.trials": trials, "search.first": first,
            "search.budget": budget, "search.seeds": seeds, "search.parallel": parallel,
            "search.steps": steps, "search.time": time})
        settings = (_library.CSetting * len(given))(
            *((path.encode(), _bytes(_json(value))) for path, value in given.items()))
        options = _library.COptions(ctypes.sizeof(_library.COptions), name.encode(), settings,
                                    len(given))
        self._open(lambda lib, ret, e: lib.trawl_optimizer_new(
            ret, _bytes(text), ctypes.byref(options), e))

    def _open(self, make: Callable[[Any, Any, Any], int]) -> None:
        self._lib = _library.load()
        pointer, error = ctypes.c_void_p(), _library.CError()
        _check(make(self._lib, ctypes.byref(pointer), ctypes.byref(error)), error)
        self._pointer = pointer
        self._close = weakref.finalize(self, self._lib.trawl_optimizer_free, pointer)
        # At the interpreter's end a thread that was interrupted may be in the midst of an ask.
        self._close.atexit = False

    # --- saving ---

    @classmethod
    def _loaded(cls, make: Callable[[Any, Any, Any], int]) -> "Optimizer":
        self = cls.__new__(cls)
        self._open(make)
        return self

    def save(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes everything to a file, which is replaced whole.

        >>> import os, tempfile
        >>> optimizer = Optimizer({"x": "uniform(0, 1)"}, method="random")
        >>> optimizer.tell(optimizer.ask(), 3)
        >>> path = os.path.join(tempfile.mkdtemp(), "search.trawl")
        >>> optimizer.save(path)
        >>> again = Optimizer.load(path)
        >>> again.best.value, again.ask().params == optimizer.ask().params
        (3.0, True)
        """
        name, error = os.fsencode(path), _library.CError()
        _check(self._lib.trawl_optimizer_save(self._opened(), name, error), error)

    @classmethod
    def load(cls, path: Union[str, "os.PathLike[str]"]) -> "Optimizer":
        """What was saved; it goes on as the saved one would have."""
        name = os.fsencode(path)
        return cls._loaded(lambda lib, ret, e: lib.trawl_optimizer_load(ret, name, e))

    def dumps(self) -> bytes:
        """Everything, as text; see `loads`."""
        text, n, error = ctypes.c_void_p(), ctypes.c_size_t(), _library.CError()
        _check(self._lib.trawl_optimizer_save_text(self._opened(), text, n, error), error)
        try:
            return ctypes.string_at(text, n.value)
        finally:
            self._lib.trawl_free(text)

    @classmethod
    def loads(cls, text: bytes) -> "Optimizer":
        """What `dumps` gave."""
        return cls._loaded(
            lambda lib, ret, e: lib.trawl_optimizer_load_text(ret, text, len(text), e))

    def __reduce__(self) -> Any:
        return (type(self).loads, (self.dumps(),))

    def close(self) -> None:
        """Frees it now, rather than when nobody holds it any more. No other thread may be using it."""
        self._close()
        self._pointer = None

    def _opened(self) -> ctypes.c_void_p:
        if self._pointer is None:
            raise Error("this optimizer was closed")
        return self._pointer

    def __enter__(self) -> "Optimizer":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # --- asking and telling ---

    def _talk(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """One line of `trawl optimize`, and its answer."""
        line, text, error = _json(message).encode(), ctypes.c_void_p(), _library.CError()
        _check(self._lib.trawl_optimizer_talk(self._opened(), line, len(line), text, error), error)
        try:
            answer = json.loads(ctypes.string_at(text).decode())
        finally:
            self._lib.trawl_free(text)
        if "error" in answer:
            raise Error(answer["error"], answer.get("hint", ""))
        return answer

    def _trial(self, row: Mapping[str, Any]) -> Trial:
        return Trial(row["id"], row["params"], row["seed"], row["budget"], row.get("from", 0),
                     row.get("baseline", False), row.get("by"), row.get("parent"), _owner=self)

    def ask(self) -> Optional[Trial]:
        """The next trial, or None: nothing can be started before something is told, or `done`."""
        trials = self.ask_many(1)
        return trials[0] if trials else None

    def ask_many(self, n: int) -> list[Trial]:
        """Up to n trials at once.

        >>> [trial.id for trial in Optimizer({"x": "uniform(0, 1)"}, trials=3).ask_many(5)]
        [1, 2, 3]
        """
        return [self._trial(row) for row in self._talk({"ask": n})["trials"]]

    def __iter__(self) -> Iterator[Trial]:
        """Trials, one after the other, each told of before the next."""
        while True:
            trial = self.ask()
            if trial is None:
                return
            yield trial

    def tell(self, trial: Union[Trial, int], value: Optional[Value] = None, *,
             state: Optional[str] = None, step: Optional[int] = None) -> None:
        """The trial ended: with a value, with one for each objective, or with metrics by name.

        Without any of them its last report counts. state: "failed" or "infeasible", without a
        value; or "cancelled", "stopped", "completed". NaN and infinities count as worst.

        >>> optimizer = Optimizer({"x": "uniform(0, 1)"}, metric="loss", require="ms <= 20")
        >>> optimizer.tell(optimizer.ask(), {"loss": 0.5, "ms": 25})
        >>> optimizer.tell(optimizer.ask(), {"loss": 0.7, "ms": 15})
        >>> optimizer.tell(optimizer.ask(), state="failed")
        >>> optimizer.best.id
        2
        """
        told = _result(value)
        if state is not None:
            told["state"] = state
        if step is not None:
            told["step"] = step
        known = isinstance(trial, Trial)
        self._talk({"tell": {"id": trial.id if known else trial, **told}})
        if known:
            self._note(trial, value, state)

    def _note(self, trial: Trial, value: Optional[Value], state: Optional[str]) -> None:
        """What was told, on the trial itself."""
        if isinstance(value, Mapping):
            names = [row["metric"] for row in self.status()["objectives"]]
            trial.values = tuple(float(value[name]) for name in names)
        elif isinstance(value, (list, tuple)):
            trial.values = tuple(float(v) for v in value)
        elif value is not None:
            trial.values = (float(value),)
        if trial.values is not None:
            trial.value = trial.values[0]
        trial.state = state or ("stopped" if trial.state == "stopping" else "completed")

    def report(self, trial: Union[Trial, int], step: int, value: Value) -> Decision:
        """The value after so many steps, which ascend; whether to go on.

        >>> optimizer = Optimizer({"x": "uniform(0, 1)"}, method="random + asha(eta=3)",
        ...                       budget={"min": 1, "max": 9})
        >>> trial = optimizer.ask()
        >>> trial.budget, bool(optimizer.report(trial, step=1, value=0.5))
        (9, True)
        """
        known = isinstance(trial, Trial)
        answer = self._talk({"report": {"id": trial.id if known else trial, "step": step,
                                        **_result(value)}})
        decision = Decision(answer["decision"])
        if known:
            trial._reported = True
        if known and decision.stop:
            trial.state = "stopping"
        if known and not isinstance(value, (Mapping, list, tuple)):
            trial.value, trial.values = float(value), (float(value),)
        return decision

    def observe(self, params: Mapping[str, Any], value: Optional[Value] = None, *,
                state: Optional[str] = None, step: Optional[int] = None) -> None:
        """A result from elsewhere, before the first ask: it informs the search, and is never best.

        >>> optimizer = Optimizer({"x": "uniform(0, 1)"})
        >>> optimizer.observe({"x": 0.25}, 3.5)
        >>> optimizer.best is None
        True
        """
        told = _result(value)
        if state is not None:
            told["state"] = state
        if step is not None:
            told["step"] = step
        self._talk({"observe": {"params": dict(params), **told}})

    # --- what is known ---

    def status(self) -> dict[str, Any]:
        """The method as resolved and why, the seed, the objectives, trials in each state, done."""
        return self._talk({"status": True})

    @property
    def done(self) -> bool:
        """Did an ask find the end? Nothing will ever be started again."""
        return self.status()["done"]

    @property
    def front(self) -> list[Trial]:
        """All trials that no other dominates, in the order of the first objective; with one
        objective the best alone. Empty where no trial has a value, or none meets the requirements.

        >>> optimizer = Optimizer({"x": "uniform(0, 1)"}, method="random",
        ...                       objectives=[{"metric": "auc", "goal": "maximize"},
        ...                                   {"metric": "ms", "goal": "minimize"}])
        >>> for auc, ms in [(0.5, 5), (0.8, 9), (0.4, 7)]:
        ...     optimizer.tell(optimizer.ask(), [auc, ms])
        >>> [trial.values for trial in optimizer.front]
        [(0.8, 9.0), (0.5, 5.0)]
        """
        lib, error = self._lib, _library.CError()
        v, n = ctypes.POINTER(ctypes.c_void_p)(), ctypes.c_size_t()
        code = lib.trawl_optimizer_front(self._opened(), v, n, error)
        if code == _library.NOT_FOUND:
            return []
        _check(code, error)
        try:
            return [self._best(v[i]) for i in range(n.value)]
        finally:
            lib.trawl_trials_free(v, n)

    def _best(self, t: int) -> Trial:
        lib, n = self._lib, ctypes.c_size_t()
        values = lib.trawl_trial_values(t, n)
        told = tuple(values[i] for i in range(n.value))
        step = lib.trawl_trial_step(t)
        return Trial(lib.trawl_trial_id(t), json.loads(lib.trawl_trial_params(t)),
                     lib.trawl_trial_seed(t), baseline=bool(lib.trawl_trial_is_baseline(t)),
                     value=told[0], values=told, step=None if step < 0 else step, state="best")

    @property
    def best(self) -> Optional[Trial]:
        """The best trial so far, None where there is none; of several objectives see `front`."""
        front = self.front
        return front[0] if front else None

    def set_trials(self, trials: Optional[int]) -> None:
        """From now on so many trials in all but the baseline; None: no limit."""
        if trials is not None and (type(trials) is not int or not 0 < trials < 2**63):
            raise Error(f"{trials!r:.100} is no number of trials", "a whole number from 1 on, or None")
        error = _library.CError()
        _check(self._lib.trawl_optimizer_set_trials(self._opened(), trials or 0, error), error)

    def run(self, function: Callable[..., Optional[Value]], *, parallel: int = 1) -> list[Trial]:
        """Searches over a function until the end; see `minimize`."""
        return _Run(self, function, parallel).run()


class _Run:
    """Trials of a function, `parallel` at a time."""

    def __init__(self, optimizer: Optimizer, function: Callable[..., Any], parallel: int) -> None:
        if parallel < 1:
            raise Error(f"parallel is {parallel}, less than 1")
        if not callable(function):
            raise TypeError(f"{function!r:.100} is no function")
        self.optimizer, self.function, self.parallel = optimizer, function, parallel
        self.wants_trial = _wants_trial(function)
        self.changed = threading.Condition()
        self.told = 0  # how often something was told: whoever waits looks again
        self.running = 0
        self.over = False
        self.raised: Optional[BaseException] = None
        self.failures: list[Any] = []  # of the first trials: what went wrong, and where
        self.trials: dict[int, Trial] = {}

    def run(self) -> list[Trial]:
        if self.parallel == 1:
            self._work()
        else:
            self._run_threads()
        if self.raised is not None:
            raise self.raised
        return [self.trials[i] for i in sorted(self.trials)]

    def _run_threads(self) -> None:
        threads = [threading.Thread(target=self._work, name=f"trawl-{i}", daemon=True)
                   for i in range(self.parallel)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # where somebody interrupts us, what still runs is heard no more
            with self.changed:
                self.over = True
                self.changed.notify_all()

    def _work(self) -> None:
        try:
            while True:
                trial = self._next()
                if trial is None:
                    return
                self._evaluate(trial)
        except BaseException as e:
            with self.changed:
                self.over = True
                self.raised = self.raised or e
                self.changed.notify_all()
            if threading.current_thread() is threading.main_thread():
                raise

    def _next(self) -> Optional[Trial]:
        """Asks until there is something, or nothing will ever be."""
        while True:
            with self.changed:
                before = self.told
                if self.over:
                    return None
                self.running += 1
            trial = None
            try:
                trial = self.optimizer.ask()
                ended = trial is None and self.optimizer.done
            finally:
                with self.changed:
                    self.running -= trial is None
                    self.changed.notify_all()
            if trial is not None or ended:
                return trial
            with self.changed:
                while self.told == before and not self.over:
                    if self.running == 0:
                        return None
                    self.changed.wait()

    def _evaluate(self, trial: Trial) -> None:
        arguments = (trial.params, trial) if self.wants_trial else (trial.params,)
        value, state, error = None, None, None
        try:
            value = self.function(*arguments)
        except Infeasible as e:
            state, error = "infeasible", e
        except Exception as e:
            state, error = "failed", e
            _log.warning("trial %d failed: %s: %s", trial.id, type(e).__name__, e)
        except BaseException:
            self._end(trial, None, "cancelled", None)
            raise
        silent = value is None and state is None and not trial._reported
        self._end(trial, value, "failed" if silent else state, error)
        if silent:
            raise Error(f"the function returned None for trial {trial.id}",
                        "let it return a number or a dict of metrics, or raise trawl.Infeasible")

    def _end(self, trial: Trial, value: Any, state: Optional[str],
             error: Optional[BaseException]) -> None:
        with self.changed:
            heard = not self.over
        try:
            if heard:
                self.optimizer.tell(trial, value, state=state)
        finally:
            with self.changed:
                trial.error = error
                self.trials[trial.id] = trial
                self.running -= 1
                self.told += 1
                self._look_at_failures(state, error)
                self.changed.notify_all()

    def _look_at_failures(self, state: Optional[str], error: Optional[BaseException]) -> None:
        """Three that fail alike before anything else came out are the function's own trouble."""
        if state == "infeasible" or len(self.failures) == 3:
            return
        self.failures.append(_kind(error) if state == "failed" and error else None)
        if len(self.failures) == 3 and len(set(self.failures)) == 1 and self.failures[0]:
            self.over = True
            self.raised = self.raised or error


def _kind(error: BaseException) -> Any:
    """What went wrong, and where: two of one kind are alike."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = (where.tb_frame.f_code.co_filename, where.tb_lineno) if where is not None else None
    return (type(error), line)


def _wants_trial(function: Callable[..., Any]) -> bool:
    """Does it take the trial besides its parameters?"""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    needed = [p for p in parameters
              if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    return len(needed) == 2


@dataclasses.dataclass
class Result:
    """What a search over a function came to."""

    best: Optional[Trial]  # None: no trial succeeded, or none met the requirements
    # all of them, by number, with their values, states and errors
    trials: list[Trial] = dataclasses.field(repr=False)
    optimizer: Optimizer = dataclasses.field(repr=False)

    @property
    def params(self) -> dict[str, Any]:
        """Of the best trial."""
        return self._known().params

    @property
    def value(self) -> float:
        """Of the best trial."""
        value = self._known().value
        assert value is not None
        return value

    def _known(self) -> Trial:
        if self.best is None:
            raise Error("no trial came to a value that counts")
        return self.best


def _search(goal: str, function: Callable[..., Optional[Value]], space: Space, parallel: int,
            settings: dict[str, Any]) -> Result:
    limits = ("trials", "steps", "time")
    if isinstance(space, Mapping) and "search" not in space and \
            all(settings.get(limit) is None for limit in limits):
        raise Error("nothing says when the search ends", "give trials=60, or time=\"10m\"")
    settings.setdefault("parallel", parallel)
    optimizer = Optimizer(space, goal=goal, **settings)
    trials = optimizer.run(function, parallel=parallel)
    return Result(optimizer.best, trials, optimizer)


def minimize(function: Callable[..., Optional[Value]], space: Space, *,
             trials: Optional[int] = None, parallel: int = 1, method: Optional[str] = None,
             seed: Optional[int] = None, **settings: Any) -> Result:
    """Searches for the parameters at which `function` is least.

    The function is called with a dict of parameters, and, where it takes a second argument, with the
    Trial: for its seed, its budget, and to report on the way. It returns a number, or a dict of
    metrics of which one is named by `metric`. It may raise Infeasible where a configuration makes no
    sense. Whatever else it raises makes that one trial fail; when the first three fail alike, that
    is raised. With `parallel` it is called by so many threads at once; then the order in which they
    end, and so the search, may differ from run to run.

    Further settings are those of Optimizer.

    >>> def loss(params):
    ...     return (params["x"] - 2) ** 2 + (0 if params["kind"] == "good" else 1)
    >>> result = minimize(loss, {"x": "uniform(-5, 5)", "kind": "choice(bad, good)"},
    ...                   trials=60, method="random", seed=1)
    >>> result.value < 0.1, result.params["kind"], len(result.trials)
    (True, 'good', 60)

    >>> def train(params, trial):
    ...     for step in range(1, trial.budget + 1):
    ...         if not trial.report(step, params["x"] / step):
    ...             return
    >>> result = minimize(train, {"x": "uniform(0, 1)"}, trials=20, parallel=4, seed=1,
    ...                   method="random + asha", budget={"min": 1, "max": 9})
    >>> result.best.step
    9
    """
    return _search("minimize", function, space, parallel,
                   {"trials": trials, "method": method, "seed": seed, **settings})


def maximize(function: Callable[..., Optional[Value]], space: Space, *,
             trials: Optional[int] = None, parallel: int = 1, method: Optional[str] = None,
             seed: Optional[int] = None, **settings: Any) -> Result:
    """As `minimize`, for the parameters at which `function` is largest.

    >>> maximize(lambda p: -abs(p["n"] - 3), {"n": "int(1, 5)"}, trials=5).params
    {'n': 3}
    """
    return _search("maximize", function, space, parallel,
                   {"trials": trials, "method": method, "seed": seed, **settings})
