"""Keypoints of one person in every frame of a clip: detected in a video, or loaded from a file.

Two doors: `detect_keypoints` and `load_keypoints`. Behind them, one job a file: `models` finds the detector's file,
`detect` runs it, `tracks` follows one person, `flips` undoes exchanged sides, `outliers` doubts single-frame jumps,
`cache` keeps the result, `file` and `openpose` read and write keypoint files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.keypoints.types import Keypoints

if TYPE_CHECKING:
    from motionrecon.core.progress import Progress

__all__ = ["Keypoints", "detect_keypoints", "load_keypoints"]


def detect_keypoints(
    video: str | Path,
    detector: str = "full",
    start: float | None = None,
    end: float | None = None,
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> Keypoints:
    """Detect and follow one person in a video, in one streaming pass that also watches the background.

    Args:
        video: the file.
        detector: ``full`` (installed, quick) or ``heavy`` (fetched once, fewer exchanged sides).
        start, end: the range in seconds; None for the whole clip.
        cache_dir: where the result is kept, so that the same call comes back at once; None for no cache.
        progress: told of every frame and of every warning.

    Returns:
        Keypoints with one row for each frame of the range; ``warnings`` says what the user should know.

    Raises:
        InputError: the video cannot be used, or nobody is in it.
        ModelError: the detector's model cannot be had.
    """
    from motionrecon.core.progress import Silent
    from motionrecon.keypoints.clip import detect_clip

    directory = None if cache_dir is None else Path(cache_dir)
    return detect_clip(Path(video), detector, start, end, directory, progress or Silent())


def load_keypoints(
    path: str | Path,
    video: str | Path | None = None,
    fps: float | None = None,
    image_size: tuple[int, int] | None = None,
) -> Keypoints:
    """Keypoints from motionrecon's own ``.npz`` (see `motionrecon.keypoints.file`) or a folder of OpenPose JSON.

    Args:
        path: the file or folder.
        video: the clip that the keypoints were seen in: gives what OpenPose's files do not say.
        fps: frames per second of a folder of OpenPose JSON; the video's own if None.
        image_size: (width, height) in pixels for such a folder; the video's own if None.

    Raises:
        InputError: the path holds no keypoints, they are damaged, or the frame rate or image size is not known.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"no such file: {path}")
    if path.is_dir():
        from motionrecon.keypoints.openpose import load_folder

        return load_folder(path, video, fps, image_size)
    from motionrecon.keypoints.file import load

    return load(path)
