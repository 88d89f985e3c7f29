"""What a memo gives is what the function gives, made once."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.stats.memo import Memo, digest


def counted(array, calls):
    def make():
        calls.append(1)
        return array * 2.0, float(array.sum())

    return make


def test_the_same_content_is_made_once_and_gives_the_same(rng):
    memo, calls, array = Memo(), [], rng.normal(size=(5, 3))
    twice = [memo(counted(array, calls), array.copy(), "place", True) for _ in range(2)]
    assert len(calls) == 1
    np.testing.assert_array_equal(twice[0][0], array * 2)
    assert twice[0][1] == twice[1][1] == array.sum()


@pytest.mark.parametrize(
    "other",
    [
        lambda a: (np.nextafter(a, np.inf), True),  # one bit of one value
        lambda a: (a.reshape(3, 5), True),
        lambda a: (a.astype(np.float32), True),
        lambda a: (a, False),
        lambda a: (a, 1),
    ],
)
def test_any_other_content_is_made_anew(rng, other):
    array = rng.normal(size=(5, 3))
    assert digest(array, True) != digest(*other(array))


def test_no_more_is_kept_than_its_bytes_and_the_oldest_goes(rng):
    arrays = [rng.normal(size=100) for _ in range(3)]
    memo, calls = Memo(most_bytes=2 * arrays[0].nbytes), []
    for array in (*arrays, arrays[2], arrays[1], arrays[0]):
        memo(counted(array, calls), array)
    assert len(calls) == 4  # three, and the oldest again


def test_a_result_larger_than_all_is_given_but_not_kept(rng):
    memo, calls, array = Memo(most_bytes=8), [], rng.normal(size=100)
    for _ in range(2):
        assert memo(counted(array, calls), array)[0].shape == (100,)
    assert len(calls) == 2


def test_what_is_kept_cannot_be_written_to(rng):
    result, _ = Memo()(counted(rng.normal(size=4), []), 1)
    with pytest.raises(ValueError, match="read-only"):
        result[0] = 3.0
