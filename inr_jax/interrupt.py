"""Ctrl-C and SIGTERM wait for a safe point, so that nothing is torn in the middle.

An exception raised wherever the interpreter happens to be is swallowed by JAX's
garbage collection hook, or crashes XLA's threads at exit. So a signal only leaves a
note, which is read where work may stop: at each tick of a progress bar. A second
signal does not wait.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

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
