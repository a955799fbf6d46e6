"""What is drawn at random: where a camera stands, and how a detector errs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.transform import Rotation

from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.core import so3
from motionrecon.core.landmarks import MIRROR, TRUST


@dataclass(frozen=True)
class Chances:
    """What is drawn at random, and how far.

    Attributes:
        distance: metres from the camera, uniform.
        off: farthest from the middle of the picture, sideways and up, as shares of the distance.
        pitch: radians that the camera looks down, uniform.
        lengths: relative standard deviation of a person's lengths about what is assumed.
        focal: standard deviation of the logarithm of the focal length, in a third of the tasks.
        noise: metres that keypoints are off, uniform.
        alike: correlation of a keypoint's errors in neighbouring frames.
        missing: share of the tasks in which points are unseen.
        flipped: share of the tasks in which left and right are swapped somewhere.
        near: share of the batches that start as a learned start would: from the best of many random poses.
        mixed: share of the tasks in which limbs are those of other poses; the same share of the poses is widened.
    """

    distance: tuple[float, float] = (2.5, 6.0)
    off: tuple[float, float] = (0.25, 0.15)
    pitch: tuple[float, float] = (-0.1, 0.45)
    lengths: float = 0.04
    focal: float = 0.1
    noise: tuple[float, float] = (0.012, 0.03)
    alike: float = 0.8
    missing: float = 0.2
    flipped: float = 0.05
    near: float = 0.0
    mixed: float = 0.0


def before_camera(
    qpos: Float[np.ndarray, "N L nq"], chances: Chances, rng: np.random.Generator
) -> Float[np.ndarray, "N L nq"]:
    """Runs, turned any way and put before the camera, in the world of its axes."""
    N = len(qpos)
    yaw, pitch = rng.uniform(0, 2 * np.pi, N), rng.uniform(*chances.pitch, N)
    turn = Rotation.from_euler("x", pitch[:, None]) * Rotation.from_euler("z", yaw[:, None])
    distance = rng.uniform(*chances.distance, N)
    aside, above = (distance * rng.uniform(-most, most, N) for most in chances.off)
    middle = qpos[..., PLACE].mean(1, keepdims=True)
    way = (qpos[..., PLACE] - middle) @ np.swapaxes(turn.as_matrix(), -1, -2)
    there = qpos.copy()
    there[..., PLACE] = way + np.stack([aside, distance, above], axis=-1)[:, None]
    there[..., QUATERNION] = so3.multiply(turn.as_quat(scalar_first=True)[:, None], qpos[..., QUATERNION])
    return there


def seen_as(
    rays: Float[np.ndarray, "N L P 2"], qpos: Float[np.ndarray, "NL nq"], chances: Chances, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "N L P 2"], Float[np.ndarray, "N L P"]]:
    """Keypoints on the image plane as a detector finds them, NaN where it does not, and their root weights."""
    N, L, P, _ = rays.shape
    depth = qpos[:, 1].reshape(N, L, 1, 1)
    noise = _alike(rng.normal(size=rays.shape), chances.alike)
    rays = rays + noise * rng.uniform(*chances.noise, (N, 1, 1, 1)) / depth
    third = rng.uniform(size=(N, 1, 1, 1)) < 1 / 3
    rays = rays * np.exp(np.where(third, chances.focal * rng.normal(size=(N, 1, 1, 1)), 0.0))
    confidence = rng.uniform(0.6, 1.0, (N, 1, P))
    some = rng.uniform(size=(N, 1)) < chances.missing
    unseen = some & (rng.uniform(size=(N, P)) < rng.uniform(0.03, 0.35, (N, 1)))
    unseen &= unseen.sum(1, keepdims=True) < P // 2
    flipped = _flips(rng.uniform(size=(N, 1)) < chances.flipped, np.asarray(rng.integers(3, size=N)), P)
    rays = np.where(flipped[:, None, :, None], rays[:, :, MIRROR], rays)
    weight = np.broadcast_to(TRUST * np.sqrt(confidence), (N, L, P)) * ~unseen[:, None]
    return np.where(unseen[:, None, :, None] | ~np.isfinite(rays), np.nan, rays), np.where(
        np.isfinite(rays).all(-1), weight, 0.0
    )


def guessed_as(
    points: Float[np.ndarray, "N L P 3"], chances: Chances, rng: np.random.Generator
) -> Float[np.ndarray, "N L P 3"]:
    """Points in the camera's axes as a detector guesses them: about their middle, flattened, tilted, limbs off.

    On real clips a detector's own 3D is off by 81 to 134 mm about the hips, most of it in depth.
    """
    N, L, P, _ = points.shape
    about = points - points.mean(2, keepdims=True)
    tilt = Rotation.from_rotvec(0.12 * rng.normal(size=(N, 3))).as_matrix()[:, None]
    about = about @ np.swapaxes(tilt, -1, -2)
    about[..., 2] *= rng.uniform(0.6, 1.05, (N, 1, 1))
    size = np.linalg.norm(about, axis=-1, keepdims=True)
    wide = np.array([0.04, 0.04, 0.16]) * size * _alike(rng.normal(size=(N, L, P, 3)), chances.alike)
    # Neighbouring points err alike: a limb as a whole is guessed too near or too far.
    near = np.exp(-0.5 * (np.linalg.norm(about[:, :, :, None] - about[:, :, None], axis=-1) / 0.25) ** 2)
    near = near / np.sqrt((near**2).sum(-1, keepdims=True))
    return np.asarray(about + near @ wide)


def _alike(noise: Float[np.ndarray, "N L P k"], alike: float) -> Float[np.ndarray, "N L P k"]:
    """White noise of unit variance as noise whose neighbours in time correlate by ``alike``; changed in place."""
    for t in range(1, noise.shape[1]):
        noise[:, t] = alike * noise[:, t - 1] + np.sqrt(1 - alike**2) * noise[:, t]
    return noise


def _flips(which: Bool[np.ndarray, "N 1"], kind: Int[np.ndarray, " N"], P: int) -> Bool[np.ndarray, "N P"]:
    """Which points are swapped with their partners: arms, legs, or the whole body."""
    index = np.arange(P)
    arms, legs = (index >= 11) & (index < 23), index >= 23
    kinds = np.stack([arms, legs, np.ones(P, bool)])
    return np.asarray(kinds[kind] & which)
