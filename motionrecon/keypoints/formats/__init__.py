"""Reading the people out of one JSON document, however the tool that wrote it lays them out: one file a tool.

A tool's module has ``frame(document)``, the people in the document of one frame, ``clip(document)``, those of a whole
clip by the frames' names or numbers, and ``FIRST``, what it calls a clip's first frame (None if that differs). Both
return None for what is not theirs. A new one is its file and its line in `FORMATS`.

All end in lists of points (n, 3): x, y, confidence; 0, 0, 0 where a point was not found.

- OpenPose, Pose2Sim, Sports2D: ``{"people": [{"pose_keypoints_2d": [x, y, c, ...]}]}``, one document a frame; before
  version 1.2 the key was ``pose_keypoints``.
- AlphaPose: ``[{"image_id": "0.jpg", "keypoints": [x, y, c, ...]}, ...]``, one document a clip (COCO's result format);
  or ``{"0.jpg": {"people" or "bodies": [...]}}``.
- MMPose: ``{"instance_info": [{"frame_id": 1, "instances": [...]}]}``, one document a clip, or the instances alone:
  ``[{"keypoints": [[x, y], ...], "keypoint_scores": [c, ...]}]``.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from motionrecon.keypoints.formats import alphapose, mmpose, openpose
from motionrecon.keypoints.formats.people import People

__all__ = ["FORMATS", "People", "clip_in", "people_in"]


class KeypointFormat(Protocol):
    """What a tool's module has."""

    FIRST: int | None

    def frame(self, document: Any) -> People | None:
        """The people in the document of one frame."""

    def clip(self, document: Any) -> dict[str, People] | None:
        """The people in the document of a clip, by the frames' names or numbers."""


#: The tools that are known; the first one that knows a document reads it.
FORMATS: tuple[KeypointFormat, ...] = cast(tuple[KeypointFormat, ...], (openpose, mmpose, alphapose))


def people_in(document: Any) -> People:
    """Everybody in the document of one frame; people without points are nobody.

    Raises:
        ValueError: it is not a frame of people.
    """
    for tool in FORMATS:
        people = tool.frame(document)
        if people is not None:
            return people
    raise ValueError("no 'people' in it" if isinstance(document, dict) else "its people are no list")


def clip_in(document: Any) -> tuple[dict[str, People], int | None] | None:
    """Everybody in the document of a whole clip by the frames' names or numbers, and what its first frame is called.

    Returns:
        None if it is the document of a frame.

    Raises:
        ValueError: it is neither.
    """
    for tool in FORMATS:
        frames = tool.clip(document)
        if frames is not None:
            return frames, tool.FIRST
    return None
