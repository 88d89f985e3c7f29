"""Refuse to compute in a fork of a process in which JAX runs.

A fork has none of its parent's threads, so a computation there waits for ever.
"""

from __future__ import annotations

import os

from inr_jax.errors import InputError

_computing: set[int] = set()  # ids of the process that computes, seen by its forks


def check_process() -> None:
    """Note that this process computes.

    Raises:
        InputError: It is a fork of one that has.
    """
    if _computing - {os.getpid()}:
        raise InputError(
            "this process",
            expected="one that JAX was started in",
            found="a fork of one in which it runs, where it would hang",
            fix="start workers with multiprocessing.get_context('spawn')",
        )
    _computing.add(os.getpid())
