"""The person's body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from motionrecon.body.surface import vertex_normals
from motionrecon.viewer.colours import LEFT, RIGHT, UNSEEN, of_bodies
from motionrecon.viewer.layers.base import Layer, Swatch
from motionrecon.viewer.parts import MeshPart, Part, WordPart, bytes_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.parts import Colour
    from motionrecon.viewer.poses import Poses

_OVER_HEAD = 0.45  # metres from the highest body's frame to the words above it


def body(motion: Motion, poses: Poses) -> list[Part]:
    """The person's surface, and words over it where the video showed nobody."""
    highest = int(np.argmax(poses.position[:, :, 2].mean(0)))
    unseen = ~motion.tracked
    words = WordPart(
        "nobody seen in this frame",
        (poses.position[:, highest] + [0.0, 0.0, _OVER_HEAD]).astype(np.float32),
        unseen.astype(np.uint8),
    )
    return [skinned(motion, "motion"), *([words] if unseen.any() else [])]


def skinned(motion: Motion, track: str, colour: Colour | None = None, opacity: float = 1.0) -> MeshPart:
    """The person's surface, riding on a track; coloured by sides unless a colour is given."""
    surface, names = motion.surface, motion.surface_bodies
    of_body = of_bodies(names) if colour is None else np.tile(np.array(colour, float), (len(names), 1))
    colours = np.einsum("vk,vkc->vc", surface.weights, of_body[surface.bodies])
    bodies = np.zeros((len(surface.vertices), 4), np.uint16)
    bodies[:, : surface.bodies.shape[1]] = surface.bodies
    return MeshPart(
        track=track,
        vertices=surface.vertices.astype(np.float32),
        normals=vertex_normals(surface.vertices, surface.faces).astype(np.float32),
        faces=surface.faces.astype(np.uint32),
        bodies=bodies,
        weights=bytes_of(surface.weights),
        colours=colours.round().astype(np.uint8),
        rest_position=surface.rest_origins.astype(np.float32),
        rest_wxyz=Rotation.from_matrix(surface.rest_rotations).as_quat(scalar_first=True).astype(np.float32),
        opacity=opacity,
    )


LAYER = Layer("Body", body, (Swatch(LEFT, "left"), Swatch(RIGHT, "right"), Swatch(UNSEEN, "nobody seen: a guess")), "b")
