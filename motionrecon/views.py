"""What was seen of a person, and the person as the fit found it: what the stages of a reconstruction hand on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.background.motion import ASSUMED, UNKNOWN
from motionrecon.body.pose import pose
from motionrecon.body.tangent import velocities
from motionrecon.cameras.carried import Carried, velocity
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.sightline import turns_to
from motionrecon.cameras.up import Direction, Gravity
from motionrecon.core.landmarks import TRUST
from motionrecon.core.spans import spans

if TYPE_CHECKING:
    from motionrecon.body import Body
    from motionrecon.cameras.base import Camera
    from motionrecon.core.clock import Clock
    from motionrecon.ground.base import Ground
    from motionrecon.keypoints import Keypoints

#: Gaps in which nobody is seen are bridged by the kinematic fit, and simulated, up to this many seconds.
BRIDGED = 0.5


@dataclass(frozen=True)
class View:
    """One person seen by one camera in T frames.

    Attributes:
        camera: where it was seen from.
        clock: the frames' even clock; views of one person share it.
        pixels: (T, 33, 2) keypoints without the lens's distortion, NaN where unseen.
        weight: (T, 33) root weights of the keypoints: `motionrecon.core.landmarks.TRUST` times the root of the
            detector's confidence; 0 where unseen.
        points_3d: (T, 33, 3) the detector's own 3D guess: metres, about the hips, in the camera's axes (of a
            calibrated one, and where it was corrected, turned to them from those of the cut-out that the detector saw);
            NaN where there is none.
        seen: (T,) where the person was seen.
        offset: seconds by which the camera's film begins after that of the first camera, in the time of the first one's
            player.
        offset_error: its standard deviation, seconds; 0 where it was given, infinite where nothing tells.
        pose_error: standard deviations of where the camera stands, degrees and metres, if that was found from the
            person; None if it was given.
        lines: ends of straight lines behind the person, pixels of the first picture without the lens's distortion; none
            where nobody looked.
        camera_motion: what the camera does, in the words of `motionrecon.background.motion`.
        lens_found: whether the camera's focal length was found, from how it turned or from straight lines.
        lens_error: standard deviation of the logarithm of the focal length; 0 where that was given.
        held_otherwise: degrees by which straight lines contradict the camera's calibration; 0 where they do not.
        detector: whose guess it is; empty where that is not known.
        shown: (T,) the frames of the shot that is reconstructed; None for all.
        corrected: whether what was learned of the detector's errors has been taken from the guess.
        upright: which way is up by how the person looks, in the world in which the camera was given; None where
            nothing tells.
    """

    camera: Camera
    clock: Clock
    pixels: Float[np.ndarray, "T 33 2"]
    weight: Float[np.ndarray, "T 33"]
    points_3d: Float[np.ndarray, "T 33 3"]
    seen: Bool[np.ndarray, " T"]
    offset: float = 0.0
    offset_error: float = 0.0
    pose_error: tuple[float, float] | None = None
    lines: Float[np.ndarray, "L 2 2"] = field(default_factory=lambda: np.zeros((0, 2, 2)))
    camera_motion: str = ASSUMED
    lens_found: bool = False
    lens_error: float = 0.0
    held_otherwise: float = 0.0
    detector: str = ""
    shown: Bool[np.ndarray, " T"] | None = None
    corrected: bool = False
    upright: Direction | None = None

    @staticmethod
    def of(keypoints: Keypoints, camera: Camera, clock: Clock, offset: float = 0.0) -> View:
        """Keypoints on a clock, as a camera's view of the person."""
        pixels = camera.undistort(keypoints.pixels)
        confidence = np.where(np.isfinite(pixels).all(2), keypoints.confidence, 0.0)
        weight = TRUST * np.sqrt(confidence)
        points_3d = keypoints.points_3d
        # Elsewhere rays are guessed, too, and gravity is judged from the guess: turned, it errs more.
        if camera.calibrated:
            points_3d = points_3d @ turns_to(camera.rays(pixels)).transpose(0, 2, 1)
        return View(camera, clock, pixels, weight, points_3d, keypoints.tracked, offset, detector=keypoints.detector)

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def tracked(self) -> Bool[np.ndarray, " T"]:
        """(T,) where the person was seen, or the gap was short enough to be bridged."""
        return bridged(self.seen, self.clock.frames(BRIDGED))

    def part(self, frames: slice | Int[np.ndarray, " n"]) -> View:
        """The same of some of the frames; their clock keeps its rate, and lines are where the first has them."""
        lines, first = self.lines, int(next(iter(np.arange(len(self))[frames]), 0))
        if first and isinstance(self.camera, PanTiltZoom):
            lines = self.camera.in_picture(first, lines, 0)
            lines = lines[np.isfinite(lines).all(axis=(1, 2))]
        return replace(
            self,
            camera=self.camera.at(frames),
            pixels=self.pixels[frames],
            weight=self.weight[frames],
            points_3d=self.points_3d[frames],
            seen=self.seen[frames],
            lines=lines,
            shown=None if self.shown is None else self.shown[frames],
        )


