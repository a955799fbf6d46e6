"""The body: a plain MuJoCo model, symmetric, of the given lengths and mass, and its derivatives."""

from __future__ import annotations

from itertools import pairwise

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.body import read
from motionrecon.body.base import SEEN, ModelAlone
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.capsules.joints import HINGES
from motionrecon.body.capsules.segments import SEGMENTS
from motionrecon.body.marks import MARKED
from motionrecon.body.points import Points
from motionrecon.body.pose import pose
from motionrecon.body.proportions import Proportions
from motionrecon.body.tangent import difference, integrate
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS, SIDES
from motionrecon.ground.plane import Plane

LIMBS = {"shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand", "hip": "thigh", "knee": "shank", "ankle": "foot"}


@pytest.fixture(scope="module")
def body() -> Capsules:
    return Capsules.build(1.75, 68.0)


def scattered(body: Capsules, count: int, size: float = 0.4, seed: int = 0) -> np.ndarray:
    """Configurations (count, nq) about the relaxed pose, the root turned and shifted as well."""
    step = size * np.random.default_rng(seed).standard_normal((count, body.model.nv))
    return integrate(np.tile(body.rest_qpos, (count, 1)), step)


def points(body: Capsules, qpos: np.ndarray) -> dict[str, np.ndarray]:
    """The landmarks' world positions in one configuration, by name."""
    at = pose(body.model, qpos[None]).at(body.landmarks)[0]
    return dict(zip(landmarks.NAMES, at, strict=True))


def test_it_loads_in_plain_mujoco_under_the_names_that_others_rely_on(body, tmp_path):
    path = tmp_path / "model.xml"
    path.write_text(body.mjcf)
    model = mujoco.MjModel.from_xml_path(str(path))
    assert (model.nq, model.nv, model.nu) == (35, 34, 28)
    sided = [f"{s}_{b}" for s in SIDES for b in ("clavicle", "upper_arm", "forearm", "hand", "thigh", "shank", "foot")]
    assert {model.body(b).name for b in range(1, model.nbody)} == {"pelvis", "torso", "head", *sided}
    sites = [model.site(s).name for s in range(model.nsite)]
    assert {name for name in sites if not name.startswith(SEEN)} == set(landmarks.NAMES)
    assert body.landmarks.names == body.marks.names == landmarks.NAMES
    joints = [model.joint(j).name for j in range(model.njnt)]
    assert joints[0] == "root"
    assert [model.actuator(a).name for a in range(28)] == joints[1:]
    assert [model.jnt_qposadr[j] for j in range(1, 29)] == body.hinge_qpos.tolist()
    unsided = {j.removeprefix("left_").removeprefix("right_") for j in joints[1:]}
    assert unsided == {h.name for hinges in HINGES.values() for h in hinges}
    assert len(body.soles.names) == 8
    assert all(model.geom(name).type[0] == mujoco.mjtGeom.mjGEOM_SPHERE for name in body.soles.names)
    floor = model.geom("floor")
    assert floor.type[0] == mujoco.mjtGeom.mjGEOM_PLANE and not floor.pos.any()


def test_the_segments_share_the_mass_as_published(body):
    model = body.model
    assert model.body_mass.sum() == pytest.approx(68.0, abs=1e-3)
    for b in range(1, model.nbody):
        kind = model.body(b).name.removeprefix("left_").removeprefix("right_")
        if kind in SEGMENTS:
            assert model.body_mass[b] / 68.0 == pytest.approx(SEGMENTS[kind].mass, rel=0.01)
    twice = Capsules.build(1.75, 136.0).model
    np.testing.assert_allclose(twice.body_inertia[1:], 2 * model.body_inertia[1:], rtol=0.01, atol=1e-3)
    np.testing.assert_allclose(twice.actuator_gainprm[:, 0], 2 * model.actuator_gainprm[:, 0])


def test_an_average_person_is_assumed():
    body = Capsules.build(1.70)
    assert 60 < body.mass < 70
    assert body.proportions == Proportions.typical(1.70)


