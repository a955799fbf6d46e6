"""Undoing left/right flips: frames in which a detector takes the left limbs for the right ones.

A flip makes limbs jump; a person who turns round moves them steadily from one side to the other. So every frame is
labelled "as detected" or "exchanged" such that each landmark continues best what it did in the frames before: exact
dynamic programming over the labels of the last few frames, so that a few garbled frames at a flip do not break the
thread. Changing the label costs more the jerkier the clip, so that a low frame rate leaves the detector's labels alone,
and exchanged frames cost a little, so that what is rare is what is undone. The whole body comes first, then the legs
alone, then the arms alone. What lasts is undone only where mirrored pictures, if there are any, do not speak against
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motionrecon.core.landmarks import INDEX, MIRROR, NAMES
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.types import Keypoints
from motionrecon.keypoints.votes import VOTING, votes

#: What is exchanged together: the landmarks that change places, and those that vote on it.
_ARM = ("elbow", "wrist", "pinky", "index", "thumb")
_LEG = ("knee", "ankle", "heel", "foot_index")
_PARTS: tuple[tuple[tuple[str, ...] | None, tuple[str, ...]], ...] = (
    (None, VOTING),
    (_LEG, _LEG),
    (_ARM, ("elbow", "wrist")),
)

#: Labels of this many frames are remembered.
_MEMORY = 8
#: Costs are mean distances of the voters from where they were expected, in sizes of the person: at most _CAP for one
#: landmark (it may jump for another reason). A change of label costs _SWITCH, and _SWITCH_JERK times the clip's usual
#: cost; a frame that is exchanged costs _EXCHANGED, and _HALF_EXCHANGED if it is only the legs or the arms.
_CAP = 0.25
_SWITCH = 0.08
_SWITCH_JERK = 3.0
_EXCHANGED = 1e-3
_HALF_EXCHANGED = 5e-3
#: A flip cannot be told from motion across more missing frames than this.
_BRIDGED = 2


def undo_flips(
    keypoints: Keypoints, cuts: Sequence[int] = (), looks: Sequence[Sequence[Detection]] = (), every: int = 1
) -> tuple[Keypoints, np.ndarray]:
    """Put left and right back where a detector exchanged them.

    Args:
        keypoints: one person; stretches without the person are treated apart.
        cuts: frames from which on the film shows them from elsewhere, perhaps from behind; so are these.
        looks: whom mirrored single pictures show, ``every`` frames apart, as in the picture that is not mirrored.
        every: frames from one to the next.

    Returns:
        the mended keypoints, and (T,) bool: the frames in which something was put back.
    """
    changed = np.zeros(len(keypoints), dtype=bool)
    frames = np.flatnonzero(keypoints.tracked)
    apart = (np.diff(frames) > _BRIDGED + 1) | (np.diff(np.searchsorted(cuts, frames, side="right")) > 0)
    for moving, voters in _PARTS:
        exchanged = np.zeros(len(keypoints), dtype=bool)
        told = votes(keypoints, looks, every, voters)
        for run in np.split(frames, np.flatnonzero(apart) + 1):
            if len(run) >= 3:
                held = np.full(len(run), _EXCHANGED if moving is None else _HALF_EXCHANGED)
                seen = keypoints.pixels[run], keypoints.confidence[run]
                exchanged[run] = _heeding(*seen, voters, held, told[run], every)
        keypoints = _exchange(keypoints, exchanged, moving)
        changed |= exchanged
    return keypoints, changed


def _exchange(keypoints: Keypoints, frames: np.ndarray, moving: tuple[str, ...] | None) -> Keypoints:
    """Exchange left and right of some joints (None: all) in some frames, (T,) bool.

    Hands stay in their rows: whose a hand is, the nearest wrist of the fitted body says (`motionrecon.hands.looks`).
    """
    members = np.array([moving is None or name.endswith(moving) for name in NAMES])
    take = np.where(frames[:, None] & members, MIRROR, np.arange(len(NAMES)))
    rows = np.arange(len(keypoints))[:, None]
    return replace(
        keypoints,
        pixels=keypoints.pixels[rows, take],
        confidence=keypoints.confidence[rows, take],
        points_3d=keypoints.points_3d[rows, take],
    )


def _heeding(
    pixels: np.ndarray,
    confidence: np.ndarray,
    voters: tuple[str, ...],
    held: np.ndarray,
    told: np.ndarray,
    every: int,
) -> np.ndarray:
    """Which frames of one run are exchanged, as `_label`, but heeding votes, (n,), NaN where there is none.

    Where limbs are in each other's way, a flip that is over may seem to last. So what would be exchanged for as long as
    from one look to the next, or longer, against the sum of its votes stays as detected, and the rest continues that.
    """
    while True:
        labels = _label(pixels, confidence, voters, held)
        stretches = np.split(np.arange(len(labels)), np.flatnonzero(np.diff(labels)) + 1)
        refused = [one for one in stretches if labels[one[0]] and len(one) >= every and np.nansum(told[one]) < 0.0]
        if not refused:
            return labels
        held = held.copy()
        held[np.concatenate(refused)] = np.inf


def _label(pixels: np.ndarray, confidence: np.ndarray, voters: tuple[str, ...], held: np.ndarray) -> np.ndarray:
    """Which frames of one run are exchanged: (n, 33, 2), (n, 33) -> (n,) bool; ``held`` is what each one costs, (n,).

    A frame that costs infinitely much is not.
    """
    costs = _costs(pixels, confidence, voters)
    switch = _SWITCH + _SWITCH_JERK * float(np.median(costs[:, 0, 0, 0]))

    # A state holds the labels of the last frames: bit j is the label of the frame j + 1 ago.
    states = np.arange(1 << _MEMORY)
    bits = states[:, None] >> np.arange(_MEMORY) & 1
    lag = np.arange(_MEMORY - 1)
    turned = bits[:, :-1] ^ bits[:, 1:]
    new = np.arange(2)[None, :]
    differs = new[:, :, None] ^ bits[:, None, :-1]  # (states, 2, lags)
    switches = switch * (new != bits[:, :1])
    before = (states >> 1)[:, None] | np.arange(2) << (_MEMORY - 1)  # the two states that lead to each

    total = np.where(np.isin(states, (0, len(states) - 1)), 0.0, np.inf)  # the past of the first frame has one label
    came_from = np.zeros((len(pixels), len(states)), dtype=np.int64)
    for t, cost in enumerate(costs):
        fixed = switches + np.where(new, held[t], 0.0)
        through = total[:, None] + fixed + cost[lag, differs, turned[:, None, :]].sum(-1)
        candidates = through[before, (states & 1)[:, None]]
        best = candidates.argmin(1)
        came_from[t] = before[states, best]
        total = candidates[states, best]
    labels = np.zeros(len(pixels), dtype=bool)
    state = int(total.argmin())
    for t in range(len(pixels) - 1, -1, -1):
        labels[t] = bool(state & 1)
        state = int(came_from[t, state])
    return labels


def _costs(pixels: np.ndarray, confidence: np.ndarray, voters: tuple[str, ...]) -> np.ndarray:
    """How far the voters are from where earlier frames lead one to expect them: (n, lags, 2, 2).

    ``[t, k - 1, a, b]``: frame t against frames t - k and t - k - 1 going on steadily, where frame t is labelled
    otherwise than frame t - k if a, and frame t - k otherwise than frame t - k - 1 if b.
    """
    pairs = np.array([INDEX[f"{side}_{joint}"] for joint in voters for side in ("left", "right")])
    size = float(np.nanmedian((np.nanmax(pixels, axis=1) - np.nanmin(pixels, axis=1)).max(1)))
    known = np.isfinite(pixels).all(-1)
    scaled = np.nan_to_num(pixels) / max(size, 1.0)
    same, mirrored = scaled[:, pairs], scaled[:, MIRROR[pairs]]
    weight = np.sqrt(np.minimum(confidence[:, pairs], confidence[:, MIRROR[pairs]]))
    weight = weight * known[:, pairs] * known[:, MIRROR[pairs]]
    costs = np.zeros((len(pixels), _MEMORY - 1, 2, 2))
    importance = 1.0 / np.arange(1, _MEMORY)
    for k in range(1, min(_MEMORY, len(pixels) - 1)):
        last, earlier, w = same[1:-k], same[: -k - 1], weight[k + 1 :] * weight[1:-k] * weight[: -k - 1]
        for a, now in enumerate((same[k + 1 :], mirrored[k + 1 :])):
            for b, past in enumerate((earlier, mirrored[: -k - 1])):
                # Half the velocity: a whole one, over several frames, would mostly carry noise.
                expected = last + (k if k == 1 else 0.5 * k) * (last - past)
                miss = np.minimum(np.linalg.norm(now - expected, axis=-1), _CAP)
                costs[k + 1 :, k - 1, a, b] = (miss * w).sum(-1) / np.maximum(w.sum(-1), 1e-3)
    weighted: np.ndarray = costs * (importance / importance.sum())[:, None, None]
    return weighted
