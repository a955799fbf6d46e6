"""Derivatives of a simulated motion with respect to its controls.

`Linearizer.linearize` gives, for every step of a rollout, how the state after the step follows the state before it and
the inputs of the step, ``dx' = A dx + B du``, in tangent coordinates ``dx = (dq, dv)`` of 2 nv numbers (a free root
turns about its own axes). `adjoint` and `sensitivity` chain them to a gradient and to a Jacobian.

Where A and B come from. The steps are independent of each other once the motion is known, so all of them are
linearized together. One step of the implicit-in-velocity integrator is

    a  solves  M a = f(q, v, u) + J' D (aref - J a),    aref = -b J v - k r(q),    over the active constraint rows
    v' = v + h (M - h F)^-1 M a                         F: the part of df/dv that the integrator treats implicitly
    q' = q (+) h v'

All columns are exact where all that pushes are balls on a plane (soles) and joints at their limits. All matrices are
read from MuJoCo, and all steps are solved in stacked calls.

- Velocity and inputs: ``da = (M + J'DJ)^-1 (df - J'D b J dv)``.
- Position: ``da = (M + J'DJ)^-1 (dg - dID)``, with ID the inverse dynamics at this a (`physics.tree`) and dg how the
  constraints' and actuators' forces follow the position (`physics.pushes`). The integrator's own mass matrix follows it
  too: ``(M - h F) d((v' - v) / h) = dM (a - (v' - v) / h) + M da``.

In steps in which something else pushes (a capsule on the ground, a box that is stood on), the position columns are
forward differences of single steps, nv + 1 of them for each, in one call on a thread pool. Each starts its solver
from the solution of the unperturbed step. Newton's method is exact while the active rows stay the same, so one or two
iterations do, and no error from the solver's tolerance is left to be divided by a small step.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.tangent import BEND, MOVE, TURN, integrate
from motionrecon.core import so3
from motionrecon.core.cores import thread_count
from motionrecon.core.mujoco_log import quiet_mujoco
from motionrecon.core.shares import in_shares
from motionrecon.physics.pushes import Pushes, Seen
from motionrecon.physics.rollout import BatchPool, Rollout
from motionrecon.physics.tree import Moving, Tree

#: Perturbation of a position coordinate, m or rad: truncation leaves a relative error of about 2e-6, rounding less.
EPSILON = 1e-8


@dataclass(frozen=True)
class Linearization:
    """First-order model of each of the S steps of a rollout, in tangent coordinates (dq, dv).

    Attributes:
        A: (S, 2nv, 2nv) state after the step by state before it.
        B: (S, 2nv, nu) state after the step by its controls.
        G: (S, 2nv, 6) state after the step by the generalized force on the root.
    """

    A: Float[np.ndarray, "S state state"]
    B: Float[np.ndarray, "S state nu"]
    G: Float[np.ndarray, "S state 6"]


@dataclass(frozen=True)
class _Steps:
    """What MuJoCo knows of S steps.

    Attributes:
        M: mass matrices.
        implicit: in compressed rows, derivative of the forces by the velocity as far as the integrator treats it
            implicitly: of actuators and damping.
        force: of the actuators.
        qacc: accelerations.
        axes, inertia: MuJoCo's ``cdof`` and ``cinert``.
        pushes: contacts and limits.
    """

    M: Float[np.ndarray, "S nv nv"]
    implicit: Float[np.ndarray, "S entries"]
    force: Float[np.ndarray, "S nu"]
    qacc: Float[np.ndarray, "S nv"]
    axes: Float[np.ndarray, "S nv 6"]
    inertia: Float[np.ndarray, "S nbody 10"]
    pushes: Pushes

    def part(self, steps: slice) -> _Steps:
        """The same of some of the steps."""
        return _Steps(
            self.M[steps],
            self.implicit[steps],
            self.force[steps],
            self.qacc[steps],
            self.axes[steps],
            self.inertia[steps],
            self.pushes.part(steps),
        )


class Linearizer:
    """Linearizes rollouts of one model.

    Args:
        model: a free root followed by hinges and slides; integrator ``implicitfast``, pyramidal friction cones,
            Newton's solver; no activation states, equalities, tendons or dry joint friction. Later changes to it are
            not seen.
        threads: how many to use; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for a model outside these bounds.

    Attributes:
        threads: how many it uses.

    A linearizer must not be used from two Python threads at once.
    """

    def __init__(self, model: mujoco.MjModel, threads: int = 0):
        _check(model)
        self.model = model
        # Read matrices from the model as it was simulated, but dense.
        self._nominal = copy.copy(model)
        self._nominal.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        self._data = mujoco.MjData(self._nominal)
        self._rigid = _is_rigid(model)
        perturbed = copy.copy(model)
        perturbed.opt.disableflags &= ~int(mujoco.mjtDisableBit.mjDSBL_WARMSTART)
        perturbed.opt.iterations = 2
        perturbed.opt.tolerance = 1e-15
        self.threads = thread_count(threads)
        self._pool = BatchPool(perturbed, self.threads)
        self.tree = Tree.of(model)
        self._M_index = _csr_index(model.M_rownnz, model.M_rowadr, model.M_colind)
        self._D_index = _csr_index(model.D_rownnz, model.D_rowadr, model.D_colind)
        self._actuated_dof = model.jnt_dofadr[model.actuator_trnid[:, 0]]

    def linearize(self, rollout: Rollout) -> Linearization:
        """A, B and G of every step of a rollout.

        Raises:
            ValueError: if the rollout failed.
        """
        if not rollout.ok:
            raise ValueError(f"the rollout failed in step {rollout.failed_step}; it has no derivatives")
        nv, nu, S = self.model.nv, self.model.nu, len(rollout)
        A, B = np.empty((S, 2 * nv, 2 * nv)), np.empty((S, 2 * nv, nu + 6))
        with quiet_mujoco():
            read = self._read(rollout)
            odd = np.flatnonzero(~(self._rigid & read.pushes.flat))
            stepped = self._differences(rollout, odd) if len(odd) else np.zeros((0, nv, nv))

        def fill(steps: slice) -> None:
            inside = (steps.start <= odd) & (odd < steps.stop)
            own = odd[inside] - steps.start, stepped[inside]
            self._fill(A[steps], B[steps], rollout.part(steps), read.part(steps), *own)

        in_shares(S, fill, self.threads)
        return Linearization(A, B[..., :nu], B[..., nu:])

    def _fill(
        self,
        A: Float[np.ndarray, "S state state"],
        B: Float[np.ndarray, "S state inputs"],
        rollout: Rollout,
        read: _Steps,
        odd: Int[np.ndarray, " k"],
        stepped: Float[np.ndarray, "k nv nv"],
    ) -> None:
        """Write A, and B with G beside it, of some steps, in some of which columns by position are known already."""
        nv, h = self.model.nv, self.model.opt.timestep
        by_position, by_velocity, by_input = self._columns(rollout, read)
        by_position[odd] = stepped
        turn = h * rollout.qvel[1:, TURN]
        # Derivatives of ``q exp(turn)`` in its own tangent space, by q and by turn.
        turn_before, turn_after = so3.matrix(-turn), so3.right_jacobian(turn)

        def step(dv: Float[np.ndarray, "S nv k"]) -> Float[np.ndarray, "S nv k"]:
            """How far the position moves when the new velocity changes by the columns of dv."""
            dq = h * dv
            dq[:, TURN] = turn_after @ dq[:, TURN]
            return np.asarray(dq)

        A[:, nv:, :nv] = by_position
        A[:, nv:, nv:] = by_velocity
        A[:, :nv] = step(A[:, nv:])
        diagonal = np.arange(nv)
        A[:, diagonal[MOVE], diagonal[MOVE]] += 1.0
        A[:, TURN, TURN] += turn_before
        A[:, diagonal[BEND], diagonal[BEND]] += 1.0
        B[:, :nv], B[:, nv:] = step(by_input), by_input

    def _columns(
        self, rollout: Rollout, read: _Steps
    ) -> tuple[Float[np.ndarray, "S nv nv"], Float[np.ndarray, "S nv nv"], Float[np.ndarray, "S nv inputs"]]:
        """New velocity by position, by velocity, and by controls and root wrench; exact where pushes are flat."""
        model = self._nominal
        nv, h = model.nv, model.opt.timestep
        M, J, rows = read.M, read.pushes.J, read.pushes.rows
        Jt, D = J.transpose(0, 2, 1), rows.D[..., None]
        F = _dense(read.implicit, self._D_index, nv)
        gain, spring = self._gains(rollout.ctrl, read.force)

        last = h * np.linalg.inv(M - h * F)
        by_force = last @ (M @ np.linalg.inv(M + Jt @ (D * J)))
        by_input = np.concatenate([by_force[:, :, self._actuated_dof] * gain[:, None], by_force[:, :, :6]], axis=2)

        moving = Moving.of(self.tree, read.axes, read.inertia, rollout.qvel[:-1])
        inertial, gyric = moving.by_state(read.qacc, model.opt.gravity)
        position = read.pushes.by_position(self.tree, read.axes, rollout.qvel[:-1], read.qacc) - inertial
        position[:, self._actuated_dof, self._actuated_dof] += spring
        by_position = by_force @ position
        by_position += last @ moving.inertia_by_position(read.qacc - (rollout.qvel[1:] - rollout.qvel[:-1]) / h)

        by_velocity = by_force @ (F - gyric - Jt @ (rows.damping[..., None] * D * J))
        by_velocity[:, np.arange(nv), np.arange(nv)] += 1.0
        return by_position, by_velocity, by_input

    def _differences(self, rollout: Rollout, steps: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k nv nv"]:
        """New velocity by position in some steps, by forward differences of perturbed steps."""
        model = self.model
        nv, n = model.nv, len(steps) * (model.nv + 1)
        batch, ids = self._pool.get(n)

        # The last row of each step stays where it is; it passes through `integrate` to be rounded like the others.
        nudges = EPSILON * np.eye(nv + 1, nv)
        qpos = integrate(rollout.qpos[steps, None], nudges)
        batch.bind("qpos")[:n] = qpos.reshape(n, model.nq)
        for name, value in (
            ("qvel", rollout.qvel[steps]),
            ("ctrl", rollout.ctrl[steps]),
            ("qacc_warmstart", rollout.warmstart[steps + 1]),
        ):
            batch.bind(name)[:n] = np.repeat(value, nv + 1, axis=0)
        batch.bind("qfrc_applied")[:n, :6] = np.repeat(rollout.wrench[steps], nv + 1, axis=0)
        batch.step(ids)
        velocity = batch.bind("qvel")[:n].reshape(len(steps), nv + 1, nv)
        return np.asarray(((velocity[:, :nv] - velocity[:, nv:]) / EPSILON).transpose(0, 2, 1))

    def _read(self, rollout: Rollout) -> _Steps:
        """What MuJoCo knows of each step."""
        model, data, S = self._nominal, self._data, len(rollout)
        nv = model.nv
        mass, implicit, force = np.empty((S, model.nC)), np.empty((S, model.nD)), np.empty((S, model.nu))
        qacc, axes, inertia = np.empty((S, nv)), np.empty((S, nv, 6)), np.empty((S, model.nbody, 10))
        seen = []
        given = (data.qpos, data.qvel, data.ctrl, data.qfrc_applied[:6], data.qacc_warmstart)
        rows = (rollout.qpos, rollout.qvel, rollout.ctrl, rollout.wrench, rollout.warmstart)
        found = (data.M, data.actuator_force, data.qacc, data.cdof, data.cinert)
        kept = (mass, force, qacc, axes, inertia)
        for t in range(S):
            for field, row in zip(given, rows, strict=True):
                field[:] = row[t]
            mujoco.mj_forward(model, data)
            for row, field in zip(kept, found, strict=True):
                row[t] = field
            seen.append(Seen.of(model, data))
            mujoco.mj_implicit(model, data)
            implicit[t] = data.qDeriv
        M = _dense(mass, self._M_index, nv)
        M += np.tril(M, -1).transpose(0, 2, 1)
        return _Steps(M, implicit, force, qacc, axes, inertia, Pushes.of(model, seen))

    def _gains(
        self, ctrl: Float[np.ndarray, "S nu"], force: Float[np.ndarray, "S nu"]
    ) -> tuple[Float[np.ndarray, "S nu"], Float[np.ndarray, "S nu"]]:
        """Joint force by control and by position; zero where it is at its limit, and the first where the control is."""
        model = self.model
        free = np.ones(ctrl.shape)
        low, high = model.actuator_forcerange.T
        free[model.actuator_forcelimited.astype(bool) & ((force <= low) | (force >= high))] = 0.0
        gear = model.actuator_gear[:, 0]
        by_control, by_position = (
            free * model.actuator_gainprm[:, 0] * gear,
            free * model.actuator_biasprm[:, 1] * gear**2,
        )
        low, high = model.actuator_ctrlrange.T
        by_control[model.actuator_ctrllimited.astype(bool) & ((ctrl < low) | (ctrl > high))] = 0.0
        return by_control, by_position


def adjoint(
    A: Float[np.ndarray, "S n n"], B: Float[np.ndarray, "S n m"], by_state: Float[np.ndarray, "rows n"]
) -> Float[np.ndarray, "S m"]:
    """Gradient of a function of the states with respect to the inputs of each step.

    Args:
        A: (S, n, n), B: (S, n, m): the steps, of `Linearization`.
        by_state: (S+1, n) the function's gradient with respect to each state (tangent), first to last.
    """
    gradient = np.empty((len(B), B.shape[2]))
    costate = by_state[-1]
    for t in range(len(A) - 1, -1, -1):
        gradient[t] = costate @ B[t]
        costate = costate @ A[t] + by_state[t]
    return gradient


def sensitivity(
    A: Float[np.ndarray, "S n n"],
    B: Float[np.ndarray, "S n m"],
    weights: Float[np.ndarray, "S K"],
    steps: Int[np.ndarray, " F"],
    threads: int = 0,
) -> Float[np.ndarray, "F n columns"]:
    """Jacobian (F, n, K m) of the states before `steps` with respect to K knots of m inputs each.

    The inputs of step t are ``sum_k weights[t, k] knot[k]``; column ``k m + i`` belongs to input i of knot k. Memory is
    that of the result; a knot costs nothing before its first step.

    Args:
        A: (S, n, n), B: (S, n, m): the steps, of `Linearization`.
        weights: (S, K) interpolation weights.
        steps: (F,) increasing step indices in 0..S.
        threads: how many to use; 0 for all cores. The result does not depend on it.
    """
    S, n, m = B.shape
    knots = weights.shape[1]
    result = np.zeros((len(steps), n, knots * m))
    frames = {int(step): f for f, step in enumerate(steps)}
    acts = [np.flatnonzero(row) for row in weights]
    # Those that have acted so far are the first ones, also of every second or third knot.
    begun = np.maximum.accumulate([0, *(int(act[-1]) + 1 if len(act) else 0 for act in acts)])

    def follow(some: slice) -> None:
        """Some knots from their first step on. All have about as much to do where each takes every so many-th."""
        own = range(knots)[some.start :: shares]
        # Kept transposed and by knot, so that each product is small enough for BLAS to stay on this thread (its own
        # threads stall on a machine that is busy with something else).
        now = np.zeros((len(own), m, n))
        for t in range(int(steps[-1]) + 1 if len(steps) else 0):
            moved = len(range(some.start, int(begun[t]), shares))
            if t in frames:
                columns = by_knot[frames[t], :, some.start :: shares]
                columns[:, :moved] = now[:moved].transpose(2, 0, 1)
            if t == S:
                break
            now[:moved] = now[:moved] @ A[t].T
            for k in acts[t]:
                if k % shares == some.start:
                    now[k // shares] += weights[t, k] * B[t].T

    by_knot = result.reshape(len(steps), n, knots, m)
    shares = max(1, min(thread_count(threads), knots))
    in_shares(shares, follow, shares)
    return result


def _check(model: mujoco.MjModel) -> None:
    """Raise a ValueError naming what keeps the model from being linearized."""
    kinds = model.jnt_type
    scalar = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)
    fixed_gain = mujoco.mjtGain.mjGAIN_FIXED
    wrong = {
        "joints other than one free root and hinges or slides": kinds[0] != mujoco.mjtJoint.mjJNT_FREE
        or not np.isin(kinds[1:], [int(k) for k in scalar]).all(),
        "an integrator other than implicitfast": model.opt.integrator != mujoco.mjtIntegrator.mjINT_IMPLICITFAST,
        "elliptic friction cones": model.opt.cone != mujoco.mjtCone.mjCONE_PYRAMIDAL,
        "a solver other than Newton": model.opt.solver != mujoco.mjtSolver.mjSOL_NEWTON,
        "noslip iterations": model.opt.noslip_iterations > 0,
        "activation states": model.na > 0,
        "equality constraints": model.neq > 0,
        "tendons": model.ntendon > 0,
        "air or water (density, viscosity)": model.opt.density > 0 or model.opt.viscosity > 0,
        "dry joint friction": (model.dof_frictionloss > 0).any(),
        "force limits on joints (limit the actuators instead)": model.jnt_actfrclimited.any(),
        "actuators that are not fixed gains on joints": (
            (model.actuator_trntype != mujoco.mjtTrn.mjTRN_JOINT) | (model.actuator_gaintype != fixed_gain)
        ).any(),
    }
    found = [what for what, bad in wrong.items() if bad]
    if found:
        raise ValueError(f"the model cannot be linearized: it has {', '.join(found)}")


def _is_rigid(model: mujoco.MjModel) -> bool:
    """Whether nothing but inertia, gravity, actuators and constraints acts by position: no springs of joints."""
    return not (model.jnt_stiffness.any() or model.body_gravcomp.any())


_Index = tuple[Int[np.ndarray, " entries"], Int[np.ndarray, " entries"], Int[np.ndarray, " entries"]]


def _csr_index(
    nnz: Int[np.ndarray, " rows"], start: Int[np.ndarray, " rows"], column: Int[np.ndarray, " entries"]
) -> _Index:
    """Row, column and place in storage of each entry of a matrix in MuJoCo's compressed rows."""
    row = np.repeat(np.arange(len(nnz)), nnz)
    place = np.concatenate([np.arange(a, a + n) for a, n in zip(start, nnz, strict=True)])
    return row, column[place], place


def _dense(values: Float[np.ndarray, "S entries"], index: _Index, n: int) -> Float[np.ndarray, "S n n"]:
    """Matrices from compressed rows."""
    row, column, place = index
    dense = np.zeros((len(values), n, n))
    dense[:, row, column] = values[:, place]
    return dense
