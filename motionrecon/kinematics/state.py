"""A trajectory under fit, with everything that the residual terms read off it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from motionrecon.body import Body
from motionrecon.body.capsules.proportions import Proportions
from motionrecon.body.posed import Posed
from motionrecon.body.tangent import integrate
from motionrecon.cameras.pinhole import Camera

#: Unknowns shared by all frames, after the logarithms of the proportions: the floor's height and the camera's tilt.
SHARED_EXTRA = ("floor", "tilt_x", "tilt_y")


@dataclass(frozen=True)
class Trajectory(Posed):
    """The unknowns of the kinematic fit, and what follows from them.

    Attributes:
        body: the person at the present proportions.
        camera: the camera; its pose includes the present tilt.
        qpos: (T, nq) configurations in the camera's world.
        floor: height of the floor in that world, metres.
    """

    body: Body
    camera: Camera
    qpos: np.ndarray
    floor: float

    def __len__(self) -> int:
        return len(self.qpos)

    @cached_property
    def soles(self) -> np.ndarray:
        """(T, 8, 3) lowest points of the feet's contact spheres, in the order of `body.soles.names`."""
        return self.pose.at(self.body.soles) - np.array([0, 0, 1.0]) * self.body.soles.radii[:, None]

    @cached_property
    def sole_jacobian(self) -> np.ndarray:
        """(T, 8, 3, nv) derivative of `soles`."""
        return self.pose.jacobian(self.body.soles)

    @cached_property
    def com(self) -> np.ndarray:
        """(T, 3) centre of mass."""
        return self.pose.com

    @cached_property
    def com_jacobian(self) -> np.ndarray:
        """(T, 3, nv) derivative of `com`."""
        return self.pose.com_jacobian

    @cached_property
    def seen_proportions(self) -> np.ndarray:
        """(T, 33, 3, n proportions) derivative of `seen` with respect to the logarithms of the proportions."""
        return self.pose.by_shape(self.body.marks, self.body.moves)

    @cached_property
    def sole_proportions(self) -> np.ndarray:
        """(T, 8, 3, n proportions) derivative of `soles` with respect to the logarithms of the proportions."""
        return self.pose.by_shape(self.body.soles, self.body.moves)

    @property
    def shared_count(self) -> int:
        return len(Proportions.names()) + len(SHARED_EXTRA)

    def moved(self, step: np.ndarray, shared: np.ndarray) -> Trajectory:
        """This trajectory after a step (T, nv) of the configurations and (shared_count,) of the shared unknowns."""
        n = len(Proportions.names())
        body = self.body
        if shared[:n].any():
            body = body.reshaped(body.shape_prior.bounded(body.shape + shared[:n]))
        camera = self.camera
        if shared[n + 1 :].any():
            from scipy.spatial.transform import Rotation

            tilt = Rotation.from_rotvec([*shared[n + 1 :], 0.0]).as_matrix()
            camera = replace(camera, R_camera_world=camera.R_camera_world @ tilt)
        return Trajectory(body, camera, integrate(self.qpos, step), self.floor + float(shared[n]))
