"""Makes the window problems on which optimizers are trained and compared: ``python -m motionrecon.data.make_windows``.

Every clip goes the main job's own road, by its own functions: keypoints, the kinematic fit, then the physics window by
window; where the run stands between two windows is kept (`motionrecon.research.tasks.windows`). Two kinds of clips:

- real: the demo clip, and the balancing clip of Pose2Sim's demo (BSD 3-Clause), through the detector;
- synthetic: DeepMimic's motions (MIT) done by a person of random proportions, of whom a random camera sees keypoints
  with errors like the detector's. Nothing is rendered: a hundred frames take no time.

The sets "train", "tune" and "test" share no motion. Everything is seeded; but contact makes simulations sensitive to
rounding, so another machine makes windows that differ a little. Needs the network once, for two wheels.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from motionrecon.body import build
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.proportions import Proportions
from motionrecon.cameras.files import load_camera
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.cameras.sightline import turns_to
from motionrecon.core.blas import one_thread
from motionrecon.core.clock import Clock
from motionrecon.core.files import sha256
from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.data import deepmimic
from motionrecon.data.clips import CAMERA, demo_clip
from motionrecon.data.mannequin import INDEX as SEGMENT
from motionrecon.data.suites.balancing.films import fetched
from motionrecon.ground.plane import Plane
from motionrecon.keypoints import Keypoints, detect_keypoints
from motionrecon.keypoints.file import keypoints_of
from motionrecon.kinematics.fit import fit
from motionrecon.physics.rollout import SimulationState
from motionrecon.physics.windows.course import simulate_clip
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Status, Stretch
from motionrecon.physics.windows.window import Windows, WindowSettings
from motionrecon.research.tasks.windows import SETS, SHORTEST, FittedClip, Place, load, path_of, save
from motionrecon.views import Figure, View

#: The motions of each set. Those of "test" and "tune" are ones that ordinary videos show; "balancing" is real.
MOTIONS = {
    "train": (
        "demo",
        *("walk", "dance_a", "spinkick", "cartwheel", "backflip", "roll"),
    ),
    "tune": ("punch", "getup_faceup"),
    "test": ("balancing", "run", "jump", "kick", "spin", "dance_b"),
}
#: Synthetic clips of each motion of a set, each with a person and a camera of its own; fewer of what is seldom filmed.
CLIPS = {"train": 8, "tune": 4, "test": 3}
SELDOM, FEW = ("backflip", "roll"), 3
#: Seconds of a motion that are used at most, and frames per second of what is seen.
LONGEST, FPS = 3.2, 30.0
#: Cyclic motions are repeated.
CYCLES = {"walk": 2.0, "run": 3.0}
#: Window and overlap of the runs on each clip, seconds: the main job's own, and a shorter one that starts elsewhere.
LAYOUTS = ((0.8, 0.4), (0.5, 0.2))

#: The balancing man's cameras (`motionrecon.data.suites.balancing.films`), of which the first two film him here.
VIDEOS = ("cam01", "cam02")
#: Their calibration, from Pose2Sim's demo: size, fx, fy, cx, cy, distortion, rotation vector, translation.
_CALIBRATION = """
[cam01]
size = [1088, 1920]
matrix = [[1681.244873, 0, 532.973694], [0, 1681.075439, 948.137390], [0, 0, 1]]
distortions = [-7.2161e-4, 2.187234e-3, 9.5e-6, 1.0781e-5]
rotation = [1.68827548, 1.04832205, -0.41955852]
translation = [0.32110489, 0.95633206, 2.89071305]
[cam02]
size = [1088, 1920]
matrix = [[1673.729614, 0, 534.494568], [0, 1673.797242, 963.225891], [0, 0, 1]]
distortions = [-7.4761e-4, 2.137281e-3, 1.5188e-5, 4.5469e-6]
rotation = [1.34975875, 1.59638091, -1.19832858]
translation = [-0.11152829, 0.77661848, 3.06755196]
"""
_BALANCER = 1.75  # m; how tall he is was not published

#: Errors of keypoints, like MediaPipe's on ordinary clips: shares of the person's height for what lasts the whole clip,
#: what wanders within a quarter of a second, and what changes from frame to frame.
_LASTING, _WANDERING, _FLICKER = 0.007, 0.010, 0.002
#: Errors of the detector's depth, metres: lasting and wandering; and the share of the true depth that it shows.
_DEPTH_ERROR, _DEPTH_SHOWN = (0.04, 0.06), 0.85


@dataclass(frozen=True)
class SeenClip:
    """A clip, and what its user would say about it.

    Attributes:
        keypoints: of the person.
        camera: calibrated, or one whose pose has yet to be found.
        height: metres.
        mass: kilograms; None where it is not known.
    """

    keypoints: Keypoints
    camera: Pinhole
    height: float
    mass: float | None = None

    def figure(self) -> Figure:
        """The person and the trajectory that explains the keypoints, by the main job's own road."""
        views = (View.of(self.keypoints, self.camera, Clock(self.keypoints.fps)),)
        return fit(views, build(self.height, self.mass), Plane())


