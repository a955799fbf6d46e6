"""Detectors made up for tests that know frames as a whole only: nobody looks at parts of a picture for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from motionrecon.keypoints import passes
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.tracks import distinct


class Trusting:
    """In place of the lookout: whom others found, and nobody else."""

    def __init__(self, *settings: object) -> None:
        pass

    def __call__(self, image: np.ndarray, followed: Sequence[Detection], found: Sequence[Detection]) -> list[Detection]:
        return distinct([*followed, *found])


def look_at_whole_pictures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the passes neither take second looks at parts of a picture, nor look there for who was lost."""
    monkeypatch.setattr(passes, "Lookout", Trusting)
    monkeypatch.setattr(passes, "filled", lambda track, search, count, hints: track)
