"""Arithmetic on configurations with a free root, for many configurations at once.

A configuration is (nq,) = root position, root quaternion (wxyz), hinge angles. Its tangent is (nv,) = root velocity in
the world, root angular velocity in the root's own frame, hinge velocities: MuJoCo's convention for a free joint.
These are `mj_integratePos` and `mj_differentiatePos` for a body whose only joint besides hinges is a free root.
"""

from __future__ import annotations

import numpy as np


def quat_multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of quaternions (..., 4), wxyz."""
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


def quat_conjugate(q: np.ndarray) -> np.ndarray:
    return q * np.array([1.0, -1.0, -1.0, -1.0])


def quat_exp(rotvec: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) of rotation vectors (..., 3), radians."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    return np.concatenate([np.cos(0.5 * angle), 0.5 * np.sinc(angle / (2 * np.pi)) * rotvec], axis=-1)


def quat_log(q: np.ndarray) -> np.ndarray:
    """Rotation vectors (..., 3) of quaternions (..., 4), the short way round."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    return np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0) * q[..., 1:]


def integrate(qpos: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Configurations (..., nq) moved by tangent steps (..., nv)."""
    quat = quat_multiply(qpos[..., 3:7], quat_exp(step[..., 3:6]))
    quat = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return np.concatenate([qpos[..., :3] + step[..., :3], quat, qpos[..., 7:] + step[..., 6:]], axis=-1)


def difference(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The tangent steps (..., nv) that carry `start` to `end`: the inverse of `integrate`."""
    turn = quat_log(quat_multiply(quat_conjugate(start[..., 3:7]), end[..., 3:7]))
    return np.concatenate([end[..., :3] - start[..., :3], turn, end[..., 7:] - start[..., 7:]], axis=-1)


def velocities(qpos: np.ndarray, fps: float) -> np.ndarray:
    """(T, nv) velocities of a trajectory (T, nq) by central differences (one-sided at the ends)."""
    step = difference(qpos[:-1], qpos[1:]) * fps
    return np.concatenate([step[:1], 0.5 * (step[1:] + step[:-1]), step[-1:]])
