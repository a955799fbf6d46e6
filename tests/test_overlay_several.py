"""The overlay of several cameras: where their views stand, and each film at the right moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import filmed_by, walking

from motionrecon.core.landmarks import INDEX
from motionrecon.errors import InputError
from motionrecon.render import colours, render_still, write_overlay
from motionrecon.render.layout import Box, layout_of
from motionrecon.render.overlay import Painter
from motionrecon.result.films import films_of
from motionrecon.result.motion import Motion
from motionrecon.video import frames_from

LANDSCAPE, PORTRAIT = (1920, 1080), (1080, 1920)


def grey_clip(path: Path, frames: int, fps: int) -> Path:
    """A small film whose grey tells the frame: 8 k + 5."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(frames):
            picture = np.full((48, 64, 3), 8 * k + 5, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))
    return path


def pictures_of(motion: Motion, videos: list[Path | None], path: Path, **given) -> list[list[int | None]]:
    """For each frame of the overlay, which picture of its film each view shows; None for a plain ground."""
    write_overlay(motion, videos, path, **given)
    boxes = Painter(motion).layout.views
    found = []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            image = frame.to_ndarray(format="rgb24")
            corners = [box.of(image)[10:20, -20:-10].mean(axis=(0, 1)) for box in boxes]
            plain = [np.abs(corner - colours.PLAIN).max() < 4 for corner in corners]
            found.append([None if p else round((c.mean() - 5) / 8) for p, c in zip(plain, corners, strict=True)])
    return found


def overlaps(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([LANDSCAPE, PORTRAIT, (640, 480), (320, 240), (3840, 2160)]), min_size=1, max_size=12))
def test_all_parts_stand_apart_inside_a_picture_that_players_take(sizes: list[tuple[int, int]]) -> None:
    layout = layout_of(sizes)
    width, height = layout.size
    assert width % 2 == height % 2 == 0 and width <= 1920 and height <= 1080
    parts = [*layout.views, layout.side]
    assert len(layout.views) == len(sizes)
    assert all(p.x >= 0 and p.y >= 0 and p.x + p.width <= width and p.y + p.height <= height for p in parts)
    assert not any(overlaps(a, b) for i, a in enumerate(parts) for b in parts[:i])
    for box, size in zip(layout.views, sizes, strict=True):
        assert box.width / box.height == pytest.approx(size[0] / size[1], rel=0.04), "a view is squeezed"


