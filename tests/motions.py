"""Small motions with everything in them, for tests of what is done with a motion."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import mujoco
import numpy as np

from motionrecon.body import Body
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.core import landmarks
from motionrecon.result.motion import Motion
from motionrecon.result.report import Report


@cache
def body() -> Capsules:
    return Capsules.build(1.70)


def camera(width: int = 320, height: int = 240) -> Pinhole:
    """A level camera 1 m above the floor that sees the origin from 4 m behind (world -y)."""
    K = np.array([[height * 1.2, 0, width / 2], [0, height * 1.2, height / 2], [0, 0, 1]])
    return Pinhole(K, (width, height), LEVEL, -LEVEL @ [0.0, -4.0, 1.0], calibrated=True)


def landmarks_of(qpos: np.ndarray) -> np.ndarray:
    """World landmarks (T, 33, 3) of qpos (T, nq)."""
    return pose(body().model, qpos).at(body().landmarks)


def kinematic(qpos: np.ndarray, fps: float = 30.0, person: Body | None = None) -> Motion:
    """A motion without physics through the poses qpos (T, nq), of a person of capsules if no other is given."""
    person = person or body()
    model, names = person.model, tuple(person.soles.names)
    frames = len(qpos)
    return Motion(
        fps=fps,
        joint_names=landmarks.NAMES,
        joints=pose(model, qpos).at(person.landmarks),
        qpos=qpos,
        qvel=np.zeros((frames, model.nv)),
        ctrl=np.zeros((0, model.nu)),
        timestep=model.opt.timestep,
        segments=np.zeros((0, 1 + model.nq + model.nv)),
        root_wrench=np.zeros((frames, 6)),
        contact_force=np.zeros((frames, len(names), 3)),
        contact_names=names,
        joint_torque=np.zeros((frames, model.nu)),
        camera=camera(),
        tracked=np.ones(frames, bool),
        model_xml=person.published,
        report={"source": {"video": None}, "warnings": ["höher als üblich"]},
    )


def walking(frames: int = 30, fps: float = 30.0, speed: float = 1.2) -> Motion:
    """Somebody who swings arms and legs and travels along +x."""
    model = body().model
    qpos = np.zeros((frames, model.nq))
    time = np.arange(frames) / fps
    swing = np.sin(2 * np.pi * time)
    qpos[:, 0], qpos[:, 2], qpos[:, 3] = speed * (time - time.mean()), 0.9, 1

    def bend(hinge: str, degrees: np.ndarray | float) -> None:
        qpos[:, model.joint(hinge).qposadr[0]] = np.radians(degrees)

    for side, sign in (("left", 1), ("right", -1)):
        bend(f"{side}_hip_flexion", 5 + sign * 25 * swing)
        bend(f"{side}_knee_flexion", 20 - sign * 18 * np.cos(2 * np.pi * time))
        bend(f"{side}_shoulder_b", -80.0)
        bend(f"{side}_elbow_flexion", 25 + sign * 15 * swing)
    return kinematic(qpos, fps)


def as_if_simulated(motion: Motion) -> Motion:
    """The same motion, said to be simulated throughout, so that its forces count."""
    steps = (len(motion) - 1) * motion.steps_per_frame
    start = np.hstack([0.0, motion.qpos[0], motion.qvel[0]])
    return replace(motion, ctrl=np.zeros((steps, motion.model.nu)), segments=start[None])


def filmed_by(motion: Motion, *films: tuple[Path | None, float], turn: float = 1.2) -> Motion:
    """A motion that cameras filmed, each turned by so many radians about the world's z from the one before it.

    Args:
        motion: seen by one camera.
        films: of each camera, the video and the seconds by which it begins after the first one's.
        turn: radians.
    """
    cameras = []
    for i in range(len(films)):
        c, s = np.cos(i * turn), np.sin(i * turn)
        about = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        cameras.append(replace(motion.camera, R_camera_world=motion.camera.R_camera_world @ about))
    seen = {"pose": "calibrated", "focal_length": "given", "focal_px": 288.0, "pitch_deg": 0.0, "tracked": len(motion)}
    away = {"sha256": None, "reprojection_px": 4.0, "reprojection_percent": 1.0}
    of_each = [
        {"name": f"cam {i + 1}", "video": None if video is None else str(video), "offset": offset, **seen, **away}
        for i, (video, offset) in enumerate(films)
    ]
    return replace(
        motion,
        further_cameras=tuple(cameras[1:]),
        tracked_by=np.tile(motion.tracked, (len(films), 1)) if len(films) > 1 else None,
        report=Report.of({**motion.report, "cameras": of_each}),
    )


def simulated(frames: int = 12, fps: float = 30.0, second_start: int = 22) -> Motion:
    """A fall with moving targets and a push on the root, in two stretches, with steps in between not simulated."""
    model = body().model
    data = mujoco.MjData(model)
    per_frame = round(1 / (fps * model.opt.timestep))
    random = np.random.default_rng(0)
    first, steps = 14, (frames - 1) * per_frame
    ctrl = 0.4 * random.standard_normal((steps, model.nu))
    ctrl[first:second_start] = np.nan
    wrench = 30 * random.standard_normal((frames, 6))
    motion = kinematic(np.tile(model.qpos0, (frames, 1)), fps)
    qpos, segments = motion.qpos.copy(), []
    for start, end in ((0, first), (second_start, steps)):
        mujoco.mj_resetData(model, data)
        data.qvel[:] = 0.3 * random.standard_normal(model.nv)
        segments.append(np.hstack([start, data.qpos, data.qvel]))
        for step in range(start, end + 1):
            if step % per_frame == 0:
                qpos[step // per_frame] = data.qpos
            if step < end:
                data.ctrl[:] = ctrl[step]
                data.qfrc_applied[:6] = wrench[step // per_frame]
                mujoco.mj_step(model, data)
    return replace(
        motion, qpos=qpos, joints=landmarks_of(qpos), ctrl=ctrl, segments=np.array(segments), root_wrench=wrench
    )
