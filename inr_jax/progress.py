"""A progress bar on a terminal, silence elsewhere; each tick is a safe point."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tqdm import tqdm

from inr_jax import interrupt


@contextlib.contextmanager
def bar(
    name: str, total: int, done: int = 0, unit: str = "step"
) -> Iterator[Callable[[int, str], None]]:
    """A bar from `done` to `total`; yields a function of (done, note).

    That function stops the run, by KeyboardInterrupt, if the user asked for it.
    """
    with tqdm(
        desc=name, total=total, initial=done, unit=unit, disable=None, leave=False
    ) as line:

        def tick(now: int, note: str = "") -> None:
            line.set_postfix_str(note, refresh=False)
            line.update(now - line.n)
            interrupt.safe_point()

        yield tick
