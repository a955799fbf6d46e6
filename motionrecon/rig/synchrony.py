"""How far the clocks of several cameras are apart, from what they saw of one person.

``time_first = time_own + offset``: an offset is how many seconds a recording's zero lies after the first one's, of the
time in which the person moved (`Clock.fps`; in slow motion the player's seconds are others). First all ways to lay the
recordings beside each other are compared (`matching`), then the best one is adjusted to a fraction of a frame
(`adjustment`), both by what two recordings have in common (`comparable`).

On the balancing clip (four cameras of one clock, 60 frames a second, `heavy` detector, all pairs, triples and the four,
starts injected or every other frame of a camera left out) it is right to 0.2 frames in the mean and 0.4 at worst; with
a first estimate that knows no poses to 1.0 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.core.clock import Clock
from motionrecon.rig.adjustment import adjusted
from motionrecon.rig.comparable import comparable
from motionrecon.rig.matching import match, table
from motionrecon.views import View

#: Samples a second of the search at most.
_RATE = 60.0
#: Two places are not nearer to each other than so many seconds.
APART = 0.25
#: The adjustment does not move a recording farther than this, seconds.
_FARTHEST = 0.25
#: What no clip tells of itself, seconds: the detector is late by a little that depends on the view. Where the cameras'
#: poses are known, and where they are not.
LATE, LATE_UNPOSED = 0.004, 0.012
#: The share by which the search and the adjustment differ that is taken for an error of either.
_SEARCH = 0.3
#: Offsets that are less sure than this, seconds, are not to be trusted, nor those of so little score, seconds.
UNSURE, FAINT = 1 / 60, 0.1
#: Recordings of one length and rate that come within so many frames of each other, or so many standard deviations, run
#: on one clock. An unsure offset that is within so many of none is none.
_TOGETHER, _LIKELY = 0.5, 2.0


@dataclass(frozen=True)
class Offsets:
    """How far V recordings' clocks are apart.

    Attributes:
        seconds: that each one's zero lies after the first one's.
        deviation: their standard deviations, seconds; 0 for the first and for those that were given, infinite where
            nothing tells.
        doubts: sentences about those that should not be trusted; none if all is well.
    """

    seconds: Float[np.ndarray, " V"]
    deviation: Float[np.ndarray, " V"]
    doubts: tuple[str, ...]

    @property
    def unsure(self) -> float:
        """How unsure all of them are, seconds: the sum of their deviations, each at most what hardly says anything."""
        return float(np.minimum(self.deviation, _FARTHEST).sum())


def offsets(
    views: Sequence[View],
    posed: bool,
    given: Sequence[float | None] = (),
    names: Sequence[str] = (),
    near: Sequence[float] = (),
) -> Offsets:
    """Find how far the clocks of recordings are apart.

    Args:
        views: of one person, each on its own clock.
        posed: whether the cameras' poses in one world are known; if not, the offsets are a first estimate from what
            does not depend on the view, good to a frame or two.
        given: of each but the first, the seconds that are known and held; None where they are to be found.
        names: of the recordings, for the doubts.
        near: of each but the first, the seconds about which it is thought to be, if only by an estimate without poses:
            of offsets that are as likely, for a motion that repeats itself, the nearest is found; else that to zero.
    """
    known = [0.0, *given, *[None] * (len(views) - 1 - len(given))]
    held = np.array([value is not None for value in known])
    thought = [0.0, *near, *[0.0] * (len(views) - 1 - len(near))]
    first = np.array([float(a if b is None else b) for a, b in zip(thought, known, strict=True)])
    if held.all():
        return Offsets(first, np.zeros(len(views)), ())
    rates = np.array([float(view.clock.fps) for view in views])
    counts = np.array([len(view) for view in views])
    starts = np.array([view.clock.seconds(float(view.clock.first)) for view in views])
    what = comparable(views, posed)
    rate = min(_RATE, float(rates.max()))
    pairs = combinations(range(len(views)), 2)
    tables = {pair: table(*what.signals(*pair, rate), rate) for pair in pairs}
    place = match(tables, (starts + first) * rate, held, APART * rate)
    begins = np.where(held, starts + first, place.begins / rate)
    fine = adjusted(what, rates, counts, begins, held)
    apart = np.abs(fine.begins - begins)
    known = np.isfinite(fine.deviation) & (apart < _FARTHEST) & (place.worth >= FAINT)
    found = np.where(known, fine.begins, begins) - starts
    late = LATE if posed else LATE_UNPOSED
    deviation = np.where(known, np.sqrt(fine.deviation**2 + late**2 + (_SEARCH * apart) ** 2), np.inf)
    deviation[held] = 0.0
    found = np.where(~held & (place.worth < FAINT), first, found)  # a guess from nothing is worse than none
    if _one_clock(found, deviation, rates, counts, held):
        found = np.where(held, first, 0.0)
    none = ~held & (deviation > UNSURE) & np.isfinite(deviation) & (np.abs(found) <= _LIKELY * deviation)
    found = np.where(none, 0.0, found)
    rivals = [tuple(r / rate - starts[v] for r in place.rivals[v]) for v in range(len(views))]
    called = [*names, *(f"video {v + 1}" for v in range(len(names), len(views)))]
    doubts = [
        _doubt(called[v], found[v], deviation[v], place.worth[v], rivals[v], views[0].clock)
        for v in np.flatnonzero(~held)
    ]
    return Offsets(found, deviation, tuple(doubt for doubt in doubts if doubt))


def _one_clock(
    found: Float[np.ndarray, " V"],
    deviation: Float[np.ndarray, " V"],
    rates: Float[np.ndarray, " V"],
    counts: Int[np.ndarray, " V"],
    held: Bool[np.ndarray, " V"],
) -> bool:
    """Whether recordings are so much alike that something started and stopped them together."""
    alike = len(set(rates)) == 1 and len(set(counts)) == 1 and held.sum() == 1
    doubt = np.where(np.isfinite(deviation), deviation, 0.0)  # what is not settled is not near to none
    return bool(alike and (np.abs(found) < np.maximum(_TOGETHER / rates, _LIKELY * doubt)).all())


def _doubt(name: str, found: float, deviation: float, worth: float, rivals: tuple[float, ...], leads: Clock) -> str:
    """Why the offset of a recording should not be trusted, in the time of the leader's player; empty if it should."""
    advice = f"; give offset=... if you know it ({leads.shown(found):.3f} s is used)"
    if worth < FAINT or not np.isfinite(deviation):
        return f"the offset of {name} could not be found: it shows nothing that moves as in the other videos{advice}"
    if rivals:
        others = ", ".join(f"{leads.shown(rival):.2f}" for rival in sorted(rivals)[:3])
        return f"the offset of {name} could as well be {others} s, for the motion repeats itself{advice}"
    if deviation > UNSURE:
        much = f"give or take {leads.shown(deviation):.3f} s, for little moves that both see"
        if not found:
            return f"the offset of {name} cannot be told from none, {much}{advice}"
        return f"the offset of {name} is told badly, {much}{advice}"
    return ""
