"""The stage `latents`: what a fit holds of each gene, as a table and a picture."""

from __future__ import annotations

import io
import logging

import numpy as np

from inr_jax.fields.gene_codes.latents import Latents, latents_of, principal_scores
from inr_jax.files import write_bytes
from inr_jax.fitting.recipe import predict_at
from inr_jax.report import tables
from inr_jax.report.figure_files import draw_both
from inr_jax.report.latents import draw_latents
from inr_jax.run import fitted
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.run import Run
from inr_jax.run.stages.render import expression_model
from inr_jax.run.wells import has_values
from inr_jax.samples.gene_table import entrez_of
from inr_jax.stats.scores import score

log = logging.getLogger("inr_jax")
SCORES = ("training_r", "training_r2", "held_out_r", "held_out_r2")


def latents_stage(run: Run) -> None:
    """Write latents.parquet, latents.npz and figures/latents.png, .svg.

    Raises:
        InputError: No checkpoint, or genes that share nothing.
    """
    model = expression_model(run)
    width = run.config.conditioning.width
    latents = latents_of(model.recipe.conditioning, model.model, width)
    columns = {"gene": np.array(model.genes, object)}
    known = entrez_of(model.genes)
    columns["entrez"] = np.array([known[gene] for gene in model.genes], object)
    numbers = latents.vectors.shape[1]
    codes = {f"z{k + 1}": latents.vectors[:, k] for k in range(numbers)}
    scores = dict(zip(SCORES, _scores(run, model), strict=True))
    _write(run, latents, columns | codes | scores)
    vectors, axes = _plane(latents)
    run.workdir.figures.mkdir(exist_ok=True)
    draw_both(
        run.workdir.figures / "latents",
        draw_latents,
        vectors,
        model.genes,
        r=scores["held_out_r"],
        axes=axes,
        title=f"{len(model.genes)} genes: {latents.kind}",
    )
    log.info("latents of %d genes (%s)", len(model.genes), latents.kind)


def _scores(run: Run, model: ExpressionModel) -> tuple[np.ndarray, ...]:
    """r and R2 `(G,)` at training wells, and of held-out ones; NaN where unknown."""
    genes, samples = len(model.genes), run.source.samples
    training = np.full((2, genes), np.nan)
    if has_values(run.source):
        mean = predict_at(model.recipe.renderer, model.model, samples.sites()).mean
        training = np.stack(score(samples.values, mean)[:2])
    held_out: dict[str, dict] = {}
    if fitted.is_whole(model.recipe, model.bundle):
        rows = read_scores_of(run.workdir)
        structure = run.drawn == "structure"
        held_out = tables.of_maps(rows, sees_structures=structure)[1]
    of_genes = [held_out.get(gene, {}) for gene in model.genes]
    read = [[row.get(name, np.nan) for row in of_genes] for name in ("r", "r2")]
    return (*training, *np.array(read, np.float64))


def _write(run: Run, latents: Latents, columns: dict[str, np.ndarray]) -> None:
    """Write the table twice: Parquet for people, NPZ for `conditioning.table`."""
    import pandas as pd

    root = run.workdir.root
    frame = pd.DataFrame(columns)
    frame.attrs = {"kind": latents.kind}
    data = frame.to_parquet(index=False, write_page_checksum=True)
    write_bytes(root / "latents.parquet", data)
    arrays = {"genes": np.array(columns["gene"], str), "vectors": latents.vectors}
    arrays |= {"entrez": np.array(columns["entrez"], str)}
    arrays |= {name: columns[name] for name in SCORES}
    arrays |= {"kind": np.array(latents.kind)}
    if latents.share is not None:
        arrays["variance_share"] = latents.share
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    write_bytes(root / "latents.npz", file.getvalue())


def _plane(latents: Latents) -> tuple[np.ndarray, tuple[str, str]]:
    """Two numbers of each gene `(G, 2)`, and what they are."""
    vectors, share = latents.vectors, latents.share
    if share is None:
        vectors, share = principal_scores(vectors, 2)
    pair = np.zeros((len(vectors), 2))
    pair[:, : min(2, vectors.shape[1])] = vectors[:, :2]
    told = [*(f"{100 * part:.0f} %" for part in share[:2]), "0 %", "0 %"]
    return pair, (f"component 1 ({told[0]})", f"component 2 ({told[1]})")
