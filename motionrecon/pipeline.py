"""The main job, top to bottom as in the README's picture: a video in, a simulated motion out."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionrecon.body import Body, build
from motionrecon.body.pose import pose
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.files import load_camera
from motionrecon.cameras.pinhole import Camera
from motionrecon.cameras.place import check_place
from motionrecon.core import landmarks
from motionrecon.core.blas import one_thread
from motionrecon.core.cache import Checkpoint
from motionrecon.core.clock import Clock
from motionrecon.core.files import sha256
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError
from motionrecon.ground.plane import Plane
from motionrecon.keypoints import Keypoints, detect_keypoints, load_keypoints
from motionrecon.kinematics.fit import Fitted, Weights, fitted
from motionrecon.options import Options
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stage import Evidence, Settings, Stretch, Trust, simulate
from motionrecon.result.folder import ResultFolder
from motionrecon.result.frames import Frames, kinematic_frames, simulated_frames
from motionrecon.result.motion import Motion
from motionrecon.result.plausible import Outcome, doubts
from motionrecon.result.quality import quality
from motionrecon.video import VideoInfo, probe
from motionrecon.views import View

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Gaps in which nobody is seen are bridged by the kinematic fit, and simulated, up to this many seconds.
BRIDGED = 0.5
#: Frames with a person that a motion needs at least.
FEWEST_FRAMES = 4
#: Standard deviation of the residual wrench with ``--assist``, in units of the person's weight.
ASSIST = 0.1


def reconstruct(
    video: str | Path | None = None,
    *,
    output: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Motion:
    """Reconstruct the motion of the person in a video.

    Args:
        video: a video file; may be left out where ``keypoints`` are given.
        output: a folder for the result, which is made; None writes nothing.
        progress: told of every stage; None for silence (warnings go to the log).
        **options: the fields of `motionrecon.options.Options`: ``height=1.8``, ``camera="calib.toml"``, ...

    Returns:
        The motion; its ``report`` says how good it is.

    Raises:
        InputError: something that was given cannot be used.
        OutputError: the result cannot be written.
        ModelError: the detector's model cannot be had.
    """
    run = _Run.start(video, output, progress or Silent(), Options.of(**options).check())
    with run.claimed():
        camera = run.camera
        keypoints = run.keypoints()
        with one_thread():
            body, evidence = run.kinematics(keypoints, camera)
            frames, stretch = run.physics(body, evidence)
        motion = run.motion(keypoints, body, evidence, frames, stretch)
        run.write(motion)
    return motion


@dataclass
class _Run:
    """One reconstruction: what its stages share."""

    video: Path | None
    folder: Path | None
    options: Options
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    result: ResultFolder | None = None

    @staticmethod
    def start(video: str | Path | None, output: str | Path | None, progress: Progress, options: Options) -> _Run:
        """Look at all inputs, then at the output folder: what cannot work fails now, and leaves nothing behind."""
        if video is None and options.keypoints is None:
            raise InputError("no video given: give a video file, or keypoints=...")
        run = _Run(None if video is None else Path(video), None if output is None else Path(output), options, progress)
        _ = run.camera
        if run.video is not None:  # beside keypoints too: the overlay needs it at the end
            run._video_info.frame_range(options.start, options.end)
        if options.keypoints is not None:
            _cut(run._given_keypoints, options)
            if run.video is not None:
                _check_same_clip(run._given_keypoints, run._video_info, options.keypoints)
        if run.folder is not None:
            given = {"the video": run.video, "keypoints=...": options.keypoints, "camera=...": options.camera}
            inputs = {name: path for name, path in given.items() if path is not None}
            run.result = ResultFolder.claim(run.folder, force=options.force, inputs=inputs, options=options.to_dict())
        return run

    def claimed(self) -> AbstractContextManager[object]:
        """Holds the output folder against other runs; a run that is refused leaves nothing in it."""
        return nullcontext() if self.result is None else self.result

    @property
    def cache(self) -> Path | None:
        return None if self.result is None else self.result.cache

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - began, 3)

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.progress.warn(text)

    def keypoints(self) -> Keypoints:
        o = self.options
        with self._timed("keypoints"):
            if o.keypoints is not None:
                found = _cut(self._given_keypoints, o)
            else:
                assert self.video is not None
                found = detect_keypoints(self.video, o.detector, o.start, o.end, self.cache, self.progress)
        for text in found.warnings:
            self._warn(text)
        seen = int((found.confidence > 0).any(1).sum())  # a file may mark frames in which it is sure of nothing
        if seen < FEWEST_FRAMES:
            source = o.keypoints or self.video
            raise InputError(f"{source}: a person is seen in {seen} frames only; a motion needs {FEWEST_FRAMES}")
        return found

    @cached_property
    def _given_keypoints(self) -> Keypoints:
        assert self.options.keypoints is not None
        return load_keypoints(self.options.keypoints, self.video)

    @cached_property
    def _image_size(self) -> tuple[int, int]:
        if self.options.keypoints is not None:
            return self._given_keypoints.image_size
        return self._video_info.image_size

    @cached_property
    def _video_info(self) -> VideoInfo:
        assert self.video is not None
        return probe(self.video)

    @cached_property
    def camera(self) -> Camera:
        """The camera of the calibration file, or an assumed one whose pose is yet unknown."""
        o = self.options
        if o.camera is not None:
            return load_camera(o.camera, o.camera_name, self._image_size, _Warnings(self))
        return default_camera(self._image_size, o.fov, o.focal_px)

    def kinematics(self, keypoints: Keypoints, camera: Camera) -> tuple[Body, Evidence]:
        """The person and the trajectory that explains the keypoints, on the floor."""
        fps = keypoints.fps
        pixels = camera.undistort(keypoints.pixels)
        confidence = np.where(np.isfinite(pixels).all(2), keypoints.confidence, 0.0)
        check_place(camera, pixels, confidence, float(self.options.height))
        height, mass = float(self.options.height), self.options.mass
        start, ground = build(height, mass), Plane()
        weight = landmarks.TRUST * np.sqrt(confidence)
        tracked = _bridged(keypoints.tracked, round(BRIDGED * fps))
        view = View(camera, Clock(fps), pixels, weight, keypoints.points_3d, tracked)
        checkpoint = Checkpoint(
            self.cache,
            "kinematics",
            {"pixels": pixels, "weight": weight, "points_3d": keypoints.points_3d}
            | {"fps": fps, "K": camera.K, "R": camera.R_camera_world, "t": camera.t_camera_world}
            | {"calibrated": camera.calibrated, "height": height, "mass": mass, "model": start.mjcf}
            | {"weights": vars(Weights())},
        )
        with self._timed("kinematics"), self.progress.stage("kinematics", len(keypoints)) as advance:
            saved = checkpoint.load(self.progress)
            if saved is not None:
                advance(len(keypoints))
            else:
                saved = vars(fitted((view,), start, ground, advance=advance))
                checkpoint.save(saved)
            figure = Fitted(**saved).figure((view,), start, ground)
            joints = kinematic_frames(figure.body, figure.qpos, fps).joints
        return figure.body, Evidence(figure.views[0].camera, pixels, weight, figure.qpos, joints, tracked, fps)

    def physics(self, body: Body, evidence: Evidence) -> tuple[Frames, Stretch | None]:
        """The simulated motion, window by window; the kinematic one with ``--no-physics``."""
        o = self.options
        if not o.physics:
            return kinematic_frames(body, evidence.qpos, evidence.fps), None
        settings = Settings(o.window, o.overlap, o.optimizer, assist=ASSIST if o.assist else None)
        checkpoint = Checkpoint(
            self.cache,
            "physics",
            {name: getattr(evidence, name) for name in ("pixels", "weight", "qpos", "landmarks", "tracked", "fps")}
            | {"K": evidence.camera.K, "R": evidence.camera.R_camera_world, "t": evidence.camera.t_camera_world}
            | {"model": body.mjcf, "settings": vars(settings), "trust": vars(Trust()), "seed": o.seed}
            | {"weights": _weights(o.optimizer)},
        )
        engine = Engine.of(body)
        with self._timed("physics"), self.progress.stage("physics", len(evidence) - 1) as advance:
            saved = checkpoint.load(self.progress)
            resumed = None if saved is None else Stretch.from_arrays(saved)
            if resumed is not None:
                advance(resumed.frame)

            def after_window(so_far: Stretch, frames: int) -> None:
                checkpoint.save(so_far.to_arrays())
                advance(frames)

            stretch = simulate(engine, evidence, settings, resume=resumed, after_window=after_window, seed=o.seed)
            frames = simulated_frames(engine, evidence, stretch)
        self._say_what_failed(stretch, evidence.fps)
        return frames, stretch

    def _say_what_failed(self, stretch: Stretch, fps: float) -> None:
        for status, what in (
            ("failed", "no simulated motion was found"),
            ("no floor under the feet", "the person is held up by something above the floor, which is not simulated,"),
        ):
            if spans := _spans([w for w in stretch.windows if w["status"] == status], fps, self.options.start or 0.0):
                self._warn(f"{what} from {spans}: these frames are kinematic, without forces")
        if self.options.assist:
            used = np.linalg.norm(stretch.wrench[:, :3], axis=1)
            self._warn(f"assist=True pushed the pelvis with {used.mean():.0f} N on average, {used.max():.0f} N at most")

    def motion(
        self, keypoints: Keypoints, body: Body, evidence: Evidence, frames: Frames, stretch: Stretch | None
    ) -> Motion:
        model = body.model
        measured = quality(
            frames.joints,
            pose(model, frames.qpos).at(body.marks),
            evidence.camera,
            evidence.pixels,
            keypoints.confidence,
            body.height,
            keypoints.fps,
        )
        simulated = np.zeros(len(keypoints), bool)
        simulated[[] if stretch is None else sorted(stretch.simulated_frames())] = True
        clock = Clock(keypoints.fps, first=round((self.options.start or 0.0) * keypoints.fps))
        found = (frames.joints, frames.qpos, frames.contact_force, keypoints.tracked, simulated)
        for text in doubts(Outcome(body, evidence.camera, clock, *found, measured["reprojection_percent"])):
            self._warn(text)
        report = {
            "source": self._source(),
            "options": self.options.to_dict(),
            "versions": _versions(),
            "person": {"height": body.height, "mass": body.mass, "lengths": body.lengths},
            "camera": {
                "pose": "calibrated" if self.camera.calibrated else "estimated",
                "focal_length": "given" if self.options.gives_focal_length else "assumed",
                "focal_px": float(evidence.camera.K[0, 0]),
                "pitch_deg": float(np.degrees(np.arcsin(np.clip(evidence.camera.R_camera_world[2, 2], -1, 1)))),
            },
            "frames": {
                "total": len(keypoints),
                "tracked": int(keypoints.tracked.sum()),
                "simulated": 0 if stretch is None else len(stretch.simulated_frames()),
                "fps": keypoints.fps,
            },
            "seconds": self.seconds,
            "quality": measured,
            "windows": [] if stretch is None else stretch.windows,
            "fallbacks": 0 if stretch is None else sum(window.get("fallbacks", 0) for window in stretch.windows),
            "warnings": self.warnings,
        }
        return Motion(
            fps=keypoints.fps,
            joint_names=landmarks.NAMES,
            ctrl=np.zeros((0, model.nu)) if stretch is None else stretch.ctrl,
            timestep=float(model.opt.timestep),
            segments=np.zeros((0, 1 + model.nq + model.nv)) if stretch is None else stretch.segments,
            contact_names=body.soles.names,
            camera=evidence.camera,
            tracked=keypoints.tracked,
            model_xml=body.mjcf,
            report=report,
            **vars(frames),
        )

    def _source(self) -> dict[str, Any]:
        o = self.options
        return {
            "video": None if self.video is None else str(self.video.resolve()),
            "sha256": None if self.video is None else sha256(self.video),
            "start": o.start,
            "end": o.end,
        }

    def write(self, motion: Motion) -> None:
        """All files of the result, which appear in the folder together."""
        if self.result is None:
            return
        from motionrecon.render import write_overlay

        o = self.options
        with self.result.publish() as scratch:
            with self._timed("output"):
                motion.to_bvh(scratch / "motion.bvh")
                write_overlay(motion, self.video, scratch / "overlay.mp4", self.progress, start=o.start, end=o.end)
            motion.save(scratch)


def _check_same_clip(keypoints: Keypoints, video: VideoInfo, path: Path) -> None:
    """Raise an InputError where keypoints cannot be of this video."""
    length = len(keypoints) / keypoints.fps
    if keypoints.image_size != video.image_size:
        theirs, ours = ("x".join(map(str, size)) for size in (keypoints.image_size, video.image_size))
        raise InputError(f"keypoints={path} is for images of {theirs}, {video.path} has {ours}; give the right video")
    if abs(length - video.duration) > max(0.1 * video.duration, 2 / keypoints.fps):
        raise InputError(
            f"keypoints={path} lasts {length:.2f} s ({len(keypoints)} frames at {keypoints.fps:g} fps), "
            f"{video.path} lasts {video.duration:.2f} s; give the right video"
        )


def _weights(optimizer: str) -> dict[str, str]:
    """The hash of the weights that the windows' optimizer runs with; none are read, and no torch, where it has none."""
    from motionrecon.optimus.facade import SQUARES_WEIGHTS

    if optimizer != "optimus" or not SQUARES_WEIGHTS:
        return {}
    from motionrecon.optimus import weights

    return {SQUARES_WEIGHTS: weights.records()[SQUARES_WEIGHTS]["sha256"]}


