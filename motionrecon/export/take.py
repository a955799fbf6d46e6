"""A motion as animation programs know it: bones in a rest pose, and how each is turned in every frame.

All formats with bones write a `Take`. What an animator may ask of one (another rate, a start at the origin, a
direction, the motion on the spot) is done here, before any format knows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation, RotationSpline

from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.body import Anatomy
    from motionrecon.result.motion import Motion

#: Frames per second that anybody plays.
RATES = (1.0, 1000.0)
#: What a motion's ``origin`` may be.
ORIGINS = ("start", "world")
#: How far an A pose's arms are below the horizontal, radians.
A_POSE = np.radians(45.0)
#: Of a motion on the spot, what is slower than about twice this many seconds is travel; a step's sway is faster.
_TRAVEL = 0.5


@dataclass(frozen=True)
class Take:
    """B bones, parents before children, in T frames; world Z-up, floor at z = 0, metres.

    Attributes:
        names: (B,) of the bones.
        parents: (B,) indices of their parents, -1 for the root.
        heads: (B, 3) where they start in the rest pose: the person stands on the floor above the origin and faces +x.
        ends: (B, 3) from a bone's head to its far end in the rest pose, where it has no children.
        bodies: (B,) indices of the MuJoCo bodies that they turn with.
        zero_heads: (B, 3) where they start in the model's zero pose, a T pose with the root's body at the origin.
        rest: (B, 3, 3) how the rest pose is turned in the world from the zero pose.
        root: (T, 3) where the root's head is.
        turned: (T, B, 3, 3) how each bone is turned in the world from the rest pose.
        fps: frames per second.
        tracked: (T,) False where nobody was seen.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: Float[np.ndarray, "B 3"]
    ends: Float[np.ndarray, "B 3"]
    bodies: Int[np.ndarray, " B"]
    zero_heads: Float[np.ndarray, "B 3"]
    rest: Float[np.ndarray, "B 3 3"]
    root: Float[np.ndarray, "T 3"]
    turned: Float[np.ndarray, "T B 3 3"]
    fps: float
    tracked: Bool[np.ndarray, " T"]

    def __len__(self) -> int:
        return len(self.root)

    @property
    def offsets(self) -> Float[np.ndarray, "B 3"]:
        """From a parent's head to its bone's in the rest pose; the root's from the origin on the floor."""
        return np.array([self.heads[i] - (self.heads[p] if p >= 0 else 0.0) for i, p in enumerate(self.parents)])

    @property
    def local(self) -> Float[np.ndarray, "T B 3 3"]:
        """How each bone is turned from the rest pose, as its parent sees it."""
        local = self.turned.copy()
        children = [i for i, p in enumerate(self.parents) if p >= 0]
        above = self.turned[:, [self.parents[i] for i in children]]
        local[:, children] = above.transpose(0, 1, 3, 2) @ self.turned[:, children]
        return local

    @property
    def childless(self) -> list[int]:
        """The bones on which none hangs."""
        return [i for i in range(len(self.names)) if i not in self.parents]

    def renamed(self, name: Callable[[str], str]) -> Take:
        """The same bones by other names."""
        return replace(self, names=tuple(name(own) for own in self.names))

    def with_ends(self, names: Mapping[str, str]) -> Take:
        """With a bone without length at the far end of each childless bone of ``names``, as some programs have it."""
        take = self
        for bone, end in names.items():
            if bone in take.names and (i := take.names.index(bone)) in take.childless:
                take = take._with_end(i, end)
        return take

    def _with_end(self, i: int, name: str) -> Take:
        def after(array: np.ndarray, row: np.ndarray, axis: int = 0) -> np.ndarray:
            return np.insert(array, i + 1, row, axis)

        return replace(
            self,
            names=(*self.names[: i + 1], name, *self.names[i + 1 :]),
            parents=(*self.parents[: i + 1], i, *(p + (p > i) for p in self.parents[i + 1 :])),
            heads=after(self.heads, self.heads[i] + self.ends[i]),
            ends=after(self.ends, 0.2 * self.ends[i]),
            bodies=after(self.bodies, self.bodies[i]),
            zero_heads=after(self.zero_heads, self.zero_heads[i] + self.rest[i].T @ self.ends[i]),
            rest=after(self.rest, self.rest[i]),
            turned=after(self.turned, self.turned[:, i], 1),
        )

    def after_rest(self) -> Take:
        """With the rest pose as a frame before the first one, above the place where the motion begins."""
        start = [*self.root[0, :2], self.heads[0, 2]]
        rest = np.broadcast_to(np.eye(3), self.turned[:1].shape)
        return replace(
            self,
            root=np.vstack([start, self.root]),
            turned=np.concatenate([rest, self.turned]),
            tracked=np.concatenate([[True], self.tracked]),
        )

    def rested(self, turns: Float[np.ndarray, "B 3 3"]) -> Take:
        """The same motion from another rest pose: that of ``turns`` in the world from the present one."""
        heads = self.heads.copy()
        offsets = self.offsets
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                heads[i] = heads[parent] + turns[parent] @ offsets[i]
        ends = (turns @ self.ends[..., None])[..., 0]
        turned = self.turned @ turns.transpose(0, 2, 1)
        return replace(self, heads=heads, ends=ends, rest=turns @ self.rest, turned=turned)

    def a_pose(self) -> Float[np.ndarray, "B 3 3"]:
        """How the bones are turned from a T pose to an A pose: arms half way down, all else alike."""
        turns = np.tile(np.eye(3), (len(self.names), 1, 1))
        for i, (name, parent) in enumerate(zip(self.names, self.parents, strict=True)):
            side = {"LeftArm": -1.0, "RightArm": 1.0}.get(name)
            if side is not None:
                turns[i] = Rotation.from_rotvec([side * A_POSE, 0.0, 0.0]).as_matrix()
            elif parent >= 0:
                turns[i] = turns[parent]
        return turns


