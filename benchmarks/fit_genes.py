"""How long does one step of one gene take: ours, and what a user would otherwise run?

    ours         groups of networks, many steps in one program (inr_jax/fit.py)
    naive_vmap   plain JAX, one vmap over all networks, a jitted step at a time
    jax_loop     plain JAX, a Python loop over networks of jitted steps
    torch_loop   PyTorch, one network after another
    torch_vmap   PyTorch, torch.func.vmap over all networks

Same weights at the start, same wells, same Adam, same threads; the losses after the
last step must agree. Networks: lib/networks.py. ms of all networks' step, divided by
genes; compiling is not in it.

python benchmarks/fit_genes.py [--genes=1,10,100] [--json=FILE]
"""

from __future__ import annotations

import argparse

import numpy as np
from lib import naive_jax
from lib.machine import about, flags_of, has_torch, seconds, write
from lib.networks import (
    DEFAULT,
    PAPER,
    features_of,
    layers_of,
    one_by_one,
    run_of,
    small,
    wells_to_fit,
)

AGREE = 0.02  # of the losses in float32, relative


def ways_of(network, genes: int, flags: argparse.Namespace) -> dict:
    """name -> a run of all networks for `flags.steps` steps that gives losses."""
    trainer = network.trainer(genes)
    data = wells_to_fit(trainer, genes, flags.wells)
    layers = layers_of(network.model(genes).params, network.depth)
    x = features_of(data.places)
    y = np.tile(np.asarray(data.targets), (network.members, 1, 1))
    how = {"omega": network.omega, "rate": network.rate, "steps": flags.steps}
    low = network.trainer(genes, "bfloat16")
    ways = {
        "ours": run_of(trainer, data, flags.steps),
        "ours_bfloat16": run_of(low, data, flags.steps),
        "naive_vmap": naive_jax.vmapped(layers, x, y, **how),
        "jax_loop": naive_jax.looped(layers, x, y, **how),
    }
    if has_torch():
        from lib import torch_siren

        nets, low = one_by_one(layers), {"precision": "bfloat16"}
        ways["torch_loop"] = torch_siren.looped(nets, x, y, **how)
        ways["torch_loop_bfloat16"] = torch_siren.looped(nets, x, y, **how, **low)
        ways["torch_vmap"] = torch_siren.vmapped(nets, x, y, **how)
    return ways


def measure(network, genes: int, flags: argparse.Namespace) -> dict:
    """ms a gene-step of every way; refuses losses that do not agree."""
    numbers: dict = {"network": network.name, "genes": genes}
    losses = numbers["losses"] = {}
    for way, run in ways_of(network, genes, flags).items():
        took, _ = seconds(run, flags.repeats)
        numbers[f"{way}_ms"] = ms = round(took / flags.steps / genes * 1e3, 4)
        losses[way] = loss = round(float(np.mean(run())), 5)
        print(f"{network.name:8} G={genes:<4} {way:20} {ms:9.3f} ms, loss {loss:.4f}")
        if "bfloat16" not in way and abs(loss / losses["ours"] - 1) > AGREE:
            raise SystemExit(f"{way} does other work: loss {loss}")
    if has_torch():
        times = numbers["torch_loop_ms"] / numbers["ours_ms"]
        numbers["speedup_vs_torch"] = times
        print(f"{network.name:8} G={genes:<4} {times:.2f} x PyTorch, loop, float32")
    return numbers


def main(arguments: list[str] | None = None) -> None:
    """Print a line a way and size; on top of the JSON the paper's, last size."""
    sizes = {"wells": (int, 946, "those of donor 9861"), "steps": (int, 5, "a run")}
    sizes |= {"genes": (str, "1,10,100", "counts"), "repeats": (int, 3, "runs")}
    flags = flags_of(__doc__, **sizes).parse_args(arguments)
    networks = (PAPER, DEFAULT)
    if flags.tiny:
        flags.genes, flags.wells, flags.steps, flags.repeats = "2", 20, 2, 1
        networks = tuple(map(small, networks))
    print(about())
    counts = list(map(int, flags.genes.split(",")))
    cases = [measure(net, genes, flags) for net in networks for genes in counts]
    write(flags.json, {**cases[len(counts) - 1], "cases": cases})


if __name__ == "__main__":
    main()
