"""Rendering as a user of PyTorch would: its only use here is to be compared with."""

from __future__ import annotations

import jax
import numpy as np
from _machine import seconds
from _networks import Network, points


def torch(network: Network, genes: int, chunk: int, kind: str, flags):
    """Values a second, seconds of the first call, values: one network after another.

    Args:
        network: Whose weights to take.
        genes: G.
        chunk: Points.
        kind: "float32" or "bfloat16".
        flags: With `threads` and `repeats`.
    """
    import torch

    torch.set_num_threads(flags.threads)
    model, dtype = network.model(genes), getattr(torch, kind)
    layers = [model.params["params"][f"Dense_{i}"] for i in range(network.depth + 1)]
    weights = [
        [torch.tensor(np.asarray(layer[key])).to(dtype) for key in ("kernel", "bias")]
        for layer in layers
    ]
    x_mm, tissue, _ = points(chunk)
    x = np.asarray(jax.vmap(model.inputs.features)(x_mm, tissue))
    x = torch.tensor(x).to(dtype)

    def one(row):
        hidden = x
        for kernel, bias in weights[:-1]:
            hidden = torch.addmm(bias[row], hidden, kernel[row])
            hidden = torch.sin(network.omega * hidden)
        return torch.addmm(weights[-1][1][row], hidden, weights[-1][0][row])

    def every():
        with torch.inference_mode():
            found = torch.stack([one(row) for row in range(len(weights[0][0]))])
            if network.conditioning == "heads":
                return found.float().mean(0)
            return found[:, :, 0].T.float()

    took, first = seconds(every, flags.repeats)
    return chunk * genes / took, first, every().numpy()
