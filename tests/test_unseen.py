"""Frames without a person, wherever they are and however many: still, on the ground, and reached without a jump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.body.tangent import difference, integrate
from motionrecon.core.spans import spans
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.unseen import held

BODY = Capsules.build(1.75)
GROUND = Plane(0.2)
FPS = 30.0
#: What a walk of 1.5 m/s, fast for a blend, moves any joint in a frame; the ease in and out is half as fast again.
FASTEST = 6.0 / FPS


def lowest(qpos: np.ndarray) -> np.ndarray:
    at = pose(BODY.model, qpos)
    return np.minimum((at.at(BODY.soles)[..., 2] - BODY.soles.radii).min(1), at.at(BODY.landmarks)[..., 2].min(1)) - 0.2


def steps(qpos: np.ndarray) -> np.ndarray:
    """(T - 1,) how far the farthest landmark moves from frame to frame."""
    at = pose(BODY.model, qpos).at(BODY.landmarks)
    return np.linalg.norm(np.diff(at, axis=0), axis=-1).max(1)


def walk(count: int, seed: int) -> np.ndarray:
    """Somebody who walks and turns over the ground and bends the joints, all slowly, and now and then leaves it."""
    rng = np.random.default_rng(seed)
    time = np.arange(count)[:, None] / FPS
    nv = BODY.model.nv
    wave = 0.3 * np.sin(2 * np.pi * (rng.uniform(0, 0.3, nv) * time + rng.uniform(0, 1, nv)))
    wave[:, :3] = np.array([0.8, 0.3, 0.0]) * time
    wave[:, 3:5] *= 0.3
    qpos = integrate(np.tile(BODY.rest_qpos, (count, 1)), wave)
    qpos[:, 2] += np.maximum(0, 0.3 * np.sin(3 * time[:, 0] + seed)) - lowest(qpos)
    return qpos


def test_spans() -> None:
    assert spans(np.array([1, 1, 0, 1, 0, 0], bool)) == [slice(0, 2), slice(3, 4)]
    assert spans(np.zeros(3, bool)) == []


def test_who_is_seen_all_the_time_or_never_is_left_alone() -> None:
    qpos = walk(20, 0)
    for tracked in (np.ones(20, bool), np.zeros(20, bool)):
        np.testing.assert_array_equal(held(BODY, GROUND, qpos, tracked, FPS), qpos)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(16, 90)), min_size=1, max_size=3),
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(0, 5),
)
def test_wherever_the_gaps_are(pairs: list[tuple[int, int]], before: int, after: int, seed: int) -> None:
    tracked = np.zeros(before, bool)
    for seen, lost in pairs:
        tracked = np.concatenate([tracked, np.ones(seen, bool), np.zeros(lost, bool)])
    tracked = np.concatenate([tracked, np.ones(after, bool)])
    truth = walk(len(tracked), seed)
    garbage = np.where(tracked[:, None], truth, -7.0)  # what the fit put there does not matter
    result = held(BODY, GROUND, garbage, tracked, FPS)
    np.testing.assert_array_equal(result[tracked], truth[tracked])
    np.testing.assert_allclose(np.linalg.norm(result[:, 3:7], axis=1), 1.0)

    first, last = np.flatnonzero(tracked)[[0, -1]]
    low, usual = lowest(result), lowest(truth)
    assert (low[~tracked] > min(0.0, usual[tracked].min()) - 1e-9).all(), "under the ground"
    moved = steps(result)
    at_edges = ~(tracked[1:] & tracked[:-1])
    for gap in spans(~tracked):
        length = gap.stop - gap.start
        inside = slice(max(gap.start - 1, 0), min(gap.stop, len(result) - 1))
        far = 0.0
        if gap.start > first and gap.stop <= last:
            ends = pose(BODY.model, result[[gap.start - 1, gap.stop]]).at(BODY.landmarks)
            far = float(np.linalg.norm(np.diff(ends, axis=0), axis=-1).max())
        # An even pace over the gap, eased, at worst; besides it the way down to the ground.
        assert moved[inside].max() < max(2 * FASTEST, 5 * far / length) + 0.08, "a jump"
        middle = slice(gap.start + 9, gap.stop - 9)
        if length >= 40 and far < 0.5:
            np.testing.assert_allclose(low[middle], 0.0, atol=1e-9)
    assert at_edges.any()
    hinges = slice(7, None)
    np.testing.assert_allclose(result[:first, hinges], np.tile(truth[first, hinges], (first, 1)))
    np.testing.assert_allclose(result[last:, hinges], np.tile(truth[last, hinges], (len(truth) - last, 1)))


def test_the_last_pose_is_held_until_it_must_be_left() -> None:
    qpos = walk(120, 1)
    tracked = np.ones(120, bool)
    tracked[20:110] = False
    result = held(BODY, GROUND, qpos, tracked, FPS)
    np.testing.assert_array_equal(result[20:60, 3:], np.tile(qpos[19, 3:], (40, 1)))
    np.testing.assert_array_equal(result[20:60, :2], np.tile(qpos[19, :2], (40, 1)))
    np.testing.assert_allclose(lowest(result[30:100]), 0.0, atol=1e-9)
    way = difference(result[109], qpos[110])
    assert np.linalg.norm(way[:3]) < 0.05 and np.abs(way[3:]).max() < 0.05


@pytest.mark.parametrize("fps", [5.0, 24.0, 120.0, 240.0])
def test_at_any_frame_rate(fps: float) -> None:
    count = int(4 * fps)
    qpos = walk(count, 2)
    tracked = np.ones(count, bool)
    tracked[int(fps) : int(3 * fps)] = False
    result = held(BODY, GROUND, qpos, tracked, fps)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(lowest(result[int(1.5 * fps) : int(2 * fps)]), 0.0, atol=1e-9)


@pytest.mark.parametrize(
    "lost",
    [[(20, 100)], [(0, 45), (65, 120)], [(15, 30), (31, 50), (54, 75)], [(0, 12), (45, 120)]],
    ids=["in the middle", "at both ends", "three, with one and four frames between", "much of it"],
)
@pytest.mark.parametrize("calibrated", [True, False])
def test_the_fit_of_the_frames_that_are_seen_does_not_suffer(lost: list[tuple[int, int]], calibrated: bool) -> None:
    import people

    from motionrecon.cameras.pinhole import Pinhole
    from motionrecon.kinematics.fit import Weights, fit
    from motionrecon.views import View

    person, count = people.person(), 120
    true = people.stepping(person, count, lift=0.8, period=1.5)
    seen = people.see(person, true, people.camera(), noise=2.0, depth_noise=0.02)
    gone = np.zeros(count, bool)
    for a, b in lost:
        gone[a:b] = True
    view = seen.view
    camera = view.camera
    if not calibrated:
        level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
        camera = Pinhole(camera.K, camera.image_size, level, np.zeros(3))
    hidden = View(
        camera,
        view.clock,
        np.where(gone[:, None, None], np.nan, view.pixels),
        np.where(gone[:, None], 0.0, view.weight),
        np.where(gone[:, None, None], np.nan, view.points_3d),
        ~gone,
    )
    figure = fit([hidden], Capsules.build(1.75), Plane(), Weights())
    joints = pose(figure.body.model, figure.qpos).at(figure.body.landmarks)
    hips = joints - joints[:, 23:25].mean(1, keepdims=True)
    known = seen.joints - seen.joints[:, 23:25].mean(1, keepdims=True)
    to_camera = figure.views[0].camera.axes[0], seen.camera.axes[0]
    away = np.linalg.norm((hips @ to_camera[0].T - known @ to_camera[1].T)[~gone], axis=-1)
    assert away.mean() < 0.07
    # Nobody is upside down, under the floor or in the air where nobody is seen.
    head = joints[:, 0, 2] - joints[:, 27:, 2].min(1)
    assert (head[gone] > 1.3).all()
    lowest_sole = (pose(figure.body.model, figure.qpos).at(figure.body.soles)[..., 2] - figure.body.soles.radii).min(1)
    assert np.abs(lowest_sole[gone]).max() < 0.05
    assert np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() < 0.35, "a jump"
