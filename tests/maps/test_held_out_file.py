"""held_out.parquet: a round trip, in bytes that depend on its contents alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inr_jax.errors import InputError
from inr_jax.maps import held_out_file
from inr_jax.maps.held_out_file import HeldOutPredictions


@pytest.fixture
def made(rng) -> HeldOutPredictions:
    """Five wells of two donors, three genes."""
    tables = rng.normal(size=(3, 5, 3)).astype(np.float32)
    fold = np.array(["a", "b", "a", "b", "b"], object)
    return HeldOutPredictions(("G1", "HLA-A", "=X"), np.arange(7, 12), fold, *tables)


def test_what_is_written_is_read_again_protocol_by_protocol(made, tmp_path):
    path = tmp_path / "held_out.parquet"
    other = made._replace(prediction=made.prediction + 1)
    held_out_file.write_held_out(path, {"donor": made, "donor+anatomy": other})
    for protocol, wells in (("donor", made), ("donor+anatomy", other)):
        again = held_out_file.read_held_out(path, protocol)
        assert again.genes == wells.genes
        for name in ("well", "fold", "value", "prediction", "sd"):
            np.testing.assert_array_equal(getattr(again, name), getattr(wells, name))
    assert held_out_file.read_held_out(path, "block20") is None


def test_a_row_is_a_well_of_a_gene_as_pandas_reads_it(made, tmp_path, monkeypatch):
    path = tmp_path / "held_out.parquet"
    held_out_file.write_held_out(path, {"donor": made})
    rows = pd.read_parquet(path)
    assert tuple(rows) == held_out_file.COLUMNS
    row = rows[(rows["gene"] == "HLA-A") & (rows["well"] == 9)].iloc[0]
    assert (row["fold"], row["value"]) == ("a", made.value[2, 1])
    bytes_at_once = path.read_bytes()
    held_out_file.write_held_out(path, {"donor": made})
    assert path.read_bytes() == bytes_at_once
    monkeypatch.setattr(held_out_file, "ROWS", 5)  # groups of one gene
    held_out_file.write_held_out(path, {"donor": made})
    pd.testing.assert_frame_equal(pd.read_parquet(path), rows)


def test_a_file_that_is_no_table_is_refused_in_one_line(tmp_path):
    path = tmp_path / "held_out.parquet"
    path.write_bytes(b"PAR1 of something else")
    with pytest.raises(InputError, match="run inr-jax evaluate again"):
        held_out_file.read_held_out(path, "donor")
    pd.DataFrame({"gene": ["A"]}).to_parquet(path)
    with pytest.raises(InputError, match="held-out predictions"):
        held_out_file.read_held_out(path, "donor")
