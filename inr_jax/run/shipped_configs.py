"""The files of configs/, found by name from any folder."""

from __future__ import annotations

import ast
from pathlib import Path

from inr_jax.errors import unknown_name
from inr_jax.files.reading import user_path

SWEEPS = "sweeps"  # folder of the sweeps


def shipped(kind: str = "") -> dict[str, Path]:
    """Name -> file of the shipped configs, or of the shipped `SWEEPS`.

    They lie inside the installed package, at the top level of a clone.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "configs", package.parent / "configs"):
        if folder.is_dir():
            files = sorted((folder / kind).glob("[!_]*.py"))
            return {path.stem: path for path in files}
    return {}


def find(flag: str, name: str, kind: str = "") -> Path:
    """The file that a flag names.

    Args:
        flag: To name in an error.
        name: A path, or the bare name of a shipped file.
        kind: Which shipped ones: "" for configs, or `SWEEPS`.

    Returns:
        The file; a path need not exist.

    Raises:
        InputError: A bare name that neither a shipped file nor a file here has.
    """
    path, known = user_path(name, flag), shipped(kind)
    if name in known:
        return known[name]
    if path.name != name or path.suffix == ".py" or path.exists():
        return path
    raise unknown_name(flag, name, known)


def listing() -> str:
    """Names and first docstring lines, for the verb `configs`."""
    lines = []
    for flag, kind in (("--config", ""), ("--sweep", SWEEPS)):
        lines += [f"{flag}=NAME"]
        for name, path in shipped(kind).items():
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            lines += [f"  {name:<17}{text.splitlines()[0] if text else ''}"]
    return "\n".join(lines)
