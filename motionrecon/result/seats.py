"""What somebody was seen to sit on, as a block under them: it is drawn, but neither simulated nor seen in the film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.body.geoms import Mesh, ground_meshes
from motionrecon.body.pose import pose
from motionrecon.core.spans import spans
from motionrecon.core.vectors import unit
from motionrecon.kinematics.seated import LEVEL_LEAST

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: How far a seat reaches before the hips, in lengths of the thigh, and how far behind them and beside their middle,
#: metres.
_BEFORE, _BEHIND, _BESIDE = 0.4, 0.22, 0.25
#: The lowest seat, metres: who is lower sits on the floor.
_LEAST = 0.05
#: Seats whose middles are this near to each other along the floor, metres, are one.
_SAME = 0.4
#: The body at the root of every model carries what is sat upon: the skin that follows it by this share.
_PELVIS, _PELVIS_SHARE = 1, 0.3
#: Frames of one who sits that are looked at.
_LOOKED_AT = 10
#: The corners of a block, and its triangles, counter-clockwise from outside.
_CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)])
_FACES = np.array(
    [
        *([0, 2, 3], [0, 3, 1], [4, 5, 7], [4, 7, 6]),  # below, above
        *([0, 1, 5], [0, 5, 4], [2, 6, 7], [2, 7, 3]),  # right, left
        *([0, 4, 6], [0, 6, 2], [1, 3, 7], [1, 7, 5]),  # behind, before
    ]
)


@dataclass(frozen=True)
class Seat:
    """A block on the floor.

    Attributes:
        hips: (2,) where the middle of the hips is over the floor, metres.
        forward: (2,) unit vector, the way that who sits on it faces.
        before: how far it reaches before the hips, metres.
        height: of its top, metres.
    """

    hips: Float[np.ndarray, " 2"]
    forward: Float[np.ndarray, " 2"]
    before: float
    height: float

    @property
    def mesh(self) -> Mesh:
        """The block, in the world."""
        low, high = np.array([-_BEHIND, -_BESIDE, 0.0]), np.array([self.before, _BESIDE, self.height])
        corners = low + _CORNERS * (high - low)
        left = np.array([-self.forward[1], self.forward[0]])
        along = self.hips + corners[:, :1] * self.forward + corners[:, 1:2] * left
        return np.column_stack([along, corners[:, 2]]), _FACES


def seats(motion: Motion) -> tuple[Seat, ...]:
    """What the person sits on in the frames that are not simulated for it.

    Not what they lean on, of which nobody knows where it is.
    """
    found: list[Seat] = []
    for frames in spans(motion.on_a_seat & motion.tracked):
        seat = _under(motion, frames)
        if seat is not None and not any(np.linalg.norm(seat.hips - other.hips) < _SAME for other in found):
            found.append(seat)
    return tuple(found)


def standing_out(motion: Motion) -> list[Mesh]:
    """All that stands out of the floor of a motion: what is simulated of its ground, and what somebody sits on."""
    return [*ground_meshes(motion.model), *(seat.mesh for seat in seats(motion))]


def _under(motion: Motion, frames: slice) -> Seat | None:
    """What is sat upon in some frames; None where nobody sits, or on the floor."""
    hips, knees = (
        np.stack([motion.joints[frames, motion.joint_names.index(f"{side}_{part}")] for side in ("left", "right")])
        for part in ("hip", "knee")
    )
    thigh = (knees - hips).mean(0)
    length = np.linalg.norm(thigh, axis=-1)
    sits = np.abs(thigh[:, 2]) < LEVEL_LEAST * length
    if not sits.any():
        return None
    few = np.flatnonzero(sits)[:: max(1, int(sits.sum()) // _LOOKED_AT)]
    at = pose(motion.model, motion.qpos[frames][few])
    surface = motion.body.surface
    carried = (surface.weights * (surface.bodies == _PELVIS)).sum(1) > _PELVIS_SHARE
    height = float(np.median(surface.at(at)[:, carried, 2].min(1)))
    forward = unit(at.rotations[:, _PELVIS, :2, 0].mean(0))
    if height < _LEAST or not forward.any():
        return None
    middle = np.median(hips.mean(0)[sits], axis=0)
    return Seat(middle[:2], forward, _BEFORE * float(np.median(length[sits])), height)
