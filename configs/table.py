"""A table of your own: CSV, TSV or Parquet with x, y, z in MNI mm, a column a gene.

inr-jax run --config=table --config.source.path=FILE --workdir=out
"""

from inr_jax.run import config


def get_config():
    """The default, on the samples of a table."""
    c = config.default()
    c.source.name = "table"
    return c
