"""What is said about runs: regret, intervals, ranks, tests. Lower regret is better everywhere.

A *grid* is one method's regrets on a suite: for each task an array of seeds x evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

RESAMPLES = 2_000
Grid = dict[str, np.ndarray]


def regret(values: np.ndarray, best: float, random: float) -> np.ndarray:
    """0 = best known, 1 = random's mean after 10 evaluations."""
    return (best - values) / (best - random)


def mean_with_interval(samples: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """The mean over tasks of the mean over seeds, with a 95 % bootstrap interval over seeds.

    A seed is drawn for all tasks at once: the first gives them all the same points to begin with.
    """
    rng = np.random.default_rng(1)
    seeds = min(map(len, samples))
    of_seed = np.mean([sample[:seeds] for sample in samples], axis=0)
    drawn = of_seed[rng.integers(seeds, size=(RESAMPLES, seeds))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(np.mean([sample.mean() for sample in samples])), float(low), float(high)


def mean_ranks(columns: Sequence[Sequence[float]]) -> list[float]:
    """A column a method, an entry a task: the mean rank of each, 1 the best, ties shared."""
    ranks = stats.rankdata(np.round(np.array(columns), 9), axis=0)
    return [float(rank) for rank in ranks.mean(axis=1)]


def needed(curve: np.ndarray, target: float) -> float:
    """The first evaluation, from 1, at which the curve is at the target or below; infinity if never."""
    reached = np.flatnonzero(curve <= target + 1e-12)
    return float(reached[0] + 1) if len(reached) else math.inf


def paired(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """Wilcoxon's signed-rank test over tasks, two-sided."""
    differences = np.round(np.array(mine) - np.array(theirs), 12)
    return float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0


def unpaired(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Mann and Whitney's test over the seeds of one task, two-sided."""
    return float(stats.mannwhitneyu(mine, theirs).pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's correction of p values, in their order."""
    corrected = [0.0] * len(values)
    most = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=lambda i: values[i])):
        most = max(most, min(1.0, values[index] * (len(values) - place)))
        corrected[index] = most
    return corrected
