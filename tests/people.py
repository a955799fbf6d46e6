"""Somebody whose motion, lengths and camera are known exactly, and what a detector would have seen of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from motionrecon.body import Body
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.points import Points
from motionrecon.body.pose import pose
from motionrecon.body.proportions import Proportions
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.core.clock import Clock
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.state import Trajectory
from motionrecon.views import Figure, View

SIZE = (1280, 720)


@cache
def person() -> Capsules:
    """Somebody of 1.75 m with long legs, a short trunk, and the timestep of 30 frames per second."""
    typical = Proportions.typical(1.75).as_array()
    factors = np.array([1.03, 0.97, 0.96, 1.0, 1.04, 0.96, 1.04, 1.03, 1.0, 1.0])
    return Capsules.build(1.75, proportions=Proportions.from_array(typical * factors))


def camera(eye: tuple[float, float, float] = (3.2, -2.4, 1.3), roll: float = 0.0) -> Pinhole:
    """A camera (metres, radians) that looks at the middle of somebody who stands at the origin."""
    forward = np.array([0.0, 0.0, 0.9]) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    R = np.stack([c * right + s * down, c * down - s * right, forward])
    K = np.array([[1000.0, 0, SIZE[0] / 2], [0, 1000.0, SIZE[1] / 2], [0, 0, 1]])
    return Pinhole(K, SIZE, R, -R @ np.array(eye), calibrated=True)


def stepping(body: Body, frames: int, fps: float = 30.0, lift: float = 0.5, period: float = 1.2) -> np.ndarray:
    """Somebody (frames, nq) who steps on the spot, or with ``lift`` 0 sways from foot to foot; the arms swing.

    The foot that carries stays where it is, flat on the floor.
    """
    model = body.model
    qpos = np.tile(body.rest_qpos, (frames, 1))
    phase = 2 * np.pi * np.arange(frames) / fps / period
    # Radians to the left. The point that the floor pushes at swings further than the body, as for any pendulum: just
    # from the middle of one foot to that of the other.
    leg = body.lengths["thigh"] + body.lengths["shank"]
    aside = 0.5 * body.lengths["hip_width"] / leg / (1 + leg / 9.81 * (2 * np.pi / period) ** 2) * np.sin(phase)

    def bend(hinge: str, angle: np.ndarray) -> None:
        qpos[:, model.joint(hinge).qposadr[0]] = angle

    for side, sign in (("left", 1.0), ("right", -1.0)):
        up = lift * np.maximum(-sign * np.sin(phase), 0.0) ** 2
        bend(f"{side}_hip_flexion", 0.1 + up)
        bend(f"{side}_knee_flexion", 0.2 + 2 * up)
        bend(f"{side}_ankle_flexion", 0.1 + 0.5 * up)
        bend(f"{side}_hip_abduction", -sign * aside)
        bend(f"{side}_ankle_inversion", sign * aside)
        bend(f"{side}_elbow_flexion", 0.5 + 0.3 * np.cos(phase))
        bend(f"{side}_shoulder_b", 0.3 * sign * np.sin(phase))
    at = pose(model, qpos)
    ankles = at.at(Points.sites(model, ("left_ankle", "right_ankle")))
    carrying = (aside < 0).astype(int)
    where = ankles[np.arange(frames), carrying]
    home = ankles[0] - ankles[0].mean(0)
    lowest = at.at(body.soles)[..., 2] - body.soles.radii
    qpos[:, :2] += home[carrying, :2] - where[:, :2]
    qpos[:, 2] -= lowest.min(1)
    return qpos


@dataclass(frozen=True)
class Seen:
    """A motion, and what a detector saw of it."""

    body: Body
    camera: Pinhole
    fps: float
    qpos: np.ndarray
    joints: np.ndarray
    pixels: np.ndarray
    confidence: np.ndarray
    points_3d: np.ndarray

    @property
    def view(self) -> View:
        """What `kinematics.fit` takes."""
        weight = landmarks.TRUST * np.sqrt(self.confidence)
        seen = (self.confidence > 0).any(1)
        return View(self.camera, Clock(self.fps), self.pixels, weight, self.points_3d, seen)

    @property
    def true(self) -> Trajectory:
        """The motion itself, on its floor."""
        return Trajectory(self.body, self.qpos, Plane())

    @property
    def figure(self) -> Figure:
        """The motion as a perfect fit would find it; all keypoints count alike."""
        return Figure(self.body, (replace(self.view, weight=self.confidence),), self.body.ground, self.qpos)


def see(
    body: Body, qpos: np.ndarray, camera: Pinhole, fps: float = 30.0, noise: float = 0.0, depth_noise: float = 0.0
) -> Seen:
    """Keypoints of a motion with errors of `noise` pixels and `depth_noise` metres (standard deviations)."""
    rng = np.random.default_rng(0)
    at = pose(body.model, qpos)
    joints, marks = at.at(body.landmarks), at.at(body.marks)
    pixels = camera.project(marks)
    hips = marks[:, [landmarks.INDEX["left_hip"], landmarks.INDEX["right_hip"]]].mean(1, keepdims=True)
    guess = (marks - hips) @ camera.axes.transpose(0, 2, 1)
    guess[..., 2] += depth_noise * rng.standard_normal(guess.shape[:2])
    pixels = pixels + noise * rng.standard_normal(pixels.shape)
    return Seen(body, camera, fps, qpos, joints, pixels, np.ones(joints.shape[:2]), guess)
