"""The suite of rendered clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motionrecon.core.user_cache import cache_dir
from motionrecon.data.clips import CAMERA
from motionrecon.data.suites.alone import alone
from motionrecon.data.suites.detected import detected
from motionrecon.data.suites.synthetic import catalogue, making
from motionrecon.research.bench.reconstruct.suite import BenchClip, PreparedClip
from motionrecon.research.bench.reconstruct.truth import load_truth


@dataclass(frozen=True)
class Synthetic:
    """Rendered people, kept in a folder; in the user's cache where none is given."""

    place: Path | None = None
    name: str = catalogue.SUITE

    def clips(self) -> Sequence[BenchClip]:
        return catalogue.clips()

    def prepare(self, clip: BenchClip, detector: str, mirrored: bool = False) -> PreparedClip:
        place = self.place or cache_dir() / "bench" / "synthetic"
        with alone(place, clip.name):
            folder = making.made(clip, place)
            seen = detected(folder / "clip.mp4", detector, folder, mirrored)
        truth = load_truth(folder / making.TRUTH)
        calibration = {"camera": folder / "camera.toml", "camera_name": CAMERA}
        given = {"height": truth.height}
        return PreparedClip(seen, truth, given, calibration, folder / "clip.mp4")
