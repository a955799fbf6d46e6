"""Bones must point where the detector's own 3D guess points, as far as that is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from motionrecon.cameras.base import Camera
from motionrecon.core import landmarks

_PAIRS = [
    (landmarks.INDEX[a], landmarks.INDEX[b])
    for a, b in (
        *(p for p in landmarks.BONES if "ankle" not in p[0] or "foot" in p[1]),
        ("left_ear", "right_ear"),
        ("left_ear", "nose"),
        ("right_ear", "nose"),
        ("left_shoulder", "left_ear"),
        ("right_shoulder", "right_ear"),
    )
]
#: (Q,) the landmarks at the ends of the Q bones that are compared.
START, END = np.array(_PAIRS).T


@dataclass(frozen=True)
class Directions:
    """Difference in depth, along each bone, between the body and the detector's 3D scaled to the body's bone.

    The picture fixes what lies across the line of sight; only the depth is asked of the detector. The bone's length, to
    which the guess is scaled, is taken as given: a bone must not shorten to fit. The landmarks may be other points,
    where `bones` are others.

    Attributes:
        camera: the detector's.
        points: (T, 33, 3) the landmarks in the world.
        points_3d: (T, 33, 3) the detector's guess, camera axes, NaN where unknown.
        weight: (T, 33) root weights.
        sigma: standard deviation of the difference in depth along a bone, metres.
        across: share of the weight that the other two axes get (1 until a pose has been found).
        bones: (2, Q) the points at the ends of the bones.
        lengths: (Q,) of the bones, metres; None for those that the points have.
    """

    camera: Camera
    points: Float[np.ndarray, "T P 3"]
    points_3d: Float[np.ndarray, "T P 3"]
    weight: Float[np.ndarray, "T P"]
    sigma: float = 0.08
    across: float = 0.0
    bones: Int[np.ndarray, "2 Q"] = field(default_factory=lambda: np.stack([START, END]))
    lengths: Float[np.ndarray, " Q"] | None = None

    @property
    def value(self) -> Float[np.ndarray, "T Q 3"]:
        return np.asarray(self._error_and_gain[0] * self._error_and_gain[1])

    def chain(self, moved: Float[np.ndarray, "T P 3 n"]) -> Float[np.ndarray, "T Q 3 n"]:
        by_bone = self._error_and_gain[1][..., None] * self.camera.axes[:, None]
        start, end = self.bones
        return np.asarray(by_bone @ (moved[:, end] - moved[:, start]))

    @cached_property
    def _error_and_gain(self) -> tuple[Float[np.ndarray, "T Q 3"], Float[np.ndarray, "T Q 3"]]:
        """The difference in the camera's axes, 0 where nothing is known, and what a metre of it is worth."""
        start, end = self.bones
        bone = (self.points[:, end] - self.points[:, start]) @ self.camera.axes.transpose(0, 2, 1)
        guess = self.points_3d[:, end] - self.points_3d[:, start]
        length = np.linalg.norm(bone, axis=-1, keepdims=True) if self.lengths is None else self.lengths[:, None]
        error = bone - guess * (length / np.maximum(np.linalg.norm(guess, axis=-1, keepdims=True), 1e-6))
        axes = np.array([self.across, self.across, 1.0]) / self.sigma
        gain = np.sqrt(self.weight[:, end] * self.weight[:, start])[..., None] * axes
        known = np.isfinite(error)
        return np.where(known, error, 0.0), np.where(known, gain, 0.0)
