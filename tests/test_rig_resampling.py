"""One recording on another's clock: what is asked for between its frames, beyond them, and on them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.core.clock import Clock
from motionrecon.keypoints.types import Keypoints
from motionrecon.rig.course import Course, between
from motionrecon.rig.resampling import frames_at, on_clock


def _moving(times: np.ndarray) -> np.ndarray:
    """(T, 33, 2) landmarks on circles, once or twice a second."""
    angle = 2 * np.pi * times[:, None] * np.linspace(1.0, 2.0, 33) + np.arange(33)
    return 500 + 100 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _keypoints(fps: float, count: int, start: float = 0.0) -> Keypoints:
    pixels = _moving(start + np.arange(count) / fps)
    points = np.concatenate([pixels, pixels[..., :1]], axis=-1) / 500
    confidence = np.full((count, 33), 0.8)
    return Keypoints(pixels, confidence, points, np.ones(count, dtype=bool), fps, (1000, 1000), ("said",))


@pytest.mark.parametrize(("own", "lead"), [(60.0, 30.0), (30.0, 60.0), (29.97, 25.0), (120.0, 50.0), (240.0, 24.0)])
def test_landmarks_are_where_they_were_at_the_leaders_times(own, lead):
    clock = Clock(lead, first=7)
    offset = -0.31
    there = on_clock(_keypoints(own, round(6 * own)), Clock(own), clock, 40, offset)
    true = _moving((7 + np.arange(40)) / lead - offset)
    assert len(there) == 40 and there.fps == lead and there.image_size == (1000, 1000) and there.warnings == ("said",)
    assert there.tracked.all() and np.allclose(there.confidence, 0.8)
    limit = 0.5 * 100 * (2 * np.pi * 2 / own) ** 2 / 8 * 1.2 + 1e-3  # half of what a straight line would miss
    assert np.abs(there.pixels - true).max() < limit
    assert np.abs(there.points_3d[..., :2] - true / 500).max() < limit / 500


def test_a_clock_that_comes_to_the_same_times_copies_bit_for_bit():
    keypoints = _keypoints(30.0, 50)
    same = on_clock(keypoints, Clock(30.0), Clock(30.0), 50)
    for name in ("pixels", "confidence", "points_3d", "tracked"):
        assert np.array_equal(getattr(same, name), getattr(keypoints, name))
        assert not np.shares_memory(getattr(same, name), getattr(keypoints, name))
    later = on_clock(keypoints, Clock(30.0, first=10), Clock(30.0, first=4), 60, offset=-0.2)
    assert np.array_equal(later.pixels[:50], keypoints.pixels)
    assert np.isnan(later.pixels[50:]).all() and not later.tracked[50:].any() and not later.confidence[50:].any()


def test_every_other_frame_of_a_double_rate_is_copied():
    keypoints = _keypoints(60.0, 51)
    half = on_clock(keypoints, Clock(60.0), Clock(30.0), 26)
    assert np.array_equal(half.pixels, keypoints.pixels[::2])


def test_ntsc_and_30_part_over_minutes():
    own, lead = 30000 / 1001, 30.0
    count = 18000  # ten minutes: 0.6 s and 18 frames apart at their end
    at = frames_at(Clock(own), Clock(lead), count, 0.0)
    assert np.allclose(at[-1], (count - 1) / lead * own) and 17.5 < count - 1 - at[-1] < 18.5
    keypoints = _keypoints(own, count - 17)
    there = on_clock(keypoints, Clock(own), Clock(lead), count)
    true = _moving(np.arange(count) / lead)
    assert np.nanmax(np.abs(there.pixels - true)) < 1.5


def test_nothing_is_seen_before_and_after_the_recording():
    keypoints = _keypoints(30.0, 30)
    there = on_clock(keypoints, Clock(30.0), Clock(30.0), 100, offset=1.01)
    assert not there.tracked[:31].any() and there.tracked[31:60].all() and not there.tracked[60:].any()
    for values in (there.pixels, there.points_3d):
        assert np.isnan(values[~there.tracked]).all() and np.isfinite(values[there.tracked]).all()
    assert not there.confidence[~there.tracked].any()


def test_what_is_not_seen_in_both_neighbours_is_not_made_up():
    keypoints = _keypoints(30.0, 30)
    keypoints.pixels[10, 4] = np.nan
    keypoints.confidence[10, 4] = 0.0
    keypoints.confidence[15, 6] = 0.0  # seen, but of no evidence
    keypoints.tracked[20] = False
    keypoints.pixels[20] = keypoints.points_3d[20] = np.nan
    keypoints.confidence[20] = 0.0
    there = on_clock(keypoints, Clock(30.0), Clock(30.0), 29, offset=-0.5 / 30)
    assert np.isnan(there.pixels[[9, 10], 4]).all() and np.isfinite(there.pixels[[8, 11], 4]).all()
    assert not there.confidence[[9, 10], 4].any() and not there.confidence[[14, 15], 6].any()
    assert not there.tracked[[19, 20]].any() and there.tracked[[18, 21]].all()
    assert np.isfinite(there.pixels[:, 7][there.tracked]).all()


def test_without_points_in_3d_there_are_none():
    keypoints = _keypoints(30.0, 30)
    keypoints = replace(keypoints, points_3d=np.full_like(keypoints.points_3d, np.nan))
    there = on_clock(keypoints, Clock(30.0), Clock(25.0), 20, offset=0.013)
    assert np.isnan(there.points_3d).all() and np.isfinite(there.pixels[1:]).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 9))
def test_cubics_follow_cubics_and_whole_frames_are_exact(seed, count):
    rng = np.random.default_rng(seed)
    shape = rng.normal(size=4)
    course = lambda t: np.polyval(shape, np.asarray(t, dtype=float) / 5)[:, None]  # noqa: E731
    frames = rng.uniform(1, 7, count)
    values = course(np.arange(9))
    assert np.allclose(between(values, np.isfinite(values), frames), course(frames))
    line = between(values, np.isfinite(values), frames, bend=0.0)
    assert np.allclose(line[:, 0], np.interp(frames, np.arange(9), values[:, 0]))
    whole = np.arange(9.0)
    assert np.array_equal(between(values, np.isfinite(values), whole), values)


def test_smoothed_noise_is_as_large_between_frames_as_on_them():
    noise = np.random.default_rng(0).normal(size=(4000, 1, 1))
    course = Course.smoothed(noise, np.ones((4000, 1)), 1.0)
    on, half = (course.at(np.arange(5, 3990) + f)[0].std() for f in (0.0, 0.5))
    assert half == pytest.approx(on, rel=0.02)


def test_a_course_knows_where_it_was_not_seen():
    values = np.arange(20.0)[:, None, None] * np.ones((1, 2, 1))
    values[8, 1] = np.nan
    course = Course.smoothed(values, np.ones((20, 2)), 1.0)
    found, weight = course.at(np.array([-1.0, 0.0, 7.5, 8.0, 9.0, 19.0, 19.5]))
    assert np.array_equal(weight[:, 0] > 0, [False, True, True, True, True, True, False])
    assert np.array_equal(weight[:, 1] > 0, [False, True, False, False, True, True, False])
    assert np.isfinite(found).all()
