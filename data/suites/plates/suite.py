"""The suite of people on force plates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motionrecon.core.files import atomic
from motionrecon.core.user_cache import cache_dir
from motionrecon.data.clips import CAMERA
from motionrecon.data.make_clip import calibration
from motionrecon.data.suites.alone import alone
from motionrecon.data.suites.plates.filming import PLACES, filmed
from motionrecon.data.suites.plates.markers import moved
from motionrecon.data.suites.plates.opensim import read_forces
from motionrecon.data.suites.plates.own import TRIAL, OwnTrial
from motionrecon.data.suites.plates.trials import TRIALS, fetched
from motionrecon.keypoints.file import save
from motionrecon.research.bench.reconstruct.suite import BenchClip, PreparedClip

_SEEDS = (0, 1)
_FROM = ("side", "front", "behind")


@dataclass(frozen=True)
class Plates:
    """OpenSim's recordings before virtual cameras, and the user's own trials, in a folder.

    Attributes:
        folder: that has OpenSim's files, which are fetched to it where it lacks them, and folders of the user's own
            trials (`motionrecon.data.suites.plates.own`); in the user's cache where none is given.
    """

    folder: Path | None = None
    name: str = "plates"

    @property
    def place(self) -> Path:
        return self.folder or cache_dir() / "bench" / "plates"

    def clips(self) -> Sequence[BenchClip]:
        virtual = [
            BenchClip(
                self.name,
                f"{trial}_{place}_{seed}",
                told.split,
                told.kind.replace("gait", "walk"),
                place,
                trial,
                f"OpenSim, {told.markers}; a virtual camera, errors of seed {seed}",
            )
            for seed in _SEEDS
            for place in _FROM
            for trial, told in TRIALS.items()
        ]
        own = [OwnTrial.read(path.parent) for path in sorted(self.place.glob(f"*/{TRIAL}"))]
        return virtual + [
            BenchClip(self.name, one.folder.name, one.split, one.action, "own", one.folder.name, str(one.folder))
            for one in own
        ]

    def prepare(self, clip: BenchClip, detector: str, mirrored: bool = False) -> PreparedClip:
        kept = self.place / "seen" / clip.name
        if (self.place / clip.name / TRIAL).exists():
            return OwnTrial.read(self.place / clip.name).prepared(detector, kept, mirrored)
        trial, place, seed = clip.name.rsplit("_", 2)
        assert place in PLACES
        return self._filmed(trial, place, int(seed), kept)

    def _filmed(self, name: str, place: str, seed: int, kept: Path) -> PreparedClip:
        trial = TRIALS[name]
        with alone(self.place, name):
            fetched(trial, self.place)
        forces = read_forces(self.place / trial.forces, trial.columns, points=trial.points)
        truth, keypoints = filmed(trial, moved(trial, self.place, forces), forces, place, seed)
        kept.mkdir(parents=True, exist_ok=True)
        save(keypoints, kept / "keypoints.npz")
        with atomic(kept / "camera.toml") as file:
            file.write_text(calibration(truth.camera), encoding="utf-8")
        given = {"height": trial.height, "mass": trial.mass, "camera": kept / "camera.toml", "camera_name": CAMERA}
        return PreparedClip(kept / "keypoints.npz", truth, given)
