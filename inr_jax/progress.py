"""A progress bar on a terminal, silence elsewhere; each tick is a safe point."""

from __future__ import annotations

import contextlib
import sys
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
    # None: but on a terminal. A daemon may have no stderr at all.
    off = True if sys.stderr is None else None
    with tqdm(
        desc=name, total=total, initial=done, unit=unit, disable=off, leave=False
    ) as line:

        def tick(now: int, note: str = "") -> None:
            line.set_postfix_str(note, refresh=False)
            line.update(now - line.n)
            interrupt.safe_point()

        yield tick
