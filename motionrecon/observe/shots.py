"""The shot of a film that is reconstructed, where cuts show the person from elsewhere, or at another time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Recording
from motionrecon.views import spans

#: So many cuts are told by their times.
_TOLD = 5


def one_shot(
    run: Run, recording: Recording, keypoints: Keypoints, options: Options, alone: bool
) -> tuple[Keypoints, Bool[np.ndarray, " T"]]:
    """The keypoints of the background before which the person is seen longest, and which frames show it.

    In the frames of other shots nobody counts as seen, which is said. Where the camera is said to stand, whatever the
    background shows, and of one of several cameras, whose calibration may be that of any shot, a cut is only said.
    """
    tracks, count = keypoints.background, len(keypoints)
    everything = np.ones(count, bool)
    if tracks is None:
        return keypoints, everything
    scenes = tracks.scene_of(tracks.first + np.arange(count))
    cuts = np.flatnonzero(np.diff(scenes)) + 1
    longest = int(np.bincount(scenes, keypoints.tracked).argmax())
    shown = scenes == longest
    if len(cuts):
        times = [f"{recording.clock.shown_at(frame):.2f}" for frame in cuts[:_TOLD].tolist()]
        more = f" and {len(cuts) - _TOLD} times more" if len(cuts) > _TOLD else ""
        said = f"the film is cut at {', '.join(times)} s{more} (or the camera pans too fast to be followed)"
        if not alone or options.camera_motion == "static":
            what = (
                "one of several cameras must not be cut" if not alone else "camera_motion=static takes all for one shot"
            )
            said += f": {what}; give an uncut part with start=... and end=..."
            shown, longest = everything, int(scenes[0])
        else:
            ends = [(one.start, one.stop) for one in spans(shown)]
            parts = [
                f"{recording.clock.shown_at(a):.2f} to {recording.clock.shown_at(b):.2f} s" for a, b in ends[:_TOLD]
            ]
            said += (
                f": only what is shown from {' and '.join(parts)} is reconstructed, where the person is seen longest; "
                "in other frames nobody counts as seen (start=... and end=... choose another shot)"
            )
        run.warn(said if not recording.name else f"{recording.name}: {said}")
    scene = tracks.of_scene(longest)
    return replace(_only(keypoints, shown), background=scene if len(scene) or not longest else None), shown


def _only(keypoints: Keypoints, shown: Bool[np.ndarray, " T"]) -> Keypoints:
    """The same with nobody seen but in some of the frames."""
    if shown.all():
        return keypoints
    at, hands = shown[:, None], keypoints.hands
    if hands is not None:
        wide = shown[:, None, None, None]
        hands = HandKeypoints(
            np.where(wide, hands.pixels, np.nan), np.where(wide, hands.points_3d, np.nan), hands.confidence * at
        )
    return replace(
        keypoints,
        pixels=np.where(at[..., None], keypoints.pixels, np.nan),
        confidence=keypoints.confidence * at,
        points_3d=np.where(at[..., None], keypoints.points_3d, np.nan),
        tracked=keypoints.tracked & shown,
        hands=hands,
    )
