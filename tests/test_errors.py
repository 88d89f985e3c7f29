"""An error is one short line, whatever stands in a file."""

from __future__ import annotations

import pytest

from inr_jax.errors import LONGEST, InputError, clipped, shortlist, unknown_name

MUCH = "[" * 100_000


@pytest.mark.parametrize("part", ["expected", "found", "fix"])
def test_a_line_is_bounded_whatever_a_part_of_it_repeats(part):
    parts = {"expected": "one", "found": "two", "fix": "mend it", part: MUCH}
    assert len(str(InputError("file.csv", **parts))) < 1000


def test_lists_of_names_keep_each_name_short_and_show_the_next_one():
    listed = shortlist([MUCH, "APOE"])
    assert listed.endswith("..., APOE") and len(listed) < 2 * LONGEST


def test_an_unknown_name_is_clipped_in_its_line():
    assert len(str(unknown_name("genes", MUCH, ["APOE", "MAPT"]))) < 1000


@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST, LONGEST + 1])
def test_clipping_keeps_what_fits_and_never_grows(length):
    text = clipped("x" * length)
    assert len(text) <= LONGEST
    assert (text == "x" * length) == (length <= LONGEST)
