"""The stage `compare`: the maps of a run beside abagen's, in tables."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain.label_images import LabelImage, region_at
from inr_jax.brain.volumes import read_volume
from inr_jax.errors import InputError
from inr_jax.files import write_csv, write_text
from inr_jax.files.reading import SMALL, read_bytes
from inr_jax.maps import agreement
from inr_jax.maps import regions as regions_module
from inr_jax.maps.bids import gene_desc
from inr_jax.maps.lookup import read_store
from inr_jax.maps.write import Canvas
from inr_jax.report import methods
from inr_jax.run import ahba_settings
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.run import Run
from inr_jax.run.stages.export import same_voxels
from inr_jax.run.workdir import Workdir
from inr_jax.samples.ahba import region_tables
from inr_jax.samples.ahba.cache import Atlas, open_atlas
from inr_jax.samples.ahba.dropped_genes import write_dropped
from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.stats import baselines

log = logging.getLogger("inr_jax")
TWO = ("9861", "10021")  # the donors that were sampled on both sides
WHOLE_ATLAS = 58_692  # probes
VALUES = 2**25  # of maps, voxels x genes, compared at a time; 270 MB in float64


def describe(run: Run) -> None:
    """For the atlas: dropped genes, a paragraph on methods, the works to cite."""
    if run.config.source.name != "ahba":
        return
    atlas, workdir, source = _atlas(run.config), run.workdir, run.source
    write_dropped(workdir.root / "dropped_genes.csv", atlas.fates())
    copies = bool(source.samples.mirrored.any())
    parts = [
        "# Methods",
        methods.paragraph(atlas, len(source.samples.genes), copies),
        "## Input files",
        methods.sums_table(source.files),
    ]
    if (report := workdir.root / "abagen_report.md").exists():
        parts += [
            "## abagen's own report on its region tables",
            "Written by abagen, of `abagen.get_expression_data` with these settings; "
            "the region tables in `regions/` that are called abagen are its work.",
            read_bytes(report, "text", most=SMALL).decode(errors="replace"),
        ]
    write_text(workdir.root / "methods.md", "\n\n".join(parts) + "\n")
    write_text(workdir.root / "references.bib", methods.bibliography(atlas.options))


def compare_stage(run: Run) -> None:
    """Region tables of the maps and of abagen; abagen_comparison.csv; donors."""
    labels = region_tables.read_labels(
        run.config.compare.atlas, run.config.compare.atlas_info
    )
    with timed(run.workdir, "compare"):
        run.workdir.regions.mkdir(exist_ok=True)
        table = None
        if run.config.source.name == "ahba":
            table = _tables_of_abagen(run, labels)
        lines = _compared(run, labels, table)
    _write(run.workdir.comparison, lines)
    _summarise(run, lines)


def _tables_of_abagen(run: Run, labels: LabelImage) -> np.ndarray:
    """abagen's table of all donors `(L, G)`, written with those of two of them."""
    genes, workdir = run.source.samples.genes, run.workdir
    atlas = _atlas(run.config)
    table, donors = region_tables.abagen_tables(atlas, labels, list(genes))
    stem = workdir.regions / "abagen"
    regions_module.write_table(stem, table, list(genes), labels.table())
    _compare_donors(workdir, donors, genes, labels)
    report = methods.abagen_report(atlas, labels)
    write_text(workdir.root / "abagen_report.md", report + "\n")
    describe(run)
    return table


def _compared(run: Run, labels: LabelImage, table: np.ndarray | None) -> list[dict]:
    """Rows of the comparison, some genes at a time; writes the maps' own table."""
    samples, genes = run.source.samples, run.source.samples.genes
    x_mm, ids = run.canvas.grid.points_mm(run.canvas.mask), np.arange(len(labels.names))
    label, total = region_at(labels, x_mm), run.canvas.mask.size
    read, means, parts = reader_of(run.workdir, run.canvas, genes), [], []
    for block in gene_blocks(len(x_mm), len(genes), VALUES):
        ours, part = read(block), {}
        means.append(regions_module.region_means(ours, label, ids[1:])[0])
        if table is not None:
            part["abagen_regions"] = agreement.against_table(
                ours, table[:, block], label, ids[1:], total
            )
        wells = samples.keep_genes(list(genes[block]))
        for name, mirrored in baselines.ABAGEN.items():
            theirs = baselines.abagen_map(wells, x_mm, mirrored=mirrored)
            part[name] = agreement.against_map(ours, theirs, label, ids[1:], total)
        parts.append(part)
    stem = run.workdir.regions / "inr"
    regions_module.write_table(stem, np.hstack(means), list(genes), labels.table())
    wholes = {name: agreement.joined([part[name] for part in parts]) for name in part}
    return [row for name in wholes for row in agreement.rows(name, wholes[name], genes)]


