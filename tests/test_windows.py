"""The physics stage: it follows, goes on where it stopped, marks what it cannot do, and what it saves replays."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import people
import pytest

from motionrecon.body.tangent import difference, integrate, velocities
from motionrecon.core import landmarks
from motionrecon.core.arrays import pack, unpack
from motionrecon.optimizers import minimize, names
from motionrecon.optimizers.registry import make
from motionrecon.optimizers.turns import Found
from motionrecon.optimus import weights
from motionrecon.physics.windows import stage
from motionrecon.physics.windows.course import MOST, optimizer_of, simulate_clip
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.physics.windows.window import Windows, WindowSettings
from motionrecon.result.frames import _about_frames, frames_of
from motionrecon.result.motion import Motion
from motionrecon.result.replay import replay
from motionrecon.views import Figure

FPS = 30.0
#: Windows of 12 frames of which 6 are kept, and no more effort than these short tests need.
SHORT = WindowSettings(window=0.4, overlap=0.2, evaluations=5)
PER_FRAME = 4


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.of(people.person())


def figure_of(frames: int, lift: float = 0.4) -> Figure:
    """Somebody who steps on the spot, tracked all the time."""
    body = people.person()
    qpos = people.stepping(body, frames, lift=lift, period=2.0)
    return people.see(body, qpos, people.camera(), noise=2.0).figure


def tracked_in(figure: Figure, tracked: np.ndarray) -> Figure:
    """The same, seen in some of the frames only (no gap is short enough to be bridged)."""
    (view,) = figure.views
    hidden = replace(view, seen=tracked)
    hidden.__dict__["tracked"] = tracked
    return replace(figure, views=(hidden,))


def simulate(engine: Engine, figure: Figure, settings: WindowSettings, **options) -> Stretch:
    return simulate_clip(Windows(engine, figure, settings), **options)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return figure_of(24)


@pytest.fixture(scope="module")
def course(engine, figure) -> list[Stretch]:
    """What there was after each window; the last is the whole."""
    after: list[Stretch] = []
    frames: list[int] = []

    def window(stretch: Stretch, added: int) -> None:
        after.append(stretch)
        frames.append(added)

    whole = simulate(engine, figure, SHORT, after_window=window)
    assert after[-1] is whole and sum(frames) == len(figure) - 1
    return after


def as_motion(figure: Figure, stretch: Stretch) -> Motion:
    body = figure.body
    return Motion(
        fps=FPS,
        joint_names=landmarks.NAMES,
        ctrl=stretch.ctrl,
        timestep=body.model.opt.timestep,
        segments=stretch.segments,
        contact_names=body.soles.names,
        camera=figure.views[0].camera,
        tracked=figure.seen,
        model_xml=body.mjcf,
        report={"windows": stretch.windows},
        **vars(frames_of(figure, stretch)),
    )


def distance(figure: Figure, stretch: Stretch) -> np.ndarray:
    """(T,) mean distance of the simulated landmarks from the true ones, metres."""
    frames = frames_of(figure, stretch)
    return np.linalg.norm(frames.joints - figure.landmarks, axis=-1).mean(1)


def test_the_simulated_person_follows(engine, figure, course):
    whole = course[-1]
    assert [w.status for w in whole.windows] == ["ok"] * len(course)
    assert len(course) >= 3
    assert all(w.loss_after < w.loss_before and 0 < w.evaluations <= 5 for w in whole.windows)
    ends = [(w.first_frame, w.last_frame) for w in whole.windows]
    assert ends[0][0] == 0 and ends[-1][1] == 23 and all(a[1] == b[0] for a, b in pairwise(ends))
    away = distance(figure, whole)
    assert away.mean() < 0.02 and away.max() < 0.04
    assert whole.ctrl.shape == (23 * PER_FRAME, 28) and np.isfinite(whole.ctrl).all()
    assert len(whole.segments) == 1 and whole.segments[0, 0] == 0
    assert not whole.wrench.any()


def test_windows_join_without_a_seam(engine, figure, course):
    """What each window ended in is, to the bit, what a simulation in one go passes through."""
    frames = frames_of(figure, course[-1])
    for stretch in course:
        np.testing.assert_array_equal(frames.qpos[stretch.frame], stretch.state.qpos)
        np.testing.assert_array_equal(frames.qvel[stretch.frame], stretch.state.qvel)


def test_the_floor_carries_the_weight(engine, figure, course):
    frames = frames_of(figure, course[-1])
    carried = frames.contact_force[..., 2].sum(1) / (9.81 * engine.body.mass)
    assert carried.mean() == pytest.approx(1.0, abs=0.15)
    swings = figure.qpos[:, engine.body.model.joint("right_knee_flexion").qposadr[0]] > 0.7
    assert swings.sum() > 3
    by_foot = frames.contact_force[swings].reshape(-1, 2, 4, 3)[..., 2].sum(2).mean(0)
    assert by_foot[1] < 0.1 * by_foot[0], "the lifted right foot bears nothing"


@pytest.mark.parametrize("per_frame", [1, 4, 5])
def test_the_forces_of_a_frame_are_those_about_it(per_frame):
    rising = np.arange(6.0 * per_frame)[:, None] + 0.5  # at the middles of the steps, so at frame t: t * per_frame
    about = _about_frames(np.tile(rising, (1, 2)), per_frame)
    assert about.shape == (7, 2)
    np.testing.assert_allclose(about[1:-1, 0], np.arange(1, 6) * per_frame)
    assert 0 < about[0, 0] <= 0.5 * per_frame and 0 < 6 * per_frame - about[-1, 0] <= 0.5 * per_frame


def test_controls_go_on_without_a_jump_from_window_to_window(course):
    ctrl = course[-1].ctrl
    steps = np.abs(np.diff(ctrl, axis=0))
    seams = [w.first_frame * PER_FRAME - 1 for w in course[-1].windows[1:]]
    assert steps[seams].max() < 3 * steps.max(axis=1).mean() + 0.02


@pytest.mark.parametrize("window", [0, 1])
def test_an_interrupted_run_goes_on_to_the_same_bit(engine, figure, course, window):
    resumed = unpack(Stretch, pack(course[window]))
    whole = simulate(engine, figure, SHORT, resume=resumed)
    np.testing.assert_array_equal(whole.ctrl, course[-1].ctrl)
    np.testing.assert_array_equal(whole.state.qpos, course[-1].state.qpos)
    np.testing.assert_array_equal(whole.segments, course[-1].segments)
    assert whole.windows == course[-1].windows


def test_a_saved_motion_replays(engine, figure, course, tmp_path):
    motion = as_motion(figure, course[-1])
    motion.save(tmp_path / "result")
    loaded = Motion.load(tmp_path / "result")
    np.testing.assert_allclose(replay(loaded), loaded.qpos, atol=1e-9)
    assert np.abs(loaded.qpos - figure.qpos).max() > 1e-4, "what was simulated is saved, not the kinematic motion"


def test_frames_without_a_person_are_not_simulated(engine):
    figure = figure_of(22, lift=0.0)
    tracked = np.ones(22, bool)
    tracked[9:13] = False
    figure = tracked_in(figure, tracked)
    whole = simulate(engine, figure, SHORT)
    simulated = np.isfinite(whole.ctrl).all(1)
    assert (np.isnan(whole.ctrl).all(1) == ~simulated).all(), "a step is simulated or not"
    assert np.flatnonzero(~simulated).tolist() == list(range(8 * PER_FRAME, 13 * PER_FRAME))
    assert whole.segments[:, 0].tolist() == [0, 13 * PER_FRAME]
    gaps = [w for w in whole.windows if w.status == "not tracked"]
    assert [(w.first_frame, w.last_frame) for w in gaps] == [(8, 13)]
    frames = frames_of(figure, whole)
    waits = frames.qpos[8:14]  # from where the simulation left the body to where it goes on
    assert np.abs(difference(waits[:-1], waits[1:])).max() < 0.15
    np.testing.assert_array_equal(frames.contact_force[9:13], 0.0)
    again = replay(as_motion(figure, whole))
    assert np.isnan(again[9:13]).all()
    np.testing.assert_allclose(again[[*range(9), *range(13, 22)]], frames.qpos[[*range(9), *range(13, 22)]], atol=1e-9)


@pytest.mark.parametrize("tracked", [[0, 1, 2, 12], [5, 9, 14], []])
def test_single_tracked_frames_end_the_run_too(engine, tracked):
    figure = figure_of(15)
    seen = np.isin(np.arange(15), tracked)
    whole = simulate(engine, tracked_in(figure, seen), replace(SHORT, evaluations=1))
    assert whole.frame == 14 and len(whole.ctrl) == 14 * PER_FRAME
    assert np.isfinite(frames_of(figure, whole).joints).all()


def test_a_window_that_cannot_be_simulated_is_marked_and_the_run_goes_on(engine):
    figure = figure_of(20, lift=0.0)
    qpos = figure.qpos.copy()
    qpos[7:12, 2] += 1.5  # hovers
    hovering = replace(figure, qpos=qpos)
    whole = simulate(engine, hovering, replace(SHORT, evaluations=2))
    status = {w.first_frame: w.status for w in whole.windows}
    assert status[6] == "failed"
    assert status[12] == "ok", "the run goes on behind it"
    failed = next(w for w in whole.windows if w.first_frame == 6)
    assert failed.attempts == 4, "it was tried from every start"
    steps = slice(failed.first_frame * PER_FRAME, failed.last_frame * PER_FRAME)
    assert np.isnan(whole.ctrl[steps]).all()
    assert 12 * PER_FRAME in whole.segments[:, 0]


@pytest.mark.parametrize("count", [8, 14, 20])
def test_where_nothing_is_found_nobody_is_said_to_be_lost(engine, count, monkeypatch):
    monkeypatch.setattr(Windows, "accepted", lambda *_: None)
    whole = simulate(engine, figure_of(count), replace(SHORT, evaluations=1))
    assert {w.status for w in whole.windows} == {"failed"}
    assert whole.frame == count - 1 and not len(whole.segments)


def test_what_can_be_of_a_window_is_kept_and_a_simulation_begins_anew_behind_it(engine, monkeypatch):
    whole_windows, parts = Windows.accepted, iter([4])

    def accepted(self, problem, found, first, keep):
        """Of the first window four frames, of the others what there is."""
        part = next(parts, None)
        return whole_windows(self, problem, found, first, keep) if part is None else (found[0], first + part)

    monkeypatch.setattr(Windows, "accepted", accepted)
    figure = figure_of(20, lift=0.0)
    whole = simulate(engine, figure, SHORT)
    kept, failed, anew = whole.windows[:3]
    assert (kept.first_frame, kept.last_frame, kept.status) == (0, 4, "ok")
    assert (failed.first_frame, failed.status, failed.attempts) == (4, "failed", None)
    assert (anew.first_frame, anew.status) == (failed.last_frame, "ok")
    assert whole.segments[:, 0].tolist() == [0, failed.last_frame * PER_FRAME]
    missing = np.isnan(whole.ctrl[:, 0])
    assert np.flatnonzero(missing).tolist() == list(range(4 * PER_FRAME, failed.last_frame * PER_FRAME))
    frames = frames_of(figure, whole)
    again = replay(as_motion(figure, whole))
    simulated = [*range(5), *range(failed.last_frame, 20)]
    np.testing.assert_allclose(again[simulated], frames.qpos[simulated], atol=1e-9)
    assert np.abs(difference(frames.qpos[:-1], frames.qpos[1:])).max() < 0.15, "without a jump"


def test_a_motion_goes_back_to_the_kinematic_one_without_a_jump(figure, course):
    whole, last = course[-1], 6
    ctrl = whole.ctrl.copy()
    ctrl[last * PER_FRAME :] = np.nan
    frames, simulated = frames_of(figure, replace(whole, ctrl=ctrl)), frames_of(figure, whole)
    np.testing.assert_array_equal(frames.qpos[: last + 1], simulated.qpos[: last + 1])
    away = np.linalg.norm(difference(figure.qpos, frames.qpos), axis=1)[last:]
    assert (np.diff(away[:13]) <= 0).all() and away[1] > 0.9 * away[0] > 0
    assert away[12:].max() < 1e-9, "0.4 s later it is there"
    back = slice(last + 1, last + 12)
    expected = velocities(frames.qpos, figure.clock.fps)[back]
    np.testing.assert_allclose(frames.qvel[back][:-2], expected[:-2], atol=1e-9)


def test_what_the_ground_bears_and_where_nobody_flies_is_accepted(engine, figure):
    windows = Windows(engine, figure, SHORT)
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 12)
    follows = windows.starts(problem, None, 0)
    x = minimize(problem, next(follows), max_evaluations=4).x
    rollout, steps = problem.rollout(x), np.arange(7) * PER_FRAME
    assert windows._borne(rollout, 0, steps)
    flying = rollout.qvel.copy()
    flying[:, 2] -= 9.81 * np.arange(len(flying)) / (30 * PER_FRAME)
    assert not windows._borne(replace(rollout, qvel=flying), 0, steps), "it falls, while the person stands"
    struck = rollout.qvel.copy()
    struck[3 * PER_FRAME :, 2] += 9.0 * 9.81 / 30
    assert not windows._borne(replace(rollout, qvel=struck), 0, steps), "nobody bears that"


def test_a_window_that_ends_badly_is_begun_again_within_the_budget_and_is_never_worse(engine, monkeypatch):
    figure = figure_of(12)
    windows = Windows(engine, figure, replace(SHORT, evaluations=3))
    (once,) = simulate_clip(windows).windows
    assert once.attempts == 1 and once.evaluations == 3
    monkeypatch.setattr("motionrecon.physics.windows.window.CLOSE", 0.0)
    (again,) = simulate_clip(windows).windows
    assert again.attempts == 4, "there is no window before this one, whose controls could be tried"
    assert 3 < again.evaluations <= MOST * 3
    assert again.loss_after <= once.loss_after


def test_what_stays_near_the_kinematic_motion_will_do(engine):
    figure = figure_of(12)
    windows = Windows(engine, figure, SHORT)
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 11)
    start = next(windows.starts(problem, None, 0))
    found = minimize(problem, start, max_evaluations=5).x
    assert windows.will_do(problem, found, 0, 6)
    bent = found + problem.unknowns(np.full(problem.knots(found).shape, 0.5))
    assert not windows.will_do(problem, bent, 0, 6)
    assert not windows.will_do(problem, np.full(problem.n, np.nan), 0, 6)


@pytest.mark.usefixtures("optimus_weights")
@pytest.mark.parametrize("optimizer", names())
def test_every_optimizer_runs(engine, optimizer):
    figure = figure_of(12)
    whole = simulate(engine, figure, replace(SHORT, optimizer=optimizer, evaluations=4))
    (window,) = whole.windows
    assert window.status == "ok" and window.evaluations <= 4
    assert window.fallbacks >= 0 if optimizer == "optimus" else window.fallbacks == 0
    assert window.loss_after < window.loss_before
    assert distance(figure, whole).max() < 0.08


def test_the_papers_own_form_has_weights_for_windows_and_a_checkpoint_knows_which():
    assert optimizer_of("optimus-paper").weights == "optimus-paper-windows"
    assert optimizer_of("lm") == make("lm")
    record = weights.records()["optimus-paper-windows"]
    assert stage.weights_of("optimus-paper") == {"optimus-paper-windows": record["sha256"]}
    assert stage.weights_of("lm") == stage.weights_of("optimus") == {}


def test_assistance_is_recorded_per_frame_and_replays(engine):
    figure = figure_of(7, lift=0.0)
    settings = replace(SHORT, assist=0.1)
    whole = simulate(engine, figure, settings)
    wrench = whole.wrench.reshape(6, PER_FRAME, 6)
    assert np.abs(wrench).max() > 0
    assert np.ptp(wrench, axis=1).max() == 0
    motion = as_motion(figure, whole)
    np.testing.assert_allclose(motion.root_wrench[:-1], wrench[:, 0], atol=1e-12)
    np.testing.assert_allclose(replay(motion), motion.qpos, atol=1e-9)


def test_the_simulation_is_reproducible(engine, figure, course):
    part = slice(7)
    short = replace(figure, views=(figure.views[0].part(part),), qpos=figure.qpos[part])
    first, second = (simulate(engine, short, SHORT, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.ctrl, second.ctrl)


def test_velocities_are_central_differences():
    body = people.person()
    step = 0.02 * np.random.default_rng(0).standard_normal(body.model.nv)
    qpos = [body.rest_qpos]
    for _ in range(4):
        qpos.append(integrate(qpos[-1], step))
    np.testing.assert_allclose(velocities(np.array(qpos), FPS), np.tile(step * FPS, (5, 1)), atol=1e-9)
    jumped = np.array(qpos)
    jumped[2:, 0] += 0.3
    assert velocities(jumped, FPS)[1:3, 0] == pytest.approx(step[0] * FPS + 0.5 * 0.3 * FPS)


def test_a_kinematic_motion_has_no_forces():
    figure = figure_of(5)
    frames = frames_of(figure, Stretch.empty(figure))
    np.testing.assert_array_equal(frames.qpos, figure.qpos)
    assert frames.joints.shape == (5, 33, 3) and frames.joint_torque.shape == (5, 28)
    assert not (frames.contact_force.any() or frames.joint_torque.any() or frames.root_wrench.any())


def raised(engine, rise: np.ndarray) -> Stretch:
    """Somebody who stands, lifted by `rise` (T,) metres."""
    figure = figure_of(len(rise), lift=0.0)
    qpos = figure.qpos.copy()
    qpos[:, 2] += rise
    return simulate(engine, replace(figure, qpos=qpos), replace(SHORT, evaluations=1))


def test_who_stands_on_what_the_floor_knows_not_is_not_searched_for(engine):
    windows = raised(engine, np.full(20, 1.0)).windows
    assert {w.status for w in windows} == {"no floor under the feet"}
    assert not any("evaluations" in w for w in windows)


def test_who_falls_is_simulated(engine):
    time = np.arange(14) / FPS
    windows = raised(engine, 2.0 - 0.5 * 9.81 * time**2).windows
    assert all(w.status != "no floor under the feet" for w in windows)


def test_what_goes_another_way_than_the_person_is_not_accepted(engine):
    figure = figure_of(12)
    windows = Windows(engine, figure, SHORT)
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 11)
    found = minimize(problem, next(windows.starts(problem, None, 0)), max_evaluations=5).x
    assert windows.accepts(problem, found, 0, 6)
    aside = replace(figure, qpos=figure.qpos + np.eye(figure.qpos.shape[1])[1] * 0.1)
    away = Windows(engine, aside, SHORT)
    assert away.follows(problem, found, 0, 6), "it has not fallen"
    assert not away.accepts(problem, found, 0, 6)


def test_of_a_result_that_leaves_the_person_what_lies_before_is_kept(engine):
    figure = figure_of(12)
    windows = Windows(engine, figure, SHORT)
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 11)
    found = minimize(problem, next(windows.starts(problem, None, 0)), max_evaluations=5)
    results = [Found(found.x, 0.0, 0.0)]
    assert windows.accepted(problem, results, 0, 6) == (results[0], 6)

    def left(frame: int):
        """What is accepted where the person goes aside from a frame on."""
        qpos = figure.qpos.copy()
        qpos[frame:, 1] += 0.15
        return Windows(engine, replace(figure, qpos=qpos), SHORT).accepted(problem, results, 0, 6)

    assert left(6) == left(5) == (results[0], 4), "a frame is left between it and what begins anew"
    assert left(4) is None, "too short"


def test_of_a_window_of_which_less_is_kept_than_lies_between_frames_that_are_compared_the_last_one_is_judged(engine):
    """At 240 frames a second every eighth is compared: a window of which two are kept was never accepted."""
    figure = figure_of(12)
    windows = Windows(engine, figure, SHORT)
    problem = windows.problem(Stretch.empty(figure).state, None, 0, 11)
    found = minimize(problem, next(windows.starts(problem, None, 0)), max_evaluations=5).x
    problem.steps = problem.steps[-1:]
    assert windows.accepts(problem, found, 0, 6)
