"""People in JSON: what the tools' formats have in common."""

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


def people_of(values: Any, *keys: str) -> People:
    """Everybody in a list of people, who have their points under one of the keys; people without points are nobody.

    Raises:
        ValueError: it is no such list.
    """
    if values is None:
        return []
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ValueError("its people are no list")
    if len(values) > _CROWD:
        raise ValueError(f"{len(values)} people in one frame")
    found = (points_of(person, *keys) for person in values)
    return [points for points in found if points is not None]


def points_of(person: Any, *keys: str) -> Float[np.ndarray, "n 3"] | None:
    """One person's points, under the first of the keys that is there; None if there are none.

    Raises:
        ValueError: it is no person.
    """
    if person is None or person == {}:
        return None
    if not isinstance(person, Mapping):
        raise ValueError(f"a person is a {type(person).__name__}")
    values = next((person[key] for key in keys if person.get(key) is not None), None)
    if values is None or (isinstance(values, Sequence) and not len(values)):
        return None
    try:
        if any(isinstance(part, bool | str) for row in values for part in (row if isinstance(row, list) else [row])):
            raise TypeError("true, false or text among them")  # of which numpy would make numbers
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


def name_of(row: Any, key: str) -> str:
    """What a row calls its frame.

    Raises:
        ValueError: it does not say.
    """
    value = row.get(key) if isinstance(row, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"a row without a {key}")
    return str(value)