def _atlas(config: ConfigDict) -> Atlas:
    options, wells = ahba_settings.ahba_options(config), config.source.wells
    return open_atlas(ahba_settings.data_dir(config), options, wells)


def reader_of(
    workdir: Workdir, canvas: Canvas, genes: tuple[str, ...]
) -> Callable[[slice], np.ndarray]:
    """Some of G genes to their maps at the voxels of the mask, `(V, genes)` float32.

    From the store that a run left, else from its files of maps.

    Raises:
        InputError: The store is damaged.
    """
    if (workdir.store / "store.json").exists():
        store = read_store(workdir.store)
        if same_voxels(store.canvas, canvas):
            columns = store.columns(genes)
            return lambda block: store.maps.genes(columns[block], std=False)[0]
    return lambda block: _read_maps(workdir, canvas, genes, block)


def _read_maps(
    workdir: Workdir, canvas: Canvas, genes: tuple[str, ...], block: slice
) -> np.ndarray:
    names = list(gene_desc(genes).values())[block]
    values = np.empty((int(canvas.mask.sum()), len(names)), np.float32)
    for column, desc in enumerate(names):
        stem = canvas.stem(workdir.maps, desc, "feature")
        path = stem.with_name(f"{stem.name}.nii.gz")
        if not path.exists():
            raise InputError(
                path,
                expected="the map of a gene",
                found="none",
                fix="run inr-jax render first, with the same settings",
            )
        volume, grid = read_volume(path, functools.partial(_no_map, path))
        if volume.shape != canvas.mask.shape:
            raise _no_map(path, f"one of {grid.shape} voxels", "")
        values[:, column] = volume[canvas.mask]
    return values


def _no_map(path: Path, found: str, _: str) -> InputError:
    expected, fix = "a map of this run", "run inr-jax render again"
    return InputError(path, expected=expected, found=found, fix=fix)


def _compare_donors(
    workdir: Workdir, donors: dict, genes: tuple[str, ...], labels: LabelImage
) -> None:
    """9861 against 10021, by abagen's tables of each."""
    if not set(TWO) <= set(donors):
        return
    for donor in TWO:
        stem = workdir.regions / f"abagen-donor{donor}"
        regions_module.write_table(stem, donors[donor], list(genes), labels.table())
    first, second = (donors[d] for d in TWO)
    lines = agreement.donors_table(first, second, genes, labels.table())
    _write(workdir.root / "donor_comparison.csv", lines)
    by = {
        f"r_mean_by_{of}": float(
            np.mean([line["r"] for line in lines if line["of"] == of])
        )
        for of in ("gene", "region")
    }
    add_summary(workdir.summary, {"donors_9861_10021": by})


def _write(path: Path, lines: list[dict]) -> None:
    """Lines as CSV, numbers to 8 significant digits."""
    cells = (
        {k: f"{v:.8g}" if isinstance(v, float) else v for k, v in line.items()}
        for line in lines
    )
    write_csv(path, lines[0], cells)


def _summarise(run: Run, lines: list[dict]) -> None:
    """`abagen.*` of summary.json, and the same for the terminal."""
    means = agreement.summarise(lines)
    shipped = {
        "region": means.get("abagen_regions", means["abagen"])["region"],
        "voxel": means["abagen"]["voxel"],
        "paper": means.get("abagen_regions", means["abagen"])["paper"],
    }
    summary = {"abagen": shipped, "abagen_mirrored": means["abagen_mirrored"]}
    add_summary(run.workdir.summary, summary | {"abagen_comparison": means})
    source = run.source
    whole = source.notes.get("filters", {}).get("probes") == WHOLE_ATLAS
    print(f"agreement with abagen: {len(source.samples.genes)} genes", flush=True)
    for baseline, overs in means.items():
        for over, numbers in overs.items():
            line = f"  {baseline:<16}{agreement.LABEL[over]:<67}"
            line += f" r {numbers['r_mean']:.3f}  MSE {numbers['mse_mean']:.4f}"
            paper = agreement.OF_PAPER.get((run.config.conditioning.name, over))
            if paper and whole and baseline == "abagen_regions":
                line += "  (paper, {}: {:.3f}, {:.4f})".format(*paper)
            print(line, flush=True)
