"""What a detector saw in a film, kept beside it."""

from __future__ import annotations

from pathlib import Path

from motionrecon.keypoints import detect_keypoints
from motionrecon.keypoints.file import save
from motionrecon.keypoints.sides import Judge
from motionrecon.kinematics.likely import unlikely


def detected(video: Path, detector: str, folder: Path, mirrored: bool = False, judge: Judge | None = unlikely) -> Path:
    """The file of what a detector sees of the person in a film, as a run of that film alone would have it.

    The detections themselves are kept as those of any run are, so that only what is new in the detector looks again.
    """
    keypoints = detect_keypoints(video, detector, cache_dir=folder / "cache", judge=judge, mirrored=mirrored)
    path = folder / f"{video.stem}_{detector}{'_mirrored' if mirrored else ''}.npz"
    save(keypoints, path)
    return path
