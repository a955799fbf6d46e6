"""The keypoint stage with a made-up detector: whom it follows, what it keeps, and the picture of everybody."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import demo_images, write_clip
from looking import look_at_whole_pictures_only

from motionrecon.core.landmarks import COUNT
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError, OutputError
from motionrecon.keypoints import Keypoints, clip, detect_keypoints, list_people, passes
from motionrecon.keypoints.choice import Choice
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.pass_detections import PassDetections
from motionrecon.keypoints.tracks import Track

FRAMES, FPS = 40, 20


class Notes(Silent):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class Here:
    """In place of the detector's process: the calls are made at once."""

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def messages(self) -> tuple[str, ...]:
        return ()


class Pretended:
    """In place of MediaPipe: the tall one is seen by the looks only, until the short one is painted over."""

    def __init__(self, model: Path, image_size: tuple[int, int], video: bool) -> None:
        self.video = video

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        tall, short = person(20, 60), person(80, 20)
        if not self.video:
            return [short.mirrored(96), tall.mirrored(96)]  # the looks are at mirrored pictures, 96 pixels wide
        return [tall] if frame.max() > 100 else [short]  # grey where somebody was painted over

    def close(self) -> None:
        pass


def person(x: float, height: float) -> Detection:
    y = np.linspace(2, 2 + height, COUNT)
    pixels = np.stack([x + np.arange(COUNT) % 4, y], axis=-1)
    return Detection(pixels, np.full(COUNT, 0.9), np.zeros((COUNT, 3)))


def same(one: Keypoints, other: Keypoints) -> bool:
    arrays = ("pixels", "confidence", "points_3d", "tracked")
    return one.fps == other.fps and all(np.array_equal(getattr(one, a), getattr(other, a), True) for a in arrays)


def tall(keypoints: Keypoints) -> float:
    return float(np.ptp(keypoints.pixels[5, :, 1]))


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clip, "Child", Here)
    monkeypatch.setattr(passes, "PoseDetector", Pretended)
    look_at_whole_pictures_only(monkeypatch)
    return write_clip(tmp_path / "two.mp4", [np.zeros((64, 96, 3), np.uint8)] * FRAMES, FPS)


