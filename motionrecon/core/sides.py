"""Left and right: what there is one of on each side has a name that begins with ``left_`` or ``right_``."""

from __future__ import annotations

SIDES = ("left", "right")
#: The sign of y on each side, outwards from the middle: y is to the left.
OUTWARDS = {"left": 1.0, "right": -1.0}


def side_of(name: str) -> str:
    """``left``, ``right``, or empty for what stands in the middle."""
    return split(name)[0]


def without_side(name: str) -> str:
    """The name without the side that it is on."""
    return split(name)[1]


def split(name: str) -> tuple[str, str]:
    """A name's side, empty in the middle, and the name without it."""
    side, _, rest = name.partition("_")
    return (side, rest) if rest and side in SIDES else ("", name)
