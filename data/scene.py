"""Renders the dressed mannequin in a room with MuJoCo, seen by a known camera."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, UInt8

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.data.mannequin import Mannequin, vertex_normals

#: Red, green and blue of each piece of clothing and of the skin, where nothing else is said.
COLOURS = {
    "skin": (0.80, 0.60, 0.48),
    "shirt": (0.62, 0.16, 0.17),
    "trousers": (0.16, 0.20, 0.32),
    "shoes": (0.88, 0.88, 0.86),
    "hair": (0.13, 0.09, 0.07),
    "lips": (0.62, 0.36, 0.33),
    "eyes": (0.93, 0.92, 0.90),
    "pupils": (0.12, 0.09, 0.08),
}
_BEHIND = 7.5  # how far from the camera the back wall stands at least, m
_ROOM = 3.5  # how far behind the person it stands at least, m
_WALL = 4.5  # height of the walls, m
_LAMP = np.array([0.9, 0.7, 4.2])  # the lamp that casts the shadow, seen from the floor below the person, m


@dataclass(frozen=True)
class Prop:
    """A box in the room: a piece of furniture, or what somebody carries.

    Attributes:
        half: (3,) half of its edges, metres.
        positions: (T, 3) its middle in each frame, metres; (1, 3) of one that stands still.
        rotations: (T, 3, 3) or (1, 3, 3) its orientation.
        colour: red, green and blue.
    """

    half: Float[np.ndarray, " 3"]
    positions: Float[np.ndarray, "n 3"]
    rotations: Float[np.ndarray, "n 3 3"]
    colour: tuple[float, float, float]

    @classmethod
    def still(
        cls,
        half: Float[np.ndarray, " 3"],
        place: Float[np.ndarray, " 3"],
        turn: Float[np.ndarray, "3 3"],
        colour: tuple[float, float, float],
    ) -> Prop:
        """One that does not move."""
        return cls(half, place[None], turn[None], colour)


def look_at(
    eye: Float[np.ndarray, " 3"],
    target: Float[np.ndarray, " 3"],
    image_size: tuple[int, int],
    focal_px: float,
    roll: float = 0.0,
) -> Pinhole:
    """A pinhole camera at ``eye`` (3,) that looks at ``target`` (3,), metres.

    It is level, or turned about its line of sight by ``roll``, radians.
    """
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    c, s = np.cos(roll), np.sin(roll)
    R = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ np.stack([right, np.cross(forward, right), forward])
    width, height = image_size
    K = np.array([[focal_px, 0.0, width / 2], [0.0, focal_px, height / 2], [0.0, 0.0, 1.0]])
    return Pinhole(K=K, image_size=image_size, R_camera_world=R, t_camera_world=-R @ eye, calibrated=True)


def render(
    mannequin: Mannequin,
    camera: Pinhole,
    positions: Float[np.ndarray, "T 15 3"],
    rotations: Float[np.ndarray, "T 15 3 3"],
    seed: int = 0,
    colours: Mapping[str, tuple[float, float, float]] = COLOURS,
    props: Sequence[Prop] = (),
    path: Sequence[Pinhole] = (),
) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Yield an (height, width, 3) uint8 image for each frame.

    Args:
        mannequin: who is seen.
        camera: from where; the room is built around what it sees.
        positions: (T, 15, 3) joint centres.
        rotations: (T, 15, 3, 3) orientations of the segments.
        seed: of the room's textures.
        colours: of the garments, as `COLOURS`.
        props: what else is in the room.
        path: the camera in each frame, if it moves.
    """
    middle = positions[:, 0, :2].mean(0)
    model, garments = room(mannequin, camera, middle, np.random.default_rng(seed), colours, props)
    data = mujoco.MjData(model)
    width, height = camera.image_size
    with mujoco.Renderer(model, height, width) as renderer:
        mujoco.mj_forward(model, data)
        for frame in range(len(positions)):
            if _move(model, props, frame):
                mujoco.mj_forward(model, data)
            skin = mannequin.skin(positions[frame], rotations[frame])
            _put(model, garments, skin, mannequin.faces)
            for mesh in range(model.nmesh):
                mujoco.mjr_uploadMesh(model, renderer._mjr_context, mesh)
            if path:
                _put_camera(model, path[frame])
                mujoco.mj_camlight(model, data)
            renderer.update_scene(data, camera="camera")
            yield renderer.render().copy()


