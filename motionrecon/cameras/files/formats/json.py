"""JSON: OpenCV's FileStorage, CMU Panoptic's cameras, and what people write from Python."""

from __future__ import annotations

import re

from motionrecon.core.files import parse_json


def looks_like(text: str) -> bool:
    """An object, or a list of objects; ``[name]`` and ``[[name]]`` are TOML."""
    return re.match(r"\s*(\{|\[\s*\{)", text) is not None


def read(text: str) -> object:
    """The tree of a JSON text."""
    found: object = parse_json(text)
    return found
