"""Keeping detected keypoints beside the result, so that a second run does not detect them again.

The key is made of everything that the keypoints depend on: the content of the video and of the model (their SHA-256),
the range of frames, and the versions of MediaPipe and of this stage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from motionrecon.core.progress import Progress
from motionrecon.errors import InputError
from motionrecon.keypoints import file
from motionrecon.keypoints.types import Keypoints

#: To be raised whenever the code of this stage changes what comes out of the same video.
STAGE_VERSION = 1


def path_for(directory: Path, depends_on: Mapping[str, str | float | int]) -> Path:
    """The cache file of the keypoints that depend on these values."""
    text = json.dumps({"stage": STAGE_VERSION, **depends_on}, sort_keys=True)
    return directory / f"keypoints-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"


def load(path: Path, progress: Progress) -> Keypoints | None:
    """The cached keypoints; None if there are none, or, with a warning, if the file is damaged."""
    if not path.exists():
        return None
    try:
        return file.load(path)
    except InputError:
        progress.warn(f"the cached keypoints {path} are damaged; detecting them again")
        return None


def store(keypoints: Keypoints, path: Path) -> None:
    """Keep keypoints.

    Raises:
        OutputError: the folder cannot be written.
    """
    file.save(keypoints, path)
