"""The clocks of several cameras: found from one person's motion, to a fraction of a frame, or doubted in words."""

from dataclasses import replace

import numpy as np
import pytest
from dolly import Dolly
from people import camera

from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import MIRROR, TRUST
from motionrecon.rig import synchrony
from motionrecon.rig.adjustment import Adjusted
from motionrecon.rig.comparable import Signals
from motionrecon.rig.matching import match, table
from motionrecon.rig.synchrony import Offsets, offsets
from motionrecon.views import View

PLACES = [(3.2, -2.4, 1.3), (-2.9, -2.6, 1.5), (0.4, 4.1, 1.2), (3.5, 2.5, 1.8)]
FRAME = 1 / 30


def _person(seed: int = 0, quick: float = 1.0, period: float | None = None):
    """Landmarks at any time: each swings about its place, at several rates or all once in a period."""
    rng = np.random.default_rng(seed)
    rest = rng.uniform((-0.4, -0.3, 0.0), (0.4, 0.3, 1.7), (33, 3))
    rates = rng.uniform(0.15, 1.7, (4, 33, 1)) if period is None else np.full((1, 33, 1), 1 / period)
    swing = quick * rng.uniform(0.03, 0.1, (len(rates), 33, 3))
    phase = rng.uniform(0, 2 * np.pi, swing.shape)
    return lambda t: rest + (swing * np.sin(2 * np.pi * rates * t[:, None, None, None] + phase)).sum(1)


def _see(person, place, start: float, seconds: float, fps: float, seed: int = 0, noise: float = 1.0) -> View:
    """What one camera records of it: with a detector's noise, and its bias, another in every view."""
    rng = np.random.default_rng(seed)
    lens = place if isinstance(place, Dolly) else camera(place)
    points = person(start + np.arange(round(seconds * fps)) / fps)
    pixels = lens.project(points) + noise * (
        3 * rng.normal(size=(*points.shape[:2], 2)) + 10 * rng.normal(size=(33, 2))
    )
    own = lens.to_camera(points)
    own = own - own[:, [23, 24]].mean(1, keepdims=True) + 0.01 * noise * rng.normal(size=points.shape)
    weight = np.tile(TRUST, (len(points), 1))
    return View(lens, Clock(fps), pixels, weight, own, np.ones(len(points), dtype=bool))


def _recorded(starts, rates, seconds=5.0, seed=0, noise=1.0, **person) -> list[View]:
    shown = _person(seed, **person)
    together = zip(PLACES, starts, rates, strict=False)
    return [_see(shown, p, s, seconds, f, seed + 7 * v, noise) for v, (p, s, f) in enumerate(together)]


def _without_3d(views: list[View]) -> list[View]:
    return [replace(view, points_3d=np.full_like(view.points_3d, np.nan)) for view in views]


def _error(found: Offsets, starts) -> np.ndarray:
    return np.abs(found.seconds - (np.array(starts) - starts[0]))


@pytest.mark.parametrize("posed", [True, False])
@pytest.mark.parametrize(
    ("starts", "rates"),
    [
        ([2.0, 2.0 + 2 * FRAME], [30, 30]),
        ([2.0, 1.987], [30, 60]),
        ([1.0, 4.123, 2.456], [30, 25, 60]),
        ([3.0, 0.0, 4.4, 1.0], [30000 / 1001, 30, 50, 30]),
    ],
)
def test_offsets_are_found_to_a_fraction_of_a_frame(starts, rates, posed):
    found = offsets(_recorded(starts, rates), posed)
    assert _error(found, starts).max() < (0.25 if posed else 0.6) * FRAME
    assert not found.doubts and found.seconds[0] == found.deviation[0] == 0.0
    assert (found.deviation[1:] > 0).all() and (found.deviation[1:] < 0.5 * FRAME).all()


def test_a_detector_without_3d_tells_the_time_too():
    starts = [1.0, 2.2]
    assert _error(offsets(_without_3d(_recorded(starts, [30, 30])), posed=False), starts).max() < 2 * FRAME


