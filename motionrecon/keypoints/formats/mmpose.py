"""MMPose's JSON: RTMPose and its siblings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motionrecon.keypoints.formats.people import People, name_of, people_of

FIRST: int | None = 1


def frame(document: Any) -> People | None:
    """See `motionrecon.keypoints.formats`: the instances, with or without a name for them."""
    if isinstance(document, Mapping):
        return people_of(document["instances"], "keypoints") if "instances" in document else None
    return people_of(document, "keypoints") if isinstance(document, list) else None


def clip(document: Any) -> dict[str, People] | None:
    """See `motionrecon.keypoints.formats`."""
    rows = document.get("instance_info") if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        return None
    return {name_of(row, "frame_id"): people_of(row.get("instances"), "keypoints") for row in rows}
