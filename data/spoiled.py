"""Suites of clips of whose keypoints something is spoiled, as a poor film or another detector would."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import load, save
from motionrecon.research.bench.reconstruct.suite import BenchClip, PreparedClip, Suite

#: Errors that are added: of pixels, of the person's height, at every frame and for a while; of depth, metres.
_WHITE, _SLOW, _DEPTH = 0.012, 0.02, 0.06
#: Seconds for which errors last, and for which joints are not seen or sides are mistaken.
_LASTS, _SPELL = 0.25, 0.5


def noisy(seen: Keypoints, rng: np.random.Generator) -> Keypoints:
    """As by a worse detector: pixels and 3D tremble and drift."""
    usual = np.nanmedian(np.nanmax(seen.pixels[..., 1], 1) - np.nanmin(seen.pixels[..., 1], 1))
    drift = gaussian_filter1d(rng.standard_normal((2, len(seen), 33, 3)), _LASTS * seen.fps, axis=1)
    drift /= np.sqrt(np.mean(np.square(drift)))
    away = _WHITE * rng.standard_normal(seen.pixels.shape) + _SLOW * drift[0, ..., :2]
    return replace(seen, pixels=seen.pixels + usual * away, points_3d=seen.points_3d + _DEPTH * drift[1])


def hidden(seen: Keypoints, rng: np.random.Generator) -> Keypoints:
    """As behind furniture: a forearm and a shank are not seen for a third of the time."""
    pixels, confidence, points = seen.pixels.copy(), seen.confidence.copy(), seen.points_3d.copy()
    for part in (("elbow", "wrist"), ("knee", "ankle", "heel", "foot_index")):
        side = rng.choice(["left", "right"])
        rows = [INDEX[f"{side}_{joint}"] for joint in part]
        first = int(rng.integers(max(1, len(seen) * 2 // 3)))
        frames = slice(first, first + -(-len(seen) // 3))
        pixels[frames, rows], points[frames, rows], confidence[frames, rows] = np.nan, np.nan, 0.0
    return replace(seen, pixels=pixels, confidence=confidence, points_3d=points)


def flat(seen: Keypoints, rng: np.random.Generator) -> Keypoints:
    """As by a detector that tells pixels only."""
    return replace(seen, points_3d=np.full_like(seen.points_3d, np.nan))


def crossed(seen: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Left and right are mistaken for each other for a while."""
    first = int(rng.integers(max(1, len(seen) - round(_SPELL * seen.fps))))
    frames = slice(first, first + round(_SPELL * seen.fps))
    changed = {name: getattr(seen, name).copy() for name in ("pixels", "confidence", "points_3d")}
    for values in changed.values():
        values[frames] = values[frames][:, MIRROR]
    return replace(seen, **changed)


#: What may be done to what was seen.
SPOILS: Mapping[str, Callable[[Keypoints, np.random.Generator], Keypoints]] = MappingProxyType(
    {"noisy": noisy, "hidden": hidden, "flat": flat, "crossed": crossed}
)


@dataclass(frozen=True)
class Spoiled:
    """A suite of which something is spoiled, the same whenever it is asked.

    Attributes:
        suite: whose clips.
        how: of `SPOILS`.
        place: folder of what is seen then.
    """

    suite: Suite
    how: str
    place: Path

    @property
    def name(self) -> str:
        return self.suite.name

    def clips(self) -> Sequence[BenchClip]:
        return self.suite.clips()

    def prepare(self, clip: BenchClip, detector: str, mirrored: bool = False) -> PreparedClip:
        prepared = self.suite.prepare(clip, detector, mirrored)
        path = self.place / clip.suite / f"{clip.name}_{self.how}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(zlib.crc32(f"{clip.name} {self.how}".encode()))
        save(SPOILS[self.how](load(prepared.keypoints), rng), path)
        return replace(prepared, keypoints=path)
