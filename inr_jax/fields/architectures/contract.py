"""What a field must keep to, asked of one that somebody else wrote.

Shapes alone are followed; what only numbers tell is in tests/fields/test_fields.py,
which walks the registry.

Axis letters: F features of a place, K values there.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from inr_jax.fields.contract import refuse_broken
from inr_jax.fields.field import Field
from inr_jax.fields.numerics.precision import EXACT

FEATURES, OUTPUTS = 4, 3
COMMON = ("features", "outputs", "precision")
RULES = "make(*, features, outputs, precision, [settings of field]) -> Field"


def check_field(make: Any, where: object, settings: Mapping[str, Any]) -> None:
    """Refuse a maker that breaks the protocol.

    Args:
        make: What should make fields.
        where: Its entry point, to name in an error.
        settings: Values of the settings that a field may take.

    Raises:
        InputError: Says which rule.
    """
    rule = partial(_broken_rule, make, settings)
    refuse_broken(rule, where, rules=RULES, page="docs/extend.md")


def _broken_rule(make: Any, settings: Mapping[str, Any]) -> str:
    if not callable(make):
        return "no function `make`"
    arguments = list(inspect.signature(make).parameters)
    strange = [name for name in arguments if name not in (*COMMON, *settings)]
    if strange:
        return f"an argument that no setting gives ({', '.join(strange)})"
    given = {"features": FEATURES, "outputs": OUTPUTS, "precision": EXACT}
    given |= {name: settings[name] for name in arguments if name not in COMMON}
    made = make(**given)
    if not isinstance(made, Field):
        return f"a {type(made).__name__} where a Field is wanted"
    params = jax.eval_shape(made.init, jax.random.key(0))
    values = jax.eval_shape(made.apply, params, jnp.zeros(FEATURES))
    if values.shape != (OUTPUTS,) or values.dtype != jnp.float32:
        return f"values {values.dtype} {values.shape}, not float32 ({OUTPUTS},)"
    return _broken_layers(made, params)


def _broken_layers(made: Field, params: Any) -> str:
    """Whether a modulation sees the layers that the field tells of."""
    modulated: list[tuple[int, ...]] = []

    def look(layer: int, x: jax.Array, h: jax.Array) -> jax.Array:
        del layer
        modulated.append((x.shape[0], h.shape[0]))
        return h

    if made.layers:
        features = jnp.zeros(FEATURES)
        jax.eval_shape(lambda p: made.apply(p, features, look), params)
        if tuple(modulated) != tuple(made.layers):
            return f"layers {made.layers} where a modulation sees {tuple(modulated)}"
    return ""
