"""Sides that are exchanged for good, found and put right by looking at the film mirrored.

Whoever is seen in profile may be turning to the camera or away from it. There a detector may take the wrong one, and go
on with it; or it garbles some frames, and `motionrecon.keypoints.flips` goes on undoing a flip that is over. But
mirrored pictures seldom lead to the same mistake. So the single pictures in which everybody is looked for are shown to
the detector mirrored (they vote on what is undone, too); where they still have the sides otherwise than the keypoints,
the stretch is gone through again, mirrored, and of the two motions the one is taken that a person is the likelier to
make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.flips import undo_flips
from motionrecon.keypoints.outliers import doubt_jumps
from motionrecon.keypoints.person import on_clock
from motionrecon.keypoints.tracks import Track
from motionrecon.keypoints.types import HandKeypoints, Keypoints
from motionrecon.keypoints.votes import exchanged_nearer, votes

#: How unlikely the motion is that keypoints show: less is better, zero is best.
Judge = Callable[[Keypoints], float]

#: By how much nearer, in the mean, landmarks are with their sides exchanged where sides are in doubt: in a look, and in
#: a frame of the film seen mirrored. Less may be a person in profile, who tells nothing.
_LOOK_DOUBTS, _FRAME_DOUBTS = 0.02, 0.01
#: Seconds for which sides must be taken otherwise to be worth a judgement, and frames that one takes.
_LASTING, _FEWEST = 0.2, 8
#: Seconds over which somebody may be unseen within a stretch, and for which the detector runs in beside one.
_BRIDGED, _RUN_IN = 0.25, 0.3
#: The mirrored film is believed where it costs at most this share. On small, dark films of people who turn (the tuning
#: clips, whose truth is known) it cost up to 0.83 where it was right, and from 0.92 on where it was wrong.
_CHEAPER = 0.85


@dataclass(frozen=True)
class Stretch:
    """Frames in which sides are in doubt, and those that are looked at for their sake: more, at the ends."""

    frames: range
    watched: range


def doubtful(
    keypoints: Keypoints, looks: Sequence[Sequence[Detection]], every: int, cuts: Sequence[int] = ()
) -> list[Stretch]:
    """The stretches in which mirrored pictures have a person's sides otherwise, up to the next that have them alike.

    Args:
        keypoints: of the person followed.
        looks: whom mirrored single pictures show, ``every`` frames apart, as in the picture that is not mirrored.
        every: frames from one to the next.
        cuts: frames from which on the film shows something else.
    """
    nearer = votes(keypoints, looks, every)
    found: list[Stretch] = []
    for part in _parts(keypoints, cuts):
        telling = [frame for frame in part if nearer[frame] <= 0.0 or nearer[frame] > _LOOK_DOUBTS]
        for frames in _between([(frame, nearer[frame] > 0.0) for frame in telling], part):
            beside = round(_RUN_IN * keypoints.fps)
            watched = range(max(part.start, frames.start - beside), min(part.stop, frames.stop + beside))
            if len(frames) >= _FEWEST:
                found.append(Stretch(frames, watched))
    return found


def put_right(
    keypoints: Keypoints, stretches: Sequence[Stretch], seen: Sequence[Sequence[Sequence[Detection]]], judge: Judge
) -> tuple[Keypoints, list[range]]:
    """Take the sides of the film seen mirrored where they are the likelier.

    Args:
        keypoints: of the person followed.
        stretches: in doubt.
        seen: for each of them, for each of its watched frames, the one followed in the mirrored film (or nobody), as in
            the film that is not.
        judge: of motions.

    Returns:
        the keypoints, and the frames that are seen mirrored in them.
    """
    taken: list[range] = []
    for stretch, people in zip(stretches, seen, strict=True):
        frames = [frame for frame, one in enumerate(people) if one]
        detections = [people[frame][0] for frame in frames]
        if len(frames) < 2:
            continue
        nearer = exchanged_nearer(keypoints, [stretch.watched.start + frame for frame in frames], detections)
        if (nearer > _FRAME_DOUBTS).sum() < _LASTING * keypoints.fps:
            continue
        other = on_clock(Track(frames, detections), len(stretch.watched), keypoints.fps, keypoints.image_size)
        # Where limbs are in each other's way, it is not sure that what jumps was exchanged: both are judged.
        others = [_with(keypoints, stretch, doubt_jumps(one)[0]) for one in (other, undo_flips(other)[0])]
        costs = [judge(one.cut(stretch.frames)) for one in others]
        best = int(np.argmin(costs))
        if costs[best] <= _CHEAPER * judge(keypoints.cut(stretch.frames)):
            keypoints = others[best]
            taken.append(stretch.frames)
    return keypoints, taken


def words(taken: Sequence[range], first: int, fps: float, name: str) -> str:
    """What was put right in a film called ``name``, of which the keypoints begin at frame ``first``."""
    parts = [f"from {(first + one.start) / fps:.1f} to {(first + one.stop) / fps:.1f} s" for one in taken]
    return (
        f"left and right of the person in {name} were mistaken {' and '.join(parts)} of the film: it was looked at "
        "mirrored there, which shows them the other way round, and the motion that it shows is taken, since it is the "
        "likelier"
    )


def _parts(keypoints: Keypoints, cuts: Sequence[int]) -> list[range]:
    """The frames in which the person is seen without a cut or a gap that lasts."""
    frames = np.flatnonzero(keypoints.tracked)
    if not len(frames):
        return []
    shots = np.searchsorted(np.asarray(cuts, dtype=int), frames, side="right")
    ends = np.flatnonzero((np.diff(frames) > 1 + _BRIDGED * keypoints.fps) | (np.diff(shots) > 0)) + 1
    return [range(int(one[0]), int(one[-1]) + 1) for one in np.split(frames, ends)]


def _between(told: Sequence[tuple[int, bool]], part: range) -> list[range]:
    """From the last look before doubts that has none to the first one after them; or to the part's ends."""
    found: list[range] = []
    last, doubted = part.start, False
    for frame, doubts in told:
        if doubts:
            doubted = True
            continue
        if doubted:
            found.append(range(last, frame + 1))
        last, doubted = frame, False
    if doubted:
        found.append(range(last, part.stop))
    joined: list[range] = []
    for one in found:  # a single look without doubts in between is of both
        joins = bool(joined) and joined[-1].stop > one.start
        joined[-1 if joins else len(joined) :] = [range(joined[-1].start, one.stop) if joins else one]
    return joined


def _with(keypoints: Keypoints, stretch: Stretch, other: Keypoints) -> Keypoints:
    """The keypoints with others, of the watched frames of a stretch, in its frames; where these show nobody, as is."""
    shift = stretch.frames.start - stretch.watched.start
    part, inside = slice(stretch.frames.start, stretch.frames.stop), slice(shift, shift + len(stretch.frames))
    there = other.tracked[inside] & keypoints.tracked[part]

    def taking(own: np.ndarray, new: np.ndarray) -> np.ndarray:
        mixed = own.copy()
        mixed[part][there] = new[inside][there]
        return mixed

    hands = keypoints.hands
    if hands is not None and other.hands is not None:
        theirs = other.hands
        hands = HandKeypoints(
            taking(hands.pixels, theirs.pixels),
            taking(hands.points_3d, theirs.points_3d),
            taking(hands.confidence, theirs.confidence),
        )
    return replace(
        keypoints,
        pixels=taking(keypoints.pixels, other.pixels),
        confidence=taking(keypoints.confidence, other.confidence),
        points_3d=taking(keypoints.points_3d, other.points_3d),
        hands=hands,
    )
