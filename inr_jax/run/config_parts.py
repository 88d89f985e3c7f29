"""Sections of the settings: `phantom`, `anatomy` and `devices`."""

from __future__ import annotations

from ml_collections import ConfigDict


def phantom() -> ConfigDict:
    """The built-in synthetic brain."""
    c = ConfigDict()
    c.phantom = ConfigDict()
    c.phantom.seed = 0
    c.phantom.n_genes = 100  # the first of the AD risk genes, at most 100
    c.phantom.n_wells = 3702  # fewer takes every so manieth real well
    c.phantom.rank = 8  # spatial patterns that the genes mix
    c.phantom.gradient_mm = 40.0  # sd of the smooth patterns' Gaussian kernel, mm
    c.phantom.gradient_sd = 0.6  # sd over the brain of a gene's smooth part
    c.phantom.tissue_sd = 0.8  # sd over genes of what grey has more than white
    c.phantom.structure_sd = 0.5  # sd over regions of the Desikan-Killiany atlas of
    # what a gene has more there
    c.phantom.named = True  # wells have the names of the regions they truly lie in
    c.phantom.donor_sd = 0.2  # sd of a donor's offset, a gene
    c.phantom.noise_sd = 0.7  # sd of measurement noise
    c.phantom.registration_mm = 3.0  # sd of the error in coordinates, an axis, mm
    return c.phantom


def anatomy() -> ConfigDict:
    """The fit that sees the names of structures."""
    c = ConfigDict()
    c.anatomy = ConfigDict()  # a second fit, for evaluation, that sees the names of
    # structures; what is not said here is as in the first
    c.anatomy.enabled = True  # needs two donors with named structures
    c.anatomy.width = 32  # numbers that stand for a structure, learned
    c.anatomy.spread = 0.6  # sd of these numbers between parents, at the start
    c.anatomy.penalty = 0.02  # on the squares of what a structure adds to its parent
    c.anatomy.scale = 0.5  # of the coordinates (-1 to 1) beside these numbers
    c.anatomy.hidden = 128  # width, depth and frequency of the field
    c.anatomy.depth = 2
    c.anatomy.omega = 6.0
    c.anatomy.steps = 100
    c.anatomy.field_steps = 300  # where expression is also smooth in space beside
    # names (inr_jax/leftover.py); 0: as many as steps
    c.anatomy.learning_rate = 3e-3
    c.anatomy.maps = False  # render the fit that sees anatomy, where each voxel has
    # the structures of its region in an atlas, by a crosswalk; for wells named as the
    # atlas names, not for AHBA's, which are finer
    c.anatomy.atlas = "desikan_killiany"  # or a NIfTI of labels on MNI mm
    c.anatomy.atlas_info = ""  # its CSV or TSV: id, label, at will structure or parent
    c.anatomy.blur_mm = 1.0  # sd of the blur of regions, mm
    c.anatomy.crosswalk = ""  # a table of your own, as a run writes crosswalk.csv
    return c.anatomy


def devices() -> ConfigDict:
    """The machine."""
    c = ConfigDict()
    c.devices = ConfigDict()
    c.devices.cache = "auto"  # folder of compiled programs, so that a second run need
    # not compile | auto: inr_jax/programs in the user's cache folder | "": none
    return c.devices
