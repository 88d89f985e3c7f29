"""What an association leaves: associations.csv, ranked.rnk, background.txt, nulls.json.

It is whole once nulls.json is there, the last file, which knows the others' SHA-256.

Axis letters: G genes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inr_jax.files import json_text, make_folder, neutral, write_json, write_text
from inr_jax.files.reading import sha256_of
from inr_jax.files.stored import parsed, signed
from inr_jax.report.association_methods import paragraph
from inr_jax.report.association_page import CAPTIONS, doubts
from inr_jax.run.association.compare import Compared
from inr_jax.run.association.scenery import Asked
from inr_jax.samples.gene_sets import GeneSets
from inr_jax.stats.association import false_discovery, tail_p
from inr_jax.stats.association_refits import matched_p
from inr_jax.stats.association_sets import set_counts, set_tails
from inr_jax.stats.nulls import PAD_MM

if TYPE_CHECKING:
    import pandas as pd

# Columns in their order; those of donors stand behind `donors_agree`.
FIRST = ("gene", "entrez", "r_voxel", "ci_lo", "ci_hi", "n_eff")
CHANCES = ("p_null", "p_tail", "p_max", "q")
NAIVE = "p_naive"  # as if places were independent
OTHERS = ("r_region", "p_region", "r_well", "p_well", "donors_agree")
LAST = "nulls.json"
_TABLES = "associations.csv genesets.csv ranked.rnk background.txt methods.md"
FILES = (*_TABLES.split(), *CAPTIONS)


def as_frame(
    compared: Compared,
    genes: tuple[str, ...],
    scores: dict[str, dict],
    entrez: dict[str, str],
) -> pd.DataFrame:
    """A row a gene, in the order of the model; what is not known is NaN.

    Args:
        compared: A map with all genes.
        genes: G symbols.
        scores: gene -> its held-out row of scores.csv.
        entrez: gene -> its Entrez id.
    """
    import pandas as pd

    unknown = np.full(len(genes), np.nan)
    columns: dict[str, Any] = {"gene": list(genes)}
    columns["entrez"] = [entrez.get(gene, "") for gene in genes]
    columns |= dict.fromkeys((*FIRST[2:], *CHANCES, NAIVE, *OTHERS), unknown)
    chances = compared.levels[compared.main].chances
    count = np.full(len(genes), compared.counts[compared.main])
    columns[NAIVE] = tail_p(compared.levels[compared.main].r, count)
    columns |= {name: getattr(chances, name) for name in ("n_eff", *CHANCES)}
    for name, outcome in compared.levels.items():
        columns[f"r_{name}"] = outcome.r
        if name != "voxel":
            columns[f"p_{name}"] = outcome.chances.p_null
    if compared.donors:
        columns["donors_agree"] = _agreement(compared)
    columns |= {f"r_{donor}": r for donor, r in compared.donors.items()}
    again = compared.refitted
    if again is not None:
        columns |= {"ci_lo": again.low, "ci_hi": again.high}
    columns |= compared.baselines
    columns["p_specific"] = unknown if again is None else again.p_specific
    columns["p_matched"] = unknown
    for column, key in (("held_out_r", "r"), ("held_out_r2", "r2")):
        columns[column] = [scores.get(gene, {}).get(key, np.nan) for gene in genes]
    r = compared.levels[compared.main].r
    columns["p_matched"] = matched_p(r, np.array(columns["held_out_r"]))
    return pd.DataFrame(columns)


def _agreement(compared: Compared) -> np.ndarray:
    """`(G,)` share of donors in whom r has the sign that it has over all wells."""
    r = np.stack(list(compared.donors.values()))
    known = np.isfinite(r)
    same = known & (np.sign(r) == np.sign(compared.levels["well"].r))
    return same.sum(0) / np.maximum(known.sum(0), 1)


def sets_frame(compared: Compared, sets: GeneSets) -> pd.DataFrame | None:
    """A row a gene set, the least p first; None where none were scored."""
    import pandas as pd

    if compared.sets is None:
        return None
    observed, nulls = compared.sets
    tail = set_tails(observed, nulls)
    columns = {
        "set": sets.names,
        "description": sets.descriptions,
        "genes_listed": sets.listed,
        "genes": sets.found,
        "score": observed,
        "p_null": set_counts(observed, nulls),
        "p_tail": tail,
        "q": false_discovery(tail),
    }
    return pd.DataFrame(columns).sort_values(["p_tail", "set"], kind="stable")


def describe_nulls(compared: Compared, asked: Asked) -> dict[str, Any]:
    """What null maps are made from: enough to draw each of them again."""
    lattice = compared.lattice
    first = next(iter(compared.levels.values()))
    return {
        "seed": asked.seed,
        "nulls": first.tally.done,
        "asked": asked.nulls,
        "level": compared.main,
        "trend": compared.trend,
        "method": asked.method,
        "inside": compared.rule,
        "refitted": compared.refitted is not None,
        "lattice": lattice
        and {
            "shape": list(lattice.shape),
            "step_mm": lattice.step_mm.tolist(),
            "pad_mm": PAD_MM,
        },
        "places": compared.counts,
        "strata": {
            name: {
                "size": part.size,
                **part.fit.covariance._asdict(),
                "misfit": part.fit.misfit,
                "observed": part.fit.observed.tolist(),
                "expected": part.fit.expected.tolist(),
                "distance_mm": part.plan.centre_mm.tolist(),
            }
            for name, part in compared.strata.items()
        },
    }


def begin(folder: Path, *, fix: str) -> None:
    """Make a folder for an association, or take away that which is there.

    Its mark of being whole goes first, so that none is taken for two halves of two.

    Raises:
        InputError: It cannot be made.
    """
    make_folder(folder, fix=fix)
    for name in (LAST, *FILES):
        (folder / name).unlink(missing_ok=True)


def finish(folder: Path, nulls: dict[str, Any]) -> None:
    """Write nulls.json, by which an association is whole; nothing may follow.

    Args:
        folder: With the other files.
        nulls: Of `describe_nulls`.

    Raises:
        InputError: The file cannot be written.
    """
    there = [name for name in FILES if (folder / name).exists()]
    files = {name: sha256_of(folder / name) for name in there}
    tree = parsed(json_text({**nulls, "files": files}), dict)
    write_json(folder / LAST, signed(tree))


def write_tables(
    folder: Path,
    frame: pd.DataFrame,
    nulls: dict[str, Any],
    genesets: pd.DataFrame | None = None,
) -> None:
    """Write the tables of one map, each whole or not at all, between begin and finish.

    Args:
        folder: It is there.
        frame: Of `as_frame`.
        nulls: Of `describe_nulls`.
        genesets: Of `sets_frame`.

    Raises:
        InputError: A file cannot be written.
    """
    main = f"r_{nulls['level']}"
    if genesets is not None:
        by_set = genesets.map(neutral).to_csv(index=False, float_format="%.6g")
        write_text(folder / "genesets.csv", by_set)
    by_p = frame.sort_values(["p_tail", "gene"], kind="stable")
    text = by_p.map(neutral).to_csv(index=False, float_format="%.6g")
    write_text(folder / "associations.csv", text)
    ranked = frame.sort_values(main, ascending=False, kind="stable")
    lines = [f"{g}\t{r:.8g}" for g, r in zip(ranked.gene, ranked[main], strict=True)]
    write_text(folder / "ranked.rnk", "\n".join(lines) + "\n")
    write_text(folder / "background.txt", "\n".join(frame.gene) + "\n")
    sets = 0 if genesets is None else len(genesets)
    write_text(folder / "methods.md", paragraph(folder.name, len(frame), nulls, sets))


def printed(
    frame: pd.DataFrame,
    compared: Compared,
    genesets: pd.DataFrame | None = None,
    shown: int = 10,
) -> str:
    """A table for a terminal: the genes of least p at all levels, and what to doubt."""
    first = next(iter(compared.levels.values()))
    strata = ", ".join(compared.strata)
    counts = ", ".join(f"{compared.counts[name]:,} {name}s" for name in compared.levels)
    lines = [
        f"{compared.name}: {counts}; strata: {strata}; {first.tally.done} null maps",
        f"{'gene':<12}{'r voxel':>8}{'95 %':>15}{'region':>8}{'well':>8}{'donors':>8}"
        f"{'n_eff':>7}{'p':>8}{'p max':>8}{'q':>8}{'p well':>8}{'special':>8}{'R2':>6}",
    ]
    for _, row in frame.sort_values(["p_tail", "gene"]).head(shown).iterrows():
        lines.append(_line(row))
    if genesets is not None:
        lines += ["", f"{'gene set':<40}{'genes':>7}{'score':>8}{'p':>9}{'q':>9}"]
        for _, row in genesets.head(shown).iterrows():
            numbers = f"{row.genes:>7}{row.score:>8.3f}{row.p_tail:>9.2g}{row.q:>9.2g}"
            lines.append(f"{row['set']:<40.40}{numbers}")
    return "\n".join(lines)


def _line(row: pd.Series) -> str:
    cells = [("r_region", 8, ".3f"), ("r_well", 8, ".3f"), ("donors_agree", 8, ".0%")]
    cells += [("n_eff", 7, ".0f"), ("p_null", 8, ".2g"), ("p_max", 8, ".2g")]
    cells += [("q", 8, ".2g"), ("p_well", 8, ".2g"), ("p_specific", 8, ".2g")]
    cells += [("held_out_r2", 6, ".2f")]
    known = np.isfinite(row.ci_lo)
    interval = f"{row.ci_lo:.2f} to {row.ci_hi:.2f}" if known else "-"
    voxel = f"{row.r_voxel:.3f}" if np.isfinite(row.r_voxel) else "-"
    text = f"{row.gene:<12.12}{voxel:>8}{interval:>15}"
    for name, width, form in cells:
        known = np.isfinite(row[name])
        text += f"{format(row[name], form) if known else '-':>{width}}"
    words = doubts(row)
    return f"{text}  {words}" if words else text
