"""The time that a sweep still takes, of folds whose times are known."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from inr_jax.run.sweep.pace import Pace, compile_clock, in_words, order_of

KINDS = [1, 1, 1, 2, 2, 2]
WORK = [1.0, 3.0, 20.0]  # of groups, as it is told; they take 2, 3 and 30 s a fold
SECONDS, COMPILING = [2.0, 3.0, 30.0], 4.0


def test_every_group_fits_a_fold_of_each_kind_first_and_all_once():
    order = order_of(3, KINDS)
    assert order[:6] == [(g, f) for g in range(3) for f in (0, 3)]
    assert sorted(order) == [(g, f) for g in range(3) for f in range(6)]


def test_what_is_left_is_told_once_each_group_has_fitted_a_fold():
    order = [(group, KINDS[fold]) for group, fold in order_of(3, KINDS)]
    times, seen = [], set()
    for fold in order:
        times.append(SECONDS[fold[0]] + COMPILING * (fold not in seen))
        seen.add(fold)
    pace = Pace(WORK, order)
    assert pace.left() is None
    for done, (fold, seconds) in enumerate(zip(order, times, strict=True), 1):
        pace.note(fold, seconds, COMPILING * (fold not in order[: done - 1]))
        left, truth = pace.left(), sum(times[done:])
        if done >= 6:
            assert left == pytest.approx(truth)
    pace = Pace(WORK, order)
    pace.note(order[0], 6.0, 4.0)  # by work alone: within a factor of two
    assert sum(times[1:]) / 2 < pace.left() < 2 * sum(times[1:])


def test_times_are_told_in_words():
    assert in_words(None) == "" and in_words(40.2) == "about 40 s left"
    assert in_words(720.0) == "about 12 min left"
    assert in_words(9000.0) == "about 2.5 h left"


def test_the_clock_of_compiling_runs_while_a_program_is_compiled():
    before = compile_clock()[0]
    jax.jit(lambda x: jnp.sin(x) + 123.25)(jnp.ones(3))
    after = compile_clock()[0]
    assert after > before
