"""Single pictures of mannequins by the thousand: one room for a person, in which colours, light and camera change.

`motionrecon.data.scene` makes a room for a clip, which takes longer than a picture of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

import mujoco
import numpy as np
from jaxtyping import Float, UInt8
from scipy.sparse import csr_array

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.sides import without_side
from motionrecon.data.mannequin import SEGMENTS, Mannequin
from motionrecon.data.scene import COLOURS, Prop, look_at, room

#: Colours of what is no cloth: from and to.
_SKINS = np.array([[0.90, 0.72, 0.60], [0.30, 0.19, 0.13]])
_HAIRS = np.array([[0.08, 0.06, 0.05], [0.75, 0.62, 0.42]])
#: Pieces of clothing that may be missing: which segment's part of which garment.
_BARE = (("shirt", "forearm", "sleeves"), ("trousers", "shank", "legs"))
#: Samples of a pixel, and the side of the shadow's picture.
_SAMPLES, _SHADOW = 0, 512
#: Half of a seat's width, metres.
_SEAT = 0.19


class Studio:
    """One person in a room, ready to be photographed; close it when done.

    Args:
        mannequin: who.
        size: (width, height) of the pictures.
        rng: of everything that is random.
    """

    def __init__(self, mannequin: Mannequin, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.mannequin = _in_pieces(mannequin)
        camera = look_at(np.array([-4.0, 0.0, 1.2]), np.array([0.0, 0.0, 1.0]), size, float(max(size)))
        seat = Prop.still(np.full(3, _SEAT), np.array([0.0, 0.0, -5.0]), np.eye(3), (0.5, 0.5, 0.5))
        colours = COLOURS | {piece: COLOURS["skin"] for _, _, piece in _BARE}
        made = room(self.mannequin, camera, np.zeros(2), rng, colours, (seat,), _SAMPLES, _SHADOW)
        self._model, self._garments = made
        self._data = mujoco.MjData(self._model)
        self._renderer = mujoco.Renderer(self._model, size[1], size[0])
        self._faces = np.concatenate(list(self.mannequin.faces.values()))
        corners, count = self._faces.ravel(order="F"), len(self._faces)
        rows = (np.ones(3 * count), (corners, np.tile(np.arange(count), 3)))
        self._gathered = csr_array(rows, shape=(len(mannequin.rest), count))
        self._rng = rng

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._renderer.close()

    def changed(self) -> None:
        """Other clothes, another light, other walls."""
        rng, model = self._rng, self._model
        skin = _between(_SKINS, rng)
        colours = {name: rng.uniform(0.03, 0.95, 3) for name in ("shirt", "trousers", "shoes")}
        colours |= {"skin": skin, "lips": skin * [0.8, 0.6, 0.65], "hair": _between(_HAIRS, rng)}
        for garment, _, piece in _BARE:
            colours[piece] = skin if rng.random() < 0.4 else colours[garment]
        for name, colour in colours.items():
            if name in self._garments:
                model.geom(name).rgba[:3] = colour
        model.mat_rgba[:, :3] = rng.uniform(0.35, 1.15, (model.nmat, 1)) * rng.uniform(0.8, 1.0, (model.nmat, 3))
        model.vis.headlight.ambient[:] = rng.uniform(0.25, 0.55)
        model.light("lamp").diffuse[:] = rng.uniform(0.1, 0.6)
        model.light("window").diffuse[:] = rng.uniform(0.05, 0.45)
        model.light("window").dir[:] = [*rng.uniform(-0.8, 0.8, 2), -0.7]

    def picture(
        self,
        positions: Float[np.ndarray, "15 3"],
        rotations: Float[np.ndarray, "15 3 3"],
        camera: Pinhole,
        seat: float | None = None,
    ) -> UInt8[np.ndarray, "H W 3"]:
        """The person in a pose, seen by a camera of the studio's size that looks about along +x.

        Args:
            positions, rotations: of the segments, the person about the origin.
            camera: as it stands in the world.
            seat: height of a box under the pelvis, metres; None for no box.
        """
        model = self._model
        skin = self.mannequin.skin(positions, rotations)
        corner = skin[self._faces]
        normals = self._gathered @ np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
        for name, used in self._garments.items():
            mesh = model.mesh(name).id
            first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
            model.mesh_vert[first : first + count] = skin[used]
            first, count = model.mesh_normaladr[mesh], model.mesh_normalnum[mesh]
            model.mesh_normal[first : first + count] = normals[used]
            mujoco.mjr_uploadMesh(model, self._renderer._mjr_context, mesh)
        self._put_seat(positions[0], seat)
        mujoco.mju_mat2Quat(model.cam_quat[0], (camera.axes[0].T @ np.diag([1.0, -1.0, -1.0])).ravel())
        model.cam_pos[0] = camera.eye[0]
        model.cam_fovy[0] = 2 * np.degrees(np.arctan(camera.image_size[1] / 2 / camera.K[1, 1]))
        mujoco.mj_forward(model, self._data)
        self._renderer.update_scene(self._data, camera="camera")
        return np.ascontiguousarray(self._renderer.render())

    def _put_seat(self, pelvis: Float[np.ndarray, " 3"], height: float | None) -> None:
        half = 0.5 * (height if height is not None else 0.1)
        seat = self._model.geom("prop_0")
        seat.size[:] = [_SEAT, _SEAT, half]
        seat.pos[:] = [pelvis[0], pelvis[1], half] if height is not None else [0.0, 0.0, -5.0]
        seat.rgba[:3] = self._rng.uniform(0.1, 0.8, 3)


def _between(ends: Float[np.ndarray, "2 3"], rng: np.random.Generator) -> Float[np.ndarray, " 3"]:
    return np.asarray(ends[0] + rng.random() * (ends[1] - ends[0]))


def _in_pieces(mannequin: Mannequin) -> Mannequin:
    """The same with sleeves and trouser legs as garments of their own, so that they can be left off."""
    part = np.array([without_side(name) for name in SEGMENTS])
    faces = dict(mannequin.faces)
    for garment, segment, piece in _BARE:
        owner = part[mannequin.weights[faces[garment]].mean(1).argmax(1)]
        faces[piece], faces[garment] = faces[garment][owner == segment], faces[garment][owner != segment]
    return replace(mannequin, faces=faces)


def seen(
    points: Sequence[Float[np.ndarray, " 3"]] | Float[np.ndarray, "n 3"],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Pinhole:
    """A random camera that sees all of the points: low or high, near or far, tilted a little, looking about along +x.

    It stands -15 to 40 degrees above the points' middle, mostly little, but above the floor, and the points fill 45 to
    92 % of its picture.
    """
    points = np.asarray(points)
    middle = 0.5 * (points.min(0) + points.max(0))
    elevation = np.radians(np.clip(rng.choice([rng.normal(5, 7), rng.uniform(-15, 40)]), -15, 40))
    distance = float(np.exp(rng.uniform(np.log(1.7), np.log(9.0))))
    forward = np.array([np.cos(elevation), 0.0, -np.sin(elevation)])
    eye = middle - distance * forward
    eye[2] = max(eye[2], 0.1)
    width, height = size
    aside = rng.normal(0, 0.06, 3) * distance
    camera = look_at(eye, middle + aside * [0.0, 1.0, 1.0], size, 1.0)
    roll = np.radians(rng.normal(0, 3))
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1.0]])
    R = turn @ camera.axes[0]
    away = (points - eye) @ R.T
    flat = away[:, :2] / away[:, 2:]
    span = max(np.ptp(flat[:, 0]) / width, np.ptp(flat[:, 1]) / height)
    edge = max((np.abs(flat) / [width, height]).max() * 2, 1e-6)
    focal = float(min(rng.uniform(0.45, 0.92) / span, 0.97 / edge))
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    return Pinhole(K, size, R, -R @ eye, calibrated=True)
