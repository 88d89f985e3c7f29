"""Names that the phantom's genes have: those of risk genes, then invented ones."""

from __future__ import annotations

from importlib import resources


def risk_genes() -> tuple[str, ...]:
    """The names to give: 99 risk genes of Alzheimer's disease and HLA-DRA."""
    text = (
        resources.files("inr_jax.samples")
        .joinpath("ad_risk_genes.txt")
        .read_text("utf-8")
    )
    lines = text.splitlines()
    return tuple(line.strip() for line in lines if line and line[0] != "#")


def names_of(count: int) -> tuple[str, ...]:
    """So many names: the risk genes, then PHANTOM101, PHANTOM102, ..."""
    known = risk_genes()
    more = range(len(known) + 1, count + 1)
    return (*known[:count], *(f"PHANTOM{number}" for number in more))
