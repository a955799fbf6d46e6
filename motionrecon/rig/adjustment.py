"""The times between recordings adjusted to a fraction of a frame, all at once, and how sure they are.

What two recordings disagree by at the same time is made up of what the time between them is wrong by, of each
landmark's own disagreement, since no two views of a joint mark the same point of it, and of noise. The second changes
as the person turns: its mean over a third of a second is taken away. (Balancing clip, `full` detector, four cameras
that ran on one clock: with one median for the whole clip the times are 0.62 frames wrong, so 0.33.) What is left is
made small by Gauss-Newton steps with the robust cost of Geman and McClure, in the times of all recordings together, so
that from A to B to C and back to A they close by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import gaussian_filter1d

from motionrecon.residuals.robust import geman_mcclure
from motionrecon.rig.comparable import Comparable

#: Seconds of the Gaussian whose mean is each landmark's own disagreement.
DRIFT = 1 / 3
#: Where the robust cost bends, in standard deviations.
_BEND = 2.5
#: Seconds of the recordings that are compared at most: spread over stretches of so many seconds.
_LONGEST, _STRETCH = 30.0, 3.0
#: Seconds whose errors are taken to be one error in the uncertainty.
_BLOCK = 0.25
#: Samples that two recordings must share to be compared.
_FEWEST = 8
#: Rounds in which drifts and robust weights settle.
_ROUNDS = 4
#: Steps at most, the longest one and the one that is small enough, in frames.
_STEPS, _FARTHEST, _NEAR = 30, 2.0, 1e-2


@dataclass(frozen=True)
class Adjusted:
    """The times of V recordings' first frames.

    Attributes:
        begins: seconds, on one clock.
        deviation: standard deviations, seconds; 0 for those that are held, infinite where nothing tells.
    """

    begins: Float[np.ndarray, " V"]
    deviation: Float[np.ndarray, " V"]


def adjusted(
    what: Comparable,
    rates: Float[np.ndarray, " V"],
    counts: Int[np.ndarray, " V"],
    begins: Float[np.ndarray, " V"],
    held: Bool[np.ndarray, " V"],
) -> Adjusted:
    """Adjust the times at which recordings begin.

    Args:
        what: compares two of them.
        rates: frames per second of each.
        counts: frames of each.
        begins: seconds, on one clock, to begin with; right to some frames.
        held: which of these are known.
    """
    free = np.flatnonzero(~held)
    frame = 1.0 / min(float(rates.min()), 60.0)
    now = begins.copy()
    nothing = Adjusted(begins, np.where(held, 0.0, np.inf))
    if not len(free):
        return nothing
    for _ in range(_STEPS):
        seen = _compared(what, rates, counts, now, frame)
        if not seen:
            return nothing
        system = _Step.of(seen, free)
        step = np.clip(system.step(), -_FARTHEST * frame, _FARTHEST * frame)
        now[free] += step
        if np.abs(step).max() < _NEAR * frame:
            break
    deviation = np.zeros(len(begins))
    deviation[free] = system.deviation()
    return Adjusted(now, deviation)


@dataclass(frozen=True)
class _Seen:
    """What two recordings disagree by, in S stretches of n samples.

    Attributes:
        pair: the numbers of the recordings.
        times: seconds on the one clock.
        value: less each landmark's drift.
        slopes: per second, as the one and as the other begins later; less their drifts.
        weight: of the squares, the robust cost's among them.
    """

    pair: tuple[int, int]
    times: Float[np.ndarray, "S n"]
    value: Float[np.ndarray, "S n K"]
    slopes: Float[np.ndarray, "2 S n K"]
    weight: Float[np.ndarray, "S n K"]


def _compared(
    what: Comparable,
    rates: Float[np.ndarray, " V"],
    counts: Int[np.ndarray, " V"],
    begins: Float[np.ndarray, " V"],
    frame: float,
) -> list[_Seen]:
    """All pairs that overlap, as they disagree if the recordings begin at these times."""
    ends = begins + (counts - 1) / rates
    raw = []
    for one, other in combinations(range(len(begins)), 2):
        times = _times(max(begins[one], begins[other]), min(ends[one], ends[other]), frame)
        if times.shape[1] < _FEWEST:
            continue

        def apart(
            later: float, others_later: float, one: int = one, other: int = other, times: np.ndarray = times
        ) -> tuple[np.ndarray, np.ndarray]:
            frames = (times.ravel() - begins[one] - later) * rates[one]
            others = (times.ravel() - begins[other] - others_later) * rates[other]
            value, weight = what.apart(one, frames, other, others)
            return value.reshape(*times.shape, -1), weight.reshape(*times.shape, -1)

        value, weight = apart(0.0, 0.0)
        slopes = []
        for later in np.eye(2) * 0.25 * frame:
            (ahead, seen), (behind, also) = apart(*later), apart(*-later)
            weight = np.where((seen > 0) & (also > 0), weight, 0.0)
            slopes.append((ahead - behind) / (0.5 * frame))
        if weight.any():
            raw.append(_Seen((one, other), times, value, np.stack(slopes), weight))
    return _robust(raw, DRIFT / frame)


def _times(start: float, end: float, frame: float) -> Float[np.ndarray, "S n"]:
    """Times at which recordings that overlap from `start` to `end` are compared, one or several stretches of them."""
    first, last = int(np.ceil(start / frame - 1e-6)), int(np.floor(end / frame + 1e-6))
    count = max(0, last - first + 1)
    if count * frame <= _LONGEST:
        return (first + np.arange(count))[None] * frame
    length, stretches = round(_STRETCH / frame), round(_LONGEST / _STRETCH)
    starts = first + np.linspace(0, count - length, stretches).astype(int)
    return (starts[:, None] + np.arange(length)) * frame


def _robust(raw: list[_Seen], drift: float) -> list[_Seen]:
    """The same with each landmark's drift taken away, a Gaussian of so many samples, and the robust cost's weights."""
    if not raw:
        return []
    values = [seen.value - _median(seen) for seen in raw]
    for _ in range(_ROUNDS):
        sizes = np.concatenate([np.abs(v[seen.weight > 0]) for v, seen in zip(values, raw, strict=True)])
        scale = max(_BEND * 1.48 * float(np.median(sizes)), 1e-9)
        weights = [seen.weight * geman_mcclure((v / scale) ** 2)[0] for v, seen in zip(values, raw, strict=True)]
        values = [seen.value - _drift(seen.value, w, drift) for seen, w in zip(raw, weights, strict=True)]
    return [
        replace(seen, value=v, slopes=np.stack([s - _drift(s, w, drift) for s in seen.slopes]), weight=w / scale**2)
        for seen, v, w in zip(raw, values, weights, strict=True)
    ]


def _median(seen: _Seen) -> Float[np.ndarray, " K"]:
    """The median of each landmark where it is seen; 0 if it never is."""
    known = seen.weight > 0
    held = np.where(known, seen.value, np.nan)
    held[..., ~known.any((0, 1))] = 0.0
    return np.asarray(np.nanmedian(held, axis=(0, 1)))


def _drift(
    values: Float[np.ndarray, "S n K"], weight: Float[np.ndarray, "S n K"], sigma: float
) -> Float[np.ndarray, "S n K"]:
    """The weighted mean of each value's neighbourhood in time."""
    some = weight + 1e-9 * weight.max(initial=1e-30)
    total = gaussian_filter1d(some, sigma, axis=1, mode="constant")
    return np.asarray(gaussian_filter1d(values * some, sigma, axis=1, mode="constant") / total)


