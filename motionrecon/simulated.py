"""From controls to a result: replay the simulated stretches, and read off the motion and its forces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .body import Body
from .body.pose import pose
from .objective.window import Engine
from .physics.record import forces
from .physics.rollout import State
from .windows import Evidence, Stretch, steps_per_frame, velocities


@dataclass(frozen=True)
class Frames:
    """What a motion consists of, frame by frame; shapes as in `motionrecon.motion.Motion`."""

    joints: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    root_wrench: np.ndarray
    contact_force: np.ndarray
    joint_torque: np.ndarray


def kinematic_frames(body: Body, qpos: np.ndarray, fps: float) -> Frames:
    """A motion without forces from a trajectory (T, nq)."""
    T, nu = len(qpos), body.model.nu
    joints = pose(body.model, qpos).sites[:, body.landmark_sites]
    force = np.zeros((T, len(body.contact_names), 3))
    return Frames(joints, qpos, velocities(qpos, fps), np.zeros((T, 6)), force, np.zeros((T, nu)))


def simulated_frames(engine: Engine, evidence: Evidence, stretch: Stretch) -> Frames:
    """The motion that the controls of `stretch` simulate; the kinematic one where nothing was simulated.

    Forces and torques of a frame are means over the simulation steps up to the next frame; the last frame of a
    stretch repeats those of the one before it.
    """
    body, fps = engine.body, evidence.fps
    per_frame, nq = steps_per_frame(fps), engine.body.model.nq
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
        acting = forces(body.model, rollout, body.contact_names)
        for kept, steps_of in ((force, acting.contact), (torque, acting.joint_torque), (wrench, rollout.wrench)):
            means = steps_of.reshape(count, per_frame, *steps_of.shape[1:]).mean(1)
            kept[frames] = np.concatenate([means, means[-1:]])
    joints = pose(body.model, qpos).sites[:, body.landmark_sites]
    return Frames(joints, qpos, qvel, wrench, force, torque)
