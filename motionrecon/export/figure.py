"""The person's surface bound to the bones of a take, for formats that hold a skinned mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.surface import MOST_BODIES, vertex_normals

if TYPE_CHECKING:
    import mujoco

    from motionrecon.export.take import Take
    from motionrecon.result.motion import Motion

#: What the person is made of: a light blue clay. Linear RGB, and roughness.
COLOUR, ROUGHNESS = (0.20, 0.40, 0.60), 0.6


@dataclass(frozen=True)
class Figure:
    """A mesh in the rest pose of a take, whose vertices follow up to four of its bones, by linear blend skinning.

    Attributes:
        vertices: (V, 3) in the world, metres.
        normals: (V, 3) of unit length, outwards.
        faces: (F, 3) counter-clockwise seen from outside.
        bones: (V, 4) indices; 0 where the weight is 0, and none twice.
        weights: (V, 4), summing to 1.
        licence: what may be done with it, a sentence; empty where everything may.
    """

    vertices: Float[np.ndarray, "V 3"]
    normals: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    bones: Int[np.ndarray, "V 4"]
    weights: Float[np.ndarray, "V 4"]
    licence: str = ""


def figure(motion: Motion, take: Take) -> Figure:
    """The person's surface on a take's bones.

    Bent from the zero pose into the take's rest pose, if that is another (an A pose): as wherever a pose is made the
    rest pose, soft parts about the shoulders are then up to 1.5 cm from where the body's own surface is.
    """
    surface = motion.surface
    bone_of = _bone_of(motion.model, take, len(surface.rest_origins))
    share = np.zeros((len(surface.vertices), len(take.names)))
    np.add.at(share, (np.arange(len(share))[:, None], bone_of[surface.bodies]), surface.weights)
    bones = np.argsort(-share, axis=1, kind="stable")[:, :MOST_BODIES]
    weights = np.take_along_axis(share, bones, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    bones = np.where(weights > 0, bones, 0)
    carried = take.heads + (take.rest @ (surface.vertices[:, None] - take.zero_heads)[..., None])[..., 0]
    vertices = np.einsum("vb,vbi->vi", share, carried) / share.sum(axis=1, keepdims=True)
    return Figure(vertices, vertex_normals(vertices, surface.faces), surface.faces, bones, weights, motion.body.licence)


def _bone_of(model: mujoco.MjModel, take: Take, count: int) -> Int[np.ndarray, " B"]:
    """The bone that each of ``count`` bodies carries the mesh by: its first, or that of the nearest body above that has
    one. Those after the model's own are fingers, which have their own bones."""
    bone_of = np.zeros(count, int)
    first = {int(b): i for i, b in reversed(list(enumerate(take.bodies)))}
    for b in range(1, count):
        bone_of[b] = first[b] if b in first else bone_of[model.body_parentid[b]]
    return bone_of
