"""How far from this machine's ceilings is each stage?

Ceilings: products in float32, and in bfloat16 with float32 sums; a copy. A stage's
operations are those of its products (three times the forward pass for a fit).

python benchmarks/roofline.py [--genes=8] [--json=FILE]
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from lib.machine import about, flags_of, product_rate, seconds, write
from lib.networks import DEFAULT, PAPER, points, small, wells_to_fit

from inr_jax.fields import model as render
from inr_jax.fitting import fit

PRODUCTS = ((946, 256, 256), (4096, 256, 256), (8192, 512, 512), (4096, 4096, 4096))
COPY = 2**26  # float32, 256 MiB
WELLS, CHUNK, STEPS, GENES = 946, 8192, 5, 100


def ceilings(flags) -> dict[str, float]:
    """FLOP/s of products, bytes/s of a copy (read and written)."""
    found = {}
    for n, k, m in ((64, 32, 32),) if flags.tiny else PRODUCTS:
        for kind in ("float32", "bfloat16"):
            rate = product_rate((n, k, m), kind, flags.repeats)
            found[f"{kind} {n} x {k} x {m}"] = rate
    x = jnp.ones(2**12 if flags.tiny else COPY)
    copy = jax.jit(lambda x: x + 1)
    found["copy"] = 2 * x.nbytes / seconds(lambda: copy(x), flags.repeats)[0]
    return found


def fit_flops(network, genes, flags) -> float:
    """FLOP/s of the steps of a fit."""
    wells = 32 if flags.tiny else WELLS
    trainer = network.trainer(genes)
    data = wells_to_fit(trainer, genes, wells)
    state = fit.init(trainer, jax.random.key(0))
    took = []
    for _ in range(flags.repeats + 1):
        state = state._replace(step=jnp.int32(0))
        state, info = fit.fit(trainer, state, data, steps=STEPS, chunk=STEPS)
        took.append(info.seconds)
    return 3 * network.flops(genes) * wells * STEPS / float(np.median(took[1:]))


def render_flops(network, genes, flags) -> float:
    """FLOP/s of a chunk."""
    chunk = 64 if flags.tiny else CHUNK
    made = network.made(genes)
    renderer = render.make_renderer(made, chunk=chunk, group=0)
    model, places = jax.device_put((network.model(genes), points(chunk)))
    took, _ = seconds(lambda: renderer.program(model, places), flags.repeats)
    return network.flops(genes) * chunk / took


def main(arguments: list[str] | None = None) -> None:
    """Print a line a ceiling and a line a stage."""
    more = {"genes": (int, 8, "of the paper's network"), "repeats": (int, 5, "calls")}
    flags = flags_of(__doc__, **more).parse_args(arguments)
    if flags.tiny:
        flags.genes, flags.repeats = 2, 1
    print(about())
    found, stages = ceilings(flags), {}
    for name, rate in found.items():
        unit = "GB/s" if name == "copy" else "GFLOP/s"
        print(f"{name:30} {rate / 1e9:9.1f} {unit}", flush=True)
    best = {
        kind: max(rate for name, rate in found.items() if name.startswith(kind))
        for kind in ("float32", "bfloat16")
    }
    for network in (PAPER, DEFAULT):
        genes = flags.genes if network is PAPER else GENES
        sized = small(network) if flags.tiny else network
        for stage, measure in (("fit", fit_flops), ("render", render_flops)):
            rate = measure(sized, genes, flags)
            of = {kind: rate / top for kind, top in best.items()}
            stages[f"{stage} {network.name}"] = {"flops": rate, "fraction_of": of}
            shares = ", ".join(f"{of[kind]:.1%} of {kind}'s best" for kind in of)
            line = f"{stage:7} {network.name:22} {rate / 1e9:9.1f} GFLOP/s, {shares}"
            print(line, flush=True)
    write(flags.json, {"ceilings": found, "stages": stages})


if __name__ == "__main__":
    main()
