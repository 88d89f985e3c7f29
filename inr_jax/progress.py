"""A progress bar on a terminal, silence elsewhere; each tick is a safe point."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tqdm import tqdm

from inr_jax import progress


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
            progress.safe_point()

        yield tick


SIGNALS = (signal.SIGINT, signal.SIGTERM)

_heard: list[int] = []  # signals belong to the process, and so does this note


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Take note of signals in here; a signal that was ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not told to this thread
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number in SIGNALS if before[number] != signal.SIG_IGN]
    for number in taken:
        signal.signal(number, _hear)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
        _heard.clear()


def safe_point() -> None:
    """Stop here if asked to.

    Raises:
        KeyboardInterrupt: A signal came.
    """
    if _heard:
        raise KeyboardInterrupt


def _hear(number: int, frame: Any) -> None:
    if _heard:
        _say("stopped at once")
        os._exit(128 + number)
    _heard.append(number)
    if sys.stderr is not None and sys.stderr.isatty():
        _say("stopping; once more to stop at once")


def _say(what: str) -> None:
    # Not by print, in the middle of which the signal may have come.
    with contextlib.suppress(OSError):
        os.write(2, f"\ninr-jax: {what}\n".encode())
