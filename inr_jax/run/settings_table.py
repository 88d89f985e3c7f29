"""Every setting of a run: a line a key, with its default, meaning and allowed values.

Defaults, types, checks, flags and help are made from this table, and so is what a
checkpoint depends on and what a candidate of a sweep may change. A setting is added by
one line here and is read as `config.SECTION.NAME` in `run.build` or a stage.
"""

from __future__ import annotations

from inr_jax.run.setting import Setting as Setting
from inr_jax.run.setting import Was as Was
from inr_jax.run.setting_checks import Form, Names, Plugged, Range, block_sides, depths
from inr_jax.samples.ahba import options

# Marks of a setting: what else depends on it.
PATH = "path"  # a file or folder; the command line makes it absolute
PATHS = "paths"  # the same of several, comma separated
NUMBER = "number"  # an input of a compiled program, which serves all its values
ALONG = "along"  # smaller values are read along the fit of the largest
MAPS = "maps"  # maps depend on it, scores do not

SEED, NOT_NEGATIVE, POSITIVE = Range(0, 2**32 - 1), Range(0), Range(1e-6)
# What an int32 counts; sizes of networks that some machine can hold, see `run.sizes`.
COUNT, ZERO_OR_COUNT = Range(1, 10**9), Range(0, 10**9)
WIDTH, DEPTH, RATE, MM = Range(1, 16384), Range(1, 256), Range(1e-12, 1), Range(0, 50)
RESOLUTION = Form("[123]", "1, 2 or 3", "or give a mask with --config.render.mask")
SEPARATOR = Form(
    r"|[^\w\s.\"]|\t| |tab|comma|semicolon|bar|space", "one letter, or tab", "as ;"
)
SPACE = Form("[A-Za-z0-9]*", "letters and digits", "as MNI152NLin6Asym")
SOURCES = Names(("phantom", "ahba", "allen_export", "table", "python"))
AVERAGES, SUPPORTS = Names(("none", "structure", "parent")), Names(("wells", "named"))
SURFACE_SPACES = Names(("MNI152", "MNI305"))
FITTED_AT = Names(("auto", "kriged", "wells"))
TARGETS, TISSUES = Names(("wells", "effects")), Names(("none", "soft", "class"))
TRENDS, STRATA = Names(("auto", "linear", "quadratic", "none")), Names(("auto", "none"))
# The names that fields.architectures, .conditioning and .numerics.precision register;
# those would import jax, so tests compare.
FIELDS = ["siren", "wire", "wire2d", "gauss", "mfn", "relu", "oinr"]
CONDITIONINGS = ["heads", "independent", "concat", "low_rank", "shift", "film", "hyper"]
NULLS_OF_OTHERS = Form(
    "|moran|brainsmash|moran,brainsmash", "moran, brainsmash", "as one or both"
)
CODES = ["position", "spectral", "pca", "table", "latent"]
CODE = Plugged(CODES, "inr_jax.codes")
BASELINES, MIX, LATENT = Names(("all", "plain")), Range(0, 4096), Range(0, 64)
SHARD = Form("|[1-9][0-9]*/[1-9][0-9]*", "a part and how many there are", "as 3/16")
REFIT, STORES = Names(("auto", "always", "never")), Names(("auto", "nifti", "factored"))
QUANTITIES = Names(("value", "gradient", "laplacian"))
ABAGEN = {name: Names(names) for name, names in options.CHOICES.items()}
PRECISION = Names(("float32", "bfloat16", "bfloat16_3x"))


