"""The noiseless functions of BBOB (package coco-experiment), as distances to their optimum's value."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from .space import Configuration, Parameter, Space

if TYPE_CHECKING:
    from cocoex.bare_problem import BareProblem

# Two or three of each of the five groups: separable, moderate, ill-conditioned, multimodal, weakly structured.
FUNCTIONS = (1, 3, 6, 8, 10, 13, 14, 15, 17, 20, 21, 23)


def bbob_space(dimension: int) -> Space:
    return Space([Parameter(f"x{i}", "uniform", -5.0, 5.0) for i in range(dimension)])


@functools.lru_cache(maxsize=64)
def _problem(function: int, dimension: int, instance: int) -> BareProblem:
    from cocoex.bare_problem import BareProblem

    return BareProblem("bbob", function, dimension, instance)


class Bbob:
    """f - f_opt of one instance; 0 is the optimum."""

    def __init__(self, function: int, dimension: int, instance: int) -> None:
        self.key = (function, dimension, instance)

    def batch(self, configurations: list[Configuration]) -> np.ndarray:
        problem = _problem(*self.key)
        points = [np.array([c[f"x{i}"] for i in range(self.key[1])], float) for c in configurations]
        return np.array([problem(point) - problem.best_value() for point in points])
