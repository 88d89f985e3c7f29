"""A progress bar, and safe points at which a signal may stop the run.

A bar is drawn on a terminal and in a notebook; elsewhere a log gets a line a fold, and
now and then one of a long stage. Each step is a safe point: inside `deferred`, SIGINT
and SIGTERM are only noted, and the next safe point raises KeyboardInterrupt, so that
no step is left half done. A second signal ends the process at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import FrameType

log = logging.getLogger("inr_jax")
LINE_EVERY = 20.0  # seconds between two lines of a stage in a log
UNTIMED = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"  # of tqdm
SIGNALS = (signal.SIGINT, signal.SIGTERM)

_noted: list[int] = []  # signals belong to the process, and so does this list


@contextlib.contextmanager
def bar(
    name: str, total: int, done: int = 0, unit: str = "step", *, timed: bool = True
) -> Iterator[Callable[[int, str], None]]:
    """Draw a progress bar from `done` to `total`.

    Args:
        name: Of the stage.
        total: Units in all.
        done: Units that were done before.
        unit: What is counted.
        timed: Whether the bar tells the time left, as if all units took alike.

    Yields:
        A function of (done, note) that moves the bar. It raises KeyboardInterrupt
        if a signal was noted.
    """
    disable: bool | None = False
    if _in_notebook():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # falls back on text without ipywidgets
            from tqdm.auto import tqdm
    else:
        from tqdm import tqdm

        # tqdm takes None for "unless this is a terminal". A daemon has no stderr.
        disable = True if sys.stderr is None else None
    with tqdm(
        desc=name,
        total=total,
        initial=done,
        unit=unit,
        disable=disable,
        leave=False,
        bar_format=None if timed else UNTIMED,
    ) as line:
        told = [time.monotonic()]

        def tick(now: int, note: str = "") -> None:
            if line.disable and (unit == "fold" or _is_time(told)):
                of = f" of {total}" if total else ""
                log.info("%s: %s %d%s%s", name, unit, now, of, note and f", {note}")
            line.set_postfix_str(note, refresh=False)
            line.update(now - line.n)
            safe_point()

        yield tick


def _is_time(told: list[float]) -> bool:
    """Whether the last line is long ago; if so, now is the time of the last."""
    if time.monotonic() - told[0] < LINE_EVERY:
        return False
    told[0] = time.monotonic()
    return True


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Note signals in here instead of acting on them; ignored signals stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread alone
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    deferrable = [number for number in SIGNALS if before[number] != signal.SIG_IGN]
    for number in deferrable:
        signal.signal(number, _note)
    try:
        yield
    finally:
        for number in deferrable:
            signal.signal(number, before[number])
        _noted.clear()


def safe_point() -> None:
    """Stop here if a signal was noted.

    Raises:
        KeyboardInterrupt: A signal was noted inside `deferred`.
    """
    if _noted:
        raise KeyboardInterrupt


def _note(number: int, frame: FrameType | None) -> None:
    if _noted:
        _write_stderr("stopped at once")
        os._exit(128 + number)
    _noted.append(number)
    if sys.stderr is not None and sys.stderr.isatty():
        _write_stderr("stopping; once more to stop at once")


def _write_stderr(text: str) -> None:
    # The signal may have come in the middle of a print, which cannot be re-entered.
    with contextlib.suppress(OSError):
        os.write(2, f"\ninr-jax: {text}\n".encode())
