"""The verbs of the command: what each does, and its flags beside settings."""

from __future__ import annotations

VERBS = {
    "run": "samples to maps: fit, evaluate on held-out donors, render, figures",
    "fit": "fit the networks; goes on from the newest checkpoint",
    "evaluate": "leave one donor out, for the INR and the baselines",
    "render": "write maps and figures from the newest checkpoint",
    "export": "maps of genes as NIfTI or zarr, tables of regions as Parquet or h5ad",
    "regions": "tables of the regions of any atlas: mean, sd and evidence of each gene",
    "surfaces": "maps on cortex: fsaverage5, or --config.render.surface=GIFTI files",
    "figures": "pictures for a paper, PNG and SVG; --genes=GENE,GENE --against=DIR",
    "latents": "what the fit holds of each gene: latents.parquet, .npz, a picture",
    "report": "write report.html: every gene in a viewer, scores, methods, settings",
    "adapt": "genes of another source on the trunk of a run: maps, adapted.csv",
    "compare": "compare the maps with abagen's interpolation; region tables",
    "associate": "which genes go with a map of yours: --map=MAP.nii.gz",
    "sweep": "choose settings by nested validation; --sweep=FILE of candidates",
    "crosswalk": "print how an atlas's regions are made of structures; crosswalk.csv",
    "merge": "join the workdirs of all shards of the genes: inr-jax merge DIR DIR ...",
    "fetch": "download the Allen Human Brain Atlas, or what places its values: --wells",
    "genes": "say why a gene is in the atlas's data or not: --why=GENE",
    "configs": "list the settings and sweeps that are shipped, for --config=NAME",
}
# Verbs that need what a run left in the workdir.
GO_ON: tuple[str, ...] = ("render", "compare", "export", "regions", "figures")
GO_ON += ("surfaces", "report", "associate", "adapt", "latents")
# Verbs that need no workdir, with their own flags.
WITHOUT_WORKDIR = {
    "merge": "DIR DIR ... --workdir=DIR",
    "fetch": "[--donors=9861,10021|all] [--wells] [--data_dir=DIR]",
    "genes": "[--why=GENE,GENE] [--donors=9861,10021|all] [--data_dir=DIR]",
    "configs": "",
}
# Verbs with flags of their own beside a workdir.
OWN_FLAGS = {
    "sweep": ("sweep", "protocol", "donors", "seeds"),
    "render": ("genes",),
    "surfaces": ("genes",),
    "figures": ("genes", "against"),
    "export": ("genes", "format"),
    "associate": ("map", "table", "mask", "zeros", "atlas", "atlas_info", "genesets"),
}
OWN_USAGE = {
    "sweep": "--workdir=DIR [--sweep=FILE] [--protocol=donor|donor+anatomy]"
    " [--donors=NAME,NAME] [--seeds=3]",
    "render": "--workdir=DIR [--genes=GENE,GENE|GENE~GENE:5]",
    "surfaces": "--workdir=DIR [--genes=GENE,GENE]",
    "figures": "--workdir=DIR [--genes=GENE,GENE] [--against=WORKDIR]",
    "export": "--workdir=DIR [--genes=GENE,GENE] [--format=nifti|zarr|parquet|h5ad]",
    "associate": "--workdir=DIR --map=MAP.nii.gz|L.func.gii,R.func.gii|--table=CSV"
    " [--mask=MASK.nii.gz]"
    " [--zeros=auto|values|outside] [--atlas=LABELS.nii.gz --atlas_info=TABLE.csv]"
    " [--genesets=SETS.gmt]",
}
# Modules of `run` where verbs without a workdir live; else `ahba_verbs`.
HOMES = {"merge": "merge"}
