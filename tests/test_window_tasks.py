"""Windows as tasks: they are the main job's, the shipped sets share no motion, and the recipe's people are people."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import people
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.core import landmarks
from motionrecon.core.files import sha256
from motionrecon.data import make_known, make_windows
from motionrecon.data.deepmimic import HIP_HEIGHT
from motionrecon.data.deepmimic import MannequinMotion as Motion
from motionrecon.data.mannequin import INDEX as SEGMENT
from motionrecon.data.mannequin import SEGMENTS
from motionrecon.data.suites.balancing import films
from motionrecon.errors import InputError
from motionrecon.physics.windows.course import simulate_clip
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.physics.windows.window import Windows, WindowSettings
from motionrecon.research.tasks.known import load_known, save_known
from motionrecon.research.tasks.windows import SETS, FittedClip, Place, choose, load, path_of, sample, save

SHORT = WindowSettings(window=0.4, overlap=0.2, evaluations=4)
FRAMES = 27


@pytest.fixture(scope="module")
def run() -> tuple[FittedClip, Stretch]:
    """A clip with its places, and the run of the main job that they are from."""
    body = people.person()
    qpos = people.stepping(body, FRAMES, lift=0.4, period=2.0)
    figure = people.see(body, qpos, people.camera(), noise=2.0).figure
    clip = FittedClip.of("steps", "stepping", False, figure, [])
    stops: list[Stretch] = []
    end = simulate_clip(Windows(clip.engine(), figure, SHORT), after_window=lambda so_far, _: stops.append(so_far))
    places = [Place.after(stop, SHORT.window - SHORT.overlap) for stop in stops[:-1]]
    return FittedClip.of("steps", "stepping", False, figure, places), end


def test_a_window_is_the_one_that_the_main_job_met(run):
    clip, end = run
    for place, record in enumerate(end.windows[1:]):
        window = clip.window(place, SHORT.window)
        assert record["attempts"] == 1
        assert window.problem.value(window.x0) == pytest.approx(record["loss_before"], rel=1e-9)


def test_without_a_window_before_it_the_start_is_kinematic(run):
    clip, _ = run
    alone = replace(clip, knots=np.full_like(clip.knots, np.nan), began=np.full_like(clip.began, np.nan))
    with_it, without = clip.window(0, 0.4), alone.window(0, 0.4)
    assert without.problem.n == with_it.problem.n
    lead = np.abs(without.problem.knots(without.x0) - clip.qpos[clip.first[0], clip.body.hinge_qpos])
    assert np.median(lead) < 0.2  # angles of the body and not of somebody else
    assert np.abs(without.x0 - with_it.x0).max() > 1e-3


def test_a_window_may_be_longer_than_what_is_left_of_the_clip(run):
    clip, _ = run
    window = clip.window(len(clip.first) - 1, 0.8)
    assert len(window.problem.weights) == 4 * (FRAMES - 1 - clip.first[-1])


def test_saved_clips_are_read_back_to_single_precision(run, tmp_path):
    clip, _ = run
    save(tmp_path / "some.npz", [clip, replace(clip, name="again")])
    first, again = load(tmp_path / "some.npz")
    assert (first.name, again.name, first.motion, first.real) == ("steps", "again", "stepping", False)
    assert first.body.mjcf == clip.body.mjcf
    assert (first.first == clip.first).all()
    a, b = clip.window(1, 0.4), first.window(1, 0.4)
    np.testing.assert_allclose(b.x0, a.x0, atol=1e-5)
    assert b.problem.value(b.x0) == pytest.approx(a.problem.value(a.x0), rel=1e-2)


def test_what_is_no_file_of_windows_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.npz: no such windows"):
        load(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", names=np.array(["a"]))
    with pytest.raises(InputError, match=r"other\.npz is no file of windows"):
        load(tmp_path / "other.npz")


def test_windows_are_shared_among_motions_and_never_taken_twice(run):
    clip, _ = run
    more = [clip, replace(clip, name="b", motion="other"), replace(clip, name="c", motion="other")]
    chosen = choose(more, 2 * len(clip.first))
    assert len({(c.name, place) for c, place, _ in chosen}) == len(chosen)
    assert sum(c.motion == "stepping" for c, _, _ in chosen) == len(clip.first)
    assert all(0.3 <= seconds <= 0.8 for _, _, seconds in chosen)
    assert [(c.name, p, s) for c, p, s in choose(more, 4)] == [(c.name, p, s) for c, p, s in chosen[:4]]
    with pytest.raises(InputError, match="places to start from"):
        choose([clip], len(clip.first) + 1)


def test_a_sample_depends_on_its_generator_only(run):
    clip, _ = run
    drawn = [sample([clip], np.random.default_rng(seed)) for seed in (1, 1, 2, 3)]
    assert drawn[0].name == drawn[1].name
    assert len({window.name for window in drawn}) == 3


@pytest.fixture(scope="module")
def shipped() -> dict[str, tuple[FittedClip, ...]]:
    return {name: load(name) for name in SETS if path_of(name).exists()}


def test_the_shipped_sets_are_the_recipes_and_share_no_motion(shipped):
    folder = path_of("test").parent
    sums = tomllib.loads((folder / "sha256.toml").read_text())
    assert sums == {path.name: sha256(path) for path in folder.glob("*.npz")}
    assert {"tune", "test"} <= set(shipped)
    for name, clips in shipped.items():
        assert {clip.motion for clip in clips} <= set(make_windows.MOTIONS[name])
    motions = [motion for name in SETS for motion in make_windows.MOTIONS[name]]
    assert len(motions) == len(set(motions))


def test_the_test_set_is_large_enough_for_the_benchmark(shipped):
    clips = shipped["test"]
    assert sum(len(clip.first) for clip in clips) >= 60
    assert len(clips) >= 6
    assert sum(clip.real for clip in clips) == 2
    assert path_of("test").stat().st_size + path_of("tune").stat().st_size < 3e6


def test_shipped_windows_have_a_value_at_their_start(shipped):
    for clips in shipped.values():
        window = sample(clips, np.random.default_rng(0), 0.3, 0.3)
        assert np.isfinite(window.problem.value(window.x0))


def standing(frames: int = 3) -> Motion:
    local = np.tile(np.eye(3), (frames, len(SEGMENTS), 1, 1))
    return Motion(30.0, np.tile([0.0, 0.0, HIP_HEIGHT], (frames, 1)), local)


def test_an_imagined_person_stands_on_the_floor_with_arms_that_hang():
    person = people.person()
    marks = make_windows.perform(person, standing())
    at = {name: marks[0, k] for name, k in landmarks.INDEX.items()}
    lengths = person.proportions
    for side, sign in (("left", 1), ("right", -1)):
        assert at[f"{side}_heel"][2] < 0.08
        assert at[f"{side}_wrist"][2] < at[f"{side}_elbow"][2] < at[f"{side}_shoulder"][2]
        assert sign * at[f"{side}_wrist"][1] > 0.1
        assert at[f"{side}_index"][2] < at[f"{side}_wrist"][2]
        assert at[f"{side}_foot_index"][0] > at[f"{side}_heel"][0] + 0.1
    thigh = np.linalg.norm(at["left_knee"] - at["left_hip"])
    assert thigh == pytest.approx(lengths.thigh, abs=0.06)  # the detector marks hips and knees beside the joints


def test_an_imagined_knee_and_elbow_bend_the_way_they_do():
    motion = standing()
    bent = Rotation.from_euler("y", [[60], [-60]], degrees=True).as_matrix()
    motion.local[:, SEGMENT["left_shank"]], motion.local[:, SEGMENT["left_forearm"]] = bent
    at = {name: p for name, p in zip(landmarks.NAMES, make_windows.perform(people.person(), motion)[0], strict=True)}
    assert at["left_ankle"][0] < at["left_knee"][0] - 0.2
    assert at["left_wrist"][0] > at["left_elbow"][0] + 0.1
    assert at["right_wrist"][0] == pytest.approx(at["right_elbow"][0], abs=0.05)


def test_keypoints_have_errors_of_a_detectors_size():
    body = people.person()
    qpos = people.stepping(body, 60)
    truth = people.see(body, qpos, people.camera())
    rng = np.random.default_rng(0)
    points = truth.joints
    seen = [make_windows.look(points, people.camera(), 1.75, rng) for _ in range(4)]
    tall = 1.75 * 1000 / people.camera().to_camera(points)[..., 2].mean()
    for one in seen:
        error = np.linalg.norm(one.keypoints.pixels - people.camera().project(points), axis=-1)
        assert 0.008 < np.median(error) / tall < 0.03
        assert 0.03 < np.std(np.diff(error, axis=0)) / np.std(error) < 0.6  # it wanders, it does not only flicker
        assert ((one.keypoints.confidence > 0) & (one.keypoints.confidence <= 1)).all()
    assert {one.camera.calibrated for one in seen} == {True, False}


def test_a_damaged_video_is_refused(tmp_path: Path):
    for name in films.FILES:
        (tmp_path / name).write_bytes(b"no video")
    with pytest.raises(InputError, match=r"cam01\.mp4 has sha256 .*; delete it, and it is fetched"):
        films.fetched(tmp_path)


def test_the_best_values_known_are_of_the_sets_windows(shipped):
    for name in ("tune", "test"):
        known = load_known(name)
        chosen = choose(shipped[name], len(known))
        assert [(w.clip, w.place, w.seconds) for w in known] == [(c.name, place, s) for c, place, s in chosen]
        shortest = min(known, key=lambda w: w.seconds)
        clip = next(clip for clip in shipped[name] if clip.name == shortest.clip)
        problem = clip.window(shortest.place, shortest.seconds).problem
        assert len(shortest.x) == problem.n
        # Contact makes simulations sensitive to rounding, which machines do differently.
        assert problem.value(shortest.x) == pytest.approx(shortest.value, rel=0.1)


def test_best_values_are_read_back_and_other_files_are_named(tmp_path):
    some = load_known("tune")[:2]
    save_known(tmp_path / "known.npz", some)
    for a, b in zip(load_known(tmp_path / "known.npz"), some, strict=True):
        assert (a.clip, a.place, a.seconds, a.value, a.found_by) == (b.clip, b.place, b.seconds, b.value, b.found_by)
        np.testing.assert_array_equal(a.x, b.x)
    with pytest.raises(InputError, match=r"none\.npz"):
        load_known(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", clip=np.array(["a"]))
    with pytest.raises(InputError, match=r"other\.npz is no file of best values"):
        load_known(tmp_path / "other.npz")


def test_the_tournament_has_twenty_starts_and_keeps_the_lowest(run, monkeypatch):
    clip, _ = run
    window = clip.window(1, 0.3)
    begun = [(name, window.problem.value(x)) for name, x in make_known.starts(window)]
    assert len(begun) == 20 and len({value for _, value in begun}) == 20
    monkeypatch.setattr(make_known, "ROUNDS", ((1, 20), (2, 1)))
    monkeypatch.setattr(make_known, "MAIN_JOB", 2)
    value, x, found_by = make_known.tournament(window)
    assert value <= min(value for _, value in begun) and value == pytest.approx(window.problem.value(x))
    assert found_by.startswith(("lm, ", "optimus, "))