def test_the_pose_at_zero_is_a_T(body):
    model, at = body.model, points(body, body.model.qpos0)
    placed = pose(model, model.qpos0[None])
    np.testing.assert_allclose(placed.rotations[0, 1:], np.tile(np.eye(3), (model.nbody - 1, 1, 1)), atol=1e-12)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    for side, sign in OUTWARDS.items():
        for joint, part in LIMBS.items():
            np.testing.assert_allclose(at[f"{side}_{joint}"], data.body(f"{side}_{part}").xpos, atol=1e-12)
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist")):
            along = at[f"{side}_{b}"] - at[f"{side}_{a}"]
            np.testing.assert_allclose(along / np.linalg.norm(along), [0, sign, 0], atol=1e-9)
        assert at[f"{side}_foot_index"][0] > at[f"{side}_heel"][0] + 0.15
        assert abs(at[f"{side}_index"][1]) > abs(at[f"{side}_wrist"][1])
    assert at["nose"][0] > at["left_ear"][0] + 0.05
    soles = placed.at(body.soles)[0, :, 2] - body.soles.radii
    np.testing.assert_allclose(soles, 0.0, atol=1e-5)


def test_the_detector_marks_joints_off_their_centres(body):
    standing = pose(body.model, body.model.qpos0[None])
    away = (standing.at(body.marks) - standing.at(body.landmarks))[0] / body.height
    for i, name in enumerate(landmarks.NAMES):
        side, _, joint = name.partition("_")
        expected = np.array(MARKED.get(joint, (0.0, 0.0, 0.0))) * [1, OUTWARDS.get(side, 1.0), 1]
        np.testing.assert_allclose(away[i], expected, atol=1e-6, err_msg=name)
    assert set(MARKED) <= {name.partition("_")[2] for name in landmarks.NAMES}


def mirrored(body: Capsules, qpos: np.ndarray) -> np.ndarray:
    """The configuration of the mirror image across the plane y = 0."""
    model, other = body.model, qpos.copy()
    other[1] *= -1
    other[[4, 6]] *= -1  # a turn's x and z
    for j in range(1, model.njnt):
        name, at = model.joint(j).name, model.jnt_qposadr[j]
        if name.startswith(("left_", "right_")):
            partner = "right_" + name[5:] if name.startswith("left_") else "left_" + name[6:]
            other[model.joint(partner).qposadr[0]] = qpos[at]
        elif not name.endswith("flexion"):
            other[at] = -qpos[at]
    return other


def test_left_and_right_are_mirror_images(body):
    model = body.model
    for qpos in scattered(body, 4):
        here, there = (pose(model, q[None]) for q in (qpos, mirrored(body, qpos)))
        for points in (body.landmarks, body.marks):
            mirror = here.at(points)[0, landmarks.MIRROR] * [1, -1, 1]
            np.testing.assert_allclose(there.at(points)[0], mirror, atol=1e-9)
        np.testing.assert_allclose(there.com, here.com * [1, -1, 1], atol=1e-9)
        right = [body.soles.names.index(n.replace("left", "right")) for n in body.soles.names[:4]]
        soles = [at.at(body.soles)[0] for at in (there, here)]
        np.testing.assert_allclose(soles[0][right], soles[1][:4] * [1, -1, 1], atol=1e-9)
    ranges = {model.joint(j).name: tuple(model.jnt_range[j]) for j in range(1, model.njnt)}
    assert all(ranges[n] == ranges[n.replace("left", "right")] for n in ranges if n.startswith("left"))


def test_flexion_bends_the_way_that_people_bend(body):
    def moved(hinge: str, landmark: str) -> np.ndarray:
        qpos = body.model.qpos0.copy()
        straight = points(body, qpos)[landmark]
        qpos[body.model.joint(hinge).qposadr[0]] = 0.3
        return points(body, qpos)[landmark] - straight

    assert moved("left_hip_flexion", "left_knee")[0] > 0.05
    assert moved("right_knee_flexion", "right_ankle")[0] < -0.05
    assert moved("left_ankle_flexion", "left_foot_index")[2] > 0.03
    assert moved("left_elbow_flexion", "left_wrist")[0] > 0.05
    assert moved("lumbar_flexion", "nose")[0] > 0.05
    assert moved("left_hip_abduction", "left_knee")[1] > 0.05
    assert moved("left_clavicle_elevation", "left_shoulder")[2] > 0.02


def test_arms_hang_in_the_relaxed_pose(body):
    at = points(body, body.rest_qpos)
    for side in SIDES:
        down = at[f"{side}_shoulder"] - at[f"{side}_wrist"]
        assert down[2] > 0.9 * np.linalg.norm(down)


