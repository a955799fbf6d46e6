"""The kinematic fit: a smooth trajectory of the whole clip that explains the keypoints.

It goes from what is certain to what is delicate: a pose for every frame, then the person's lengths, then the floor
and the feet on it, and at last, with lengths and floor held, feet that neither slide nor leave the body unbalanced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import landmarks
from ..body import Body
from ..camera import Camera
from .contact import standing_points
from .gravity import levelled
from .solver import Term, minimize
from .start import first_guess
from .state import Trajectory
from .terms.balance import Balance
from .terms.contact import Contact
from .terms.directions import Directions
from .terms.pose_prior import PosePrior
from .terms.reprojection import Reprojection
from .terms.size_prior import SizePrior
from .terms.sliding import Sliding
from .terms.smoothness import Smoothness

#: Evidence counts per second, not per frame, since errors of neighbouring frames are much alike.
REFERENCE_RATE = 30.0

_TRUST = {
    "limb": (1.0, ("shoulder", "hip", "knee", "ankle", "elbow", "wrist")),
    "foot": (0.8, ("heel", "foot_index")),
    "head": (0.5, ("nose", "ear")),
    "hand": (0.3, ("pinky", "index", "thumb")),
    "face": (0.2, ("eye", "mouth")),
}


def landmark_trust() -> np.ndarray:
    """(33,) root weights of the landmarks: limbs count most, the face's points repeat each other."""
    trust = np.zeros(landmarks.COUNT)
    for weight, words in reversed(_TRUST.values()):
        for word in words:
            trust[[word in name for name in landmarks.NAMES]] = weight
    return trust


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
) -> Trajectory:
    """Fit a trajectory to keypoints.

    Args:
        body: a person of the right height; its proportions are a start.
        camera: intrinsics, and where `posed` is set the pose; otherwise gravity and floor are estimated.
        pixels: (T, 33, 2) undistorted keypoints, NaN where unseen.
        confidence: (T, 33) in [0, 1].
        points_3d: (T, 33, 3) the detector's guess, NaN where there is none.
        fps: frames per second.
        weights: of the terms.

    Returns:
        The trajectory in a world whose floor is z = 0.
    """
    w = weights or Weights()
    rate = np.sqrt(REFERENCE_RATE / fps)
    trust = rate * landmark_trust() * np.sqrt(confidence)
    x = Trajectory(body, camera, first_guess(body, camera, pixels, points_3d, trust), 0.0)

    held = SizePrior((0.0, 1.0), None, camera.R_camera_world, proportions=False)
    pose: list[Term] = [
        Reprojection(pixels, trust, sigma=0.1, scale=5.0),
        Directions(points_3d, trust, sigma=0.1, across=1.0, scale=5.0),
        Smoothness(fps, weight=0.3 * rate),
        PosePrior(weight=rate),
        held,
    ]
    x = minimize(x, pose, 25, tolerance=1e-3)

    video: list[Term] = [
        Reprojection(pixels, trust, sigma=w.pixels),
        Directions(points_3d, trust, sigma=w.depth),
        Smoothness(fps, weight=w.smooth * rate),
        PosePrior(weight=w.prior * rate),
    ]
    common = w.common[0] if camera.posed else w.common[1]
    floor = (0.0, w.floor if camera.posed else 10.0)
    x = minimize(x, [*video, SizePrior(floor, None, x.camera.R_camera_world, common=common)], 25, tolerance=1e-3)

    tilt = None
    if not camera.posed:
        x = levelled(x, fps)
        tilt = w.tilt
        floor = (x.floor, 10.0)
    sizes = SizePrior(floor, tilt, x.camera.R_camera_world, common=common)
    for _ in range(3):
        standing = standing_points(x, fps)
        terms: list[Term] = [*video, sizes, Contact(fps, standing, weight=rate)]
        if tilt:
            terms.append(Balance(fps, standing, weight=w.balance * rate))
        x = minimize(x, terms, 15)

    held = SizePrior((x.floor, 1e-4), None, x.camera.R_camera_world, proportions=False)
    for _ in range(2):
        standing = standing_points(x, fps)
        feet: list[Term] = [
            Contact(fps, standing, weight=rate),
            Sliding(fps, weight=w.sliding * rate),
            Balance(fps, standing, weight=w.balance * rate),
        ]
        x = minimize(x, [*video, held, *feet], 15)
    return _on_floor(x)


def _on_floor(x: Trajectory) -> Trajectory:
    """The trajectory in a world whose floor is z = 0."""
    down = np.array([0.0, 0.0, x.floor])
    qpos = x.qpos.copy()
    qpos[:, :3] -= down
    t = x.camera.t_camera_world + x.camera.R_camera_world @ down
    return Trajectory(x.body, x.camera.with_pose(x.camera.R_camera_world, t), qpos, 0.0)
