"""All people of one file of SMPL's kin: what a model of each is made of, linear in the numbers of their shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.mesh.cut import cut
from motionrecon.body.mesh.flesh import fleshed
from motionrecon.body.mesh.moments import Parts, moved
from motionrecon.body.mesh.segments import Segments
from motionrecon.body.mesh.template import Template, foremost
from motionrecon.body.smpl.files import BodyFile, find, read
from motionrecon.body.smpl.landmarks import Marker, Tie
from motionrecon.body.smpl.layouts import CARRIED, LAYOUTS, TREE
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS
from motionrecon.errors import InputError

#: From the axes of SMPL's files (x left, y up, z forward) to ours (x forward, y left, z up).
_OURS = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
#: The number of points before the vertices: joints' centres, landmarks, soles.
_BEFORE = len(CARRIED) + len(landmarks.NAMES) + 8


@dataclass(frozen=True, eq=False)  # what follows from one is looked up by which it is
class Family:
    """People in the rest pose of their file, which is their model's zero pose; x forward, y left, z up, metres.

    Attributes:
        kind: smpl, smplh or smplx.
        gender: neutral, male or female.
        tree: the S segments: one for each joint of the body.
        points: (N, 3) of the mean shape, from the pelvis joint on: the centres of the segments' joints, the landmarks,
            the soles, the V vertices.
        moves: (N, 3, k) how they move with the shape.
        pelvis: (3,) where the pelvis joint of the mean shape is in the file, in our axes.
        pelvis_moves: (3, k) how it moves with the shape.
        faces: (F, 3) counter-clockwise seen from outside.
        segments: (V, w) the segments that a vertex follows.
        weights: (V, w) how much it follows each.
        parts: how the mesh is cut into segments.
    """

    kind: str
    gender: str
    tree: Segments
    points: Float[np.ndarray, "N 3"]
    moves: Float[np.ndarray, "N 3 k"]
    pelvis: Float[np.ndarray, " 3"]
    pelvis_moves: Float[np.ndarray, "3 k"]
    faces: Int[np.ndarray, "F 3"]
    segments: Int[np.ndarray, "V w"]
    weights: Float[np.ndarray, "V w"]
    parts: Parts

    def at(self, betas: Float[np.ndarray, " k"]) -> Float[np.ndarray, "N 3"]:
        """The points of somebody."""
        return np.asarray(self.points + self.moves @ betas)

    def skin(self, betas: Float[np.ndarray, " k"]) -> Float[np.ndarray, "V 3"]:
        """The vertices of somebody."""
        return self.at(betas)[_BEFORE:]

    def height(self, betas: Float[np.ndarray, " k"]) -> float:
        """How tall somebody is in the rest pose, metres."""
        return float(np.ptp(self.skin(betas)[:, 2]))

    def volume(self, betas: Float[np.ndarray, " k"]) -> float:
        """What somebody's skin holds, cubic metres."""
        return self.parts.volume(self.skin(betas))

    def rest(self, betas: Float[np.ndarray, " k"]) -> Float[np.ndarray, " 3"]:
        """Where somebody's pelvis joint is in the file's own axes."""
        return np.asarray(_OURS.T @ (self.pelvis + self.pelvis_moves @ betas))

    def template(self, betas: Float[np.ndarray, " k"]) -> Template:
        """Somebody in the zero pose."""
        marks = len(CARRIED)
        origins, marked, soles, skin = np.split(self.at(betas), [marks, marks + len(landmarks.NAMES), _BEFORE])
        count = len(origins)
        return fleshed(
            Template(
                tree=self.tree,
                origins=origins,
                vertices=skin,
                faces=self.faces,
                segments=self.segments,
                weights=self.weights,
                moments=moved(self.parts.moments(skin), np.tile(np.eye(3), (count, 1, 1)), -origins),
                landmarks=marked,
                soles=soles,
                capsules=np.zeros((count, 2, 3)),
                radii=np.zeros(count),
            )
        )


@lru_cache(maxsize=2)
def family(file: BodyFile) -> Family:
    """The people of a file.

    Raises:
        InputError: its mesh holds no person.
    """
    layout = LAYOUTS[file.kind]
    skin = np.concatenate([file.vertices[..., None], file.shapes], axis=2)  # the mean, and how it moves
    skin = np.einsum("ij,vjk->vik", _OURS, skin)
    joints = np.einsum("jv,vik->jik", file.regressor, skin)
    carried_by = _carriers(layout.parents)
    shares = np.zeros((len(skin), len(CARRIED)))
    np.add.at(shares.T, carried_by, file.weights.T)
    marker = Marker(layout, joints[..., 0], skin[..., 0], shares.argmax(1))
    order = [CARRIED.index(name) for name in TREE.names]

    def tied(tie: Tie) -> Float[np.ndarray, "3 n"]:
        place = (joints if tie.joint else skin)[tie.number].copy()
        place[:, 0] += tie.offset
        return np.asarray(place)

    marks = marker.landmarks()
    points = np.concatenate(
        [
            joints[order],
            np.array([tied(marks[name]) for name in landmarks.NAMES]),
            np.array([tied(tie) for side, sign in OUTWARDS.items() for tie in marker.soles(side, sign)]),
            skin,
        ]
    )
    points -= joints[0]
    weights = shares[:, order]
    mean = points[..., 0]
    part = cut(TREE, weights, mean[_BEFORE:], file.faces, mean[: len(CARRIED)])
    segments, kept = foremost(weights)
    parts = Parts.of(file.faces, part, TREE.parents)
    if (parts.moments(mean[_BEFORE:])[:, 3, 3] <= 0).any():
        raise InputError(f"body_model={file.path}: its mesh is not closed; get it from {layout.home}")
    return Family(
        kind=file.kind,
        gender=file.gender,
        tree=TREE,
        points=mean,
        moves=points[..., 1:],
        pelvis=joints[0, :, 0],
        pelvis_moves=joints[0, :, 1:],
        faces=file.faces,
        segments=segments,
        weights=kept,
        parts=parts,
    )


def checked(kind: str, path: Path | None, sex: str) -> Path:
    """The file of a kind of body, after its people were found; for arguments and errors see `find` and `family`."""
    found, gender = find(kind, path, sex)
    family(read(kind, found, gender))
    return found


def _carriers(parents: tuple[int, ...]) -> Int[np.ndarray, " J"]:
    """The joint of the body that each joint hangs on, itself if it is one: fingers on wrists, the jaw on the head."""
    found = list(range(len(CARRIED)))
    for parent in parents[len(CARRIED) :]:
        found.append(found[parent])
    return np.array(found)