def _spans(windows: list[dict[str, Any]], fps: float, start: float) -> str:
    """The seconds of the video that windows cover, neighbours joined: "0.40 to 1.20 s, 3.00 to 3.40 s"."""
    joined: list[list[int]] = []
    for window in windows:
        if joined and joined[-1][1] == window["first_frame"]:
            joined[-1][1] = window["last_frame"]
        else:
            joined.append([window["first_frame"], window["last_frame"]])
    return ", ".join(f"{start + first / fps:.2f} to {start + last / fps:.2f} s" for first, last in joined)


class _Warnings(Silent):
    """Passes warnings on to the report as well."""

    def __init__(self, run: _Run) -> None:
        self._run = run

    def warn(self, text: str) -> None:
        self._run._warn(text)


def _cut(keypoints: Keypoints, options: Options) -> Keypoints:
    """The keypoints of the chosen range."""
    whole = Clock(keypoints.fps).cut(len(keypoints), options.start, options.end, str(options.keypoints))
    part = slice(whole.start, whole.stop)
    return replace(
        keypoints,
        pixels=keypoints.pixels[part],
        confidence=keypoints.confidence[part],
        points_3d=keypoints.points_3d[part],
        tracked=keypoints.tracked[part],
    )


def _bridged(tracked: np.ndarray, longest: int) -> np.ndarray:
    """`tracked` with gaps of up to `longest` frames between tracked ones filled."""
    filled = tracked.copy()
    seen = np.flatnonzero(tracked)
    for a, b in pairwise(seen):
        if b - a - 1 <= longest:
            filled[a:b] = True
    return filled


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("motionrecon", "mujoco", "mediapipe", "numpy", "scipy")}
