"""The feet's forces, where they act, when feet come down; and that motion.npz tells all of it by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from motions import body, kinematic, simulated

from motionrecon.body.pose import pose
from motionrecon.mechanics.events import THRESHOLD, GaitCycle, foot_events
from motionrecon.mechanics.feet import contact_points, foot_forces
from motionrecon.mechanics.summary import mechanics
from motionrecon.result.motion import Motion


def standing(frames: int = 3) -> Motion:
    qpos = np.repeat(body().rest_qpos[None], frames, axis=0)
    return kinematic(qpos)


def test_force_at_the_centre_of_pressure_with_the_moment_is_all_that_the_floor_does() -> None:
    motion = standing()
    random = np.random.default_rng(0)
    pushes = random.standard_normal(motion.contact_force.shape) * [40, 40, 0] + [0, 0, 100]
    motion = replace(motion, contact_force=pushes)
    at = pose(motion.model, motion.qpos)
    places, feet = contact_points(motion, at), foot_forces(motion, at)
    assert feet.names == ("left_foot", "right_foot")
    for i, side in enumerate(("left", "right")):
        here = [name.startswith(side) for name in motion.contact_names]
        whole = np.cross(places[:, here], pushes[:, here]).sum(axis=1)
        told = np.cross(feet.pressure[:, i], feet.force[:, i]) + feet.moment[:, i]
        np.testing.assert_allclose(told, whole, atol=1e-9)
        assert np.abs(feet.moment[:, i, :2]).max() < 1.5  # of the height between heel and toe of a tilted foot
    both = (feet.force[..., 2:] * feet.pressure).sum(1) / feet.force[..., 2:].sum(1)
    np.testing.assert_allclose(feet.total_pressure(), both)


#: Newtons that somebody weighs.
WEIGHT = 700.0


def steps(*runs: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(count, force) for count, force in runs])


def test_a_foot_comes_down_and_leaves_where_the_force_crosses_the_threshold() -> None:
    force = steps((10, 0.0), (20, 100.0), (10, 0.0), (20, 100.0), (5, 0.0))
    found = foot_events("left_foot", force, 50.0, np.ones(len(force), bool), WEIGHT)
    share = THRESHOLD / 100
    np.testing.assert_allclose(found.strikes, [(9 + share) / 50, (39 + share) / 50])
    np.testing.assert_allclose(found.offs, [(30 - share) / 50, (60 - share) / 50])
    assert found.cycles == (GaitCycle(found.strikes[0], found.offs[0], found.strikes[1]),)
    np.testing.assert_allclose(found.stances, np.column_stack([found.strikes, found.offs]))


def test_a_gap_or_a_touch_of_a_few_milliseconds_is_none() -> None:
    runs = steps((80, 0.0), (80, 300.0), (5, 0.0), (80, 300.0), (80, 0.0), (5, 300.0), (80, 0.0))
    found = foot_events("foot", runs, 200.0, np.ones(len(runs), bool), WEIGHT)
    assert (len(found.strikes), len(found.offs)) == (1, 1)
    np.testing.assert_array_equal(np.flatnonzero(found.grounded), np.arange(80, 245))


@pytest.mark.parametrize(
    ("force", "frames", "counts"),
    [(150.0, 3, 1), (150.0, 12, 2), (0.6 * WEIGHT, 3, 2)],
    ids=["a scuff", "a light step", "a runner's short step"],
)
def test_a_foot_that_scuffs_the_floor_as_it_swings_makes_no_step(force: float, frames: int, counts: int) -> None:
    runs = steps((8, 0.0), (20, 600.0), (8, 0.0), (frames, force), (8, 0.0), (20, 600.0), (8, 0.0))
    found = foot_events("left_foot", runs, 30.0, np.ones(len(runs), bool), WEIGHT)
    assert len(found.strikes) == len(found.offs) == counts + 1
    assert len(found.cycles) == counts


@pytest.mark.parametrize("gap", [slice(36, None), slice(0, 33)], ids=["the end of what is known", "its beginning"])
def test_a_contact_that_is_cut_off_is_no_scuff(gap: slice) -> None:
    force = steps((32, 0.0), (4, 150.0), (20, 0.0)) if gap.stop is None else steps((31, 0.0), (5, 150.0), (20, 0.0))
    known = np.ones(len(force), bool)
    whole = foot_events("left_foot", force, 30.0, known, WEIGHT)
    assert whole.stances.shape == (0, 2)
    np.testing.assert_array_equal(whole.grounded, force > 0)  # it is on the ground, but does not stand
    known[gap] = False
    cut = foot_events("left_foot", force, 30.0, known, WEIGHT)
    assert len(cut.stances) == 1 and len(cut.strikes) + len(cut.offs) == 1


def test_what_was_not_simulated_has_no_events() -> None:
    force = steps((10, 0.0), (20, 500.0), (10, 0.0))
    known = np.ones(len(force), bool)
    known[:10] = False  # the force begins with the simulation, not with a foot that comes down
    found = foot_events("left_foot", force, 30.0, known, WEIGHT)
    assert len(found.strikes) == 0 and len(found.offs) == 1 and found.cycles == ()
    np.testing.assert_allclose(found.stances, [[10 / 30, found.offs[0]]])
    np.testing.assert_array_equal(found.grounded, (force > 0) & known)
    known[9] = True  # of its first frame it knows no force yet
    assert len(foot_events("left_foot", force, 30.0, known, WEIGHT).strikes) == 0
    known[8] = True  # but after two in the air a foot comes down
    assert len(foot_events("left_foot", force, 30.0, known, WEIGHT).strikes) == 1


def test_no_cycle_goes_over_what_was_not_simulated() -> None:
    force = steps((10, 0.0), (20, 100.0), (10, 0.0), (20, 100.0), (5, 0.0))
    known = np.ones(len(force), bool)
    assert len(foot_events("left_foot", force, 50.0, known, WEIGHT).cycles) == 1
    known[33:36] = False  # a step may be hidden there
    assert foot_events("left_foot", force, 50.0, known, WEIGHT).cycles == ()


def test_a_foot_that_stands_all_the_time_is_on_the_ground_all_the_time() -> None:
    found = foot_events("left_foot", np.full(31, 300.0), 30.0, np.ones(31, bool), WEIGHT)
    assert len(found.strikes) == len(found.offs) == 0 and found.stances.tolist() == [[0.0, 1.0]]
    assert foot_events("left_foot", np.zeros(31), 30.0, np.ones(31, bool), WEIGHT).stances.shape == (0, 2)


def test_the_file_names_its_columns_and_tells_what_follows(tmp_path: Path) -> None:
    motion = simulated()
    motion.save(tmp_path / "a")
    with np.load(tmp_path / "a" / "motion.npz", allow_pickle=False) as file:
        arrays = dict(file)
    found = mechanics(motion)
    for names, values in (
        ("qpos_names", "qpos"),
        ("qvel_names", "qvel"),
        ("ctrl_names", "ctrl"),
        ("ctrl_names", "joint_torque"),
        ("contact_names", "contact_point"),
        ("angle_names", "angle"),
        ("moment_names", "moment"),
        ("power_names", "power"),
        ("foot_names", "cop"),
    ):
        assert len(arrays[names]) == arrays[values].shape[1], names
    assert list(arrays["ctrl_names"]) == list(arrays["qpos_names"][7:])  # of a body whose hinges are all driven
    np.testing.assert_array_equal(arrays["com"], found.com)
    np.testing.assert_array_equal(np.isnan(arrays["cop"][..., 0]), ~found.feet.loaded)
    np.testing.assert_array_equal(arrays["contact_point"], found.contact_point)
    assert len(Motion.load(tmp_path / "a")) == len(motion)
