"""BVH, the motion file that Blender, Maya, MotionBuilder and game engines import.

**Axes and units.** Y-up, +Z forward, +X to the person's left, metres, degrees: a world point (x, y, z) is (y, z, x) in
the file. Blender's importer, left at its defaults, turns that into its own Z-up with (y, -x, z): the person stands
upright at true size, and faces -Y (Blender's front) where it faced world +x.

**Rest pose.** A T pose: all rotations zero, arms straight out sideways, palms down, facing +Z, the hips at the origin.

**Time.** One BVH frame a motion frame, at the motion's frame rate. Blender keeps its scene's rate unless *Update Scene
FPS* is ticked in the import dialog, and then plays at the wrong speed; *Update Scene Duration* lengthens the scene's
timeline to the motion's, but never shortens it: a new scene's end stays at frame 250 for a shorter motion.

**Frames without a person.** The format cannot say in which frames nobody was seen, and the pose is a guess. Where there
are any, ``walk.unseen.txt`` beside ``walk.bvh`` lists them.

**Names** are the bones' of the body, Mixamo's without their prefix. Only the root is translated; every joint has
rotation channels ZXY.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.skeleton import Skeleton
from motionrecon.core.files import atomic

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: World axes to the file's: ``p_bvh = AXES @ p_world``.
AXES = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


_UNSEEN = "# Frames of the BVH file in which nobody was seen: first, last (counted from 1), first and last second."


def write(motion: Motion, path: str | Path) -> None:
    """Write ``motion`` to ``path`` as BVH, and beside it the list of frames without a person, if there are any.

    Raises:
        OutputError: the file cannot be written.
    """
    skeleton = motion.body.skeleton
    root, angles = _channels(skeleton, motion.qpos)
    with atomic(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n")
        file.writelines(f"{line}\n" for line in _hierarchy(skeleton))
        file.write(f"MOTION\nFrames: {len(motion)}\nFrame Time: {1 / motion.fps:.10f}\n")
        np.savetxt(file, np.hstack([root, angles.reshape(len(motion), -1)]), fmt="%.6f")
    _list_unseen(motion, Path(path).with_suffix(".unseen.txt"))


def _list_unseen(motion: Motion, path: Path) -> None:
    """Write the runs of frames in which nobody was seen; where there are none, no list of an earlier export stays."""
    edges = np.diff(np.concatenate([[True], motion.tracked, [True]]).astype(int))
    first, last = np.flatnonzero(edges < 0), np.flatnonzero(edges > 0) - 1
    if len(first):
        runs = np.column_stack([first + 1, last + 1, first / motion.fps, last / motion.fps])
        with atomic(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
            file.write(f"{_UNSEEN}\n")
            np.savetxt(file, runs, fmt=["%d", "%d", "%.3f", "%.3f"])
    else:
        with suppress(OSError, UnicodeDecodeError):
            if path.read_text(encoding="ascii").startswith(_UNSEEN):
                path.unlink()


def _channels(
    skeleton: Skeleton, qpos: Float[np.ndarray, "T nq"]
) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T B 3"]]:
    """The root's positions, metres, and the bones' ZXY angles, degrees."""
    root, local = skeleton.turns(qpos)
    in_file = AXES @ local @ AXES.T
    with warnings.catch_warnings():  # at gimbal lock SciPy picks one of the equal answers, and says so
        warnings.simplefilter("ignore", UserWarning)
        angles = Rotation.from_matrix(in_file.reshape(-1, 3, 3)).as_euler("ZXY")
    return root @ AXES.T, np.degrees(_continuous(angles.reshape(*local.shape[:2], 3)))


def _hierarchy(skeleton: Skeleton, i: int = 0, indent: str = "") -> Iterator[str]:
    """The lines between HIERARCHY and MOTION, of bone ``i`` and those that hang on it.

    The root has no offset: programs disagree on whether its position channels add to it or replace it.
    """
    kind, position = ("JOINT", "") if skeleton.parents[i] >= 0 else ("ROOT", "Xposition Yposition Zposition ")
    children = [k for k, parent in enumerate(skeleton.parents) if parent == i]
    yield f"{indent}{kind} {skeleton.names[i]}"
    yield f"{indent}{{"
    yield f"{indent}\tOFFSET {_in_file(skeleton.offsets[i])}"
    yield f"{indent}\tCHANNELS {3 + len(position.split())} {position}Zrotation Xrotation Yrotation"
    for child in children:
        yield from _hierarchy(skeleton, child, f"{indent}\t")
    if not children:
        yield f"{indent}\tEnd Site"
        yield f"{indent}\t{{"
        yield f"{indent}\t\tOFFSET {_in_file(skeleton.ends[i])}"
        yield f"{indent}\t}}"
    yield f"{indent}}}"


def _in_file(vector: Float[np.ndarray, " 3"]) -> str:
    return " ".join(f"{value:.6f}" for value in AXES @ vector)


def _continuous(angles: Float[np.ndarray, "T B 3"]) -> Float[np.ndarray, "T B 3"]:
    """The same rotations by ZXY angles, radians, that jump as little as they can from frame to frame.

    A rotation has two sets of angles, (z, x, y) and (z + pi, pi - x, y + pi), each up to full turns. Without this, a
    knee that bends past 90 degrees would flip the other two angles by 180, and the curves could not be edited.
    """
    out = angles.copy()
    for t in range(1, len(out)):
        last = out[t - 1]
        z, x, y = np.moveaxis(angles[t], -1, 0)
        choices = np.stack([angles[t], np.stack([z + np.pi, np.pi - x, y + np.pi], -1)])
        choices -= 2 * np.pi * np.round((choices - last) / (2 * np.pi))
        second = np.abs(choices[1] - last).sum(-1) < np.abs(choices[0] - last).sum(-1)
        out[t] = np.where(second[:, None], choices[1], choices[0])
    return out
