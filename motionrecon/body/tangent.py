"""Arithmetic on configurations with a free root, for many configurations at once.

A configuration is (nq,) = root position, root quaternion (wxyz), hinge angles. Its tangent is (nv,) = root velocity in
the world, root angular velocity in the root's own frame, hinge velocities: MuJoCo's convention for a free joint.
These are `mj_integratePos` and `mj_differentiatePos` for a body whose only joint besides hinges is a free root.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.core import so3

#: The parts of a configuration: where the root is, how it is turned, and the hinges' angles.
PLACE, QUATERNION, ANGLES = slice(0, 3), slice(3, 7), slice(7, None)
#: The parts of a tangent: the root's movement and turn, and the hinges'.
MOVE, TURN, BEND = slice(0, 3), slice(3, 6), slice(6, None)


def integrate(qpos: Float[np.ndarray, "*#any nq"], step: Float[np.ndarray, "*#any nv"]) -> Float[np.ndarray, "*any nq"]:
    """Configurations moved by tangent steps."""
    quat = so3.multiply(qpos[..., QUATERNION], so3.exp(step[..., TURN]))
    quat = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
    return np.concatenate([qpos[..., PLACE] + step[..., MOVE], quat, qpos[..., ANGLES] + step[..., BEND]], axis=-1)


def difference(start: Float[np.ndarray, "*any nq"], end: Float[np.ndarray, "*any nq"]) -> Float[np.ndarray, "*any nv"]:
    """The tangent steps that carry `start` to `end`: the inverse of `integrate`."""
    turn = so3.log(so3.multiply(so3.conjugate(start[..., QUATERNION]), end[..., QUATERNION]))
    return np.concatenate([end[..., PLACE] - start[..., PLACE], turn, end[..., ANGLES] - start[..., ANGLES]], axis=-1)


def velocities(qpos: Float[np.ndarray, "T nq"], fps: float) -> Float[np.ndarray, "T nv"]:
    """Velocities of a trajectory by central differences (one-sided at the ends)."""
    step = difference(qpos[:-1], qpos[1:]) * fps
    return np.concatenate([step[:1], 0.5 * (step[1:] + step[:-1]), step[-1:]])
