"""How long a sweep still takes, told from the folds that it has fitted.

Groups of candidates differ tenfold in what a fold costs, and the first fold of a
program pays for compiling it. So each group first fits one fold of each kind
(`order_of`), and what is left is the sum over folds of the time of their like, without
compiling. Before a group has fitted anything, its folds are taken to cost what other
groups' cost for so much work.

Nouns:
    kind: how many donors a fold holds out; folds of a kind share a program.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import jax
import numpy as np

from inr_jax.fitting.recipe import Recipe

Fold = tuple[int, int]  # number of a group, kind


def order_of(groups: int, kinds: list[int]) -> list[tuple[int, int]]:
    """All (group, fold), first a fold of each kind of every group.

    Args:
        groups: How many.
        kinds: Of each fold.
    """
    first = [kinds.index(kind) for kind in dict.fromkeys(kinds)]
    others = [fold for fold in range(len(kinds)) if fold not in first]
    return [
        (group, fold)
        for folds in (first, others)
        for group in range(groups)
        for fold in folds
    ]


def work_of(recipe: Recipe) -> float:
    """Of a fit, in any unit: steps times numbers of networks times what a step sees."""
    trainer = recipe.trainer
    shapes = jax.eval_shape(trainer.conditioning.init, jax.random.key(0))
    numbers = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    networks = trainer.members * trainer.conditioning.networks
    return float(recipe.steps * networks * numbers * (trainer.pairs or 1000))


class Pace:
    """Times of the folds that were fitted, and what they say of those to come.

    Args:
        work: Of each group (`work_of`), in one unit.
        ahead: Folds that are to be fitted.
    """

    def __init__(self, work: list[float], ahead: list[Fold]) -> None:
        self._work, self._ahead = work, list(ahead)
        self._seconds: dict[Fold, list[float]] = {}
        self._compiling: list[float] = []

    @contextmanager
    def fitting(self, fold: Fold) -> Iterator[None]:
        """Note what is done inside as the fit of a fold."""
        start, compiled = time.perf_counter(), compile_clock()[0]
        yield
        compiling = compile_clock()[0] - compiled
        self.note(fold, time.perf_counter() - start, compiling)

    def note(self, fold: Fold, seconds: float, compiling: float) -> None:
        """A fold was fitted.

        Args:
            fold: Which.
            seconds: It took.
            compiling: Seconds of these in which programs were compiled.
        """
        self._ahead.remove(fold)
        if fold not in self._seconds:
            self._compiling.append(compiling)
        self._seconds.setdefault(fold, []).append(max(seconds - compiling, 0.0))

    def left(self) -> float | None:
        """Seconds that the folds to come take; None before the first one."""
        if not self._seconds:
            return None
        run = sum(map(self._run, self._ahead))
        programs = {fold for fold in self._ahead if fold not in self._seconds}
        return run + len(programs) * float(np.mean(self._compiling))

    def _run(self, fold: Fold) -> float:
        group, _ = fold
        alike = self._seconds.get(fold) or [
            time
            for known, times in self._seconds.items()
            for time in times
            if known[0] == group
        ]
        if alike:
            return float(np.mean(alike))
        count = {known: len(times) for known, times in self._seconds.items()}
        done = sum(self._work[known[0]] * n for known, n in count.items())
        return sum(map(sum, self._seconds.values())) / done * self._work[group]


def in_words(seconds: float | None) -> str:
    """As "about 12 min left"; nothing where it is not known."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1), ("min", 60)):
        if seconds < 90 * size:
            return f"about {seconds / size:.0f} {unit} left"
    return f"about {seconds / 3600:.1f} h left"


@cache
def compile_clock() -> list[float]:
    """Seconds that this process has compiled for, in a list of one that grows."""
    total = [0.0]

    def listen(event: str, duration_secs: float, **told: str | int) -> None:
        del told
        if event.startswith("/jax/core/compile/"):
            total[0] += duration_secs

    jax.monitoring.register_event_duration_secs_listener(listen)
    return total
