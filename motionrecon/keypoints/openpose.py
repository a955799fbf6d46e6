"""Reading a folder of OpenPose JSON, one file a frame, as keypoints on the BlazePose landmarks.

Files are those of OpenPose's ``--write_json``: ``NAME_000000000012_keypoints.json`` with ``people`` and their
``pose_keypoints_2d``, in BODY_25 (25 points) or COCO (18). The number in a name is the frame; frames without a file or
without people are marked as not tracked.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from motionrecon.core.landmarks import COUNT, INDEX
from motionrecon.errors import InputError
from motionrecon.keypoints.detect import Detection
from motionrecon.keypoints.person import crowd_warning, mended
from motionrecon.keypoints.tracks import follow
from motionrecon.keypoints.types import Keypoints

#: Places in OpenPose's list of the landmarks that BlazePose has too, by number of points.
_BODY_25 = {
    "nose": 0,
    "right_shoulder": 2,
    "right_elbow": 3,
    "right_wrist": 4,
    "left_shoulder": 5,
    "left_elbow": 6,
    "left_wrist": 7,
    "right_hip": 9,
    "right_knee": 10,
    "right_ankle": 11,
    "left_hip": 12,
    "left_knee": 13,
    "left_ankle": 14,
    "right_eye": 15,
    "left_eye": 16,
    "right_ear": 17,
    "left_ear": 18,
    "left_foot_index": 19,  # the big toe
    "left_heel": 21,
    "right_foot_index": 22,
    "right_heel": 24,
}
_COCO_18 = {
    "nose": 0,
    "right_shoulder": 2,
    "right_elbow": 3,
    "right_wrist": 4,
    "left_shoulder": 5,
    "left_elbow": 6,
    "left_wrist": 7,
    "right_hip": 8,
    "right_knee": 9,
    "right_ankle": 10,
    "left_hip": 11,
    "left_knee": 12,
    "left_ankle": 13,
    "right_eye": 14,
    "left_eye": 15,
    "right_ear": 16,
    "left_ear": 17,
}
_LAYOUTS = {25: _BODY_25, 18: _COCO_18}
_FRAME = re.compile(r"(\d+)(?:_keypoints)?$")


def load_folder(
    folder: Path, video: str | Path | None, fps: float | None, image_size: tuple[int, int] | None
) -> Keypoints:
    """See `motionrecon.keypoints.load_keypoints`.

    Raises:
        InputError: the folder holds no OpenPose JSON, a file is damaged, nobody is in it, or the frame rate or the
            image size is neither given nor known from a video.
    """
    files = sorted(folder.glob("*.json"), key=_frame_number)
    if not files:
        raise InputError(f"{folder} holds no .json files; give OpenPose's --write_json folder or a motionrecon .npz")
    count, first = 0, _frame_number(files[0])
    if video is not None:
        from motionrecon.video import probe

        info = probe(video)
        fps, image_size = fps or info.fps, image_size or info.image_size
        count, first = info.frame_count, 0
    if fps is None or not (math.isfinite(fps) and fps > 0):
        raise InputError(f"{folder} does not say its frame rate; give the video as well")
    if image_size is None:
        raise InputError(f"{folder} does not say its image size; give the video as well")
    seen = {_frame_number(file) - first: _people(file) for file in files}
    if len(seen) < len(files):
        raise InputError(f"{folder} holds several files for one frame; give a folder with the JSON of one clip")
    count = max(count, max(seen) + 1)
    track, others = follow([seen.get(frame, []) for frame in range(count)], fps)
    keypoints = mended(track, count, fps, image_size, folder.name)
    return replace(keypoints, warnings=(*crowd_warning(track, others, folder.name), *keypoints.warnings))


def _frame_number(file: Path) -> int:
    match = _FRAME.search(file.stem)
    if match is None:
        raise InputError(f"{file} has no frame number in its name; OpenPose writes NAME_000000000000_keypoints.json")
    return int(match.group(1))


def _people(file: Path) -> list[Detection]:
    """Everybody in one file."""
    try:
        people = json.loads(file.read_text(encoding="utf-8"))["people"]
        lists = [np.array(person["pose_keypoints_2d"], dtype=float) for person in people]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} is not OpenPose JSON ({type(error).__name__}: {error})") from error
    found = []
    for values in lists:
        if values.size % 3 or values.size // 3 not in _LAYOUTS:
            raise InputError(f"{file} has {values.size / 3:g} points a person; expected 25 (BODY_25) or 18 (COCO)")
        points = values.reshape(-1, 3)
        pixels, confidence = np.full((COUNT, 2), np.nan), np.zeros(COUNT)
        for name, place in _LAYOUTS[len(points)].items():
            if points[place, 2] > 0:  # OpenPose writes 0, 0, 0 for what it did not find
                pixels[INDEX[name]], confidence[INDEX[name]] = points[place, :2], min(1.0, points[place, 2])
        if confidence.any():
            found.append(Detection(pixels, confidence, np.full((COUNT, 3), np.nan)))
    return found
