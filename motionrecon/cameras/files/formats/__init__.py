"""The texts in which tools write calibrations: one file a format, one line of `FORMATS`.

A format turns text into a tree of dicts, lists, strings, numbers, booleans and None, and raises a ValueError where it
cannot. What the tree means is the business of `motionrecon.cameras.files.sections`, the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from motionrecon.cameras.files.formats import json, qualisys, toml, xml, yaml


class CalibrationFormat(NamedTuple):
    """A format: what users call it, whether a text looks like it, and how it is read."""

    name: str
    looks_like: Callable[[str], bool]
    read: Callable[[str], object]


#: In the order in which they are asked; the last one takes what no other one knows.
FORMATS = (
    CalibrationFormat("Qualisys XML", qualisys.looks_like, qualisys.read),
    CalibrationFormat("XML", xml.looks_like, xml.read),
    CalibrationFormat("JSON", json.looks_like, json.read),
    CalibrationFormat("YAML", yaml.looks_like, yaml.read),
    CalibrationFormat("TOML", toml.looks_like, toml.read),
)


def parse(text: str) -> object:
    """The tree of a text, whose format is told by its content.

    Raises:
        ValueError: it cannot be read; the message names the format.
    """
    chosen = next((known for known in FORMATS if known.looks_like(text)), FORMATS[-1])
    try:
        return chosen.read(text)
    except RecursionError:
        raise ValueError(f"is {chosen.name} that is nested too deeply") from None
    except ValueError as error:
        why = str(error)
        raise ValueError(f"is {why}" if why.startswith("not ") else f"is not usable {chosen.name}: {why}") from error
