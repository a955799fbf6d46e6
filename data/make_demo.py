"""Makes the demo clip: ``python -m motionrecon.data.make_demo [--output FOLDER]``.

A walk from DeepMimic is the target; a simulated body of Anny's proportions follows it (`simulate`); the dressed Anny
mesh is posed like that body and rendered (`scene`); video, exact truth, calibration and hashes are written
(`make_clip`). Takes a minute or two.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("MUJOCO_GL", "egl")  # renders without a screen; read when MuJoCo is first imported

import numpy as np

from motionrecon.core.blas import one_thread
from motionrecon.core.files import sha256

_FPS = 30
_IMAGE_SIZE = (1280, 720)
_FOCAL_PX = 1000.0
_CYCLES = 3.5  # of the walk, 1.27 s each
_SETTLE = 1.6  # s at the start that are simulated but not shown
_FRAMES = 66
_EYE = (2.5, 2.75, 1.3)  # the camera's place, seen from the middle of the walk; x along the walk, z from the floor
_AIM = 0.92  # height at which it looks, m


def make(folder: Path, motions: Path) -> None:
    """Write the demo's files into ``folder``; the downloaded motion is kept in ``motions``."""
    from motionrecon.data import deepmimic, make_clip, mannequin, scene, simulate

    walk = deepmimic.read(deepmimic.fetch("walk", motions), _FPS, _CYCLES)
    print("dressing the mannequin (Anny builds a cache the first time, which takes a minute)")
    man = mannequin.build()
    with one_thread():
        performance = simulate.track(man, walk, skip=_SETTLE, report=print).first(_FRAMES)
    print(f"rendering {_FRAMES} frames")
    pelvis = performance.positions[:, 0]
    middle = np.array([*(pelvis[:, :2].min(0) + pelvis[:, :2].max(0)) / 2, 0.0])
    camera = scene.look_at(middle + _EYE, np.array([*middle[:2], _AIM]), _IMAGE_SIZE, _FOCAL_PX)
    clip = make_clip.write(folder, man, performance, camera, name="demo")
    sums = "".join(f'"{path.name}" = "{sha256(path)}"\n' for path in clip)
    (folder / "sha256.toml").write_text(f"# Written by motionrecon.data.make_demo\n{sums}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the demo clip that ships with motionrecon.")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "demo", help="folder (default: %(default)s)"
    )
    parser.add_argument("--motions", type=Path, help="folder for the downloaded motion (default: a temporary one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        make(args.output, args.motions or Path(scratch))


if __name__ == "__main__":
    main()
