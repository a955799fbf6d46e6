"""The one result type: a person's motion, the model and controls that simulate it, and the camera that saw it.

On disk a motion is a folder: ``motion.npz`` (arrays, no pickles), ``model.xml`` (the person as MJCF, loads in plain
MuJoCo) and ``report.json`` (how it was made and how good it is). A folder is complete once it holds ``report.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.body.handed import Handed, Hands
from motionrecon.cameras.base import Camera
from motionrecon.core.clock import Clock
from motionrecon.physics.windows.stretch import Status
from motionrecon.result import storage
from motionrecon.result.report import Report
from motionrecon.result.schema import arrays_of, checked

if TYPE_CHECKING:
    import mujoco

    from motionrecon.body import Anatomy
    from motionrecon.body.pose import Pose
    from motionrecon.body.surface import Surface

#: What is said of frames that are kinematic in a simulated motion.
NOBODY_SEEN, NOT_SIMULATED, ON_A_SEAT = "nobody seen", "not simulated", "on a seat, not simulated"
CAMERA_MOVES = "camera moves, not simulated"


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion of one person on an even clock: T frames, world Z-up, floor at z = 0, metres, radians, newtons.

    Attributes:
        fps: frames per second; frame t is at ``t / fps`` seconds.
        joint_names: names of the J landmarks in ``joints``; at least ``landmarks.BODY``.
        joints: (T, J, 3) world positions of the landmarks.
        qpos: (T, nq) MuJoCo positions of the model; free root first (position, quaternion wxyz), then hinges.
        qvel: (T, nv) MuJoCo velocities.
        ctrl: (S, nu) controls, one row a simulation step. A row of NaN is a step that was not simulated. S is 0 for
            a kinematic motion.
        timestep: seconds a simulation step; frame t is step ``t * steps_per_frame``.
        segments: (n, 1 + nq + nv) rows of step, qpos, qvel at which a simulated stretch starts; one on an ordinary
            clip, none for a kinematic motion.
        root_wrench: (T, 6) residual force (world frame, N) and torque (pelvis frame, N m) on the free root, as
            MuJoCo's ``qfrc_applied``; held over the steps of frame t. Zero unless ``assist=True`` was asked for.
        contact_force: (T, P, 3) force of the floor on each foot point, world frame, N: the mean over the time from
            half a frame before frame t to half a frame after it, and so is ``joint_torque``.
        contact_names: names of the P geoms that those forces act on.
        joint_torque: (T, nu) torque of each actuator, N m.
        camera: the camera that the motion was seen through; the first one, if there were several.
        tracked: (T,) bool, False where the video showed no person and the motion is only a guess.
        model_xml: MJCF of the person.
        report: how the motion was made and how good it is: ``report.quality.skate_percent``, or by the keys of
            ``report.json``, ``report["quality"]["skate_percent"]``.
        further_cameras: the others that it was seen through; what they are called and their films stand, with the
            first one's, in ``report.cameras``.
        kinematic_qpos: (T, nq) the motion as the video alone would have it, before the simulation; None where the
            motion is kinematic itself, or nobody knows.
        tracked_by: (V, T) bool, where each of several cameras saw the person, the first one's row first; None where
            there is one, which ``tracked`` is of, or where nobody knows.
        hands: wrists and fingers as the film shows them, tracked and not simulated, on top of ``qpos``; None where
            nobody looked for them, or nowhere saw them.

    Raises:
        ValueError: an array has the wrong shape or holds a value that is not finite.
        InputError: ``motion.npz`` has no arrays for a camera of this kind.
    """

    fps: float
    joint_names: tuple[str, ...]
    joints: Float[np.ndarray, "T J 3"]
    qpos: Float[np.ndarray, "T nq"]
    qvel: Float[np.ndarray, "T nv"]
    ctrl: Float[np.ndarray, "S nu"]
    timestep: float
    segments: Float[np.ndarray, "n s"]
    root_wrench: Float[np.ndarray, "T 6"]
    contact_force: Float[np.ndarray, "T P 3"]
    contact_names: tuple[str, ...]
    joint_torque: Float[np.ndarray, "T nu"]
    camera: Camera
    tracked: Bool[np.ndarray, " T"]
    model_xml: str
    report: Report
    further_cameras: tuple[Camera, ...] = ()
    tracked_by: Bool[np.ndarray, "V T"] | None = None
    kinematic_qpos: Float[np.ndarray, "T nq"] | None = None
    hands: Hands | None = None

    def __post_init__(self) -> None:
        checked(type(self), arrays_of(self))
        if not isinstance(self.report, Report):  # a plain dictionary serves too
            object.__setattr__(self, "report", Report.of(self.report))

    def __len__(self) -> int:
        return len(self.qpos)

    def __repr__(self) -> str:
        how = f"simulated in {self.simulated.sum()}" if len(self.ctrl) else "kinematic"
        duration = len(self) / self.fps
        joints = len(self.joint_names)
        return f"Motion({len(self)} frames at {self.fps:.4g} fps, {duration:.1f} s, {how}, {joints} joints)"

    @property
    def time(self) -> Float[np.ndarray, " T"]:
        """(T,) seconds of each frame, from the start of the motion."""
        return np.arange(len(self)) / self.fps

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """All cameras that the motion was seen through, the first one first."""
        return (self.camera, *self.further_cameras)

    def tracked_in(self, camera: int) -> Bool[np.ndarray, " T"]:
        """(T,) bool, where a camera saw the person; ``camera`` is its place in `cameras`."""
        return self.tracked if self.tracked_by is None else np.asarray(self.tracked_by[camera])

    @property
    def clock(self) -> Clock:
        """The clock of the motion and of the film that it was seen in, as far as the report tells."""
        frames, source = self.report.frames, self.report.source
        film = None if frames is None else frames.film_fps
        clock = Clock(self.fps, film_fps=film if film is not None and 0 < film < np.inf else None)
        start = 0.0 if source is None else source.start or 0.0
        return replace(clock, first=round(start * clock.shown_fps)) if 0 < start < np.inf else clock

    @property
    def steps_per_frame(self) -> int:
        """Simulation steps between two frames."""
        return max(1, round(1 / (self.fps * self.timestep)))

    @cached_property
    def simulated(self) -> Bool[np.ndarray, " T"]:
        """(T,) bool, True in frames that the simulation reaches; in all others the motion is kinematic."""
        frames = np.arange(len(self)) * self.steps_per_frame
        done = np.isfinite(self.ctrl).all(axis=1)
        if not len(done):
            return np.zeros(len(self), bool)
        reached = (frames > 0) & (frames <= len(done)) & done[np.clip(frames - 1, 0, len(done) - 1)]
        return np.asarray(reached | np.isin(frames, self.segments[:, 0]))

    @property
    def told(self) -> Bool[np.ndarray, " T"]:
        """(T,) bool, False where nobody was seen and nothing was simulated: the body waits there, and says nothing."""
        return np.asarray(self.tracked | self.simulated)

    @property
    def left_out(self) -> Bool[np.ndarray, " T"]:
        """(T,) bool, True where a motion is kinematic although it should be simulated."""
        return np.asarray(~self.simulated & (len(self.ctrl) > 0 or self.report.camera_unknown))

    @cached_property
    def on_a_seat(self) -> Bool[np.ndarray, " T"]:
        """(T,) bool, True where the person sits or leans on something that is not simulated, so that they are not."""
        found = np.zeros(len(self), bool)
        for window in self.report.windows or ():
            if window.status is Status.SEATED:
                found[max(0, window.first_frame) : max(0, window.last_frame) + 1] = True
        return np.asarray(found & self.left_out)

    def lacks(self, t: int) -> str:
        """What is to be said of a frame, the worst first: nobody was seen, or it is not simulated; nothing of most."""
        return self.lacks_simulation(t) if self.tracked[t] else NOBODY_SEEN

    def lacks_simulation(self, t: int) -> str:
        """What is to be said of a frame that is kinematic although it should be simulated; nothing of others."""
        if not self.left_out[t]:
            return ""
        if self.report.camera_unknown:
            return CAMERA_MOVES
        return ON_A_SEAT if self.on_a_seat[t] else NOT_SIMULATED

    @cached_property
    def body(self) -> Anatomy:
        """The person: what rides on the model, its bones and its skin."""
        from motionrecon.body import read

        return read(self.model_xml)

    @cached_property
    def handed(self) -> Handed | None:
        """The person with fingers, where hands are tracked."""
        from motionrecon.body.handed import bears_hands

        return Handed(self.body) if self.hands is not None and bears_hands(self.model) else None

    @property
    def surface(self) -> Surface:
        """What is shown of the person: `Anatomy.surface`, with fingers where hands are tracked."""
        return self.body.surface if self.handed is None else self.handed.surface

    @property
    def surface_bodies(self) -> tuple[str, ...]:
        """The names of what `surface` follows: the model's bodies, and after them fingers' bones, if there are any."""
        model = self.model
        return self.handed.body_names if self.handed else tuple(model.body(i).name for i in range(model.nbody))

    def shown(self, at: Pose, frames: slice | None = None) -> Pose:
        """A pose of the model as `surface` wants it: with wrists and fingers where hands are tracked.

        Args:
            at: of the frames.
            frames: which of the motion's they are; None for all.
        """
        if self.handed is None or self.hands is None:
            return at
        return self.handed.pose(at, self.hands if frames is None else self.hands.part(frames))

    @property
    def model(self) -> mujoco.MjModel:
        """The person, compiled; shared by everything that draws, exports or replays this motion. Do not change it."""
        return self.body.model

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write the motion into ``folder``, which is made if it is missing: motion.npz, model.xml and report.json.

        ``report.json`` comes last. Numbers in the report that are not finite are null there, as JSON has no others.

        Args:
            folder: where.
            force: replace files of these names, but never one that the motion was made from.

        Raises:
            OutputError: a file is there already (and not ``force``), or the folder cannot be written.
        """
        self.check_output([Path(folder) / name for name in storage.FILES], force)
        storage.save(self, Path(folder))

    @classmethod
    def load(cls, path: str | Path) -> Motion:
        """Read a motion from its folder, or from the ``motion.npz`` in it, and check all of it.

        Raises:
            InputError: a file is missing, damaged, or does not fit the others.
        """
        return storage.load(cls, Path(path))

    def to_bvh(self, path: str | Path, *, force: bool = False) -> None:
        """Write the motion as BVH for Blender; ``motionrecon.export.export`` has other formats and their options.

        Args:
            path: the file.
            force: replace it if it is there, but never a file that the motion was made from.

        Raises:
            OutputError: the file is there already (and not ``force``), or cannot be written.
        """
        from motionrecon.export import export

        export(self, path, "bvh", force=force)

    def check_output(self, files: Sequence[Path], force: bool) -> None:
        """Raise, before any work, where something of this motion may not be written; all that writes asks here.

        Args:
            files: that would be written, by whatever name or link.
            force: whether they may replace others.

        Raises:
            OutputError: one is there already (and not ``force``), is a film, keypoints, a calibration or a body
                model that the motion was made from, or a part of a result that is not replaced as a whole.
        """
        from motionrecon.result.sources import check_output

        check_output(self, files, force)
