"""Window problems as the main job meets them: the tasks on which optimizers are trained and compared.

A corpus is a set of `FittedClip`: what the keypoints of one motion say, after the kinematic fit, and where runs of the
main job on it stood between two windows. From each such place a window of any length can be started, with the simulated
state and the previous window's controls that the main job had there. `motionrecon.data.make_windows` makes the corpus;
its motions are split into "train", "tune" and "test", and no motion is in two of them.

    clips = load("test")
    task = sample(clips, np.random.default_rng(0))
    minimize(task.problem, task.x0, "lm")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.proportions import Proportions
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.clock import Clock
from motionrecon.core.files import atomic, read_arrays, reason
from motionrecon.errors import InputError
from motionrecon.optimizers.turns import Beside, Start
from motionrecon.physics.rollout import SimulationState
from motionrecon.physics.windows.problem import Engine, WindowProblem
from motionrecon.physics.windows.stretch import Knots, Stretch
from motionrecon.physics.windows.window import Windows, WindowSettings
from motionrecon.views import Figure, View

#: Length of a sampled window, seconds.
SHORTEST, LONGEST = 0.3, 0.8
SETS = ("train", "tune", "test")


@dataclass(frozen=True)
class FittedClip:
    """One motion as the main job sees it between the kinematic fit and the physics, and W places to start from.

    Attributes:
        name: unique in its set.
        motion: what is done; clips of one motion (other cameras, other bodies) are always in one set.
        real: whether the keypoints are a detector's; otherwise they are those of a known motion, with errors.
        height, mass: of the person, metres and kilograms.
        lengths: (10,) `Proportions`, as fitted.
        K, R, t: (3, 3), (3, 3), (3,) of the fitted camera, pixels and metres.
        image_size: (width, height), pixels.
        fps: frames per second.
        pixels: (T, 33, 2) undistorted keypoints.
        weight: (T, 33) their root weights.
        qpos: (T, nq) the kinematic trajectory.
        tracked: (T,) where a person was seen.
        first: (W,) the frame of each place.
        keep: (W,) seconds of each window that the run kept, which fix the grid of its knots.
        state: (W, nq + 2 nv) qpos, qvel and warmstart of the simulation there.
        knots: (W, K, nu) controls of the window before it, NaN beyond its last knot; all NaN where there is none.
        began: (W,) the time of the first of these knots, seconds; NaN where there is none.
    """

    name: str
    motion: str
    real: bool
    height: float
    mass: float
    lengths: Float[np.ndarray, " lengths"]
    K: Float[np.ndarray, "3 3"]
    R: Float[np.ndarray, "3 3"]
    t: Float[np.ndarray, " 3"]
    image_size: tuple[int, int]
    fps: float
    pixels: Float[np.ndarray, "T 33 2"]
    weight: Float[np.ndarray, "T 33"]
    qpos: Float[np.ndarray, "T nq"]
    tracked: Bool[np.ndarray, " T"]
    first: Int[np.ndarray, " W"]
    keep: Float[np.ndarray, " W"]
    state: Float[np.ndarray, "W states"]
    knots: Float[np.ndarray, "W K nu"]
    began: Float[np.ndarray, " W"]

    @cached_property
    def body(self) -> Capsules:
        """The person, with the timestep that the clip's frame rate asks for."""
        lengths = Proportions.from_array(self.lengths)
        return Capsules.build(self.height, self.mass, lengths, Clock(self.fps).timestep)

    @cached_property
    def figure(self) -> Figure:
        """What the windows are compared with; the detector's own 3D is not kept, and no window needs it."""
        camera = Pinhole(self.K, self.image_size, self.R, self.t)
        no_3d = np.full((len(self.qpos), 33, 3), np.nan)
        view = View(camera, Clock(self.fps), self.pixels, self.weight, no_3d, self.tracked)
        return Figure(self.body, (view,), self.body.ground, self.qpos)

    def engine(self, threads: int = 1) -> Engine:
        """The person's simulator, made once for each number of threads (0 for all cores).

        An engine must not be used from two Python threads at once.
        """
        if threads not in self._engines:
            self._engines[threads] = Engine.of(self.body, threads)
        return self._engines[threads]

    @cached_property
    def _engines(self) -> dict[int, Engine]:
        return {}

    def window(self, place: int, seconds: float = LONGEST, threads: int = 1) -> WindowTask:
        """The window of this length (shorter where the clip ends) from one of the W places."""
        nq, nv = self.body.model.nq, self.body.model.nv
        start = SimulationState(*np.split(self.state[place], [nq, nq + nv]))
        known = self.knots[place][np.isfinite(self.knots[place]).all(1)]
        before = Knots(float(self.began[place]), known) if len(known) else None
        settings = WindowSettings(window=seconds, overlap=seconds - float(self.keep[place]))
        windows = Windows(self.engine(threads), self.figure, settings)
        first = int(self.first[place])
        last, keep = windows.layout.ends(first, windows.tracked_to(first))
        problem = windows.problem(start, before, first, last)
        starts = tuple(windows.starts(problem, before, first))
        return WindowTask(self, place, seconds, problem, starts, lambda x: windows.will_do(problem, x, first, keep))

    @staticmethod
    def of(name: str, motion: str, real: bool, figure: Figure, places: Sequence[Place]) -> FittedClip:
        """A clip from the main job's own objects."""
        (view,), body = figure.views, figure.body
        assert isinstance(body, Capsules) and isinstance(view.camera, Pinhole)  # what the file's format can hold
        longest = max([2, *(len(p.knots.angles) for p in places if p.knots is not None)])
        knots = np.full((len(places), longest, body.model.nu), np.nan)
        for row, place in zip(knots, places, strict=True):
            if place.knots is not None:
                row[: len(place.knots.angles)] = place.knots.angles
        return FittedClip(
            name=name,
            motion=motion,
            real=real,
            height=body.height,
            mass=body.mass,
            lengths=body.proportions.as_array(),
            K=view.camera.K,
            R=view.camera.R_camera_world,
            t=view.camera.t_camera_world,
            image_size=view.camera.image_size,
            fps=view.clock.fps,
            pixels=view.pixels,
            weight=view.weight,
            qpos=figure.qpos,
            tracked=view.seen,
            first=np.array([p.frame for p in places], dtype=int),
            keep=np.array([p.keep for p in places], dtype=float),
            state=np.array([np.concatenate([p.state.qpos, p.state.qvel, p.state.warmstart]) for p in places]).reshape(
                len(places), body.model.nq + 2 * body.model.nv
            ),
            knots=knots,
            began=np.array([np.nan if p.knots is None else p.knots.began for p in places], dtype=float),
        )


