"""Typical poses of people, and which of them a picture shows: where a fit starts when nothing is known yet.

What was learned are K poses (`models/poses`), of the capsule person or of another kind of body. Each is turned about
the vertical and, where gravity is not known, tilted; those whose marks lie in the picture like the ones that were seen
are placed before the camera, in perspective.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open

from motionrecon.body.base import CAPSULES, Body
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES, PLACE, QUATERNION
from motionrecon.cameras.base import Camera
from motionrecon.core import so3
from motionrecon.core.files import read_toml, sha256
from motionrecon.core.landmarks import TRUST
from motionrecon.errors import InputError, ModelError
from motionrecon.poses.placing import placed
from motionrecon.poses.shares import done_by

#: Turns about the vertical in which each pose is tried.
TURNS = 24
#: Radians by which a camera that knows no gravity may look down.
PITCHES = (0.0, 0.3)
#: Poses that are placed in perspective, for each that is asked for.
SHORT_LIST = 8
#: Metres (root mean square over the marks) by which the poses that are handed on differ at least.
APART = 0.12
#: What a metre of the detector's own depth is worth, of one across the line of sight.
DEPTH_WORTH = 0.5
#: Frames that are compared with all poses at once, so that memory does not grow with the clip.
_AT_ONCE = 32


@dataclass(frozen=True)
class Sighting:
    """What one camera saw of a person in N frames.

    Attributes:
        camera: of these frames.
        pixels: (N, 33, 2), NaN where unseen.
        weight: (N, 33) root weights, 0 where unseen.
        points_3d: (N, 33, 3) the detector's own guess, camera axes, NaN where unknown.
    """

    camera: Camera
    pixels: Float[np.ndarray, "N 33 2"]
    weight: Float[np.ndarray, "N 33"]
    points_3d: Float[np.ndarray, "N 33 3"]

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True)
class PoseBank:
    """K typical poses of a body, upright as they were, facing +x.

    Attributes:
        qpos: (K, nq), the root at the origin.
        marks: (K, 33, 3) about the root, metres.
    """

    qpos: Float[np.ndarray, "K nq"]
    marks: Float[np.ndarray, "K 33 3"]

    @staticmethod
    def of(body: Body) -> PoseBank | None:
        """The bank that comes with motionrecon, done by this body, and its own pose at rest.

        None where `learned_for` knows none.

        Raises:
            ModelError: a file of it is missing or damaged.
        """
        learned = learned_for(body)
        if learned is None:
            return None
        qpos = np.tile(body.rest_qpos, (len(learned.poses) + 1, 1))
        qpos[:, PLACE] = 0.0
        qpos[:-1, QUATERNION] = learned.poses[:, :4]
        qpos[:-1, ANGLES] = done_by(body, learned.hinges, learned.poses[:, 4:], learned.kind)
        return PoseBank(qpos, pose(body.model, qpos).at(body.marks))

    def __len__(self) -> int:
        return len(self.qpos)

    @cached_property
    def turns(self) -> Float[np.ndarray, "turns 3 3"]:
        """About the vertical."""
        angle = 2 * np.pi * np.arange(TURNS) / TURNS
        return so3.matrix(angle[:, None] * [0.0, 0.0, 1.0])

    def candidates(
        self, seen: Sighting, count: int
    ) -> tuple[Float[np.ndarray, "N count nq"], Float[np.ndarray, "N count"]]:
        """For each frame the poses that look most like what was seen, unlike each other, the best first.

        Args:
            seen: N frames, in each of which something is seen.
            count: of the poses for each frame.

        Returns:
            the poses, where the person may stand; and how far off they are seen: weighted squares on the image plane.
        """
        views = self._views(seen.camera)
        chosen = self._matching(seen, views, SHORT_LIST * count)
        N = len(chosen)
        view, turn, entry = np.unravel_index(chosen, (len(views), TURNS, len(self)))
        turned = np.einsum("nsij,nspj->nspi", self.turns[turn], self.marks[entry])  # world
        marks = np.einsum("nsij,nspj->nspi", views[view], turned)  # camera's axes
        rays = seen.camera.rays(seen.pixels)
        place, away = placed(rays, seen.weight, marks)
        away = away + _depth_misfit(seen, marks) / place[..., 2] ** 2
        kept = _unlike(marks, away, count)
        rows = np.arange(N)[:, None]
        # What was tilted to look as if seen from above is there in the world of a level camera too.
        axes = np.broadcast_to(seen.camera.axes, (N, 3, 3))
        turn_world = axes.transpose(0, 2, 1)[:, None] @ views[view[rows, kept]] @ self.turns[turn[rows, kept]]
        qpos = self.qpos[entry[rows, kept]]
        at_root = place[rows, kept]
        qpos[..., PLACE] = seen.camera.to_world(at_root)
        qpos[..., QUATERNION] = so3.multiply(so3.from_matrix(turn_world), qpos[..., QUATERNION])
        return qpos, away[rows, kept]

    def _views(self, camera: Camera) -> Float[np.ndarray, "views 3 3"]:
        """How a camera may look at an upright world: its axes as rows; its own where it was calibrated."""
        axes = camera.axes[len(camera.axes) // 2]
        if camera.calibrated:
            return np.asarray(axes[None])
        return np.asarray(so3.matrix(np.array(PITCHES)[:, None] * [1.0, 0.0, 0.0]) @ axes)

    def _matching(
        self, seen: Sighting, views: Float[np.ndarray, "views 3 3"], count: int
    ) -> Int[np.ndarray, "N count"]:
        """Indices (view, turn, entry) of the poses that look most like each frame, without perspective, any size."""
        axes = np.einsum("vij,yjk->vyik", views, self.turns).reshape(-1, 3, 3)
        marks = np.einsum("aij,kpj->iakp", axes, self.marks).reshape(3, -1, len(TRUST)).astype(np.float32)
        marks = np.stack([*marks, marks[0] ** 2 + marks[1] ** 2, marks[2] ** 2]).swapaxes(1, 2).copy()
        rays = seen.camera.rays(seen.pixels)
        return np.concatenate(
            [
                _nearest(marks, rays[part], seen.weight[part], seen.points_3d[part], count)
                for part in (slice(a, a + _AT_ONCE) for a in range(0, len(seen), _AT_ONCE))
            ]
        )


def _nearest(
    marks: Float[np.ndarray, "5 33 M"],
    rays: Float[np.ndarray, "n 33 2"],
    weight: Float[np.ndarray, "n 33"],
    points_3d: Float[np.ndarray, "n 33 3"],
    count: int,
) -> Int[np.ndarray, "n count"]:
    """Which of M poses differ least from what was seen, up to size and place in the picture.

    Of each mark `marks` has its place in the camera's axes, x^2 + y^2, and z^2.
    """
    known = np.isfinite(rays).all(-1)
    w = (np.where(known, weight + 1e-3, 0.0) ** 2).astype(np.float32)
    w /= w.sum(1, keepdims=True)
    ray = np.where(known[..., None], rays, 0.0).astype(np.float32)
    ray = ray - np.einsum("np,npi->ni", w, ray)[:, None]
    x, y, z, across, along = marks
    spread = w @ across
    spread -= (w @ x) ** 2
    spread -= (w @ y) ** 2
    common = (w * ray[..., 0]) @ x
    common += (w * ray[..., 1]) @ y
    size = np.einsum("np,npi,npi->n", w, ray, ray)[:, None]
    # In metres: how far the body is off, seen from where it looks as large as it does.
    off = spread * (spread * size / np.maximum(common, 1e-6) ** 2 - 1.0)
    depth = points_3d[..., 2].astype(np.float32)
    told = w * np.isfinite(depth)
    if told.any():
        told /= np.maximum(told.sum(1, keepdims=True), 1e-9)
        depth = np.where(np.isfinite(depth), depth, 0.0)
        depth = depth - np.einsum("np,np->n", told, depth)[:, None]
        mine = told @ along - (told @ z) ** 2 - 2 * (told * depth) @ z
        off += DEPTH_WORTH**2 * (mine + np.einsum("np,np->n", told, depth**2)[:, None])
    return np.argpartition(off, count, axis=1)[:, :count]


def _depth_misfit(seen: Sighting, marks: Float[np.ndarray, "N S 33 3"]) -> Float[np.ndarray, "N S"]:
    """How far the detector's own depth is off, as squares in metres that count like those across the line of sight."""
    depth = seen.points_3d[..., 2]
    w = np.where(np.isfinite(depth), seen.weight + 1e-3, 0.0) ** 2
    off = np.where(np.isfinite(depth), depth, 0.0)[:, None] - marks[..., 2]
    off = off - (np.einsum("np,nsp->ns", w, off) / np.maximum(w.sum(1), 1e-9)[:, None])[..., None]
    return np.asarray(DEPTH_WORTH**2 * np.einsum("np,nsp,nsp->ns", w, off, off))


