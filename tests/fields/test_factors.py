"""Maps as a product of factors, against the program that evaluates networks."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from field_models import FIELDS, GENES, MEMBERS, model_of

from inr_jax.errors import InputError
from inr_jax.fields import factors
from inr_jax.fields import model as fields_model
from inr_jax.fields.conditioning import CONDITIONINGS
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import make_places

pytestmark = pytest.mark.usefixtures("quick_compiling", "strict_types")

G, E, V = GENES, MEMBERS, 53


@pytest.fixture
def places(rng):
    return make_places(rng.uniform(-70, 70, (V, 3)), rng.uniform(0, 1, (V, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", ["heads", "low_rank"])
@pytest.mark.parametrize("members", [1, E])
def test_the_product_of_factors_is_what_the_networks_give(
    rng, places, name, field, members
):
    made, model = model_of(rng, name, field=field, members=members)
    renderer = fields_model.make_renderer(made, chunk=16, group=0)
    mean, spread = fields_model.render(renderer, model, places)
    features = factors.place_features(made, model, places, chunk=16)
    weights = factors.gene_weights(model)
    assert features.shape[1] == weights.shape[1] == len(weights.T)
    product = factors.mean_and_spread(features, weights, factors.member_count(model))
    np.testing.assert_allclose(product[0], mean, atol=1e-5)
    np.testing.assert_allclose(product[1], spread, atol=1e-5)


@pytest.mark.parametrize("name", CONDITIONINGS)
def test_a_conditioning_is_linear_in_genes_just_where_it_says_so(rng, places, name):
    made, model = model_of(rng, name)
    network = jax.tree.map(lambda leaf: leaf[0], rows_of_genes(model.params, G))
    if made.networks != 1:
        assert not made.linear
        return
    x = model.inputs.features(places.take(0))

    def values(times):
        genes = jax.tree.map(lambda leaf: times * leaf, network["genes"])
        return made.apply({**network, "genes": genes}, model.codes, x)

    linear = np.allclose(values(3.0), 3 * values(1.0), atol=1e-5)
    # Values that do not depend on what is a gene's own are not linear in it.
    assert made.linear == (linear and np.abs(values(1.0)).max() > 0)


def test_features_do_not_depend_on_the_gene(rng, places):
    made, model = model_of(rng, "heads")
    every = [
        factors.place_features(made, fields_model.keep_genes(model, [gene]), places)
        for gene in range(G)
    ]
    for features in every[1:]:
        np.testing.assert_array_equal(features, every[0])


def test_networks_that_are_not_linear_are_refused(rng, places):
    made, model = model_of(rng, "independent")
    with pytest.raises(InputError, match="heads, low_rank"):
        factors.place_features(made, model, places)
