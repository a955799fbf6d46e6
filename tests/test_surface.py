"""The surface of a person: of round pieces, or of a skin that its model has."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from motionrecon.body import build
from motionrecon.body.base import ModelAlone
from motionrecon.body.pose import pose, zero_pose

SKINNED = """
<mujoco>
  <worldbody>
    <body name="pelvis" pos="0 0 1">
      <freejoint/>
      <geom size="0.1" mass="1"/>
      <body name="left_thigh" pos="0 0.1 0">
        <joint axis="1 0 0"/>
        <geom size="0.1" mass="1"/>
      </body>
    </body>
  </worldbody>
  <deformable>
    <skin name="person" vertex="0 0 0  0 1 0  0 0 1  0 2 0" face="0 1 2  2 1 3">
      <bone body="pelvis" bindpos="0 0 0" bindquat="1 0 0 0" vertid="0 2 3" vertweight="1 0.5 0.25"/>
      <bone body="left_thigh" bindpos="0 0.1 0" bindquat="1 0 0 0" vertid="1 2 3" vertweight="1 0.5 0.75"/>
    </skin>
  </deformable>
</mujoco>
"""


@pytest.fixture(scope="module")
def person():
    return build(1.75)


def test_a_person_of_capsules_has_a_surface_that_encloses_its_volume(person):
    surface = person.surface
    corners = surface.vertices[surface.faces]
    volume = np.einsum("fc,fc->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert 0.04 < volume < 0.11, "cubic metres of a person; limbs overlap"
    assert np.ptp(surface.vertices[:, 2]) == pytest.approx(1.75, abs=0.12)
    np.testing.assert_allclose(surface.weights.sum(axis=1), 1.0)
    names = [person.model.body(b).name for b in surface.bodies[:, 0]]
    left, right = (np.array([name.startswith(side) for name in names]) for side in ("left_", "right_"))
    assert left.sum() == right.sum() > 0
    assert surface.vertices[left, 1].mean() > 0.1, "left is towards +y"


def test_at_rest_the_surface_is_where_it_was_made(person):
    np.testing.assert_allclose(person.surface.at(zero_pose(person.model))[0], person.surface.vertices, atol=1e-12)


def test_what_rides_on_one_body_moves_as_that_does(person):
    rng = np.random.default_rng(0)
    qpos = person.rest_qpos + 0.2 * rng.normal(size=(3, person.model.nq))
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    at, surface = pose(person.model, qpos), person.surface
    moved = surface.at(at)
    body = person.model.body("left_shank").id
    mine = (surface.bodies == body).all(axis=1)
    local = (surface.vertices[mine] - surface.rest_origins[body]) @ surface.rest_rotations[body]
    for t in range(3):
        np.testing.assert_allclose(moved[t, mine], at.origins[t, body] + local @ at.rotations[t, body].T)


def test_a_model_with_a_skin_is_shown_by_it():
    model = ModelAlone(SKINNED)
    surface = model.surface
    np.testing.assert_allclose(surface.vertices, [[0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 2, 0]])
    np.testing.assert_array_equal(surface.faces, [[0, 1, 2], [2, 1, 3]])
    data = mujoco.MjData(model.model)
    data.qpos[:] = [0.3, -0.2, 0.9, np.cos(0.2), np.sin(0.2), 0, 0, 0.7]
    mujoco.mj_forward(model.model, data)
    scene = mujoco.MjvScene(model.model, 100)
    mujoco.mjv_updateScene(
        model.model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(), mujoco.mjtCatBit.mjCAT_ALL.value, scene
    )
    drawn = np.array(scene.skinvert[: 3 * len(surface.vertices)]).reshape(-1, 3)
    np.testing.assert_allclose(surface.at(pose(model.model, data.qpos[None]))[0], drawn, atol=1e-6)
