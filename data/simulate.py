"""Makes a simulated body do a given motion, by its own muscles and the floor alone.

The body has the mannequin's segments and joint centres, mass and inertia from the volume of its skin, and feet whose
contact spheres line the soles of its shoes. Position actuators drive its hinges; nothing holds or pushes the root. The
controls are found window by window: each window minimizes the distance between the simulated body and the target.
That the motion is simulated makes the forces exact; that this body is not the one which `motionrecon.reconstruct`
uses (other proportions, masses, joints, feet and contact) keeps the test honest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from motionrecon.body.points import Points
from motionrecon.body.pose import pose
from motionrecon.core import landmarks
from motionrecon.core.sides import without_side
from motionrecon.data.deepmimic import MannequinMotion
from motionrecon.data.make_clip import FEET, Performance
from motionrecon.data.mannequin import INDEX, SEGMENTS, Mannequin, parent
from motionrecon.errors import SimulationError
from motionrecon.optimizers import minimize
from motionrecon.physics.derivatives import Linearizer, sensitivity
from motionrecon.physics.rollout import SimulationState, Simulator

TIMESTEP = 1 / 240
KNOTS_PER_SECOND = 12
WINDOW_KNOTS = 7  # unknown knots of a window: 0.58 s
KEPT_KNOTS = 3  # of which these are kept: 0.25 s
_CLOTHES = 3.0  # kg
_SOLE_RADIUS = 0.012  # of the contact spheres, m
_SOLE_GIVE = 0.005  # how far they stand out below the shoe: as far as a loaded contact sinks into the floor, m
#: Part -> (axes of its hinges, outermost first; stiffness of its actuators in N m / rad).
_HINGES = {
    "torso": ("yxz", 800.0),
    "head": ("yxz", 60.0),
    "upper_arm": ("yxz", 150.0),
    "forearm": ("y", 80.0),
    "thigh": ("yxz", 700.0),
    "shank": ("y", 500.0),
    "foot": ("yx", 400.0),
}
_DAMPING = 0.1  # of an actuator, s: its damping over its stiffness
_RANGE = {"shank": (-0.05, 2.7), "forearm": (-2.7, 0.05)}  # knees bend backwards, elbows forwards, rad
_AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}
_TRACKED = (*landmarks.BODY, "left_ear", "right_ear")
#: A point over the hips, which tells how the pelvis is tilted.
PELVIS_TOP = "pelvis_top"
_OVER_HIPS = 0.2  # m
# Weights of the residuals: per metre, rad/s, and rad.
_W_POINT, _W_VELOCITY, _W_EFFORT, _W_SMOOTH = 1.0, 0.03, 0.02, 0.1


def build_model(mannequin: Mannequin) -> mujoco.MjModel:
    """The simulated body, standing in the reference pose at the origin of a floor z = 0."""
    spec = mujoco.MjSpec()
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # Soft from the first touch: harder contacts have kinks in which the optimization gets stuck.
    contact = {"solref": [0.02, 1.0], "solimp": [0.05, 0.9, 0.012, 0.5, 2.0], "friction": [0.9, 0.005, 0.0001]}
    spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], **contact)
    offsets = mannequin.offsets
    bodies: dict[str, mujoco.MjsBody] = {}
    for i, segment in enumerate(SEGMENTS):
        carrier = parent(segment)
        body = (bodies[carrier] if carrier else spec.worldbody).add_body(name=segment, pos=offsets[i])
        bodies[segment] = body
        if carrier is None:
            body.add_freejoint(name="root")
        _add_hinges(spec, body, segment)
        spec.add_mesh(name=segment).uservert = mannequin.local_vertices(segment).ravel()
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=segment, contype=0, conaffinity=0)
        if segment in FEET:
            for name, centre in _sole(mannequin.local_vertices(segment)).items():
                body.add_geom(
                    name=f"{segment}_{name}",
                    size=[_SOLE_RADIUS, 0, 0],
                    pos=centre,
                    mass=0,
                    contype=0,
                    conaffinity=1,
                    **contact,
                )
    for name in _TRACKED:
        j = landmarks.INDEX[name]
        carrier = SEGMENTS[mannequin.landmark_segment[j]]
        bodies[carrier].add_site(name=name, pos=mannequin.landmark_local[j])
    bodies["pelvis"].add_site(name=PELVIS_TOP, pos=[0.0, 0.0, _OVER_HIPS])
    model = spec.compile()
    mujoco.mj_setTotalmass(model, mannequin.mass + _CLOTHES)
    mujoco.mj_setConst(model, mujoco.MjData(model))
    return model


def _add_hinges(spec: mujoco.MjSpec, body: mujoco.MjsBody, segment: str) -> None:
    part = without_side(segment)
    axes, stiffness = _HINGES.get(part, ("", 0.0))
    for axis in axes:
        name = f"{segment}_{axis}"
        joint = body.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_HINGE, axis=_AXES[axis], armature=0.01)
        if part in _RANGE:
            joint.limited, joint.range = mujoco.mjtLimited.mjLIMITED_TRUE, _RANGE[part]
        actuator = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_position(kp=stiffness, kv=_DAMPING * stiffness)


def _sole(shoe: np.ndarray) -> dict[str, np.ndarray]:
    """Centres of the contact spheres that line the sole of a shoe (n, 3)."""
    floor = shoe[:, 2].min()
    sole = shoe[shoe[:, 2] < floor + 0.004]
    back, front = sole[:, 0].min(), sole[:, 0].max()
    length = front - back
    centres = {}
    for name, x in (("heel", back + _SOLE_RADIUS), ("ball", back + 0.68 * length), ("toe", front - _SOLE_RADIUS)):
        near = sole[np.abs(sole[:, 0] - x) < 0.03 * length, 1]
        for edge, y in (("right", near.min() + _SOLE_RADIUS), ("left", near.max() - _SOLE_RADIUS)):
            centres[f"{name}_{edge}"] = np.array([x, y, floor + _SOLE_RADIUS - _SOLE_GIVE])
    return centres


def target_qpos(mannequin: Mannequin, model: mujoco.MjModel, clip: MannequinMotion) -> Float[np.ndarray, "T nq"]:
    """The clip as positions (T, nq) of the model, its travel scaled to the length of the model's legs."""
    qpos = np.zeros((len(clip.root), model.nq))
    offsets = mannequin.offsets
    legs = -sum(offsets[INDEX[f"left_{part}"], 2] for part in ("thigh", "shank", "foot"))
    ankle = -mannequin.local_vertices("left_foot")[:, 2].min()
    qpos[:, :3] = clip.root * (legs + ankle) / clip.hip_height
    qpos[:, 3:7] = _continuous(Rotation.from_matrix(clip.local[:, 0]).as_quat()[:, [3, 0, 1, 2]])
    for i, segment in enumerate(SEGMENTS):
        axes, _ = _HINGES.get(without_side(segment), ("", 0.0))
        if not axes:
            continue
        order = axes + "".join(a for a in "yxz" if a not in axes)
        angles = np.unwrap(Rotation.from_matrix(clip.local[:, i]).as_euler(order.upper()), axis=0)
        for k, axis in enumerate(axes):
            qpos[:, model.joint(f"{segment}_{axis}").qposadr[0]] = angles[:, k]
    return qpos


