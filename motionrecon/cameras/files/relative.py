"""Cameras that a file places relative to each other, in the frame of the first: a stereo pair, a chain.

``cv2.stereoCalibrate`` gives one R and T beside the intrinsics of two cameras, which carry points from the first one's
axes to the second one's. Kalibr gives each camera but the first ``T_cn_cnm1``, from the axes of the one before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionrecon.cameras.files.sections import POSE, Section
from motionrecon.cameras.files.values import pose_of


def placed(cameras: list[Section], poses: list[Section]) -> list[Section]:
    """The same cameras, with poses in the frame of the first where the file places them so.

    Args:
        cameras: of a file, in its order.
        poses: what the file says of a place without saying which camera's.

    Raises:
        InputError: what links two of them is no rotation or no translation.
    """
    if any("chained" in camera for camera in cameras):
        return _chain(cameras)
    for pose in poses:
        below = [camera for camera in cameras if camera.path[: len(pose.path)] == pose.path]
        both = "extrinsics" in pose or ("rotation" in pose and "translation" in pose)
        if both and len(below) == 2 and not any(POSE & camera.values.keys() for camera in below):
            first, second = _in_order(below)
            moved = {id(first): _at_origin(first), id(second): _joined(second, pose)}
            cameras = [moved.get(id(camera), camera) for camera in cameras]
    return cameras


def _in_order(pair: list[Section]) -> list[Section]:
    """The first camera and the second: 1 and 2, left and right; else as they stand in the file."""
    names = [(camera.path[-1] if camera.path else "").lower() for camera in pair]
    known = all(name.isdecimal() for name in names) or {name[:1] for name in names} == {"l", "r"}
    return [pair[i] for i in sorted((0, 1), key=names.__getitem__)] if known else pair


def _chain(cameras: list[Section]) -> list[Section]:
    """Cameras of which each is placed in the frame of the one before."""
    found = []
    so_far = np.eye(4)
    for camera in cameras:
        if "chained" in camera:
            link = Section(
                camera.path, {"extrinsics": camera.values["chained"]}, {"extrinsics": camera.keys["chained"]}
            )
            pose = pose_of(f"camera {camera.called}", link)
            assert pose is not None
            step = np.eye(4)
            step[:3, :3], step[:3, 3] = pose
            so_far = step @ so_far
        found.append(_with(camera, {"rotation": so_far[:3, :3].tolist(), "translation": so_far[:3, 3].tolist()}))
    return found


def _at_origin(camera: Section) -> Section:
    return _with(camera, {"rotation": np.eye(3).tolist(), "translation": [0.0, 0.0, 0.0]})


def _joined(camera: Section, pose: Section) -> Section:
    named = {name for name in POSE if name in pose}
    keys = {name: pose.keys[name] for name in named}
    return replace(camera, values=camera.values | {n: pose.values[n] for n in named}, keys=camera.keys | keys)


def _with(camera: Section, values: dict[str, object]) -> Section:
    return replace(camera, values=camera.values | values, keys={name: name for name in values} | camera.keys)
