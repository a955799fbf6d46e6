"""The colours of what the viewer draws, RGB: left is orange and right is blue, as in the overlay; darker, being lit."""

from __future__ import annotations

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.viewer.parts import Colour

LEFT: Colour = (224, 112, 48)
RIGHT: Colour = (52, 116, 204)
MIDDLE: Colour = (186, 190, 198)
GHOST: Colour = (120, 84, 190)
FORCE: Colour = (222, 52, 62)
CENTRE: Colour = (24, 158, 98)
GROUND: Colour = (206, 210, 216)
BONE: Colour = (46, 50, 60)
CAMERA: Colour = (90, 96, 110)


def of_bodies(model: mujoco.MjModel) -> Float[np.ndarray, "B 3"]:
    """The colour of what rides on each body of a model, by its name."""
    names = [model.body(i).name for i in range(model.nbody)]
    sides = [LEFT if n.startswith("left_") else RIGHT if n.startswith("right_") else MIDDLE for n in names]
    return np.array(sides, float)
