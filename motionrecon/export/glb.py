"""GLB, binary glTF 2.0: the skinned person with the motion, for Blender, Unity, Unreal, Godot and web pages.

Y-up, +Z forward, +X to the person's left, metres, seconds, as the format says. The bones are an armature in its rest
pose on the floor, called and posed as the preset wants; the surface follows them by linear blend skinning, and every
frame is a key, so that nothing is to be simulated. Frames in which nobody was seen are listed, counted from 0, in
the animation's ``extras``.

The file is written here from its specification (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html): a table of
arrays in JSON and the arrays behind it, which is less than a library's objects for it would be.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from motionrecon.core.files import atomic
from motionrecon.core.vectors import unit
from motionrecon.export.figure import COLOUR, ROUGHNESS, Figure, figure
from motionrecon.export.presets import Y_UP, preset_of
from motionrecon.export.take import Take
from motionrecon.export.take import take as take_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: glTF's numbers for the types of an array's elements, and what is called a buffer of vertices and one of faces.
_TYPES = {"float32": 5126, "uint32": 5125, "uint16": 5123}
_VERTICES, _FACES = 34962, 34963
#: What it calls the elements of an array, by their shape.
_SHAPES = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (16,): "MAT4"}


def write(
    motion: Motion,
    path: str | Path,
    *,
    preset: str = "blender",
    fps: float | None = None,
    origin: str = "start",
    facing: float | None = None,
    in_place: bool = False,
) -> None:
    """Write the skinned person with the motion to ``path`` as GLB.

    Args:
        motion: the motion.
        path: the file.
        preset: the program whose names of bones and rest pose it has; units and axes are the format's.
        fps: keys per second, interpolated; the motion's own where not given.
        origin: start or world, as of BVH.
        facing: degrees from the front, as of BVH.
        in_place: on the spot, without the travel over the floor.

    Raises:
        InputError: an option has a value that it cannot have.
        OutputError: the file cannot be written.
    """
    style = preset_of(preset)
    take = style.dress(take_of(motion, fps=fps, origin=origin, facing=facing, in_place=in_place))
    content = _binary(*_document(take, figure(motion, take), style.armature))
    with atomic(path) as temporary:
        temporary.write_bytes(content)


class _Arrays:
    """The arrays of a file, one behind the other, and the tables that say where each is."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, array: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """Append an array; returns its number.

        Args:
            array: (n, ...) numbers.
            target: what a graphics card does with it.
            bounds: whether its least and greatest values are told, which positions and times must be.
        """
        array = np.ascontiguousarray(array)
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": array.nbytes}
        self.views.append(view | ({"target": target} if target else {}))
        accessor = {
            "bufferView": len(self.views) - 1,
            "componentType": _TYPES[array.dtype.name],
            "count": len(array),
            "type": _SHAPES[array.shape[1:]],
        }
        if bounds:
            ends = {"min": array.min(0), "max": array.max(0)}
            accessor |= {key: np.atleast_1d(value).tolist() for key, value in ends.items()}
        self.accessors.append(accessor)
        self.content += array.tobytes()
        self.content += bytes(-len(self.content) % 4)
        return len(self.accessors) - 1


def _document(take: Take, person: Figure, armature: str) -> tuple[dict[str, Any], bytes]:
    """The file's table of contents and its arrays. Node i is bone i; then come the armature and the mesh."""
    arrays = _Arrays()
    bones = len(take.names)
    nodes: list[dict[str, Any]] = [
        {"name": name, "translation": (Y_UP @ offset).tolist()}
        for name, offset in zip(take.names, take.offsets, strict=True)
    ]
    for i in range(bones):
        if children := [k for k, parent in enumerate(take.parents) if parent == i]:
            nodes[i]["children"] = children
    nodes.append({"name": armature, "children": [i for i, parent in enumerate(take.parents) if parent < 0]})
    nodes.append({"name": "Person", "mesh": 0, "skin": 0})
    inverse = np.tile(np.eye(4), (bones, 1, 1))
    inverse[:, :3, 3] = -take.heads @ Y_UP.T
    document = {
        "asset": {"version": "2.0", "generator": "motionrecon"}
        | ({"copyright": person.licence} if person.licence else {}),
        "scene": 0,
        "scenes": [{"nodes": [bones, bones + 1]}],
        "nodes": nodes,
        "meshes": [_mesh(person, arrays)],
        "materials": [_material()],
        "skins": [
            {
                "joints": list(range(bones)),
                "skeleton": bones,
                "inverseBindMatrices": arrays.add(_columns(inverse)),
            }
        ],
        "animations": [_animation(take, arrays)],
        "accessors": arrays.accessors,
        "bufferViews": arrays.views,
        "buffers": [{"byteLength": len(arrays.content)}],
    }
    return document, bytes(arrays.content)


def _material() -> dict[str, Any]:
    surface = {"baseColorFactor": [*COLOUR, 1.0], "metallicFactor": 0.0, "roughnessFactor": ROUGHNESS}
    return {"name": "Person", "pbrMetallicRoughness": surface}


def _columns(matrices: np.ndarray) -> np.ndarray:
    """(n, 4, 4) matrices as glTF has them, column after column."""
    return matrices.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32)


def _mesh(person: Figure, arrays: _Arrays) -> dict[str, Any]:
    weights = person.weights.astype(np.float32)
    attributes = {
        "POSITION": arrays.add((person.vertices @ Y_UP.T).astype(np.float32), _VERTICES, bounds=True),
        "NORMAL": arrays.add(unit((person.normals @ Y_UP.T).astype(np.float32)), _VERTICES),
        "JOINTS_0": arrays.add(person.bones.astype(np.uint16), _VERTICES),
        "WEIGHTS_0": arrays.add(weights / weights.sum(1, keepdims=True), _VERTICES),
    }
    indices = arrays.add(person.faces.astype(np.uint32).ravel(), _FACES)
    return {"name": "Person", "primitives": [{"attributes": attributes, "indices": indices, "material": 0}]}


def _animation(take: Take, arrays: _Arrays) -> dict[str, Any]:
    """A key a frame: where the root is, and how each bone is turned as its parent sees it."""
    times = arrays.add((np.arange(len(take)) / take.fps).astype(np.float32), bounds=True)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def animate(node: int, path: str, values: np.ndarray) -> None:
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append({"input": times, "output": arrays.add(values), "interpolation": "LINEAR"})

    animate(0, "translation", (take.root @ Y_UP.T).astype(np.float32))
    local = Y_UP @ take.local @ Y_UP.T
    for i in range(len(take.names)):
        turns = Rotation.from_matrix(local[:, i]).as_quat()
        flips = np.cumprod(np.where((turns[1:] * turns[:-1]).sum(1) < 0, -1.0, 1.0))
        turns[1:] *= flips[:, None]  # or programs that interpolate without care would go the long way round
        animate(i, "rotation", unit(turns.astype(np.float32)))
    unseen = np.flatnonzero(~take.tracked).tolist()
    extras = {"fps": take.fps} | ({"unseen": unseen} if unseen else {})
    return {"name": "Motion", "samplers": samplers, "channels": channels, "extras": extras}


def _binary(document: dict[str, Any], arrays: bytes) -> bytes:
    """A GLB file: a header and two chunks, JSON and arrays, each filled up to four bytes."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(arrays), b"BIN\0") + arrays
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
