"""SIRENs in PyTorch, from given weights: a loop over networks, or torch.func.vmap.

Axis letters: M networks, N wells, K outputs. Weights: per layer (W `(n, m)`, b `(m,)`),
as JAX has them; on a GPU where PyTorch sees one.
"""

from __future__ import annotations

import numpy as np
import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def tensor(array) -> torch.Tensor:
    """A NumPy or JAX array on the device."""
    return torch.tensor(np.array(array), device=DEVICE)


class Siren(torch.nn.Module):
    """Linear layers with sin(omega .) between them."""

    def __init__(self, layers, omega: float):
        super().__init__()
        self.omega = omega
        self.layers = torch.nn.ModuleList(
            torch.nn.utils.skip_init(torch.nn.Linear, *np.shape(w), device=DEVICE)
            for w, _ in layers
        )
        with torch.no_grad():
            for layer, (w, b) in zip(self.layers, layers, strict=True):
                layer.weight.copy_(tensor(w).T)
                layer.bias.copy_(tensor(b))

    def forward(self, x):
        """Features `(N, F)` to values `(N, K)`."""
        for layer in self.layers[:-1]:
            x = torch.sin(self.omega * layer(x))
        return self.layers[-1](x)


def autocast(precision: str):
    """PyTorch's own bfloat16, or float32 as it is."""
    return torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def looped(networks, x, ys, *, omega, rate, steps, precision="float32"):
    """A run of `steps` Adam steps with each network in turn; gives losses `(M,)`."""
    x, ys = tensor(x), tensor(ys)

    def run():
        losses = []
        for layers, y in zip(networks, ys, strict=True):
            net = Siren(layers, omega)
            optimizer = torch.optim.Adam(net.parameters(), lr=rate)
            for _ in range(steps):
                optimizer.zero_grad()
                with autocast(precision):
                    found = net(x)
                loss = ((found.float() - y) ** 2).mean()
                loss.backward()
                optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).cpu().numpy()

    return run


def vmapped(networks, x, ys, *, omega, rate, steps, precision="float32"):
    """The same with all networks at once, by torch.func."""
    x, ys = tensor(x), tensor(ys)
    nets = [Siren(layers, omega) for layers in networks]
    base = nets[0]

    def one(params, y):
        found = torch.func.functional_call(base, params, (x,))
        return ((found.float() - y) ** 2).mean()

    def run():
        params, _ = torch.func.stack_module_state(nets)
        optimizer = torch.optim.Adam(params.values(), lr=rate)
        for _ in range(steps):
            optimizer.zero_grad()
            with autocast(precision):
                losses = torch.func.vmap(one)(params, ys)
            losses.sum().backward()
            optimizer.step()
        return losses.detach().cpu().numpy()

    return run


def render(networks, x, omega, precision="float32"):
    """A run that evaluates each network at places `(V, F)`; gives `(M, V, K)`."""
    nets, x = [Siren(layers, omega) for layers in networks], tensor(x)

    def run():
        with torch.inference_mode(), autocast(precision):
            found = torch.stack([net(x).float() for net in nets])
        return found.cpu().numpy()

    return run
