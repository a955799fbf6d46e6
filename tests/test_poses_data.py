"""The poses on which starts and steps are trained: what is in them, and that they are posed as their sources are."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.body import build
from motionrecon.body.pose import pose
from motionrecon.core.files import sha256
from motionrecon.data.carriage import AXES, Carriage, retargeted
from motionrecon.data.make_poses import FOLDER, FPS, HEIGHT, HELD_OUT, SETS
from motionrecon.poses.articulation import Articulation


@pytest.mark.parametrize("name", SETS)
def test_poses_are_whole_upright_and_within_the_joints_ranges(name):
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as saved:
        qpos, first, names = saved["qpos"].astype(float), saved["first"], saved["names"]
        assert float(saved["fps"]) == FPS and float(saved["height"]) == HEIGHT
    body = build(HEIGHT)
    assert qpos.shape == (first[-1], body.model.nq) and len(names) == len(first) - 1 and (np.diff(first) > 1).all()
    assert np.isfinite(qpos).all() and np.allclose(np.linalg.norm(qpos[:, 3:7], axis=1), 1.0, atol=2e-3)
    low, high = Articulation.of_body(body).limits
    assert (qpos[:, 7:] > low[6:] - 0.1).all() and (qpos[:, 7:] < high[6:] + 0.1).all()
    assert sha256(FOLDER / f"{name}.npz") == tomllib.loads((FOLDER / "sha256.toml").read_text())[f"{name}.npz"]


def test_no_clip_is_in_two_sets_and_held_out_actions_are_in_one():
    clips = {}
    for name in SETS:
        with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as saved:
            clips[name] = set(saved["names"].tolist())
    assert len(set.union(*clips.values())) == sum(map(len, clips.values()))
    for name in ("train", "tune", "test_clips"):
        assert not any(action in clip for clip in clips[name] for action in HELD_OUT)


def test_a_body_points_where_a_carriage_does():
    body = build(HEIGHT)
    rng = np.random.default_rng(0)
    qpos = np.tile(body.rest_qpos, (6, 1))
    qpos[:, 7:] += np.cumsum(0.1 * rng.standard_normal((6, 28)), axis=0)
    low, high = Articulation.of_body(body).limits[:, 6:]
    qpos[:, 7:] = np.clip(qpos[:, 7:], low + 0.1, high - 0.1)
    qpos[:, 3:7] = Rotation.from_euler("z", np.linspace(1, 3, 6)[:, None]).as_quat(scalar_first=True)
    turn = pose(body.model, qpos).rotations
    axes = [turn[:, body.model.body(a.body).id] @ np.array(a.axis) for a in AXES.values()]
    clip = Carriage(30.0, np.zeros((6, 3)), np.stack(axes, axis=1))
    found = pose(body.model, retargeted(body, [clip, clip.every(2)])[0]).rotations
    told = [turn[:, body.model.body(a.body).id] @ np.array(a.axis) for a in AXES.values()]
    seen = [found[:, body.model.body(a.body).id] @ np.array(a.axis) for a in AXES.values()]
    assert np.degrees(np.arccos(np.clip((np.array(told) * seen).sum(-1), -1, 1))).max() < 4.0


def test_a_mannequin_s_limbs_point_where_the_body_s_do():
    from motionrecon.data.make_rendered import faster, passages, segment_rotations
    from motionrecon.data.mannequin import INDEX

    name, fps, qpos = passages("tune", 1, seed=3)[0]
    body = build(HEIGHT)
    motion = faster(qpos, fps, 30.0)
    assert name and abs(len(motion) - 1.5 * len(qpos)) < 3 and np.allclose(motion[0], qpos[0])
    at = pose(body.model, motion)
    turn = segment_rotations(body, motion)
    for upper, lower in (
        ("left_upper_arm", "left_forearm"),
        ("right_forearm", "right_hand"),
        ("left_shank", "left_foot"),
    ):
        ends = [at.origins[:, body.model.body(part).id] for part in (upper, lower)]
        limb = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0], axis=-1, keepdims=True)
        assert np.allclose(turn[:, INDEX[upper]] @ [0.0, 0.0, -1.0], limb, atol=1e-6)