def _unlike(
    marks: Float[np.ndarray, "N S 33 3"], away: Float[np.ndarray, "N S"], count: int
) -> Int[np.ndarray, "N count"]:
    """The best of S poses and, again and again, the best of those that are unlike all that are chosen."""
    N = len(marks)
    rows = np.arange(N)
    share = TRUST**2 / (TRUST**2).sum()
    left = away.copy()
    kept = np.empty((N, count), int)
    worst = away.max() + 1.0
    for k in range(count):
        best = left.argmin(1)
        kept[:, k] = best
        apart = np.einsum("p,nspi->ns", share, (marks - marks[rows, best][:, None]) ** 2)
        left += np.where(apart < APART**2, worst, 0.0)  # those that are alike come last
        left[rows, best] = np.inf
    return kept


@dataclass(frozen=True)
class Learned:
    """What a file holds.

    Attributes:
        poses: (K, 4 + hinges) the pelvis's turn (wxyz) and the hinges' angles, radians.
        hinges: their names.
        kind: of the body whose hinges they are.
        name: of the file, without its suffix.
        sha256: of the file.
    """

    poses: Float[np.ndarray, "K n"]
    hinges: tuple[str, ...]
    kind: str
    name: str
    sha256: str


def learned_for(body: Body) -> Learned | None:
    """The bank of the body's own kind; else that of the capsule person, where the body has its hinges.

    None where it lacks some: the fit begins from a relaxed pose then.

    Raises:
        ModelError: a file of it is missing or damaged.
    """
    if body.kind != CAPSULES and bank_file(body.kind).is_file():
        return _learned(body.kind)
    learned = _learned(CAPSULES)
    return None if done_by(body, learned.hinges, learned.poses[:1, 4:], learned.kind) is None else learned


