"""Which of all the ways to lay recordings beside each other fits best: the search before the fine adjustment.

Two recordings are laid beside each other at every whole sample, all at once by Fourier transforms. Their likeness is
the concordance of their signals where they overlap (Lin, "A concordance correlation coefficient", 1989: 1 for signals
that are the same but for each one's mean). A long overlap that fits well is worth more than a short one that fits as
well: by likelihood, in seconds times ``-log(1 - likeness^2)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.fft import irfft, next_fast_len, rfft

from motionrecon.rig.comparable import Signals

#: Seconds that recordings must overlap to be compared at all, and the share of the shorter one that does if it is less.
SHORTEST, SHARE = 1.0, 0.5
#: A place is as good as the best one with this share of its score, and with this one likely enough to raise a doubt. Of
#: 48 captured motions (CMU) with a detector's noise, seen by two posed cameras, 41 are then right without a doubt, 4
#: right with one, 2 wrong with one and 1 wrong without.
AS_GOOD, LIKELY = 0.9, 0.8
#: Signals are clipped so many standard deviations from their medians: lost and exchanged landmarks are far off.
_CLIP = 6.0


@dataclass(frozen=True)
class Table:
    """How well two recordings fit, laid beside each other in every way.

    Attributes:
        first: samples that the second begins after the first, in the table's first entry.
        worth: the score at each sample from there on, seconds; 0 where nothing is known.
    """

    first: int
    worth: Float[np.ndarray, " n"]

    def at(self, later: Float[np.ndarray, " *any"] | float) -> Float[np.ndarray, " *any"]:
        """The score where the second recording begins so many samples after the first; 0 outside."""
        where = np.asarray(later, dtype=float) - self.first
        return np.asarray(np.interp(where, np.arange(len(self.worth)), self.worth, left=0.0, right=0.0))


#: A table for each pair of recordings, the smaller number first.
Tables = Mapping[tuple[int, int], Table]


def table(one: Signals, other: Signals, rate: float) -> Table:
    """Compare two recordings' signals at `rate` samples a second, in every way that they can overlap."""
    n, m = len(one.values), len(other.values)
    likeness = _concordance(one, other)
    later = np.arange(-(m - 1), n)
    overlap = (np.minimum(n, later + m) - np.maximum(0, later)) / rate
    least = min(SHORTEST, SHARE * min(n, m) / rate)
    worth = -overlap * np.log1p(-(np.clip(likeness, 0.0, 0.9999) ** 2))
    return Table(-(m - 1), np.where(overlap >= least - 1e-9, worth, 0.0))


def _concordance(one: Signals, other: Signals) -> Float[np.ndarray, " n"]:
    """The likeness with the second's sample 0 beside each sample of the first, from ``-(m - 1)`` to ``n - 1``."""
    n, m = len(one.values), len(other.values)
    length = next_fast_len(n + m, real=True)
    covariance, variance = np.zeros(n + m - 1), np.zeros(n + m - 1)
    a_all, b_all = _clipped(one), _clipped(other)
    for k in range(a_all.shape[1]):
        (u, a), (v, b) = (one.weight[:, k], a_all[:, k]), (other.weight[:, k], b_all[:, k])
        if not (u.any() and v.any()):
            continue
        left = [rfft(u * a**p, length) for p in range(3)]
        right = [np.conj(rfft(v * b**p, length)) for p in range(3)]

        def slid(p: int, q: int) -> Float[np.ndarray, " n"]:
            return np.asarray(np.roll(irfft(left[p] * right[q], length), m - 1)[: n + m - 1])  # noqa: B023  (called at once)

        total = slid(0, 0)
        some = total > 1e-9 * u.max() * v.max()
        total = np.where(some, total, 1.0)
        mean_a, mean_b = slid(1, 0) / total, slid(0, 1) / total
        covariance += np.where(some, slid(1, 1) - total * mean_a * mean_b, 0.0)
        spread = slid(2, 0) - total * mean_a**2 + slid(0, 2) - total * mean_b**2
        variance += np.where(some, 0.5 * np.maximum(spread, 0.0), 0.0)
    floor = 1e-9 * variance.max(initial=0.0) + 1e-30
    return np.asarray(np.where(variance > floor, covariance / np.maximum(variance, floor), 0.0))


def _clipped(signals: Signals) -> Float[np.ndarray, "n K"]:
    """The values about each signal's median, without what is far off; 0 where unknown."""
    known = signals.weight > 0
    if not known.any():
        return np.zeros(signals.values.shape)
    held = np.where(known, signals.values, np.nan)
    held[:, ~known.any(0)] = 0.0
    about = held - np.nanmedian(held, axis=0)
    most = _CLIP * 1.48 * float(np.median(np.abs(about[known])))
    return np.asarray(np.nan_to_num(np.clip(about, -most, most)))


