"""Networks in groups against a loop, and how many go side by side."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.fields.numerics.groups import CACHE_BYTES, default_group, map_groups

pytestmark = pytest.mark.usefixtures("strict_types")


@pytest.mark.parametrize("group", [0, 1, 2, 3, 7, 9])
def test_a_group_of_any_size_gives_what_a_loop_gives(rng, group):
    x = rng.normal(size=(7, 5)).astype(np.float32)
    found = map_groups(lambda row: jnp.sum(row**2), x, len(x), group)
    np.testing.assert_allclose(found, (x**2).sum(1), rtol=1e-6)


def params(networks, width):
    return {"w": np.zeros((networks, 3, width)), "b": np.zeros((networks, width))}


@pytest.mark.parametrize(
    ("networks", "rows", "width", "group"),
    # Each takes 4 rows width bytes; 1.5 MiB hold 7 of the first kind, so all 6 go at
    # once; 61 of the third, so 100 go in two groups of 50.
    [(6, 841, 64, 6), (100, 841, 64, 7), (100, 200, 32, 50), (100, 800, 32, 15)],
)
def test_a_cpu_takes_what_its_cache_holds_in_even_groups(networks, rows, width, group):
    assert default_group(params(networks, width), rows) == group
    assert 4 * rows * width * group <= CACHE_BYTES


def test_a_wide_network_goes_alone():
    assert default_group(params(100, 256), 8192) == 1
