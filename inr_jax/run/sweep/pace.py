"""How long the rest takes, judged by what has been done; compiling apart."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from inr_jax import progress

log = logging.getLogger("inr_jax")


class Pace:
    """Work done and work to do, in any unit.

    Args:
        total: Work to do.
    """

    def __init__(self, total: float) -> None:
        self.rest = total
        self.seconds_a_unit: float | None = None
        self.folds: list[tuple[float, float]] = []

    def watch(self, work: float, steps: int) -> Callable[[Any, float], None]:
        """An `on_chunk` for a fit of so much work and steps; hears Ctrl-C.

        The first estimate is made after two chunks of one length, as the first of a
        length may have been compiled.
        """
        marks: list[tuple[int, float]] = []

        def on_chunk(state: Any, loss: float) -> None:
            del loss
            progress.safe_point()
            marks.append((int(state.step), time.perf_counter()))
            if self.seconds_a_unit is None and len(marks) > 2:
                (before, _), (one, start), (two, end) = marks[-3:]
                if one - before == two - one:
                    self._take((end - start) / (work * (two - one) / steps))

        return on_chunk

    def done(self, work: float, seconds: float | None) -> None:
        """Take note of a fold; seconds are None where it was done before."""
        self.rest -= work
        if seconds is None:
            return
        self.folds.append((work, seconds))
        if len(self.folds) > 1:  # the first fold compiles
            some = self.folds[1:]
            self._take(sum(s for _, s in some) / sum(w for w, _ in some))

    def left(self) -> str:
        """How long the rest takes; "" before that is known."""
        if self.seconds_a_unit is None:
            return ""
        seconds = max(self.rest, 0.0) * self.seconds_a_unit
        return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"

    def _take(self, seconds_a_unit: float) -> None:
        first, self.seconds_a_unit = self.seconds_a_unit is None, seconds_a_unit
        if first:
            log.info("about %s to go", self.left())
