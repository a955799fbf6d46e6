"""The colours of everything drawn, RGB 0 to 255. Left is orange, right is blue, in every picture."""

from __future__ import annotations

from functools import lru_cache

from motionrecon.core.sides import side_of

Colour = tuple[int, int, int]

LEFT: Colour = (255, 138, 48)
RIGHT: Colour = (38, 132, 255)
MIDDLE: Colour = (246, 240, 230)
UNTRACKED: Colour = (150, 154, 160)
FORCE: Colour = (214, 44, 56)
OUTLINE: Colour = (24, 28, 36)
LACKS: Colour = (150, 96, 12)
"""Under the words that say what a frame lacks."""
GLOW: Colour = (236, 62, 44)
"""Of feet that bear load."""

SKY: Colour = (232, 236, 241)
TILES: tuple[Colour, Colour] = (202, 208, 216), (182, 189, 199)
PLAIN: Colour = (52, 57, 66)
"""Behind the skeleton where there is no video."""


@lru_cache(maxsize=256)
def of_side(name: str) -> Colour:
    """The colour of a landmark, body or geom by its name."""
    return {"left": LEFT, "right": RIGHT}.get(side_of(name), MIDDLE)


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` with ``share`` (0 to 1) of ``b``."""
    return tuple(round(x + share * (y - x)) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]
