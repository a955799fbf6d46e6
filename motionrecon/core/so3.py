"""Rotations: vectors, quaternions (wxyz) and matrices, and how one changes with another.

A rotation vector points along the axis; its length is the angle, radians. All functions take any number of rotations at
once.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def multiply(a: Float[np.ndarray, "*#any 4"], b: Float[np.ndarray, "*#any 4"]) -> Float[np.ndarray, "*any 4"]:
    """Hamilton product of quaternions: first b, then a."""
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def conjugate(q: Float[np.ndarray, "*any 4"]) -> Float[np.ndarray, "*any 4"]:
    """The inverse rotations of unit quaternions."""
    return np.asarray(q * np.array([1.0, -1.0, -1.0, -1.0]))


def exp(turn: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 4"]:
    """Quaternions of rotation vectors."""
    angle = np.linalg.norm(turn, axis=-1, keepdims=True)
    return np.concatenate([np.cos(0.5 * angle), 0.5 * np.sinc(angle / (2 * np.pi)) * turn], axis=-1)


def log(q: Float[np.ndarray, "*any 4"]) -> Float[np.ndarray, "*any 3"]:
    """Rotation vectors of quaternions, the short way round."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    return np.asarray(np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0) * q[..., 1:])


def skew(vectors: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3 3"]:
    """The matrices [v] that make ``[v] p`` the cross product of v and p."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vectors.shape, 3)


def matrix(turn: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3 3"]:
    """Rotation matrices of rotation vectors."""
    a, b, _ = _series(turn)
    K = skew(turn)
    return np.asarray(np.eye(3) + a * K + b * (K @ K))


def from_matrix(rotation: Float[np.ndarray, "*any 3 3"]) -> Float[np.ndarray, "*any 4"]:
    """Quaternions of rotation matrices."""
    from scipy.spatial.transform import Rotation

    flat = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat(scalar_first=True)
    return np.asarray(flat).reshape(*rotation.shape[:-2], 4)


def aligning(
    vectors: Float[np.ndarray, "n 3"], others: Float[np.ndarray, "n 3"], weight: Float[np.ndarray, " n"] | None = None
) -> Float[np.ndarray, "3 3"]:
    """The rotation matrix that carries vectors onto others best, in (weighted) least squares.

    Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
    """
    u, _, vt = np.linalg.svd(vectors.T @ (others if weight is None else others * weight[:, None]))
    proper = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])  # no mirror image
    return np.asarray((u * proper @ vt).T)


def right_jacobian(turn: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3 3"]:
    """J with ``exp(turn + d) = exp(turn) exp(J d)`` to first order in d."""
    _, b, c = _series(turn)
    K = skew(turn)
    return np.asarray(np.eye(3) - b * K + c * (K @ K))


def log_jacobian(turn: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3 3"]:
    """Derivative of ``log(exp(turn) exp(d))`` by d at 0: the inverse of `right_jacobian`."""
    angle = np.linalg.norm(turn, axis=-1)[..., None, None]
    K = skew(turn)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    square = np.where(small, 1 / 12, 1 / safe**2 - 1 / (2 * safe * np.tan(0.5 * safe)))
    return np.asarray(np.eye(3) + 0.5 * K + square * (K @ K))


def _series(turn: Float[np.ndarray, "*any 3"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sin(x) / x, (1 - cos(x)) / x^2 and (x - sin(x)) / x^3 of the angles, each (..., 1, 1)."""
    square = (turn**2).sum(-1)[..., None, None]
    angle = np.sqrt(square)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    return (
        np.where(small, 1 - square / 6, np.sin(safe) / safe),
        np.where(small, 0.5 - square / 24, (1 - np.cos(safe)) / safe**2),
        np.where(small, 1 / 6 - square / 120, (safe - np.sin(safe)) / safe**3),
    )