def test_lengths_differ_and_ranges_are_cut_anywhere():
    long = _recorded([0.0, 0.0], [30, 60], seconds=9.0)
    part = replace(long[0].part(slice(30, 120)), clock=Clock(30.0, first=30))
    found = offsets([part, long[1]], posed=True)
    assert abs(found.seconds[1]) < 0.25 * FRAME  # both films begin together, though the ranges do not
    overlap = offsets([part, replace(long[1].part(slice(120, 540)), clock=Clock(60.0))], posed=True)
    assert abs(overlap.seconds[1] - 2.0) < 0.25 * FRAME


@pytest.mark.parametrize("posed", [True, False])
def test_a_few_frames_lost_exchanged_or_of_somebody_else_do_not_matter(posed):
    starts = [1.0, 2.217, 1.5]
    views = _recorded(starts, [30, 30, 60])
    rng = np.random.default_rng(3)
    lost = rng.random(len(views[0])) < 0.1
    views[0].pixels[lost] = views[0].points_3d[lost] = np.nan
    views[0].weight[lost] = 0.0
    swapped = rng.random(len(views[1])) < 0.08
    views[1].pixels[swapped] = views[1].pixels[swapped][:, MIRROR]
    views[2].pixels[60:90] += [250.0, -40.0]
    assert _error(offsets(views, posed), starts).max() < (0.3 if posed else 0.7) * FRAME


def test_what_cannot_be_settled_is_not_taken_for_nothing(monkeypatch):
    """Recordings of one length that began 1.5 s apart: where the fine search finds nothing, the coarse one stands."""
    monkeypatch.setattr(
        synchrony, "adjusted", lambda what, rates, counts, begins, held: Adjusted(begins, np.where(held, 0.0, np.inf))
    )
    found = offsets(_recorded([1.0, 2.5], [30, 30]), posed=True)
    assert abs(found.seconds[1] - 1.5) < FRAME and np.isinf(found.deviation[1])
    assert ["could not be found" in text for text in found.doubts] == [True]


def test_a_detector_that_jumps_does_not_look_sure():
    """Jumps are quick, and would settle the time if both had seen them; but one view's are not the other's."""
    starts = [1.0, 1.0 + 1.5 * FRAME]
    sure = [offsets(_recorded(starts, [30, 30], 1.0, noise=noise), True).deviation[1] for noise in (1.0, 3.0, 6.0)]
    assert sure[0] < 0.4 * FRAME and sure[1] > 1.3 * sure[0] and sure[2] > 1.3 * sure[1]


@pytest.mark.parametrize("seconds", [0.5, 1.0, 3.0])
def test_the_uncertainty_is_that_of_the_errors(seconds):
    starts = [1.0, 1.0 + 1.5 * FRAME]
    share = []
    for seed in range(6):
        found = offsets(_recorded(starts, [30, 30], seconds=seconds, seed=seed), True)
        used = found.seconds[1] if found.seconds[1] else starts[1] - 1.0  # kept at none
        share.append(abs(used - 1.5 * FRAME) / found.deviation[1])
    assert np.median(share) < 1.0 and max(share) < 3.0


def test_a_shift_that_cannot_be_told_from_none_is_not_made():
    views = _recorded([1.0, 1.0 + 1.5 * FRAME], [30, 30], seconds=0.5, noise=4.0, quick=0.4)
    found = offsets([views[0], views[1].part(slice(0, 14))], True, names=["a", "b"])
    assert found.seconds[1] == 0.0 and found.deviation[1] > FRAME
    assert len(found.doubts) == 1 and "offset=..." in found.doubts[0]


def test_what_the_user_gave_is_held():
    starts = [1.0, 2.217, 1.5]
    views = _recorded(starts, [30, 30, 30])
    found = offsets(views, True, given=[1.217, None])
    assert found.seconds[1] == 1.217 and found.deviation[1] == 0.0
    assert _error(found, starts)[2] < 0.25 * FRAME
    wrong = offsets(views, True, given=[9.0, 0.5])
    assert np.array_equal(wrong.seconds, [0.0, 9.0, 0.5]) and not wrong.deviation.any() and not wrong.doubts


def test_recordings_that_start_and_stop_together_run_on_one_clock():
    views = _recorded([1.0, 1.0 + 0.3 * FRAME, 1.0], [30, 30, 30])
    assert not offsets(views, True).seconds.any()
    longer = [views[0], *_recorded([1.0, 1.0 + 0.3 * FRAME], [30, 30], seconds=5.2)[1:]]
    assert offsets(longer, True).seconds[1] == pytest.approx(0.3 * FRAME, abs=0.2 * FRAME)


