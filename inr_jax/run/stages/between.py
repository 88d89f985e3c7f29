"""Maps between two genes, `render --genes=A~B:5`; files have names of their own."""

from __future__ import annotations

import logging
import re

import numpy as np

from inr_jax.errors import InputError
from inr_jax.fields.derivatives import UNITS, VALUE
from inr_jax.files.cell_text import listed
from inr_jax.maps.bids import gene_desc
from inr_jax.maps.write import EXPRESSION, write_blocks
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of, derivative_of, mixes_of
from inr_jax.run.run import Run
from inr_jax.run.sidecars import sidecars
from inr_jax.run.stages.render import expression_model
from inr_jax.samples.gene_names import columns_of

log = logging.getLogger("inr_jax")
FORM = re.compile(r"([^~:]+)~([^~:]+)(?::(\d+))?")
COUNT, MOST = 5, 101  # maps from one gene to the other


def split_genes(genes: str | None) -> tuple[str | None, list[str]]:
    """What `--genes` names: genes, and pairs of them with a tilde."""
    names = listed(genes)
    pairs = [name for name in names if "~" in name]
    plain = [name for name in names if name not in pairs]
    return (",".join(plain) if plain else None), pairs


def between_stage(run: Run, pairs: list[str]) -> None:
    """Write the maps between the genes of each pair.

    Raises:
        InputError: A pair of another form, an unknown gene, genes without a network
            in common.
    """
    asked = [_parsed(pair) for pair in pairs]
    model = expression_model(run)
    run.workdir.maps.mkdir(exist_ok=True)
    for first, last, count in asked:
        columns_of(model.genes, [first, last])
        _write(run, model, (first, last), count)
        log.info("%d maps from %s to %s in %s", count, first, last, run.workdir.maps)


def _parsed(pair: str) -> tuple[str, str, int]:
    match = FORM.fullmatch(pair)
    count = int(match[3] or COUNT) if match else 0
    if match is None or not 2 <= count <= MOST or match[1] == match[2]:
        raise InputError(
            "--genes",
            expected=f"two genes and a number of maps from 2 to {MOST}, as APOE~MAPT:5",
            found=repr(pair),
            fix="change it",
        )
    return match[1].strip(), match[2].strip(), count


def _write(run: Run, model: ExpressionModel, pair: tuple[str, str], count: int) -> None:
    quantity, canvas = run.config.render.quantity, run.canvas
    drawn = derivative_of(mixes_of(model.drawable, pair, count), quantity)
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    about, of = {}, EXPRESSION
    if quantity != VALUE:
        of = quantity, f"{quantity} of the map of expression (the ensemble's mean)"
        about = {"Quantity": quantity, "Units": UNITS[quantity]}
    common = sidecars(run, model, "", {})[0]
    descs = gene_desc(model.genes)
    told = []
    for gene, share in zip(drawn.genes, np.linspace(0, 1, count), strict=True):
        desc = f"{descs[pair[0]]}to{descs[pair[1]]}{round(100 * share):03d}"
        mix = {"Gene": gene, "Desc": desc, "Between": list(pair), "Share": share}
        told.append({**common, **mix, **about})
    blocks = blocks_of(drawn, x_mm, range(count))
    write_blocks(run.workdir.maps, canvas, told, blocks, std_sidecar=None, of=of)
