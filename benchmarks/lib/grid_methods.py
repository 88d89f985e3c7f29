"""The methods of the grid, as its flags ask for them: cells, the paper's, baselines."""

from __future__ import annotations

import re
from argparse import Namespace
from functools import partial

from ml_collections import ConfigDict

from inr_jax.run import build
from inr_jax.run.flags import load_config
from lib import grid
from lib.cells import DEFAULT, cells, of_equal_size, parameters_of
from lib.settings import PAPER


def methods_of(flags: Namespace, c: ConfigDict, genes: int, rows: int) -> dict:
    """Name -> (training and sites to a fold, what it is made from, S, parameters).

    Args:
        flags: Of conditioning.py.
        c: Settings of the default.
        genes: G.
        rows: Wells that all folds are padded to, so that they share a program.
    """
    methods: dict = {}

    def add(name: str, settings: ConfigDict, seeds: int) -> None:
        plan, told = build.make_recipe(settings, genes), settings.to_dict()
        made_from = {
            key: told[key] for key in ("inputs", "field", "conditioning", "fit")
        }
        predict = partial(grid.fit_cell, plan, rows)
        methods[name] = predict, made_from, seeds, parameters_of(settings, genes)

    wanted, modules = (
        parameters_of(c, genes),
        list(filter(None, flags.modules.split(","))),
    )
    for name, changes in cells(c, flags.pairs, modules).items():
        if name == DEFAULT or re.search(flags.cells, name):
            changed = c.copy_and_resolve_references()
            changed.update_from_flattened_dict(changes)
            add(name, of_equal_size(changed, genes, wanted), flags.seeds)
    if flags.paper:
        joint = load_config(PAPER.with_name("paper_joint.py"))
        joint.fit.steps, joint.fit.pairs = flags.paper, flags.pairs
        add("paper, joint", joint, 1)
    for name, predict in grid.BASELINES.items():
        if re.search(flags.cells, name):
            methods[name] = partial(grid.krige, predict), {}, 1, 0
    return methods