@dataclass(frozen=True)
class ClipJob:
    """One clip to be made: the variant (person and camera) of a motion of a set; ``balancing`` counts its cameras."""

    set: str
    motion: str
    variant: int

    @property
    def name(self) -> str:
        return f"{self.motion}_{self.variant}"

    @property
    def real(self) -> bool:
        return self.motion in ("demo", "balancing")


def jobs(name: str) -> list[ClipJob]:
    """The clips of a set."""
    count = {"demo": 1, "balancing": len(VIDEOS)} | dict.fromkeys(SELDOM, FEW)
    return [ClipJob(name, motion, k) for motion in MOTIONS[name] for k in range(count.get(motion, CLIPS[name]))]


def make(job: ClipJob, downloads: Path) -> FittedClip:
    """One clip of the corpus.

    Args:
        job: which one.
        downloads: folder of the motions and videos, fetched there if need be.
    """
    rng = np.random.default_rng([20261123, *job.name.encode()])
    with one_thread():
        seen = _filmed(job, downloads) if job.real else _imagined(job, rng, downloads)
        figure = seen.figure()
        return FittedClip.of(job.name, job.motion, job.real, figure, list(_places(figure)))


def _places(figure: Figure) -> Iterator[Place]:
    """Where runs of the main job stood before each window that they solved, and that leaves time for another."""
    engine = Engine.of(figure.body, threads=1)
    clock, last = figure.clock, len(figure) - 1
    for number, (window, overlap) in enumerate(LAYOUTS):
        windows = Windows(engine, figure, WindowSettings(window, overlap))
        keep = clock.seconds(windows.layout.keep)
        stops: list[Stretch] = []

        def stopped(so_far: Stretch, frames: int, stops: list[Stretch] = stops) -> None:
            stops.append(so_far)

        end = simulate_clip(windows, after_window=stopped)
        for stop, record in zip(stops, end.windows[1:], strict=False):
            if record.status is Status.OK and stop.frame + SHORTEST * clock.fps <= last:
                yield Place.after(stop, keep)
        if number == 0 and end.windows[0].status is Status.OK:  # no window before it: the clip's beginning
            qpos, qvel = np.split(end.segments[0, 1:], [figure.body.model.nq])
            yield Place(0, SimulationState.fresh(qpos, qvel), None, keep)


# Synthetic clips


def _imagined(job: ClipJob, rng: np.random.Generator, downloads: Path) -> SeenClip:
    """Keypoints with errors of a DeepMimic motion of a random person before a random camera.

    The first clip of a motion has its own pace and sides; the others may be its mirror image and a little slower.
    """
    height = float(rng.uniform(1.55, 1.95))
    lengths = Proportions.typical(height).as_array()
    lengths = lengths * np.exp(Proportions.spread() * np.clip(rng.standard_normal(len(lengths)), -2, 2))
    person = Capsules.build(height, proportions=Proportions.from_array(lengths))
    pace = 1.0 if job.variant == 0 else rng.uniform(0.85, 1.05)
    source = deepmimic.fetch(job.motion, downloads)
    clip = deepmimic.read(source, FPS / pace, CYCLES.get(job.motion, 1.0))
    count = min(len(clip.root), round(LONGEST * FPS))
    first = int(rng.integers(len(clip.root) - count + 1))
    points = perform(person, clip)[first : first + count]
    if job.variant % 2:
        points = points[:, MIRROR] * [1.0, -1.0, 1.0]
    camera = _camera(points, rng)
    return look(points, camera, height, rng)


