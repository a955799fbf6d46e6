"""A detector looks at a cut-out: what it guesses of depth is along the line of sight to the person, not along the axis.

A network that is shown a person cut out of the picture cannot know where in the picture that was. A person at its edge
looks to it as to a camera that is turned to the person, so its 3D guess is in that camera's axes.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.core import so3
from motionrecon.core.landmarks import INDEX

#: The trunk, in whose middle the cut-out has its own.
_TRUNK = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("shoulder", "hip")]


def turns_to(rays: Float[np.ndarray, "T 33 2"]) -> Float[np.ndarray, "T 3 3"]:
    """Rotations from the axes of a camera that is turned to the person, the shortest way, to those of the camera.

    Args:
        rays: where landmarks are seen on the image plane, NaN where unseen.

    Returns:
        the rotations; no turn where nothing of the trunk is seen.
    """
    trunk = rays[:, _TRUNK]
    known = np.isfinite(trunk).all(-1, keepdims=True)
    return turns_towards(np.where(known, trunk, 0.0).sum(1) / np.maximum(known.sum(1), 1))


def turns_towards(middle: Float[np.ndarray, "T 2"]) -> Float[np.ndarray, "T 3 3"]:
    """Rotations from the axes of a camera that is turned to a point of the image plane, the shortest way, to those of
    the camera."""
    away = np.linalg.norm(middle, axis=1, keepdims=True)
    # About the axis in the image plane that is a quarter turn from where the point is seen.
    axis = np.stack([-middle[:, 1], middle[:, 0], np.zeros(len(middle))], axis=1) / np.maximum(away, 1e-12)
    return np.asarray(so3.matrix(axis * np.arctan(away)))
