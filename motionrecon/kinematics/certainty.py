"""How well the views determine where a person's joints are: what is left open, mostly along the lines of sight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.core.landmarks import INDEX
from motionrecon.kinematics.fit import REFERENCE_RATE, Weights, filmed, nearest_floor
from motionrecon.kinematics.solver import Term, drawn
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.views import Figure

#: Draws that a standard deviation is taken of: it is then known to an eighth, and the mean of many far better.
DRAWS = 32

_HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


def spread(figure: Figure, joints: Int[np.ndarray, " J"], frames: slice = slice(None)) -> Float[np.ndarray, "n J"]:
    """Standard deviations, metres, of joints from the middle of the hips, as the evidence leaves them open.

    It is that of the kinematic fit's own residuals about its solution (Laplace's approximation): what was seen, how
    surely, from how many sides, and how smoothly people move. It knows nothing of other solutions far away.

    Args:
        figure: the person as found.
        joints: places of landmarks in `motionrecon.core.landmarks.NAMES`.
        frames: which, in a row, two at least; those beside them are not asked.
    """
    w, fps = Weights(), figure.clock.fps
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    x = Trajectory(figure.body, figure.qpos[frames], figure.ground)
    views = [replace(part, weight=rate * part.weight) for part in (view.part(frames) for view in figure.views)]
    terms: list[Term] = [*filmed(views, fps, w), Contact.of(x, fps, rate, nearest_floor(views))]
    points = x.landmark_jacobian
    moved = points[:, joints] - points[:, _HIPS].mean(1, keepdims=True)
    steps = drawn(x, terms, DRAWS)
    places = np.einsum("tjiv,dtv->dtji", moved, steps)
    return np.asarray(np.sqrt((places**2).sum(-1).mean(0)))
