"""The bank of typical poses and the first trajectory that is made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.body import build
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import TRUST
from motionrecon.data.make_bank import facing, typical
from motionrecon.data.make_poses import FOLDER
from motionrecon.errors import ModelError
from motionrecon.kinematics.start import STARTS
from motionrecon.poses import bank as banks
from motionrecon.poses.bank import PoseBank, Sighting
from motionrecon.poses.placing import placed
from motionrecon.poses.start import StartSettings, course, likely_course
from motionrecon.views import View

BODY = build(1.70)


def tuning_poses(step):
    with np.load(FOLDER / "tune.npz", allow_pickle=False) as saved:
        qpos = saved["qpos"][::step].astype(float)
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    qpos[:, :2] = 0.0
    return qpos


def camera(calibrated=True, yaw=0.4):
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]) @ Rotation.from_euler("z", yaw).as_matrix()
    K = np.array([[1000.0, 0, 640], [0, 1000, 360], [0, 0, 1]])
    return Pinhole(K, (1280, 720), turn, np.array([0.0, 1.0, 4.0]), calibrated=calibrated)


def off(one, other):
    """Metres between marks about the hips, (..., 33, 3)."""
    one, other = (points - points[..., 23:25, :].mean(-2, keepdims=True) for points in (one, other))
    return np.linalg.norm(one - other, axis=-1)[..., TRUST > 0.75].mean(-1)


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_candidates_look_like_what_was_seen_and_are_unlike_each_other(calibrated, told):
    marks = pose(BODY.model, tuning_poses(150)).at(BODY.marks)
    seer = camera(calibrated)
    guess = (marks - marks.mean(1, keepdims=True)) @ seer.axes[0].T if told else np.full(marks.shape, np.nan)
    seen = Sighting(seer, seer.project(marks), np.tile(TRUST, (len(marks), 1)), guess)
    qpos, away = PoseBank.of(BODY).candidates(seen, 5)
    assert qpos.shape == (len(marks), 5, BODY.model.nq) and (away[:, 0] <= away.min(1) + 1e-12).all()
    found = np.stack([pose(BODY.model, qpos[:, k]).at(BODY.marks) for k in range(5)], axis=1)
    assert np.median(np.linalg.norm(seer.project(found[:, 0]) - seen.pixels, axis=-1)) < 30
    assert np.median(off(found, marks[:, None]).min(1)) < (0.11 if told else 0.13)
    assert np.median(off(found[:, 1:], found[:, :1])) > 0.08


def test_missing_keypoints_are_passed_over():
    marks = pose(BODY.model, tuning_poses(400)).at(BODY.marks)
    seer = camera()
    pixels = seer.project(marks)
    weight = np.tile(TRUST, (len(marks), 1))
    pixels[:, 13:17], weight[:, 13:17] = np.nan, 0.0
    some = Sighting(seer, pixels, weight, np.full(marks.shape, np.nan))
    wild = replace(some, pixels=np.where(np.isnan(pixels), 1e5, pixels))
    qpos, away = PoseBank.of(BODY).candidates(some, 3)
    assert np.isfinite(qpos).all() and np.isfinite(away).all() and away[:, 0].max() < 0.2
    assert PoseBank.of(BODY).candidates(wild, 3)[0].shape == qpos.shape


def test_a_body_is_placed_where_it_was_seen_from():
    rng = np.random.default_rng(0)
    marks = 0.4 * rng.standard_normal((3, 4, 33, 3))
    where = np.array([0.3, -0.2, 3.5])
    there = marks[:, 1] + where
    place, away = placed(there[..., :2] / there[..., 2:], np.ones((3, 33)), marks)
    assert np.allclose(place[:, 1], where, atol=1e-6) and away[:, 1].max() < 1e-12 < away[:, 0].min()


def test_the_course_follows_the_motion_where_frames_tie():
    marks = np.zeros((6, 2, 33, 3))
    marks[:, 1] = 0.5
    order = np.array([0, 1, 0, 0, 1, 1])
    marks = marks[np.arange(6)[:, None], np.stack([order, 1 - order], 1)]
    cost = np.zeros((6, 2))
    cost[0, order[0]] = 1.0  # the second place is likelier once
    chosen = course(cost, marks, np.full(5, 0.1), StartSettings())
    assert (marks[np.arange(6), chosen][:, 0, 0] == marks[0, chosen[0], 0, 0]).all()


def test_a_motion_is_found_from_its_pixels_alone():
    with np.load(FOLDER / "tune.npz", allow_pickle=False) as saved:
        rows = saved["first"][saved["names"].tolist().index("13_18")] + np.arange(0, 40)
        qpos = saved["qpos"][rows].astype(float)
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    marks = pose(BODY.model, qpos).at(BODY.marks)
    seer = camera()
    T = len(marks)
    view = View(
        seer, Clock(20.0), seer.project(marks), np.tile(TRUST, (T, 1)), np.full(marks.shape, np.nan), np.ones(T, bool)
    )
    view = replace(view, weight=np.where(np.arange(T)[:, None] == 7, 0.0, view.weight))
    error = {}
    for name, start in STARTS.items():
        found = start(BODY, (view,))
        assert found.shape == qpos.shape and np.allclose(np.linalg.norm(found[:, 3:7], axis=1), 1)
        error[name] = off(pose(BODY.model, found).at(BODY.marks), marks).mean()
    assert error["learned"] < 0.6 * error["relaxed"]
    blind = replace(view, weight=np.zeros((T, 33)))
    assert likely_course(BODY, PoseBank.of(BODY), blind) is None
    assert np.isfinite(STARTS["learned"](BODY, (blind,))).all()


def test_the_bank_is_of_upright_poses_of_both_sides():
    bank = PoseBank.of(BODY)
    assert 256 <= len(bank) <= 1024 and banks.bank_file().stat().st_size < 80_000
    up = Rotation.from_quat(bank.qpos[:, 3:7], scalar_first=True).as_matrix()[:, 2, 2]
    assert np.median(up) > 0.9
    left = Rotation.from_quat(facing(tuning_poses(300))[:, 3:7], scalar_first=True).as_matrix()[:, :, 1]
    assert np.abs(left[:, 0]).max() < 1e-9 and (left[:, 1] > 0).all()


def test_typical_points_are_one_of_each_heap():
    rng = np.random.default_rng(0)
    heaps = np.repeat(np.eye(4) * 10, 20, axis=0) + 0.1 * rng.standard_normal((80, 4))
    assert sorted(typical(heaps, 4, rng) // 20) == [0, 1, 2, 3]


@pytest.fixture
def own_bank(tmp_path, monkeypatch):
    """A copy of the bank, that may be damaged."""
    source, copy = banks.bank_file(), tmp_path / "bank.safetensors"
    for suffix in (".safetensors", ".toml"):
        copy.with_suffix(suffix).write_bytes(source.with_suffix(suffix).read_bytes())
    monkeypatch.setattr(banks, "bank_file", lambda kind: copy)
    banks._learned.cache_clear()
    yield copy
    banks._learned.cache_clear()


@pytest.mark.parametrize("where", [40, -40], ids=["in what it says of itself", "in a pose"])
def test_a_damaged_bank_is_said(own_bank, where):
    assert PoseBank.of(BODY) is not None
    content = bytearray(own_bank.read_bytes())
    content[where] ^= 1
    own_bank.write_bytes(content)
    banks._learned.cache_clear()
    with pytest.raises(ModelError, match=r"damaged.*install motionrecon again"):
        PoseBank.of(BODY)


@pytest.mark.parametrize("suffix", [".safetensors", ".toml"])
def test_a_bank_that_is_not_whole_is_said(own_bank, suffix):
    own_bank.with_suffix(suffix).unlink()
    with pytest.raises(ModelError, match=r"cannot be read.*install motionrecon again"):
        PoseBank.of(BODY)
