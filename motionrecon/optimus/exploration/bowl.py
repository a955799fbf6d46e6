"""The bowl under ripples: where is the minimum of the trend, seen from noisy samples of values and gradients?

The model is an isotropic parabola with ripples, which count as noise:

    f(x) = e + h/2 |x - m|^2 + ripples,    grad f(x) = h (x - m) + ripples.

The ripples of a sample are taken to be as large as a power p of its distance from m, and the power under which the
gradients are likeliest is chosen: 0 for ripples of one size (Rastrigin's), 2 for such as grow as fast as the bowl
(Levy's), 1 for gradients that are off in proportion to the distance, as an elliptic bowl's are. Every gradient shows m
in all unknowns, every value in the one direction towards its sample: where n is large the gradients, and far away the
values, tell most. All samples are fitted at once, so the answer can be asked for after each of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg.lapack import dpotrf, dpotrs

#: Powers of the distance with which the ripples of gradients, and of values, may grow; one pair for each candidate.
POWERS = ((0.0, 0.0), (1.0, 2.0), (2.0, 2.0))
#: Samples over the unknowns from which the values' own fit tells their ripples.
ENOUGH = 1.5
#: Squares of relative noise below this are rounding.
EXACT = 1e-24
#: Rounds of reweighting: the weights depend on the distances from m.
ROUNDS = 2


class Bowl(NamedTuple):
    """What the samples of P problems say.

    Attributes:
        minimum: m (P, n).
        variance: (P,) of each unknown of m, on average.
        power: p (P,), with which the gradients' ripples grow.
        wavenumber: (P,) of the ripples, in radians over the unknowns' unit, were they waves: from the ratio of the
            gradients' ripples to the values'; inf where both grow differently.
        sound: (P,) False where the samples show no bowl; nothing else is to be used there.
    """

    minimum: Float[np.ndarray, "P n"]
    variance: Float[np.ndarray, " P"]
    power: Float[np.ndarray, " P"]
    wavenumber: Float[np.ndarray, " P"]
    sound: Bool[np.ndarray, " P"]


@np.errstate(all="ignore")
def fit_bowl(
    x: Float[np.ndarray, "P K n"],
    f: Float[np.ndarray, "P K"],
    g: Float[np.ndarray, "P K n"],
    used: Bool[np.ndarray, "P K"],
    guess: Float[np.ndarray, "P n"],
    variance: Float[np.ndarray, " P"],
    origin: Float[np.ndarray, "P n"],
    prior: Float[np.ndarray, " P"],
    grain: Float[np.ndarray, " P"],
    doubt: float,
) -> Bowl:
    """The bowl that K samples show.

    Args:
        x: where the samples are (P, K, n).
        f: values there (P, K).
        g: gradients there (P, K, n).
        used: which of them count (P, K).
        guess: of the minimum (P, n), from which distances are measured at first.
        variance: of each unknown of the guess (P,).
        origin, prior: m is taken to be within about the distance ``prior`` (P,) of ``origin`` (P, n) in each unknown.
        grain: size (P,) of a dent: nearer to the minimum than this, ripples are not smaller.
        doubt: least share of the scatter of values that counts as ripples: few values fit anything.
    """
    n = x.shape[-1]
    count = np.maximum(used.sum(-1).astype(float), 2.0)
    # Units in which neither squares nor their sums overflow.
    unit = np.maximum(prior, 1e-300)
    x = np.where(used[..., None], (x - origin[:, None]) / unit[:, None, None], 0.0)
    size = np.maximum(np.where(used[..., None], np.abs(g), 0.0).max((1, 2)), 1e-300)
    g = np.where(used[..., None], g / size[:, None, None], 0.0)
    lowest = np.where(used, f, np.inf).min(-1)
    f = np.where(used, (f - lowest[:, None]) / (size * unit)[:, None], 0.0)
    start = (guess - origin) / unit[:, None], variance / unit**2
    blurred = np.square(grain / unit)
    best: Bowl | None = None
    likelihood = np.full_like(count, -np.inf)
    for of_gradients, of_values in POWERS:
        m, v = start
        squared = _squared_distance(x, m, v + blurred)
        for _ in range(ROUNDS):
            gradients = _by_gradients(x, g, used, count, squared**-of_gradients)
            m, v, values = _by_values(x, f, used, count, squared**-of_values, gradients, doubt)
            squared = _squared_distance(x, m, v + blurred)
        left = np.maximum(np.square(g - gradients.h[:, None, None] * (x - m[:, None])).mean(-1), EXACT)
        scatter = np.where(used, left / squared**of_gradients, 0.0).sum(-1) / count
        spread = np.where(used, np.log(squared), 0.0).sum(-1)
        likely = -0.5 * n * (count * np.log(np.maximum(scatter, 1e-300)) + of_gradients * spread)
        sound = (gradients.h > 0) & (gradients.free > 0) & (v > 0)
        sound = sound & np.isfinite(m).all(-1) & np.isfinite(v) & np.isfinite(likely)
        likely = np.where(sound, likely, -np.inf)
        wavenumber = np.sqrt(n * scatter / np.maximum(values, 1e-300)) / unit
        if of_gradients != of_values:  # no waves
            wavenumber = np.full_like(wavenumber, np.inf)
        power = np.full_like(count, of_gradients)
        found = Bowl(origin + m * unit[:, None], v * unit**2, power, wavenumber, sound)
        if best is None:
            best, likelihood = found, likely
            continue
        better = likely > likelihood
        pairs = zip(found, best, strict=True)
        best = Bowl(*(np.where(better.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in pairs))
        likelihood = np.where(better, likely, likelihood)
    assert best is not None
    return best


class _Gradients(NamedTuple):
    """What gradients alone say of P problems.

    Attributes:
        h: the stiffness (P,).
        relative: variance (P,) of its relative error.
        middle: weighted mean of the samples (P, n): an error of h moves m along the way from there.
        minimum: m (P, n).
        information: on each unknown of m (P,).
        free: degrees of freedom (P,) left for an unknown: K, less the line's own.
    """

    h: np.ndarray
    relative: np.ndarray
    middle: np.ndarray
    minimum: np.ndarray
    information: np.ndarray
    free: np.ndarray


def _squared_distance(x: np.ndarray, m: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Mean squared distances (P, K) of the samples from the minimum, which is known up to the variance ``v`` (P,)."""
    found: np.ndarray = np.maximum(np.square(x - m[:, None]).mean(-1) + v[:, None], 1e-30)
    return found


