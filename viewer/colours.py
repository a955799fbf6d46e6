"""The colours of what the viewer draws, RGB: left is orange and right is blue, as in every picture.

They are darker than those of `motionrecon.render.colours`: the page's light adds gloss and a rim to what it falls on,
and its curves and marks, which have the same colours, must be read on white.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from motionrecon.core.sides import side_of
from motionrecon.viewer.parts import Colour

LEFT: Colour = (224, 112, 48)
RIGHT: Colour = (52, 116, 204)
MIDDLE: Colour = (186, 190, 198)
GHOST: Colour = (120, 84, 190)
FORCE: Colour = (222, 52, 62)
CENTRE: Colour = (24, 158, 98)
GROUND: Colour = (206, 210, 216)
BONE: Colour = (46, 50, 60)
UNSEEN: Colour = (107, 107, 107)
CAMERA: Colour = (90, 96, 110)


def of_bodies(names: Sequence[str]) -> Float[np.ndarray, "B 3"]:
    """The colour of what rides on each of some bodies, by its name."""
    of_side = {"left": LEFT, "right": RIGHT, "": MIDDLE}
    return np.array([of_side[side_of(name)] for name in names], float)
