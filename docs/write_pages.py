"""Writes what the docstrings of modules say into pages of docs/, where a reader of the repository sees it.

The keys of the viewer stand between ``<!-- keys of the viewer -->`` and ``<!-- end -->``, from the table that the page
itself obeys.

Run from the repository's root after changing such a docstring: python docs/write_pages.py

A page names the module in a comment, ``<!-- docstring of motionrecon.export.csv -->``; what stands between that and
``<!-- end -->`` is the module's docstring. A test says where a page is behind.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

DOCS = Path(__file__).parent
#: The pages that hold docstrings.
PAGES = ("angles.md", "formats.md", "viewer.md")
_PART = re.compile(r"<!-- docstring of (?P<module>[\w.]+) -->\n.*?<!-- end -->", re.DOTALL)

_KEYS = re.compile(r"<!-- keys of the viewer -->\n.*?<!-- end -->", re.DOTALL)


def filled(text: str) -> str:
    """A page with its docstrings as they are now."""
    from motionrecon.viewer.keys import as_table

    text = _PART.sub(lambda part: _part(part["module"]), text)
    return _KEYS.sub(lambda _: f"<!-- keys of the viewer -->\n\n{as_table()}\n\n<!-- end -->", text)


def _part(module: str) -> str:
    stem = DOCS.parent.joinpath(*module.split("."))
    source = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    if docstring is None:
        raise ValueError(f"{source} has no docstring")
    return f"<!-- docstring of {module} -->\n\n{docstring}\n\n<!-- end -->"


if __name__ == "__main__":
    for page in PAGES:
        path = DOCS / page
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