def take(
    motion: Motion,
    *,
    fps: float | None = None,
    origin: str = "start",
    facing: float | None = None,
    in_place: bool = False,
) -> Take:
    """The bones of a motion, as an animator wants them.

    Args:
        motion: the person.
        fps: frames per second: poses in between are interpolated, no frame is repeated. The motion's own where None.
        origin: ``start``: the motion begins above the origin; ``world``: it is where it was filmed, with the cameras.
        facing: degrees to the left of the world's x axis that the person faces in the first frame; None as filmed.
        in_place: without the travel, on the spot: what is left are the sway and the height of the hips.

    Raises:
        InputError: an option has a value that it cannot have.
    """
    from motionrecon.body.pose import pose

    _check(fps, origin, facing)
    qpos, tracked, hands = motion.qpos, motion.tracked, motion.hands
    if fps is not None and fps != motion.fps:
        qpos, tracked = resampled(qpos, motion.fps, fps), _nearest(tracked, motion.fps, fps)
        hands = None if hands is None else hands.resampled(motion.time, _times(len(motion), motion.fps, fps))
    skeleton = motion.body.skeleton
    if motion.handed is not None and hands is not None:
        skeleton = motion.handed.skeleton
        root, turned = skeleton.turned(motion.handed.pose(pose(motion.model, qpos), hands))
    else:
        root, turned = skeleton.turns(qpos)
    if facing is not None:
        forward = turned[0, 0, :, 0]
        turn = Rotation.from_euler("Z", np.radians(facing) - np.arctan2(forward[1], forward[0])).as_matrix()
        root, turned = root[0] + (root - root[0]) @ turn.T, turn @ turned
    if in_place:
        root = root - _travel(root, fps or motion.fps)
    if origin == "start":
        root = root - [*root[0, :2], 0.0]
    return Take(
        names=skeleton.names,
        parents=skeleton.parents,
        heads=skeleton.heads + np.array([0.0, 0.0, _standing(motion.body)]),
        ends=skeleton.ends,
        bodies=skeleton.bodies,
        zero_heads=skeleton.heads,
        rest=np.tile(np.eye(3), (len(skeleton.names), 1, 1)),
        root=root,
        turned=turned,
        fps=fps or motion.fps,
        tracked=tracked,
    )


def _check(fps: float | None, origin: str, facing: float | None) -> None:
    if fps is not None and not RATES[0] <= fps <= RATES[1]:
        raise InputError(f"fps={fps:g}: give frames per second from {RATES[0]:g} to {RATES[1]:g}")
    one_of("origin", origin, ORIGINS)
    if facing is not None and not np.isfinite(facing):
        raise InputError(f"facing={facing}: give degrees")


def one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices.

    Raises:
        InputError: naming the option and the choices.
    """
    if value not in choices:
        raise InputError(f"{option}={value}: choose from {', '.join(choices)}")


def resampled(qpos: Float[np.ndarray, "T nq"], fps: float, new_fps: float) -> Float[np.ndarray, "N nq"]:
    """A motion at another rate, over the same time: smooth, and without overshoot where it is at rest.

    Positions and hinges by a monotone cubic (Fritsch and Carlson 1980), the root's turn by a spline of rotations.
    """
    known, wanted = np.arange(len(qpos)) / fps, _times(len(qpos), fps, new_fps)
    if len(qpos) < 2:
        return qpos.copy()
    out = np.asarray(PchipInterpolator(known, qpos)(wanted))
    turn = RotationSpline(known, Rotation.from_quat(qpos[:, 3:7], scalar_first=True))(wanted)
    out[:, 3:7] = turn.as_quat(scalar_first=True)
    return out


def _nearest(tracked: Bool[np.ndarray, " T"], fps: float, new_fps: float) -> Bool[np.ndarray, " N"]:
    at = np.round(_times(len(tracked), fps, new_fps) * fps).astype(int)
    return np.asarray(tracked[at.clip(0, len(tracked) - 1)])


def _times(frames: int, fps: float, new_fps: float) -> Float[np.ndarray, " N"]:
    """Seconds of the frames at a new rate; the last one is at or before the last that is known."""
    return np.arange(int((frames - 1) / fps * new_fps + 1e-6) + 1) / new_fps


def _travel(root: Float[np.ndarray, "T 3"], fps: float) -> Float[np.ndarray, "T 3"]:
    """How the root moves over the floor, without its sway, from where it starts; heights are zero."""
    sigma = _TRAVEL * fps
    pad = min(len(root) - 1, int(4 * sigma))  # continued as it came, or the ends would lag behind
    path = np.pad(root[:, :2], ((pad, pad), (0, 0)), "reflect", reflect_type="odd")
    smooth = gaussian_filter1d(path, sigma, axis=0)[pad : pad + len(root)]
    return np.column_stack([smooth - smooth[0], np.zeros(len(root))])


def _standing(body: Anatomy) -> float:
    """The root's height above the floor that the soles stand on in the zero pose, metres."""
    from motionrecon.body.pose import zero_pose

    soles = zero_pose(body.model).at(body.soles)[0, :, 2] - body.soles.radii
    return float(-soles.min()) if len(soles) else float(-body.surface.vertices[:, 2].min())
