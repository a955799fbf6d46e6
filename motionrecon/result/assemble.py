"""From what the stages found to the result: the motion's arrays and its report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.background.motion import CameraMotion
from motionrecon.body import Body
from motionrecon.body.handed import Hands
from motionrecon.body.pose import pose
from motionrecon.cameras.base import Camera
from motionrecon.cameras.up import Direction, Gravity, Verticals
from motionrecon.core import landmarks
from motionrecon.core.files import sha256
from motionrecon.depth import NETWORK, files
from motionrecon.hands.stage import track_hands
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.kinematics.chosen import chosen
from motionrecon.options import Options
from motionrecon.physics.windows.stage import weights_of
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.poses.bank import learned_for
from motionrecon.result import report
from motionrecon.result.frames import Frames, frames_of
from motionrecon.result.gait_means import gait_means
from motionrecon.result.motion import Motion
from motionrecon.result.plausible import Outcome, doubts
from motionrecon.result.quality import quality, reprojection
from motionrecon.result.report import Report
from motionrecon.run import Run
from motionrecon.source import Recording, Source
from motionrecon.verdict.evidence import Evidence
from motionrecon.verdict.judge import verdict
from motionrecon.views import Figure, View


def assemble(
    run: Run,
    source: Source,
    options: Options,
    figure: Figure,
    stretch: Stretch,
    hands: Sequence[HandKeypoints | None] = (),
) -> Motion:
    """The motion that the controls simulate, how it was made, and on top of it the hands that were seen.

    The report shares the run's seconds and warnings, so that what is written later knows those of its writing too.
    """
    frames, clock, body = frames_of(figure, stretch), figure.clock, figure.body
    camera = figure.views[0].camera
    at = pose(body.model, frames.qpos)
    marks, soles = at.at(body.marks), figure.ground.gap(at.at(body.soles))[0] - body.soles.radii
    measured = quality(frames.joints, marks, figure.views, body.height, figure.ground, soles)
    simulated = np.isin(np.arange(len(figure)), sorted(stretch.simulated_frames))
    evidence = evidence_of(source, options, figure, frames, simulated)
    found = Outcome(
        body=body,
        camera=camera,
        clock=clock,
        joints=frames.joints,
        qpos=frames.qpos,
        contact_force=frames.contact_force,
        seen=figure.seen,
        simulated=simulated,
        reprojection_percent=measured.reprojection_percent,
        ground=figure.ground,
        floor_moved=float(source.leader.camera.eye[0, 2] - camera.eye[0, 2]) if camera.calibrated else 0.0,
        feet_cut_off=evidence.feet_cut_off,
    )
    for text in doubts(found):
        run.warn(text)
    tracked_hands = _hands(source, figure, frames.qpos, hands)
    learned = replace(learned_of(options, body), **_depth_of(figure))
    say_how_it_began(run, learned, options)
    made = Report(
        source=_source(source, options),
        options=options.to_dict(),
        versions={name: metadata.version(name) for name in ("motionrecon", "mujoco", "mediapipe", "numpy", "scipy")},
        person=report.Person(
            body.height,
            body.mass,
            body.lengths,
            options.body,
            options.sex,
            options.age,
            _height_from(options, body.height),
        ),
        camera=_camera(figure.views[0], source, figure.gravity),
        cameras=cameras_of(source, figure, marks) if len(figure.views) > 1 else None,
        learned=learned,
        chosen=chosen(figure),
        belt_speed=None if figure.belt is None else float(np.linalg.norm(figure.belt)),
        frames=report.FrameCounts(
            total=len(figure),
            tracked=int(figure.seen.sum()),
            simulated=int(simulated.sum()),
            fps=clock.fps,
            film_fps=clock.film_fps,
            hands=None if tracked_hands is None else tracked_hands.frames,
        ),
        seconds=run.seconds,
        quality=measured,
        verdict=verdict(evidence),
        windows=stretch.windows,
        fallbacks=sum(window.fallbacks or 0 for window in stretch.windows),
        warnings=run.warnings,
    )
    motion = motion_of(figure, stretch, frames, made, tracked_hands)
    means, none = gait_means(motion)
    return replace(motion, report=replace(made, gait=means, no_gait=none))


def motion_of(
    figure: Figure, stretch: Stretch, frames: Frames, made: Report, tracked_hands: Hands | None = None
) -> Motion:
    """The motion that the controls of `stretch` simulate."""
    body, clock = figure.body, figure.clock
    return Motion(
        fps=clock.fps,
        joint_names=landmarks.NAMES,
        ctrl=stretch.ctrl,
        timestep=float(body.model.opt.timestep),
        segments=stretch.segments,
        contact_names=body.soles.names,
        camera=figure.views[0].camera,
        further_cameras=tuple(view.camera for view in figure.views[1:]),
        tracked_by=np.stack([view.seen for view in figure.views]) if len(figure.views) > 1 else None,
        kinematic_qpos=figure.qpos if len(stretch.segments) else None,
        hands=tracked_hands,
        tracked=figure.seen,
        model_xml=body.published,
        report=made,
        **vars(frames),
    )


def _height_from(options: Options, height: float) -> str:
    """Where a person's height is from."""
    if options.height_given:
        return report.GIVEN
    return report.ASSUMED if height == float(options.height) else report.FOUND


