"""How badly the lines of sight of several views meet, frame by frame, and what if one of the views were mistaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.cameras.base import Camera
from motionrecon.core.landmarks import BONES, INDEX, MIRROR
from motionrecon.rig.triangulation import rays, triangulate
from motionrecon.views import View

#: A line of sight passes by the others, or a bone is longer or shorter than usual, at most this much, metres.
_CAP = 0.3
#: The landmarks that are asked: those of the body that detectors are surest of.
_ASKED = tuple(
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot_index")
    for side in ("left", "right")
)
_CHOSEN = [INDEX[name] for name in _ASKED]
#: For each of them the one of the other side, and those at the ends of the bones between them.
_MIRROR = np.array([_CHOSEN.index(landmark) for landmark in MIRROR[_CHOSEN]])
_START, _END = np.array([(_ASKED.index(a), _ASKED.index(b)) for a, b in BONES if a in _ASKED and b in _ASKED]).T
#: What it costs if toes point backwards, metres: somebody who is mirrored has odd feet, where all else may fit.
_BACKWARDS = 0.03
_LEFT, _RIGHT = ([_ASKED.index(f"{side}_{joint}") for joint in ("shoulder", "hip")] for side in ("left", "right"))
_ANKLES, _TOES = ([_ASKED.index(f"{side}_{joint}") for side in ("left", "right")] for joint in ("ankle", "foot_index"))
#: A jump in the picture, in sizes of the person beyond three times the usual step, that nobody makes.
_JUMP = 0.1


@dataclass(frozen=True)
class Meeting:
    """P landmarks of one person as V views see them in T frames.

    Attributes:
        cameras: of the views.
        pixels, weight: of the landmarks; the weight is 0 where a view saw nothing.
    """

    cameras: tuple[Camera, ...]
    pixels: Float[np.ndarray, "V T P 2"]
    weight: Float[np.ndarray, "V T P"]

    @staticmethod
    def of(views: Sequence[View]) -> Meeting:
        """That of the views."""
        pixels = np.stack([view.pixels[:, _CHOSEN] for view in views])
        weight = np.stack([view.weight[:, _CHOSEN] for view in views])
        return Meeting(tuple(view.camera for view in views), pixels, np.where(np.isfinite(pixels).all(-1), weight, 0.0))

    def part(self, frames: Int[np.ndarray, " n"]) -> Meeting:
        """The same in some of the frames."""
        cameras = tuple(camera.at(frames) for camera in self.cameras)
        return replace(self, cameras=cameras, pixels=self.pixels[:, frames], weight=self.weight[:, frames])

    def exchanged(self, view: int, members: Bool[np.ndarray, " 33"]) -> Meeting:
        """If a view had left and right exchanged, of those landmarks that are members."""
        take = np.where(members[_CHOSEN], _MIRROR, np.arange(len(_CHOSEN)))
        pixels, weight = self.pixels.copy(), self.weight.copy()
        pixels[view], weight[view] = pixels[view][:, take], weight[view][:, take]
        return replace(self, pixels=pixels, weight=weight)

    def without(self, view: int) -> Meeting:
        """If a view had seen nobody."""
        weight = self.weight.copy()
        weight[view] = 0.0
        return replace(self, weight=weight)

    @property
    def present(self) -> Bool[np.ndarray, "V T"]:
        """Where each view saw anything."""
        return np.asarray((self.weight > 0).any(-1))

    def points(self) -> tuple[Float[np.ndarray, "T P 3"], Float[np.ndarray, " T"]]:
        """Where the lines of sight meet, and how far those of all views pass by there, metres, summed over the views.

        What only one view saw does not count; where the lines of sight of several meet nowhere, that counts as far.
        """
        points, missed, share = self._passing()
        total = share.sum(-1)
        return points, ((missed * share).sum(-1) / np.where(total > 0, total, 1.0)).sum(0)

    def misfit(self) -> float:
        """How far lines of sight pass by where they meet, metres, in the mean of all; NaN where no two see anything."""
        _, missed, share = self._passing()
        return float(np.average(missed, weights=share)) if share.any() else np.nan

    def _passing(self) -> tuple[Float[np.ndarray, "T P 3"], Float[np.ndarray, "V T P"], Float[np.ndarray, "V T P"]]:
        """Where lines of sight meet, how far each passes by, and its weight there: 0 where it is the only one."""
        points, apart = triangulate(self.cameras, self.pixels, self.weight)
        share = np.where((self.weight > 0).sum(0) > 1, self.weight, 0.0)
        return points, np.minimum(np.where(np.isfinite(apart), apart, _CAP), _CAP), share

    def missed(self, points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, " T"]:
        """How far lines of sight pass by given points, metres, summed over the views; NaN where one saw none."""
        apart = rays(self.cameras, self.pixels).apart(points)
        share = np.where(np.isfinite(apart), self.weight, 0.0)
        total = share.sum(-1)
        missed = np.minimum(np.where(np.isfinite(apart), apart, 0.0), _CAP)
        return np.where((total > 0).all(0), ((missed * share).sum(-1) / np.where(total > 0, total, 1.0)).sum(0), np.nan)

    @staticmethod
    def trunk(points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, " T"]:
        """From the middle of the shoulders to that of the hips, metres; NaN where that is not known."""
        shoulders, hips = 0.5 * (points[:, _LEFT] + points[:, _RIGHT]).transpose(1, 0, 2)
        return np.asarray(np.linalg.norm(shoulders - hips, axis=-1))

    def lengths(self, points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, "T B"]:
        """The bones' lengths, metres; NaN where an end is not known."""
        return np.asarray(np.linalg.norm(points[:, _END] - points[:, _START], axis=-1))

    def oddness(self, points: Float[np.ndarray, "T P 3"], usual: Float[np.ndarray, " B"]) -> Float[np.ndarray, " T"]:
        """By how much bones differ from their usual lengths on average, metres, and whether toes point backwards.

        Lines of sight of a left and of a right hand may well meet, but not as far from an elbow as a hand is.
        """
        odd = np.abs(self.lengths(points) - usual)
        known = np.isfinite(odd)
        total = np.where(known, np.minimum(odd, _CAP), 0.0).sum(-1)
        return np.asarray(total / np.maximum(known.sum(-1), 1) + _BACKWARDS * _backwards(points))

    def cost(self, usual: Float[np.ndarray, " B"]) -> tuple[Float[np.ndarray, "T P 3"], Float[np.ndarray, " T"]]:
        """Where the lines of sight meet, and how badly: how far they pass by, and how odd the bones then are, metres.

        Args:
            usual: the bones' lengths.
        """
        points, missed = self.points()
        return points, missed + self.oddness(points, usual)

    def jumps(self) -> Float[np.ndarray, "V T"]:
        """How far each view's picture of the person jumps from the frame before: 0 as usual, 1 as nobody moves.

        It is 1, too, where the view saw nobody before, or sees nobody now.
        """
        seen = np.where((self.weight > 0)[..., None], self.pixels, np.nan)
        return np.stack([_jumps(one) for one in seen])


