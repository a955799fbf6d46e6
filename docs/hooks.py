"""Pages of the documentation that are written elsewhere, and links from its own pages to those.

The README, the changelog, the model card and the examples stand where a reader of the repository looks for them.
"""

from __future__ import annotations

import ast
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent

#: Page -> the file of the repository that it shows.
SHOWN = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "extending.md": "CONTRIBUTING.md",
    "model_card.md": "models/optimus/README.md",
}
#: Where links of those files lead on the site; links to other files of the repository lose their target.
PAGES = {
    "docs/angles.md": "angles.md",
    "docs/blender.md": "blender.md",
    "docs/conventions.md": "conventions.md",
    "docs/formats.md": "formats.md",
    "docs/how_it_works.md": "how_it_works.md",
    "docs/optimizers_bench.md": "optimizers_bench.md",
    "docs/reconstruct_bench.md": "reconstruct_bench.md",
    "docs/several_cameras.md": "several_cameras.md",
    "docs/smpl.md": "smpl.md",
    "docs/verdict.md": "verdict.md",
    "docs/viewer.md": "viewer.md",
    "docs/windows_bench.md": "windows_bench.md",
    "examples": "examples.md",
    "models/optimus/README.md": "model_card.md",
    "CONTRIBUTING.md": "extending.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are written elsewhere."""
    for page, source in SHOWN.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_with_links(text, Path(source).parent)))
    files.append(File.generated(config, "examples.md", content=_examples()))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """A page whose links that leave docs/, as they do in the repository, lead to pages of the site."""
    here = posixpath.dirname(page.file.src_uri)

    def link(match: re.Match[str]) -> str:
        bang, words, target = match.groups()
        path, _, anchor = target.partition("#")
        resolved = posixpath.normpath(posixpath.join("docs", here, path))
        if bang or resolved.startswith("docs/") or resolved not in PAGES:
            return match.group(0)
        return f"[{words}]({posixpath.relpath(PAGES[resolved], here or '.')}{'#' if anchor else ''}{anchor})"

    return _LINK.sub(link, markdown)


def _with_links(text: str, folder: Path) -> str:
    """Markdown whose links lead to pages of the site, wherever the file stood."""

    def link(match: re.Match[str]) -> str:
        bang, words, target = match.groups()
        if target.startswith(("http", "#")):
            return match.group(0)
        path, _, anchor = target.partition("#")
        resolved = (ROOT / folder / path).resolve().relative_to(ROOT).as_posix()
        if bang or resolved.endswith(".png"):
            return f"{bang}[{words}]({resolved.removeprefix('docs/')})" if resolved.startswith("docs/") else words
        page = PAGES.get(resolved)
        return f"[{words}]({page}{'#' if anchor else ''}{anchor})" if page else words

    return _LINK.sub(link, text)


def _examples() -> str:
    """Every script of examples/, under the first line of its docstring."""
    parts = ["# Examples\n\nEach is a script in `examples/` that runs as it is; CI runs them all.\n"]
    for path in sorted((ROOT / "examples").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        about = ast.get_docstring(ast.parse(source)) or ""
        title, _, rest = about.partition("\n")
        code = source.split('"""', 2)[2].strip()
        parts.append(f'## {title.rstrip(".")}\n\n{rest.strip()}\n\n```python title="{path.name}"\n{code}\n```\n')
    return "\n".join(parts)