@dataclass(frozen=True)
class Figure:
    """A person as the kinematic fit found it: in T poses, on the ground, before the cameras.

    Attributes:
        body: at the person's own shape, ready to be simulated.
        views: what it was found from, one for each camera; the cameras stand where they were found.
        ground: what it stands on, at the height that it was found at.
        qpos: (T, nq) the kinematic trajectory.
        gravity: what said which way is up; None where a calibration does.
    """

    body: Body
    views: tuple[View, ...]
    ground: Ground
    qpos: Float[np.ndarray, "T nq"]
    gravity: Gravity | None = None

    def __len__(self) -> int:
        return len(self.qpos)

    @property
    def clock(self) -> Clock:
        """The clock that the views share."""
        return self.views[0].clock

    @property
    def belt(self) -> Float[np.ndarray, " 3"] | None:
        """(3,) m/s at which the cameras are carried over the ground, a treadmill's belt; None where it stands."""
        camera = self.views[0].camera
        return velocity(camera.path, self.clock.fps) if isinstance(camera, Carried) else None

    @cached_property
    def seen(self) -> Bool[np.ndarray, " T"]:
        """(T,) where any camera saw the person."""
        return np.asarray(np.any([view.seen for view in self.views], axis=0))

    @property
    def shown(self) -> Bool[np.ndarray, " T"]:
        """(T,) the frames of the shots that are reconstructed: others are no worse for showing nobody."""
        every = np.ones(len(self), bool)
        return np.asarray(np.any([every if view.shown is None else view.shown for view in self.views], axis=0))

    @cached_property
    def tracked(self) -> Bool[np.ndarray, " T"]:
        """(T,) where any camera saw the person, or the gap was short enough to be bridged."""
        return np.asarray(np.any([view.tracked for view in self.views], axis=0))

    @cached_property
    def qvel(self) -> Float[np.ndarray, "T nv"]:
        """(T, nv) velocities of the trajectory; where a gap begins or ends, those of the person, not of the guess."""
        qvel = velocities(self.qpos, self.clock.fps)
        for frames in spans(self.tracked):
            if frames.stop - frames.start > 1:
                qvel[frames] = velocities(self.qpos[frames], self.clock.fps)
        return qvel

    @property
    def before_unknown_camera(self) -> bool:
        """Whether a camera moves in a way that nobody can tell, so that nothing tells how the person moves."""
        return any(view.camera_motion == UNKNOWN for view in self.views)

    @cached_property
    def landmarks(self) -> Float[np.ndarray, "T 33 3"]:
        """(T, 33, 3) the landmarks of the trajectory in the world, metres."""
        return pose(self.body.model, self.qpos).at(self.body.landmarks)


def bridged(seen: Bool[np.ndarray, " T"], longest: int) -> Bool[np.ndarray, " T"]:
    """The same with gaps of up to `longest` frames between seen ones filled."""
    filled = seen.copy()
    for a, b in pairwise(np.flatnonzero(seen)):
        if b - a - 1 <= longest:
            filled[a:b] = True
    return filled