def _by_gradients(x: np.ndarray, g: np.ndarray, used: np.ndarray, count: np.ndarray, precise: np.ndarray) -> _Gradients:
    """The line through the gradients, each as ``precise`` (P, K) as it says, up to a factor."""
    w = np.where(used, precise, 0.0)
    w = w / np.maximum(w.sum(-1, keepdims=True), 1e-300)
    middle, mean = _mean(w, x), _mean(w, g)
    away, change = x - middle[:, None], g - mean[:, None]
    spread = np.maximum((w * np.square(away).sum(-1)).sum(-1), 1e-300)
    h = (w * (away * change).sum(-1)).sum(-1) / spread
    stiff = np.where(h > 0, h, 1.0)
    left = (w * np.square(change - stiff[:, None, None] * away).mean(-1)).sum(-1)
    # A mean for each unknown, and one slope for all of them. w sums up to 1, so a sample's variance is this over its w.
    free = count - 1 - 1 / x.shape[-1]
    noise = np.maximum(left / np.maximum(free, 0.5), EXACT)
    relative = noise / (spread * stiff**2)
    return _Gradients(h, relative, middle, middle - mean / stiff[:, None], stiff**2 / noise, free)


def _by_values(
    x: np.ndarray,
    f: np.ndarray,
    used: np.ndarray,
    count: np.ndarray,
    precise: np.ndarray,
    seen: _Gradients,
    doubt: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """m (P, n) and its mean variance (P,) from all there is, and the scatter of values (P,), over ``precise``."""
    n = x.shape[-1]
    h = np.where(seen.h > 0, seen.h, 1.0)
    w = np.where(used, precise, 0.0)
    total = np.maximum(w.sum(-1), 1e-300)
    w = w / total[:, None]
    # f - h/2 |x|^2 is linear in x, with slope -h m. Far away the least error of h would drown all else, so what values
    # say about h, as about e, is left out: two of their equations.
    away = np.where(used[..., None], x - _mean(w, x)[:, None], 0.0)
    square = 0.5 * np.square(away).sum(-1)
    y = f - 0.5 * h[:, None] * np.square(x).sum(-1)
    y = np.where(used, y - (w * y).sum(-1, keepdims=True), 0.0)
    square = np.where(used, square - (w * square).sum(-1, keepdims=True), 0.0)
    share = w * square / np.maximum((w * square**2).sum(-1, keepdims=True), 1e-300)
    y = y - square * (share * y).sum(-1, keepdims=True)
    away = away - square[..., None] * _mean(share, away)[:, None]
    left = (w * np.square(y + h[:, None] * (away @ seen.minimum[..., None])[..., 0])).sum(-1)
    expected = h**2 * (w * np.square(away).sum(-1)).sum(-1) / seen.information
    noise = np.maximum(np.maximum(left - expected, doubt * left), EXACT) / np.maximum(count - 2, 1.0)
    w = np.where((count > 2)[:, None], w, 0.0)  # of two values nothing is left
    known = seen.information + 1.0  # the prior: a distance of 1 from 0 in each unknown
    m, v = _combined(away, y, h, w / noise[:, None], seen, known)
    if w.shape[-1] > ENOUGH * n:  # then what the fit leaves tells the ripples
        rest = (w * np.square(y + h[:, None] * (away @ m[..., None])[..., 0])).sum(-1)
        free = count - 2 - n
        rest = np.maximum(rest / np.maximum(free, 1.0), EXACT)
        noise = np.where((count > ENOUGH * n) & (free >= 1) & np.isfinite(rest), rest, noise)
        m, v = _combined(away, y, h, w / noise[:, None], seen, known)
    v = v + seen.relative * np.square(m - seen.middle).mean(-1)
    return m, v, noise * total


def _combined(
    away: np.ndarray, y: np.ndarray, h: np.ndarray, weight: np.ndarray, seen: _Gradients, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """m (P, n) and its mean variance (P,) from gradients and the equations y = -h away m, of ``weight`` (P, K) each."""
    n = away.shape[-1]
    rows = away * (h[:, None] * np.sqrt(weight))[..., None]
    target = -(y * np.sqrt(weight))
    right = seen.information[:, None] * seen.minimum + (rows.swapaxes(1, 2) @ target[..., None])[..., 0]
    if rows.shape[1] < n:  # (known + R'R)^-1 by the smaller matrix of the two (Woodbury)
        gram = rows @ rows.swapaxes(1, 2)
        solved, sound = _solve(
            gram + known[:, None, None] * _eye(gram), np.concatenate([rows @ right[..., None], gram], -1)
        )
        m = (right - (rows.swapaxes(1, 2) @ solved[..., :1])[..., 0]) / known[:, None]
        v = (1 - solved[..., 1:].trace(axis1=1, axis2=2) / n) / known
    else:
        information = rows.swapaxes(1, 2) @ rows
        information = information + known[:, None, None] * _eye(information)
        solved, sound = _solve(information, np.concatenate([right[..., None], _eye(information)], -1))
        m, v = solved[..., 0], solved[..., 1:].trace(axis1=1, axis2=2) / n
    return np.where(sound[:, None], m, np.nan), v


def _mean(w: np.ndarray, a: np.ndarray) -> np.ndarray:
    found: np.ndarray = (w[..., None] * a).sum(1)
    return found


def _eye(A: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.eye(A.shape[-1]), A.shape)


def _solve(A: np.ndarray, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solutions of A X = B for positive definite A, and where (P,) there is one."""
    X, sound = np.full_like(B, np.nan), np.zeros(len(A), dtype=bool)
    for k in range(len(A)):
        if not np.isfinite(A[k]).all():
            continue
        factor, info = dpotrf(A[k], lower=1)
        if info == 0:
            X[k], _ = dpotrs(factor, B[k], lower=1)
            sound[k] = True
    return X, sound
