"""Frames, seconds and simulation steps of a clip, in real time and in a player's."""

import pytest

from motionrecon.core.clock import Clock
from motionrecon.errors import InputError


@pytest.mark.parametrize(("fps", "steps"), [(5, 24), (25, 5), (29.97, 5), (30, 4), (60, 2), (120, 1), (240, 1)])
def test_a_whole_number_of_steps_makes_a_frame(fps, steps):
    clock = Clock(fps)
    assert clock.steps_per_frame == steps
    assert clock.timestep * steps == pytest.approx(1 / fps)


def test_frames_and_seconds():
    clock = Clock(30.0)
    assert clock.frames(0.5) == 15 and clock.seconds(15) == 0.5
    assert clock.shown_fps == 30 and clock.shown_at(15) == 0.5
    assert Clock(30.0, first=60).shown_at(15) == 2.5


def test_a_film_in_slow_motion_has_two_times():
    clock = Clock(29.97, first=30).filmed_at(240.0)
    assert clock == Clock(240.0, 29.97, 30)
    assert clock.timestep == 1 / 240 and clock.seconds(120) == 0.5
    assert clock.shown_fps == 29.97 and clock.shown_at(0) == pytest.approx(30 / 29.97)
    assert clock.cut(300, 1.0, 2.0, "film") == range(30, 60)  # in the player's time
    assert Clock(30.0).filmed_at(None) == Clock(30.0)


def test_when_something_is_in_words():
    assert Clock(30.0).told(15) == "0.50 s" and Clock(30.0).told((0, 15), (30, 45)) == "0.00 to 0.50, 1.00 to 1.50 s"
    assert Clock(30.0, first=60).told((0, 15)) == "0.00 to 0.50 s (2.00 to 2.50 s of the film)"
    assert Clock(240.0, film_fps=30.0).told(24, digits=1) == "0.1 s (0.8 s of the film)"
    assert Clock(240.0, film_fps=30.0).told(0) == "0.00 s"


def test_a_cut():
    clock = Clock(25.0)
    assert clock.cut(50, None, None, "walk.mp4") == range(50)
    assert clock.cut(50, 0.2, 1.0, "walk.mp4") == range(5, 25)
    assert clock.cut(50, 1.0, 2.0, "walk.mp4") == range(25, 50)
    assert clock.cut(50, None, 2.04, "walk.mp4") == range(50)  # a frame lasts: the last one ends then


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (2.5, None, r"start=2\.5 lies outside walk\.mp4, which lasts 2\.00 s; give a time between 0 and 2\.00"),
        (None, 99.0, "end=99 lies outside"),
        (-1.0, None, "start=-1 lies outside"),
        (float("nan"), None, "start=nan lies outside"),
        (None, float("inf"), "end=inf lies outside"),
        (1.0, 1.0, "end=1 does not come after start=1"),
        (1.0, 1.04, r"holds 1 of 50 frames.*widen start=\.\.\. and end="),
        (2.0, None, "holds 0 of 50 frames"),
    ],
)
def test_a_cut_that_leaves_nothing_is_refused(start, end, said):
    with pytest.raises(InputError, match=said):
        Clock(25.0).cut(50, start, end, "walk.mp4")
