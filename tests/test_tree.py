"""Derivatives of inverse dynamics against differences of MuJoCo's own, on trees that hypothesis draws."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from motionrecon.body.tangent import integrate
from motionrecon.physics.tree import Moving, Tree


def _tree(parents: list[int], kinds: list[str], rng: np.random.Generator) -> mujoco.MjModel:
    """A free root that carries bodies, each with one or two joints of a kind."""

    def body(i: int) -> str:
        def numbers(n: int) -> str:
            return " ".join(f"{v:.4f}" for v in rng.uniform(-0.5, 0.5, n))

        joints = "<freejoint/>"
        if i:
            kind = kinds[i - 1]
            axes = [f'<joint type="{k}" axis="{numbers(3)}"/>' for k in kind.split()]
            joints = "".join(axes)
        carried = "".join(body(c) for c in range(i + 1, len(parents)) if parents[c] == i)
        box = f'<geom type="box" size="0.1 0.2 0.15" pos="{numbers(3)}" euler="{numbers(3)}" mass="{1 + i}"/>'
        return f'<body pos="{numbers(3)}">{joints}{box}{carried}</body>'

    xml = f'<mujoco><default><geom contype="0" conaffinity="0"/></default><worldbody>{body(0)}</worldbody></mujoco>'
    return mujoco.MjModel.from_xml_string(xml)


def _inverse(model: mujoco.MjModel, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray) -> np.ndarray:
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:], data.qacc[:] = qpos, qvel, qacc
    mujoco.mj_inverse(model, data)
    return data.qfrc_inverse.copy()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=0, max_size=5),
    st.lists(st.sampled_from(["hinge", "slide", "hinge hinge", "hinge hinge hinge"]), min_size=5, max_size=5),
    st.integers(0, 2**32 - 1),
)
def test_derivatives_are_those_of_mujocos_inverse_dynamics(parents, kinds, seed):
    rng = np.random.default_rng(seed)
    model = _tree([-1, *(min(p, i) for i, p in enumerate(parents))], kinds, rng)
    start = integrate(model.qpos0[None], rng.standard_normal((1, model.nv)))
    qpos, qvel, qacc = start[0], rng.standard_normal(model.nv), 3 * rng.standard_normal(model.nv)
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_forward(model, data)
    moving = Moving.of(Tree.of(model), data.cdof[None], data.cinert[None], qvel[None])
    by_position, by_velocity = moving.by_state(qacc[None], model.opt.gravity)
    inertia = moving.inertia_by_position(qacc[None])

    still = _weightless(model)
    step = 1e-6
    for k, nudge in enumerate(step * np.eye(model.nv)):
        after, before = integrate(qpos[None], nudge)[0], integrate(qpos[None], -nudge)[0]
        position = (_inverse(model, after, qvel, qacc) - _inverse(model, before, qvel, qacc)) / (2 * step)
        velocity = (_inverse(model, qpos, qvel + nudge, qacc) - _inverse(model, qpos, qvel - nudge, qacc)) / (2 * step)
        alone = (_inverse(still, after, 0 * qvel, qacc) - _inverse(still, before, 0 * qvel, qacc)) / (2 * step)
        for found, true in ((by_position, position), (by_velocity, velocity), (inertia, alone)):
            np.testing.assert_allclose(found[0, :, k], true, atol=1e-6 * max(1.0, np.abs(found).max()))


def _weightless(model: mujoco.MjModel) -> mujoco.MjModel:
    still = copy.copy(model)
    still.opt.gravity = 0.0
    return still
