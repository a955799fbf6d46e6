"""What a verdict is founded on: the person as found, the motion that came of it, and what was taken for granted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.cameras.base import in_picture
from motionrecon.core.landmarks import INDEX, TRUST
from motionrecon.core.spans import spans
from motionrecon.kinematics.seated import hips_rest, knees_bent
from motionrecon.kinematics.standing import standing_points, walkers_points
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.contact import KNOWN
from motionrecon.views import Figure, View

#: The joints that count: those over which pose errors are averaged.
LIMBS = np.array(
    [INDEX[f"{side}_{j}"] for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")]
)
_HIPS, _SHOULDERS, _ANKLES = ([INDEX[f"left_{name}"], INDEX[f"right_{name}"]] for name in ("hip", "shoulder", "ankle"))
#: Percentile of a joint's ways from where it mostly is that tells how far it moves: single frames may be mistaken.
_OFTEN = 95.0
#: How surely a walker's lower foot is on the floor, 0.5 at most, from which a foot stands.
_MUST = 0.1
#: Confidence from which a joint was seen.
SURE = 0.5


@dataclass(frozen=True)
class Evidence:
    """A reconstruction, as its verdict looks at it.

    Attributes:
        figure: the person as the kinematic fit found it, and what was seen.
        qpos: (T, nq) the final motion.
        contact_force: (T, P, 3) of the ground on each point of the soles, newtons.
        simulated: (T,) where the motion was simulated, so that forces are known.
        height_given, focal_given: whether the person's height and the cameras' focal lengths are known.
    """

    figure: Figure
    qpos: Float[np.ndarray, "T nq"]
    contact_force: Float[np.ndarray, "T P 3"]
    simulated: Bool[np.ndarray, " T"]
    height_given: bool = True
    focal_given: bool = True

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.figure.clock.fps

    @cached_property
    def course(self) -> Trajectory:
        """The kinematic motion on its ground."""
        return Trajectory(self.figure.body, self.figure.qpos, self.figure.ground)

    @cached_property
    def joints(self) -> Float[np.ndarray, "T 33 3"]:
        """Landmarks of the kinematic motion, metres."""
        return self.course.landmarks

    @cached_property
    def moved(self) -> Float[np.ndarray, " T"]:
        """How far the limbs' joints of the simulation are from those of the fit to the film, about the hips, metres."""
        final = Trajectory(self.figure.body, self.qpos, self.figure.ground).landmarks
        away = about_the_hips(final[:, LIMBS]) - about_the_hips(self.joints[:, LIMBS])
        return np.asarray(np.linalg.norm(away, axis=-1).mean(1))

    @cached_property
    def standing(self) -> Float[np.ndarray, "T S"]:
        """How surely each point of the soles stands."""
        return standing_points(self.course, self.fps)

    @cached_property
    def on_a_foot(self) -> Bool[np.ndarray, " T"]:
        """(T,) where a foot stands, or must, since somebody walks in a film of few frames a second."""
        walks = walkers_points(self.course, self.fps, KNOWN).max(1) > _MUST
        return np.asarray((self.standing.max(1) >= 0.5) | walks)

    @cached_property
    def stands_still(self) -> Bool[np.ndarray, " T"]:
        """(T,) where the person stands upright and still: on a foot, knees not as those who sit or squat."""
        stands = self.standing.max(1) > 0.5
        return np.asarray(stands & hips_rest(self.course, self.fps) & ~knees_bent(self.course) & self.figure.seen)

    @cached_property
    def stir(self) -> float:
        """How far the limbs' joint that moves most is seen away from where it mostly is, metres at the person.

        Infinite where no camera is sure of any joint, so that nobody can tell.
        """
        told = [stir for view in self.figure.views if (stir := self._stir(view)) is not None]
        return max(told, default=inf)

    def _stir(self, view: View) -> float | None:
        """The same as one camera sees it; None where it is sure of no joint in half of the frames with the person."""
        sure = (self.confidence(view) >= SURE) & view.seen[:, None]
        places = np.where(sure[..., None], view.pixels[:, LIMBS], np.nan)[:, sure.mean(0) > 0.5 * view.seen.mean()]
        if not view.seen.any() or not places.size:
            return None
        away = np.linalg.norm(places - np.nanmedian(places, axis=0), axis=-1) / self.scale(view)[:, None]
        return float(np.nanpercentile(away, _OFTEN, axis=0).max())

    @cached_property
    def gaps(self) -> tuple[float, float]:
        """Share of the frames of the shots that count in which nobody is tracked, and its longest time, seconds."""
        shown = self.figure.shown
        lost = shown & ~self.figure.tracked
        longest = max((gap.stop - gap.start for gap in spans(lost)), default=0)
        return float(lost.sum() / max(1, shown.sum())), self.figure.clock.seconds(longest)

    @cached_property
    def feet_cut_off(self) -> float:
        """Share of the frames with the person in which the pictures of who sees them have the trunk, but neither ankle.

        Who is not in the picture at all has been found in a wrong place, which other things tell.
        """
        trunk, feet = np.zeros((2, len(self.qpos)), bool)
        for view in self.figure.views:
            inside = view.seen[:, None] & in_picture(view.camera, self.course.marks)
            trunk |= inside[:, _SHOULDERS].any(-1)
            feet |= inside[:, _ANKLES].any(-1)
        return float((trunk & ~feet)[self.figure.seen].mean()) if self.figure.seen.any() else 0.0

    @cached_property
    def marks(self) -> Float[np.ndarray, "T 12 3"]:
        """Where the detector would mark the limbs' joints of the kinematic motion, metres."""
        return self.course.marks[:, LIMBS]

    def scale(self, view: View) -> Float[np.ndarray, " T"]:
        """Pixels to a metre at the person."""
        return np.asarray(view.camera.pixels_per_metre(np.median(view.camera.to_camera(self.marks)[..., 2], axis=1)))

    def confidence(self, view: View) -> Float[np.ndarray, "T 12"]:
        """The detector's confidence in the limbs' joints, 0 where there is no keypoint."""
        return np.asarray((view.weight[:, LIMBS] / TRUST[LIMBS]) ** 2)

    @cached_property
    def load(self) -> Float[np.ndarray, " T"]:
        """The vertical force of the ground in body weights."""
        body = self.figure.body
        return np.asarray(self.contact_force.sum(1)[:, 2] / (body.mass * -body.model.opt.gravity[2]))


def about_the_hips(joints: Float[np.ndarray, "T 12 3"]) -> Float[np.ndarray, "T 12 3"]:
    """Joints of the limbs from the middle of the hips."""
    at = [int(np.flatnonzero(hip == LIMBS)[0]) for hip in _HIPS]
    return np.asarray(joints - joints[:, at].mean(1, keepdims=True))
