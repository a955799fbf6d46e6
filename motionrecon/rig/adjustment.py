"""The times between recordings adjusted to a fraction of a frame, all at once, and how sure they are.

What two recordings disagree by at the same time is made up of what the time between them is wrong by, of each
landmark's own disagreement, since no two views of a joint mark the same point of it, and of noise. The second changes
as the person turns: its mean over a third of a second is taken away. (Balancing clip, `full` detector, four cameras
that ran on one clock: with one median for the whole clip the times are 0.62 frames wrong, so 0.33.) What is left is
made small by Gauss-Newton steps with the robust cost of Geman and McClure, in the times of all recordings together, so
that from A to B to C and back to A they close by construction.

How sure they are is told by the motion that two recordings both see: what only one of them sees (a detector that jumps,
somebody else who is followed for a while) looks like quick motion, which would settle the time, and tells nothing. On
1,270 cuts of 0.3 to 1.7 s from real clips (two people of Pose2Sim's Demo_MultiPerson, two detectors, all pairs of four
cameras; the balancing clip with the `full` detector) the errors come to 0.76 of the uncertainty that is told (as normal
errors by their median), 90 % to less than 1.7 and 98 % to less than 2.6 of it.
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
#: Seconds of the Gaussian within which a landmark's errors are taken to be one error, and by how much the uncertainty
#: grows because landmarks err alike, and drifts take noise away: as found on real clips.
_KERNEL, _ALIKE = 0.03, 3.5
#: The share of the motion that is taken to be seen by both recordings at least.
_LEAST_SHARED = 0.1
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
        system = _Step.of(seen, free, frame)
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
    """What P pairs tell of the times of F recordings that are free.

    Attributes:
        moves: by how much each pair's second recording begins later than its first, as each of the free ones does.
        pull: the gradient of each pair, as its second recording begins later.
        moved: the normal matrix of each pair: the motion that is seen, noise among it.
        shared: the part of it that both recordings see, which is motion alone.
        scatter: the variance of each pair's gradient, if each landmark's errors were its own.
    """

    moves: Float[np.ndarray, "P F"]
    pull: Float[np.ndarray, " P"]
    moved: Float[np.ndarray, " P"]
    shared: Float[np.ndarray, " P"]
    scatter: Float[np.ndarray, " P"]

    @classmethod
    def of(cls, compared: list[_Seen], free: Int[np.ndarray, " F"], frame: float) -> _Step:
        moves = [(free == seen.pair[1]).astype(float) - (free == seen.pair[0]) for seen in compared]
        told = [_told(seen, frame) for seen in compared]
        return cls(np.array(moves), *np.array(told).T)

    def step(self) -> Float[np.ndarray, " F"]:
        """Seconds by which the recordings should begin later."""
        inverse, _ = self._inverse(self.moved)
        return -np.asarray(inverse @ (self.moves.T @ self.pull))

    def deviation(self) -> Float[np.ndarray, " F"]:
        """Standard deviations of the times, seconds; infinite where nothing tells.

        By the motion that both of two recordings see: what one of them sees alone is noise, or somebody else, and tells
        nothing of the time, however quick it is.
        """
        inverse, told = self._inverse(np.maximum(self.shared, _LEAST_SHARED * self.moved))
        scatter = (self.moves.T * self.scatter) @ self.moves
        return np.where(told, _ALIKE * np.sqrt(np.maximum(np.diag(inverse @ scatter @ inverse), 0.0)), np.inf)

    def _inverse(self, normal: Float[np.ndarray, " P"]) -> tuple[Float[np.ndarray, "F F"], Bool[np.ndarray, " F"]]:
        """Of a normal matrix as far as it tells something, and of which recordings it does."""
        values, vectors = np.linalg.eigh((self.moves.T * normal) @ self.moves)
        told = values > 1e-6 * max(float(values[-1]), 1e-300)
        inverse = (vectors[:, told] / values[told]) @ vectors[:, told].T
        return inverse, np.abs(vectors[:, ~told]).max(axis=1, initial=0.0) < 1e-3


def _told(seen: _Seen, frame: float) -> tuple[float, float, float, float]:
    """A pair's gradient, the motion that is seen, that which both see, and the gradient's variance."""
    one, other = seen.slopes
    slope = 0.5 * (other - one)
    weighted = seen.weight * slope
    near = _KERNEL / frame * np.sqrt(2 * np.pi) * gaussian_filter1d(weighted, _KERNEL / frame, axis=1, mode="constant")
    total = max(float(seen.weight.sum()), 1e-300)
    noise = float((seen.weight * seen.value**2).sum()) / total
    return (
        float((weighted * seen.value).sum()),
        float((weighted * slope).sum()),
        -float((seen.weight * one * other).sum()),
        noise * float((weighted * near).sum()),
    )
