"""Reading the people out of one JSON document, however the tool that wrote it lays them out.

All forms end in lists of points (n, 3): x, y, confidence; 0, 0, 0 where a point was not found.

====================  =====================================================================================
written by            form
====================  =====================================================================================
OpenPose, Pose2Sim,   ``{"people": [{"pose_keypoints_2d": [x, y, c, ...]}]}``, one document a frame; before
Sports2D              version 1.2 the key was ``pose_keypoints``
AlphaPose             ``[{"image_id": "0.jpg", "keypoints": [x, y, c, ...]}, ...]``, one document a clip (COCO's
                      result format); or ``{"0.jpg": {"people" or "bodies": [...]}}``
MMPose                ``{"instance_info": [{"frame_id": 1, "instances": [{"keypoints": [[x, y], ...],
                      "keypoint_scores": [c, ...]}]}]}``, one document a clip; or a frame's ``instances`` alone
====================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

#: Everybody in one frame.
People: TypeAlias = list[Float[np.ndarray, "n 3"]]

#: Points and people that a list may have at most.
_POINTS, _CROWD = 1000, 1000
#: Pixels and confidences from here on, and NaN, say that a point was not found.
_NO_PIXELS = 1e7
_POSE_KEYS = ("pose_keypoints_2d", "pose_keypoints", "joints", "keypoints")


def people_in(document: Any) -> People:
    """Everybody in the document of one frame; people without points are nobody.

    Raises:
        ValueError: it is not a frame of people.
    """
    if isinstance(document, Mapping):
        if not document:
            return []
        key = next((key for key in ("people", "bodies", "instances") if key in document), None)
        if key is None:
            raise ValueError("no 'people' in it")
        document = document[key]
    if document is None:
        return []
    if not isinstance(document, Sequence) or isinstance(document, str):
        raise ValueError("its people are no list")
    if len(document) > _CROWD:
        raise ValueError(f"{len(document)} people in one frame")
    found = (_points(person) for person in document)
    return [points for points in found if points is not None]


def clip_in(document: Any) -> dict[str, People] | None:
    """Everybody in the document of a whole clip, by the frames' names or numbers; None if it is a frame's document.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(document, Mapping) and isinstance(document.get("instance_info"), list):
        rows = document["instance_info"]
        return {_name(row, "frame_id"): people_in(row.get("instances")) for row in rows}
    if isinstance(document, list) and any(isinstance(row, Mapping) and "image_id" in row for row in document):
        frames: dict[str, People] = {}
        for row in document:
            points = _points(row)
            if points is not None:
                frames.setdefault(_name(row, "image_id"), []).append(points)
        return frames
    if isinstance(document, Mapping) and document and all(_is_frame(value) for value in document.values()):
        return {str(name): people_in(value) for name, value in document.items()}
    return None


def _is_frame(value: Any) -> bool:
    return isinstance(value, Mapping) and ("people" in value or "bodies" in value)


def _name(row: Any, key: str) -> str:
    value = row.get(key) if isinstance(row, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"a row without a {key}")
    return str(value)


def _points(person: Any) -> Float[np.ndarray, "n 3"] | None:
    """One person's points; None if there are none.

    Raises:
        ValueError: it is no person.
    """
    if person is None or person == {}:
        return None
    if not isinstance(person, Mapping):
        raise ValueError(f"a person is a {type(person).__name__}")
    values = next((person[key] for key in _POSE_KEYS if person.get(key) is not None), None)
    if values is None or (isinstance(values, Sequence) and not len(values)):
        return None
    try:
        array = np.array(values, dtype=float)
        scores = person.get("keypoint_scores")
        if scores is not None and array.ndim == 2 and array.shape[1] == 2:
            array = np.concatenate([array, np.array(scores, dtype=float).reshape(-1, 1)], axis=1)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"a person's points are no numbers ({str(error)[:80]})") from error
    if array.ndim > 2 or array.size % 3 or (array.ndim == 2 and array.shape[1] != 3):
        raise ValueError(f"{array.size} numbers a person; expected x, y and confidence of each point")
    points = array.reshape(-1, 3)
    if len(points) > _POINTS:
        raise ValueError(f"{len(points)} points a person")
    points[~(np.abs(points) < _NO_PIXELS).all(1)] = 0.0
    return points if (points[:, 2] > 0).any() else None
