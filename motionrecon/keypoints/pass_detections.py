"""What a pass over a clip saw, before anybody decides whom to follow; and as arrays, to be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motionrecon.background.tracks import BackgroundTracks
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.landmarks import COUNT
from motionrecon.keypoints.detection import Detection, SeenHands


@dataclass(frozen=True)
class PassDetections:
    """Everything that one pass over a clip saw.

    Attributes:
        seen: for each frame the one whom the detector followed, or nobody; with what a second look shows of them.
        looks: for each look, `passes.DetectorRun.every` frames apart, everybody.
        mirrored: for each look whom the mirrored picture showed, as in the picture that is not mirrored.
        warnings: what only decoding showed.
        background: what was followed of it, if somebody looked.
    """

    seen: Sequence[Sequence[Detection]]
    looks: Sequence[Sequence[Detection]]
    mirrored: Sequence[Sequence[Detection]]
    warnings: tuple[str, ...]
    background: BackgroundTracks | None = None

    def to_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """This as arrays; the inverse of `from_arrays`."""
        warnings = np.array(self.warnings, dtype=np.str_)
        hands = _packed_hands(self.seen)
        followed = {} if self.background is None else pack(self.background)
        background = {f"background/{name}": array for name, array in followed.items()}
        return {
            **_packed("seen", self.seen),
            **hands,
            **_packed("second", [[one.second for one in row if one.second is not None] for row in self.seen]),
            **_packed("looks", self.looks),
            **_packed("mirrored", self.mirrored),
            "warnings": warnings,
        } | background

    @staticmethod
    def from_arrays(arrays: Mapping[str, np.ndarray[Any, Any]]) -> PassDetections:
        """The inverse of `to_arrays`.

        Raises:
            KeyError, ValueError: the arrays are not of this kind.
        """
        warnings = tuple(str(text) for text in arrays["warnings"])
        seen = _with_hands(_unpacked("seen", arrays), arrays)
        second = _unpacked("second", arrays)
        seen = [[replace(row[0], second=one) for one in two] or row for row, two in zip(seen, second, strict=True)]
        start = "background/"
        kept = {name[len(start) :]: array for name, array in arrays.items() if name.startswith(start)}
        background = unpack(BackgroundTracks, kept) if kept else None
        looks, mirrored = _unpacked("looks", arrays), _unpacked("mirrored", arrays)
        return PassDetections(seen, looks, mirrored, warnings, background)


def _packed(name: str, rows: Sequence[Sequence[Detection]]) -> dict[str, np.ndarray[Any, Any]]:
    people = [person for row in rows for person in row]
    return {
        f"{name}_count": np.array([len(row) for row in rows], dtype=np.int64),
        f"{name}_pixels": np.array([p.pixels for p in people]).reshape(-1, COUNT, 2),
        f"{name}_confidence": np.array([p.confidence for p in people]).reshape(-1, COUNT),
        f"{name}_points_3d": np.array([p.points_3d for p in people]).reshape(-1, COUNT, 3),
    }


def _unpacked(name: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> list[list[Detection]]:
    parts = (arrays[f"{name}_{part}"] for part in ("pixels", "confidence", "points_3d"))
    people = iter([Detection(*values) for values in zip(*parts, strict=True)])
    return [[next(people) for _ in range(count)] for count in arrays[f"{name}_count"]]


def _packed_hands(rows: Sequence[Sequence[Detection]]) -> dict[str, np.ndarray[Any, Any]]:
    """The hands of those who were followed, by the numbers of the frames in which somebody looked for them."""
    looked = {k: row[0].hands for k, row in enumerate(rows) if row and row[0].hands is not None}
    hands = list(looked.values())
    return {
        "hands_frames": np.array(list(looked), dtype=np.int64),
        "hands_pixels": np.array([one.pixels for one in hands]).reshape(-1, 2, 21, 2),
        "hands_points_3d": np.array([one.points_3d for one in hands]).reshape(-1, 2, 21, 3),
        "hands_confidence": np.array([one.confidence for one in hands]).reshape(-1, 2),
    }


def _with_hands(rows: list[list[Detection]], arrays: Mapping[str, np.ndarray[Any, Any]]) -> list[list[Detection]]:
    parts = (arrays[f"hands_{part}"] for part in ("frames", "pixels", "points_3d", "confidence"))
    for frame, *values in zip(*parts, strict=True):
        rows[frame] = [replace(rows[frame][0], hands=SeenHands(*values))]
    return rows
