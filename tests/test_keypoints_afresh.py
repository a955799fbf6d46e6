"""Who does not stand upright in the picture is looked for afresh, on a made-up detector."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from clips import write_clip
from hypothesis import given
from hypothesis import strategies as st
from looking import look_at_whole_pictures_only
from test_keypoints_stage import Here

from motionrecon.core.landmarks import COUNT, INDEX
from motionrecon.keypoints import clip, detect_keypoints, passes
from motionrecon.keypoints.afresh import FreshLook, leans, same
from motionrecon.keypoints.detection import Detection

FRAME = np.zeros((64, 96, 3), np.uint8)


def person(lean: float, x: float = 40.0, y: float = 40.0, sure: float = 0.9) -> Detection:
    """Somebody 40 pixels tall whose trunk leans by so many degrees; ``sure`` (confidence) tells them apart."""
    along = np.array([np.sin(np.radians(lean)), -np.cos(np.radians(lean))])
    places = np.zeros((COUNT, 1))
    for name, index in INDEX.items():
        joint = name.split("_", 1)[-1]
        places[index] = {"shoulder": 15, "hip": 0, "knee": -10, "ankle": -20, "heel": -20}.get(joint, 20)
    return Detection(np.array([x, y]) + places * along, np.full(COUNT, sure), np.zeros((COUNT, 3)))


@given(st.floats(-180, 180))
def test_a_trunk_leans_beyond_45_degrees_to_either_side(lean: float) -> None:
    if abs(abs(lean) - 45) > 0.1:
        assert leans(person(lean)) == (abs(lean) > 45)


def test_the_same_person_is_the_nearest_and_among_several_surely_so() -> None:
    one, near, far = person(90), person(80, 42), person(90, 52)
    assert same(one, []) is None
    assert same(one, [far, near]) is near
    assert same(one, [far]) is far  # alone, and no farther than a tracker strays
    assert same(one, [far, person(0, 90)]) is None  # with others around, one of them
    assert same(one, [person(90, 75)]) is None


def test_only_who_leans_is_looked_for_afresh_by_a_detector_that_is_opened_once_and_closed() -> None:
    opened: list[Looking] = []

    class Looking:
        def __init__(self) -> None:
            self.looks, self.closed = 0, False
            opened.append(self)

        def __call__(self, frame: np.ndarray) -> list[Detection]:
            self.looks += 1
            return [person(90, sure=0.8)] if self.looks < 3 else []

        def close(self) -> None:
            self.closed = True

    with closing(FreshLook(Looking)) as afresh:  # type: ignore[arg-type]
        upright, lying = person(0), person(80)
        assert afresh(FRAME, []) == [] and afresh(FRAME, [upright])[0] is upright and not opened
        for _ in range(2):
            assert afresh(FRAME, [lying])[0].confidence[0] == 0.8
        assert afresh(FRAME, [lying])[0] is lying  # not found afresh: as followed
    assert [(one.looks, one.closed) for one in opened] == [(3, True)]
    with closing(FreshLook(Looking)) as afresh:  # type: ignore[arg-type]
        assert afresh(FRAME, [upright])[0] is upright
    assert len(opened) == 1


class Tumbling:
    """In place of MediaPipe: from the middle of the film on somebody lies, and is followed with less confidence."""

    def __init__(self, model: Path, image_size: tuple[int, int], video: bool) -> None:
        self.video = video

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        lean = 85.0 if frame.max() > 100 else 5.0
        return [person(lean, 48, sure=0.8 if self.video else 0.9)]  # in the middle, also if it is mirrored

    def close(self) -> None:
        pass


def test_the_stage_takes_a_fresh_look_where_the_person_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "Child", Here)
    monkeypatch.setattr(passes, "PoseDetector", Tumbling)
    look_at_whole_pictures_only(monkeypatch)
    film = write_clip(tmp_path / "a.mp4", [FRAME] * 10 + [np.full_like(FRAME, 255)] * 10, 20)
    found = detect_keypoints(film).confidence.max(1)
    assert found == pytest.approx([0.8] * 10 + [0.9] * 10)
