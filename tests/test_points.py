"""Site positions and Jacobians against MuJoCo's own."""

import mujoco
import numpy as np

from motionrecon.body.model import Body
from motionrecon.body.points import SitePoints, site_positions_and_jacobians
from motionrecon.body.tangent import integrate


def test_they_equal_mj_jacsite_frame_by_frame():
    body = Body.build(1.75)
    model, sites = body.model, body.landmark_sites
    rng = np.random.default_rng(0)
    qpos = integrate(np.tile(body.rest_qpos, (6, 1)), 0.5 * rng.standard_normal((6, model.nv)))
    positions, jacobians = site_positions_and_jacobians(model, qpos, sites)
    assert jacobians.shape == (6, len(sites), 3, model.nv)
    data, jacobian = mujoco.MjData(model), np.empty((3, model.nv))
    for f, q in enumerate(qpos):
        data.qpos[:] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        np.testing.assert_array_equal(positions[f], data.site_xpos[sites])
        for p, site in enumerate(sites):
            mujoco.mj_jacSite(model, data, jacobian, None, site)
            np.testing.assert_allclose(jacobians[f, p], jacobian, atol=1e-12)
    np.testing.assert_array_equal(SitePoints(model, sites).positions(qpos), positions)


def test_several_trees_and_sites_that_nothing_moves():
    model = mujoco.MjModel.from_xml_string(
        """<mujoco><worldbody><site name="still" pos="1 2 3"/>
        <body pos="0 0 1"><freejoint/><geom size=".1"/><site name="free" pos=".1 .2 .3"/></body>
        <body pos="2 0 1"><joint axis="0 1 0"/><geom size=".1" pos=".5 0 0"/><site name="hung" pos=".5 0 0"/></body>
        </worldbody></mujoco>"""
    )
    qpos = np.append(model.qpos0[:7], 0.3)[None]
    _, jacobians = site_positions_and_jacobians(model, qpos, np.arange(model.nsite))
    data, jacobian = mujoco.MjData(model), np.empty((3, model.nv))
    data.qpos[:] = qpos[0]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    for p in range(model.nsite):
        mujoco.mj_jacSite(model, data, jacobian, None, p)
        np.testing.assert_allclose(jacobians[0, p], jacobian, atol=1e-14)
