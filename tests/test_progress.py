"""The bar is drawn where a person looks; a signal waits for a safe point."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import SimpleNamespace

import pytest

from inr_jax import progress


def steps(count: int) -> None:
    with progress.bar("fit", count) as tick:
        for step in range(count):
            tick(step + 1, "loss 1.5")


def test_nothing_is_printed_where_there_is_no_terminal(capfd):
    steps(3)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_sees_the_bar_move_to_its_end(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    steps(3)
    text = capfd.readouterr().err
    assert "fit" in text and "0/3" in text


def test_a_notebook_sees_the_bar_though_it_is_no_terminal(monkeypatch, capfd):
    shell = SimpleNamespace(config={"IPKernelApp": {}})
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    steps(3)
    assert "0/3" in capfd.readouterr().err
    shell.config.clear()  # IPython in a pipe, or a test run by it
    steps(3)
    assert capfd.readouterr().err == ""


def test_a_daemon_without_stderr_has_no_bar_and_no_trouble(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with progress.bar("fit", 3) as tick:
        tick(3, "done")


def test_a_signal_waits_for_a_safe_point_and_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    for number in (signal.SIGINT, signal.SIGTERM):
        with progress.deferred():
            progress.safe_point()
            os.kill(os.getpid(), number)
            time.sleep(0.01)
            with pytest.raises(KeyboardInterrupt):
                progress.safe_point()
        progress.safe_point()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in `script &`
    try:
        with progress.deferred():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            progress.safe_point()
    finally:
        signal.signal(signal.SIGINT, before)
