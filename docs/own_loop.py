"""A training loop of one's own: samples, a field, a conditioning, the loss, optax."""

from functools import partial

import jax
import numpy as np
import optax

from inr_jax.brain.space import box_around, folded
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fields.model import Model, make_renderer, render
from inr_jax.fitting.data import pack
from inr_jax.fitting.loss import loss
from inr_jax.samples.phantom import make_phantom, sample_phantom
from inr_jax.samples.standardise import standardiser


def main(wells: int = 1000, genes: int = 8, steps: int = 300) -> np.ndarray:
    """Fit all donors but one; give the correlation `(G,)` at the wells of that one."""
    brain = {"rank": 4, "gradient_mm": 30.0, "gradient_sd": 1.0, "tissue_sd": 0.3}
    noise = {"donor_sd": 0.1, "noise_sd": 0.3, "registration_mm": 2.0}
    truth = make_phantom(seed=0, n_genes=genes, **brain)
    samples = sample_phantom(truth, seed=0, n_wells=wells, **noise)
    held = samples.donor == 0
    training, test = samples.take(~held), samples.take(held)

    inputs = Inputs(box_around(folded(training.x_mm, True)))
    units = standardiser(training.values)
    codes = np.zeros((genes, 0), np.float32)
    field = partial(make_field, "siren", hidden=32, depth=3, omega=5.0)
    networks = make_conditioning("heads", field, genes=genes, features=3)
    places, standard = (
        make_places(*training.sites()[:2]),
        units.standard(training.values),
    )
    data = pack(
        networks,
        inputs,
        places=places,
        standard=standard,
        codes=codes,
        rows=len(standard),
    ).of_network(0)

    params, optimizer = networks.init(jax.random.key(0)), optax.lion(3e-4)
    state = optimizer.init(params)

    @jax.jit
    def step(params, state, key):
        slope = jax.grad(loss, argnums=1)(networks, params, data, key, jitter_mm=3.0)
        update, state = optimizer.update(slope, state, params)
        return optax.apply_updates(params, update), state

    for key in jax.random.split(jax.random.key(1), steps):
        params, state = step(params, state, key)

    ensemble = jax.tree.map(lambda leaf: leaf[None], params)  # of one member
    model = Model(ensemble, inputs, units, codes)
    where = make_places(*test.sites()[:2])
    mean, _ = render(make_renderer(networks, chunk=1024, group=0), model, where)
    pairs = zip(mean.T, test.values.T, strict=True)
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in pairs])


if __name__ == "__main__":
    print(main())