def bank_file(kind: str = CAPSULES) -> Path:
    """Where the bank of a kind of body is, or would be, that comes with motionrecon."""
    name = "bank" if kind == CAPSULES else f"bank-{kind}"
    return Path(str(resources.files("motionrecon.models").joinpath("poses"))) / f"{name}.safetensors"


def checked_bank(kind: str = CAPSULES) -> Path:
    """`bank_file`, whose hash is the one that the ``.toml`` beside it holds.

    Raises:
        ModelError: one of the files is missing or damaged.
    """
    path = bank_file(kind)
    try:
        known, found = read_toml(path.with_suffix(".toml"))["sha256"], sha256(path)
    except (OSError, ValueError, KeyError, InputError) as error:
        raise ModelError(f"{path}: the bank of poses cannot be read ({error}); install motionrecon again") from error
    if found != known:
        raise ModelError(f"{path}: the bank of poses is damaged (SHA-256 {found[:12]}…); install motionrecon again")
    return path


@lru_cache(maxsize=4)
def _learned(kind: str) -> Learned:
    """The bank of a kind of body that comes with motionrecon."""
    path = checked_bank(kind)
    try:
        with safe_open(path, framework="numpy") as saved:
            hinges = tuple((saved.metadata() or {})["hinges"].split())
            poses = saved.get_tensor("poses").astype(float)
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"{path}: the bank of poses cannot be read ({error}); install motionrecon again") from error
    poses[:, :4] /= np.linalg.norm(poses[:, :4], axis=1, keepdims=True)
    return Learned(poses, hinges, kind, path.stem, sha256(path))
