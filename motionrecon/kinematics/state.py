"""A trajectory under fit, with everything that the residual terms read off it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from motionrecon.body import Body
from motionrecon.body.points import Points
from motionrecon.body.posed import Posed
from motionrecon.body.tangent import PLACE, integrate
from motionrecon.cameras.base import Camera
from motionrecon.cameras.carried import Carried
from motionrecon.core import so3
from motionrecon.ground.base import Ground

#: Unknowns that all frames share: the person's shape, the ground's height (metres), and how the cameras are tilted
#: about the world's x and y (radians).
SHAPE, HEIGHT, TILT = "shape", "height", "tilt"


@dataclass(frozen=True)
class Trajectory(Posed):
    """The unknowns of the kinematic fit, and what follows from them.

    Attributes:
        body: the person at the present shape.
        qpos: (T, nq) configurations in the trajectory's world.
        ground: at its present height in that world.
        turn: from the world in which the cameras were given to the trajectory's: what is known of gravity.
        path: (T, 3) how far the cameras have been carried over the ground by each frame, metres, in the trajectory's
            world: before a treadmill, whose belt this world rides on. None for cameras that are not carried.
        free: which of the shared unknowns are free; the others are held where they are.
    """

    body: Body
    qpos: Float[np.ndarray, "T nq"]
    ground: Ground
    turn: Float[np.ndarray, "3 3"] = field(default_factory=lambda: np.eye(3))
    path: Float[np.ndarray, "T 3"] | None = None
    free: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.qpos)

    @property
    def shared(self) -> dict[str, int]:
        """The shared unknowns that are free, and how many numbers each has."""
        sizes = {SHAPE: len(self.body.shape), HEIGHT: 1, TILT: 2}
        return {part: sizes[part] for part in self.free}

    def moved(self, step: Float[np.ndarray, "T nv"], shared: Mapping[str, Float[np.ndarray, " n"]]) -> Trajectory:
        """This trajectory after a step of the configurations and of the shared unknowns."""
        body, ground, turn = self.body, self.ground, self.turn
        if SHAPE in shared and shared[SHAPE].any():
            body = body.reshaped(body.shape_prior.bounded(body.shape + shared[SHAPE]))
        if HEIGHT in shared:
            ground = ground.raised(float(shared[HEIGHT][0]))
        if TILT in shared and shared[TILT].any():
            turn = so3.matrix(-np.append(shared[TILT], 0.0)) @ turn
        return replace(self, body=body, qpos=integrate(self.qpos, step), ground=ground, turn=turn)

    def tilt_since(self, turn: Float[np.ndarray, "3 3"]) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, "2 2"]]:
        """How far the cameras have been tilted since the world was turned so, radians; and that by a further tilt."""
        away = so3.log(so3.from_matrix(turn @ self.turn.T))
        return away[:2], so3.log_jacobian(away)[:2, :2]

    def seen_by(self, camera: Camera) -> Camera:
        """A camera as it was given, in the trajectory's world."""
        camera = camera.in_world(self.turn, np.zeros(3))
        return camera if self.path is None else Carried(camera, self.path)

    def way_from(self, camera: Camera) -> Float[np.ndarray, "T 3"]:
        """From a camera as it was given to the pelvis, in the trajectory's world, metres."""
        return np.asarray(self.qpos[:, PLACE] - self.seen_by(camera).eye)

    def distance_from(self, camera: Camera) -> Float[np.ndarray, " T"]:
        """How far the pelvis is from a camera as it was given, metres."""
        return np.asarray(np.linalg.norm(self.way_from(camera), axis=-1))

    def by_shape(self, points: Points) -> Float[np.ndarray, "T P 3 k"]:
        """Derivative of points that ride on the body with respect to the person's shape."""
        return self.pose.by_shape(points, self.body.moves)

    def by_tilt(self, places: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, "T P 3 2"]:
        """Derivative of places with respect to the cameras' tilt, as the cameras see them.

        A tilt of the cameras is as good as a turn of all places before they are seen. The way that they are carried
        stays along the ground.
        """
        beside = places if self.path is None else places - self.path[:, None]
        return np.stack([np.cross(axis, beside) for axis in np.eye(3)[:2]], axis=-1)

    @cached_property
    def feet(self) -> Float[np.ndarray, "T S 3"]:
        """World positions of the centres of the soles' balls, in the order of `body.soles`."""
        return self.pose.at(self.body.soles)

    @cached_property
    def foot_jacobian(self) -> Float[np.ndarray, "T S 3 nv"]:
        """Derivative of `feet` with respect to the tangent of `qpos`."""
        return self.pose.jacobian(self.body.soles)

    @cached_property
    def foot_by_shape(self) -> Float[np.ndarray, "T S 3 k"]:
        """Derivative of `feet` with respect to the person's shape."""
        return self.by_shape(self.body.soles)

    @cached_property
    def over(self) -> Float[np.ndarray, "T S"]:
        """How far the soles' balls are over the ground, metres."""
        return np.asarray(self._gap[0] - self.body.soles.radii)

    @property
    def away(self) -> Float[np.ndarray, "T S 3"]:
        """Unit vectors away from the ground at the soles: the derivative of `over` by `feet`."""
        return self._gap[1]

    @property
    def soles(self) -> Float[np.ndarray, "T S 3"]:
        """The points of the soles that are nearest to the ground."""
        return np.asarray(self.feet - self.away * self.body.soles.radii[:, None])

    @cached_property
    def _gap(self) -> tuple[Float[np.ndarray, "T S"], Float[np.ndarray, "T S 3"]]:
        return self.ground.gap(self.feet)

    @property
    def com(self) -> Float[np.ndarray, "T 3"]:
        """Centre of mass."""
        return self.pose.com

    @property
    def com_jacobian(self) -> Float[np.ndarray, "T 3 nv"]:
        """Derivative of `com`."""
        return self.pose.com_jacobian
