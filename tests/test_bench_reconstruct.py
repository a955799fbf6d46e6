"""The benchmark of whole reconstructions: its figures on motions whose errors are known, and how it goes over clips."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import motions
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionrecon import cli
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import load, save
from motionrecon.mechanics.angles import joint_angles
from motionrecon.mechanics.feet import loaded_sole_speed
from motionrecon.mechanics.moments import joint_moments
from motionrecon.research.bench.reconstruct import measure as measuring
from motionrecon.research.bench.reconstruct import report
from motionrecon.research.bench.reconstruct.bends import bend_errors
from motionrecon.research.bench.reconstruct.figures import FIGURES, figures_of
from motionrecon.research.bench.reconstruct.forces import ankle_errors, force_errors
from motionrecon.research.bench.reconstruct.lengths import LENGTHS, length_errors
from motionrecon.research.bench.reconstruct.measure import BenchSettings, chosen, measure
from motionrecon.research.bench.reconstruct.suite import BenchClip, PreparedClip, Split
from motionrecon.research.bench.reconstruct.tables import frame_of, verdict_line
from motionrecon.research.bench.reconstruct.told import options_of
from motionrecon.research.bench.reconstruct.truth import Truth, load_truth, save_truth
from motionrecon.result.motion import Motion


def truth_of(motion: Motion) -> Truth:
    """The truth of which a motion is one without any error."""
    angles = joint_angles(motion.body, pose(motion.model, motion.qpos))
    sides = [[name.startswith(side) for name in motion.contact_names] for side in ("left", "right")]
    force = np.stack([motion.contact_force[:, side].sum(1) for side in np.array(sides)], axis=1)
    mass = float(motion.model.body_mass.sum())
    return Truth(motion.fps, motion.joints, False, motion.camera, 1.7, mass, force, angles.names, angles.values)


def seen_of(truth: Truth) -> Keypoints:
    """What a detector without errors would see."""
    joints = truth.camera.to_camera(truth.joints)
    middle = joints[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(1, keepdims=True)
    pixels = truth.camera.project(truth.joints)
    sure = np.ones(pixels.shape[:2])
    return Keypoints(pixels, sure, joints - middle, sure[:, 0] > 0, truth.fps, truth.camera.image_size)


def stepping() -> Motion:
    """A walk, said to be simulated, whose feet bear its weight in turn."""
    motion = motions.as_if_simulated(motions.walking(40))
    weight = 9.81 * motion.model.body_mass.sum()
    force = np.zeros_like(motion.contact_force)
    for k, side in enumerate(("left", "right")):
        here = [name.startswith(side) for name in motion.contact_names]
        force[20 * k : 20 * k + 20, here, 2] = weight / sum(here)
    return replace(motion, contact_force=force)


def test_a_motion_that_is_the_truth_has_no_error():
    motion = stepping()
    figures = figures_of(motion, truth := truth_of(motion), seen_of(truth))
    assert set(figures) == set(FIGURES)
    exact = [name for name in figures if name.endswith(("_mm", "_deg", "_percent", "_ms"))]
    other = {"simulated_percent", "force_newton_percent", "detector_mpjpe_mm", "penetration_mm"}
    for name in set(exact) - other - {"force_foot_6hz_percent", "force_total_6hz_percent"}:
        assert np.isnan(figures[name]) or abs(figures[name]) < 1e-4, name
    assert figures["simulated_percent"] == 100 and figures["accel_error"] < 1e-6


def test_the_motions_own_world_does_not_count_but_its_up_does():
    motion = motions.walking(10)
    turn = Rotation.from_euler("x", 7, degrees=True).as_matrix()
    camera = motion.camera.in_world(turn, np.array([0.3, 0.2, 0.1]))  # sees the truth's world so
    truth = truth_of(motion)
    figures = figures_of(
        motion, replace(truth, joints=truth.joints @ turn.T + [0.3, 0.2, 0.1], camera=camera), seen_of(truth)
    )
    assert figures["mpjpe_abs_mm"] < 1e-4 and figures["up_deg"] == pytest.approx(7.0)


def test_lengths_are_told_in_percent_of_the_truth():
    joints = motions.walking(5).joints
    errors = length_errors(1.1 * joints, joints)
    assert set(errors) == set(LENGTHS) and all(error == pytest.approx(10) for error in errors.values())


def test_bends_have_their_names_and_straight_knees_their_sign():
    motion = motions.kinematic(np.tile(motions.body().rest_qpos, (4, 1)))
    at, truth = pose(motion.model, motion.qpos), truth_of(motion)
    bent = truth.angles.copy()
    for side in ("left", "right"):
        bent[:, truth.angle_names.index(f"{side}_knee_flexion")] = 0.0
        bent[:, truth.angle_names.index(f"{side}_elbow_flexion")] += np.radians(30)
    found = bend_errors(motion, at, motion.joints, replace(truth, angles=bent))
    knee = np.degrees(truth.angles[0, truth.angle_names.index("left_knee_flexion")])
    assert found["elbow"] == pytest.approx(30) and found["hip"] == pytest.approx(0, abs=1e-6)
    assert found["straight_knee"] == pytest.approx(knee)


def test_between_points_a_straight_limb_is_not_bent():
    motion = motions.walking(4)
    truth = replace(truth_of(motion), angle_names=(), angles=np.zeros((4, 0)))
    found = bend_errors(motion, pose(motion.model, motion.qpos), motion.joints, truth)
    assert all(found[name] == pytest.approx(0, abs=1e-5) for name in ("hip", "knee", "ankle", "elbow", "shoulder"))


def test_forces_half_as_large_and_late_are_told_so():
    motion, late = stepping(), 2
    truth = truth_of(motion)
    weak = replace(motion, contact_force=0.5 * np.roll(motion.contact_force, late, axis=0))
    figures = force_errors(weak, truth)
    assert figures["force_foot_percent"] > 49 and figures["force_peak_percent"] == pytest.approx(50)
    assert figures["force_on_ms"] == pytest.approx(1000 * late / 30, abs=5)


def test_an_ankle_that_does_half_is_told_so():
    motion = stepping()
    at, truth = pose(motion.model, motion.qpos), truth_of(motion)
    torque = motion.joint_torque.copy()
    for side in ("left", "right"):
        torque[:, motion.model.actuator(f"{side}_ankle_flexion").id] = -50.0
    weak = replace(motion, joint_torque=torque)
    moments = joint_moments(weak, at)
    names = [moments.names.index(f"{side}_ankle_dorsiflexion") for side in ("left", "right")]
    true = -2 * moments.values[:, names] / motion.model.body_mass.sum()
    found = ankle_errors(weak, at, replace(truth, ankle_moment=true))
    assert found["ankle_moment_percent"] == pytest.approx(-50)
    assert np.isnan(ankle_errors(weak, at, truth)["ankle_moment_percent"])


def test_nothing_is_said_of_forces_that_nobody_knows():
    motion = stepping()
    truth = truth_of(motion)
    figures = force_errors(motion, replace(truth, force=np.full_like(truth.force, np.nan)))
    assert all(np.isnan(value) for value in figures.values())


def test_a_loaded_sole_that_is_dragged_has_its_speed_and_one_that_stands_none():
    motion = stepping()
    still = motions.kinematic(np.tile(motion.qpos[:1], (len(motion), 1)))
    standing = replace(motions.as_if_simulated(still), contact_force=motion.contact_force)
    assert loaded_sole_speed(standing) == pytest.approx(0)
    qvel = standing.qvel.copy()
    qvel[:, 1] = 0.3
    assert loaded_sole_speed(replace(standing, qvel=qvel)) == pytest.approx(0.3)
    assert np.isnan(loaded_sole_speed(still))


def test_a_truth_comes_back_from_its_file(tmp_path):
    truth = truth_of(motions.walking(6))
    save_truth(truth, tmp_path / "truth.npz")
    back = load_truth(tmp_path / "truth.npz")
    assert np.array_equal(back.joints, truth.joints) and back.angle_names == truth.angle_names
    assert len(back.part(slice(None, None, 2))) == 3 and back.part(slice(None, None, 2)).fps == 15


@dataclass(frozen=True)
class Stand:
    """A suite of three clips, one of which nobody can have."""

    place: Path
    name: str = "stand"

    def clips(self):
        people = (("walk_a", Split.TUNING, "ann"), ("walk_b", Split.TUNING, "bob"), ("walk_c", Split.TEST, "cid"))
        return [BenchClip("stand", name, split, "walk", "side", who, "made up") for name, split, who in people]

    def prepare(self, clip, detector, mirrored=False):
        if clip.person == "bob":
            raise InputError("bob is not at home")
        truth = truth_of(motions.walking(12))
        self.place.mkdir(exist_ok=True)
        save(seen_of(truth), self.place / "seen.npz")
        return PreparedClip(self.place / "seen.npz", truth, {"height": 1.7})


@pytest.fixture
def runs(monkeypatch):
    """How often something was reconstructed; it comes out exact."""
    calls = []

    def exact(video, **given):
        calls.append(given)
        return motions.walking(12)

    monkeypatch.setattr(measuring, "reconstruct", exact)
    return calls


def test_a_failure_does_not_stop_the_others_and_what_is_done_stays(tmp_path, runs):
    suite = Stand(tmp_path / "clips")
    clips = chosen([suite], Split.TUNING, (), None)
    for _ in range(2):
        found = measure([suite], clips, BenchSettings(), tmp_path / "out", jobs=1)
        assert [one.failure for one in found] == ["", "bob is not at home"]
        assert found[0].figures["mpjpe_mm"] < 1e-3
    assert len(runs) == 1  # the second time its row was there
    measure([suite], clips[:1], BenchSettings(given={"seed": 3}), tmp_path / "out", jobs=1)
    assert len(runs) == 2 and runs[1]["seed"] == 3


def test_tables_and_page_tell_settings_means_and_failures(tmp_path, runs):
    text, failed = report.main(tmp_path / "out", [Stand(tmp_path / "clips")], BenchSettings(), split="both", jobs=1)
    assert failed == 1 and "bob is not at home" in text and "Commit" in text
    csv = (tmp_path / "out" / "reconstruct.csv").read_text()
    assert csv.count("\n") == 4 and "mpjpe_mm" in csv
    content = json.loads((tmp_path / "out" / "reconstruct.json").read_text())
    assert content["means"]["stand, tuning"]["mpjpe_mm"]["clips"] == 1
    page = (tmp_path / "out" / "reconstruct.html").read_text()
    assert page.count("data:image/jpeg") == 2 and "http" not in page.replace("http-equiv", "")


def test_clips_are_chosen_by_name_action_person_or_split(tmp_path):
    suite = Stand(tmp_path)
    assert [clip.person for clip in chosen([suite], None, ("cid",), None)] == ["cid"]
    assert len(chosen([suite], None, ("walk",), 2)) == 2 and not chosen([suite], Split.TEST, ("ann",), None)
    with pytest.raises(InputError, match="there are walk"):
        report.main(tmp_path, [suite], BenchSettings(), only=("swim",))
    with pytest.raises(InputError, match="tuning, test, both"):
        report.main(tmp_path, [suite], BenchSettings(), split="all")


def test_options_are_read_as_json():
    assert options_of(["window=0.5", "body=anny", "first-poses=relaxed"]) == {
        "window": 0.5,
        "body": "anny",
        "first_poses": "relaxed",
    }
    with pytest.raises(InputError, match="NAME=VALUE"):
        options_of(["wind=1"])


@pytest.mark.parametrize("text", ["optimizer=nope", "window=abc", "height=180", "body=nope", "fov=400"])
def test_an_option_that_cannot_be_right_is_refused_at_the_door(text):
    with pytest.raises(InputError, match=text.partition("=")[0]):
        options_of([text])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("reconstruct --given optimizer=nope", "--optimizer nope is unknown"),
        ("reconstruct --given foo", "--given foo: give NAME=VALUE"),
        ("reconstruct --body nope", "--body nope is unknown"),
        ("reconstruct --detector nope", "--detector nope is unknown"),
        ("reconstruct --data plates=/nope", "there is no folder /nope"),
        ("reconstruct --suites nope", "no suite is called 'nope'"),
        ("reconstruct --split nope", "--split nope is unknown"),
        ("reconstruct --only nope", "is called so"),
        ("reconstruct --every 0", "--every 0: give at least 1"),
        ("reconstruct --clips 0", "--clips 0: give at least 1"),
        ("reconstruct --jobs -1", "--jobs -1: give at least 0"),
        ("reconstruct --calibrated --given fov=60", "leave fov out of --given"),
        ("poses --frames 0", "--frames 0: give at least 1"),
        ("poses --weights mine=/nope", "there is no file /nope"),
        ("poses --body nope", "--body nope is unknown"),
        ("poses --methods nope", "no method is called 'nope'"),
        ("optimizers --workers 0", "--workers 0: give at least 1"),
        ("optimizers --outside --workers -3", "--workers -3: give at least 1"),
        ("optimizers --weights optimus-paper", "write NAME=FILE"),
        ("optimizers --dims 0", "--dims 0: give numbers from 1"),
        ("safety --workers 0", "--workers 0: give at least 1"),
        ("optimizers --instances 0", "--instances 0: give at least 2"),
        ("poses --output taken/there", "taken is a file"),
        ("safety --method nope", "--method is 'nope'"),
        ("batch --rounds 0", "--rounds 0: give at least 1"),
    ],
)
def test_a_bad_flag_of_a_bench_is_said_before_any_work(flags, said, tmp_path, monkeypatch, capsys):
    def work(*args, **given):
        raise AssertionError("work began")

    for place in (
        "motionrecon.research.bench.reconstruct.report.measure",
        "motionrecon.research.bench.poses.report.measure",
        "motionrecon.research.bench.functions.measure.measure",
        "motionrecon.research.bench.outside.measure.measure",
        "motionrecon.research.bench.windows.safety.check",
        "motionrecon.research.bench.throughput.measure",
    ):
        monkeypatch.setattr(place, work)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    assert cli.main(["bench", *flags.split()]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("text", ["keypoints=a.npz", "hands=true", "video=a.mp4", "start=1", "output=there"])
def test_what_the_bench_gives_itself_cannot_be_given(text):
    with pytest.raises(InputError, match=f"{text.partition('=')[0]} is the bench's own"):
        options_of([text])


@pytest.mark.parametrize(("every", "kept"), [(1, True), (2, False)])
def test_keypoints_of_a_film_may_be_thinned(tmp_path, every, kept):
    keypoints = seen_of(truth_of(motions.walking(12)))
    nowhere = np.full((1, 64, 2), np.nan)
    links = np.array([0]), np.array([11]), nowhere, nowhere, np.zeros((1, 64), bool), np.zeros(1)
    followed = replace(
        keypoints, background=BackgroundTracks(*links, np.zeros(0, int), np.zeros(0, int), looked=2, blank=0, pixel=1.0)
    )
    save(measuring._thinned(followed, every), tmp_path / "thinned.npz")
    again = load(tmp_path / "thinned.npz")
    assert (len(again), again.fps) == (12 // every, keypoints.fps / every) and (again.background is not None) == kept


def test_a_worker_that_is_killed_costs_its_clip_only(tmp_path):
    suite = Deadly(tmp_path / "clips")
    found = measure([suite], suite.clips(), BenchSettings(), tmp_path / "out", jobs=2)
    assert ["killed" in one.failure for one in found] == [False, True, False]


def test_an_option_says_that_films_are_looked_at_mirrored_too(tmp_path):
    class Asked(Stand):
        def prepare(self, clip, detector, mirrored=False):
            return detector, mirrored

    suite = Asked(tmp_path)
    told = [BenchSettings("heavy", given=given).prepared(suite, suite.clips()[0]) for given in ({}, {"mirrored": True})]
    assert told == [("heavy", False), ("heavy", True)]


@dataclass(frozen=True)
class Deadly(Stand):
    """A suite one of whose clips ends its process; nobody has the others."""

    def prepare(self, clip, detector, mirrored=False):
        if clip.person == "bob":
            os._exit(9)
        raise InputError(f"{clip.person} is out")


def test_verdicts_are_compared_with_the_errors():
    clips = Stand(Path()).clips() * 2
    told = (("good", 30), ("fair", 60), ("poor", 90), ("good", 40), ("poor", 80), ("poor", 120))
    results = [
        measuring.ClipResult(clip, dict.fromkeys(FIGURES, np.nan) | {"mpjpe_mm": error, "expected_mm": error**2}, word)
        for clip, (word, error) in zip(clips, told, strict=True)
    ]
    line = verdict_line(frame_of(results))
    assert "expected error and MPJPE 1.00 (6 clips)" in line and "verdict and MPJPE 0.9" in line
