"""A second look at each picture, mirrored, on a made-up detector that is lopsided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import write_clip
from films import index_of, picture
from hypothesis import given
from hypothesis import strategies as st
from looking import look_at_whole_pictures_only
from test_keypoints_sides import FPS, FRAMES, HEIGHT, LOST, TRUE, WIDTH, WRONG, keypoints, sure, wrong
from test_keypoints_stage import Here, Notes

from motionrecon import reconstruct
from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.core.progress import Silent
from motionrecon.keypoints import Keypoints, clip, detect_keypoints, file, passes
from motionrecon.keypoints.clip import detect_there
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.mirrored import mean_of_looks, second_looks, seen_mirrored, with_second
from motionrecon.keypoints.pass_detections import PassDetections
from motionrecon.keypoints.tracks import Track

LEFT, RIGHT = INDEX["left_elbow"], INDEX["right_elbow"]


def lopsided(one: Detection) -> Detection:
    """As a detector sees somebody who has all left elbows 2 pixels too far right and 10 cm too deep, and is sure."""
    pixels, points, confidence = one.pixels.copy(), one.points_3d.copy(), one.confidence.copy()
    pixels[LEFT] += (2.0, 0.0)
    points[LEFT, 2] += 0.1
    confidence[LEFT] = 1.0
    return Detection(pixels, confidence, points)


class Lopsided:
    """In place of MediaPipe; how often it follows, and at what, is counted."""

    looks: list[bool]
    sides = TRUE

    def __init__(self, model: Path, image_size: tuple[int, int], video: bool) -> None:
        self.video, self.width = video, image_size[0]

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        k, mirrored = index_of(frame), bool(frame[10, 10].mean() < frame[10, -10].mean())
        if self.video:
            self.looks.append(mirrored)
        if mirrored:
            return [lopsided(TRUE[k].mirrored(self.width))]
        return [] if k in LOST else [lopsided(self.sides[k])]

    def close(self) -> None:
        pass


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clip, "Child", Here)
    monkeypatch.setattr(passes, "PoseDetector", Lopsided)
    look_at_whole_pictures_only(monkeypatch)
    monkeypatch.setattr(Lopsided, "looks", [], raising=False)
    return write_clip(tmp_path / "turn.mp4", [picture(k, (WIDTH, HEIGHT)) for k in range(FRAMES)], FPS)


def off(found: Keypoints, index: int) -> np.ndarray:
    """By how much a landmark is too far right, too deep and too sure, where somebody is seen: (T, 3)."""
    seen = found.tracked
    return np.stack(
        [
            found.pixels[seen, index, 0] - np.array([one.pixels[index, 0] for one in TRUE])[seen],
            found.points_3d[seen, index, 2] - np.array([one.points_3d[index, 2] for one in TRUE])[seen],
            found.confidence[seen, index] - np.array([one.confidence[index] for one in TRUE])[seen],
        ],
        axis=1,
    )


@given(st.floats(0, 100), st.integers(0, FRAMES - 1))
def test_to_mirror_a_picture_and_what_is_seen_in_it_changes_nothing(x: float, k: int) -> None:
    image = picture(k, (WIDTH, HEIGHT))
    person = TRUE[k].moved(np.array([x, 0.0]))

    def sees(shown: np.ndarray) -> list[Detection]:
        assert shown.flags.c_contiguous
        np.testing.assert_array_equal(shown[:, ::-1], image)
        return [person.mirrored(WIDTH)]

    (found,) = seen_mirrored(sees, image, WIDTH)
    for name in ("pixels", "confidence", "points_3d"):
        np.testing.assert_allclose(getattr(found, name), getattr(person, name), atol=1e-9)


def test_the_mean_of_both_looks_is_not_lopsided_and_says_how_it_was_made(film: Path, tmp_path: Path) -> None:
    once, twice = (detect_keypoints(film, mirrored=mirrored) for mirrored in (False, True))
    assert (once.mirrored, twice.mirrored) == (False, True)
    np.testing.assert_allclose(off(once, LEFT)[:15], [[2.0, 0.1, 0.1]] * 15, atol=1e-3)
    np.testing.assert_allclose(off(once, RIGHT)[:15], 0.0, atol=1e-3)
    np.testing.assert_allclose(off(twice, LEFT)[:15], [[1.0, 0.05, 0.05]] * 15, atol=1e-3)
    np.testing.assert_allclose(off(twice, RIGHT)[:15], [[-1.0, 0.05, 0.05]] * 15, atol=1e-3)
    for found in (once, twice):
        assert not found.tracked[list(LOST)].any()  # a second look finds nobody whom the first has not found
        file.save(found, tmp_path / "kept.npz")
        assert file.load(tmp_path / "kept.npz").mirrored == found.mirrored
    older = {key: array for key, array in file.to_arrays(once).items() if key != "mirrored"}
    assert file.from_arrays(older, "older.npz").mirrored is False


def test_a_second_look_is_taken_at_each_picture_and_only_where_it_is_asked_for(film: Path) -> None:
    detect_keypoints(film)
    assert Lopsided.looks == [False] * FRAMES
    Lopsided.looks.clear()
    detect_keypoints(film, mirrored=True)
    assert Lopsided.looks == [False, True] * FRAMES


def test_what_one_look_saw_is_not_taken_for_what_two_saw(film: Path, tmp_path: Path) -> None:
    kept, notes = tmp_path / "cache", Notes()
    for looks, mirrored in ((1, False), (2, True), (1, False)):
        Lopsided.looks.clear()
        found = detect_keypoints(film, cache_dir=kept, progress=notes, mirrored=mirrored)
        assert len(Lopsided.looks) == looks * FRAMES
        Lopsided.looks.clear()
        again = detect_keypoints(film, cache_dir=kept, progress=notes, mirrored=mirrored)
        other = detect_keypoints(film, cache_dir=kept, progress=notes, mirrored=mirrored, person=1)
        assert not Lopsided.looks and again.mirrored == other.mirrored == mirrored
        for same in (again, other):
            np.testing.assert_array_equal(same.points_3d, found.points_3d)


def test_sides_in_doubt_cost_no_third_look(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lopsided, "sides", WRONG)
    found = detect_keypoints(film, judge=sure, mirrored=True)
    assert len(Lopsided.looks) == 2 * FRAMES
    assert not len(wrong(found)) and any("mistaken" in text for text in found.warnings)
    np.testing.assert_allclose(off(found, RIGHT)[-10:, 0], -2.0, atol=1e-3)  # there only the mirrored film is right


def test_a_run_says_in_its_report_and_its_keypoints_that_it_looked_twice(film: Path, tmp_path: Path) -> None:
    plain: dict[str, Any] = {"body": "capsules", "first_poses": "relaxed", "physics": False, "hands": False}
    motion = reconstruct(film, output=tmp_path / "out", start=1.2, height=1.7, mirrored=True, **plain)
    assert motion.report.options is not None and motion.report.options["mirrored"] is True
    assert json.loads((tmp_path / "out" / "report.json").read_text())["options"]["mirrored"] is True
    (kept,) = (tmp_path / "out" / "cache").glob("keypoints-*.npz")
    assert file.load(kept).mirrored and Lopsided.looks.count(True) == Lopsided.looks.count(False) > 0


def test_who_is_small_is_looked_at_twice_in_their_part_of_the_picture(film: Path) -> None:
    boxes = np.tile([20.0, 0.0, 20.0 + HEIGHT, HEIGHT], (FRAMES, 1))
    found = detect_there(film, "full", None, None, boxes, None, Silent(), mirrored=True)
    assert found.mirrored and Lopsided.looks.count(True) == FRAMES
    np.testing.assert_allclose(off(found, LEFT)[:15, 0], 21.0, atol=1e-3)  # 20 as the detector here knows no part


def test_sides_are_those_of_the_keypoints_and_what_is_far_off_stays_as_it_was() -> None:
    far = TRUE[3].pixels.copy()
    far[LEFT] += (0.2 * TRUE[3].size, 0.0)
    seconds = [
        replace(TRUE[0], confidence=TRUE[0].confidence[MIRROR] / 2, pixels=TRUE[0].pixels[MIRROR]),
        replace(TRUE[3], confidence=TRUE[3].confidence / 2, pixels=far),
    ]
    own = keypoints(TRUE)
    found = mean_of_looks(own, Track([0, 3], seconds))
    np.testing.assert_allclose(found.pixels, own.pixels)
    assert found.confidence[0] == pytest.approx(0.75 * own.confidence[0])
    changed = np.flatnonzero(found.confidence[3] < own.confidence[3])
    assert set(range(33)) - set(changed) == {LEFT}
    np.testing.assert_array_equal(
        np.delete(found.confidence, [0, 3], axis=0), np.delete(own.confidence, [0, 3], axis=0)
    )
    assert mean_of_looks(own, Track()) is own


def test_a_second_look_is_of_the_same_person_moves_along_and_is_kept() -> None:
    other = TRUE[0].moved(np.array([5 * TRUE[0].size, 0.0]))
    (alone,) = with_second([TRUE[0]], [other])
    assert alone.second is None
    (both,) = with_second([TRUE[0]], [other, TRUE[1]])
    assert both.second is TRUE[1]
    moved = both.moved(np.array([3.0, 4.0])).second
    assert moved is not None
    np.testing.assert_allclose(moved.pixels, TRUE[1].pixels + np.array([3.0, 4.0]))
    seen = PassDetections([[alone], [], [both]], [[]], [[]], ())
    again = PassDetections.from_arrays(seen.to_arrays()).seen
    assert [len(row) for row in again] == [1, 0, 1] and again[0][0].second is None
    track = Track([0, 2], [again[0][0], again[2][0]])
    assert second_looks(track).frames == [2]
    np.testing.assert_array_equal(second_looks(track).detections[0].pixels, TRUE[1].pixels)
