"""The 99 risk genes of Alzheimer's disease, as arXiv 2506.11158 preprocessed them.

Donors 9861 and 10021; abagen with ibf_threshold .5, norm_structures, reannotated,
lr_mirror bidirectional, diff_stability, missing interpolate. The fit is the default,
the one that scores best held out; configs/paper_*.py have the paper's own networks.

inr-jax run --config=ad100 --config.ahba.data_dir=DIR --workdir=out
"""

from inr_jax.run import config
from inr_jax.samples import phantom


def get_config():
    """The default fit, on the paper's data."""
    c = config.default()
    c.source.name = "ahba"
    c.compare.enabled = True
    c.source.genes = ",".join(g for g in phantom.risk_genes() if g != "HLA-DRA")
    c.ahba.donors = "9861,10021"
    c.ahba.ibf_threshold = 0.5
    c.ahba.probe_selection = "diff_stability"
    c.ahba.lr_mirror = "bidirectional"
    c.ahba.norm_structures = True
    c.ahba.reannotated = True
    c.ahba.missing = "interpolate"
    c.ahba.skip_absent = True  # each is named in the log and the provenance
    return c