@dataclass(frozen=True)
class Place:
    """Where a run of the main job stood between two windows.

    Attributes:
        frame, state, knots: as in `motionrecon.physics.windows.stretch.Stretch`.
        keep: seconds that the run kept of each window.
    """

    frame: int
    state: SimulationState
    knots: Knots | None
    keep: float

    @staticmethod
    def after(stretch: Stretch, keep: float) -> Place:
        """The place that a run had reached."""
        return Place(stretch.frame, stretch.state, stretch.knots, keep)


@dataclass(frozen=True)
class WindowTask:
    """A window problem, and where the main job would start on it.

    Attributes:
        clip, place, seconds: where it comes from, and how long it was meant to be.
        problem: the least-squares problem; ``problem.n`` unknowns.
        starts: in the order in which the main job would try them; the first is a point (n,).
        will_do: whether the main job would look no farther with a result (n,).
    """

    clip: FittedClip
    place: int
    seconds: float
    problem: WindowProblem
    starts: tuple[Start, ...]
    will_do: Callable[[Float[np.ndarray, " n"]], bool]

    @property
    def x0(self) -> Float[np.ndarray, " n"]:
        """(n,) the previous window's solution, shifted, and beyond it controls from the kinematic angles."""
        first = self.starts[0]
        assert not isinstance(first, Beside)
        return first

    @property
    def name(self) -> str:
        """Clip, number of the place in it, and length in seconds."""
        return f"{self.clip.name}-{self.place:02d}-{self.seconds:.2f}s"


