"""A search space, said once and turned into whatever each optimiser wants."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Value = float | int | str
Configuration = dict[str, Value]

NUMERIC = ("uniform", "loguniform", "int", "logint")


@dataclass(frozen=True)
class Parameter:
    """One dimension. Active where the parent's value is among `values`, or always without a parent."""

    name: str
    kind: str  # one of NUMERIC, "choice" (no order) or "ordinal" (ordered)
    low: float = 0
    high: float = 0
    options: tuple[Value, ...] = ()
    parent: str = ""
    values: tuple[Value, ...] = ()

    @property
    def whole(self) -> bool:
        return self.kind in ("int", "logint")

    @property
    def log(self) -> bool:
        return self.kind in ("loguniform", "logint")

    def active(self, configuration: Mapping[str, Value]) -> bool:
        return not self.parent or configuration.get(self.parent) in self.values

    def prior(self) -> str:
        """As trawl.yaml has it: `loguniform(1e-05, 0.1)`."""
        words = [self.low, self.high] if self.kind in NUMERIC else self.options
        return f"{self.kind}({', '.join(json.dumps(word) for word in words)})"

    def at(self, unit: float) -> Value:
        """The value at a quantile of the prior, 0 <= unit <= 1."""
        if self.kind not in NUMERIC:
            return self.options[min(int(unit * len(self.options)), len(self.options) - 1)]
        half = 0.5 if self.whole else 0
        low, high = self.low - half, self.high + half
        if self.log:
            value = math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
        else:
            value = low + unit * (high - low)
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else value


class Space:
    """Parameters in order, parents before their children."""

    def __init__(self, parameters: list[Parameter]) -> None:
        self.parameters = parameters

    def build(self, choose: Callable[[Parameter], Value]) -> Configuration:
        """A configuration of which `choose` gives each active value."""
        configuration: Configuration = {}
        for parameter in self.parameters:
            if parameter.active(configuration):
                configuration[parameter.name] = choose(parameter)
        return configuration

    def at(self, units: Sequence[float]) -> Configuration:
        """The configuration at a point of the unit cube (one coordinate a parameter)."""
        where = {p.name: float(unit) for p, unit in zip(self.parameters, units, strict=True)}
        return self.build(lambda parameter: parameter.at(where[parameter.name]))

    def trawl(self) -> dict[str, object]:
        """The `parameters` of a trawl.yaml."""
        return {p.name: _trawl(p) for p in self.parameters}


def _trawl(parameter: Parameter) -> str | dict[str, str]:
    if not parameter.parent:
        return parameter.prior()
    values = ", ".join(json.dumps(value) for value in parameter.values)
    return {"prior": parameter.prior(), "when": f"{parameter.parent} in ({values})"}