def _move(model: mujoco.MjModel, props: Sequence[Prop], frame: int) -> bool:
    """Put what is carried where it is in a frame; whether anything is."""
    carried = [(number, prop) for number, prop in enumerate(props) if len(prop.positions) > 1]
    for number, prop in carried:
        geom = model.geom(f"prop_{number}")
        geom.pos = prop.positions[frame]
        mujoco.mju_mat2Quat(geom.quat, prop.rotations[frame].ravel())
    return bool(carried)


def _put_camera(model: mujoco.MjModel, camera: Pinhole) -> None:
    """Move the model's camera to where another one is."""
    number = model.camera("camera").id
    model.cam_pos[number] = camera.eye[0]
    model.cam_quat[number], model.cam_fovy[number] = _placed(camera)


def _placed(camera: Pinhole) -> tuple[Float[np.ndarray, " 4"], float]:
    """How MuJoCo's camera is turned, and its vertical field of view, degrees, to see what this one does."""
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, (camera.axes[0].T @ np.diag([1.0, -1.0, -1.0])).ravel())
    return quat, float(2 * np.degrees(np.arctan(camera.image_size[1] / 2 / camera.K[1, 1])))


def _put(
    model: mujoco.MjModel, garments: dict[str, np.ndarray], skin: np.ndarray, faces: dict[str, np.ndarray]
) -> None:
    """Write the posed vertices and normals into the garments' meshes."""
    normals = vertex_normals(skin, np.concatenate(list(faces.values())))
    for name, used in garments.items():
        mesh = model.mesh(name).id
        start, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        model.mesh_vert[start : start + count] = skin[used]
        start, count = model.mesh_normaladr[mesh], model.mesh_normalnum[mesh]
        model.mesh_normal[start : start + count] = normals[used]


def room(
    mannequin: Mannequin,
    camera: Pinhole,
    middle: np.ndarray,
    random: np.random.Generator,
    colours: Mapping[str, tuple[float, float, float]],
    props: Sequence[Prop],
    samples: int = 8,
    shadow: int = 4096,
) -> tuple[mujoco.MjModel, dict[str, np.ndarray]]:
    """The room with the person's meshes in it, and the vertices of the skin that each mesh shows.

    The lamp hangs over ``middle`` (2,), the middle of the person's way. There are so many ``samples`` of a pixel, and
    the shadow is drawn into a picture of that side.
    """
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = camera.image_size
    spec.visual.quality.shadowsize = shadow
    spec.visual.quality.offsamples = samples
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 40.0
    spec.stat.extent, spec.stat.center = 4.0, [0, 0, 1]
    spec.visual.headlight.ambient = [0.42, 0.42, 0.43]
    spec.visual.headlight.diffuse = [0.22, 0.22, 0.22]
    spec.visual.headlight.specular = [0.0, 0.0, 0.0]
    world = spec.worldbody
    lamp = world.add_light(name="lamp", pos=_LAMP + np.append(middle, 0.0), dir=-_LAMP, castshadow=True)
    lamp.type, lamp.cutoff, lamp.exponent = mujoco.mjtLightType.mjLIGHT_SPOT, 36, 1
    lamp.diffuse, lamp.specular = [0.45, 0.44, 0.40], [0.05, 0.05, 0.05]
    window = world.add_light(name="window", dir=[-0.5, 0.35, -0.7], castshadow=False)
    window.type, window.diffuse, window.specular = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, [0.3, 0.3, 0.32], [0, 0, 0]

    _surface(spec, "planks", _planks(random), (5.0, 5.0))
    _surface(spec, "plaster", _plaster(random), (3.0, 1.0))
    world.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[12, 12, 1], material="planks")
    eye, (_, _, forward) = camera.eye[0], camera.axes[0]
    ahead = forward[:2] / np.linalg.norm(forward[:2])
    heading = np.arctan2(ahead[1], ahead[0])
    behind = max(_BEHIND, float((middle - eye[:2]) @ ahead) + _ROOM)
    for turn, distance in ((0.12, behind), (0.12 + np.pi / 2, 6.0), (0.12 - np.pi / 2, 6.0)):
        angle = heading + turn
        away = np.array([np.cos(angle), np.sin(angle)])
        centre = np.array([*(eye[:2] + distance * away), _WALL / 2])
        x, z = np.array([-away[1], away[0], 0.0]), np.array([-away[0], -away[1], 0.0])
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, np.stack([x, np.cross(z, x), z], axis=1).ravel())
        world.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE, size=[9, _WALL / 2, 1], pos=centre, quat=quat, material="plaster"
        )
        world.add_geom(  # a skirting board
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[9, 0.05, 0.02],
            pos=[*centre[:2], 0.05],
            quat=quat,
            rgba=[0.75, 0.73, 0.70, 1],
        )
        for place in np.arange(-3.4, 4.0, 1.7):  # pictures
            world.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[*random.uniform(0.2, 0.45, 2), 0.02],
                pos=centre + (place + random.uniform(-0.3, 0.3)) * x + [0, 0, random.uniform(-0.4, 0.1)],
                quat=quat,
                rgba=[*random.uniform(0.25, 0.6, 3), 1],
            )

    for number, prop in enumerate(props):
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, prop.rotations[0].ravel())
        world.add_geom(
            name=f"prop_{number}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=prop.half,
            pos=prop.positions[0],
            quat=quat,
            rgba=[*prop.colour, 1],
            contype=0,
            conaffinity=0,
        )

    garments = {}
    for name, faces in mannequin.faces.items():
        used, index = np.unique(faces, return_inverse=True)
        index = index.reshape(faces.shape).astype(np.int32)
        mesh = spec.add_mesh(name=name, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
        mesh.uservert = mannequin.rest[used].astype(np.float32).ravel()
        mesh.usernormal = vertex_normals(mannequin.rest, faces)[used].astype(np.float32).ravel()
        mesh.userface = index.ravel()
        mesh.userfacenormal = index.ravel()
        world.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            rgba=[*colours[name], 1],
            contype=0,
            conaffinity=0,
        )
        garments[name] = used

    quat, fovy = _placed(camera)
    world.add_camera(name="camera", pos=eye, quat=quat, fovy=fovy)
    model = spec.compile()
    for name in garments:  # the compiler centres meshes; these are written in world coordinates
        geom = model.geom(name)
        geom.pos, geom.quat = np.zeros(3), [1.0, 0.0, 0.0, 0.0]
        model.geom_sameframe[geom.id] = mujoco.mjtSameFrame.mjSAMEFRAME_NONE
    return model, garments


