"""Somebody whom one of several films does not show by itself is looked for where and when the others see them."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from clips import demo_images, empty_images, write_clip
from people import SIZE, camera, person, see, stepping

from motionrecon.cameras.files import write_cameras
from motionrecon.core.progress import Silent
from motionrecon.keypoints.choice import Choice
from motionrecon.keypoints.clip import detect_clip, detect_there
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.tracks import Looks, Track
from motionrecon.options import Options
from motionrecon.pipeline import reconstruct
from motionrecon.rig import following
from motionrecon.run import Run
from motionrecon.source import look

CAMERAS = {"a": camera((4.2, -3.4, 1.3)), "b": camera((-3.9, -3.6, 1.5)), "c": camera((0.4, 5.1, 1.2))}
#: Frames a second of the films, of which every other one is looked at.
FPS, EVERY = 10, 2
FRAMES = 60


@pytest.fixture(scope="module")
def motion():
    """Somebody who walks through the pictures at 0.6 m a second."""
    body = person()
    qpos = stepping(body, 2 * FRAMES, FPS, period=1.9)
    qpos[:, 0] += 0.06 * (np.arange(len(qpos)) - FRAMES / 2)
    return body, qpos


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_cameras(folder / "Calib.toml", CAMERAS)
    return [write_clip(folder / f"{name}.mp4", empty_images(FRAMES, SIZE), FPS) for name in CAMERAS]


def options(films, **given):
    defaults = {name: p.default for name, p in inspect.signature(reconstruct).parameters.items()}
    return Options.of(defaults | {"camera": films[0].parent / "Calib.toml"} | given)


def searched(films, motion, monkeypatch, late, **given):
    """The boxes in which the third film is searched, where the films begin so many frames late and it shows nobody."""
    body, qpos = motion

    def look_round(path, *_):
        seen = see(body, qpos[late[path.stem] :], CAMERAS[path.stem], FPS)
        looks = range(0, FRAMES, EVERY)
        found = [Detection(seen.pixels[t], seen.confidence[t], seen.points_3d[t]) for t in looks]
        people = [] if path.stem == "c" else [Track(list(range(len(looks))), found)]
        return SimpleNamespace(looks=Looks(EVERY / FPS)), people

    monkeypatch.setattr(following, "look_round", look_round)
    chosen = options(films, **given)
    source = following.followed(Run(), look(Run(), films, chosen), chosen, [None] * 3)
    assert [recording.boxes is None for recording in source.recordings] == [True, True, False]
    return source.recordings[2].boxes


def wrong_by(boxes, motion, late):
    """How far the boxes are from the person in the third film, pixels; the largest of where others see them too."""
    body, qpos = motion
    pixels = see(body, qpos[late["c"] : late["c"] + FRAMES], CAMERAS["c"], FPS).pixels
    middle = 0.5 * (pixels.min(1) + pixels.max(1))
    away = np.linalg.norm(0.5 * (boxes[:, :2] + boxes[:, 2:]) - middle, axis=-1)
    return float(away[20:40].max())


@pytest.mark.parametrize("late", [{"a": 0, "b": 0, "c": 0}, {"a": 0, "b": 14, "c": 6}, {"a": 12, "b": 0, "c": 4}])
def test_it_is_searched_at_the_moments_that_the_offsets_say(films, motion, monkeypatch, late):
    offset = [(late[name] - late["a"]) / FPS for name in "bc"]
    assert wrong_by(searched(films, motion, monkeypatch, late, offset=offset), motion, late) < 12


def test_offsets_that_are_not_known_are_found_of_those_who_see_somebody(films, motion, monkeypatch):
    late = {"a": 0, "b": 14, "c": 0}
    assert wrong_by(searched(films, motion, monkeypatch, late), motion, late) < 25


def test_in_a_part_of_each_picture_the_detector_sees_what_it_sees_in_a_whole_one(tmp_path):
    images = demo_images(15)
    height, width, _ = images[0].shape
    side, corner = max(height, width), np.array([300, 120])
    large = []
    for image in images:
        canvas = np.full((side + 200, side + 400, 3), 128, np.uint8)
        canvas[corner[1] : corner[1] + height, corner[0] : corner[0] + width] = image
        large.append(canvas)
    film = write_clip(tmp_path / "large.mp4", large)
    alone = detect_clip(write_clip(tmp_path / "alone.mp4", images), "full", None, None, Choice(), None, Silent())
    boxes = np.tile([*corner, *(corner + side)], (len(images), 1)).astype(float)
    there = detect_there(film, "full", None, None, boxes, tmp_path / "kept", Silent())
    both = alone.tracked & there.tracked
    assert both.sum() > 10 and there.image_size == (side + 400, side + 200)
    away = np.linalg.norm(there.pixels - corner - alone.pixels, axis=-1)[both]
    assert np.median(away) < 0.02 * side
    assert any("found in large.mp4 only where the other cameras see them" in text for text in there.warnings)
    again = detect_there(film, "full", None, None, boxes, tmp_path / "kept", Silent())
    np.testing.assert_array_equal(again.pixels, there.pixels)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    moved = detect_there(film, "full", None, None, boxes + 10.0, tmp_path / "kept", Silent())
    assert np.nanmedian(np.linalg.norm(moved.pixels - there.pixels, axis=-1)) < 0.02 * side
