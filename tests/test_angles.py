"""Anatomical angles, moments and power: names, signs, both sides alike, and power that adds up."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import body, kinematic, walking

from motionrecon.body.anatomical import segments_of
from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.mechanics.angles import articulations, joint_angles
from motionrecon.mechanics.moments import actuated
from motionrecon.mechanics.summary import mechanics


def bent(**degrees: float) -> np.ndarray:
    """A configuration (1, nq): the T pose with some hinges bent."""
    model = body().model
    qpos = np.zeros((1, model.nq))
    qpos[0, 3] = 1.0
    for hinge, angle in degrees.items():
        qpos[0, model.joint(hinge).qposadr[0]] = np.radians(angle)
    return qpos


def angles(qpos: np.ndarray) -> dict[str, float]:
    """The angles that are not 0, degrees."""
    found = joint_angles(body(), pose(body().model, qpos))
    return {
        name: round(float(np.degrees(value)), 3)
        for name, value in zip(found.names, found.values[0], strict=True)
        if abs(value) > 1e-6
    }


T_POSE = {"left_shoulder_elevation": 90, "right_shoulder_elevation": 90}


def test_a_t_pose_is_zero_but_for_the_arms() -> None:
    assert angles(bent()) == T_POSE


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("hinge", "degrees", "angle", "positive"),
    [
        ("hip_flexion", 30, "hip_flexion", 30),
        ("hip_abduction", 20, "hip_adduction", -20),
        ("hip_rotation", 20, "hip_internal_rotation", -20),
        ("knee_flexion", 110, "knee_flexion", 110),
        ("ankle_flexion", 15, "ankle_dorsiflexion", 15),
        ("elbow_flexion", 130, "elbow_flexion", 130),
    ],
)
def test_a_hinge_alone_is_its_angle_on_both_sides(
    side: str, hinge: str, degrees: float, angle: str, positive: float
) -> None:
    assert angles(bent(**{f"{side}_{hinge}": degrees})) == T_POSE | {f"{side}_{angle}": positive}


@pytest.mark.parametrize(
    ("hinge", "angle", "sign"),
    [
        ("lumbar_flexion", "trunk_flexion", 1),
        ("lumbar_lateral", "trunk_bending_right", 1),
        ("lumbar_twist", "trunk_rotation_left", 1),
        ("neck_flexion", "neck_flexion", 1),
        ("neck_lateral", "neck_bending_right", 1),
        ("neck_twist", "neck_rotation_left", 1),
    ],
)
def test_trunk_and_neck(hinge: str, angle: str, sign: int) -> None:
    assert angles(bent(**{hinge: 12})) == T_POSE | {angle: 12 * sign}


def seen_from(qpos: np.ndarray, mark: str) -> np.ndarray:
    return pose(body().model, qpos).at(body().landmarks)[0, INDEX[mark]]


@pytest.mark.parametrize(
    ("name", "mark", "direction"),
    [
        ("left_hip_flexion", "left_knee", (1, 0, 0)),
        ("right_hip_flexion", "right_knee", (1, 0, 0)),
        ("left_hip_adduction", "left_knee", (0, -1, 0)),
        ("right_hip_adduction", "right_knee", (0, 1, 0)),
        ("left_hip_internal_rotation", "left_foot_index", (0, -1, 0)),
        ("right_hip_internal_rotation", "right_foot_index", (0, 1, 0)),
        ("left_knee_flexion", "left_ankle", (-1, 0, 0)),
        ("left_ankle_dorsiflexion", "left_foot_index", (0, 0, 1)),
        ("trunk_flexion", "left_shoulder", (1, 0, 0)),
        ("trunk_bending_right", "nose", (0, -1, 0)),
        ("trunk_rotation_left", "nose", (0, 1, 0)),
        ("neck_rotation_left", "nose", (0, 1, 0)),
    ],
)
def test_a_positive_turn_about_an_axis_moves_the_body_as_the_name_says(name, mark, direction) -> None:
    straight = bent()
    at = pose(body().model, straight)
    one = next(joint for joint in articulations(body()) if name in joint.names)
    axis = one.axes(at)[0, one.names.index(name)]
    moved = np.cross(axis, seen_from(straight, mark) - at.origins[0, one.distal.body])
    assert np.dot(moved, direction) > 0.05


@pytest.mark.parametrize(("side", "inward"), [("left", -1), ("right", 1)])
def test_inversion_turns_the_sole_inward(side: str, inward: int) -> None:
    for degrees in (-10, 10):
        qpos = bent(**{f"{side}_ankle_inversion": degrees})
        foot = body().model.body(f"{side}_foot").id
        sole = -pose(body().model, qpos).rotations[0, foot][:, 2]  # where the sole looks
        found = angles(qpos)[f"{side}_ankle_inversion"]
        assert abs(found) == 10 and np.sign(found) == np.sign(inward * sole[1])


@pytest.mark.parametrize(("side", "out"), [("left", 1.0), ("right", -1.0)])
def test_the_shoulders_plane_elevation_and_rotation(side: str, out: float) -> None:
    model = body().model
    upper = next(s for s in segments_of(body()).values() if s.name == f"{side}_upper_arm")

    def found(arm: np.ndarray, elbow_axis: np.ndarray) -> list[float]:
        """The shoulder's angles where the arm points along ``arm`` and the elbow turns about ``elbow_axis``."""
        at = pose(model, bent())
        axes = np.column_stack([np.cross(-arm, elbow_axis), -arm, elbow_axis])
        at.rotations[0, upper.body] = axes @ upper.axes.T
        one = next(joint for joint in articulations(body()) if joint.name == f"{side}_shoulder")
        return [round(float(np.degrees(v)), 3) for v in one.angles(at)[0]]

    forward, left, up = np.eye(3)
    right = -left
    assert found(left * out, -out * up) == [0, 90, 0]  # abducted
    assert found(forward, right) == [90, 90, -90]  # flexed, without a turn about itself
    tipped = np.cos(np.radians(40)) * -up + np.sin(np.radians(40)) * forward
    assert found(tipped, right) == [90, 40, -90]


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_arm_that_swings_round_does_not_wind_its_angles_up(side: str) -> None:
    model = body().model
    upper = next(s for s in segments_of(body()).values() if s.name == f"{side}_upper_arm")
    round_ = np.linspace(0, 10 * np.pi, 400)  # a cone with an oval base about where the arm hangs
    arms = np.column_stack([0.45 * np.sin(round_), 0.15 * np.cos(round_), -np.ones(len(round_))])
    arms /= np.linalg.norm(arms, axis=1, keepdims=True)
    elbow = np.cross(arms, [1.0, 0.0, 0.0])
    elbow /= np.linalg.norm(elbow, axis=1, keepdims=True)
    at = pose(model, np.repeat(bent(), len(arms), axis=0))
    at.rotations[:, upper.body] = np.stack([np.cross(-arms, elbow), -arms, elbow], axis=2) @ upper.axes.T
    one = next(joint for joint in articulations(body()) if joint.name == f"{side}_shoulder")
    plane, elevation, rotation = np.degrees(one.angles(at)).T
    assert np.abs(plane).max() < 360 and np.abs(rotation).max() < 360
    assert np.abs(np.diff(plane + rotation)).max() < 20  # what is defined while it hangs goes on
    hangs = elevation < 20
    assert hangs.any() and not hangs.all()
    jumps = np.abs(np.diff(np.column_stack([plane, rotation]), axis=0)).max(axis=1) > 180
    assert jumps.any() and hangs[1:][jumps].all()
    for t in range(0, len(arms), 7):  # and it is the same pose
        alone = pose(model, bent())
        alone.rotations[0] = at.rotations[t]
        turns = ([plane[t], elevation[t], rotation[t]] - np.degrees(one.angles(alone)[0])) / 360
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)