@dataclass(frozen=True)
class _Step:
    """The normal equations of a step, and what they are sums of.

    Attributes:
        normal: of the F recordings that are free.
        gradients: of every sample of every pair.
        times: of the samples.
    """

    normal: Float[np.ndarray, "F F"]
    gradients: list[Float[np.ndarray, "_ _ _ F"]]
    times: list[Float[np.ndarray, "_ _"]]

    @classmethod
    def of(cls, compared: list[_Seen], free: Int[np.ndarray, " F"]) -> _Step:
        normal, gradients = np.zeros((len(free), len(free))), []
        for seen in compared:
            moves = np.stack([free == view for view in seen.pair]).astype(float)
            slopes = np.einsum("esnk,ef->snkf", seen.slopes, moves)
            normal += np.einsum("snka,snkb,snk->ab", slopes, slopes, seen.weight)
            gradients.append(slopes * (seen.weight * seen.value)[..., None])
        return cls(normal, gradients, [seen.times for seen in compared])

    def step(self) -> Float[np.ndarray, " F"]:
        """Seconds by which the recordings should begin later."""
        inverse, _ = self._inverse()
        return -np.asarray(inverse @ np.sum([gradient.sum((0, 1, 2)) for gradient in self.gradients], axis=0))

    def deviation(self) -> Float[np.ndarray, " F"]:
        """Standard deviations of the times, seconds; infinite where nothing tells.

        From the scatter of the gradient (the "sandwich": White, "Maximum likelihood estimation of misspecified models",
        1982), of which all in a block of time is one error, and so is a landmark of a pair at all times. Both are
        summed, which is cautious.
        """
        inverse, told = self._inverse()
        landmarks = np.concatenate([gradient.sum((0, 1)) for gradient in self.gradients])
        blocks = self._blocks()
        if len(blocks) < 2:
            return np.full(len(inverse), np.inf)
        scatter = landmarks.T @ landmarks + blocks.T @ blocks * len(blocks) / (len(blocks) - 1)
        return np.where(told, np.sqrt(np.maximum(np.diag(inverse @ scatter @ inverse), 0.0)), np.inf)

    def _blocks(self) -> Float[np.ndarray, "B F"]:
        """The gradient of each block of time."""
        block = [np.floor(times / _BLOCK).ravel() for times in self.times]
        names = np.unique(np.concatenate(block))
        total = np.zeros((len(names), len(self.normal)))
        for where, gradient in zip(block, self.gradients, strict=True):
            np.add.at(total, np.searchsorted(names, where), gradient.sum(2).reshape(-1, total.shape[1]))
        return total

    def _inverse(self) -> tuple[Float[np.ndarray, "F F"], Bool[np.ndarray, " F"]]:
        """Of the normal matrix as far as it tells something, and of which recordings it does."""
        values, vectors = np.linalg.eigh(self.normal)
        told = values > 1e-6 * max(float(values[-1]), 1e-300)
        inverse = (vectors[:, told] / values[told]) @ vectors[:, told].T
        return inverse, np.abs(vectors[:, ~told]).max(axis=1, initial=0.0) < 1e-3
