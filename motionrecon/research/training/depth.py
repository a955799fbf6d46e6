"""Teaches how much a detector's 3D errs: ``python -m motionrecon.research.training.depth PARTS``.

PARTS is a folder that `motionrecon.data.make_depth` has filled, or one of such folders, of a seed each. What counts is
what the kinematic fit asks of the 3D: how much deeper one end of a bone is than the other, if the bone is as long as it
is (`motionrecon.residuals.directions`). The network says that and its standard deviation, by maximum likelihood of
errors that are Laplace distributed.

A detector takes cameras that look down or up for nearly level, and leans everybody by half of the difference. So the
network is told which way is up, in most of the pictures; in the others it learns to say that itself.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.sightline import turns_to
from motionrecon.core import landmarks
from motionrecon.core.vectors import unit
from motionrecon.depth.files import DepthNetwork, save
from motionrecon.depth.network import DETECTORS, HEIGHT, Sighting, initial, says, together
from motionrecon.residuals.directions import END, START

_HIPS = [landmarks.INDEX["left_hip"], landmarks.INDEX["right_hip"]]
#: Pictures of a step, and the learning rate at the start of a cosine.
_BATCH, _LR = 256, 2e-3
#: Weight decay, noise on features, and share of the inner values that are dropped.
_DECAY, _NOISE, _DROPPED = 0.1, 0.03, 0.1
#: How much the marks' places and what lies across the line of sight count beside the likelihood.
_PLACES, _ACROSS = 4.0, 4.0
#: Share of marks that are hidden from the network, in half of the pictures.
_HIDDEN = 0.1
#: Detectors that err as much on the left as on the right.
_SYMMETRIC = ("full",)
#: Share of pictures of which the network is not told which detector saw them.
_UNTOLD = 0.25
#: Share of pictures of which it is not told up, by how much it is told wrong otherwise, radians, and what up counts.
_UP_UNTOLD, _UP_ERROR, _UPRIGHT = 0.4, 0.03, 0.25


@dataclass(frozen=True)
class Lessons:
    """What detectors said of N pictures, and the truth.

    Attributes:
        said: by the detectors.
        marks: (N, 33, 3) where the marks are, of a person of `HEIGHT`, in the axes and about the point of ``said``.
        person: (N,) who it is.
        kind: (N,) what kind of pose it is.
        detector: (N,) which detector said it.
        up: (N, 3) which way is up, in the same axes as ``marks``.
    """

    said: Sighting
    marks: Float[np.ndarray, "N 33 3"]
    person: np.ndarray
    kind: np.ndarray
    detector: np.ndarray
    up: Float[np.ndarray, "N 3"]

    def part(self, rows: np.ndarray) -> Lessons:
        said = Sighting(*(getattr(self.said, field.name)[rows] for field in fields(Sighting)))
        return Lessons(said, *(getattr(self, field.name)[rows] for field in fields(Lessons)[1:]))


def read(folder: Path, detectors: tuple[str, ...] = ("full", "heavy")) -> Lessons:
    """All parts of a folder, and of those in it."""
    rows: list[tuple[np.ndarray, ...]] = []
    for number, path in enumerate(sorted(folder.rglob("*.npz"))):
        with np.load(path, allow_pickle=False) as part:
            for name in detectors:
                pixels = part[f"{name}/pixels"].astype(float)
                K = part["K"].astype(float)
                rays = (pixels - K[:, None, :2, 2]) / K[:, None, [0, 1], [0, 1]]
                marks = part["marks"] * (HEIGHT / float(part["height"]))
                turn = turns_to(rays)
                marks = (marks - marks[:, _HIPS].mean(1, keepdims=True)) @ turn
                up = np.einsum("na,nab->nb", part["R"][:, :, 2].astype(float), turn)
                said = (rays, part[f"{name}/confidence"], part[f"{name}/points_3d"].astype(float))
                who, what = np.full(len(rays), number), np.full(len(rays), name)
                rows.append((*said, marks, who, part["kind"], what, up))
    rays, trust, points, *truth = (np.concatenate(column) for column in zip(*rows, strict=True))
    told = np.array([DETECTORS[name] for name in truth[3]])
    return Lessons(replace(Sighting.of(rays, trust, points), detector=told), *truth)


def depth_errors(points: Any, marks: Any) -> Any:
    """By how much the far ends of bones (N, Q) are believed too deep, where the bones are as long as they are."""
    said, true = points[:, END] - points[:, START], marks[:, END] - marks[:, START]
    length = (true**2).sum(-1, keepdims=True) ** 0.5
    return (said * (length / ((said**2).sum(-1, keepdims=True) ** 0.5).clip(1e-3)) - true)[..., 2]


def loss(believed: Any, marks: Any, up: Any, told: Any) -> Any:
    """What the training makes small; up counts where it is not `told`."""
    import torch

    variance = (2 * believed.doubt).exp()
    sigma = (variance[:, END] + variance[:, START]).sqrt()
    deep = depth_errors(believed.points, marks)
    likelihood = (np.sqrt(2.0) * deep.abs() / sigma + sigma.log()).mean()
    bones = (believed.points - marks)[:, END] - (believed.points - marks)[:, START]
    across = torch.sqrt((bones[..., :2] ** 2).sum(-1) + 1e-6).mean()
    places = torch.sqrt(((believed.points - marks) ** 2).sum(-1) + 1e-6).mean()
    tilt = torch.sqrt(((believed.up - up) ** 2).sum(-1) + 1e-6)
    upright = torch.where(told, 0.0, tilt / believed.up_doubt.exp() + 2 * believed.up_doubt).mean()
    return likelihood + _ACROSS * across + _PLACES * places + _UPRIGHT * upright


def train(lessons: Lessons, width: int, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Weights of one member that was taught so many steps."""
    import torch

    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    weights = {name: torch.tensor(w, requires_grad=True) for name, w in initial(width, rng).items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=_LR, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = lessons.part(rng.integers(len(lessons.marks), size=_BATCH))
        said, marks, up = _varied(batch, rng)
        features = torch.tensor(said.features(), dtype=torch.float32)
        features += _NOISE * torch.randn_like(features)
        points = torch.tensor(said.points, dtype=torch.float32)
        believed = says(weights, features, points, lambda inner: torch.nn.functional.dropout(inner, _DROPPED))
        told = torch.tensor(said.up.any(1))
        where, upright = (torch.tensor(truth, dtype=torch.float32) for truth in (marks, up))
        value = loss(believed, where, upright, told)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
    return {name: w.detach().numpy() for name, w in weights.items()}


def _varied(
    lessons: Lessons, rng: np.random.Generator
) -> tuple[Sighting, Float[np.ndarray, "N 33 3"], Float[np.ndarray, "N 3"]]:
    """The camera rolled a little more, some marks hidden, some detectors not named, and half of the pictures mirrored.

    Only those of a detector that errs alike on both sides are mirrored. Up is told nearly as it is, or not at all.

    Returns:
        what is seen, and where the marks and up are.
    """
    said, count = lessons.said, len(lessons.marks)
    roll = np.radians(rng.normal(0, 10, count))
    c, s = np.cos(roll), np.sin(roll)
    turn = np.zeros((count, 3, 3))
    turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 0], turn[:, 1, 1], turn[:, 2, 2] = c, s, -s, c, 1.0
    mirrored = (rng.random(count) < 0.5) & np.isin(lessons.detector, _SYMMETRIC)
    turn[mirrored, 0] *= -1.0
    sides = np.where(mirrored[:, None], landmarks.MIRROR, np.arange(landmarks.COUNT))

    def varied(values: np.ndarray) -> np.ndarray:
        return np.asarray(values[np.arange(count)[:, None], sides] @ turn[:, : values.shape[2], : values.shape[2]])

    shown = (rng.random((count, landmarks.COUNT)) >= _HIDDEN) | (rng.random((count, 1)) < 0.5)
    rays = np.where(shown[..., None], varied(said.rays), 0.0)
    trust = np.where(shown, said.trust[np.arange(count)[:, None], sides], 0.0)
    told = np.where(rng.random(count) < _UNTOLD, 0.0, said.detector)
    up = np.einsum("na,nab->nb", lessons.up, turn)
    known = np.where(rng.random((count, 1)) < _UP_UNTOLD, 0.0, unit(up + rng.normal(0, _UP_ERROR, (count, 3))))
    return Sighting(rays, varied(said.points), trust, said.size, told, known), varied(lessons.marks), up