@pytest.mark.parametrize(
    ("sizes", "least"),
    [
        ([LANDSCAPE] * 2, 860), ([LANDSCAPE] * 3, 900), ([LANDSCAPE] * 4, 700), ([LANDSCAPE] * 8, 600),
        ([PORTRAIT] * 2, 500), ([PORTRAIT] * 4, 360), ([LANDSCAPE, PORTRAIT], 350),
    ],
)  # fmt: skip
def test_views_are_as_large_as_they_can_be_and_the_side_view_shows_a_person(sizes, least) -> None:
    layout = layout_of(sizes)
    assert min(box.width for box in layout.views) >= least
    assert layout.side.height >= 350 and layout.side.width >= 0.55 * layout.side.height
    alike = {box.height // 8 for box, size in zip(layout.views, sizes, strict=True) if size == LANDSCAPE}
    assert len(alike) <= 2, "views of one kind differ in size"


def test_each_film_is_shown_at_its_own_moment(tmp_path: Path) -> None:
    films = [grey_clip(tmp_path / f"{i}.mp4", n, fps) for i, (n, fps) in enumerate([(12, 30), (30, 60), (5, 15)])]
    offsets = [0.0, -0.1, 0.11]
    motion = filmed_by(walking(12), *zip(films, offsets, strict=True))
    shown = pictures_of(motion, films, tmp_path / "overlay.mp4")
    assert [frame[0] for frame in shown] == list(range(12))
    assert [frame[1] for frame in shown] == [2 * t + 6 for t in range(12)]
    # The third begins a little after frame 3 of the motion, and each of its pictures serves two frames.
    assert [frame[2] for frame in shown] == [None, None, None, 0, 0, 1, 1, 2, 2, 3, 3, 4]


def test_a_film_that_ends_leaves_its_view_empty_and_says_so(tmp_path: Path) -> None:
    films = [grey_clip(tmp_path / "a.mp4", 12, 30), grey_clip(tmp_path / "b.mp4", 6, 30)]
    motion = filmed_by(walking(12), (films[0], 0.0), (films[1], 1 / 30))
    shown = [frame[1] for frame in pictures_of(motion, films, tmp_path / "overlay.mp4")]
    assert shown == [None, *range(6), *[None] * 5]
    box = Painter(motion).layout.views[1]
    picture = np.full((48, 64, 3), 200, np.uint8)
    labelled = [box.of(render_still(motion, 3, picture, other))[:60, :200] for other in (picture, None)]
    dark = [float((np.abs(part.astype(int) - colours.OUTLINE).max(axis=-1) < 6).mean()) for part in labelled]
    assert dark[0] == 0 and dark[1] > 0.1


def test_from_a_start_all_films_go_on_together(tmp_path: Path) -> None:
    films = [grey_clip(tmp_path / "a.mp4", 20, 30), grey_clip(tmp_path / "b.mp4", 20, 30)]
    motion = filmed_by(walking(6), (films[0], 0.0), (films[1], 2 / 30))
    cut = replace(motion, report={**motion.report, "source": {"video": None, "sha256": None, "start": 0.2, "end": 0.4}})
    shown = pictures_of(cut, films, tmp_path / "overlay.mp4", start=0.2, end=0.4)
    assert shown == [[6 + t, 4 + t] for t in range(6)]


def test_slow_motion_that_films_show_at_two_rates_is_in_step() -> None:
    motion = filmed_by(walking(6, 240.0), (None, 0.0), (None, 0.5))
    known = zip(motion.report.cameras or (), (30.0, 60.0), strict=True)
    cameras = [{**one, "fps": fps, "filmed_fps": 240.0} for one, fps in known]
    frames = {"total": 6, "tracked": 6, "simulated": 0, "fps": 240.0, "film_fps": 30.0}
    source = {"video": None, "sha256": None, "start": 1.0, "end": None}
    slow = replace(motion, report={"cameras": cameras, "frames": frames, "source": source})
    first, second = films_of(slow)
    np.testing.assert_allclose(first.times(3), 1 + np.arange(3) / 30)
    np.testing.assert_allclose(second.times(3), 0.25 + np.arange(3) / 60)  # half a second of the first film is 1/16 s


def test_slow_motion_beside_an_ordinary_film_is_in_step() -> None:
    motion = filmed_by(walking(6, 60.0), (None, 0.0), (None, 0.5))
    known = motion.report.cameras or ()
    rates = ({"fps": 60.0}, {"fps": 30.0, "filmed_fps": 240.0})
    cameras = [{**one, **rate} for one, rate in zip(known, rates, strict=True)]
    source = {"video": None, "sha256": None, "start": 1.0, "end": None}
    first, second = films_of(replace(motion, report={"cameras": cameras, "source": source}))
    np.testing.assert_allclose(first.times(3), 1 + np.arange(3) / 60)
    np.testing.assert_allclose(second.times(3), 8 * (0.5 + np.arange(3) / 60))  # eight times slower than the first
    frames = {"total": 6, "tracked": 6, "simulated": 0, "fps": 240.0, "film_fps": 30.0}
    slow = replace(filmed_by(walking(6, 240.0), (None, 0.0), (None, 0.5)), report={})
    cameras = [{**one, **rate} for one, rate in zip(known, rates[::-1], strict=True)]
    first, second = films_of(replace(slow, report={"cameras": cameras, "frames": frames, "source": source}))
    np.testing.assert_allclose(first.times(3), 1 + np.arange(3) / 30)
    np.testing.assert_allclose(second.times(3), 0.5 / 8 + np.arange(3) / 240)


def test_each_view_has_its_own_camera_and_trust() -> None:
    motion = filmed_by(walking(3), (None, 0.0), (None, 0.0))
    seen = np.array([[True, True, True], [True, False, True]])
    motion = replace(motion, tracked_by=seen)
    painter = Painter(motion)
    image = painter.draw(1)
    for i, (box, camera) in enumerate(zip(painter.layout.views, motion.cameras, strict=True)):
        x, y = np.round(
            camera.project(motion.joints[1:2, INDEX["left_knee"]])[0] * np.array(box.size) / camera.image_size
        ).astype(int)
        assert box.of(image)[y, x].min() > 200, "no dot at the knee"
        corner = box.of(image)[:60, :200].astype(int)
        dark = float((np.abs(corner - colours.OUTLINE).max(axis=-1) < 6).mean())
        assert (dark > 0.1) == (i == 1), "only the view that lost the person says so"
    lost = replace(motion, tracked=np.zeros(3, bool))
    assert not (np.abs(render_still(lost, 0).astype(int) - colours.LEFT).max(axis=-1) < 10).any()


def test_names_in_any_script_can_be_drawn() -> None:
    motion = filmed_by(walking(2), (None, 0.0), (None, 0.0))
    names = ["fenêtre " * 20, "左のカメラ"]
    cameras = [{**one, "name": name} for one, name in zip(motion.report.cameras or (), names, strict=True)]
    assert render_still(replace(motion, report={"cameras": cameras}), 0).shape[2] == 3


def test_a_motion_whose_report_knows_nothing_of_its_cameras_is_drawn() -> None:
    motion = replace(filmed_by(walking(2), (None, 0.0), (None, 0.0)), report={})
    assert [film.name for film in films_of(motion)] == ["camera 1", "camera 2"]
    render_still(motion, 0)


@pytest.mark.parametrize("first", [-0.25, 0.0, 0.013, 0.1, 0.39, 0.5, 9.0])
@pytest.mark.parametrize("fps", [15.0, 30.0, 70.0])
def test_pictures_from_any_time_are_the_nearest_and_none_where_there_are_none(tmp_path, first, fps) -> None:
    film = grey_clip(tmp_path / "film.mp4", 12, 30)
    pictures = frames_from(film, first, fps)
    for k in range(40):
        picture, time = next(pictures), first + k / fps
        frame = None if picture is None else round((float(picture.mean()) - 5) / 8)
        if -0.45 / 30 < time < 11.9 / 30:
            assert frame is not None and abs(frame - 30 * time) < 0.51 + (time > 11 / 30) / 2
        elif not -0.55 / 30 < time < 12.9 / 30:
            assert frame is None
    pictures.close()


def test_a_film_that_is_gone_is_named(tmp_path: Path) -> None:
    films = [grey_clip(tmp_path / "a.mp4", 4, 30), tmp_path / "gone.mp4"]
    motion = filmed_by(walking(4), (films[0], 0.0), (films[1], 0.0))
    with pytest.raises(InputError, match=r"gone\.mp4"):
        write_overlay(motion, films, tmp_path / "overlay.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]
