"""Scores as a file and as text: what was written is read, means are by hand."""

from __future__ import annotations

import pytest
from given import score_row as row

from inr_jax.errors import InputError
from inr_jax.report import tables


def test_scores_survive_the_file(tmp_path, rows):
    tables.write_scores(tmp_path / "scores.csv", rows)
    text = (tmp_path / "scores.csv").read_text()
    assert text.splitlines()[0] == "method,protocol,gene,n,r,r2,mse"
    assert text.splitlines()[2] == "kriging,donor,HLA-DRA,841,0.5,0.3,0.33333333"
    for found, wrote in zip(
        tables.read_scores(tmp_path / "scores.csv"), rows, strict=True
    ):
        assert list(found) == list(wrote) and type(found["n"]) is int
        assert found == wrote | {"mse": pytest.approx(1 / 3, rel=1e-7)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("", "found an empty file"),
        (
            "method,gene,r\ninr,APOE,1\n",
            "found no protocol, n, r2, mse (but method, gene, r)",
        ),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,x,0,0\n", "line 2"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,.1\n", "line 2"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,5,0,0\n", "found r 5"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,nan,0,0\n", "found r nan"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,0,2,0\n", "found r2 2"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,0,0,-1\n", "found mse -1"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,0,0,0,0\n", "found n 0"),
        ("method,protocol,gene,n,r,r2,mse\ninr,x/../y,A,9,0,0,0\n", "found protocol"),
        (
            "method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,0,0,0,0\n",
            "found 8 in line 2",
        ),
    ],
)
def test_a_broken_scores_file_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "scores.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"run evaluate again|no such") as caught:
        tables.read_scores(path)
    assert message in str(caught.value) and "scores.csv" in str(caught.value)


def test_the_table_shows_means_medians_and_wins_with_the_inr_first(rows):
    lines = tables.scores_table(rows).splitlines()
    assert lines[0] == "held-out donors: 3 genes, 841 wells"
    assert lines[2].split() == ["inr", "0.500", "0.300", "0.400", "0.350"]
    assert lines[3].split() == ["kriging", "0.300", "-0.367", "0.200", "0.100"]
    assert lines[4] == "inr beats kriging in 2 of 3 genes by r, in 2 by R2"
    assert len({len(line) for line in lines[1:4]}) == 1


def test_the_table_has_a_block_a_protocol(rows):
    rows += [row("nearest", "APOE", 0.1, 0.0, protocol="block")]
    blocks = tables.scores_table(rows).split("\n\n")
    assert len(blocks) == 2 and "protocol block: 1 genes" in blocks[1]
    assert "beats" not in blocks[1]


def test_maps_are_scored_by_donors_else_by_the_first_blocks(rows):
    blocks = [row("inr", "APOE", 0.6, 0.2, f"block{mm}") for mm in (30, 10)]
    rivals = [row("kriging", "APOE", 0.9, 0.8, "block40")]
    known = [row("inr", "APOE", 0.7, 0.4, "donor+anatomy")]
    words, scores = tables.of_maps(
        rivals + blocks + rows + known, sees_structures=False
    )
    assert words == "leave one donor out" and scores["APOE"]["r"] == 0.3
    words, scores = tables.of_maps(rivals + blocks, sees_structures=False)
    assert words.startswith("leave blocks of 30 mm out") and scores["APOE"]["r"] == 0.6
    words, scores = tables.of_maps(blocks + rows + known, sees_structures=True)
    assert words == "leave one donor out, structures known"
    assert scores["APOE"]["r"] == 0.7
    for some, sees in ((rivals, False), (rows, True), ([], False)):
        assert tables.of_maps(some, sees_structures=sees) == ("", {})


def test_a_block_of_blocks_says_what_is_in_training_and_names_the_rival():
    both = [row("inr", "APOE", 0.3, 0.2, "block20"), row("kriging", "APOE", 0, 0)]
    both[1]["protocol"] = "block20"
    lines = tables.scores_table(both).splitlines()
    assert lines[0].startswith("held-out blocks of 20 mm, donors and structures in")
    assert lines[-1] == "inr beats kriging in 1 of 1 genes by r, in 1 by R2"
