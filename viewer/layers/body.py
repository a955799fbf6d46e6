"""The person's body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import viser
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.pieces import Piece, pieces
from motionrecon.viewer.colours import UNSEEN, Colour, of_side
from motionrecon.viewer.layers.base import Layer

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

_GHOST = 0.4  # opacity of what is seen through
_OVER_HEAD = 0.45  # metres from the highest body's frame to the words above it


@dataclass(frozen=True)
class _DrawnPiece:
    """A piece in the scene; with a second body, also where its second bone is in the first one's frame."""

    piece: Piece
    colour: Colour
    mesh: viser.MeshHandle | viser.MeshSkinnedHandle
    second_position: Float[np.ndarray, "T 3"] | None = None
    second_wxyz: Float[np.ndarray, "T 4"] | None = None


class BodyLayer(Layer):
    """The skin of the body that was simulated; grey, with words over it, where the video showed nobody."""

    label = "Body"
    legend: ClassVar[str] = "Orange is left, blue is right, grey all over is a guess: nobody was seen."

    def __init__(self, scene: viser.SceneApi, node: str, motion: Motion, poses: Poses) -> None:
        super().__init__(scene, node, motion, poses)
        self._grey = False
        self._top = int(np.argmax(poses.position[:, :, 2].mean(0)))
        self._drawn = [
            self._add(piece, f"{node}/{i}") for i, piece in enumerate(pieces(motion.model, motion.body.skin))
        ]
        self._words = scene.add_label(
            f"{node}/unseen", "nobody seen in this frame", anchor="bottom-center", visible=False
        )

    def _add(self, piece: Piece, name: str) -> _DrawnPiece:
        colour = of_side(piece.name)
        if piece.second is None:
            mesh = self.scene.add_mesh_simple(name, piece.vertices, piece.faces, color=colour)
            return _DrawnPiece(piece, colour, mesh)
        turn = self._rotations(piece.first).inv()
        between = self.poses.position[:, piece.second] - self.poses.position[:, piece.first]
        position = turn.apply(between)
        wxyz = (turn * self._rotations(piece.second)).as_quat(scalar_first=True)
        skinned = self.scene.add_mesh_skinned(
            name,
            piece.vertices,
            piece.faces,
            bone_wxyzs=np.stack([[1.0, 0.0, 0.0, 0.0], piece.rest_wxyz]),
            bone_positions=np.stack([np.zeros(3), piece.rest_position]),
            skin_weights=np.stack([1.0 - piece.share, piece.share], axis=1),
            color=colour,
        )
        return _DrawnPiece(piece, colour, skinned, position, wxyz)

    def _rotations(self, body: int) -> Rotation:
        return Rotation.from_quat(self.poses.wxyz[:, body], scalar_first=True)

    def draw(self, frame: int) -> None:
        for drawn in self._drawn:
            drawn.mesh.position = self.poses.position[frame, drawn.piece.first]
            drawn.mesh.wxyz = self.poses.wxyz[frame, drawn.piece.first]
            if isinstance(drawn.mesh, viser.MeshSkinnedHandle):
                assert drawn.second_position is not None and drawn.second_wxyz is not None
                drawn.mesh.bones[1].position = drawn.second_position[frame]
                drawn.mesh.bones[1].wxyz = drawn.second_wxyz[frame]
        unseen = not self.motion.tracked[frame]
        if unseen != self._grey:
            self._grey = self._words.visible = unseen
            for drawn in self._drawn:
                drawn.mesh.color = UNSEEN if unseen else drawn.colour
        if unseen:
            self._words.position = self.poses.position[frame, self._top] + [0.0, 0.0, _OVER_HEAD]

    def see_through(self, bodies: frozenset[int]) -> None:
        for drawn in self._drawn:
            drawn.mesh.opacity = _GHOST if drawn.piece.first in bodies else None
