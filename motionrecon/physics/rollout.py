"""Simulate a MuJoCo model under given controls: one control sequence, or many at once on all cores.

Replay, bit for bit. MuJoCo's solver starts from the acceleration of the step before (``qacc_warmstart``), so position
and velocity alone do not decide the next bit. A `SimulationState` therefore carries the warmstart too. The first
stretch starts from a warmstart of zero, which is what a fresh ``MjData`` holds, and a stretch that continues another
one takes over that rollout's `Rollout.state`. A plain loop of ``mj_step`` from the first state then gives the same
motion, across all seams. Only where a state is set anew (a restart) must the replay set ``data.qacc_warmstart = 0``
with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int
from mujoco.batch import Batch

from motionrecon.core.cores import thread_count
from motionrecon.core.mujoco_log import quiet_mujoco

#: The version from which on MuJoCo's sparse Cholesky factorization is right.
SPARSE_MENDED = (4, 0, 1)


@dataclass(frozen=True)
class SimulationState:
    """Where a simulation stands between two steps.

    Attributes:
        qpos: (nq,) generalized position.
        qvel: (nv,) generalized velocity.
        warmstart: (nv,) acceleration from which the solver of the next step starts.
    """

    qpos: Float[np.ndarray, " nq"]
    qvel: Float[np.ndarray, " nv"]
    warmstart: Float[np.ndarray, " nv"]

    @classmethod
    def fresh(cls, qpos: Float[np.ndarray, " nq"], qvel: Float[np.ndarray, " nv"]) -> SimulationState:
        """The state in which a new ``MjData`` with this position and velocity is."""
        return cls(np.array(qpos, float), np.array(qvel, float), np.zeros(len(qvel)))


@dataclass(frozen=True)
class Rollout:
    """A simulated stretch of S steps. Row t is before step t, so rows run from 0 to S.

    Attributes:
        qpos: (S+1, nq); NaN after `failed_step`.
        qvel: (S+1, nv); NaN after `failed_step`.
        warmstart: (S+1, nv); row t+1 is also the acceleration that the solver found in step t.
        ctrl: (S, nu) controls, row t is held during step t.
        wrench: (S, 6) generalized force on the free root: force (N, world axes) and torque (N m, root's own axes).
        failed_step: the first step whose result cannot be used (not finite, or MuJoCo warned); None if all is well.
    """

    qpos: Float[np.ndarray, "rows nq"]
    qvel: Float[np.ndarray, "rows nv"]
    warmstart: Float[np.ndarray, "rows nv"]
    ctrl: Float[np.ndarray, "S nu"]
    wrench: Float[np.ndarray, "S 6"]
    failed_step: int | None = None

    @property
    def ok(self) -> bool:
        """True if the simulation ran through."""
        return self.failed_step is None

    def __len__(self) -> int:
        """The number of steps S."""
        return len(self.ctrl)

    @property
    def states(self) -> Float[np.ndarray, "rows n"]:
        """(S+1, nq+nv): position and velocity side by side."""
        return np.concatenate([self.qpos, self.qvel], axis=1)

    def part(self, steps: slice) -> Rollout:
        """Some of the steps of a rollout that ran through, with the state before the first and after each of them."""
        rows = slice(steps.start, steps.stop + 1)
        states = (self.qpos[rows], self.qvel[rows], self.warmstart[rows])
        return Rollout(*states, self.ctrl[steps], self.wrench[steps])

    def state(self, step: int) -> SimulationState:
        """The state before `step`, from which another rollout can go on without a seam."""
        return SimulationState(self.qpos[step], self.qvel[step], self.warmstart[step])


class BatchPool:
    """A `mujoco.batch.Batch` of one model that grows on demand, so that its threads and memory are made once."""

    def __init__(self, model: mujoco.MjModel, threads: int = 0):
        self._model = model
        self._threads = thread_count(threads)
        self._batch: Batch | None = None

    def get(self, n: int) -> tuple[Batch, Int[np.ndarray, " n"] | None]:
        """A batch of at least `n` simulations, and the ids of the first `n` of them (None for all)."""
        if self._batch is None or self._batch.nsim < n:
            self._batch = Batch(self._model, n, self._threads)
        return self._batch, None if self._batch.nsim == n else np.arange(n)


def refuse_faulty_solver(model: mujoco.MjModel) -> None:
    """Raise for a model that MuJoCo would solve with the sparse Cholesky factorization that is faulty before 4.0.1.

    It is chosen from 60 degrees of freedom on (two people, fingers) unless the model says ``jacobian="dense"``.

    Raises:
        ValueError: it would.
    """
    version = tuple(int(part) for part in mujoco.__version__.split(".")[:3] if part.isdigit())
    if version < SPARSE_MENDED and mujoco.mj_isSparse(model):
        raise ValueError(
            f"the model has {model.nv} degrees of freedom, for which MuJoCo {mujoco.__version__} takes a sparse solver "
            'that is faulty before 4.0.1; write <option jacobian="dense"/> into the model, or install a later mujoco'
        )


class Simulator:
    """Rolls controls out on one model.

    Args:
        model: a model without activation states; its first joint is free if wrenches are used. Later changes to it are
            not seen.
        threads: how many simulations run at once; 0 for all cores. The result does not depend on it.

    A simulator must not be used from two Python threads at once.
    """

    def __init__(self, model: mujoco.MjModel, threads: int = 0):
        if model.na or model.nmocap:
            raise ValueError("the model has activation states or mocap bodies; a rollout knows only qpos and qvel")
        refuse_faulty_solver(model)
        self.model = model
        self._pool = BatchPool(model, threads)

    def rollout(
        self, start: SimulationState, ctrl: Float[np.ndarray, "S nu"], wrench: Float[np.ndarray, "_ _"] | None = None
    ) -> Rollout:
        """Simulate one control sequence.

        Args:
            start: where to start.
            ctrl: (S, nu) controls, one row for each step.
            wrench: (S, 6) generalized force on the root (see `Rollout`), or None for none.
        """
        return self.rollouts(start, ctrl[None], None if wrench is None else wrench[None])[0]

    def rollouts(
        self,
        start: SimulationState,
        ctrl: Float[np.ndarray, "K S nu"],
        wrench: Float[np.ndarray, "_ _ _"] | None = None,
    ) -> list[Rollout]:
        """Simulate K control sequences from one start, on all threads.

        Args:
            start: where all of them start.
            ctrl: (K, S, nu) controls.
            wrench: (K, S, 6) generalized force on the root, or None for none.
        """
        model = self.model
        count, steps, nu = ctrl.shape
        if nu != model.nu:
            raise ValueError(f"ctrl has {nu} columns, the model has {model.nu} actuators")
        spec, control = mujoco.mjtState.mjSTATE_CTRL.value, np.asarray(ctrl, float)
        if wrench is not None:
            if wrench.shape != (count, steps, 6) or model.jnt_type[0] != mujoco.mjtJoint.mjJNT_FREE:
                raise ValueError(f"wrench must be ({count}, {steps}, 6) and the first joint free, got {wrench.shape}")
            spec |= mujoco.mjtState.mjSTATE_QFRC_APPLIED.value
            control = np.concatenate([control, wrench, np.zeros((count, steps, model.nv - 6))], axis=2)

        batch, ids = self._pool.get(count)
        batch.qpos = start.qpos
        batch.qvel = start.qvel
        batch.qacc_warmstart = start.warmstart
        batch.qfrc_applied = 0.0
        batch.time = _START_TIME
        batch.warning[:] = 0
        clock = mujoco.mjtState.mjSTATE_TIME.value
        with quiet_mujoco():
            record = batch.rollout(steps, control, spec, ("qpos", "qvel", "qacc_warmstart", clock), ids)
        results = []
        for k in range(count):
            failed = _failed_step(record[clock][k, :, 0]) if batch.warning[k].any() else None
            push = np.zeros((steps, 6)) if wrench is None else np.array(wrench[k], float)
            rows = (
                _joined(start.qpos, record["qpos"][k], failed),
                _joined(start.qvel, record["qvel"][k], failed),
                _joined(start.warmstart, record["qacc_warmstart"][k], failed),
            )
            results.append(Rollout(*rows, control[k, :, :nu], push, failed))
        return results


#: A rollout's clock starts here, so that a clock near zero shows that MuJoCo has reset a simulation that blew up.
_START_TIME = 1e3


def _joined(
    first: Float[np.ndarray, " n"], rest: Float[np.ndarray, "S n"], failed: int | None
) -> Float[np.ndarray, "rows n"]:
    """Rows from the start and the S rows after it, NaN after a failed step."""
    rows = np.concatenate([first[None], rest])
    if failed is not None:
        rows[failed + 1 :] = np.nan
    return rows


def _failed_step(time: Float[np.ndarray, " S"]) -> int:
    """The step that went wrong, from the clock (S,) after each step of a simulation that MuJoCo warned about.

    A step that finds a bad acceleration resets the clock and goes on from there; after any warning the simulation
    stops and the record repeats its last row.
    """
    reset = np.flatnonzero(time < _START_TIME)
    if len(reset):
        return int(reset[0])
    return len(np.unique(time)) - 1
