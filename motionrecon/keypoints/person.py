"""From one person's track to keypoints: on the clip's clock, flips undone, jumps doubted, gaps marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motionrecon.core.landmarks import COUNT
from motionrecon.errors import InputError
from motionrecon.keypoints.choice import Choice
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.file import keypoints_of
from motionrecon.keypoints.flips import undo_flips
from motionrecon.keypoints.outliers import doubt_jumps
from motionrecon.keypoints.tracks import Track
from motionrecon.keypoints.types import HandKeypoints, Keypoints


def mended(
    track: Track,
    count: int,
    fps: float,
    image_size: tuple[int, int],
    name: str,
    cuts: Sequence[int] = (),
    looks: Sequence[Sequence[Detection]] = (),
    every: int = 1,
) -> Keypoints:
    """Keypoints of a track in a clip of ``count`` frames called ``name``, cut at ``cuts``; ``warnings`` says it all.

    ``looks`` are of mirrored pictures, ``every`` frames apart (`motionrecon.keypoints.flips.undo_flips`).

    Raises:
        InputError: the track has fewer than two frames.
    """
    if len(track.frames) < 2:
        raise InputError(
            f"no person was found in {name}; the whole body must be in view, upright and not too small "
            "(another start=... or end=..., or detector=heavy, may help)"
        )
    keypoints, flips = undo_flips(on_clock(track, count, fps, image_size), cuts, looks, every)
    keypoints, _ = doubt_jumps(keypoints)
    warnings = []
    missing = int((~keypoints.tracked).sum())
    if missing:
        warnings.append(
            f"the person is not seen in {missing} of {count} frames of {name}; these are marked, and where it lasts "
            "longer than half a second the body waits in its last pose"
        )
    exchanged = int(flips.sum())
    if exchanged:
        warnings.append(
            f"the detector exchanged left and right in {exchanged} of {count} frames of {name}; this was undone"
        )
    return replace(keypoints, warnings=tuple(warnings))


def crowd_warning(track: Track, others: Sequence[Track], name: str, choice: Choice) -> tuple[str, ...]:
    """A warning if there are others than the person followed, whom ``choice`` chose."""
    if not others:
        return ()
    frames = [frame for one in (track, *others) for frame in one.frames]
    at_once = int(np.bincount(frames).max())
    how_many = f"{at_once} people at once" if at_once > 1 else "several people one after the other"
    who, choose = "the largest one that stays longest", "; list_people(...) shows all, and person=... chooses another"
    if choice.number is not None:  # one of this video's own numbers, whatever the person's is in several
        who = f"number {choice} that list_people(...) gives for the same start and end"
    elif choice.point is not None:
        who = f"the one at {choice}"
    more = choose if choice.number is None and choice.point is None else ""
    return (f"{name} shows {how_many}; {who} is followed{more}",)


def on_clock(track: Track, count: int, fps: float, image_size: tuple[int, int]) -> Keypoints:
    """A track as arrays with one row a frame; frames without the person are NaN."""
    pixels = np.full((count, COUNT, 2), np.nan)
    confidence = np.zeros((count, COUNT))
    points_3d = np.full((count, COUNT, 3), np.nan)
    for frame, detection in zip(track.frames, track.detections, strict=True):
        pixels[frame], confidence[frame] = detection.pixels, detection.confidence
        points_3d[frame] = detection.points_3d
    return replace(keypoints_of(pixels, confidence, points_3d, fps, image_size), hands=_hands(track, count))


def _hands(track: Track, count: int) -> HandKeypoints | None:
    """The hands of a track, one row a frame; None where nobody looked for them."""
    looked = [(k, one.hands) for k, one in zip(track.frames, track.detections, strict=True) if one.hands is not None]
    if not looked:
        return None
    found = HandKeypoints(np.full((count, 2, 21, 2), np.nan), np.full((count, 2, 21, 3), np.nan), np.zeros((count, 2)))
    for k, hands in looked:
        found.pixels[k], found.points_3d[k], found.confidence[k] = hands.pixels, hands.points_3d, hands.confidence
    return found
