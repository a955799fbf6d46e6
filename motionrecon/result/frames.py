"""From controls to a result: replay the simulated stretches, and read off the motion and its forces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import pose
from motionrecon.body.tangent import difference, integrate, velocities
from motionrecon.kinematics.unseen import held
from motionrecon.physics.record import forces
from motionrecon.physics.rollout import SimulationState, Simulator
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.views import Figure

#: Seconds in which the motion goes back from a simulated stretch to the kinematic trajectory.
_BACK = 0.4


@dataclass(frozen=True)
class Frames:
    """What a motion consists of, frame by frame; see `motionrecon.result.motion.Motion`."""

    joints: Float[np.ndarray, "T 33 3"]
    qpos: Float[np.ndarray, "T nq"]
    qvel: Float[np.ndarray, "T nv"]
    root_wrench: Float[np.ndarray, "T 6"]
    contact_force: Float[np.ndarray, "T P 3"]
    joint_torque: Float[np.ndarray, "T nu"]


def frames_of(figure: Figure, stretch: Stretch) -> Frames:
    """The motion that the controls of `stretch` simulate; the kinematic one, without forces, where there are none.

    Forces and torques of a frame are means over the simulation steps from half a frame before it to half a frame after
    it, as far as those were simulated; the assisting wrench is the one that acts until the next frame.
    """
    body, model = figure.body, figure.body.model
    per_frame, count = figure.clock.steps_per_frame, len(figure)
    qpos, qvel = figure.qpos.copy(), figure.qvel.copy()
    wrench, torque = np.zeros((count, 6)), np.zeros((count, model.nu))
    force = np.zeros((count, len(body.soles.names), 3))
    simulator = Simulator(model) if len(stretch.segments) else None
    simulated = ~np.isnan(stretch.ctrl[:, 0])
    for row in stretch.segments:
        assert simulator is not None
        first = int(row[0])
        gaps = np.flatnonzero(~simulated[first:])
        steps = slice(first, first + int(gaps[0]) if len(gaps) else len(simulated))
        state = SimulationState.fresh(row[1 : 1 + model.nq], row[1 + model.nq :])
        rollout = simulator.rollout(state, stretch.ctrl[steps], stretch.wrench[steps])
        frames = slice(first // per_frame, first // per_frame + len(rollout) // per_frame + 1)
        qpos[frames], qvel[frames] = rollout.qpos[::per_frame], rollout.qvel[::per_frame]
        acting = forces(model, rollout, body.soles.names)
        force[frames], torque[frames] = (_about_frames(x, per_frame) for x in (acting.contact, acting.joint_torque))
        wrench[frames] = np.concatenate([rollout.wrench[::per_frame], rollout.wrench[-1:]])
        last = frames.stop - 1
        back = _back(figure, qpos[last], last, stretch)
        if len(back):
            after = slice(last + 1, last + 1 + len(back))
            qpos[after] = back
            qvel[after] = velocities(qpos[last : after.stop + 1], figure.clock.fps)[1 : 1 + len(back)]
    # Where nobody is seen the body waits in the pose that was simulated last, not in the one that was to be followed.
    unseen = ~figure.tracked
    qpos = held(body, figure.ground, qpos, figure.tracked, figure.clock.fps)
    qvel[unseen] = velocities(qpos, figure.clock.fps)[unseen]
    joints = pose(model, qpos).at(body.landmarks)
    return Frames(joints, qpos, qvel, wrench, force, torque)


def _back(
    figure: Figure, simulated: Float[np.ndarray, " nq"], last: int, stretch: Stretch
) -> Float[np.ndarray, "n nq"]:
    """The kinematic frames after the last of a simulated stretch, moved so that they go on from it without a jump.

    What lies between the two is gone after `_BACK` seconds, or where the next stretch begins or the person is lost.
    """
    per_frame = figure.clock.steps_per_frame
    begins = [int(row[0]) // per_frame for row in stretch.segments if row[0] > last * per_frame]
    lost = np.flatnonzero(~figure.tracked[last + 1 :])
    ends = (last + figure.clock.frames(_BACK), len(figure), *begins, *(last + 1 + lost[:1]))
    frames = np.arange(last + 1, min(ends))
    away = difference(figure.qpos[last], simulated)
    part = (frames - last) / (min(ends) - last)
    # A cubic that leaves and arrives without a change of speed.
    left = 1 - part**2 * (3 - 2 * part)
    return integrate(figure.qpos[frames], left[:, None] * away)


def _about_frames(steps: Float[np.ndarray, "S ..."], per_frame: int) -> Float[np.ndarray, "F ..."]:
    """Means about each frame of a stretch of what acted in its `per_frame` steps between two frames."""
    # In halves of a step, so that a frame of an odd number of steps has a middle too.
    edge = np.full((per_frame, *steps.shape[1:]), np.nan)
    halves = np.concatenate([edge, np.repeat(steps, 2, axis=0), edge])
    return np.asarray(np.nanmean(halves.reshape(-1, 2 * per_frame, *steps.shape[1:]), axis=1))
