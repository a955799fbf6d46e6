"""The colours of a body's parts, RGB: left is orange and right is blue, as in the overlay; darker, as this is lit."""

from __future__ import annotations

Colour = tuple[int, int, int]

LEFT: Colour = (206, 92, 42)
RIGHT: Colour = (44, 98, 170)
MIDDLE: Colour = (150, 154, 162)
UNSEEN: Colour = (112, 114, 120)
"""Of a body in a frame in which nobody was seen."""


def of_side(name: str) -> Colour:
    """The colour of a part by its name: left, right, or the middle of the body."""
    return LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE
