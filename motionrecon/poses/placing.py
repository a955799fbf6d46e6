"""Shapes put before a camera, in perspective, where their points are seen best."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

#: No person is nearer than this, metres; and where one is put who would be.
NEAR, FAR = 0.3, 3.0


def placed(
    rays: Float[np.ndarray, "N P 2"],
    weight: Float[np.ndarray, "N P"],
    marks: Float[np.ndarray, "N S P 3"],
    near: float = NEAR,
    far: float = FAR,
) -> tuple[Float[np.ndarray, "N S 3"], Float[np.ndarray, "N S"]]:
    """Where shapes stand so that their marks, in the camera's axes, are seen where they were.

    ``ray (z + tz) = xy + txy`` is linear in the place: the normal equations of each are solved.

    Args:
        rays: where marks are seen on the image plane, NaN where unseen.
        weight: root weights.
        marks: of S shapes for each frame, in the camera's axes, about an origin of their own.
        near: no shape is nearer than this, metres.
        far: where one is put that would be, metres.

    Returns:
        the places, metres, and how far from the rays the marks then are: weighted squares on the image plane.
    """
    known = np.isfinite(rays).all(-1)
    ray = np.where(known[..., None], rays, 0.0)
    w = np.where(known, weight + 1e-3, 0.0) ** 2
    total = w.sum(1)
    first, square = np.einsum("np,npi->ni", w, ray), np.einsum("np,npi,npi->n", w, ray, ray)
    matrix = np.zeros((len(ray), 3, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = total
    matrix[:, :2, 2] = matrix[:, 2, :2] = -first
    matrix[:, 2, 2] = square
    matrix += 1e-9 * total[:, None, None] * np.eye(3)
    off = marks[..., :2] - ray[:, None] * marks[..., 2:]
    right = np.empty((*off.shape[:2], 3))
    right[..., :2] = -np.einsum("np,nspi->nsi", w, off)
    right[..., 2] = np.einsum("np,npi,nspi->ns", w, ray, off)
    place = np.linalg.solve(matrix[:, None], right[..., None])[..., 0]
    place = np.where(place[..., 2:] < near, [0.0, 0.0, far], place)
    there = marks + place[:, :, None]
    away = there[..., :2] / np.maximum(there[..., 2:], 0.1) - ray[:, None]
    return place, np.einsum("np,nspi,nspi->ns", w, away, away)
