"""The clip that ships with motionrecon: how it is reconstructed, and how far the result is from the exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionrecon.data.clips import CAMERA, demo_clip
from motionrecon.result import metrics
from motionrecon.result.folder import is_as_written, read_marker

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def video() -> Path:
    """The clip's video."""
    return demo_clip().video


def given() -> dict[str, Any]:
    """What the user of a measured camera would say about the clip: its calibration; the man's height and mass."""
    truth = _truth()
    person = {"height": float(truth["height"]), "mass": float(truth["mass"]), "sex": "male"}
    return {"camera": demo_clip().camera, "camera_name": CAMERA, **person}


def is_demo(folder: Path) -> bool:
    """Whether a folder holds an older demo that nobody has changed, and which a new one may replace."""
    marker = read_marker(folder)
    camera = None if marker is None else marker["options"].get("camera")
    return isinstance(camera, str) and Path(camera).name == demo_clip().camera.name and is_as_written(folder)


def compare(motion: Motion) -> dict[str, float]:
    """Errors of a motion of the clip against its truth.

    The joints are carried through the motion's camera into the truth's world, so what is compared is what the camera
    saw, whatever the motion's own world is.

    Returns:
        ``metrics.pose_errors``, and ``vertical_force_percent`` if the motion was simulated.
    """
    truth = _truth()
    names = tuple(str(name) for name in truth["joint_names"])
    frames = min(len(motion), len(truth["joints"]))
    joints = motion.camera.to_camera(metrics.pick(motion.joints[:frames], motion.joint_names, metrics.JOINTS))
    joints = (joints - truth["camera_t"]) @ truth["camera_R"]
    reference = metrics.pick(truth["joints"][:frames], names, metrics.JOINTS)
    errors = metrics.pose_errors(joints, reference, motion.fps)
    if len(motion.ctrl):
        force, true_force = (f[:frames, :, 2].sum(1) for f in (motion.contact_force, truth["contact_force"]))
        errors["vertical_force_percent"] = metrics.vertical_force_error(force, true_force)
    return errors


def as_text(errors: dict[str, float]) -> str:
    """The errors in a line."""
    line = f"MPJPE {errors['mpjpe_mm']:.1f} mm, PA-MPJPE {errors['pa_mpjpe_mm']:.1f} mm"
    if "vertical_force_percent" in errors:
        line += f", vertical ground force off by {errors['vertical_force_percent']:.1f} % in stance"
    return f"against the exact ground truth: {line}"


def _truth() -> dict[str, np.ndarray]:
    with np.load(demo_clip().truth, allow_pickle=False) as file:
        return dict(file)
