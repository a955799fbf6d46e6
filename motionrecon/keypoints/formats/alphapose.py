"""AlphaPose's JSON: COCO's result format, or its forms for programs that read OpenPose's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motionrecon.keypoints.formats.people import People, name_of, people_of, points_of

FIRST: int | None = 0


def frame(document: Any) -> People | None:
    """See `motionrecon.keypoints.formats`: a file of the folder ``sep-json``."""
    return people_of(document["bodies"], "joints") if isinstance(document, Mapping) and "bodies" in document else None


def clip(document: Any) -> dict[str, People] | None:
    """See `motionrecon.keypoints.formats`."""
    if isinstance(document, list) and any(isinstance(row, Mapping) and "image_id" in row for row in document):
        frames: dict[str, People] = {}
        for row in document:
            points = points_of(row, "keypoints")
            if points is not None:
                frames.setdefault(name_of(row, "image_id"), []).append(points)
        return frames
    if isinstance(document, Mapping) and document and all(map(_is_frame, document.values())):
        return {
            str(name): people_of(value.get("people", value.get("bodies")), "pose_keypoints_2d", "joints", "keypoints")
            for name, value in document.items()
        }
    return None


def _is_frame(value: Any) -> bool:
    return isinstance(value, Mapping) and ("people" in value or "bodies" in value)
