"""The sections `ahba` and `compare` of the settings; a part of `config.default`."""

from __future__ import annotations

from ml_collections import ConfigDict


def sections() -> tuple[ConfigDict, ConfigDict]:
    """The defaults of both."""
    c = ConfigDict()
    # The Allen Human Brain Atlas; abagen's options by abagen's names, "" or 0 is None.
    c.ahba = ConfigDict()
    c.ahba.data_dir = ""  # "": source.path, else $ABAGEN_DATA, else ~/abagen-data
    c.ahba.donors = "all"  # or ids with commas: 9861,10021
    c.ahba.ibf_threshold = 0.5  # share of samples where a probe is above background
    c.ahba.probe_selection = "diff_stability"  # choices: inr_jax/atlas/options.py
    c.ahba.donor_probes = "aggregate"  # | independent | common
    c.ahba.sim_threshold = 0.0  # sd; drops samples unlike the others; 0 keeps all
    c.ahba.lr_mirror = ""  # | bidirectional | leftright | rightleft; copies are
    # marked, and not fitted where inputs.mirror makes left and right one
    c.ahba.sample_norm = "srs"  # over genes; "" for none
    c.ahba.gene_norm = "srs"  # over a donor's samples; "" for none
    c.ahba.norm_structures = False  # gene_norm in each class of structure apart
    c.ahba.reannotated = True  # genes of probes by Arnatkeviciute et al. 2019
    c.ahba.coordinates = "corrected"  # | released | a CSV with well_id, x, y, z
    c.ahba.missing = ""  # regions without a sample: | interpolate | centroids
    c.ahba.tolerance = 2.0  # from a sample to its region, mm
    c.ahba.norm_matched = True  # gene_norm over samples in regions alone
    c.ahba.region_agg = "donors"  # | samples
    c.ahba.agg_metric = "mean"  # | median
    c.ahba.skip_absent = False  # go on without wanted genes that are not in the data

    c.compare = ConfigDict()  # with abagen: region tables, maps, donors
    c.compare.enabled = False
    c.compare.atlas = "desikan_killiany"  # or a NIfTI of labels on MNI mm
    c.compare.atlas_info = ""  # its CSV: id, label, hemisphere, structure
    return c.ahba, c.compare