def sample(clips: Sequence[FittedClip], rng: np.random.Generator, shortest: float = SHORTEST, longest: float = LONGEST,
           threads: int = 1) -> WindowTask:  # fmt: skip
    """A random window: each motion is as likely as any other, then each of its clips, then each place in it.

    Args:
        clips: of one set.
        rng: what decides; the same generator gives the same windows.
        shortest, longest: seconds; lengths are uniform between them.
        threads: of the simulator; 1 leaves the other cores to other processes.
    """
    motions = sorted({clip.motion for clip in clips})
    motion = motions[rng.integers(len(motions))]
    of_motion = [clip for clip in clips if clip.motion == motion]
    clip = of_motion[rng.integers(len(of_motion))]
    return clip.window(int(rng.integers(len(clip.first))), float(rng.uniform(shortest, longest)), threads)


def choose(clips: Sequence[FittedClip], count: int, seed: int = 0) -> list[tuple[FittedClip, int, float]]:
    """A fixed choice of `count` windows (clip, place, seconds), no two from one place.

    They are shared among the motions as evenly as it goes, and among a motion's clips likewise; the same clips and seed
    give the same windows.

    Raises:
        InputError: the clips have fewer places than that.
    """
    available = sum(len(clip.first) for clip in clips)
    if count > available:
        raise InputError(f"{count} windows were asked for: the clips have only {available} places to start from")
    rng = np.random.default_rng(seed)
    queues = []
    for motion in sorted({clip.motion for clip in clips}):
        shuffled = [(clip, rng.permutation(len(clip.first))) for clip in clips if clip.motion == motion]
        longest = max(len(order) for _, order in shuffled)
        # The first place of every clip, then the second of every clip, ...
        queues.append([(clip, int(order[k])) for k in range(longest) for clip, order in shuffled if k < len(order)])
    chosen: list[tuple[FittedClip, int, float]] = []
    for turn in range(max(map(len, queues))):
        for queue in queues:
            if turn < len(queue) and len(chosen) < count:
                chosen.append((*queue[turn], float(rng.uniform(SHORTEST, LONGEST))))
    return chosen


def path_of(name: str) -> Path:
    """The file of a set, wherever motionrecon is installed."""
    from importlib import resources

    return Path(str(resources.files("motionrecon.data"))) / "windows" / f"{name}.npz"


def load(source: str | Path) -> tuple[FittedClip, ...]:
    """The clips of a set ("train", "tune", "test") or of a file of `save`.

    Raises:
        InputError: no such set, or a file that cannot be read.
    """
    path = path_of(source) if isinstance(source, str) and source in SETS else Path(source)
    if not path.exists():
        known = ", ".join(name for name in SETS if path_of(name).exists())
        raise InputError(
            f"{path}: no such windows; the sets here are {known or 'none'}. "
            "python -m motionrecon.data.make_windows makes them"
        )
    try:
        arrays = read_arrays(path)
        names = [str(name) for name in arrays["names"]]
        return tuple(_from_arrays({f.name: arrays[f"{name}/{f.name}"] for f in fields(FittedClip)}) for name in names)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except (ValueError, KeyError) as error:
        raise InputError(f"{path} is no file of windows ({error}); make it again") from error


def save(path: Path, clips: Sequence[FittedClip]) -> None:
    """Write clips; numbers are kept to single precision, which is finer than any of them is known."""
    arrays: dict[str, Any] = {"names": np.array([clip.name for clip in clips])}
    for clip in clips:
        for key, value in pack(clip).items():
            exact = value.ndim == 0 or key in ("lengths", "K", "R", "t", "keep", "began")
            rounded = value.dtype == np.float64 and not exact
            arrays[f"{clip.name}/{key}"] = value.astype(np.float32) if rounded else value
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def _from_arrays(values: dict[str, np.ndarray]) -> FittedClip:
    """A clip from its arrays; single precision has left quaternions a little longer or shorter than one."""
    clip = unpack(FittedClip, values)
    for rows in (clip.qpos, clip.state):
        rows[:, 3:7] /= np.linalg.norm(rows[:, 3:7], axis=1, keepdims=True)
    return clip