def _backwards(points: Float[np.ndarray, "T P 3"]) -> Float[np.ndarray, " T"]:
    """From 0, where toes point where the trunk faces, to 1, where they point the other way; 0 where that is unknown."""
    aside = (points[:, _LEFT] - points[:, _RIGHT]).mean(1)
    shoulders, hips = 0.5 * (points[:, _LEFT] + points[:, _RIGHT]).transpose(1, 0, 2)
    faced = np.cross(aside, shoulders - hips)
    pointed = (points[:, _TOES] - points[:, _ANKLES]).mean(1)
    size = np.linalg.norm(faced, axis=-1) * np.linalg.norm(pointed, axis=-1)
    along = np.einsum("ti,ti->t", faced, pointed) / np.maximum(size, 1e-9)
    return np.where(np.isfinite(along), 0.5 * (1.0 - along), 0.0)


def _jumps(pixels: Float[np.ndarray, "T P 2"]) -> Float[np.ndarray, " T"]:
    """The jumps of one view; its pixels are NaN where it saw nothing."""
    jump = np.ones(len(pixels))
    step = np.linalg.norm(np.diff(pixels, axis=0), axis=-1)
    both = np.isfinite(step)
    known = both.any(-1)
    if known.any():
        rows = pixels[np.isfinite(pixels).all(-1).any(-1)]
        size = max(1.0, float(np.median((np.nanmax(rows, axis=1) - np.nanmin(rows, axis=1)).max(1))))
        mean = np.where(both, step, 0.0).sum(-1)[known] / both.sum(-1)[known] / size
        jump[1:][known] = np.clip((mean - 3.0 * np.median(mean)) / _JUMP, 0.0, 1.0)
    return jump
