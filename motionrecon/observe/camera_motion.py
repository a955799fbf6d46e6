"""What the camera of a recording does: of what was followed while it was detected, or is followed here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from motionrecon.background.film import tracks_of
from motionrecon.background.motion import ASSUMED, REFRAMED, STATIC, TURNS, UNKNOWN, ZOOMS, CameraMotion, camera_motion
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.cache import Checkpoint
from motionrecon.core.files import sha256
from motionrecon.keypoints import Keypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Recording, Source

#: Degrees that one of several cameras may sway without harm.
_SWAYS = 1.0
#: Share of its width by which the picture of one may be shifted.
_SHIFTS = 0.015


def with_background(run: Run, source: Source, recording: Recording, keypoints: Keypoints) -> Keypoints:
    """The keypoints of a recording with what is followed of its background in a film beside them, if they lack that."""
    alone, given = len(source.recordings) == 1, recording.keypoints is not None
    if keypoints.background is None and alone and given and isinstance(recording.camera, Pinhole):
        return replace(keypoints, background=_followed(run, recording, keypoints))
    return keypoints


def camera_motion_of(
    run: Run,
    source: Source,
    options: Options,
    recording: Recording,
    keypoints: Keypoints,
    shown: Bool[np.ndarray, " T"],
) -> CameraMotion:
    """What the camera of a recording does; a warning where that is not known, and it is taken to stand still.

    Args:
        shown: the frames of one shot.
    """
    camera, alone = recording.camera, len(source.recordings) == 1
    if not isinstance(camera, Pinhole):  # one that knows how it moves
        return CameraMotion(ASSUMED, camera)
    tracks, lens_known = keypoints.background, not source.assumed.focal_length
    motion = camera_motion(tracks, camera, shown, lens_known)
    why = motion.why
    if not alone and motion.kind in (TURNS, ZOOMS):
        why = f"the camera turns by {motion.turned:.1f} degrees, and several cameras must stand still: use tripods"
        motion = CameraMotion(ASSUMED if motion.turned < _SWAYS and motion.kind == TURNS else UNKNOWN, camera)
    elif not alone and motion.kind == REFRAMED:
        why = (
            f"its picture is a window that moves by {100 * motion.shifted:.1f} % of its width over what a camera filmed"
        )
        why += ", and those of several cameras must show all of it: give the films as they were taken"
        motion = CameraMotion(ASSUMED if motion.shifted < _SHIFTS else UNKNOWN, camera)
    if options.camera_motion == "static" and motion.kind != STATIC:
        motion, why = CameraMotion(ASSUMED, camera), ""
    if motion.kind == UNKNOWN:
        why += "; the motion is not simulated (camera_motion=static takes the camera to stand still)"
    if why:
        run.warn(why if alone else f"{recording.name}: {why}")
    return motion


def _followed(run: Run, recording: Recording, keypoints: Keypoints) -> BackgroundTracks | None:
    """What is followed of the background of a film whose keypoints were given; None without a film."""
    video = recording.video
    if video is None:
        return None
    part = [recording.start, recording.end, keypoints.fps]
    kept = Checkpoint(run.cache, "background", {"video": sha256(video.path), "part": part, "pixels": keypoints.pixels})
    saved = kept.load(run.progress)
    if saved is not None:
        return unpack(BackgroundTracks, saved)
    with run.stage("background", len(keypoints)) as advance:
        found = tracks_of(video, recording.start, recording.end, keypoints.fps, keypoints.pixels, advance)
    kept.save(pack(found))
    return found