@dataclass(frozen=True)
class Match:
    """How V recordings lie beside each other.

    Attributes:
        begins: (V,) samples at which they begin, on one clock.
        worth: (V,) the scores, in seconds, that each takes part in.
        rivals: for each, where else it might as well begin.
    """

    begins: Float[np.ndarray, " V"]
    worth: Float[np.ndarray, " V"]
    rivals: tuple[tuple[float, ...], ...]


def match(tables: Tables, near: Float[np.ndarray, " V"], held: Bool[np.ndarray, " V"], apart: float) -> Match:
    """Lay all recordings beside each other so that the scores of all pairs sum to the most.

    Where several places are as good, as for somebody who walks on and on, it is the one that is nearest to where the
    recording was thought to begin.

    Args:
        tables: how well each pair fits.
        near: samples at which the recordings are thought to begin.
        held: which of these are known; one at least.
        apart: samples about a place within which there is no other one.
    """
    starts = [_start(tables, near, held, hub) for hub in range(len(near))]
    found = max((_climbed(tables, start, held) for start in starts), key=lambda begins: _total(tables, begins))
    rivals: list[tuple[float, ...]] = [()] * len(near)
    for view in np.flatnonzero(~held):
        places, worth = _curve(tables, found, int(view))
        nearest = min(_peaks(places, worth, found[view], apart, AS_GOOD), key=lambda place: abs(place - near[view]))
        likely = _peaks(places, worth, found[view], apart, LIKELY)
        rivals[view] = tuple(place for place in likely if place != nearest)
        if nearest != found[view]:
            found[view] = nearest
            found = _climbed(tables, found, held, within=apart)
    worth = np.array([_worth(tables, found, view) for view in range(len(near))])
    return Match(found, worth, tuple(rivals))


def _start(
    tables: Tables, near: Float[np.ndarray, " V"], held: Bool[np.ndarray, " V"], hub: int
) -> Float[np.ndarray, " V"]:
    """Where the others begin as far as one of them knows, which is put where what is held says."""
    later = np.zeros(len(near))
    for (one, other), found in tables.items():
        best = found.first + float(np.argmax(found.worth)) if found.worth.any() else near[other] - near[one]
        if hub == one:
            later[other] = best
        elif hub == other:
            later[one] = -best
    anchor = hub if held[hub] else int(np.flatnonzero(held)[0])
    begins = later + near[anchor] - later[anchor]
    return np.where(held, near, begins)


def _climbed(
    tables: Tables, start: Float[np.ndarray, " V"], held: Bool[np.ndarray, " V"], within: float = np.inf
) -> Float[np.ndarray, " V"]:
    """From a start, one recording after the other moved to its best place, until none moves."""
    begins = start.copy()
    for _ in range(10):
        before = begins.copy()
        for view in np.flatnonzero(~held):
            places, worth = _curve(tables, begins, int(view))
            worth = np.where(np.abs(places - start[view]) <= within, worth, 0.0)
            if worth.max() > 0:
                begins[view] = places[np.argmax(worth)]
        if np.array_equal(before, begins):
            break
    return begins


def _curve(
    tables: Tables, begins: Float[np.ndarray, " V"], view: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Every place where one recording may begin, the others held, and the scores of its pairs there."""
    first, last = np.inf, -np.inf
    for (one, other), found in tables.items():
        if view in (one, other):
            ends = np.array([found.first, found.first + len(found.worth) - 1])
            ends = begins[one] + ends if view == other else begins[other] - ends
            first, last = min(first, ends.min()), max(last, ends.max())
    places = begins[view] + np.arange(np.floor(first - begins[view]), np.ceil(last - begins[view]) + 1)
    worth = np.zeros(len(places))
    for (one, other), found in tables.items():
        if view == other:
            worth += found.at(places - begins[one])
        elif view == one:
            worth += found.at(begins[other] - places)
    return places, worth


def _peaks(
    places: Float[np.ndarray, " n"], worth: Float[np.ndarray, " n"], best: float, apart: float, share: float
) -> list[float]:
    """Places that are as good, each the best of its neighbourhood; the best one first."""
    good = [float(best)]
    enough = share * float(np.interp(best, places, worth))
    for k in np.argsort(-worth):
        if worth[k] < enough or worth[k] <= 0:
            break
        if min(abs(places[k] - place) for place in good) > apart:
            good.append(float(places[k]))
    return good


def _worth(tables: Tables, begins: Float[np.ndarray, " V"], view: int) -> float:
    """The scores of one recording's pairs."""
    return sum(float(found.at(begins[b] - begins[a])) for (a, b), found in tables.items() if view in (a, b))


def _total(tables: Tables, begins: Float[np.ndarray, " V"]) -> float:
    """The scores of all pairs."""
    return sum(float(found.at(begins[b] - begins[a])) for (a, b), found in tables.items())
