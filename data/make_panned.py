"""Renders a walk filmed by cameras that move: ``python -m motionrecon.data.make_panned --output FOLDER``.

Each clip is written as the demo is (`motionrecon.data.make_clip`), with the camera's true turns and focal lengths. The
first eight turn and zoom where they are, one as an unsteady hand does; the last two are carried along, and walk behind.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import so3
from motionrecon.core.blas import one_thread

FPS, SIZE, FOCAL = 30.0, (960, 540), 800.0


@dataclass(frozen=True)
class Course:
    """How a camera moves while the share 0 to 1 of a clip goes by.

    Attributes:
        follows: share of the way from the walk's middle to the person that it looks away from the middle.
        turn: degrees about its axes right, down and ahead that it is turned besides.
        zoom: factor on the focal length.
        carried: metres that it is carried: along the walk, and towards it.
    """

    follows: float = 0.0
    turn: Callable[[float], tuple[float, float, float]] = lambda t: (0.0, 0.0, 0.0)
    zoom: Callable[[float], float] = lambda t: 1.0
    carried: Callable[[float], tuple[float, float]] = lambda t: (0.0, 0.0)


def _wave(t: float, cycles: float) -> float:
    return float(np.sin(2 * np.pi * cycles * t))


COURSES = {
    "follow": Course(follows=1.0),
    "overtake": Course(turn=lambda t: (0.0, 30 * t - 15, 0.0)),
    "there_and_back": Course(turn=lambda t: (0.0, 14 * _wave(t, 1.5), 0.0)),
    "tilt": Course(follows=0.6, turn=lambda t: (8 * _wave(t, 0.7), 0.0, 0.0)),
    "zoom_in": Course(follows=0.5, zoom=lambda t: 1.0 + 0.4 * t),
    "pan_and_zoom_out": Course(follows=1.0, zoom=lambda t: 1.4 - 0.5 * t),
    "roll": Course(follows=1.0, turn=lambda t: (0.0, 0.0, 10 * _wave(t, 0.5))),
    "hand": Course(
        follows=0.8,
        turn=lambda t: (0.8 * _wave(t, 5), 1.2 * _wave(t + 0.1, 4), 0.6 * _wave(t, 3)),
        carried=lambda t: (0.015 * _wave(t, 4), 0.015 * _wave(t, 3)),
    ),
    "carried_along": Course(follows=1.0, carried=lambda t: (2.0 * t - 1.0, 0.0)),
    "walks_up": Course(follows=1.0, carried=lambda t: (0.0, 1.6 * t)),
}
#: Those that do not turn about one point.
CARRIED = ("carried_along", "walks_up")


def path_of(course: Course, pelvis: Float[np.ndarray, "T 3"]) -> list[Pinhole]:
    """The camera in each frame: at the side of a walk whose pelvis is known."""
    from motionrecon.data.scene import look_at

    middle = np.append((pelvis[:, :2].min(0) + pelvis[:, :2].max(0)) / 2, 0.0)
    along = (pelvis[-1] - pelvis[0]) * [1, 1, 0]
    along /= np.linalg.norm(along)
    across = np.cross([0.0, 0.0, 1.0], along)
    found = []
    for k, t in enumerate(np.linspace(0.0, 1.0, len(pelvis))):
        sideways, nearer = course.carried(float(t))
        eye = middle + 0.4 * along + 4.2 * across + [0, 0, 1.35] + sideways * along - nearer * across
        target = middle + course.follows * (pelvis[k] - middle) * [1, 1, 0] + [0, 0, 0.95]
        camera = look_at(eye, target, SIZE, FOCAL)
        turn = so3.matrix(np.radians(course.turn(float(t))))
        R, K = turn @ camera.axes[0], camera.K.copy()
        K[[0, 1], [0, 1]] *= course.zoom(float(t))
        found.append(replace(camera, K=K, R_camera_world=R, t_camera_world=-R @ eye))
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Renders a walk filmed by cameras that move.")
    parser.add_argument("--output", type=Path, required=True, help="folder; each clip gets one in it")
    parser.add_argument("--only", nargs="*", choices=COURSES, default=list(COURSES), help="clips (default: all)")
    args = parser.parse_args()
    os.environ.setdefault("MUJOCO_GL", "egl")  # before MuJoCo is imported
    from motionrecon.body import build
    from motionrecon.data import make_clip, mannequin
    from motionrecon.data.make_poses import FOLDER, HEIGHT
    from motionrecon.data.make_rendered import faster, segment_rotations

    with np.load(FOLDER / "deepmimic.npz", allow_pickle=False) as saved:
        walk = saved["names"].tolist().index("walk")
        qpos = saved["qpos"][saved["first"][walk] : saved["first"][walk + 1]].astype(float)
        fps = float(saved["fps"])
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    with one_thread():
        man, motion = mannequin.build(), faster(qpos, fps, FPS)
        root = motion[:, :3] * man.height / HEIGHT
        done = make_clip.Performance.kinematic(man, FPS, root, segment_rotations(build(HEIGHT), motion))
    for name in args.only:
        folder = args.output / name
        if not (folder / "camera.toml").exists():
            path = path_of(COURSES[name], done.positions[:, 0])
            make_clip.write(folder, man, done, path[0], path=path)
            print(f"{name}: {len(motion)} frames", flush=True)


if __name__ == "__main__":
    main()