def _continuous(quats: np.ndarray) -> np.ndarray:
    """The same rotations (T, 4) without jumps of sign."""
    signs = np.cumprod(np.concatenate([[1.0], np.where((quats[1:] * quats[:-1]).sum(1) < 0, -1.0, 1.0)]))
    return quats * signs[:, None]


def velocities(model: mujoco.MjModel, qpos: Float[np.ndarray, "T nq"], fps: float) -> Float[np.ndarray, "T nv"]:
    """Central differences (T, nv) of positions (T, nq)."""
    out = np.zeros((len(qpos), model.nv))
    for t in range(len(qpos)):
        a, b = max(t - 1, 0), min(t + 1, len(qpos) - 1)
        mujoco.mj_differentiatePos(model, out[t], (b - a) / fps, qpos[a], qpos[b])
    return out


@dataclass(frozen=True)
class _Target:
    """What one window tracks: rows at the steps ``steps``, and the controls that the effort is measured from."""

    steps: Int[np.ndarray, " F"]
    points: Float[np.ndarray, "F P 3"]
    velocity: Float[np.ndarray, "F nv"]
    knots: Float[np.ndarray, "K nu"]


class _Window:
    """The least-squares problem of one window: unknowns are its knots after the first, which is given."""

    def __init__(
        self,
        model: mujoco.MjModel,
        simulator: Simulator,
        linearizer: Linearizer,
        start: SimulationState,
        target: _Target,
        tracked: Points,
    ) -> None:
        self.model, self.simulator, self.linearizer = model, simulator, linearizer
        self.start, self.target = start, target
        per_knot = round(1 / KNOTS_PER_SECOND / TIMESTEP)
        count = len(target.knots)
        at = np.arange((count - 1) * per_knot) / per_knot
        self.weights = np.clip(1 - np.abs(at[:, None] - np.arange(count)), 0, None)
        self.tracked = tracked
        nu = model.nu
        second = np.diff(np.eye(count), 2, axis=0)
        self.smooth = _W_SMOOTH * np.kron(second, np.eye(nu))

    @property
    def n(self) -> int:
        return self.target.knots[1:].size

    def controls(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.weights @ np.concatenate([self.target.knots[:1], x.reshape(-1, self.model.nu)]))

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.residuals_batch(x[None])[0])

    def residuals_batch(self, X: np.ndarray) -> np.ndarray:
        rollouts = self.simulator.rollouts(self.start, np.stack([self.controls(x) for x in X]))
        return np.stack([self._residuals(r.qpos, r.qvel, x)[0] for r, x in zip(rollouts, X, strict=True)])

    def residuals_and_jacobian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rollout = self.simulator.rollout(self.start, self.controls(x))
        steps = self.linearizer.linearize(rollout)
        states = sensitivity(steps.A, steps.B, self.weights, self.target.steps)[..., self.model.nu :]
        r, J = self._residuals(rollout.qpos, rollout.qvel, x, states)
        return r, J

    def value(self, x: np.ndarray) -> float:
        r = self.residuals(x)
        return float(r @ r)

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        r, J = self.residuals_and_jacobian(x)
        return float(r @ r), 2 * J.T @ r

    def _residuals(
        self, qpos: np.ndarray, qvel: np.ndarray, x: np.ndarray, states: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (m,), and with the states' Jacobian (F, 2nv, n) their Jacobian (m, n); otherwise an empty one."""
        nv, target = self.model.nv, self.target
        knots = np.concatenate([target.knots[:1], x.reshape(-1, self.model.nu)])
        rows = [
            _W_EFFORT * (knots[1:] - target.knots[1:]).ravel(),
            self.smooth @ knots.ravel(),
        ]
        jacobians = [] if states is None else [_W_EFFORT * np.eye(self.n), self.smooth[:, self.model.nu :]]
        at = pose(self.model, qpos[target.steps])
        gaps = at.at(self.tracked) - target.points
        by_position = None if states is None else at.jacobian(self.tracked).reshape(len(gaps), -1, nv)
        for f, step in enumerate(target.steps):
            rows.append(_W_POINT * gaps[f].ravel())
            rows.append(_W_VELOCITY * (qvel[step] - target.velocity[f]))
            if states is not None and by_position is not None:
                jacobians.append(_W_POINT * by_position[f] @ states[f, :nv])
                jacobians.append(_W_VELOCITY * states[f, nv:])
        return np.concatenate(rows), np.concatenate(jacobians) if jacobians else np.zeros((0, self.n))


def track(
    mannequin: Mannequin,
    clip: MannequinMotion,
    *,
    skip: float = 0.0,
    evaluations: int = 25,
    also: Sequence[str] = (),
    report: Callable[[str], None] = lambda text: None,
) -> Performance:
    """Simulate a body that does ``clip``.

    Args:
        mannequin: gives the body.
        clip: the target; its fps must divide the simulation's 240 Hz.
        skip: seconds at the start that are simulated but not kept, in which the body settles.
        evaluations: Jacobians spent on each window.
        also: sites that are followed besides the landmarks: `PELVIS_TOP`, which they say little of.
        report: called with a line for each window.

    Raises:
        SimulationError: if the body loses its target by over 0.5 m.
    """
    model = build_model(mannequin)
    per_frame = round(1 / clip.fps / TIMESTEP)
    goal = target_qpos(mannequin, model, clip)
    speed = velocities(model, goal, clip.fps)
    tracked = Points.sites(model, (*_TRACKED, *also))
    points = pose(model, goal).at(tracked)

    per_knot = round(1 / KNOTS_PER_SECOND / TIMESTEP)
    count = (len(goal) - 1) * per_frame // per_knot + 1
    frame_of_knot = np.arange(count) * per_knot / per_frame
    hinge_of = model.jnt_qposadr[model.actuator_trnid[:, 0]], model.jnt_dofadr[model.actuator_trnid[:, 0]]
    wanted = goal[:, hinge_of[0]] + _DAMPING * speed[:, hinge_of[1]]
    knots = np.stack([np.interp(frame_of_knot, np.arange(len(goal)), column) for column in wanted.T], axis=1)

    simulator, linearizer = Simulator(model), Linearizer(model)
    state = SimulationState.fresh(goal[0], speed[0])
    found = knots.copy()
    controls, states = [], []
    starts = range(0, count - WINDOW_KNOTS, KEPT_KNOTS)
    for first in starts:
        begin = first * per_knot
        frames = np.arange(-(-begin // per_frame) + 1, (begin + WINDOW_KNOTS * per_knot) // per_frame + 1)
        frames = frames[frames < len(goal)]
        last = slice(first, first + WINDOW_KNOTS + 1)
        target = _Target(
            frames * per_frame - begin,
            points[frames],
            speed[frames],
            np.concatenate([found[first : first + 1], knots[first + 1 : first + WINDOW_KNOTS + 1]]),
        )
        window = _Window(model, simulator, linearizer, state, target, tracked)
        result = minimize(window, found[last][1:].ravel(), "lm", max_evaluations=evaluations)
        correction = result.x.reshape(-1, model.nu) - knots[last][1:]
        found[last][1:] = result.x.reshape(-1, model.nu)
        # Beyond the window the last correction is the best guess of what the body needs.
        found[first + WINDOW_KNOTS + 1 :] = knots[first + WINDOW_KNOTS + 1 :] + correction[-1]
        kept = window.controls(result.x)[: None if first == starts[-1] else KEPT_KNOTS * per_knot]
        rollout = simulator.rollout(state, kept)
        off = _distance(window, rollout.qpos, target, len(kept))
        report(f"{begin * TIMESTEP:5.2f} s: value {result.fun:.4f}, {1e3 * off:.0f} mm from the target")
        if not off < 0.5:
            raise SimulationError(f"the simulated body loses its target at {begin * TIMESTEP:.2f} s")
        controls.append(kept)
        states.append((rollout.qpos[:-1], rollout.qvel[:-1]))
        state = rollout.state(len(kept))
    qpos, qvel = (np.concatenate(part) for part in zip(*states, strict=True))
    return _perform(model, qpos, qvel, np.concatenate(controls), round(skip * clip.fps), per_frame, clip.fps)


def _distance(window: _Window, qpos: np.ndarray, target: _Target, steps: int) -> float:
    """Mean distance of the tracked points from the target over the first ``steps`` steps, metres."""
    within = target.steps <= steps
    there = pose(window.model, qpos[target.steps[within]]).at(window.tracked)
    return float(np.linalg.norm(there - target.points[within], axis=-1).mean())


def _perform(
    model: mujoco.MjModel, qpos: np.ndarray, qvel: np.ndarray, ctrl: np.ndarray, first: int, per_frame: int, fps: float
) -> Performance:
    """Read poses and forces off the simulated steps (S, ...), from frame ``first`` on.

    The force of a frame is the mean over the steps from half a frame before it to half a frame after it.
    """
    data = mujoco.MjData(model)
    bodies = [model.body(name).id for name in SEGMENTS]
    steps = len(qpos)
    force = np.zeros((steps, len(FEET), 3))
    frames = np.arange(first * per_frame, steps - per_frame // 2, per_frame)
    positions = np.zeros((len(frames), len(SEGMENTS), 3))
    rotations = np.zeros((len(frames), len(SEGMENTS), 3, 3))
    com, com_velocity = np.zeros((2, len(frames), 3))
    wanted = {int(step): f for f, step in enumerate(frames)}
    foot_of = {model.body(name).id: k for k, name in enumerate(FEET)}
    wrench = np.zeros(6)
    data.qpos[:], data.qvel[:] = qpos[0], qvel[0]
    for step in range(steps):
        data.ctrl[:] = ctrl[step]
        mujoco.mj_step1(model, data)
        mujoco.mj_step2(model, data)
        for k in range(data.ncon):
            mujoco.mj_contactForce(model, data, k, wrench)
            frame = data.contact[k].frame.reshape(3, 3)
            foot = foot_of[int(model.geom_bodyid[data.contact[k].geom].max())]
            force[step, foot] += frame.T @ wrench[:3]
        if step in wanted:
            f = wanted[step]
            positions[f] = data.xpos[bodies]
            rotations[f] = data.xmat[bodies].reshape(-1, 3, 3)
            mujoco.mj_subtreeVel(model, data)
            com[f], com_velocity[f] = data.subtree_com[0], data.subtree_linvel[0]
    half = per_frame // 2
    mean = np.stack([force[max(step - half, 0) : step + half].mean(0) for step in frames])
    return Performance(fps, positions, rotations, mean, com, com_velocity, float(model.body_subtreemass[0]))
