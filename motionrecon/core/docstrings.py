"""Docstrings as the help of commands: what a parameter's line says stands in one place, and flags get it from there."""

from __future__ import annotations

import inspect
import re


def unwrapped(docstring: str) -> str:
    """A docstring with a line for each paragraph and parameter, which the command's help wraps anew."""
    head, args, rest = re.split(r"(\n\n(?:Args|Attributes):\n|\Z)", inspect.cleandoc(docstring), maxsplit=1)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", head) + args + re.sub(r"\n {8}", " ", rest)


def arguments(docstring: str) -> dict[str, str]:
    """What a docstring says of each parameter, on one line."""
    part = re.search(r"\n\nArgs:\n(.*?)(?:\n\n|\Z)", inspect.cleandoc(docstring), re.DOTALL)
    text = re.sub(r"\n {8}", " ", part[1] if part else "")
    return {found[1]: found[2] for found in re.finditer(r"^    (\w+): (.*)$", text, re.MULTILINE)}
