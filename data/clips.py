"""Where the clips that ship with motionrecon are."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import NamedTuple


class DemoClip(NamedTuple):
    """The files of the demo clip: a rendered mannequin whose motion, made by a simulation, is known exactly.

    Attributes:
        video: H.264 video.
        truth: .npz with the keys of a motion file (``joints``, ``camera_K``, ...), ``contact_force`` (T, 2, 3) per
            foot in newtons (named by ``contact_names``), and the person's ``height`` (m) and ``mass`` (kg).
        camera: OpenCV/Pose2Sim calibration whose one camera is called `CAMERA`.
    """

    video: Path
    truth: Path
    camera: Path


#: The name of the demo's camera in its calibration file.
CAMERA = "demo"


def demo_clip() -> DemoClip:
    """The demo clip's files, wherever motionrecon is installed."""
    folder = Path(str(resources.files("motionrecon.data"))) / "demo"
    return DemoClip(folder / "demo.mp4", folder / "truth.npz", folder / "camera.toml")
