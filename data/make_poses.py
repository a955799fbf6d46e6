"""Makes the poses on which starts and steps are trained: ``python -m motionrecon.data.make_poses``.

Motions of the CMU database (`motionrecon.data.cmu`) and of DeepMimic (`motionrecon.data.deepmimic`) are done by the
default body, at `FPS` frames per second, with gravity along -z. Whole actions are held out, and all of DeepMimic.
Needs the network once.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body import build
from motionrecon.core.blas import one_thread
from motionrecon.core.files import sha256
from motionrecon.data import cmu, deepmimic
from motionrecon.data.carriage import NAMES, Carriage, retargeted
from motionrecon.data.mannequin import INDEX as SEGMENT

#: Where the poses are.
FOLDER = Path(__file__).parent / "poses"
#: Frames per second of the poses.
FPS = 20.0
#: The person who does the motions, metres.
HEIGHT = 1.70
#: Actions that nothing is trained on.
HELD_OUT = ("washwindow", "directing_traffic", "basketball_signal")
#: Clips of the training actions, and whole actions, on which choices are made and nothing is trained.
TUNE = (
    *("train/basketball/basketball_5", "train/jumping/jumping_5", "train/soccer/soccer_5", "train/walking/walking_5"),
    *("02_08", "03_02", "05_12", "13_18", "13_30", "13_34", "14_29"),
)
#: Cyclic motions of DeepMimic, and how often they are repeated.
CYCLES = {"walk": 2.0, "run": 3.0}
SETS = ("train", "tune", "test_actions", "test_clips", "deepmimic")


def set_of(clip: str) -> str:
    """The set that a clip of CMU is in."""
    if any(f"/{action}/" in clip for action in HELD_OUT):
        return "test_actions"
    if clip.startswith("test/"):
        return "test_clips"
    return "tune" if clip in TUNE else "train"


def imitated(motion: deepmimic.MannequinMotion) -> Carriage:
    """A motion of DeepMimic's figure."""
    turned = deepmimic.world_rotations(motion.local)
    directions = []
    for name in NAMES:
        side, _, part = name.partition("_")
        segment, column, sign = {
            "clavicle": ("torso", 1, 1.0 if side == "left" else -1.0),
            "upper_arm": (name, 2, -1.0),
            "forearm": (name, 2, -1.0),
            "thigh": (name, 2, -1.0),
            "shank": (name, 2, -1.0),
            "foot": (name, 0, 1.0),
            "left": (side, 1, 1.0),
            "up": (side, 2, 1.0),
            "front": (side, 0, 1.0),
        }[part]
        directions.append(sign * turned[:, SEGMENT[segment], :, column])
    leg = motion.hip_height - 0.0555  # without the ankle's height
    return Carriage(motion.fps, motion.root / leg, np.stack(directions, axis=1))


def carriages(downloads: Path) -> dict[str, dict[str, Carriage]]:
    """The clips of each set, by their names."""
    sets: dict[str, dict[str, Carriage]] = {name: {} for name in SETS}
    step = round(cmu.FPS / FPS)
    for repository, read in ((cmu.TEXTS, cmu.read_text), *((r, cmu.read_bvh) for r in cmu.BVH)):
        for clip, path in repository.fetch(downloads).items():
            sets[set_of(clip)][clip] = read(path).every(step)
    for name in deepmimic.SHA256:
        motion = deepmimic.read(deepmimic.fetch(name, downloads), FPS, CYCLES.get(name, 1.0))
        sets["deepmimic"][name] = imitated(motion)
    return sets


def save(path: Path, names: list[str], clips: list[Float[np.ndarray, "T nq"]]) -> None:
    """Write a set: ``qpos`` (N, nq) of all clips in turn, ``first`` (clips + 1,) their rows, ``names``, and ``fps``."""
    first: Int[np.ndarray, " clips"] = np.cumsum([0, *map(len, clips)])
    qpos = np.concatenate(clips).astype(np.float16)
    np.savez_compressed(path, qpos=qpos, first=first, names=np.array(names), fps=FPS, height=HEIGHT)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the poses on which starts and steps are trained.")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder (default: %(default)s)")
    parser.add_argument("--downloads", type=Path, help="folder that keeps the sources (default: none is kept)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        if args.downloads is not None:
            args.downloads.mkdir(parents=True, exist_ok=True)
        sets = carriages(args.downloads or Path(scratch))
        args.output.mkdir(parents=True, exist_ok=True)
        body = build(HEIGHT)
        for name, clips in sets.items():
            poses = retargeted(body, list(clips.values()))
            save(args.output / f"{name}.npz", list(clips), poses)
            print(f"{name}: {len(clips)} clips, {sum(map(len, poses))} poses", flush=True)
    sums = "".join(f'"{path.name}" = "{sha256(path)}"\n' for path in sorted(args.output.glob("*.npz")))
    (args.output / "sha256.toml").write_text(f"# Written by motionrecon.data.make_poses\n{sums}")


if __name__ == "__main__":
    main()
