"""How many values a second does rendering give, beside PyTorch on the same machine?

A value is one gene at one voxel, the mean of all members. Same weights, places and
threads; outputs are compared. Times at 1 and 2 mm are extrapolated.

python benchmarks/render_grid.py [--genes=8] [--precisions=float32] [--json=FILE]
"""

from __future__ import annotations

import jax
import numpy as np
from lib import networks
from lib.machine import about, flags_of, has_torch, product_rate, seconds, write
from lib.networks import DEFAULT, PAPER, points, small

from inr_jax.fields import model as render

CHUNKS = (2048, 8192, 32768)
VOXELS = {"2mm": 235_375, "1mm": 1_882_989}  # of the brain mask
GENES = 100  # of the default network, and of the extrapolation
PRODUCTS = ((4096, 256, 256), (8192, 512, 512))  # the better is the peak


def ours(network, genes, chunk, precision, flags):
    """Values a second, and the values `(V, G)`."""
    made = network.made(genes, precision)
    renderer = render.make_renderer(made, chunk=chunk, group=0)
    model, places = jax.device_put((network.model(genes), points(chunk)))
    took, first = seconds(lambda: renderer.program(model, places), flags.repeats)
    mean, _ = renderer.program(model, places)
    return chunk * genes / took, first, np.asarray(mean)


def theirs(network, genes, chunk, precision, flags):
    """The same of PyTorch, one network after another."""
    from lib.torch_siren import render as torch_render

    nets = networks.one_by_one(
        networks.layers_of(network.model(genes).params, network.depth)
    )
    x = networks.features_of(points(chunk))
    run = torch_render(nets, x, network.omega, precision)
    took, first = seconds(run, flags.repeats)
    found = run()
    heads = network.conditioning == "heads"
    return chunk * genes / took, first, found.mean(0) if heads else found[:, :, 0].T


def case(network, flags) -> dict:
    """All chunks and precisions of one network; the best of each side."""
    genes = flags.genes if network.conditioning == "independent" else GENES
    runs = [(f"ours_{kind}", ours, kind) for kind in flags.precisions.split(",")]
    if has_torch():
        runs += [(f"torch_{k}", theirs, k) for k in ("float32", "bfloat16")]
    found: dict = dict.fromkeys((name for name, *_ in runs), 0.0)
    for chunk in (64,) if flags.tiny else CHUNKS:
        exact = None
        for name, run, kind in runs:
            rate, first, values = run(network, genes, chunk, kind, flags)
            exact = values if exact is None else exact
            off, found[name] = float(abs(values - exact).max()), max(found[name], rate)
            print(
                f"{network.name:8} {name:17} chunk {chunk:6}: {rate / 1e6:8.3f} M/s, "
                f"first {first:.2f} s, off by {off:.1e}",
                flush=True,
            )
    mine = {name: rate for name, rate in found.items() if name.startswith("ours")}
    fastest = max(mine, key=mine.get)
    best, rival = mine[fastest], found.get("torch_float32")
    numbers = {"ours": best, "precision": fastest.removeprefix("ours_"), "torch": rival}
    numbers |= {"speedup_vs_torch": best / rival if rival else None, "detail": found}
    numbers["extrapolated_s"] = {mm: v * GENES / best for mm, v in VOXELS.items()}
    print(f"{network.name:8} 100 genes take, extrapolated: {numbers['extrapolated_s']}")
    return numbers | {"flops": best * network.flops(genes) / genes}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a case; the JSON's top is the paper's network."""
    sizes = {"genes": (int, 8, "of the paper's network"), "repeats": (int, 5, "calls")}
    kinds = {"precisions": (str, "float32,bfloat16", "float32 first")}
    flags = flags_of(__doc__, **sizes, **kinds).parse_args(arguments)
    if flags.tiny:
        flags.genes, flags.repeats = 2, 1
    print(about())
    of = {n.name: case(small(n) if flags.tiny else n, flags) for n in (PAPER, DEFAULT)}
    for numbers in of.values():
        kind = numbers["precision"].removesuffix("_3x")
        top = max(product_rate(size, kind, 5 * flags.repeats) for size in PRODUCTS)
        numbers["fraction_of_matmul_peak"] = numbers["flops"] / top
        print(
            f"{numbers['flops'] / top:.0%} of a {kind} product, {top / 1e9:.0f} GFLOP/s"
        )
    write(flags.json, of["paper"] | {"networks": of})


if __name__ == "__main__":
    main()
