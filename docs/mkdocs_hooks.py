"""What MkDocs is told beyond mkdocs.yml: notebooks are pages, code is on GitHub."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

SOURCE = "https://github.com/inr-jax/inr_jax/blob/main/"


def on_files(files: Any, config: Any) -> Any:
    """Add a page for each notebook; the notebook itself stays beside it."""
    from mkdocs.structure.files import File

    for path in sorted(Path(config["docs_dir"]).glob("notebooks/*.ipynb")):
        page = f"notebooks/{path.stem}.md"
        files.append(File.generated(config, page, content=as_markdown(path)))
    return files


def as_markdown(path: Path) -> str:
    """The cells of a notebook as a page."""
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        parts.append(
            text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
        )
    download = f"[Download this notebook]({path.name}) to run it."
    return "\n\n".join([parts[0], download, *parts[1:]]) + "\n"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links that leave docs/ lead to the file on GitHub."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri), "")

    def moved(match: re.Match) -> str:
        path, _, anchor = match[1].partition("#")
        target = posixpath.normpath(posixpath.join(folder, path))
        if target.startswith(("docs/", "..")):
            return match[0]
        return f"]({SOURCE}{target}{'#' + anchor if anchor else ''})"

    if not folder.endswith("notebooks/"):
        markdown = re.sub(r"\]\((notebooks/\w+)\.ipynb\)", r"](\1.md)", markdown)
    return re.sub(r"\]\((\.\./[^)\s]+)\)", moved, markdown)