def test_a_person_who_faces_another_way_has_the_same_angles_but_the_pelvis_turn() -> None:
    qpos = bent(left_knee_flexion=40, right_hip_flexion=20)
    turned = qpos.copy()
    turned[0, 3:7] = [np.cos(np.pi / 4), 0, 0, np.sin(np.pi / 4)]  # a quarter to the left
    assert angles(turned) == angles(qpos) | {"pelvis_rotation_left": 90}
    leaning = turned.copy()
    mujoco.mju_mulQuat(leaning[0, 3:7], turned[0, 3:7], [np.cos(0.1), 0, np.sin(0.1), 0])  # then forward about its left
    found = angles(leaning)
    assert found["pelvis_anterior_tilt"] == pytest.approx(np.degrees(0.2), abs=1e-3)
    assert found["pelvis_rotation_left"] == pytest.approx(90) and "pelvis_obliquity_left_up" not in found


def test_angles_never_jump_by_a_turn() -> None:
    turn = np.linspace(0, 4 * np.pi, 60)
    qpos = np.repeat(bent(), 60, axis=0)
    qpos[:, 3], qpos[:, 6] = np.cos(turn / 2), np.sin(turn / 2)
    found = joint_angles(body(), pose(body().model, qpos))
    np.testing.assert_allclose(found.values[:, found.names.index("pelvis_rotation_left")], turn, atol=1e-9)


