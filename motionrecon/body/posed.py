"""A person in T poses: where the landmarks are, and how they follow the joints."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from motionrecon.body.model import Body
from motionrecon.body.pose import Pose, pose


class Posed:
    """What follows from a `body` and its configurations `qpos` (T, nq); computed once, when first asked for."""

    body: Body
    qpos: np.ndarray

    @cached_property
    def pose(self) -> Pose:
        return pose(self.body.model, self.qpos)

    @cached_property
    def landmarks(self) -> np.ndarray:
        """(T, 33, 3) world positions, metres."""
        return self.pose.sites[:, self.body.landmark_sites]

    @cached_property
    def landmark_jacobian(self) -> np.ndarray:
        """(T, 33, 3, nv) derivative of `landmarks` with respect to the tangent of `qpos`."""
        return self.pose.jacobian(self.landmarks, self.body.model.site_bodyid[self.body.landmark_sites])

    @cached_property
    def seen(self) -> np.ndarray:
        """(T, 33, 3) world positions of what the detector marks as the landmarks, metres."""
        return self.pose.sites[:, self.body.seen_sites]

    @cached_property
    def seen_jacobian(self) -> np.ndarray:
        """(T, 33, 3, nv) derivative of `seen` with respect to the tangent of `qpos`."""
        return self.pose.jacobian(self.seen, self.body.model.site_bodyid[self.body.seen_sites])
