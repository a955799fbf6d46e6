"""Sides that a made-up detector exchanges for good: it is right in mirrored pictures, which show that it was wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clips import write_clip
from films import index_of, picture
from looking import look_at_whole_pictures_only
from people import SIZE, camera, person, see, stepping
from scipy.spatial.transform import Rotation
from test_keypoints_stage import Here, Notes

from motionrecon.core.landmarks import COUNT, MIRROR
from motionrecon.keypoints import Keypoints, clip, detect_keypoints, passes
from motionrecon.keypoints.detection import Detection, SeenHands
from motionrecon.keypoints.flips import undo_flips
from motionrecon.keypoints.sides import Stretch, doubtful, put_right
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.kinematics.likely import unlikely

FRAMES, FPS, SCALE = 44, 20, 0.25
WIDTH, HEIGHT = (round(SCALE * side) for side in SIZE)
#: From this frame on the detector has left for right: whoever turns is seen in profile then; in the frames before it
#: finds nobody, so that nothing jumps.
PROFILE, LOST = 22, range(18, 22)


def turning() -> list[Detection]:
    """Somebody who turns from the back to the camera, as they are, one detection a frame."""
    body, eye = person(), camera((3.5, 0.0, 1.3))
    qpos = stepping(body, FRAMES, FPS, lift=0.3)
    turn = Rotation.from_euler("z", np.linspace(np.pi - 0.2, 0.1, FRAMES)[:, None])
    qpos[:, :2] = 0.0
    qpos[:, 3:7] = (turn * Rotation.from_quat(qpos[:, 3:7], scalar_first=True)).as_quat(scalar_first=True)
    seen = see(body, qpos, eye, FPS)
    well = np.full(COUNT, 0.9)
    return [Detection(SCALE * pixels, well, points) for pixels, points in zip(seen.pixels, seen.points_3d, strict=True)]


def mistaken(one: Detection) -> Detection:
    """With left and right exchanged, and a depth that agrees."""
    points = one.points_3d[MIRROR] * (1.0, 1.0, -1.0)
    return Detection(one.pixels[MIRROR], 0.8 * one.confidence, points)


TRUE = turning()
WRONG = [mistaken(one) if frame >= PROFILE else one for frame, one in enumerate(TRUE)]


def keypoints(detections: list[Detection]) -> Keypoints:
    pixels, confidence, points = (
        np.array([getattr(one, name) for one in detections]) for name in ("pixels", "confidence", "points_3d")
    )
    return Keypoints(pixels, confidence, points, np.ones(len(pixels), bool), FPS, (WIDTH, HEIGHT))


def sure(seen: Keypoints) -> float:
    """A judge who knows by the confidence what was seen well: the mistaken detections have less."""
    return 1.0 - float(seen.confidence.mean())


class Turning:
    """In place of MediaPipe: wrong in the film from the profile on, right where the film is mirrored."""

    mirrored_looks = 0

    def __init__(self, model: Path, image_size: tuple[int, int], video: bool) -> None:
        self.video = video

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        k = index_of(frame)
        if frame[10, 10].mean() > frame[10, -10].mean():  # the white quarter is on the left
            return [] if k in LOST else [WRONG[k]]
        Turning.mirrored_looks += self.video
        return [TRUE[k].mirrored(WIDTH)]

    def close(self) -> None:
        pass


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clip, "Child", Here)
    monkeypatch.setattr(passes, "PoseDetector", Turning)
    look_at_whole_pictures_only(monkeypatch)
    monkeypatch.setattr(Turning, "mirrored_looks", 0)
    return write_clip(tmp_path / "turn.mp4", [picture(k, (WIDTH, HEIGHT)) for k in range(FRAMES)], FPS)


def wrong(found: Keypoints) -> np.ndarray:
    """The frames in which left and right of the keypoints are exchanged."""
    true = np.array([one.pixels for one in TRUE])
    as_is, exchanged = (np.linalg.norm(found.pixels - labels, axis=-1).mean(1) for labels in (true, true[:, MIRROR]))
    return np.flatnonzero(exchanged < as_is)


def test_a_person_mirrored_twice_is_the_same() -> None:
    again = TRUE[3].mirrored(WIDTH).mirrored(WIDTH)
    for name in ("pixels", "confidence", "points_3d"):
        np.testing.assert_allclose(getattr(again, name), getattr(TRUE[3], name))
    assert not np.allclose(TRUE[3].mirrored(WIDTH).pixels, TRUE[3].pixels)


def test_what_was_exchanged_for_good_is_put_right_said_and_kept(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, notes = tmp_path / "cache", Notes()
    before = detect_keypoints(film, cache_dir=kept, progress=notes)
    assert len(wrong(before)) >= FRAMES - PROFILE - 2  # nothing jumps, so that it is not undone as a flip
    found = detect_keypoints(film, cache_dir=kept, progress=notes, judge=sure)
    assert 0 < Turning.mirrored_looks < FRAMES
    assert not len(wrong(found))
    said = [text for text in found.warnings if "mistaken" in text]
    assert len(said) == 1 and "turn.mp4 were mistaken from 0." in said[0] and "to 2.2 s of the film" in said[0]

    def fail(*_: object) -> None:
        raise AssertionError("it was detected before")

    monkeypatch.setattr(passes, "PoseDetector", fail)  # a run that goes on takes what was chosen
    again = detect_keypoints(film, cache_dir=kept, progress=notes, judge=sure)
    np.testing.assert_array_equal(again.pixels, found.pixels)
    assert again.warnings == found.warnings


def test_what_mirrored_pictures_speak_against_is_not_undone(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = [TRUE[frame // 4] for frame in range(FRAMES)]  # from behind, and from one frame to the next from the front
    sudden = [replace(one, pixels=one.pixels[MIRROR]) if frame >= PROFILE else one for frame, one in enumerate(slow)]
    assert undo_flips(keypoints(sudden))[1].sum() >= FRAMES - PROFILE
    for name, seen in (("WRONG", sudden), ("TRUE", sudden), ("LOST", ())):
        monkeypatch.setattr(f"test_keypoints_sides.{name}", seen)
    found = detect_keypoints(film)
    assert not len(wrong(found))
    assert not any("exchanged" in text for text in found.warnings)


def test_a_part_of_a_film_is_looked_at_where_it_is(film: Path) -> None:
    found = detect_keypoints(film, start=0.5, judge=sure)
    true = np.array([one.pixels for one in TRUE[10:]])
    np.testing.assert_allclose(found.pixels[12:], true[12:], atol=1e-3)


def test_the_likelier_motion_stays_whichever_it_is(film: Path) -> None:
    found = detect_keypoints(film, judge=lambda seen: 1.0)
    assert Turning.mirrored_looks and len(wrong(found)) >= FRAMES - PROFILE - 2
    assert not any("mistaken" in text for text in found.warnings)


def test_nothing_is_looked_at_again_where_mirrored_pictures_agree(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_keypoints_sides.WRONG", TRUE)

    def never(seen: Keypoints) -> float:
        raise AssertionError("there is nothing to judge")

    found = detect_keypoints(film, judge=never)
    assert Turning.mirrored_looks == 0 and not len(wrong(found))


def test_stretches_in_doubt_lie_between_looks_that_agree_and_within_a_shot() -> None:
    every = 5
    looks = [[TRUE[frame]] for frame in range(0, FRAMES, every)]
    assert doubtful(keypoints(TRUE), looks, every) == []
    assert doubtful(keypoints(WRONG), [[] for _ in looks], every) == []
    (one,) = doubtful(keypoints(WRONG), looks, every)
    assert one.frames.start <= PROFILE + every and one.frames.stop == FRAMES
    assert one.watched == range(one.frames.start - 6, FRAMES)
    (cut,) = doubtful(keypoints(WRONG), looks, every, [30])[:1]
    assert cut.frames.stop == 30 == cut.watched.stop
    few = [mistaken(two) if 25 <= frame < 33 else two for frame, two in enumerate(TRUE)]
    (short,) = doubtful(keypoints(few), looks, every)
    assert short.frames == range(20, 36)


def test_frames_in_which_the_mirrored_film_shows_nobody_stay_and_hands_come_along() -> None:
    hands = SeenHands(np.ones((2, 21, 2)), np.ones((2, 21, 3)), np.ones(2))
    stretch = Stretch(range(24, FRAMES), range(18, FRAMES))
    seen = [[] if frame in (19, 30) else [replace(TRUE[frame], hands=hands)] for frame in stretch.watched]
    own = keypoints(WRONG)
    nobody = HandKeypoints(
        np.full((FRAMES, 2, 21, 2), np.nan), np.full((FRAMES, 2, 21, 3), np.nan), np.zeros((FRAMES, 2))
    )
    found, taken = put_right(replace(own, hands=nobody), [stretch], [seen], sure)
    assert taken == [stretch.frames]
    assert set(wrong(found)) - set(range(PROFILE, 24)) == {30}
    assert found.hands is not None
    looked = found.hands.confidence[:, 0] > 0
    assert set(np.flatnonzero(looked)) == set(range(24, FRAMES)) - {30}
    assert own.hands is None


@pytest.mark.parametrize("spoil", [mistaken, lambda one: replace(one, pixels=one.pixels[MIRROR])])
def test_who_changes_sides_in_between_moves_as_nobody_does(spoil: Callable[[Detection], Detection]) -> None:
    part = slice(0, 16)  # seen from behind: sides are far apart
    jumps = [spoil(one) if 6 <= frame < 11 else one for frame, one in enumerate(TRUE)]
    assert unlikely(keypoints(TRUE[part])) < 0.7 * unlikely(keypoints(jumps[part]))