@settings(max_examples=12)
@given(st.integers(0, 2**31))
def test_moments_times_the_angles_rates_are_the_power(seed: int) -> None:
    """In any pose, but near a shoulder whose axes lie along each other."""
    random, model = np.random.default_rng(seed), body().model
    qpos = np.repeat(bent(), 3, axis=0)
    qpos[:, 7:] = random.uniform(-0.6, 0.6, model.nu)
    qvel, torque = random.standard_normal((3, model.nv)), random.standard_normal((3, model.nu))
    step = 1e-6
    for row, sign in ((0, -1), (2, 1)):
        mujoco.mj_integratePos(model, qpos[row], qvel[1], sign * step)
    qvel[:] = qvel[1]
    motion = replace(kinematic(qpos), qvel=qvel, joint_torque=torque)
    found = mechanics(motion)
    rate = (found.angles.values[2] - found.angles.values[0]) / (2 * step)
    for joint in articulations(body()):
        if joint.proximal is None or joint.name.endswith("shoulder"):
            continue
        i = found.moments.joint_names.index(joint.name)
        of_moments = sum(
            found.moments.values[1, found.moments.names.index(name)] * rate[found.angles.names.index(name)]
            for name in joint.names
        )
        assert of_moments == pytest.approx(found.moments.power[1, i], abs=1e-5)


def test_moments_have_the_signs_of_their_angles() -> None:
    model = body().model
    torque = np.zeros((1, model.nu))
    for hinge, newton_metres in (("left_knee_flexion", -40.0), ("right_hip_abduction", 60.0), ("lumbar_flexion", 7.0)):
        torque[0, model.actuator(hinge).id] = newton_metres
    moments = mechanics(replace(kinematic(bent()), joint_torque=torque)).moments
    found = dict(zip(moments.names, moments.values[0], strict=True))
    assert {name: round(value, 6) for name, value in found.items() if abs(value) > 1e-6} == {
        "left_knee_flexion": -40.0,
        "right_hip_adduction": -60.0,
        "trunk_flexion": 7.0,
    }
    assert model.dof_jntid[actuated(model)].tolist() == model.actuator_trnid[:, 0].tolist()


def test_the_centre_of_mass_moves_as_its_velocity_says() -> None:
    motion = walking(31)
    model = body().model
    qvel = np.zeros_like(motion.qvel)
    for t in range(1, 30):
        mujoco.mj_differentiatePos(model, qvel[t], 2 / motion.fps, motion.qpos[t - 1], motion.qpos[t + 1])
    found = mechanics(replace(motion, qvel=qvel))
    rates = np.gradient(found.com, 1 / motion.fps, axis=0)
    np.testing.assert_allclose(found.com_velocity[2:-2], rates[2:-2], atol=0.02)
