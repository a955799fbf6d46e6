"""Cameras of a calibration file, fitted to videos."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.files.formats import parse
from motionrecon.cameras.files.relative import placed
from motionrecon.cameras.files.sections import Section, find
from motionrecon.cameras.files.text import read_any_text
from motionrecon.cameras.files.values import Description, describe, pose_of, size_of
from motionrecon.cameras.files.vocabulary import meant
from motionrecon.cameras.files.write import ASSUMED_FOCAL_LENGTH, ASSUMED_HEIGHT, METADATA, Assumptions
from motionrecon.cameras.lens import check_lens
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.cameras.world import check_apart, check_world
from motionrecon.core.progress import Progress, Silent
from motionrecon.errors import InputError

#: Video codecs pad to blocks of 16 pixels: a calibration of 1088 lines fits a video of 1080, pixel by pixel.
_PADDING = 16
#: A camera is the world's origin if it is turned by less than 15 degrees, whose cosine this is, and is nearer than this
#: share of the farthest one.
_STRAIGHT_UP, _NEAR_ORIGIN = 0.966, 0.15
#: Cameras and keys that a message lists.
_LISTED = 12


def load_camera(path: Path, name: str | None, image_size: tuple[int, int], progress: Progress | None = None) -> Pinhole:
    """One camera of a calibration file, fitted to a video.

    Args:
        path: the file: TOML (Pose2Sim, Caliscope, aniposelib), YAML, XML or JSON (OpenCV's FileStorage, or plain).
        name: the camera's name, or its place in the file; None where the file holds only one.
        image_size: (width, height) of the video, pixels. Intrinsics of another resolution of the same shape are scaled
            to it, with a warning.
        progress: where warnings go.

    Returns:
        The camera; ``calibrated`` if the file holds its rotation and translation, world to camera, in metres (or in the
        ``unit`` that it names), in a Z-up world whose floor is near z = 0.

    Raises:
        InputError: the file cannot be read, the camera is not in it, does not fit the video, or cannot be.
    """
    progress = progress or Silent()
    sections = _sections(path)
    camera = _lens(*_choose(path, sections, name), image_size, progress)
    if camera.pose is None:
        return camera.posed(LEVEL, np.zeros(3), False)
    known, warnings = check_world(camera.where, *camera.pose, _origin(sections))
    for warning in warnings:
        progress.warn(warning)
    return camera.posed(*camera.pose, True) if known else camera.posed(LEVEL, np.zeros(3), False)


def camera_names(path: Path) -> list[str]:
    """What the cameras of a calibration file are called, in its order.

    Raises:
        InputError: the file cannot be read, or holds no camera.
    """
    sections = _sections(path)
    return [_label(section, sections) for section in sections]


def camera_size(path: Path, name: str | None) -> tuple[int, int] | None:
    """(width, height) in pixels of the pictures that a camera of a file was calibrated with; None if it does not say.

    Raises:
        InputError: the file cannot be read, or the camera is not in it.
    """
    where, section = _choose(path, _sections(path), name)
    size = size_of(where, section)
    return None if size is None else (round(size[0]), round(size[1]))


def assumptions(path: Path) -> Assumptions:
    """What a file says was assumed when its cameras were found from a person.

    Raises:
        InputError: the file cannot be read.
    """
    tree = _tree(path)
    said = tree.get(METADATA) if isinstance(tree, dict) else None
    if not isinstance(said, dict):
        return Assumptions()
    height = said.get(ASSUMED_HEIGHT)
    known = isinstance(height, int | float) and not isinstance(height, bool) and 0.0 < height < np.inf
    return Assumptions(height if known else None, said.get(ASSUMED_FOCAL_LENGTH) is True)


def load_rig(
    path: Path, names: Sequence[str], image_sizes: Sequence[tuple[int, int]], progress: Progress | None = None
) -> tuple[list[Pinhole], bool]:
    """Several cameras of a calibration file, in one world.

    Args:
        path, progress: as for `load_camera`.
        names: the cameras', one for each video.
        image_sizes: (width, height) of the videos, pixels.

    Returns:
        The cameras, and whether it is known where they are to each other. Where they are posed in the frame of one of
        them, none is ``calibrated``: up and the floor are to be found, and the world is that in which the first of
        them is level at the origin.

    Raises:
        InputError: as of `load_camera`; or some of the cameras have a pose, and some have not.
    """
    progress = progress or Silent()
    sections = _sections(path)
    chosen = [_choose(path, sections, name) for name in names]
    for where, section in chosen:
        if sum(other is section for _, other in chosen) > 1:
            raise InputError(f"{where} is given for several videos; give each one's own with camera_name=...")
    found = [_lens(*one, size, progress) for one, size in zip(chosen, image_sizes, strict=True)]
    unposed = [camera.where for camera in found if camera.pose is None]
    if len(unposed) == len(found):
        return [camera.posed(LEVEL, np.zeros(3), False) for camera in found], False
    if unposed:
        raise InputError(f"{unposed[0]} has no rotation and translation, others have; give those of all or of none")
    poses = [camera.pose for camera in found if camera.pose is not None]
    for warning in check_apart([camera.where for camera in found], [-R.T @ t for R, t in poses]):
        progress.warn(warning)
    if _origin(sections) is None:
        for camera, pose in zip(found, poses, strict=True):
            for warning in check_world(camera.where, *pose)[1]:
                progress.warn(warning)
        return [camera.posed(*pose, True) for camera, pose in zip(found, poses, strict=True)], True
    progress.warn(
        f"the cameras of {path} are posed in one camera's own frame, whose up and floor nobody knows: both are found"
    )
    turn, shift = LEVEL.T @ poses[0][0], LEVEL.T @ poses[0][1]  # the first camera's frame, made level
    return [camera.posed(R, t, False).in_world(turn, shift) for camera, (R, t) in zip(found, poses, strict=True)], True


@dataclass(frozen=True)
class _Lens:
    """A camera of a file without its place in the world.

    Attributes:
        where: how messages call it.
        K, distortion, image_size: as of `Pinhole`.
        pose: (R, t), world to camera, metres, if the file says it.
    """

    where: str
    K: Float[np.ndarray, "3 3"]
    distortion: Float[np.ndarray, " n"]
    image_size: tuple[int, int]
    pose: tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]] | None

    def posed(self, R: Float[np.ndarray, "3 3"], t: Float[np.ndarray, " 3"], calibrated: bool) -> Pinhole:
        return Pinhole(self.K, self.image_size, R, t, self.distortion, calibrated)


def _sections(path: Path) -> list[Section]:
    """The cameras of a file.

    Raises:
        InputError: it cannot be read, or holds none.
    """
    tree = _tree(path)
    cameras, poses = find(tree)
    sections = placed(cameras, poses)
    if not sections:
        raise _no_camera(path, tree)
    return sections


def _tree(path: Path) -> object:
    """What stands in a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return parse(read_any_text(path))
    except ValueError as error:
        raise InputError(f"camera file {path} {error}") from error


def _lens(where: str, section: Section, image_size: tuple[int, int], progress: Progress) -> _Lens:
    """What a section says of a camera, fitted to a video."""
    found = describe(where, section, image_size)
    for warning in found.warnings:
        progress.warn(warning)
    K = found.K if found.size is None else _fitted(found, found.size, image_size, progress)
    for warning in check_lens(where, K, image_size, found.distortion):
        progress.warn(warning)
    # The projection has no skew; check_lens has said what that changes.
    K = K * np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    return _Lens(where, K, found.distortion, image_size, found.pose)


def _no_camera(path: Path, tree: object) -> InputError:
    """The error for a file in which no camera was found, with what was found instead."""
    wanted = f"it needs an intrinsic matrix, called {', '.join(('matrix', 'camera_matrix', 'K'))} or alike"
    if not isinstance(tree, dict | list) or not tree:
        return InputError(f"camera file {path} holds no camera: {'it is empty' if not tree else wanted}")
    keys = list(_keys(tree))
    listed = ", ".join(keys[:_LISTED]) + (", ..." if len(keys) > _LISTED else "")
    return InputError(
        f"camera file {path} holds no camera: {wanted}; found {listed}{meant(keys[:100], 'matrix', 'fx')}"
    )


def _keys(tree: object, depth: int = 0) -> Iterator[str]:
    """The keys of a tree, those on top first."""
    if depth > 3:
        return
    values = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    if isinstance(tree, dict):
        yield from map(str, tree)
    for value in values:
        yield from _keys(value, depth + 1)


def _choose(path: Path, sections: list[Section], name: str | None) -> tuple[str, Section]:
    """The camera called ``name``, and how to call it in a message."""
    known = _listed([_label(section, sections) for section in sections])
    if name is None:
        if len(sections) > 1:
            raise InputError(
                f"camera file {path} holds {len(sections)} cameras; pick one with camera_name=...: {known}"
            )
        found = sections
    else:
        # The place in the file is one camera's only; names may be given twice.
        found = [s for s in sections if name in (".".join(s.path), *s.path[-1:])]
        found = found if len(found) == 1 else [s for s in sections if name in s.names]
    if len(found) > 1:
        raise InputError(f"camera_name={name} is {len(found)} cameras of {path}; pick one of {known}")
    if not found:
        labels = [label for section in sections for label in section.names if label]
        close = difflib.get_close_matches(str(name), labels, 1, 0.6)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"camera_name={name} is not in {path}; its cameras are {known}{hint}")
    called = _label(found[0], sections)
    return f"camera {called} of {path}" if called else f"the camera of {path}", found[0]


