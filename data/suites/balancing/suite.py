"""The suite of the balancing man; nothing is ever chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.signal import butter, sosfiltfilt

from motionrecon.cameras.files import load_camera
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.clock import Clock
from motionrecon.core.user_cache import cache_dir
from motionrecon.data.suites.alone import alone
from motionrecon.data.suites.balancing.films import CALIBRATION, fetched
from motionrecon.data.suites.detected import detected
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import load
from motionrecon.research.bench.reconstruct.suite import BenchClip, PreparedClip, Split
from motionrecon.research.bench.reconstruct.truth import Truth, load_truth, save_truth
from motionrecon.rig.triangulation import triangulate
from motionrecon.views import View

#: Frames, of 60 a second, by which each film begins before the first one's (`motionrecon.rig.synchrony` finds them).
_EARLY = {"cam01": 0, "cam02": 0, "cam03": 2, "cam04": 1}
#: Metres, to two centimetres; how tall he is was not published. His triangulated cap is at most 1.66 m over the deck,
#: in a stride with knees bent by 17 and 26 degrees; with straight legs it would be some 5 cm higher.
_HEIGHT = 1.71
#: Hertz below which the reference is kept, as is usual with markers.
_CUTOFF = 6.0
_REFERENCE_BY = "heavy"


@dataclass(frozen=True)
class Balancing:
    """The balancing man, whose films are kept in a folder; in the user's cache where none is given."""

    folder: Path | None = None
    name: str = "balancing"

    @property
    def place(self) -> Path:
        return self.folder or cache_dir() / "bench" / "balancing"

    def clips(self) -> Sequence[BenchClip]:
        source = "Pose2Sim's demo; the reference is triangulated from all four films"
        return [
            BenchClip(self.name, camera, Split.TEST, "balance", camera, "balancing man", source) for camera in _EARLY
        ]

    def prepare(self, clip: BenchClip, detector: str, mirrored: bool = False) -> PreparedClip:
        video = self.place / f"{clip.camera}.mp4"
        with alone(self.place, "reference"):
            fetched(self.place)
            truth = load_truth(self._reference(clip.camera))
            seen = detected(video, detector, self.place / "seen" / clip.camera, mirrored)
        calibration = {"camera": self.place / CALIBRATION, "camera_name": clip.camera}
        return PreparedClip(seen, truth, {"height": _HEIGHT}, calibration, video)

    def _reference(self, camera: str) -> Path:
        """The file of a camera's truth, made with those of the others if it is not there."""
        kept = self.place / "reference"
        if not (kept / f"{camera}.npz").exists():
            seen = {
                name: load(detected(self.place / f"{name}.mp4", _REFERENCE_BY, self.place / "seen" / name, judge=None))
                for name in _EARLY
            }
            cameras = {name: self._camera(name, one) for name, one in seen.items()}
            for name, truth in references(seen, cameras).items():
                kept.mkdir(parents=True, exist_ok=True)
                save_truth(truth, kept / f"{name}.npz")
        return kept / f"{camera}.npz"

    def _camera(self, name: str, seen: Keypoints) -> Pinhole:
        return load_camera(self.place / CALIBRATION, name, seen.image_size)


def references(seen: dict[str, Keypoints], cameras: dict[str, Pinhole]) -> dict[str, Truth]:
    """The truth of each film: where its detector's marks are, by all cameras.

    Args:
        seen: by each camera.
        cameras: in one world.
    """
    count = min(len(seen[name]) - early for name, early in _EARLY.items())
    views = [
        View.of(one, cameras[name], Clock(one.fps)).part(slice(_EARLY[name], _EARLY[name] + count))
        for name, one in seen.items()
    ]
    pixels, weight = (np.stack([getattr(view, kind) for view in views]) for kind in ("pixels", "weight"))
    placed, _ = triangulate([view.camera for view in views], pixels, weight)
    fps = next(iter(seen.values())).fps
    smooth = _low_passed(placed, fps)
    found = {}
    for name, one in seen.items():
        joints = np.full((len(one), *smooth.shape[1:]), np.nan)
        joints[_EARLY[name] : _EARLY[name] + count] = smooth
        unknown = np.full((len(one), 2, 3), np.nan)
        found[name] = Truth(fps, joints, True, cameras[name], _HEIGHT, np.nan, unknown, (), np.zeros((len(one), 0)))
    return found


def _low_passed(points: Float[np.ndarray, "T P 3"], fps: float) -> Float[np.ndarray, "T P 3"]:
    """Points without what changes faster than `_CUTOFF`; a point that is not seen throughout stays as it is."""
    whole = np.isfinite(points).all((0, 2))
    smooth = points.copy()
    smooth[:, whole] = sosfiltfilt(butter(2, 2 * _CUTOFF / fps, output="sos"), points[:, whole], axis=0)
    return smooth
