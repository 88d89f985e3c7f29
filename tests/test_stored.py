"""What we wrote is read again as it was, or refused in one line."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest
from given import input_error

from inr_jax.errors import InputError
from inr_jax.files.stored import parsed, read_json
from inr_jax.files.stored_arrays import Array, read_arrays, write_arrays

SCHEMA = {
    "a": Array(("N", "G"), "f"),
    "b": Array(("N",), "iu", 0, 9),
    "c?": Array((), "b"),
}
META = {"genes": [str]}


def read(path):
    return read_arrays(
        path,
        SCHEMA,
        META,
        version=1,
        lengths={"G": "genes"},
        expected="arrays",
        fix="write them again",
    )


@pytest.fixture
def path(tmp_path, rng):
    arrays = {"a": rng.normal(size=(3, 2)), "b": np.arange(3), "c": True}
    write_arrays(tmp_path / "a.npz", arrays, {"genes": ["A", "É"]}, 1)
    return tmp_path / "a.npz"


def test_no_bit_of_a_file_changes_what_is_read_unseen(path, tmp_path, rng):
    whole, (arrays, meta) = path.read_bytes(), read(path)
    harmless = 0
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            again, told = read(path)
        except InputError as error:
            assert "\n" not in str(error) and str(path) in str(error)
            continue
        harmless += 1
        assert told == meta and again.keys() == arrays.keys()
        for name, array in arrays.items():
            assert again[name].tobytes() == array.tobytes()
    assert 0 < harmless < len(whole) / 2  # dates and the like in the archive


def test_a_file_that_was_cut_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert "expected arrays" in str(input_error(read, path))


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        assert "no regular file" in str(input_error(read, path))


SHAPE = {"text": str, "numbers?": [float], "of?": {str: {"n": int}}, "any?": (int, str)}
RIGHT = [
    {"text": ""},
    {"text": "a", "numbers": [1, 2.5], "of": {"x": {"n": 1}}, "any": "b", "more": None},
    {"text": "a", "any": 3},
]
WRONG = {
    "[1]": "all of it that is not a mapping",
    '{"numbers": []}': "no text",
    '{"text": 3}': "text that is not text",
    '{"text": "", "numbers": [1, true]}': "numbers[1] that is not a finite number",
    '{"text": "", "numbers": [NaN]}': "numbers[0] that is not a finite number",
    '{"text": "", "numbers": [1e999]}': "numbers[0] that is not a finite number",
    '{"text": "", "numbers": {}}': "numbers that is not a list",
    '{"text": "", "of": {"x": {}}}': "no of.x.n",
    '{"text": "", "of": {"x": {"n": 1.5}}}': "of.x.n that is not an integer",
    '{"text": "", "any": null}': "any that is not text",
    "[" * 100_000: "nested too deeply",
    '{"text": ': "Expecting value",
    "\xff": "can't decode byte",
}


@pytest.mark.parametrize("tree", RIGHT)
def test_json_of_the_shape_is_read_as_it_is(tree):
    assert parsed(json.dumps(tree), SHAPE) == tree


@pytest.mark.parametrize(("text", "words"), WRONG.items(), ids=range(len(WRONG)))
def test_json_of_another_shape_is_refused_by_its_key(text, words, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read_json(path, SHAPE, expected="notes", fix="delete it")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
