"""Undoing left/right flips: frames in which a detector takes the left limbs for the right ones.

A flip makes limbs jump; a person who turns round moves them smoothly from one side to the other. So the sides are
labelled anew over the whole clip, upper and lower body each kept or exchanged, such that the labelled landmarks
accelerate least in the image (Viterbi's algorithm over pairs of frames, exact). Changing a label costs more the
jerkier the clip, so that a low frame rate leaves the detector's labels alone; frames that keep the detector's labels
are slightly preferred, so that what is rare is what is undone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionrecon.keypoints.types import Keypoints
from motionrecon.landmarks import INDEX, MIRROR, NAMES

_LOWER = np.array([name.endswith(("knee", "ankle", "heel", "foot_index")) for name in NAMES])
_PAIRED = np.arange(len(NAMES)) != MIRROR
#: The landmarks that vote, upper and lower; the face is one more vote for the upper body through the ears.
_VOTERS = tuple(
    np.array([INDEX[f"{side}_{joint}"] for joint in joints for side in ("left", "right")])
    for joints in (("shoulder", "elbow", "wrist", "hip", "ear"), ("knee", "ankle", "heel", "foot_index"))
)
#: Labels of a frame: (upper exchanged, lower exchanged).
_STATES = np.array([(0, 0), (1, 0), (0, 1), (1, 1)])

#: All costs are mean distances of a group's landmarks in sizes of the person. A landmark's own cost is capped (it may
#: jump for another reason); a change of label costs _SWITCH, and _SWITCH_JERK times the clip's usual cost; a frame
#: whose sides are exchanged costs _EXCHANGED, and _HALF_EXCHANGED if only half the body is: detectors rarely do that.
_CAP = 0.3
_VELOCITY_WEIGHT = 0.25
_SWITCH = 0.03
_SWITCH_JERK = 2.0
_EXCHANGED = 2e-4
_HALF_EXCHANGED = 5e-3
#: A flip cannot be told from motion across more missing frames than this.
_BRIDGED = 2


def undo_flips(keypoints: Keypoints) -> tuple[Keypoints, np.ndarray]:
    """Put left and right back where a detector exchanged them.

    Args:
        keypoints: one person; stretches without the person are treated apart.

    Returns:
        the mended keypoints, and (T, 2) bool: whether the upper and the lower body of each frame were exchanged back.
    """
    changed = np.zeros((len(keypoints), 2), dtype=bool)
    frames = np.flatnonzero(keypoints.tracked)
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > _BRIDGED + 1) + 1):
        if len(run) >= 3:
            changed[run] = _STATES[_label(keypoints.pixels[run], keypoints.confidence[run])]
    if not changed.any():
        return keypoints, changed
    take = np.tile(np.arange(len(NAMES)), (len(keypoints), 1))
    for group, members in ((0, ~_LOWER & _PAIRED), (1, _LOWER & _PAIRED)):
        take[np.ix_(changed[:, group], members)] = MIRROR[members]
    rows = np.arange(len(keypoints))[:, None]
    mended = replace(
        keypoints,
        pixels=keypoints.pixels[rows, take],
        confidence=keypoints.confidence[rows, take],
        points_3d=keypoints.points_3d[rows, take],
    )
    return mended, changed


def _label(pixels: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The cheapest label (index into ``_STATES``) of each frame of one run: (n, 33, 2), (n, 33) -> (n,)."""
    size = np.median((np.nanmax(pixels, axis=1) - np.nanmin(pixels, axis=1)).max(1))
    scaled = np.nan_to_num(pixels) / max(float(size), 1.0)
    groups = [_costs(scaled, confidence, voters) for voters in _VOTERS]
    switch = [_SWITCH + _SWITCH_JERK * float(np.median(cost[:, 0, 0, 0])) for cost in groups]

    # step[t, a, b, c]: cost of labels a, b, c at frames t, t + 1, t + 2.
    upper, lower = _STATES.T
    step = np.zeros((len(pixels) - 2, 4, 4, 4))
    for cost, g in zip(groups, (upper, lower), strict=True):
        step += cost[:, g[:, None, None], g[None, :, None], g[None, None, :]]
    differ = (_STATES[:, None] != _STATES[None]) * np.array(switch)
    change = differ.max(-1)  # both groups at once are one event
    held = np.where(upper == lower, _EXCHANGED * upper, _HALF_EXCHANGED)

    total = held[:, None] + held[None] + change  # (a, b)
    back = np.zeros((len(step), 4, 4), dtype=int)  # best a for each (b, c)
    for t in range(len(step)):
        through = total[:, :, None] + step[t] + change[None] + held[None, None]
        back[t] = through.argmin(0)
        total = through.min(0)
    labels = np.zeros(len(pixels), dtype=int)
    labels[-2:] = np.unravel_index(total.argmin(), total.shape)
    for t in range(len(step) - 1, -1, -1):
        labels[t] = back[t, labels[t + 1], labels[t + 2]]
    return labels


def _costs(scaled: np.ndarray, confidence: np.ndarray, voters: np.ndarray) -> np.ndarray:
    """How unsteadily a group moves over three frames under each labelling: (n - 2, 2, 2, 2)."""
    either = np.stack([scaled[:, voters], scaled[:, MIRROR[voters]]])  # (2, n, V, 2)
    sure = np.minimum(confidence[:, voters], confidence[:, MIRROR[voters]])
    weight = np.sqrt(np.minimum(np.minimum(sure[:-2], sure[1:-1]), sure[2:])) + 1e-3
    cost = np.zeros((len(scaled) - 2, 2, 2, 2))
    for a, b, c in np.ndindex(2, 2, 2):
        first, second, third = either[a, :-2], either[b, 1:-1], either[c, 2:]
        bend = np.linalg.norm(third - 2 * second + first, axis=-1)
        move = np.linalg.norm(third - second, axis=-1)
        one = np.minimum(bend, _CAP) + _VELOCITY_WEIGHT * np.minimum(move, _CAP)
        cost[:, a, b, c] = (one * weight).sum(-1) / weight.sum(-1)
    return cost