def perform(person: Capsules, clip: deepmimic.MannequinMotion) -> Float[np.ndarray, "T 33 3"]:
    """(T, 33, 3) where the detector would mark the landmarks of a person who does the clip, metres.

    The segments turn as in the clip, the travel is scaled to the length of the person's legs, and the lowest that a
    sole ever comes is the floor.
    """
    model = person.model
    turned = deepmimic.world_rotations(clip.local)
    turn = np.empty((len(turned), model.nbody, 3, 3))
    origin = np.zeros((len(turned), model.nbody, 3))
    legs = person.proportions.thigh + person.proportions.shank + person.proportions.ankle_height
    pelvis = 1
    for b in range(pelvis, model.nbody):
        name = model.body(b).name
        side = name.partition("_")[0]
        turn[:, b] = turned[:, SEGMENT["torso" if name.endswith("clavicle") else name]]
        if name.endswith(("upper_arm", "forearm", "hand")):  # the model's arms point sideways where the clip's hang
            turn[:, b] = turn[:, b] @ Rotation.from_euler("x", -90 if side == "left" else 90, degrees=True).as_matrix()
        if b == pelvis:
            origin[:, b] = clip.root * legs / clip.hip_height
        else:
            carrier = model.body_parentid[b]
            origin[:, b] = origin[:, carrier] + turn[:, carrier] @ model.body_pos[b]

    soles = person.soles.at(origin, turn)[..., 2] - person.soles.radii
    return np.asarray(person.marks.at(origin, turn) - [0.0, 0.0, np.percentile(soles.min(1), 5)])


def _camera(points: Float[np.ndarray, "T 33 3"], rng: np.random.Generator) -> Pinhole:
    """A level camera at the height of a person's hand or eye that has all points (T, 33, 3) in view."""
    size = (1280, 720) if rng.random() < 0.5 else (1080, 1920)
    focal = float(rng.uniform(0.75, 1.3) * max(size))
    middle = points.mean((0, 1))
    azimuth, distance = rng.uniform(0, 2 * np.pi), rng.uniform(2.5, 4.0)
    eye_height = rng.uniform(0.8, 1.8)
    while True:
        eye = np.array([*(middle[:2] + distance * np.array([np.cos(azimuth), np.sin(azimuth)])), eye_height])
        forward = (middle - eye) / np.linalg.norm(middle - eye)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        K = np.array([[focal, 0.0, size[0] / 2], [0.0, focal, size[1] / 2], [0.0, 0.0, 1.0]])
        camera = Pinhole(K, size, R, -R @ eye, calibrated=True)
        away = camera.to_camera(points)[..., 2]
        if away.min() > 0.5 and (np.abs(camera.project(points) / size - 0.5) < 0.48).all():
            return camera
        distance *= 1.1


