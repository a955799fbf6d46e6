"""Rotations as three angles about axes that are turned by those before, and curves of such angles without jumps.

An order such as ``ZXY`` turns about Z first, then about the turned X, then about Y as both have turned it.
"""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

#: How near the middle angle is to 90 degrees, by its cosine, where the outer two turn about one axis.
_LOCKED = 1e-6


def angles_of(rotations: Float[np.ndarray, "*any 3 3"], order: str) -> Float[np.ndarray, "*any 3"]:
    """The angles, radians, of rotation matrices; the order may end with its first axis, too (``YXY``)."""
    with warnings.catch_warnings():  # at gimbal lock SciPy picks one of the equal answers, and says so
        warnings.simplefilter("ignore", UserWarning)
        angles = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_euler(order)
    return np.asarray(angles).reshape(*rotations.shape[:-2], 3)


def continuous(angles: Float[np.ndarray, "T *any 3"], order: str) -> Float[np.ndarray, "T *any 3"]:
    """The same rotations by angles about three axes, radians, that jump as little as they can from frame to frame.

    A rotation has two sets of angles, (a, b, c) and (a + pi, pi - b, c + pi), each up to full turns. Without this, a
    knee that bends past 90 degrees would flip the other two angles by 180, and the curves could not be edited. Where
    b is at 90 degrees only the sum or the difference of a and c is known, and c stays as it was.
    """
    even = order in ("XYZ", "YZX", "ZXY")
    out = angles.copy()
    for t in range(1, len(out)):
        last = out[t - 1]
        a, b, c = np.moveaxis(angles[t], -1, 0)
        sign = np.sign(np.sin(b)) * (1.0 if even else -1.0)
        locked = np.abs(np.cos(b)) < _LOCKED
        a, c = np.where(locked, a + sign * (c - last[..., 2]), a), np.where(locked, last[..., 2], c)
        choices = np.stack([np.stack([a, b, c], -1), np.stack([a + np.pi, np.pi - b, c + np.pi], -1)])
        choices -= 2 * np.pi * np.round((choices - last) / (2 * np.pi))
        second = np.abs(choices[1] - last).sum(-1) < np.abs(choices[0] - last).sum(-1)
        out[t] = np.where(second[..., None], choices[1], choices[0])
    return out
