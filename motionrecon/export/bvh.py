"""BVH, the motion file that Blender, Maya, MotionBuilder and game engines import.

**Axes and units** are those of the preset (`motionrecon.export.presets`); of ``blender``, the default: Y-up, +Z
forward, +X to the person's left, metres. A world point (x, y, z) is (y, z, x) in the file, and Blender's importer, left
at its defaults, turns that into its own Z-up with (y, -x, z): the person stands upright at true size, and faces -Y
(Blender's front) where it faced world +x. Angles are degrees.

**Rest pose.** A T pose (all rotations zero, arms straight out sideways, palms down, facing forward), or an A pose for
``unreal``. It stands on the floor at the origin: the root's offset is the height of the hips. Its position channels
are where it *is*, and replace that offset, as Blender, Maya and MotionBuilder read and write it; a program that adds
the two shows the person by a hip's height too high. The ``cmu`` preset has no offset, as CMU's files do not.

**Time.** One BVH frame a motion frame, at the motion's frame rate or the one that is asked for. Blender keeps its
scene's rate unless *Update Scene FPS* is ticked in the import dialog, and then plays at the wrong speed; *Update Scene
Duration* lengthens the scene's timeline to the motion's, but never shortens it: a new scene's end stays at frame 250
for a shorter motion.

**Frames without a person.** The format cannot say in which frames nobody was seen, and the pose is a guess. Where there
are any, ``walk.unseen.txt`` beside ``walk.bvh`` lists them.

Only the root is translated; every joint has three rotation channels, whose curves do not jump.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.core.euler import angles_of, continuous
from motionrecon.core.files import atomic
from motionrecon.export.presets import Preset, preset_of
from motionrecon.export.take import Take
from motionrecon.export.take import take as take_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_UNSEEN = "# Frames of the BVH file in which nobody was seen: first, last (counted from 1), first and last second."


def write(
    motion: Motion,
    path: str | Path,
    *,
    preset: str = "blender",
    fps: float | None = None,
    origin: str = "start",
    facing: float | None = None,
    in_place: bool = False,
    t_pose: bool = False,
) -> None:
    """Write ``motion`` to ``path`` as BVH, and beside it the list of frames without a person, if there are any.

    Args:
        motion: the motion.
        path: the file.
        preset: the program that the file is for, which says how bones are called, the units, axes and rest pose:
            blender (the default), mixamo, unity, unreal, motionbuilder or cmu.
        fps: frames per second, interpolated; the motion's own where not given.
        origin: start (the default) puts the first frame above the origin, world leaves the person where it was filmed.
        facing: degrees that the person is turned away, to its left, from the program's front in the first frame; 0
            faces the front. As filmed where not given.
        in_place: on the spot, without the travel over the floor.
        t_pose: begin with a frame of the rest pose, which MotionBuilder and others ask for.

    Raises:
        InputError: an option has a value that it cannot have.
        OutputError: the file cannot be written.
    """
    style = preset_of(preset)
    take = style.dress(take_of(motion, fps=fps, origin=origin, facing=facing, in_place=in_place))
    if t_pose:
        take = take.after_rest()
    root, angles = _channels(take, style)
    with atomic(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n")
        file.writelines(f"{line}\n" for line in _hierarchy(take, style))
        file.write(f"MOTION\nFrames: {len(take)}\nFrame Time: {1 / take.fps:.10f}\n")
        np.savetxt(file, np.hstack([root, angles.reshape(len(take), -1)]), fmt="%.6f")
    _list_unseen(take, Path(path).with_suffix(".unseen.txt"))


def _list_unseen(take: Take, path: Path) -> None:
    """Write the runs of frames in which nobody was seen; where there are none, no list of an earlier export stays."""
    edges = np.diff(np.concatenate([[True], take.tracked, [True]]).astype(int))
    first, last = np.flatnonzero(edges < 0), np.flatnonzero(edges > 0) - 1
    if len(first):
        runs = np.column_stack([first + 1, last + 1, first / take.fps, last / take.fps])
        with atomic(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
            file.write(f"{_UNSEEN}\n")
            np.savetxt(file, runs, fmt=["%d", "%d", "%.3f", "%.3f"])
    else:
        with suppress(OSError, UnicodeDecodeError):
            if path.read_text(encoding="ascii").startswith(_UNSEEN):
                path.unlink()


def _channels(take: Take, style: Preset) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T B 3"]]:
    """The root's positions, in the file's units, and the bones' angles in its order, degrees."""
    in_file = style.axes @ take.local @ style.axes.T
    angles = continuous(angles_of(in_file, style.order), style.order)
    return style.units * take.root @ style.axes.T, np.degrees(angles)


def _hierarchy(take: Take, style: Preset, i: int = 0, indent: str = "") -> Iterator[str]:
    """The lines between HIERARCHY and MOTION, of bone ``i`` and those that hang on it."""

    def placed(vector: Float[np.ndarray, " 3"]) -> str:
        numbers = style.units * style.axes @ vector
        return " ".join(f"{value:.6f}" for value in np.where(np.abs(numbers) < 5e-7, 0.0, numbers))  # no -0

    root = take.parents[i] < 0
    kind, position = ("ROOT", "Xposition Yposition Zposition ") if root else ("JOINT", "")
    rotation = " ".join(f"{axis}rotation" for axis in style.order)
    children = [k for k, parent in enumerate(take.parents) if parent == i]
    yield f"{indent}{kind} {take.names[i]}"
    yield f"{indent}{{"
    yield f"{indent}\tOFFSET {placed(np.zeros(3) if root and not style.grounded else take.offsets[i])}"
    yield f"{indent}\tCHANNELS {3 + len(position.split())} {position}{rotation}"
    for child in children:
        yield from _hierarchy(take, style, child, f"{indent}\t")
    if not children:
        yield f"{indent}\tEnd Site"
        yield f"{indent}\t{{"
        yield f"{indent}\t\tOFFSET {placed(take.ends[i])}"
        yield f"{indent}\t}}"
    yield f"{indent}}}"