def look(points: Float[np.ndarray, "T 33 3"], camera: Pinhole, height: float, rng: np.random.Generator) -> SeenClip:
    """Keypoints of moving points (T, 33, 3), with errors; in half of the clips the camera's pose is not told.

    The half of the body that is farther from the camera is seen with less confidence and larger errors.
    """
    T = len(points)
    depth = camera.to_camera(points)[..., 2]
    tall = height * camera.pixels_per_metre(depth.mean(keepdims=True)).item()  # pixels

    def wandering(*shape: int) -> np.ndarray:
        """Noise (T, ...) of standard deviation 1 that changes within a quarter of a second."""
        sigma = 0.12 * FPS
        noise = gaussian_filter1d(rng.standard_normal((T + 60, *shape)), sigma, axis=0)[30 : 30 + T]
        return np.asarray(noise * np.sqrt(2 * np.sqrt(np.pi) * sigma))

    behind = depth - depth.mean(1, keepdims=True)  # metres farther than the body's middle
    hidden = 1 / (1 + np.exp(-(behind - 0.15) / 0.04))
    confidence = np.clip(0.97 - 0.45 * hidden + 0.05 * wandering(33), 0.05, 1.0)
    doubt = 1.0 + 0.8 * hidden[..., None]
    pixels = camera.project(points) + tall * doubt * (
        _LASTING * rng.standard_normal((1, 33, 2)) + _WANDERING * wandering(33, 2)
    )
    pixels += tall * _FLICKER * rng.standard_normal((T, 33, 2))
    hips = points[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(1, keepdims=True)
    guess = (points - hips) @ camera.axes[0].T
    lasting, wander = _DEPTH_ERROR
    guess[..., 2] *= _DEPTH_SHOWN
    guess[..., 2] += lasting * rng.standard_normal((1, 33)) + wander * wandering(33)
    guess[..., :2] += 0.02 * wandering(33, 2)
    guess = guess @ turns_to(camera.rays(pixels))  # a detector sees a cut-out, whatever is told of the camera
    if rng.random() < 0.5:
        focal = camera.K[0, 0] * rng.uniform(0.93, 1.07)
        K = np.array([[focal, 0, camera.K[0, 2]], [0, focal, camera.K[1, 2]], [0, 0, 1.0]])
        level = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
        camera = Pinhole(K, camera.image_size, level, np.zeros(3))
    return SeenClip(keypoints_of(pixels, confidence, guess, FPS, camera.image_size), camera, height)


# Real clips


def _filmed(job: ClipJob, downloads: Path) -> SeenClip:
    """The detector's keypoints of a real video or of the demo's."""
    if job.motion == "demo":
        video, calibration, camera_name = demo_clip().video, demo_clip().camera, CAMERA
        with np.load(demo_clip().truth, allow_pickle=False) as truth:
            height, mass = float(truth["height"]), float(truth["mass"])
    else:
        fetched(downloads)
        camera_name = VIDEOS[job.variant]
        video, height, mass = downloads / f"{camera_name}.mp4", _BALANCER, None
        calibration = downloads / "balancing.toml"
        calibration.write_text(_CALIBRATION)
    keypoints = detect_keypoints(video)
    camera = load_camera(calibration, camera_name, keypoints.image_size)
    return SeenClip(keypoints, camera, height, mass)


# The command


def _made(job: ClipJob, work: Path) -> Path:
    """The clip's file in the folder `work`, made if it is not there."""
    path = work / job.set / f"{job.name}.npz"
    if not path.exists():
        save(path, [make(job, work)])
    return path


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the window problems for training and comparing optimizers.")
    parser.add_argument("sets", nargs="*", default=list(SETS), choices=[*SETS], help="which sets (default: all)")
    parser.add_argument("--output", type=Path, default=path_of("test").parent, help="folder (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="folder for downloads and finished clips, to go on from after a stop")
    parser.add_argument("--processes", type=int, default=1, help="clips made at once (default: 1)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or Path(scratch)
        for name in args.sets:
            todo = jobs(name)
            for job in todo:  # before the processes start, so that a wheel is fetched once
                if not job.real:
                    deepmimic.fetch(job.motion, work)
            clips: list[FittedClip] = []
            with ProcessPoolExecutor(args.processes) as pool:
                for path in pool.map(_made, todo, [work] * len(todo)):
                    clips += load(path)
                    print(f"{name}: {clips[-1].name}, {len(clips[-1].first)} windows", flush=True)
            save(args.output / f"{name}.npz", [clip for clip in clips if len(clip.first)])
    write_sums(args.output)


def write_sums(folder: Path) -> None:
    """The hashes of the sets in a folder."""
    sums = "".join(f'"{path.name}" = "{sha256(path)}"\n' for path in sorted(folder.glob("*.npz")))
    (folder / "sha256.toml").write_text(f"# Written by motionrecon.data.make_windows\n{sums}")


if __name__ == "__main__":
    main()
