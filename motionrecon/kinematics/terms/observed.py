"""What a camera saw of the landmarks: the residuals by points, by the unknowns of the kinematic fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.base import Camera
from motionrecon.core.landmarks import BELOW_THE_HEAD
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.state import SHAPE, TILT, Trajectory
from motionrecon.residuals.base import PointResidual
from motionrecon.residuals.directions import Directions
from motionrecon.residuals.reprojection import Reprojection
from motionrecon.residuals.robust import reweighted
from motionrecon.views import View


@dataclass(frozen=True)
class Observed:
    """A robust residual of where the detector's marks are.

    Attributes:
        camera: the detector's, as it was given.
        residual: of a camera in the trajectory's world and (T, 33, 3) marks.
        parts: the shared unknowns that it depends on.
        scale: in standard deviations, where the robust cost bends.
        distance: (T,) of the pelvis from the camera, metres, at which errors are measured in metres: held while steps
            are compared, or else every step that brings the person nearer would make all errors smaller; None for the
            present one.
    """

    camera: Camera
    residual: Callable[[Camera, Float[np.ndarray, "T 33 3"]], PointResidual]
    parts: tuple[str, ...]
    scale: float = 2.0
    distance: Float[np.ndarray, " T"] | None = None

    def __call__(self, x: Trajectory) -> Block:
        residual = self.residual(x.seen_by(self.camera), x.marks)
        ratio = np.ones(len(x)) if self.distance is None else self.distance / x.distance_from(self.camera)
        held = ratio[:, None, None]
        value = residual.value * held
        root, cost = reweighted(value, self.scale)
        T, m = len(x), value[0].size

        def chained(moved: Float[np.ndarray, "T 33 3 n"]) -> Float[np.ndarray, "T m n"]:
            return np.asarray((residual.chain(moved) * (held * root)[..., None]).reshape(T, m, -1))

        shared = {}
        if SHAPE in self.parts and SHAPE in x.shared:
            shared[SHAPE] = chained(x.by_shape(x.body.marks))
        if TILT in self.parts and TILT in x.shared:
            shared[TILT] = chained(x.by_tilt(x.marks))
        return Block((value * root).reshape(T, m), (chained(x.mark_jacobian),), np.arange(T), cost, shared)


def reprojected(view: View, sigma: float = 0.02, scale: float = 2.0) -> Observed:
    """The marks must be seen where the detector saw them; `sigma` in metres across the line of sight."""

    def residual(camera: Camera, marks: Float[np.ndarray, "T 33 3"]) -> PointResidual:
        depth = np.median(camera.across(marks[:, BELOW_THE_HEAD]).depth, axis=1)
        return Reprojection(camera, marks, view.pixels, view.weight, sigma, depth)

    return Observed(view.camera, residual, (SHAPE, TILT), scale)


def directed(view: View, sigma: float = 0.08, across: float = 0.0, scale: float = 2.0) -> Observed:
    """Bones must point where the detector's 3D guess does; `sigma` in metres of depth.

    They do not depend on the person's shape: a bone must not shorten to fit.
    """

    def residual(camera: Camera, marks: Float[np.ndarray, "T 33 3"]) -> PointResidual:
        return Directions(camera, marks, view.points_3d, view.weight, sigma, across)

    return Observed(view.camera, residual, (TILT,), scale)
