"""Makes the bank of typical poses, ``models/poses/bank.safetensors``: ``python -m motionrecon.data.make_bank``.

With ``--body anny`` that of another kind of body, ``bank-anny.safetensors``: the same poses, done by it
(`motionrecon.research.tasks.poses.untold`).

K poses of `data/poses/train.npz` and their mirror images: k-means over the marks of the body, about the pelvis and
facing one way, begun with k-means++, and of each cluster the pose nearest to its mean. Nothing else is learned.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors.numpy import save_file

from motionrecon.body import BUILT_IN, build
from motionrecon.body.base import CAPSULES
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES, PLACE, QUATERNION
from motionrecon.core import so3
from motionrecon.core.blas import one_thread
from motionrecon.core.files import atomic, sha256
from motionrecon.core.landmarks import TRUST
from motionrecon.data.make_poses import FOLDER, HEIGHT
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.bank import bank_file
from motionrecon.research.tasks.poses.mirror import Mirror
from motionrecon.research.tasks.poses.untold import Untold, told_to

#: Rounds of k-means after its beginning.
ROUNDS = 12


def facing(qpos: Float[np.ndarray, "N nq"]) -> Float[np.ndarray, "N nq"]:
    """The same poses with the root at the origin, turned about the vertical so that the pelvis's left is +y."""
    left = so3.matrix(so3.log(qpos[:, QUATERNION]))[:, :, 1]
    yaw = np.arctan2(-left[:, 0], left[:, 1])
    turned = qpos.copy()
    turned[:, PLACE] = 0.0
    turned[:, QUATERNION] = so3.multiply(so3.exp(-yaw[:, None] * [0.0, 0.0, 1.0]), qpos[:, QUATERNION])
    return turned


def typical(points: Float[np.ndarray, "N n"], count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of the points nearest to the means of `count` clusters of k-means."""
    square = (points**2).sum(1)

    def away(centres: np.ndarray) -> np.ndarray:
        return np.asarray(square[:, None] - 2 * points @ centres.T + (centres**2).sum(1))

    chosen = [int(rng.integers(len(points)))]
    nearest = away(points[chosen])[:, 0].clip(0)
    while len(chosen) < count:
        chosen.append(int(rng.choice(len(points), p=nearest / nearest.sum())))
        nearest = np.minimum(nearest, away(points[chosen[-1:]])[:, 0].clip(0))
    centres = points[chosen]
    for _ in range(ROUNDS):
        member = away(centres).argmin(1)
        for k in range(count):
            if (member == k).any():
                centres[k] = points[member == k].mean(0)
    return np.unique(away(centres).argmin(0))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes the bank of typical poses from the training poses.")
    parser.add_argument("--poses", type=Path, default=FOLDER / "train.npz", help="(default: %(default)s)")
    parser.add_argument("--body", choices=BUILT_IN, default=CAPSULES, help="kind of body (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="(default: beside the other banks of motionrecon)")
    parser.add_argument("--count", type=int, default=512, help="poses (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    args = parser.parse_args()
    output = args.output or bank_file(args.body)
    with one_thread():
        body = build(HEIGHT, kind=args.body)
        with np.load(args.poses, allow_pickle=False) as saved:
            qpos = saved["qpos"].astype(float)
        qpos[:, QUATERNION] /= np.linalg.norm(qpos[:, QUATERNION], axis=1, keepdims=True)
        qpos = told_to(body, qpos)
        mirror = Mirror.of(Articulation.of_body(body))
        qpos = facing(np.concatenate([qpos, mirror.mirrored(qpos)]))
        if (untold := Untold.of(body)) is not None:
            qpos = untold.drawn(qpos[:, None], np.random.default_rng([args.seed, 1]))[:, 0]
        marks = pose(body.model, qpos).at(body.marks) * TRUST[:, None]
        rows = typical(marks.reshape(len(marks), -1).astype(np.float32), args.count, np.random.default_rng(args.seed))
        kept = np.concatenate([qpos[rows, QUATERNION], qpos[rows, ANGLES]], axis=1).astype(np.float16)
        hinges = " ".join(body.model.joint(j).name for j in range(1, body.model.njnt))
        own = {} if args.body == CAPSULES else {"body": args.body}
        facts = {"hinges": hinges, "made_by": "python -m motionrecon.data.make_bank", "seed": str(args.seed)} | own
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic(output) as path:
            save_file({"poses": kept}, path, facts)
        with atomic(output.with_suffix(".toml")) as path:
            path.write_text(f'# Written by motionrecon.data.make_bank\nsha256 = "{sha256(output)}"\n')
        print(f"{len(rows)} poses of {len(qpos)} in {output}")


if __name__ == "__main__":
    main()