def report(name: str, weights: dict[str, np.ndarray] | None, lessons: Lessons, told: bool = True) -> str:
    """A line on how far off bones' depths, marks and up are; the network is told up, or not."""
    said = replace(lessons.said, up=lessons.up) if told else lessons.said
    points, sigma, up = said.points, np.ones((len(said.points), len(START))), ""
    if weights is not None:
        believed = says(weights, said.features().astype(np.float32), said.points)
        points, doubt = believed.points, believed.doubt
        sigma = np.hypot(np.exp(doubt[:, END]), np.exp(doubt[:, START]))
        if not told:
            tilt = np.degrees(np.linalg.norm(believed.up - lessons.up, axis=1))
            up = f"; up {np.median(tilt):.1f} degrees median, {tilt.mean():.1f} mean"
    deep = depth_errors(points, lessons.marks)
    away = np.linalg.norm(points - lessons.marks, axis=-1)[:, landmarks.BELOW_THE_HEAD]
    return (
        f"{name}: bones' depth {1e3 * np.sqrt((deep**2).mean()):.1f} mm rms, {1e3 * np.abs(deep).mean():.1f} mean; "
        f"marks {1e3 * away.mean():.1f} mm; error over its deviation {np.sqrt(((deep / sigma) ** 2).mean()):.2f}{up}"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Teaches how much a detector's 3D errs.")
    parser.add_argument("parts", type=Path, help="folder that motionrecon.data.make_depth has filled")
    parser.add_argument("--output", type=Path, help="file of the weights (default: none is written)")
    parser.add_argument("--width", type=int, default=256, help="of a network (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=6000, help="(default: %(default)s)")
    parser.add_argument("--members", type=int, default=3, help="networks, of one seed each (default: %(default)s)")
    parser.add_argument("--held", type=int, default=10, help="every so manyth person is held out; 0: nobody")
    args = parser.parse_args()
    lessons = read(args.parts)
    held = lessons.person % args.held == args.held - 1 if args.held else np.zeros(len(lessons.person), dtype=bool)
    taught = lessons.part(np.flatnonzero(~held))
    weights = together([train(taught, args.width, args.steps, seed) for seed in range(args.members)])
    if held.any():
        for kind in ("", *np.unique(lessons.kind)):
            some = lessons.part(np.flatnonzero(held & (lessons.kind == kind if kind else True)))
            print(report(f"{kind or 'all'}, detector", None, some))
            print(report(f"{kind or 'all'}, corrected", weights, some, told=False))
            print(report(f"{kind or 'all'}, corrected, told up", weights, some))
    if args.output is not None:
        facts = {"people": str(len(np.unique(lessons.person))), "pictures": str(len(lessons.person) // 2)}
        facts |= {"steps": str(args.steps), "members": str(args.members)}
        save(DepthNetwork(weights, facts), args.output)


if __name__ == "__main__":
    main()