ROWS: tuple[tuple, ...] = (
    ("seed", 0, "of the networks, the jitter and the batches", SEED, NUMBER),
    ("source", "Where the samples come from"),
    (".name", "phantom", "kind of the samples", SOURCES),
    (".path", "", "a folder, zip or table; the phantom needs none", PATH),
    (".probes", "mean", "allen_export: value of a gene", Names(("mean", "first"))),
    (".x", "x", "table: column of x, MNI mm"),
    (".y", "y", "table: column of y, MNI mm"),
    (".z", "z", "table: column of z, MNI mm"),
    (".well", "well", "table: column of wells' ids; may be absent"),
    (".donor", "donor", "table: column of donors; may be absent"),
    (".structure", "structure", "table: column of structures; may be absent"),
    (".parent", "parent", "table: column of top-level structures; may be absent"),
    (".grey", "grey", "table: column of P(grey matter), 0 to 1; may be absent"),
    (".white", "white", "table: column of P(white matter), 0 to 1; may be absent"),
    (".separator", "", 'table: between cells; "": by its ending', SEPARATOR),
    (".decimal", ".", "table: point or comma of numbers", Names((".", ","))),
    (".encoding", "", 'table: latin-1, cp1252...; "": UTF-8'),
    (".atlas", "", "table: a NIfTI of labels; rows are its regions", PATH),
    (".atlas_info", "", "its table: id and label, or index and name", PATH),
    (".region", "region", "table: column of regions, ids or names"),
    (".wells", "", 'table of the atlas\'s wells: a folder, "": the cache, none', PATH),
    (".coordinates", "auto", "auto, abagen, released, ants or a CSV", PATH),
    (".support", "wells", "allen_export: a value is the mean of its", SUPPORTS),
    (".genes", "", 'symbols to keep, comma separated; "" keeps all'),
    (".genes_shard", "", "3/16: the third of 16 parts of these genes", SHARD, Was("")),
    ("phantom", "The built-in synthetic brain"),
    (".seed", 0, "of its patterns and its noise", SEED),
    (".n_genes", 100, "genes: AD risk genes, then invented names", Range(2, 20000)),
    (".n_wells", 3702, "wells, evenly from the real ones", Range(20, 3702)),
    (".rank", 8, "spatial patterns that the genes mix", Range(1, 100)),
    (".gradient_mm", 40.0, "sd of the patterns' Gaussian kernel, mm", Range(1, 1e4)),
    (".gradient_sd", 0.6, "sd over the brain of a gene's smooth part", NOT_NEGATIVE),
    (".tissue_sd", 0.8, "sd over genes of grey minus white", NOT_NEGATIVE),
    (".structure_sd", 0.5, "sd over Desikan-Killiany regions of a gene", NOT_NEGATIVE),
    (".named", True, "wells have the names of the regions that they truly lie in"),
    (".averages", "none", "values are means over wells of a donor and", AVERAGES),
    (".donor_sd", 0.2, "sd of a donor's offset, a gene", NOT_NEGATIVE),
    (".noise_sd", 0.7, "sd of measurement noise", NOT_NEGATIVE),
    (".registration_mm", 3.0, "sd of error in coordinates, mm", Range(0, 20)),
    ("ahba", "The Allen Human Brain Atlas: abagen's options, by abagen's names"),
    (".data_dir", "", '"": source.path, $ABAGEN_DATA, ~/abagen-data', PATH),
    (".donors", "all", "all, or ids with commas: 9861,10021"),
    (".ibf_threshold", 0.5, "share of samples where a probe is above background"),
    (".probe_selection", "diff_stability", "a gene's probe", ABAGEN["probe_selection"]),
    (".donor_probes", "aggregate", "choice among donors", ABAGEN["donor_probes"]),
    (".sim_threshold", 0.0, "sd; drops samples unlike the others; 0 keeps all"),
    (".lr_mirror", "", "copies samples to the other side", ABAGEN["lr_mirror"]),
    (".sample_norm", "srs", "normalisation over genes", ABAGEN["sample_norm"]),
    (".gene_norm", "srs", "normalisation over a donor's samples", ABAGEN["gene_norm"]),
    (".norm_structures", False, "gene_norm in each class of structure apart"),
    (".reannotated", True, "genes of probes by Arnatkeviciute et al. 2019"),
    (".coordinates", "corrected", "or released, or a CSV: well_id, x, y, z", PATH),
    (".missing", "", "fills regions without a sample", ABAGEN["missing"]),
    (".tolerance", 2.0, "from a sample to its region, mm"),
    (".norm_matched", True, "gene_norm over samples in regions alone"),
    (".region_agg", "donors", "regions are means of", ABAGEN["region_agg"]),
    (".agg_metric", "mean", "how samples of a region are one", ABAGEN["agg_metric"]),
    (".skip_absent", False, "go on without wanted genes that are not in the data"),
    ("compare", "Comparison with abagen"),
    (".enabled", False, "compare region tables, maps and donors with abagen's"),
    (".atlas", "desikan_killiany", "or a NIfTI of labels on MNI mm", PATH),
    (".atlas_info", "", "its CSV: id, label, hemisphere, structure", PATH),
    ("inputs", "What a network gets of a place"),
    (".mirror", True, "left and right are one, by abs(x); for baselines too"),
    (".tissue", "none", "soft: P(grey), P(white) | class: +1, -1", TISSUES),
    (".hemisphere", False, "the side, -1 or +1, beside abs(x)", Was(False)),
    (".box", "cube", "joint: the paper's single min-max", Names(("cube", "joint"))),
    ("field", "The network"),
    (".name", "siren", "architecture", Plugged(FIELDS, "inr_jax.fields")),
    (".hidden", 64, "width", WIDTH),
    (".depth", 3, "hidden layers; mfn: filters; oinr: convolutions", DEPTH),
    (".omega", 5.0, "siren, wire, wire2d: frequency; siren, kriged: 4 times", POSITIVE),
    (".scale", 2.5, "wire, wire2d: inverse width of the window", POSITIVE),
    (".sigma", 0.25, "gauss: width of the bells", POSITIVE),
    (".input_scale", 5.0, "mfn: frequency of the filters", POSITIVE),
    (".alpha", 6.0, "mfn: shape of the Gamma law of inverse squared widths", POSITIVE),
    (".beta", 1.0, "mfn: rate of the same law", POSITIVE),
    (".frequencies", 3, "relu, oinr: sin/cos pairs of a coordinate", Range(1, 20)),
    (".grid", 16, "oinr: voxels an axis", Range(2, 128)),
    (".channels", 16, "oinr: channels of a convolution", WIDTH),
    ("conditioning", "How genes share networks"),
    (".name", "heads", "how genes share networks", Plugged(CONDITIONINGS)),
    (".module", "", "a file of your own with make(), instead", PATH, Was("")),
    (".rank", 8, "low_rank: patterns; hyper: directions of a layer", WIDTH),
    (".code", "position", "of genes, not for heads...", CODE, Was("position")),
    (".order", "spectral", "position: of a gene in", Names(("spectral", "pc1"))),
    (".frequencies", 11, "position: sin/cos pairs of it", Range(0, 20)),
    (".width", 16, "spectral, pca, table, latent: numbers of a code", WIDTH, Was(16)),
    (".table", "", "table: ids of genes, then numbers; docs", PATH, Was("")),
    (".prior", 0.5, "latent: noise over variance of codes", NOT_NEGATIVE, Was(0.5)),
    (".donor_width", 0, "numbers of a donor's latent; 0: none", LATENT, Was(0)),
    (".donor_prior", 500.0, "noise over variance of these", NOT_NEGATIVE, Was(500.0)),
    ("fit", "How networks are fitted"),
    (".steps", 600, "steps of the optimizer", COUNT, ALONG),
    (".learning_rate", 1e-3, "of Adam", RATE, NUMBER),
    (".decay", 1.0, "the learning rate times this, every decay_steps", RATE, NUMBER),
    (".decay_steps", 1000, "steps between two decays", COUNT, NUMBER),
    (".batch", 0, "wells a step, drawn anew; 0 takes all", ZERO_OR_COUNT),
    (".pairs", 0, "of well and gene a step; 0: all", ZERO_OR_COUNT, Was(0)),
    (".points", 0, "of a value's support, drawn a step; 0 takes all", ZERO_OR_COUNT),
    (".weight_decay", 0.0, "decoupled, as in AdamW", NOT_NEGATIVE, NUMBER),
    (".places", "auto", "wells, or kriged around supports", FITTED_AT, Was("wells")),
    (".jitter_mm", 3.0, "wells: sd of noise on coordinates, mm an axis", MM, NUMBER),
    (".gradient_penalty", 0.0, "on squared slopes, mm^2", NOT_NEGATIVE, Was(0.0)),
    (".laplacian_penalty", 0.0, "on squared Laplacians, mm^4", NOT_NEGATIVE, Was(0.0)),
    (".targets", "effects", "wells, or what structures share", TARGETS, NUMBER),
    (".members", 6, "networks from other seeds, averaged", Range(1, 1000), ALONG),
    (".mixtures", 0, "of genes that heads are fitted to; 0: each gene", MIX, Was(0)),
    (".scale", "zscore", "of a gene's values", Names(("zscore", "minmax"))),
    (".precision", "float32", "of products behind the first layer", PRECISION),
    (".group", 0, "networks trained side by side; 0: by the backend", ZERO_OR_COUNT),
    (".chunk", 100, "steps a compiled call", COUNT),
    ("anatomy", "The model that sees structures; all else is as in the first"),
    (".enabled", True, "needs two donors with named structures"),
    (".width", 32, "learned numbers that stand for a structure", WIDTH),
    (".spread", 0.6, "sd of these between parents, at the start", NOT_NEGATIVE),
    (".penalty", 0.02, "on squares of structure minus parent", NOT_NEGATIVE),
    (".scale", 0.5, "of coordinates (-1 to 1) beside these numbers", NOT_NEGATIVE),
    (".hidden", 128, "width of the field", WIDTH),
    (".depth", 2, "hidden layers of the field", DEPTH),
    (".omega", 6.0, "frequency of the field", POSITIVE),
    (".steps", 100, "steps of the optimizer", COUNT, ALONG),
    (".field_steps", 300, "steps where effects are smooth; 0: steps", ZERO_OR_COUNT),
    (".learning_rate", 3e-3, "of Adam", RATE, NUMBER),
    (".maps", False, "draw maps of this model, through an atlas", MAPS),
    (".atlas", "desikan_killiany", "or a NIfTI of labels on MNI mm", PATH),
    (".atlas_info", "", "its table: id, label, structure or parent", PATH),
    (".blur_mm", 1.0, "sd of the blur of regions, mm", Range(0, 20), MAPS),
    (".crosswalk", "", "a table of your own, as crosswalk.csv", PATH, MAPS),
    ("checkpoint", "Checkpoints"),
    (".every", 500, "steps between checkpoints, rounded up to chunks", COUNT),
    (".keep", 2, "the newest that stay", COUNT),
    ("render", "Maps"),
    (".resolution_mm", 2, "of the ICBM152 brain mask: 1, 2 or 3", RESOLUTION),
    (".mask", "", "a NIfTI mask of your own instead, on its own grid", PATH),
    (".space", "", 'name of its space in file names; "" is MNI152', SPACE),
    (".quantity", "value", "gradient: its size; or laplacian", QUANTITIES),
    (".precision", "float32", "of products, whatever the fit had", PRECISION),
    (".chunk", 8192, "voxels a call on each device; bounds the memory", COUNT),
    (".genes", 0, "genes of a block; 0: as many as fit 256 MB", ZERO_OR_COUNT),
    (".outside", "zero", "value outside the mask", Names(("zero", "nan"))),
    (".std", True, "write a map of the standard deviation for each gene"),
    (".store", "auto", "NIfTI files, or one factored store; auto: by genes", STORES),
    (".surface", "", "fsaverage5, or GIFTI of white and pial: maps on cortex", PATHS),
    (".surface_space", "MNI152", "of such files' coordinates", SURFACE_SPACES),
    (".depths", "0.5", "of cortex to average over, 0 white to 1 pial", depths),
    ("regions", "Tables of regions, of the verb regions"),
    (".atlas", "desikan_killiany", "or label images, .label.gii pairs, with ,", PATHS),
    (".surface", "fsaverage5", "of labels of vertices; or GIFTI of both", PATHS),
    (".info", "", 'their tables: id, label; "": beside the images', PATHS),
    (".enabled", False, "write them in the verb run, too", Was(False)),
    ("report", "The page that shows a run"),
    (".page", True, "write report.html at the end of a run"),
    (".wells", True, "show what held-out wells were measured and predicted at"),
    ("associate", "A map of yours against all genes"),
    (".nulls", 1000, "null maps", Range(99, 1e6)),
    (".trend", "auto", "removed from map, genes and null maps; linear or more", TRENDS),
    (".strata", "auto", "parts of the brain with a variogram each", STRATA),
    (".method", "pearson", "normal: by ranks of the map", Names(("pearson", "normal"))),
    (".seed", 0, "of null maps", SEED),
    (".baselines", "", "others' null maps beside: moran,brainsmash", NULLS_OF_OTHERS),
    (".refit", "auto", "intervals of r and p_specific; auto: to 2,000 genes", REFIT),
    ("devices", "The machine"),
    (".cache", "auto", 'folder of compiled programs | auto: the user\'s | "": none'),
    (".distributed", False, "processes that srun or mpirun starts are one run"),
    (".timeout", 300, "to wait for the other processes, s", Range(1, 10**5)),
    ("evaluate", "Scores on held-out wells"),
    (".enabled", True, "leave one donor out; one donor: blocks of space"),
    (".baselines", "all", "plain: without those on cleaned values", BASELINES),
    (".blocks_mm", "", 'sides of cubes to hold out, as 20,40; "": none', block_sides),
)
# Sections that candidates of a sweep may change: its samples are loaded once.
SWEPT = ("seed", "inputs", "field", "conditioning", "fit", "anatomy")
# Sections that a fit depends on: a checkpoint of other settings is refused.
FITTED = ("source", "phantom", "ahba", *SWEPT[:-1])
# Settings of version 0.1 that are constants of stats.mixed_model now.
_EFFECTS = {"df": 50.0, "shrinkage": 0.05, "rounds": 20}
CONSTANTS = {f"fit.effects_{name}": value for name, value in _EFFECTS.items()}

SECTIONS = {name: meaning for name, meaning, *rest in ROWS if not rest}
TABLE: dict[str, Setting] = {}  # dotted key -> setting
_section = ""
for _name, _default, *_rest in ROWS:
    if not _rest:
        _section = _name
        continue
    _meaning, *_more = _rest
    _check = next(filter(callable, _more), None)
    _marks = tuple(mark for mark in _more if mark is not _check)
    _key = f"{_section}{_name}" if _name.startswith(".") else _name
    TABLE[_key] = Setting(_default, _meaning, _check, _marks)


def marked(mark: str) -> tuple[str, ...]:
    """Keys of the settings that have this mark."""
    return tuple(key for key, setting in TABLE.items() if mark in setting.marks)
