"""Writes one synthetic clip: the video, the exact truth and the camera's calibration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from jaxtyping import Float, UInt8
from scipy.spatial.transform import Rotation

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.data.clips import CAMERA, DemoClip
from motionrecon.data.mannequin import Mannequin
from motionrecon.data.scene import COLOURS, Prop, render

FEET = ("left_foot", "right_foot")


@dataclass(frozen=True)
class Performance:
    """What the mannequin did.

    Attributes:
        fps: frames per second.
        positions: (T, 15, 3), joint centres of the segments in the world, metres.
        rotations: (T, 15, 3, 3), orientations of the segments.
        contact_force: (T, 2, 3), force of the floor on each foot of `FEET`, newtons, a mean over the frame's interval;
            NaN if the motion was not simulated.
        com: (T, 3), centre of mass, metres; NaN likewise.
        com_velocity: (T, 3), metres per second; NaN likewise.
        mass: of the simulated body, kg.
    """

    fps: float
    positions: Float[np.ndarray, "T 15 3"]
    rotations: Float[np.ndarray, "T 15 3 3"]
    contact_force: Float[np.ndarray, "T 2 3"]
    com: Float[np.ndarray, "T 3"]
    com_velocity: Float[np.ndarray, "T 3"]
    mass: float

    def first(self, count: int) -> Performance:
        """The first ``count`` frames of it."""
        per_frame = ("positions", "rotations", "contact_force", "com", "com_velocity")
        return replace(self, **{name: getattr(self, name)[:count] for name in per_frame})

    @classmethod
    def kinematic(
        cls, mannequin: Mannequin, fps: float, root: Float[np.ndarray, "T 3"], rotations: Float[np.ndarray, "T 15 3 3"]
    ) -> Performance:
        """A motion without forces: pelvis (T, 3) and orientations (T, 15, 3, 3)."""
        unknown = np.full((len(root), 3), np.nan)
        force = np.full((len(root), 2, 3), np.nan)
        return cls(fps, mannequin.forward(root, rotations), rotations, force, unknown, unknown, mannequin.mass)


def write(
    folder: Path,
    mannequin: Mannequin,
    performance: Performance,
    camera: Pinhole,
    name: str = "clip",
    colours: Mapping[str, tuple[float, float, float]] = COLOURS,
    props: Sequence[Prop] = (),
    seed: int = 0,
    path: Sequence[Pinhole] = (),
) -> DemoClip:
    """Render ``performance`` and write ``<name>.mp4``, ``truth.npz`` and ``camera.toml`` into ``folder``.

    ``seed`` is that of the room, ``props`` what else is in it, ``colours`` those of the clothes. Where the camera
    moves, ``path`` says how in each frame; truth and calibration say where it is in the first one, and the truth how it
    is turned in each, ``camera_axes`` (T, 3, 3), and its focal lengths, ``camera_focal`` (T,), pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clip = DemoClip(folder / f"{name}.mp4", folder / "truth.npz", folder / "camera.toml")
    images = render(mannequin, camera, performance.positions, performance.rotations, seed, colours, props, path)
    _encode(clip.video, images, camera.image_size, performance.fps)
    count = len(performance.positions)
    np.savez_compressed(
        clip.truth,
        fps=performance.fps,
        time=np.arange(count) / performance.fps,
        joint_names=np.array(landmarks.NAMES),
        joints=mannequin.landmarks(performance.positions, performance.rotations),
        tracked=np.ones(count, dtype=bool),
        contact_names=np.array(FEET),
        contact_force=performance.contact_force,
        com=performance.com,
        com_velocity=performance.com_velocity,
        camera_K=camera.K,
        camera_R=camera.R_camera_world,
        camera_t=camera.t_camera_world,
        image_size=np.array(camera.image_size),
        height=mannequin.height,
        mass=performance.mass,
        **_moving(path),
    )
    clip.camera.write_text(calibration(camera))
    return clip


def _moving(path: Sequence[Pinhole]) -> dict[str, Any]:
    if not path:
        return {}
    axes = np.concatenate([camera.axes for camera in path])
    return {"camera_axes": axes, "camera_focal": np.array([camera.K[0, 0] for camera in path])}


def _encode(path: Path, images: Iterable[UInt8[np.ndarray, "H W 3"]], size: tuple[int, int], fps: float) -> None:
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=round(fps), options={"crf": "23", "preset": "slow"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def calibration(camera: Pinhole) -> str:
    """The calibration file, in the form that Pose2Sim writes: sizes in pixels, rotation a Rodrigues vector, metres."""
    width, height = camera.image_size
    rotation = Rotation.from_matrix(camera.R_camera_world).as_rotvec()
    return "\n".join(
        [
            f"[{CAMERA}]",
            f'name = "{CAMERA}"',
            f"size = [ {width:.1f}, {height:.1f}]",
            f"matrix = {[[float(x) for x in row] for row in camera.K]}",
            "distortions = [ 0.0, 0.0, 0.0, 0.0]",
            f"rotation = {[float(x) for x in rotation]}",
            f"translation = {[float(x) for x in camera.t_camera_world]}",
            "fisheye = false",
            "",
            "[metadata]",
            "adjusted = false",
            "error = 0.0",
            "",
        ]
    )
