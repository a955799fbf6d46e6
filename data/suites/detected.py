"""What a detector saw in a film, kept beside it."""

from __future__ import annotations

from pathlib import Path

from motionrecon.keypoints import detect_keypoints
from motionrecon.keypoints.file import save


def detected(video: Path, detector: str, folder: Path) -> Path:
    """The file of what a detector sees of the person in a film.

    The detections themselves are kept as those of any run are, so that only what is new in the detector looks again.
    """
    keypoints = detect_keypoints(video, detector, cache_dir=folder / "cache")
    path = folder / f"{video.stem}_{detector}.npz"
    save(keypoints, path)
    return path
