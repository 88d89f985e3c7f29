"""Why a gene is not in the data, and which setting would keep it."""

from __future__ import annotations

import pandas as pd
import pytest
from fake_ahba import BOTH_SIDES as DONORS
from fake_ahba import TWO, donor_file

from inr_jax.errors import InputError
from inr_jax.samples.ahba import cache, dropped_genes, probes
from inr_jax.samples.sources import ahba


def test_a_filter_that_leaves_nothing_says_so(ahba_copy):
    for donor in DONORS:
        path = donor_file(ahba_copy, donor, "pacall")
        path.write_text(path.read_text().replace(",1", ",0"))
    with pytest.raises(InputError, match=r"found 0\.5, the best of .* reaches 0\.000"):
        ahba.load(ahba_copy, **TWO._asdict())


def test_a_gene_that_is_not_there_is_told_with_the_reason(ahba_dir):
    fates = cache.open_atlas(ahba_dir, TWO).fates()
    lost = dropped_genes.dropped_genes(fates)
    quiet = lost[lost.fate == probes.BACKGROUND].gene.iloc[0]
    with pytest.raises(InputError, match=rf"{quiet}: below ibf_threshold, at best 0\."):
        ahba.load(ahba_dir, genes=("APOE", quiet), **TWO._asdict())
    with pytest.raises(InputError, match="MAPTT: unknown, did you mean MAPT"):
        ahba.load(ahba_dir, genes=("MAPTT",), **TWO._asdict())
    source = ahba.load(
        ahba_dir, genes=("APOE", quiet), **TWO._asdict(), skip_absent=True
    )
    assert source.samples.genes == ("APOE",)
    assert list(source.notes["genes_absent"]) == [quiet]
    assert quiet in source.notes["warnings"][0]
    with pytest.raises(InputError):
        ahba.load(ahba_dir, genes=(quiet,), **TWO._asdict(), skip_absent=True)


def test_the_setting_that_is_said_to_keep_a_gene_does(ahba_dir):
    fates = cache.open_atlas(ahba_dir, TWO).fates()
    lost = dropped_genes.dropped_genes(fates)
    gene = lost[lost.fate == probes.BACKGROUND].gene.iloc[-1]
    lines = "\n".join(dropped_genes.explain(fates, gene, TWO))
    assert f"{gene}: not in the data" in lines and "below ibf_threshold" in lines
    threshold = float(lines.split("ibf_threshold=")[1].split()[0])
    source = ahba.load(
        ahba_dir, genes=(gene,), **TWO._replace(ibf_threshold=threshold)._asdict()
    )
    assert source.samples.genes == (gene,)
    assert "in the data" in dropped_genes.explain(fates, "APOE", TWO)[0]
    assert "near names: MAPT" in dropped_genes.explain(fates, "MAPPT", TWO)[0]


def test_renamed_genes_are_found_by_either_name():
    fates = pd.DataFrame(
        [
            (1, "P1", "NEW", "OLD", 5, 0.9, probes.USED),
            (2, "P2", "NEW", "NEW", 5, 0.2, probes.BACKGROUND),
            (3, "P3", "A_3_P", "A_3_P", None, 0.9, probes.NOT_ANNOTATED),
            (4, "P4", "ORF", "ORF", 7, 0.9, probes.NOT_ANNOTATED),
        ],
        columns=list(probes.COLUMNS),
    )
    assert "now of NEW" in dropped_genes.explain(fates, "OLD", TWO)[0]
    assert "in the data, by 1 of 2" in dropped_genes.explain(fates, "OLD", TWO)[1]
    assert dropped_genes.explain(fates, "NEW", TWO)[-1] == "  also known as OLD"
    assert "no known gene" in dropped_genes.explain(fates, "A_3_P", TWO)[-1]
    assert "reannotated=False" in dropped_genes.explain(fates, "ORF", TWO)[-1]
    assert dropped_genes.dropped_genes(fates).gene.tolist() == ["A_3_P", "ORF"]
