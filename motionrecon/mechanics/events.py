"""When feet come down and leave the ground, from the force that bears them.

A foot is on the ground where the floor's vertical force on it is above 20 N, the threshold that force plates are
usually read with (Zeni et al. 2008, Gait Posture 27, 710-714, take it as the truth for other ways to find events).
Contacts, and gaps in a contact, shorter than 1/20 s are none: nobody steps so fast. Nor is a step what is shorter than
1/5 s and bears at no time half of the body: a foot that scuffs the floor as it swings. Times are those at which the
force crosses the threshold, between two frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.spans import spans

#: Newtons of vertical force above which a foot is on the ground.
THRESHOLD = 20.0
#: Seconds; what lasts shorter is no contact, and no gap in one.
SHORTEST = 0.05
#: A contact scuffs that is shorter than so many seconds, and bears less than this share of the body's weight at most.
_SCUFF, _LIGHT = 0.2, 0.5
#: Seconds that a cycle of walking or running takes: the slowest and fastest gaits of adults lie well between.
_CYCLE = (0.35, 3.0)


@dataclass(frozen=True)
class GaitCycle:
    """From one foot strike to the next of the same foot; seconds.

    Attributes:
        start, end: the two foot strikes.
        off: when the foot left the ground in between.
    """

    start: float
    off: float
    end: float


@dataclass(frozen=True)
class FootEvents:
    """What one foot does.

    Attributes:
        name: of the foot.
        grounded: (T,) whether it is on the ground, also where it only scuffs it; False where nothing is known.
        strikes, offs: (n,) seconds at which it comes down, and at which it leaves the ground.
        stances: (k, 2) seconds from when to when it is on the ground; what was not simulated, or the motion's ends, may
            cut them off.
        cycles: as far as they lie within what was simulated, and take as long as one of walking or running may.
    """

    name: str
    grounded: Bool[np.ndarray, " T"]
    strikes: Float[np.ndarray, " n"]
    offs: Float[np.ndarray, " m"]
    stances: Float[np.ndarray, "k 2"]
    cycles: tuple[GaitCycle, ...]


def foot_events(
    name: str, vertical: Float[np.ndarray, " T"], fps: float, known: Bool[np.ndarray, " T"], weight: float
) -> FootEvents:
    """The events of a foot.

    Args:
        name: of the foot.
        vertical: force that bears it in each frame, newtons.
        fps: frames per second.
        known: frames that were simulated; between others and these nothing comes down, nor in the first moment of a
            simulation, which begins without forces.
        weight: of the whole body, newtons.
    """
    begun = known & np.concatenate([[False], known[:-1]])
    grounded = _lasting(vertical > THRESHOLD, max(1, round(SHORTEST * fps)))
    stands = grounded & ~_scuffing(grounded, vertical, fps, weight, begun)
    changes = np.flatnonzero((stands[1:] != stands[:-1]) & known[1:] & begun[:-1])
    before, after = vertical[changes], vertical[changes + 1]
    jump = after - before
    share = np.clip((THRESHOLD - before) / np.where(jump == 0, 1.0, jump), 0.0, 1.0)
    times = (changes + share) / fps
    comes = stands[changes + 1]
    strikes, offs = times[comes], times[~comes]
    crossed = dict(zip((changes + 1).tolist(), times.tolist(), strict=True))  # by the first frame after it
    stood = spans(stands & known)
    stances = [(crossed.get(one.start, one.start / fps), crossed.get(one.stop, (one.stop - 1) / fps)) for one in stood]
    cycles = _cycles(strikes, offs, np.flatnonzero(~known) / fps)
    return FootEvents(name, grounded & known, strikes, offs, np.array(stances).reshape(-1, 2), cycles)


def repeats(foot: FootEvents, known: Bool[np.ndarray, " T"], fps: float) -> int:
    """How often a foot comes down and does so again, within the time of a gait cycle and with all in between known."""
    unknown = np.flatnonzero(~known) / fps
    return sum(
        end - start <= _CYCLE[1] and not ((unknown > start) & (unknown < end)).any()
        for start, end in pairwise(foot.strikes)
    )


def _cycles(
    strikes: Float[np.ndarray, " n"], offs: Float[np.ndarray, " m"], unknown: Float[np.ndarray, " u"]
) -> tuple[GaitCycle, ...]:
    """From strike to strike with one foot off in between; none over times of frames of which nothing is known."""
    found = []
    for start, end in pairwise(strikes):
        between = offs[(offs > start) & (offs < end)]
        whole = not ((unknown > start) & (unknown < end)).any()
        if whole and len(between) == 1 and _CYCLE[0] <= end - start <= _CYCLE[1]:
            found.append(GaitCycle(float(start), float(between[0]), float(end)))
    return tuple(found)


def _scuffing(
    on: Bool[np.ndarray, " T"],
    vertical: Float[np.ndarray, " T"],
    fps: float,
    weight: float,
    begun: Bool[np.ndarray, " T"],
) -> Bool[np.ndarray, " T"]:
    """The short, light contacts; what the ends, or frames of which nothing is known, cut off may be longer."""
    scuffs = np.zeros(len(on), dtype=bool)
    for start, end in pairwise(np.flatnonzero(np.diff(on.astype(int))) + 1):
        short = end - start < _SCUFF * fps and bool(begun[start - 1 : end + 1].all())
        if on[start] and short and vertical[start:end].max() < _LIGHT * weight:
            scuffs[start:end] = True
    return scuffs


def _lasting(on: Bool[np.ndarray, " T"], least: int) -> Bool[np.ndarray, " T"]:
    """Without gaps, then without contacts, shorter than so many frames; what the ends cut off may be longer."""
    on = on.copy()
    for kind in (False, True):
        edges = np.flatnonzero(np.diff(on.astype(int))) + 1
        for start, end in pairwise(edges):
            if on[start] == kind and end - start < least:
                on[start:end] = not kind
    return on
