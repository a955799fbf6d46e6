"""OpenPose's JSON, which Pose2Sim and Sports2D write too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motionrecon.keypoints.formats.people import People, people_of

FIRST: int | None = None


def frame(document: Any) -> People | None:
    """See `motionrecon.keypoints.formats`; an empty document is a frame without people."""
    if not isinstance(document, Mapping) or (document and "people" not in document):
        return None
    return people_of(document.get("people"), "pose_keypoints_2d", "pose_keypoints", "keypoints")


def clip(document: Any) -> dict[str, People] | None:
    """See `motionrecon.keypoints.formats`: OpenPose writes a file for each frame."""
    return None
