"""The kinematic fit: a smooth trajectory of the whole clip that explains the keypoints.

It goes from what is certain to what is delicate: a pose for every frame, then the person's lengths, then the floor
and the feet on it, and at last, with lengths and floor held, feet that neither slide nor leave the body unbalanced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from motionrecon.body import Body
from motionrecon.body.tangent import difference, integrate
from motionrecon.cameras.pinhole import Camera
from motionrecon.core import landmarks
from motionrecon.kinematics.contact import standing_points
from motionrecon.kinematics.gravity import levelled
from motionrecon.kinematics.solver import Term, minimize
from motionrecon.kinematics.start import first_guess
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.balance import Balance
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.kinematics.terms.directions import Directions
from motionrecon.kinematics.terms.pose_prior import PosePrior
from motionrecon.kinematics.terms.reprojection import Reprojection
from motionrecon.kinematics.terms.size_prior import SizePrior
from motionrecon.kinematics.terms.sliding import Sliding
from motionrecon.kinematics.terms.smoothness import Smoothness

#: Evidence counts per second, not per frame, since errors of neighbouring frames are much alike.
REFERENCE_RATE = 30.0

#: Frames that are fitted at once, so that memory does not grow with the clip; and how many of them two stretches share.
LONGEST, OVERLAP = 900, 60


def landmark_trust() -> np.ndarray:
    """(33,) root weights of the landmarks."""
    return landmarks.TRUST


@dataclass(frozen=True)
class Weights:
    """Standard deviations and weights of the fit; see the terms for their meaning.

    Attributes:
        pixels: metres across the line of sight of a confident keypoint.
        depth: metres along the line of sight between a bone's ends, of the detector's 3D guess.
        smooth, prior, sliding, balance: root weights of these terms.
        floor: metres, of a calibrated camera's floor: where its world has z = 0.
        common: relative, of a factor on all lengths, with a calibrated and with an assumed camera.
        tilt: radians, of the estimated gravity before the fit refines it.
    """

    pixels: float = 0.02
    depth: float = 0.12
    smooth: float = 1.5
    prior: float = 1.5
    sliding: float = 0.5
    balance: float = 8.0
    floor: float = 0.015
    common: tuple[float, float] = (0.06, 0.03)
    tilt: float = 0.01


def fit(
    body: Body,
    camera: Camera,
    pixels: np.ndarray,
    confidence: np.ndarray,
    points_3d: np.ndarray,
    fps: float,
    weights: Weights | None = None,
    advance: Callable[[int], None] = lambda frames: None,
) -> Trajectory:
    """Fit a trajectory to keypoints.

    Args:
        body: a person of the right height; its proportions are a start.
        camera: intrinsics, and where `calibrated` is set the pose; otherwise gravity and floor are estimated.
        pixels: (T, 33, 2) undistorted keypoints, NaN where unseen.
        confidence: (T, 33) in [0, 1].
        points_3d: (T, 33, 3) the detector's guess, NaN where there is none.
        fps: frames per second.
        weights: of the terms.
        advance: called with the number of frames that were fitted, as they are.

    Returns:
        The trajectory in a world whose floor is z = 0.
    """
    w = weights or Weights()
    seen = Seen(pixels, confidence, points_3d, fps)
    if len(pixels) <= LONGEST:
        x = _fit(body, camera, seen, w)
        advance(len(pixels))
        return _on_floor(x)
    # The person's lengths, gravity and the floor are learnt where the person is seen best, and then held.
    known = _fit(body, camera, seen.part(_best_stretch(confidence, LONGEST)), w)
    qpos = np.empty((len(pixels), body.model.nq))
    done = 0
    for first in range(0, len(pixels), LONGEST - OVERLAP):
        part = slice(first, min(first + LONGEST, len(pixels)))
        fitted = _fit(body, camera, seen.part(part), w, known).qpos
        shared = done - first
        if shared > 0:
            share = (np.arange(1, shared + 1) / (shared + 1))[:, None]
            before = qpos[first:done]
            fitted[:shared] = integrate(before, share * difference(before, fitted[:shared]))
        qpos[part] = fitted
        advance(part.stop - done)
        done = part.stop
        if done == len(pixels):
            break
    return _on_floor(replace(known, qpos=qpos))


@dataclass(frozen=True)
class Seen:
    """What the detector saw in T frames; see `fit`."""

    pixels: np.ndarray
    confidence: np.ndarray
    points_3d: np.ndarray
    fps: float

    def part(self, frames: slice) -> Seen:
        return Seen(self.pixels[frames], self.confidence[frames], self.points_3d[frames], self.fps)


def _best_stretch(confidence: np.ndarray, length: int) -> slice:
    """The `length` frames with the most confidence (T, 33) in them."""
    total = np.concatenate([[0.0], np.cumsum(confidence.sum(1))])
    first = int(np.argmax(total[length:] - total[:-length]))
    return slice(first, first + length)


def _fit(body: Body, camera: Camera, seen: Seen, w: Weights, known: Trajectory | None = None) -> Trajectory:
    """Fit one stretch; with a `known` trajectory, its person, camera and floor are held."""
    fps, rate = seen.fps, np.sqrt(REFERENCE_RATE / seen.fps)
    trust = rate * landmark_trust() * np.sqrt(seen.confidence)
    if known is not None:
        body, camera = known.body, known.camera
    floor = 0.0 if known is None else known.floor
    x = Trajectory(body, camera, first_guess(body, camera, seen.pixels, seen.points_3d, trust), floor)

    def held() -> SizePrior:
        return SizePrior((x.floor, 1e-4), None, x.camera.R_camera_world, proportions=False)

    pose: list[Term] = [
        Reprojection(seen.pixels, trust, sigma=0.1, scale=5.0),
        Directions(seen.points_3d, trust, sigma=0.1, across=1.0, scale=5.0),
        Smoothness(fps, weight=0.3 * rate),
        PosePrior(weight=rate),
    ]
    x = minimize(x, [*pose, held()], 25, tolerance=1e-3)

    video: list[Term] = [
        Reprojection(seen.pixels, trust, sigma=w.pixels),
        Directions(seen.points_3d, trust, sigma=w.depth),
        Smoothness(fps, weight=w.smooth * rate),
        PosePrior(weight=w.prior * rate),
    ]
    x = _sized(x, video, fps, w) if known is None else minimize(x, [*video, held()], 25, tolerance=1e-3)
    for _ in range(2):
        standing = standing_points(x, fps)
        feet: list[Term] = [
            Contact(fps, standing, weight=rate),
            Sliding(fps, weight=w.sliding * rate),
            Balance(fps, standing, weight=w.balance * rate),
        ]
        x = minimize(x, [*video, held(), *feet], 15)
    return x


def _sized(x: Trajectory, video: list[Term], fps: float, w: Weights) -> Trajectory:
    """The trajectory with the person's lengths, the floor and, where the camera's pose is not known, gravity."""
    posed, rate = x.camera.calibrated, np.sqrt(REFERENCE_RATE / fps)
    common = w.common[0] if posed else w.common[1]
    floor = (0.0, w.floor if posed else 10.0)
    x = minimize(x, [*video, SizePrior(floor, None, x.camera.R_camera_world, common=common)], 25, tolerance=1e-3)
    if not posed:
        x = levelled(x, fps)
        floor = (x.floor, 10.0)
    sizes = SizePrior(floor, None if posed else w.tilt, x.camera.R_camera_world, common=common)
    for _ in range(3):
        standing = standing_points(x, fps)
        terms: list[Term] = [*video, sizes, Contact(fps, standing, weight=rate)]
        if not posed:
            terms.append(Balance(fps, standing, weight=w.balance * rate))
        x = minimize(x, terms, 15)
    return x


def _on_floor(x: Trajectory) -> Trajectory:
    """The trajectory in a world whose floor is z = 0."""
    down = np.array([0.0, 0.0, x.floor])
    qpos = x.qpos.copy()
    qpos[:, :3] -= down
    t = x.camera.t_camera_world + x.camera.R_camera_world @ down
    return Trajectory(x.body, x.camera.with_pose(x.camera.R_camera_world, t), qpos, 0.0)
