"""The first stage: what was seen of the person, in videos or in somebody's keypoints."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.background.film import tracks_of
from motionrecon.background.motion import ASSUMED, STATIC, TURNS, UNKNOWN, ZOOMS, CameraMotion, camera_motion
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.cameras.lines import lines
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.cache import Checkpoint
from motionrecon.core.files import sha256
from motionrecon.core.progress import OfOne
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, detect_keypoints
from motionrecon.keypoints.clip import detect_there
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Recording, Source
from motionrecon.video import frames
from motionrecon.views import View

#: Degrees that one of several cameras may sway without harm.
_SWAYS = 1.0
#: Frames with a person that a motion needs at least.
FEWEST_FRAMES = 4
#: Pictures of a film that are searched for straight lines: one for so many seconds, and no more than so many.
_LOOK_EVERY, _LOOKS = 5.0, 3


def observe(run: Run, source: Source, options: Options) -> tuple[tuple[View, ...], tuple[HandKeypoints | None, ...]]:
    """What was seen, one view for each camera, all on the first one's clock; and the hands, in each one's own frames.

    Raises:
        InputError: nobody is there, or too seldom; or cameras do not fit together.
        ModelError: the detector's model cannot be had.
    """
    with run.timed("keypoints"), _kept(run, source) as kept:
        if len(source.recordings) > 1:
            from motionrecon.rig.following import followed

            source = followed(run, source, options, kept)
        seen = [_keypoints(run, source, i, options, kept[i]) for i in range(len(source.recordings))]
    hands = tuple(one.hands if options.hands else None for one in seen)
    motions = [_camera_motion(run, source, options, *pair) for pair in zip(source.recordings, seen, strict=True)]
    if len(seen) == 1:
        view = View.of(seen[0], motions[0].camera, source.leader.clock)
        views: tuple[View, ...] = (replace(view, lens_found=motions[0].lens_found),)
    else:
        from motionrecon.rig.stage import together

        views = together(run, source, seen, options)
    kinds = [motion.kind for motion in motions]
    views = tuple(replace(view, camera_motion=kind) for view, kind in zip(views, kinds, strict=True))
    return _with_lines(run, source, seen, views), hands


def _with_lines(run: Run, source: Source, seen: Sequence[Keypoints], views: tuple[View, ...]) -> tuple[View, ...]:
    """The views with the straight lines behind the person, where these are needed to know which way is up."""
    if all(view.camera.calibrated for view in views):
        return views
    with run.timed("lines"):
        each = zip(source.recordings, seen, views, strict=True)
        return tuple(replace(one[2], lines=behind(*one)) for one in each)


def behind(recording: Recording, keypoints: Keypoints, view: View | None = None) -> Float[np.ndarray, "L 2 2"]:
    """Ends of straight lines behind the person in some pictures of a film, without the lens's distortion.

    None without a film. Where the view's camera turns, they are where the first picture would have them.
    """
    found = [np.zeros((0, 2, 2))]
    camera = recording.camera if view is None else view.camera
    film = recording.video
    if film is not None:
        fps, count = keypoints.fps, len(keypoints)  # given ones may be of another rate than the film, and longer
        first = round((recording.start or 0.0) * fps)
        looks = min(_LOOKS, 1 + int(count / fps / _LOOK_EVERY))
        if view is not None and view.camera_motion == UNKNOWN:
            looks = 1  # others are looked at from elsewhere
        for frame in np.linspace(0, count, looks, endpoint=False).astype(int).tolist():
            start = (first + frame) / fps
            if start > film.duration - 2 / film.fps:
                break
            around = keypoints.pixels[frame]
            known = np.isfinite(around).all(axis=1)
            people = [np.concatenate([around[known].min(axis=0), around[known].max(axis=0)])] if known.any() else []
            with closing(frames(film.path, start, info=film)) as pictures:
                picture = next(pictures, None)
            if picture is not None:
                ends = camera.undistort(lines(picture, people))
                found.append(camera.in_first_picture(ends, frame) if isinstance(camera, PanTiltZoom) else ends)
    whole = np.concatenate(found)
    return whole[np.isfinite(whole).all(axis=(1, 2))]


def _camera_motion(
    run: Run, source: Source, options: Options, recording: Recording, keypoints: Keypoints
) -> CameraMotion:
    """What the camera of a recording does; a warning where that is not known, and it is taken to stand still."""
    camera, alone = recording.camera, len(source.recordings) == 1
    if not isinstance(camera, Pinhole):  # one that knows how it moves
        return CameraMotion(ASSUMED, camera)
    tracks, lens_known = keypoints.background, not source.assumed.focal_length
    if tracks is None and alone and recording.keypoints is not None and options.camera_motion == "auto":
        tracks = _followed(run, recording, keypoints)
    motion = camera_motion(tracks, camera, len(keypoints), recording.clock, lens_known)
    why = motion.why
    if not alone and motion.kind in (TURNS, ZOOMS):
        why = f"the camera turns by {motion.turned:.1f} degrees, and several cameras must stand still: use tripods"
        motion = CameraMotion(ASSUMED if motion.turned < _SWAYS and motion.kind == TURNS else UNKNOWN, camera)
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


@contextmanager
def _kept(run: Run, source: Source) -> Iterator[list[Path | None]]:
    """Where each recording's detections are kept: with the run, or else until all cameras agree whom to follow."""
    count = len(source.recordings)
    if count == 1:
        yield [run.cache]
    elif run.cache is not None:
        yield [run.cache / f"camera_{number + 1}" for number in range(count)]
    else:
        with tempfile.TemporaryDirectory(prefix="motionrecon-") as folder:
            yield [Path(folder) / f"camera_{number + 1}" for number in range(count)]


def _keypoints(run: Run, source: Source, number: int, options: Options, kept: Path | None) -> Keypoints:
    """The keypoints of one recording, given or detected."""
    recording, keypoints = source.recordings[number], source.recordings[number].keypoints
    alone = len(source.recordings) == 1
    if keypoints is None:
        assert recording.video is not None
        what = (recording.path, options.detector, recording.start, recording.end)
        progress = run.progress if alone else OfOne(run.progress, recording.name)
        if recording.boxes is None:
            keypoints = detect_keypoints(*what, kept, progress, recording.person, options.hands)
        else:
            keypoints = detect_there(*what, recording.boxes, kept, progress, options.hands)
    for text in keypoints.warnings:
        run.warn(text if alone else f"{recording.name}: {text}")
    seen = int((keypoints.confidence > 0).any(1).sum())  # a file may mark frames in which it is sure of nothing
    if seen < FEWEST_FRAMES:
        where = options.keypoints[number] if options.keypoints else recording.path
        raise InputError(f"{where}: a person is seen in {seen} frames only; a motion needs {FEWEST_FRAMES}")
    return keypoints
