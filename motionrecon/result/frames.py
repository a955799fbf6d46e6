"""From controls to a result: replay the simulated stretches, and read off the motion and its forces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.body import Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import velocities
from motionrecon.core.clock import Clock
from motionrecon.physics.record import forces
from motionrecon.physics.rollout import State
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stage import Evidence, Stretch


@dataclass(frozen=True)
class Frames:
    """What a motion consists of, frame by frame; shapes as in `motionrecon.result.motion.Motion`."""

    joints: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    root_wrench: np.ndarray
    contact_force: np.ndarray
    joint_torque: np.ndarray


def kinematic_frames(body: Body, qpos: np.ndarray, fps: float) -> Frames:
    """A motion without forces from a trajectory (T, nq)."""
    T, nu = len(qpos), body.model.nu
    joints = pose(body.model, qpos).at(body.landmarks)
    force = np.zeros((T, len(body.soles.names), 3))
    return Frames(joints, qpos, velocities(qpos, fps), np.zeros((T, 6)), force, np.zeros((T, nu)))


def simulated_frames(engine: Engine, evidence: Evidence, stretch: Stretch) -> Frames:
    """The motion that the controls of `stretch` simulate; the kinematic one where nothing was simulated.

    Forces and torques of a frame are means over the simulation steps from half a frame before it to half a frame after
    it, as far as those were simulated; the assisting wrench is the one that acts until the next frame.
    """
    body, fps = engine.body, evidence.fps
    per_frame, nq = Clock(fps).steps_per_frame, engine.body.model.nq
    still = kinematic_frames(body, evidence.qpos, fps)
    qpos, qvel = still.qpos.copy(), still.qvel.copy()
    wrench, force, torque = still.root_wrench, still.contact_force, still.joint_torque
    simulated = ~np.isnan(stretch.ctrl[:, 0])
    for row in stretch.segments:
        first = int(row[0])
        gaps = np.flatnonzero(~simulated[first:])
        steps = slice(first, first + int(gaps[0]) if len(gaps) else len(simulated))
        state = State.fresh(row[1 : 1 + nq], row[1 + nq :])
        rollout = engine.simulator.rollout(state, stretch.ctrl[steps], stretch.wrench[steps])
        count = len(rollout) // per_frame
        frames = slice(first // per_frame, first // per_frame + count + 1)
        qpos[frames], qvel[frames] = rollout.qpos[::per_frame], rollout.qvel[::per_frame]
        acting = forces(body.model, rollout, body.soles.names)
        force[frames], torque[frames] = (_about_frames(x, per_frame) for x in (acting.contact, acting.joint_torque))
        wrench[frames] = np.concatenate([rollout.wrench[::per_frame], rollout.wrench[-1:]])
    joints = pose(body.model, qpos).at(body.landmarks)
    return Frames(joints, qpos, qvel, wrench, force, torque)


def _about_frames(steps: np.ndarray, per_frame: int) -> np.ndarray:
    """Means (F+1, ...) about each frame of a stretch of what acted in its F `per_frame` steps."""
    # In halves of a step, so that a frame of an odd number of steps has a middle too.
    edge = np.full((per_frame, *steps.shape[1:]), np.nan)
    halves = np.concatenate([edge, np.repeat(steps, 2, axis=0), edge])
    return np.nanmean(halves.reshape(-1, 2 * per_frame, *steps.shape[1:]), axis=1)
