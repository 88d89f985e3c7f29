"""The verb `merge`: workdirs of all shards of the genes become one.

What must agree are all settings but the shard, the input files and the version; what
is joined are scores, summary and store, predictions of held-out wells and, where
shards share their networks (`fit.mixtures`), models and calibrations.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple, cast

from ml_collections import ConfigDict

from inr_jax.errors import InputError, shortlist
from inr_jax.files import make_folder, write_bytes, write_text
from inr_jax.files.reading import IMAGE, sha256_of, stored_bytes, user_path
from inr_jax.maps.merged import merge_stores
from inr_jax.report import tables
from inr_jax.run import config as settings
from inr_jax.run import flags, shards, workdir
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.leftovers import remove_leftovers
from inr_jax.run.merged_models import merge_held_out, merge_models
from inr_jax.run.provenance import add_summary, read_json
from inr_jax.run.workdir import Workdir
from inr_jax.stats.hold_out import summarise

log = logging.getLogger("inr_jax")
WHOLE = {"source.genes_shard": ""}  # the settings that a run of all genes has
DRAWN_OTHERWISE = ("source.path", "ahba.data_dir", "devices.", "checkpoint.")


class Shard(NamedTuple):
    """The workdir of a shard.

    Attributes:
        files: What lies where.
        config: Its settings.
        part: Which one, from 1.
        total: How many there are.
    """

    files: Workdir
    config: ConfigDict
    part: int
    total: int


def merge(arguments: list[str]) -> None:
    """Join the workdirs that stand among the arguments into --workdir.

    Raises:
        InputError: A shard is missing, foreign or unfinished, or a file cannot be
            written.
    """
    folders = [text for text in arguments if not text.startswith("-")]
    rest = [text for text in arguments if text.startswith("-")]
    root = cast(Path, flags.parse(rest, needs_workdir=True).workdir)
    parts = in_turn([read_shard(user_path(folder)) for folder in folders])
    check_alike(parts)
    with workdir.opened(root) as target:
        check_target(target)
        merge_into(target, parts)


def read_shard(folder: Path) -> Shard:
    """A workdir with its settings.

    Raises:
        InputError: It is no finished run of a shard.
    """
    workdir.check_there(folder)
    files = Workdir(folder)
    config = settings.read(files.config)
    text = config.source.genes_shard
    if not text:
        fix = "give workdirs of runs with --config.source.genes_shard=k/n"
        raise InputError(
            folder, expected="a shard", found="a run of all genes", fix=fix
        )
    for path in (files.store / "store.json", files.summary):
        if not path.exists():
            fix = "run it to its end, with --config.render.store=factored"
            raise InputError(path, expected="a finished run", found="none", fix=fix)
    return Shard(files, config, *shards.numbers_of(text))


def in_turn(parts: list[Shard]) -> list[Shard]:
    """All shards, each once, in their order.

    Raises:
        InputError: One is missing or there twice; names it.
    """
    if not parts:
        fix = "as inr-jax merge out-* --workdir=out"
        raise InputError("merge", expected="workdirs", found="none", fix=fix)
    by_part: dict[int, Shard] = {}
    for shard in parts:
        if shard.total != parts[0].total:
            expected = f"a shard of {parts[0].total}, as {parts[0].files.root}"
            found = f"{shard.part}/{shard.total}"
            fix = "leave it out"
            raise InputError(shard.files.root, expected=expected, found=found, fix=fix)
        if shard.part in by_part:
            first_dir = by_part[shard.part].files.root
            twice = f"{shard.part}/{shard.total}, as in {first_dir}"
            expected, fix = "each shard once", "leave one of them out"
            raise InputError(shard.files.root, expected=expected, found=twice, fix=fix)
        by_part[shard.part] = shard
    count = parts[0].total
    missing = [f"{k}/{count}" for k in range(1, count + 1) if k not in by_part]
    if missing:
        expected, found = f"all {count} shards", f"none for {shortlist(missing)}"
        fix = "run what is missing, or add its workdir"
        raise InputError("merge", expected=expected, found=found, fix=fix)
    return [by_part[part] for part in sorted(by_part)]


def check_alike(parts: list[Shard]) -> None:
    """Refuse shards of other settings, inputs or versions than the first.

    Raises:
        InputError: Names the workdir, and what differs.
    """
    first, *others = parts
    before, inputs = settings.flat(first.config), _made_from(first)
    for shard in others:
        after = settings.flat(shard.config)
        differing = [
            f"{key}: {before[key]!r} -> {after[key]!r}"
            for key in before
            if before[key] != after[key]
            and key != "source.genes_shard"
            and not key.startswith(DRAWN_OTHERWISE)
        ]
        differing += [
            f"{key} that differs"
            for key, of in _made_from(shard).items()
            if inputs[key] != of
        ]
        if differing:
            raise InputError(
                shard.files.root,
                expected=f"the settings and inputs of {first.files.root}",
                found=shortlist(differing),
                fix="run it again as the others",
            )


def check_target(target: Workdir) -> None:
    """Refuse to write over a run, be it one of the shards.

    Raises:
        InputError: The workdir holds what no merge left.
    """
    if target.config.exists() and "shards" not in read_json(target.summary):
        raise InputError(
            target.root,
            expected="a new folder, or what an earlier merge left",
            found="a run",
            fix="give another --workdir",
        )


def _made_from(shard: Shard) -> dict:
    told = read_json(shard.files.provenance)
    return {
        "version": told.get("inr_jax", told.get("version")),
        "inputs": sorted(map(str, told.get("inputs_sha256", {}).values())),
    }


def merge_into(target: Workdir, parts: list[Shard]) -> None:
    """Write scores, summary, store and what all shards have alike."""
    merge_stores(
        make_folder(target.store, fix="check that it is yours"),
        [shard.files.store for shard in parts],
    )
    first = parts[0].files
    make_folder(target.maps, fix="check that it is yours")
    for path in sorted(first.maps.glob("*desc-nearestsample_*")):
        write_bytes(target.maps / path.name, stored_bytes(path, "a map", most=IMAGE))
    rows = joined_scores([read_scores_of(shard.files) for shard in parts])
    if rows:
        write_text(target.scores, tables.scores_text(rows))
        print(tables.scores_table(rows), flush=True)
    config = settings.to_json(settings.changed(parts[0].config, WHOLE))
    workdirs = [shard.files for shard in parts]
    written = merge_models(target, workdirs, config)
    protocols = list(dict.fromkeys(row["protocol"] for row in rows))
    if merge_held_out(target.held_out, workdirs, protocols):
        written.append(target.held_out)
    written += [target.scores] if rows else []
    summaries = [read_json(shard.files.summary) for shard in parts]
    genes = sum(summary.get("n_genes", 0) for summary in summaries)
    numbers = {"n_genes": genes, "n_samples": summaries[0].get("n_samples")}
    numbers |= {"shards": [str(shard.files.root) for shard in parts]}
    noted = {path.name: sha256_of(path) for path in written}
    numbers |= {"scores": summarise(rows), "evaluated": noted}
    add_summary(target.summary, numbers)
    write_text(target.config, config + "\n")
    remove_leftovers(target)
    log.info("merge: %d genes of %d shards in %s", genes, len(parts), target.root)


def joined_scores(parts: list[list[dict]]) -> list[dict]:
    """Rows of all shards: a protocol and method after the other, genes in order."""
    kinds = list(dict.fromkeys((row["protocol"], row["method"]) for row in parts[0]))
    whole = []
    for kind in kinds:
        of_kind = [
            [row for row in rows if (row["protocol"], row["method"]) == kind]
            for rows in parts
        ]
        whole += shards.in_order(of_kind)
    return whole
