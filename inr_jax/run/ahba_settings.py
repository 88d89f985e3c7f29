"""What the settings say of the atlas's files: where they are, and abagen's options."""

from __future__ import annotations

from ml_collections import ConfigDict

from inr_jax.samples.ahba.options import (
    AUTO,
    CORRECTED,
    AbagenOptions,
    abagen_options,
)


def ahba_options(config: ConfigDict) -> AbagenOptions:
    """abagen's options, as the section `ahba` has them."""
    given = {name: config.ahba[name] for name in AbagenOptions._fields}
    return abagen_options(**(given | {"coordinates": coordinates_choice(config)}))


def coordinates_choice(config: ConfigDict) -> str:
    """What says where the atlas's wells lie: `source.coordinates`, unless it is auto.

    Then `ahba.coordinates` is followed where it is changed from its default.
    """
    older = config.ahba.coordinates
    if config.source.coordinates == AUTO and older != CORRECTED:
        return older
    return config.source.coordinates


def data_dir(config: ConfigDict) -> str:
    """Where the atlas lies; "" for where abagen keeps it."""
    return config.ahba.data_dir or config.source.path
