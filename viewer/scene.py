"""What is drawn: the body on its floor, the skeleton, the forces at the feet and the video's camera."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from motionrecon.core import landmarks
from motionrecon.viewer.meshes import arrow_mesh, body_meshes
from motionrecon.viewer.poses import Poses

if TYPE_CHECKING:
    from viser import ViserServer

    from motionrecon.result.motion import Motion

#: Left is orange and right is blue, as in the overlay; darker, since the scene is lit.
LEFT, RIGHT, MIDDLE = (206, 92, 42), (44, 98, 170), (150, 154, 162)
_BONE, _JOINT, _FORCE, _CAMERA = (40, 44, 52), (20, 22, 28), (222, 52, 62), (90, 96, 110)
_GHOST = 0.45  # opacity of the body while something inside it is shown
_METRES_PER_WEIGHT = 0.6  # length of an arrow that carries the whole body
_LEAST_WEIGHT = 0.02  # forces below this share of the weight are not drawn
_FOLLOW_SECONDS = 0.25  # the followed path is smoothed, so that steps do not shake the view


def side_color(name: str) -> tuple[int, int, int]:
    """The colour of a body part by its name: left, right, or the middle of the body."""
    return LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE


class Scene:
    """A motion in a viser server's scene.

    Everything is drawn once and then only moved: `show` sends two small messages for each body. All of it hangs under
    the node `/motion`; following the person slides that node under the camera, which stays the user's own. Frames and
    toggles may come from different threads.
    """

    def __init__(self, server: ViserServer, motion: Motion, poses: Poses) -> None:
        self._server = server
        self._lock = threading.RLock()  # what viser is told last must also be what it is sent last
        self._poses = poses
        self._joints = motion.joints.astype(np.float32)
        self._bones, self._dotted = _skeleton_indices(motion.joint_names)
        self._frame = 0
        self._follow = False
        path = poses.position[:, 1, :2]
        self._path = gaussian_filter1d(path, sigma=_FOLLOW_SECONDS * motion.fps, axis=0, mode="nearest")

        scene = server.scene
        scene.set_up_direction("+z")
        scene.configure_environment_map("studio", environment_intensity=0.3)
        self._root = scene.add_frame("/motion", show_axes=False)
        self._floor = scene.add_grid(
            "/motion/floor",
            infinite_grid=True,
            cell_size=0.5,
            section_size=1.0,
            cell_color=(214, 217, 222),
            section_color=(176, 181, 190),
            plane_color=(236, 238, 241),
            plane_opacity=1.0,
            shadow_opacity=0.3,
            fade_distance=14.0,
        )
        self._body = scene.add_frame("/motion/body", show_axes=False)
        self._parts = [
            (
                part.body,
                scene.add_mesh_simple(
                    f"/motion/body/{part.name}", part.vertices, part.faces, color=side_color(part.name)
                ),
            )
            for part in body_meshes(motion.model)
        ]
        self._skeleton = scene.add_frame("/motion/skeleton", show_axes=False, visible=False)
        self._lines = scene.add_line_segments(
            "/motion/skeleton/bones", self._joints[0][self._bones], _BONE, thickness=0.008
        )
        self._dots = scene.add_point_cloud(
            "/motion/skeleton/joints", self._joints[0, self._dotted], _JOINT, point_size=0.025, point_shape="circle"
        )
        vertices, faces = arrow_mesh()
        self._arrows = [
            scene.add_mesh_simple(f"/motion/forces/{foot}", vertices, faces, color=_FORCE, visible=False)
            for foot in poses.feet
        ]
        self._show_forces = False
        self._camera = _add_camera(scene, motion)
        self.show(0)

    def show(self, frame: int) -> None:
        """Draw one frame; clients see it whole or not at all."""
        poses = self._poses
        with self._lock, self._server.atomic():
            self._frame = frame
            for body, mesh in self._parts:
                mesh.position = poses.position[frame, body]
                mesh.wxyz = poses.wxyz[frame, body]
            self._draw_follow()
            self._draw_skeleton()
            self._draw_forces()

    @property
    def body(self) -> bool:
        """Whether the body is drawn. The other toggles are alike."""
        return self._body.visible

    @body.setter
    def body(self, visible: bool) -> None:
        self._body.visible = visible

    @property
    def skeleton(self) -> bool:
        """Landmarks and the bones between them, seen through a translucent body."""
        return self._skeleton.visible

    @skeleton.setter
    def skeleton(self, visible: bool) -> None:
        with self._lock, self._server.atomic():
            self._skeleton.visible = visible
            self._draw_skeleton()
            self._draw_translucence()

    @property
    def forces(self) -> bool:
        """The floor's force on each foot, as an arrow from its centre of pressure."""
        return self._show_forces

    @forces.setter
    def forces(self, visible: bool) -> None:
        with self._lock, self._server.atomic():
            self._show_forces = visible
            self._draw_forces()
            self._draw_translucence()

    @property
    def floor(self) -> bool:
        """The grid at z = 0: a line every 50 cm, a darker one every metre."""
        return self._floor.visible

    @floor.setter
    def floor(self, visible: bool) -> None:
        self._floor.visible = visible

    @property
    def camera(self) -> bool:
        """The pyramid that the video's camera saw."""
        return self._camera.visible

    @camera.setter
    def camera(self, visible: bool) -> None:
        self._camera.visible = visible

    @property
    def follow(self) -> bool:
        """Keep the person where they stood in the first frame."""
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        with self._lock:
            self._follow = follow
            self._draw_follow()

    def _draw_follow(self) -> None:
        shift = self._path[0] - self._path[self._frame] if self._follow else np.zeros(2)
        self._root.position = np.append(shift, 0.0)

    def _draw_skeleton(self) -> None:
        if self._skeleton.visible:
            joints = self._joints[self._frame]
            self._lines.points = joints[self._bones]
            self._dots.points = joints[self._dotted]

    def _draw_forces(self) -> None:
        poses, frame = self._poses, self._frame
        for foot, arrow in enumerate(self._arrows):
            force = poses.force[frame, foot] / poses.weight
            size = float(np.linalg.norm(force))
            arrow.visible = self._show_forces and size > _LEAST_WEIGHT
            if arrow.visible:
                arrow.position = poses.pressure[frame, foot]
                arrow.wxyz = _turn_z_to(force / size)
                arrow.scale = _METRES_PER_WEIGHT * size

    def _draw_translucence(self) -> None:
        opacity = _GHOST if self.skeleton or self.forces else None
        for _, mesh in self._parts:
            mesh.opacity = opacity


def _skeleton_indices(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Joint indices (N, 2) of the bones to draw, and (M,) of the joints to dot: no clutter of face and fingers."""
    index = {name: i for i, name in enumerate(names)}
    bones = np.array([(index[a], index[b]) for a, b in landmarks.BONES])
    return bones, np.array([index[name] for name in landmarks.BODY])


def _turn_z_to(direction: np.ndarray) -> np.ndarray:
    """A rotation (wxyz) that carries +z to a unit vector (3,)."""
    half = np.array([1.0 + direction[2], -direction[1], direction[0], 0.0])
    length = np.linalg.norm(half)
    return half / length if length > 1e-6 else np.array([0.0, 1.0, 0.0, 0.0])


def _add_camera(scene: Any, motion: Motion) -> Any:
    camera = motion.camera
    width, height = camera.image_size
    return scene.add_camera_frustum(
        "/motion/camera",
        fov=float(2 * np.arctan(height / 2 / camera.K[1, 1])),
        aspect=width / height,
        scale=0.3,
        thickness=0.008,
        color=_CAMERA,
        wxyz=Rotation.from_matrix(camera.R_camera_world.T).as_quat(scalar_first=True),
        position=-camera.R_camera_world.T @ camera.t_camera_world,
    )
