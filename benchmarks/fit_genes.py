"""How long does one step of one gene take: ours, and what a user would otherwise run?

    ours         groups of networks, many steps in one program (inr_jax/fit.py)
    naive_vmap   plain JAX, one vmap over all networks, a jitted step at a time
    jax_loop     plain JAX, a Python loop over networks of jitted steps
    torch_loop   PyTorch, one network after another
    torch_vmap   PyTorch, torch.func.vmap over all networks

Same weights at the start, same wells, same Adam, same threads; the losses after the
last step must agree. Networks: lib/problems.py. ms of all networks' step, divided by
genes; compiling is not in it.

python benchmarks/fit_genes.py [--genes=1,10,100] [--json=FILE]
"""

from __future__ import annotations

import argparse

import numpy as np
from lib import naive_jax
from lib.bench import machine, timed, write
from lib.problems import NETWORKS, make, run_of

try:
    from lib import torch_siren
except ImportError:  # an extra of the benchmarks alone
    torch_siren = None
AGREE = 0.02  # of the losses in float32, relative


def ways_of(network: str, genes: int, flags: argparse.Namespace) -> dict:
    """name -> a run of all networks for `flags.steps` steps that gives losses."""
    problem = make(network, genes, flags.wells)
    low = make(network, genes, flags.wells, "bfloat16")
    how = {"omega": problem.omega, "rate": problem.rate, "steps": flags.steps}
    x, y = problem.features, problem.targets
    ways = {
        "ours": run_of(problem, flags.steps),
        "ours_bfloat16": run_of(low, flags.steps),
        "naive_vmap": naive_jax.vmapped(problem.layers, x, y, **how),
        "jax_loop": naive_jax.looped(problem.layers, x, y, **how),
    }
    if torch_siren:
        nets, low = problem.networks, {"precision": "bfloat16"}
        ways["torch_loop"] = torch_siren.looped(nets, x, y, **how)
        ways["torch_loop_bfloat16"] = torch_siren.looped(nets, x, y, **how, **low)
        ways["torch_vmap"] = torch_siren.vmapped(nets, x, y, **how)
    return ways


def measure(network: str, genes: int, flags: argparse.Namespace) -> dict:
    """ms a gene-step of every way; refuses losses that do not agree."""
    numbers: dict = {"network": network, "genes": genes}
    losses = {}
    for way, run in ways_of(network, genes, flags).items():
        seconds, loss = timed(run, flags.repeats)
        numbers[f"{way}_ms"] = round(seconds / flags.steps / genes * 1e3, 4)
        losses[way] = round(float(np.mean(loss)), 5)
        print(
            f"{network:8} G={genes:<4} {way:20} {numbers[f'{way}_ms']:9.3f} ms "
            f"loss {losses[way]:.4f}",
            flush=True,
        )
        if "bfloat16" not in way and abs(losses[way] / losses["ours"] - 1) > AGREE:
            raise SystemExit(f"{way} does other work: loss {losses[way]}")
    if torch_siren:
        numbers["speedup_vs_torch"] = numbers["torch_loop_ms"] / numbers["ours_ms"]
        print(f"{network:8} G={genes:<4} {numbers['speedup_vs_torch']:.2f} x PyTorch")
    return numbers | {"losses": losses}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a way and size; on top of the JSON the last size of the first."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--genes", default="1,10,100")
    parser.add_argument("--wells", type=int, default=946, help="those of donor 9861")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--json", default="")
    parser.add_argument("--tiny", action="store_true", help="seconds, for the tests")
    flags = parser.parse_args(arguments)
    if flags.tiny:
        flags.genes, flags.wells, flags.steps, flags.repeats = "2", 20, 2, 1
    print(machine())
    cases = [
        measure(network, int(genes), flags)
        for network in flags.networks.split(",")
        for genes in flags.genes.split(",")
    ]
    first = flags.networks.split(",")[0]
    top = [case for case in cases if case["network"] == first][-1]
    write(flags.json, {**top, "cases": cases, "machine": machine()})


if __name__ == "__main__":
    main()
