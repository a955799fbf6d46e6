"""Shows a detector rendered people, to learn by how much its 3D errs: ``python -m motionrecon.data.make_depth``.

People of both sexes, of many heights, builds and clothes stand, sit and move (`motionrecon.data.attitudes`, of the
training actions only) before random cameras; the detectors look at single pictures. What they say is kept beside where
the marks truly are, in the camera's axes. A part of the output holds one person's pictures, and parts that exist are
not made again, so that a run can be stopped and goes on.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("MUJOCO_GL", "egl")  # renders without a screen; read when MuJoCo is first imported

import numpy as np
from jaxtyping import Float

from motionrecon.body import build
from motionrecon.body.anny.source import Source
from motionrecon.body.marks import MARKED
from motionrecon.body.mesh.mjcf import SEEN_ABOVE
from motionrecon.core import landmarks
from motionrecon.core.blas import one_thread
from motionrecon.core.files import atomic
from motionrecon.core.sides import OUTWARDS, split
from motionrecon.data.attitudes import Attitudes
from motionrecon.data.make_poses import HEIGHT, SETS
from motionrecon.data.make_rendered import hanging, segment_rotations
from motionrecon.data.mannequin import INDEX, SEGMENTS, Mannequin, parent
from motionrecon.keypoints import models
from motionrecon.keypoints.detect import PoseDetector

#: The pictures' sides, pixels: a detector cuts the person out and looks at 256 x 256.
SIZE = (400, 400)
#: Pictures of one person.
PICTURES = 40


def marks(
    man: Mannequin, positions: Float[np.ndarray, "T 15 3"], rotations: Float[np.ndarray, "T 15 3 3"]
) -> Float[np.ndarray, "T 33 3"]:
    """Where a detector marks the landmarks of a mannequin (`motionrecon.body.marks`), metres."""
    points = man.landmarks(positions, rotations)
    for i, name in enumerate(landmarks.NAMES):
        side, part = split(name)
        if part not in MARKED:
            continue
        carrier = SEGMENTS[man.landmark_segment[i]]
        above = (parent(carrier) or carrier) if part in SEEN_ABOVE else carrier
        offset = man.height * np.array(MARKED[part]) * [1.0, OUTWARDS[side], 1.0]
        points[:, i] += rotations[:, INDEX[above]] @ hanging(above).T @ offset
    return points


def person(number: int, seed: int, output: Path, attitudes: Attitudes, source: Source, names: tuple[str, ...]) -> None:
    """Render one person, show them to the detectors, and write what those said."""
    from motionrecon.data import mannequin
    from motionrecon.data.studio import Studio, seen

    rng = np.random.default_rng([seed, number])
    gender = float(rng.choice([0.0, 1.0, rng.random()]))
    height, weight, muscle = rng.uniform((0.1, 0.25, 0.25), (0.75, 0.8, 0.75))
    man = mannequin.build(gender, height, weight, muscle, source=source)
    rows: dict[str, list[object]] = {}
    detectors = {name: PoseDetector(models.find(name), SIZE, video=False) for name in names}
    with Studio(man, SIZE, rng) as studio:
        for _ in range(PICTURES):
            studio.changed()
            kind, qpos = attitudes.draw(rng)
            rotations = segment_rotations(attitudes.body, qpos[None])
            positions = man.forward(np.zeros((1, 3)), rotations)
            points = man.landmarks(positions, rotations)
            drop = points[..., 2].min() - 0.02
            if kind == "recorded" and rng.random() < 0.2:
                drop -= abs(rng.normal(0, 0.2))  # a jump
            positions[..., 2] -= drop
            at_marks, points = marks(man, positions, rotations)[0], man.landmarks(positions, rotations)[0]
            camera = seen(points, SIZE, rng)
            seat = float(positions[0, 0, 2] - 0.1 * man.height / HEIGHT) if kind == "sitting" else None
            picture = studio.picture(positions[0], rotations[0], camera, seat if rng.random() < 0.6 else None)
            found = {name: detector(picture) for name, detector in detectors.items()}
            if not all(found.values()):
                continue
            row: dict[str, object] = {"kind": kind, "K": camera.K, "R": camera.axes[0]}
            row |= {"marks": camera.to_camera(at_marks), "landmarks": camera.to_camera(points)}
            for name, people in found.items():
                nearest = min(people, key=lambda one: np.abs(one.pixels - camera.project(points)).mean())
                row |= {f"{name}/{part}": getattr(nearest, part) for part in ("pixels", "confidence", "points_3d")}
            for name, value in row.items():
                rows.setdefault(name, []).append(value)
    for detector in detectors.values():
        detector.close()
    arrays = {name: np.array(values) for name, values in rows.items()}
    arrays = {name: a.astype(np.float32) if a.dtype == float else a for name, a in arrays.items()}
    with atomic(output / f"{number:05d}.npz") as temporary:
        np.savez_compressed(temporary, **arrays, height=man.height, gender=gender)  # type: ignore[arg-type]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Shows detectors rendered people.")
    parser.add_argument("--set", choices=SETS, default="train", help="of data/poses (default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="folder of the parts")
    parser.add_argument("--people", type=int, default=500, help=f"of {PICTURES} pictures each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--detectors", nargs="+", default=["full", "heavy"], help="(default: full heavy)")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    attitudes, source = Attitudes.of(args.set, build(HEIGHT)), Source()
    for number in range(args.people):
        if not (args.output / f"{number:05d}.npz").exists():
            with one_thread():
                person(number, args.seed, args.output, attitudes, source, tuple(args.detectors))
            print(f"person {number}", flush=True)


if __name__ == "__main__":
    main()
