"""The shot of a film that is reconstructed, where cuts show the person from elsewhere, or at another time.

A cut shows in the background, or, where that stays, in the person, who is elsewhere, or in another pose, from one
picture to the next.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.core.landmarks import INDEX
from motionrecon.core.spans import spans
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.types import HandKeypoints
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Recording

#: So many cuts are told by their times.
_TOLD = 5
#: Sizes of the person, and sizes per second, by which nobody moves from one picture to the next, and how many times as
#: fast it must be as the person is in the pictures before and after it.
_REACH, _REACH_PER_SECOND, _SUDDENLY = 0.2, 2.0, 6.0
#: Sizes of the person by which half of the keypoints are elsewhere at once in another pose (beyond that the detector
#: was mistaken), and how many times as far as from any picture to the next before and after it. Of some 900 films and
#: rendered clips without such cuts none comes to that; of four such cuts in a film of a man on a treadmill three do.
_POSED, _MISTAKEN, _AT_ONCE = 0.05, 0.25, 3.5
#: Seconds over which a person may be unseen in between, and in which they must be seen on each side.
_UNSEEN, _LASTING = 0.25, 0.2
#: Frames by which what the detector sees may lag behind a cut.
_BESIDE = 3
_TRUNK = [INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "hip")]


def one_shot(
    run: Run, recording: Recording, keypoints: Keypoints, options: Options, alone: bool
) -> tuple[Keypoints, Bool[np.ndarray, " T"]]:
    """The keypoints of the background before which the person is seen longest, and which frames show it.

    In the frames of other shots nobody counts as seen, which is said. Where the camera is said to stand, whatever the
    background shows, and of one of several cameras, whose calibration may be that of any shot, a cut is only said.
    """
    tracks, count = keypoints.background, len(keypoints)
    everything = np.ones(count, bool)
    scenes = np.zeros(count, int) if tracks is None else tracks.scene_of(tracks.first + np.arange(count))
    backgrounds = scenes
    if alone:
        scenes = _distinct(scenes, _jumps(keypoints, _changes(scenes)))
    cuts = _changes(scenes)
    if not len(cuts):
        return _of_scene(keypoints, int(backgrounds[0])), everything
    longest = int(np.bincount(scenes, keypoints.tracked).argmax())
    shown = scenes == longest
    times = [f"{recording.clock.shown_at(frame):.2f}" for frame in cuts[:_TOLD].tolist()]
    more = f" and {len(cuts) - _TOLD} times more" if len(cuts) > _TOLD else ""
    said = f"the film is cut at {', '.join(times)} s of it{more} (or something moves too fast to be followed)"
    if not alone or options.camera_motion == "static":
        what = "one of several cameras must not be cut" if not alone else "camera_motion=static takes all for one shot"
        said += f": {what}; give an uncut part with start=... and end=..."
        shown, scene = everything, int(backgrounds[0])
    else:
        ends = [(one.start, one.stop) for one in spans(shown)]
        parts = [f"{recording.clock.shown_at(a):.2f} to {recording.clock.shown_at(b):.2f} s" for a, b in ends[:_TOLD]]
        said += (
            f": only what is shown from {' and '.join(parts)} of the film is reconstructed, where the person is seen "
            "longest; in other frames nobody counts as seen (start=... and end=... choose another shot)"
        )
        scene = int(backgrounds[shown][0])
    run.warn(said if not recording.name else f"{recording.name}: {said}")
    return _of_scene(_only(keypoints, shown), scene), shown


def _of_scene(keypoints: Keypoints, scene: int) -> Keypoints:
    """The same with what was followed of one background only, if anything was."""
    if keypoints.background is None:
        return keypoints
    tracks = keypoints.background.of_scene(scene)
    return replace(keypoints, background=tracks if len(tracks) or not scene else None)


def _changes(scenes: Int[np.ndarray, " T"]) -> Int[np.ndarray, " C"]:
    """The frames from which on another scene is shown."""
    return np.flatnonzero(np.diff(scenes)) + 1


def _distinct(scenes: Int[np.ndarray, " T"], jumps: list[tuple[int, bool]]) -> Int[np.ndarray, " T"]:
    """Scenes that are others from each jump on; where the person is back, the one before the last jump goes on."""
    part, parts = np.zeros(len(scenes), int), [0]
    for frame, back in jumps:
        parts.append(parts[-2] if back else max(parts) + 1)
        part[frame:] = parts[-1]
    return np.unique(scenes * (1 + max(parts)) + part, return_inverse=True)[1]


def _jumps(keypoints: Keypoints, cuts: Int[np.ndarray, " C"]) -> list[tuple[int, bool]]:
    """Frames from which on the person is elsewhere or in another pose, and whether they are where they were before the
    last time.

    Args:
        keypoints: of the film.
        cuts: frames from which on another background is shown: the person is elsewhere there anyway, and what was
            before tells nothing of who is back.
    """
    middle = keypoints.pixels[:, _TRUNK].mean(1)
    frames = np.flatnonzero(keypoints.tracked & np.isfinite(middle).all(1))
    if len(frames) < 3:
        return []
    seen = keypoints.pixels[frames]
    size = np.maximum((np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)).max(axis=1), 1.0)
    apart = np.diff(frames)
    way = np.linalg.norm(np.diff(middle[frames], axis=0), axis=1) / np.maximum(size[1:], size[:-1])
    speed, seconds = way / apart, apart / keypoints.fps
    far = (way > _REACH + _REACH_PER_SECOND * seconds) & (seconds <= _UNSEEN)
    lasting = max(2, round(_LASTING * keypoints.fps))
    posed = _other_poses(seen, size, lasting) & (apart == 1) & ~far
    found: list[tuple[int, bool]] = []
    left: tuple[int, np.ndarray] | None = None  # how many cuts there were when the last jump began, and where from
    last = 0
    for i in np.flatnonzero(far | posed).tolist():
        frame = int(frames[i + 1])
        if len(cuts) and np.abs(cuts - frame).min() <= _BESIDE:
            continue
        sides = speed[max(0, i - lasting) : i], speed[i + 1 : i + 1 + lasting]
        if min(map(len, sides)) < lasting - 1 or i + 1 - last < lasting:
            continue
        if not posed[i] and speed[i] < _SUDDENLY * max(float(np.median(side)) for side in sides):
            continue
        before = int(np.searchsorted(cuts, frame))
        there, here = middle[frames[i + 1]], middle[frames[i]]
        back = left is not None and left[0] == before and np.linalg.norm(there - left[1]) < _REACH * size[i + 1]
        found.append((frame, bool(back and not posed[i])))
        left, last = None if posed[i] else (before, here), i + 1  # who is where they were may be at another time
    return found


def _other_poses(
    seen: Float[np.ndarray, "N 33 2"], size: Float[np.ndarray, " N"], lasting: int
) -> Bool[np.ndarray, " N-1"]:
    """Whether from one picture to the next the person is in another pose, which nobody takes so quickly.

    Args:
        seen: pixels, where the person is seen.
        size: of the person, pixels.
        lasting: pictures before and after that show how quickly they move.
    """
    away = np.linalg.norm(np.diff(seen, axis=0), axis=2) / np.maximum(size[1:], size[:-1])[:, None]
    known = np.isfinite(away).any(axis=1)
    moved = np.zeros(len(away))
    moved[known] = np.nanmedian(away[known], axis=1)
    found = np.zeros(len(moved), bool)
    for i in np.flatnonzero((moved > _POSED) & (moved < _MISTAKEN)).tolist():
        around = np.concatenate([moved[max(0, i - lasting) : i], moved[i + 1 : i + 1 + lasting]])
        found[i] = len(around) > lasting and moved[i] > _AT_ONCE * around.max()
    return found


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