def _label(section: Section, sections: list[Section]) -> str:
    """What to call a camera by: its name, or its place in the file where others have the same name."""
    alone = sum(other.called == section.called for other in sections) == 1
    return section.called if alone else ".".join(section.path)


def _listed(labels: list[str]) -> str:
    more = len(labels) - 5 * _LISTED
    return ", ".join(labels[: 5 * _LISTED]) + (f" and {more} more" if more > 0 else "")


def _origin(sections: list[Section]) -> str | None:
    """The camera in whose frame all cameras of the file are posed, if there is one.

    It stood there when the calibration began, and is still near there when it has been refined: no camera that films a
    person lies on the floor of a Z-up world, at its origin, and looks straight up.
    """
    poses = []
    for section in sections:
        with suppress(InputError):  # another camera's fault is not this one's
            pose = pose_of("", section)
            if pose is not None:
                poses.append((section, *pose))
    far = max((float(np.abs(t).max()) for _, _, t in poses), default=0.0)
    for section, R, t in poses:
        if R[2, 2] > _STRAIGHT_UP and np.trace(R) > 1 + 2 * _STRAIGHT_UP and np.abs(t).max() <= _NEAR_ORIGIN * far:
            return section.called
    return None


def _fitted(
    found: Description, size: Float[np.ndarray, " 2"], image_size: tuple[int, int], progress: Progress
) -> Float[np.ndarray, "3 3"]:
    """Intrinsics for a video of ``image_size`` from those of a camera of ``size``."""
    where, K, video = found.where, found.K, np.array(image_size, dtype=float)
    if (np.abs(video - size) <= _PADDING).all():
        return K
    scale = video / size
    sizes = f"was calibrated at {size[0]:g} x {size[1]:g}, but the video has {video[0]:g} x {video[1]:g} pixels"
    if abs(scale[0] / scale[1] - 1) > 0.01:
        turned = size[::-1]
        if (np.abs(video - turned) <= _PADDING).all() and _off(K, turned) < 0.1 < _off(K, size):
            progress.warn(f"{where} {sizes}; its principal point says that its size is height, width, and was read so")
            return K
        why = "one of them is rotated" if (video[0] > video[1]) != (size[0] > size[1]) else "another shape"
        raise InputError(f"{where} {sizes} ({why}); give a calibration of this video")
    progress.warn(f"{where} {sizes}; its intrinsics were scaled by {scale[0]:.3g}")
    scaled = K.copy()
    # A pixel's centre has whole coordinates, so the image's corner, which scaling leaves in place, is at -0.5.
    scaled[:2] *= scale[:, None]
    scaled[:2, 2] += (scale - 1) / 2
    return scaled


def _off(K: Float[np.ndarray, "3 3"], size: Float[np.ndarray, " 2"]) -> float:
    """How far the principal point is from the middle of a picture, as a share of its side."""
    return float(np.abs(K[:2, 2] / size - 0.5).max())
