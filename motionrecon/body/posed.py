"""A person in T poses: where the landmarks are, and how they follow the joints."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import Body
from motionrecon.body.pose import Pose, pose


class Posed:
    """What follows from a `body` and its configurations `qpos` (T, nq); computed once, when first asked for."""

    body: Body
    qpos: Float[np.ndarray, "T nq"]

    @cached_property
    def pose(self) -> Pose:
        return pose(self.body.model, self.qpos)

    @cached_property
    def landmarks(self) -> Float[np.ndarray, "T 33 3"]:
        """World positions, metres."""
        return self.pose.at(self.body.landmarks)

    @cached_property
    def landmark_jacobian(self) -> Float[np.ndarray, "T 33 3 nv"]:
        """Derivative of `landmarks` with respect to the tangent of `qpos`."""
        return self.pose.jacobian(self.body.landmarks)

    @cached_property
    def marks(self) -> Float[np.ndarray, "T 33 3"]:
        """World positions of what the detector marks as the landmarks, metres."""
        return self.pose.at(self.body.marks)

    @cached_property
    def mark_jacobian(self) -> Float[np.ndarray, "T 33 3 nv"]:
        """Derivative of `marks` with respect to the tangent of `qpos`."""
        return self.pose.jacobian(self.body.marks)