@pytest.mark.parametrize("posed", [True, False])
def test_somebody_who_stands_still_tells_nothing(posed):
    found = offsets(_recorded([1.0, 1.5], [30, 25], quick=0.0), posed, names=["a.mp4", "b.mp4"])
    assert len(found.doubts) == 1 and "b.mp4" in found.doubts[0] and "offset=" in found.doubts[0]
    assert found.seconds[1] == 0.0


@pytest.mark.parametrize("posed", [True, False])
def test_a_motion_that_repeats_itself_is_laid_nearest_to_what_is_given_or_zero_and_doubted(posed):
    starts = [1.0, 1.2]
    views = _recorded(starts, [30, 25], seconds=8.0, period=1.1)
    found = offsets(views, posed)
    assert _error(found, starts).max() < FRAME
    assert len(found.doubts) == 1 and "repeats itself" in found.doubts[0] and "-0.9" in found.doubts[0]
    slow = [replace(views[0], clock=replace(views[0].clock, film_fps=15.0)), views[1]]
    assert np.array_equal(offsets(slow, posed).seconds, found.seconds)
    assert "could as well be -1.8" in offsets(slow, posed).doubts[0]  # what the user is told is of the player's time
    elsewhere = offsets(views, posed, near=[-1.0])
    assert abs(elsewhere.seconds[1] - (0.2 - 1.1)) < FRAME


def test_where_nothing_is_seen_or_nothing_overlaps_there_is_a_doubt_and_no_failure():
    views = _recorded([1.0, 1.5, 1.2], [30, 30, 25])
    views[1] = replace(views[1], weight=np.zeros_like(views[1].weight), pixels=np.full_like(views[1].pixels, np.nan))
    for posed in (True, False):
        found = offsets(views, posed, names=["a", "b", "c"])
        assert [doubt.split(" could")[0] for doubt in found.doubts] == ["the offset of b"]
        assert found.seconds[1] == 0.0 and np.isinf(found.deviation[1])
        assert abs(found.seconds[2] - 0.2) < FRAME
    short = [view.part(slice(0, 2)) for view in views]
    for posed in (True, False):
        assert len(offsets(short, posed).doubts) == 2


def test_a_camera_that_is_carried_along_is_compared_from_where_it_is():
    starts = [1.0, 1.7]
    views = _recorded(starts, [30, 30])
    lens, T = views[1].camera, 150
    moving = Dolly(
        lens, np.repeat(lens.axes, T, axis=0), lens.eye + np.linspace(-0.4, 0.4, T)[:, None] * [0.5, -0.5, 0]
    )
    views[1] = _see(_person(0), moving, 1.7, 5.0, 30, seed=7)
    assert _error(offsets(views, True), starts).max() < 0.3 * FRAME


def test_a_long_recording_is_compared_in_parts_and_ntsc_is_not_taken_for_30():
    starts = [0.0, 3.41]
    found = offsets(_recorded(starts, [30000 / 1001, 30], seconds=70.0), True)
    assert _error(found, starts).max() < 0.1 * FRAME


def test_slow_motion_is_laid_beside_in_the_time_that_was_lived():
    views = _recorded([1.0, 1.5], [30, 120])
    views[1] = replace(views[1], clock=Clock(30.0).filmed_at(120.0))
    assert abs(offsets(views, True).seconds[1] - 0.5) < 0.25 * FRAME


@pytest.mark.parametrize("later", [-40, 0, 17, 60])
def test_the_table_is_highest_where_the_second_begins(later):
    rng = np.random.default_rng(0)
    signal = np.cumsum(rng.normal(size=(300, 4)), axis=0)
    one = Signals(signal[100:200], np.ones((100, 4)))
    other = Signals(signal[100 + later : 220 + later] + 5.0, np.ones((120, 4)))
    other.weight[20:30, 1] = 0.0
    found = table(one, other, 30.0)
    assert found.first + np.argmax(found.worth) == later
    assert found.at(float(later)) == found.worth.max() and found.at(1e4) == 0.0
    place = match({(0, 1): found}, np.array([7.0, 0.0]), np.array([True, False]), 8.0)
    assert np.array_equal(place.begins, [7.0, 7.0 + later]) and not place.rivals[1]
