"""Looking in parts of pictures: for people whom others miss, and in gaps for who was lost; with a made-up detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import write_clip

from motionrecon.core.landmarks import COUNT
from motionrecon.keypoints import passes
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.gaps import gaps
from motionrecon.keypoints.lookout import Lookout, squares
from motionrecon.keypoints.passes import DetectorRun, watch_gaps
from motionrecon.keypoints.tracks import Track
from motionrecon.video import probe

WIDTH, HEIGHT = 320, 180
TALL = 40
#: Of somebody less tall than this share of the picture the detector sees nothing.
_SMALLEST = 0.15


class Bright:
    """In place of MediaPipe: people are white, as tall as they are large in the picture that it is shown."""

    def __init__(self, model: Path | None = None, size: tuple[int, int] = (WIDTH, HEIGHT), video: bool = False) -> None:
        self.size = size
        self.shown: list[np.ndarray] = []

    def __call__(self, frame: np.ndarray, size: tuple[float, float] | None = None) -> list[Detection]:
        self.shown.append(frame)
        white = (frame.min(-1) > 200).astype(np.uint8)
        _, _, blobs, _ = cv2.connectedComponentsWithStats(white)
        scale = (size or self.size)[0] / frame.shape[1]
        tall = [blob for blob in blobs[1:] if blob[3] >= _SMALLEST * max(frame.shape[:2]) and blob[4] > 50]
        return [person(x * scale, y * scale, height * scale) for x, y, _, height, _ in tall]

    def close(self) -> None:
        pass


def person(x: float, y: float, height: float = TALL) -> Detection:
    """Somebody whose upper left corner is at (x, y)."""
    down = np.linspace(0, height, COUNT)
    across = x + 12 * (np.arange(COUNT) % 2)
    return Detection(np.stack([across, y + down], -1), np.full(COUNT, 0.9), np.zeros((COUNT, 3)))


def picture(*corners: tuple[float, float]) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for x, y in corners:
        image[int(y) : int(y) + TALL, int(x) : int(x) + 12] = 255
    return image


def places(people: Sequence[Detection]) -> list[tuple[int, int]]:
    return [(round(float(one.box[0])), round(float(one.box[1]))) for one in people]


def lookout(detector: Bright, every: int = 100) -> Lookout:
    return Lookout(detector, 1.0, 0.25, every)  # type: ignore[arg-type]


LEFT, RIGHT = (40, 60), (260, 100)


def test_squares_show_all_of_a_picture() -> None:
    for width, height in ((1920, 1080), (1080, 1920), (640, 480), (2560, 1080), (500, 500), (520, 500)):
        shown = np.zeros((height, width), bool)
        for (x, y), side in squares(width, height):
            assert side <= max(width, height)
            shown[int(y) : int(y) + side, int(x) : int(x) + side] = True
        assert shown.all()
    assert len(squares(1920, 1080)) == 2 and len(squares(520, 500)) == 1


def test_who_is_too_small_in_the_whole_picture_is_found_in_a_part_of_it_and_from_then_on() -> None:
    detector = Bright()
    assert not detector(picture(LEFT))  # 40 of 320 pixels is too small
    around = lookout(detector)
    assert places(around(picture(LEFT), [], [])) == [LEFT]
    moved = (LEFT[0] + 8, LEFT[1])
    assert places(around(picture(moved), [], [])) == [moved]
    assert places(around(picture(), [], [])) == []


def test_those_who_are_known_are_painted_over_where_others_are_looked_for() -> None:
    detector = Bright()
    found = lookout(detector)(picture(LEFT, RIGHT), [person(*LEFT)], [])
    assert places(found) == [LEFT, RIGHT]
    parts = [frame for frame in detector.shown if len(frame) == HEIGHT]
    assert len(parts) == 2 and (parts[0] == 128).any() and not (parts[0] > 200).any()


def test_parts_are_looked_at_now_and_then_in_turn() -> None:
    detector = Bright()
    around = lookout(detector, every=3)
    empty = picture()
    counts = []
    for _ in range(8):
        around(empty, [], [])
        counts.append(len(detector.shown))
    assert counts == [2, 2, 2, 3, 3, 3, 4, 4]
    assert places(around(picture(LEFT), [], [])) == []
    assert places(around(picture(LEFT), [], [])) == []  # the right part's turn
    found = [places(around(picture(LEFT), [], [])) for _ in range(3)]
    assert found == [[], [], [LEFT]]


def test_whom_a_second_look_does_not_show_is_not_believed_in_unless_they_were_there() -> None:
    around = lookout(Bright())
    ghost = person(*RIGHT)
    assert places(around(picture(LEFT), [person(*LEFT)], [ghost])) == [LEFT]
    seen = picture(LEFT, RIGHT)
    assert places(around(seen, [person(*LEFT)], [person(*RIGHT)])) == [LEFT, RIGHT]
    assert places(around(picture(LEFT), [person(*LEFT)], [person(*RIGHT)])) == [LEFT, RIGHT]


def test_who_is_followed_but_not_found_at_a_second_look_is_not_looked_for_later() -> None:
    detector = Bright()
    around = lookout(detector)
    assert places(around(picture(), [person(*LEFT)], [])) == [LEFT]
    shown = len(detector.shown)
    assert places(around(picture(), [], [])) == [] and len(detector.shown) == shown
    assert places(around(picture(), [person(*LEFT)], [person(*LEFT)])) == [LEFT]  # two looks agree: no third one
    assert len(detector.shown) == shown
    assert places(around(picture(), [], [])) == [] and len(detector.shown) == shown + 1


def test_two_side_by_side_are_both_looked_for_where_they_were() -> None:
    """One of them is found by others, and must not be taken for the other."""
    beside = (LEFT[0] + 22, LEFT[1])
    around = lookout(Bright())
    assert places(around(picture(LEFT, beside), [person(*LEFT)], [person(*beside)])) == [LEFT, beside]
    assert places(around(picture(LEFT, beside), [person(*LEFT)], [])) == [LEFT, beside]


def test_the_stretches_without_somebody() -> None:
    assert gaps([2, 3, 6], 8) == [range(2), range(4, 6), range(7, 8)]
    assert gaps([2, 3, 6], 7) == [range(2), range(4, 6)]
    assert gaps([], 3) == [range(3)]


FPS, FRAMES = 20, 80


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorRun:
    """Somebody comes at frame 10, walks to the right until frame 60, and is hidden in frames 40 to 43."""
    monkeypatch.setattr(passes, "PoseDetector", Bright)
    shown = [picture(place(k)) if 10 <= k < 60 and k not in range(40, 44) else picture() for k in range(FRAMES)]
    path = write_clip(tmp_path / "walk.mp4", shown, FPS)
    return DetectorRun(probe(path), None, None, path, path)


def place(k: int) -> tuple[int, int]:
    return 10 + 2 * k, 70


def track(frames: Sequence[int]) -> Track:
    return Track(list(frames), [person(*place(k)) for k in frames])


def test_who_was_lost_is_found_from_both_ends_of_a_gap_and_nowhere_else(film: DetectorRun) -> None:
    looked: list[int] = []
    followed = track([35, 36, 50])
    found = watch_gaps(looked.append, film, followed, FRAMES, followed, [])
    assert found.frames == [*range(10, 40), *range(44, 60)]  # more than a chunk backwards
    for frame, one in zip(found.frames, found.detections, strict=True):
        assert one.box == pytest.approx(person(*place(frame)).box, abs=2.0)
    assert found.detections[25] is followed.detections[0]
    assert len(looked) <= 67  # not to the ends of the film


def test_whom_only_looks_saw_is_found_in_the_frames_between_them(film: DetectorRun) -> None:
    """As somebody whom the detector that follows never finds; looks are 5 frames apart."""
    nobody = Track([], [])
    looks = Track([3, 4, 5, 9, 10], [person(*place(5 * k)) for k in (3, 4, 5, 9, 10)])
    found = watch_gaps(lambda done: None, film, nobody, FRAMES, looks, [])
    assert found.frames == [*range(10, 40), *range(44, 60)]
    seldom = Track([3, 4, 13, 14], [person(*place(5 * k)) for k in (3, 4, 13, 14)])  # not thrice in a row
    assert watch_gaps(lambda done: None, film, nobody, FRAMES, seldom, []).frames == []
    ghosts = Track([12, 13, 14], [person(*place(5 * k)) for k in (12, 13, 14)])
    assert watch_gaps(lambda done: None, film, nobody, FRAMES, ghosts, []).frames == []  # the film shows nobody there


def test_what_was_followed_badly_after_a_gap_is_mended(film: DetectorRun) -> None:
    """Where a look shows the person elsewhere, and more surely; before a gap all is left as it was."""
    frames = [*range(15, 25), *range(30, 50)]
    bad = {24: 0.5, 30: 0.5, 31: 0.95, 32: 0.5, 45: 0.5}
    seen = [
        replace(person(place(k)[0], place(k)[1] + 6 * (k in bad)), confidence=np.full(COUNT, bad.get(k, 0.9)))
        for k in frames
    ]
    followed = Track(frames, seen)
    looks = Track([5, 6, 7], [person(*place(5 * k)) for k in (5, 6, 7)])
    found = watch_gaps(lambda done: None, film, followed, FRAMES, looks, [])
    low = [k for k, one in zip(found.frames, found.detections, strict=True) if one.box[1] > place(k)[1] + 4]
    assert low == [24, 31, 45]


def test_a_part_of_a_film_is_searched_up_to_its_end(film: DetectorRun) -> None:
    part = DetectorRun(film.info, 1.0, 2.0, film.model, film.scan_model)
    followed = Track([5], [person(*place(25))])
    found = watch_gaps(lambda done: None, part, followed, 20, followed, [])
    assert found.frames == list(range(20))
    last = Track(list(range(19)), [person(*place(20 + k)) for k in range(19)])
    assert watch_gaps(lambda done: None, part, last, 20, last, []).frames == list(range(20))


def test_others_are_painted_over_where_somebody_is_looked_for(film: DetectorRun) -> None:
    """Whoever is where the person went out of sight is not the person."""
    followed = track(range(10, 30))
    looks = Track(list(range(6)), [person(*place(5 * k)) for k in range(6)])
    other = Track([5, 6, 7, 8, 9, 10, 11], [person(*place(5 * k)) for k in range(5, 12)])
    found = watch_gaps(lambda done: None, film, followed, FRAMES, looks, [other])
    assert max(found.frames) < 40
