"""Renders clips of people who do motions of a set of poses: ``python -m motionrecon.data.make_rendered test_actions``.

Each clip has a mannequin of another height and build, and another camera; it is written as the demo is
(`motionrecon.data.make_clip`): video, exact truth, calibration. Starts and fits are judged on them through a detector.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("MUJOCO_GL", "egl")  # renders without a screen; read when MuJoCo is first imported

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body import build
from motionrecon.body.base import Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import difference, integrate
from motionrecon.core.blas import one_thread
from motionrecon.data.make_poses import FOLDER, HEIGHT, SETS
from motionrecon.data.mannequin import INDEX, SEGMENTS

#: Seconds of a clip at most, and its frames per second.
LONGEST, FPS = 1.5, 30.0


def passages(name: str, count: int, seed: int) -> list[tuple[str, float, Float[np.ndarray, "T nq"]]]:
    """So many passages of a set's motions: name, frames per second and poses; each motion before any comes again."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as saved:
        qpos, first, names, fps = saved["qpos"].astype(float), saved["first"], saved["names"], float(saved["fps"])
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(names)) for _ in range(-(-count // len(names)))])[:count]
    found = []
    for k in order:
        frames = int(min(first[k + 1] - first[k], round(LONGEST * fps) + 1))
        start = int(first[k] + rng.integers(first[k + 1] - first[k] - frames + 1))
        found.append((str(names[k]), fps, qpos[start : start + frames]))
    return found


def faster(qpos: Float[np.ndarray, "T nq"], fps: float, wanted: float) -> Float[np.ndarray, "N nq"]:
    """The motion at another rate."""
    at = np.arange(0, (len(qpos) - 1) / fps, 1 / wanted) * fps
    before = np.minimum(at.astype(int), len(qpos) - 2)
    step = difference(qpos[before], qpos[before + 1])
    return integrate(qpos[before], (at - before)[:, None] * step)


def segment_rotations(body: Body, qpos: Float[np.ndarray, "T nq"]) -> Float[np.ndarray, "T 15 3 3"]:
    """Orientations of the mannequin's segments, whose arms hang where the body's point sideways."""
    turn = pose(body.model, qpos).rotations
    out = np.empty((len(qpos), len(SEGMENTS), 3, 3))
    for name in SEGMENTS:
        out[:, INDEX[name]] = turn[:, body.model.body(name).id] @ hanging(name)
    return out


def hanging(segment: str) -> Float[np.ndarray, "3 3"]:
    """From the mannequin's frame of a segment to the body's, which differ where arms hang or point sideways."""
    side, _, part = segment.partition("_")
    if part not in ("upper_arm", "forearm", "hand"):
        return np.eye(3)
    return np.asarray(Rotation.from_euler("x", 90 if side == "left" else -90, degrees=True).as_matrix())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Renders clips of a set of poses.")
    parser.add_argument("set", choices=SETS, help="of data/poses")
    parser.add_argument("--output", type=Path, required=True, help="folder; each clip gets one in it")
    parser.add_argument("--count", type=int, default=12, help="clips (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    args = parser.parse_args()
    from motionrecon.data import make_clip, mannequin
    from motionrecon.data.make_windows import _camera

    body = build(HEIGHT)
    for k, (name, fps, qpos) in enumerate(passages(args.set, args.count, args.seed)):
        folder = args.output / f"{args.set}_{k:02d}"
        if (folder / "camera.toml").exists():
            continue
        rng = np.random.default_rng([args.seed, k])
        with one_thread():
            man = mannequin.build(*rng.uniform((0.0, 0.2, 0.35, 0.35), (1.0, 0.6, 0.6, 0.65)))
            motion = faster(qpos, fps, FPS)
            root = motion[:, :3] * man.height / HEIGHT
            done = make_clip.Performance.kinematic(man, FPS, root, segment_rotations(body, motion))
            camera = _camera(man.landmarks(done.positions, done.rotations), rng)
            make_clip.write(folder, man, done, camera)
        print(f"{folder.name}: {name}, {len(motion)} frames", flush=True)


if __name__ == "__main__":
    main()