def test_the_stage_follows_the_largest_and_keeps_the_result(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, notes = tmp_path / "cache", Notes()
    result = detect_keypoints(video, "full", 0.5, 1.5, kept, notes)
    assert len(result) == 20 and result.fps == 20 and result.image_size == (96, 64)
    assert tall(result) == pytest.approx(60)
    assert any("2 people" in text for text in result.warnings)

    monkeypatch.setattr(passes, "PoseDetector", None)  # not needed any more
    again = detect_keypoints(video, "full", 0.5, 1.5, kept, notes)
    assert same(again, result) and again.warnings == result.warnings
    monkeypatch.setattr(passes, "PoseDetector", Pretended)
    for file in kept.iterdir():
        file.write_bytes(b"")
    assert same(detect_keypoints(video, "full", 0.5, 1.5, kept, notes), result)
    assert len(notes.warnings) == 2 and all("damaged" in text for text in notes.warnings)


def test_a_choice_is_followed_and_kept_apart(tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "cache"
    small = detect_keypoints(video, cache_dir=kept, person=2)
    assert tall(small) == pytest.approx(20) and any(
        "number 2 that list_people(...) gives for the same start and end is followed" in text for text in small.warnings
    )
    assert same(detect_keypoints(video, cache_dir=kept, person="82,10"), small)
    monkeypatch.setattr(passes, "watch", None)  # what was seen is seen once, whomever one follows
    assert tall(detect_keypoints(video, cache_dir=kept)) == pytest.approx(60)
    assert tall(detect_keypoints(video, cache_dir=kept, person="1")) == pytest.approx(60)
    for who in (3, "50,2"):
        with pytest.raises(InputError, match=rf"person={who}: nobody.*two\.mp4.* 1: seen for 2\.0 s.*; 2: seen for"):
            detect_keypoints(video, cache_dir=kept, person=who)


@pytest.mark.parametrize("change", [{"start": 0.5}, {"end": 1.5}, {"detector": "other"}, {"person": 2}, {"video": 1}])
def test_the_cache_depends_on_everything(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    find = clip.models.find
    other = tmp_path / "other.task"
    other.write_bytes(b"another model")
    monkeypatch.setattr(clip.models, "find", lambda name: other if name == "other" else find(name))
    kept = tmp_path / "cache"
    detect_keypoints(video, cache_dir=kept)
    before = {path.name for path in kept.glob("keypoints-*")}
    assert len(before) == 1
    if "video" in change:
        change = {"video": write_clip(tmp_path / "b.mp4", [np.ones((64, 96, 3), np.uint8)] * FRAMES, FPS)}
    detect_keypoints(**{"video": video, "cache_dir": kept} | change)
    assert {path.name for path in kept.glob("keypoints-*")} != before


def test_everybody_is_drawn_with_their_numbers(tmp_path: Path, video: Path) -> None:
    import cv2

    picture = tmp_path / "people.png"
    lines = list_people(video, picture)
    assert len(lines) == 2 and lines[0].startswith("1: seen for 2.0 s (from 0.0 to 2.0 s of the film), 60 pixels tall")
    image = cv2.imread(str(picture))[..., ::-1].astype(int)
    assert image.shape == (64, 96, 3)
    orange, blue = ((np.abs(image - colour).sum(-1) < 10) for colour in ((230, 159, 0), (86, 180, 233)))
    assert np.flatnonzero(orange.any(0)).max() < 50 and np.flatnonzero(blue.any(0)).min() > 60
    assert list_people(video, picture) == lines  # our own picture may be replaced
    cut = list_people(video, picture, start=0.5, end=1.6)  # told as a player shows it, and not beyond the range
    assert all("seen for 1.1 s (from 0.5 to 1.6 s of the film)" in line for line in cut)
    picture.write_bytes(b"the user's own")
    with pytest.raises(OutputError, match=r"people\.png exists"):
        list_people(video, picture)
    assert picture.read_bytes() == b"the user's own"


def test_people_of_other_moments_get_pictures_of_their_own(tmp_path: Path) -> None:
    import cv2
    from test_keypoints_foreign import openpose, points, write

    def people(t: int) -> list[Any]:
        return [openpose(points(t))] if t < 8 else [openpose(points(t, x=900.0, size=0.4))]

    folder = write(tmp_path / "json", people, frames=range(16))
    video = write_clip(tmp_path / "a.mp4", [np.zeros((800, 1000, 3), np.uint8)] * 16)
    # Never two at once: by default they would be one person after a cut, unless sizes say otherwise.
    lines = list_people(video, tmp_path / "p.png", folder)
    assert cv2.imread(str(tmp_path / "p.png")).shape[0] == 800 * len(lines)


def test_of_given_keypoints_only_who_is_in_the_range_is_shown_and_keeps_the_number(tmp_path: Path) -> None:
    import cv2
    from test_keypoints_foreign import openpose, points, write

    def people(t: int) -> list[Any]:
        large, small = openpose(points(t)), openpose(points(t, x=900.0, size=0.4))
        return [large, small] if 8 <= t < 10 else [large] if t < 10 else [small]

    folder = write(tmp_path / "json", people, frames=range(30))
    pictures = [np.full((800, 1000, 3), 8 * t, np.uint8) for t in range(30)]
    video = write_clip(tmp_path / "a.mp4", pictures, 10)
    whole = list_people(video, tmp_path / "p.png", folder)
    assert [line[:2] for line in whole] == ["1:", "2:"]
    assert list_people(video, tmp_path / "p.png", folder, start=2.0) == whole[1:]
    image = cv2.imread(str(tmp_path / "p.png"))
    assert image.shape[0] == 800 and abs(float(image[10, 500].mean()) - 8 * 20) < 10  # the range's first frame
    assert list_people(video, tmp_path / "p.png", folder, end=0.7) == whole[:1]
    assert list_people(video, tmp_path / "p.png", folder, start=0.0, end=3.0) == whole
    with pytest.raises(InputError, match="end=1 does not come after start=2"):
        list_people(video, tmp_path / "p.png", folder, start=2.0, end=1.0)


def test_nobody_in_the_video(tmp_path: Path) -> None:
    black = write_clip(tmp_path / "black.mp4", [np.zeros((64, 96, 3), np.uint8)] * 5)
    with pytest.raises(InputError, match=r"no person was found in black\.mp4"):
        detect_keypoints(black)
    with pytest.raises(InputError, match=r"no person was found in black\.mp4"):
        list_people(black, tmp_path / "people.png")
    assert not (tmp_path / "people.png").exists()


def test_who_is_chosen_and_cannot_be_followed_is_not_called_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = write_clip(tmp_path / "walk.mp4", demo_images(6))
    monkeypatch.setattr("motionrecon.keypoints.clip._followed", lambda *_: Track())
    with pytest.raises(InputError, match=r"person=1 was looked for in walk\.mp4, and could not be followed"):
        detect_keypoints(film, person="1")
    black = write_clip(tmp_path / "black.mp4", [np.zeros((64, 96, 3), np.uint8)] * 5)
    with pytest.raises(InputError, match=r"no person was found in black\.mp4"):
        detect_keypoints(black, person="1")


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ("largest", Choice()),
        (" Largest ", Choice()),
        (2, Choice(number=2)),
        ("12", Choice(number=12)),
        ("640,360", Choice(point=(640, 360))),
        ("640.5, -3", Choice(point=(640.5, -3))),
        ("640 360", Choice(point=(640, 360))),
        ("640x360", Choice(point=(640, 360))),
        ((1, 2.5), Choice(point=(1, 2.5))),
    ],
)
def test_choices(value: Any, choice: Choice) -> None:
    assert Choice.of(value) == choice
    assert Choice.of(str(choice)) == choice


@pytest.mark.parametrize("value", ["", "0", "-1", "smallest", "1,2,3", "nan,3", "inf,1", ",", "1,", "1.5", 0, -3, True])
def test_choices_of_nobody(value: Any) -> None:
    with pytest.raises(InputError, match=r"person=.* is nobody; give largest, a number .* or a point"):
        Choice.of(value)


def test_what_was_seen_survives_being_kept() -> None:
    seen = PassDetections(
        [[person(1, 2)], [], [person(3, 4)]], [[person(1, 2), person(5, 6)]], [[person(5, 6)]], ("the camera moves",)
    )
    again = PassDetections.from_arrays(seen.to_arrays())
    assert again.warnings == seen.warnings
    for one, other in ((again.seen, seen.seen), (again.looks, seen.looks), (again.mirrored, seen.mirrored)):
        assert [len(row) for row in one] == [len(row) for row in other]
        for a, b in zip(chain(*one), chain(*other), strict=True):
            np.testing.assert_array_equal(a.pixels, b.pixels)
    nobody = PassDetections([[], []], [[]], [[]], ())
    assert PassDetections.from_arrays(nobody.to_arrays()) == nobody
