"""The page: one HTML text with its style, its program and all that it shows inside; it loads nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from motionrecon.viewer.document import Document
from motionrecon.viewer.packing import as_json

#: The files of the program in ``client/``, in the order in which they stand in the page.
SCRIPTS = (
    *("maths", "shaders", "graphics", "arrays", "shapes", "results", "stage", "looking"),
    *("clock", "pace", "film", "charts", "panel", "keys", "main"),
)


class Pictures:
    """A film inside the page: pictures (of any format that browsers know), and which of them each frame shows."""

    def __init__(self, pictures: Sequence[bytes], index: Sequence[int]) -> None:
        self.pictures, self.index = pictures, index

    def as_plain(self) -> dict[str, object]:
        """What JSON takes; -1 in the index is no picture."""
        return {"pictures": [base64.b64encode(one).decode() for one in self.pictures], "index": list(self.index)}


def served_page(title: str) -> str:
    """The page that asks its server for the document and the films' pictures."""
    return _page(title, "'self'", ())


def page(document: Document, pictures: Sequence[Sequence[Pictures]]) -> str:
    """The page of a document, which needs no server.

    No text of a result can run in it: it stands in data elements as JSON, the program writes it as text only, and the
    page's policy admits no script or style but its own, by their hashes.

    Args:
        document: what is shown.
        pictures: the films of each result's cameras.
    """
    films = json.dumps([[p.as_plain() for p in of] for of in pictures])
    return _page(document.title, "'none'", (_data("document", as_json(document)), _data("films", films)))


def _page(title: str, connect: str, inside: Sequence[str]) -> str:
    style, script = _style(), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src blob: data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">',
            f"<title>{html.escape(title)} · motionrecon</title>",
            f"<style>{style}</style></head>",
            f"<body>{_text('index.html')}",
            *inside,
            f"<script>{script}</script></body></html>\n",
        ]
    )


def _data(name: str, text: str) -> str:
    return f'<script type="application/json" id="{name}">{text}</script>'


@cache
def _text(name: str) -> str:
    return (files("motionrecon.viewer") / "client" / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """The program: its files share one scope, which nothing outside can reach."""
    return "(() => {\n" + "\n".join(['"use strict";', *(_text(f"{name}.js") for name in SCRIPTS)]) + "\n})();\n"


@cache
def _style() -> str:
    return _text("style.css")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
