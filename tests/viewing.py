"""What the viewer's tests share: a motion whose pictures tell the frame, a clip that does, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import mujoco
import numpy as np
from support import HANGS, require

from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.core import landmarks
from motionrecon.result.motion import Motion

FPS = 20.0
FRAMES = 12
HEIGHTS = 4  # the left hand runs through so many heights while the right one waits at each of its own
HAND = 0.12  # radius, metres; neighbouring heights are further apart than two hands

#: The landmarks, which all ride on the pelvis: arms and legs are no bodies here.
SITES = "".join(
    f'<site name="{name}" pos="{0.05 * np.sin(i):.3f} {0.1 * np.cos(2 * i):.3f} {0.1 * np.sin(3 * i):.3f}"/>'
    for i, name in enumerate(landmarks.NAMES)
)
MJCF = f"""
<mujoco model="viewer test">
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1"/>
    <body name="pelvis" pos="0 0 1">
      <freejoint name="root"/>
      <geom type="capsule" size="0.15 0.3" mass="60"/>
      {SITES}
      <body name="left_hand" pos="0 0.6 0">
        <joint name="left" type="slide" axis="0 0 1"/>
        <geom type="sphere" size="{HAND}" mass="1"/>
      </body>
      <body name="right_hand" pos="0 -0.6 0">
        <joint name="right" type="slide" axis="0 0 1"/>
        <geom type="sphere" size="{HAND}" mass="1"/>
      </body>
      <body name="left_foot" pos="0 0.2 -0.95">
        <geom name="left_heel" type="sphere" size="0.05" pos="-0.1 0 0" mass="1"/>
        <geom name="left_toe" type="sphere" size="0.05" pos="0.1 0 0" mass="1"/>
      </body>
    </body>
  </worldbody>
</mujoco>
"""


def make_motion(**report: Any) -> Motion:
    """A person who faces +x, with two hands whose heights tell the frame, and a left foot that rolls to its toe."""
    model = mujoco.MjModel.from_xml_string(MJCF)
    qpos = np.tile(model.qpos0, (FRAMES, 1))
    frame = np.arange(FRAMES)
    qpos[:, model.joint("left").qposadr[0]] = -0.45 + 0.3 * (frame % HEIGHTS)
    qpos[:, model.joint("right").qposadr[0]] = -0.3 + 0.3 * (frame // HEIGHTS)
    force = np.zeros((FRAMES, 2, 3))
    force[:, 0, 2] = np.linspace(400, 0, FRAMES)
    force[:, 1, 2] = np.linspace(0, 400, FRAMES)
    joints = np.tile([0.0, 0.0, 1.0], (FRAMES, landmarks.COUNT, 1))
    joints += np.random.default_rng(0).normal(0, 0.2, joints.shape[1:])
    return Motion(
        fps=FPS,
        joint_names=landmarks.NAMES,
        joints=joints,
        qpos=qpos,
        qvel=np.zeros((FRAMES, model.nv)),
        ctrl=np.zeros((0, model.nu)),
        timestep=model.opt.timestep,
        segments=np.zeros((0, 1 + model.nq + model.nv)),
        root_wrench=np.zeros((FRAMES, 6)),
        contact_force=force,
        contact_names=("left_heel", "left_toe"),
        joint_torque=np.zeros((FRAMES, model.nu)),
        camera=Pinhole(
            K=np.array([[600.0, 0, 320], [0, 600, 180], [0, 0, 1]]),
            image_size=(640, 360),
            R_camera_world=LEVEL,
            t_camera_world=-LEVEL @ np.array([0.0, -4.0, 1.2]),
            calibrated=True,
        ),
        tracked=frame != 5,
        model_xml=MJCF,
        report=report,
    )


def write_video(
    path: Path, frames: int, *, fps: int = 20, key_every: int = 12, size: tuple[int, int] = (64, 48)
) -> None:
    """A clip whose grey level tells the frame: 10 k + 5."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps, options={"g": str(key_every), "crf": "8"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for k in range(frames):
            picture = np.full((size[1], size[0], 3), 10 * k + 5, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


def decode(data: bytes) -> np.ndarray:
    """A JPEG or PNG as (H, W, 3) uint8 BGR."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)


def frame_number(jpeg: bytes) -> int:
    """Which frame of `write_video` a picture is."""
    return round((float(decode(jpeg).mean()) - 5) / 10)


#: Software WebGL, and no talk with anything but the page.
CHROMIUM_FLAGS = (
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--no-sandbox",
    "--disable-gpu-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def chromium(*flags: str) -> Iterator[Any]:
    """A headless browser; the test that asks is skipped where there is none."""
    path = find_chromium()
    require(path, "a Chromium or Chrome browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags], timeout=1000 * HANGS)
        yield browser
        browser.close()