def _surface(spec: mujoco.MjSpec, name: str, image: np.ndarray, repeat: tuple[float, float]) -> None:
    texture = spec.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=image.shape[1], height=image.shape[0], nchannel=3
    )
    texture.data = image.tobytes()
    material = spec.add_material(name=name, texrepeat=repeat, reflectance=0.0, specular=0.05)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


def _planks(random: np.random.Generator, size: int = 512, boards: int = 16) -> np.ndarray:
    """A tileable wooden floor (size, size, 3) uint8."""
    row = np.arange(size) * boards // size
    base = np.array([0.56, 0.42, 0.29])
    tone = 1 + 0.10 * random.standard_normal((boards, 2))
    cut = random.integers(0, size, boards)
    half = (np.arange(size)[None] + cut[row][:, None]) // (size // 2) % 2
    grain = np.repeat(random.standard_normal((size, size // 32)), 32, axis=1) * 0.03
    shade = tone[row[:, None], half] + grain
    seam = (np.arange(size) % (size // boards) < 2)[:, None] | (
        (np.arange(size)[None] + cut[row][:, None]) % (size // 2) < 2
    )
    return np.asarray((255 * np.clip(base * np.where(seam, 0.6, shade)[..., None], 0, 1)).astype(np.uint8))


def _plaster(random: np.random.Generator, size: int = 512) -> np.ndarray:
    """A painted wall (size, size, 3) uint8: faint blotches, a darker dado."""
    blotch = sum(np.kron(random.standard_normal((n, n)), np.ones((size // n, size // n))) * 0.008 for n in (8, 32, 128))
    height = np.linspace(0, 1, size)[:, None]
    colour = np.where(height[..., None] < 0.25, [0.50, 0.56, 0.56], [0.78, 0.77, 0.72])
    return np.asarray((255 * np.clip(colour + np.asarray(blotch)[..., None], 0, 1)).astype(np.uint8))