def evidence_of(
    source: Source, options: Options, figure: Figure, frames: Frames, simulated: Bool[np.ndarray, " T"]
) -> Evidence:
    """What a motion's verdict is founded on; several calibrated cameras measure the person's height."""
    measured = len(figure.views) > 1 and all(view.camera.calibrated for view in figure.views)
    return Evidence(
        figure,
        frames.qpos,
        frames.contact_force,
        simulated,
        height_given=options.height_given or measured or source.assumed.height is not None,
        focal_given=not source.assumed.focal_length or all(view.lens_found for view in figure.views),
    )


def _hands(
    source: Source, figure: Figure, qpos: Float[np.ndarray, "T nq"], seen: Sequence[HandKeypoints | None]
) -> Hands | None:
    """What was seen of hands, on top of a motion."""
    if all(one is None for one in seen):
        return None
    from motionrecon.rig.resampling import frames_at

    at, leads = [], figure.clock
    for recording, view, one in zip(source.recordings, figure.views, seen, strict=True):
        count = 0 if one is None else len(one.pixels)
        at.append(frames_at(leads, recording.clock, count, -leads.lived(view.offset)))
    return track_hands(seen, at, figure.views, figure.body, qpos)


def _source(source: Source, options: Options) -> report.ClipSource:
    video = None if source.leader.video is None else source.leader.path
    return report.ClipSource(
        video=None if video is None else str(video.resolve()),
        sha256=None if video is None else sha256(video),
        start=options.start,
        end=options.end,
    )


def learned_of(options: Options, body: Body) -> report.Learned:
    """What was learned beforehand and has a part in a motion of a body."""
    bank = learned_for(body) if options.first_poses == "learned" else None
    weights = weights_of(options.optimizer) if options.physics else {}
    name, digest = next(iter(weights.items()), (None, None))
    if bank is None:
        return report.Learned(None, None, None, name, digest)
    return report.Learned(bank.name, bank.kind, bank.sha256, name, digest)


def _depth_of(figure: Figure) -> dict[str, str]:
    """What corrected the depth that the figure was found from."""
    if not any(view.corrected for view in figure.views):
        return {}
    return {"depth": NETWORK, "depth_sha256": str(files.SHIPPED.records()[NETWORK]["sha256"])}


def say_how_it_began(run: Run, learned: report.Learned, options: Options) -> None:
    """Warn where typical poses were asked for and none are known of such a body."""
    if options.first_poses == "learned" and learned.bank is None:
        run.warn(f"no typical poses are known of the body {options.body}: the fit began from a relaxed pose")


def _camera(view: View, source: Source, gravity: Gravity | None) -> report.CameraFound:
    camera, did = view.camera, CameraMotion(view.camera_motion, view.camera)
    found = source.assumed.focal_length and view.lens_found
    tilt = _tilt(camera, Direction(np.array([0.0, 0.0, 1.0]), np.zeros((3, 3))))
    return report.CameraFound(
        pose="calibrated" if camera.calibrated else "estimated",
        focal_length="found" if found else "assumed" if source.assumed.focal_length else "given",
        focal_px=float(camera.at(slice(0, 1)).pixels_per_metre(np.ones(1))[0]),
        pitch_deg=tilt.pitch_deg,
        roll_deg=tilt.roll_deg,
        up_error_deg=None if gravity is None else _tilt(camera, gravity.up).error_deg,
        by_standing=None if gravity is None else _tilt(camera, gravity.standing),
        by_looks=None if gravity is None or gravity.looks is None else _tilt(camera, gravity.looks),
        by_lines=None if gravity is None or gravity.lines is None else _tilt(camera, gravity.lines),
        by_level=None if gravity is None or gravity.level is None else _tilt(camera, gravity.level),
        motion=did.kind,
        turned_deg=did.turned,
        zoomed=did.zoomed,
    )


def _tilt(camera: Camera, said: Direction) -> report.CameraTilt:
    """How a camera is tilted if that is up, in its world."""
    right, down, forward = camera.axes[0] @ said.up
    return report.CameraTilt(
        pitch_deg=float(np.degrees(np.arcsin(np.clip(forward, -1, 1)))),
        roll_deg=float(np.degrees(np.arctan2(right, -down))),
        error_deg=float(np.degrees(np.sqrt(0.5 * np.trace(said.covariance)))),
        lines=said.count if isinstance(said, Verticals) else None,
    )


def cameras_of(
    source: Source, figure: Figure, marks: Float[np.ndarray, "T 33 3"] | None
) -> tuple[report.CameraOfSeveral, ...]:
    """What is told of each camera; without marks it is not measured, and films are not read for their hashes."""

    def one(recording: Recording, view: View) -> report.CameraOfSeveral:
        away, share = (None, None) if marks is None else reprojection(marks, (view,), figure.body.height)
        video = None if recording.video is None else recording.path
        return report.CameraOfSeveral(
            **vars(_camera(view, source, figure.gravity)),
            name=recording.name,
            video=None if video is None else str(video.resolve()),
            sha256=None if video is None or marks is None else sha256(video),
            fps=recording.clock.shown_fps,
            filmed_fps=None if recording.clock.film_fps is None else recording.clock.fps,
            offset=view.offset,
            offset_error=view.offset_error if math.isfinite(view.offset_error) else None,
            tracked=int(view.seen.sum()),
            reprojection_px=away,
            reprojection_percent=share,
            rotation_error_deg=None if view.pose_error is None else view.pose_error[0],
            place_error_m=None if view.pose_error is None else view.pose_error[1],
        )

    return tuple(one(*pair) for pair in zip(source.recordings, figure.views, strict=True))