LENGTHS = st.tuples(*(st.floats(0.7, 1.4) for _ in Proportions.names()))


@settings(max_examples=15)
@given(height=st.floats(1.2, 2.1), factors=LENGTHS, seed=st.integers(0, 99))
def test_the_landmarks_are_as_far_apart_as_the_proportions_say(height, factors, seed):
    size = Proportions.from_array(Proportions.typical(height).as_array() * factors)
    body = Capsules.build(height, proportions=size)

    def apart(at: dict[str, np.ndarray], a: str, b: str) -> float:
        return float(np.linalg.norm(at[a] - at[b]))

    bent = points(body, scattered(body, 1, seed=seed)[0])
    for side in SIDES:
        for a, b, length in (
            ("shoulder", "elbow", size.upper_arm),
            ("elbow", "wrist", size.forearm),
            ("hip", "knee", size.thigh),
            ("knee", "ankle", size.shank),
        ):
            assert apart(bent, f"{side}_{a}", f"{side}_{b}") == pytest.approx(length, abs=1e-5)
        assert apart(bent, f"{side}_heel", f"{side}_foot_index") == pytest.approx(size.foot, abs=3e-4)
    assert apart(bent, "left_hip", "right_hip") == pytest.approx(size.hip_width, abs=1e-5)
    at = points(body, body.model.qpos0)
    assert apart(at, "left_shoulder", "right_shoulder") == pytest.approx(size.shoulder_width, abs=1e-5)
    assert at["left_shoulder"][2] - at["left_hip"][2] == pytest.approx(size.torso, abs=1e-5)
    assert at["left_ear"][2] - at["left_shoulder"][2] == pytest.approx(size.head, abs=1e-5)
    assert at["left_ankle"][2] == pytest.approx(size.ankle_height, abs=1e-5)


def test_proportions_survive_the_way_through_an_array():
    size = Proportions.typical(1.8)
    assert Proportions.from_array(size.as_array()) == size
    assert len(Proportions.spread()) == len(Proportions.names()) == 10


def test_how_points_follow_the_shape(body):
    qpos = scattered(body, 3)
    here = pose(body.model, qpos)
    names, sets = list(body.lengths), ("landmarks", "marks", "soles", "hull")
    step = 0.01
    for i, nudge in enumerate(step * np.eye(len(body.shape))):
        more, less = (body.reshaped(body.shape + s) for s in (nudge, -nudge))
        for which in sets:
            slope = pose(more.model, qpos).at(getattr(more, which)) - pose(less.model, qpos).at(getattr(less, which))
            found = here.by_shape(getattr(body, which), body.moves)
            # The model's text holds lengths to six digits, and a length is no line over its logarithm.
            np.testing.assert_allclose(found[..., i], slope / (2 * step), atol=2e-4, err_msg=f"{which} {names[i]}")


def test_another_shape_is_the_same_person_on_the_same_ground(body):
    high = body.on(Plane(0.2), 1 / 240)
    other = high.reshaped(high.shape + 0.1)
    assert (other.height, other.mass, other.timestep, other.ground) == (body.height, body.mass, 1 / 240, Plane(0.2))
    assert other.model.opt.timestep == 1 / 240 and other.model.geom("floor").pos[2] == 0.2
    np.testing.assert_allclose(np.log(list(other.lengths.values())), body.shape + 0.1)
    assert high.mjcf == Capsules.build(1.75, 68.0, timestep=1 / 240, ground=Plane(0.2)).mjcf


def test_what_shapes_are_like_is_known_by_height(body):
    prior = body.shape_prior
    np.testing.assert_allclose(prior.mean, body.shape)
    grown = Proportions.typical(1.75 * np.exp(0.03))
    away = prior.whitening(0.03) @ (np.log(grown.as_array()) - prior.mean)
    assert 0.5 < away @ away < 1.0, "a standard deviation of the size, part of which the lengths' own ones explain"


def test_a_model_alone_tells_the_soles_and_a_bone_for_each_body(body):
    alone = ModelAlone(body.mjcf)
    assert alone.soles.names == body.soles.names
    assert set(alone.skeleton.names) == {body.model.body(b).name for b in range(1, body.model.nbody)}
    assert len(alone.skin.names) < len(body.skin.names), "nothing joins the pieces"


def test_a_model_on_disk_knows_its_points_bones_and_skin(body):
    again = read(body.mjcf)
    for which in ("landmarks", "marks", "soles"):
        known, found = getattr(body, which), getattr(again, which)
        assert found.names == known.names and found.by_shape.shape[-1] == 0
        np.testing.assert_array_equal(found.offsets, known.offsets)
        np.testing.assert_array_equal(found.bodies, known.bodies)
    assert again.skeleton.names == body.skeleton.names and again.skin.names == body.skin.names
    assert read(body.mjcf.replace('<text name="body" data="capsules" />', "")).soles.names == body.soles.names
    with pytest.raises(ValueError, match="kind 'statue'; known are anny, capsules"):
        read(body.mjcf.replace('data="capsules"', 'data="statue"'))
    with pytest.raises(KeyError, match="nobody"):
        Points.sites(body.model, ["nobody"])


def test_how_points_follow_the_joints(body):
    model, qpos = body.model, scattered(body, 3)
    here = pose(model, qpos)
    sets = (body.landmarks, body.marks, body.soles)
    jacobians = (*(here.jacobian(points) for points in sets), here.com_jacobian[:, None])
    epsilon = 1e-6
    for i in range(model.nv):
        step = np.zeros(model.nv)
        step[i] = epsilon
        ahead, behind = pose(model, integrate(qpos, step)), pose(model, integrate(qpos, -step))
        moved = (*(ahead.at(points) - behind.at(points) for points in sets), (ahead.com - behind.com)[:, None])
        for jacobian, by in zip(jacobians, moved, strict=True):
            np.testing.assert_allclose(jacobian[..., i], by / (2 * epsilon), atol=1e-7)


def test_many_configurations_at_once_are_where_mujoco_has_each(body):
    model, qpos = body.model, scattered(body, 5)
    together, data = pose(model, qpos), mujoco.MjData(model)
    sites = {model.site(s).name for s in range(model.nsite)}
    for t, q in enumerate(qpos):
        data.qpos[:] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        for points in (body.landmarks, body.marks, body.soles):
            names = [SEEN + name if points is body.marks and (SEEN + name) in sites else name for name in points.names]
            there = [data.geom(n).xpos if points is body.soles else data.site(n).xpos for n in names]
            np.testing.assert_allclose(together.at(points)[t], there, atol=1e-12)
        np.testing.assert_allclose(together.origins[t], data.xpos, atol=1e-12)
        np.testing.assert_allclose(together.rotations[t].reshape(-1, 9), data.xmat, atol=1e-12)
        np.testing.assert_allclose(together.com[t], data.subtree_com[0], atol=1e-12)


def test_tangent_steps_are_mujocos(body):
    model, qpos = body.model, scattered(body, 6, 0.8)
    step = np.random.default_rng(1).standard_normal((6, model.nv))
    step[0] = 0.0
    step[1] *= 1e-9
    moved = integrate(qpos, step)
    for q, s, there in zip(qpos, step, moved, strict=True):
        expected = q.copy()
        mujoco.mj_integratePos(model, expected, s, 1.0)
        np.testing.assert_allclose(there, expected, atol=1e-12)
    np.testing.assert_allclose(difference(qpos, moved), step, atol=1e-9)
    back = np.empty(model.nv)
    for a, b in pairwise(qpos):
        mujoco.mj_differentiatePos(model, back, 1.0, a, b)
        np.testing.assert_allclose(difference(a, b), back, atol=1e-9)


def test_somebody_who_stands_stands_on_the_floor_to_millimetres(body):
    model = body.model
    data = mujoco.MjData(model)
    for _ in range(30):  # a quarter of a second: nobody falls in that time
        data.ctrl[:] = 0.0
        mujoco.mj_step(model, data)
    soles = pose(model, data.qpos[None]).at(body.soles)[0, :, 2] - body.soles.radii
    assert np.abs(soles).max() < 0.006
    assert data.ncon == len(body.soles.names), "the soles' points, and nothing else, touch the floor"
    # The pyramids' edges share the normal force: their sum carries the weight.
    assert data.efc_force.sum() == pytest.approx(68.0 * 9.81, rel=0.1)
