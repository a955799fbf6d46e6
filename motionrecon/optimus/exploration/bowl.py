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

import torch
from jaxtyping import Bool, Float
from torch import Tensor

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

    minimum: Float[Tensor, "P n"]
    variance: Float[Tensor, " P"]
    power: Float[Tensor, " P"]
    wavenumber: Float[Tensor, " P"]
    sound: Bool[Tensor, " P"]


def fit_bowl(
    x: Float[Tensor, "P K n"],
    f: Float[Tensor, "P K"],
    g: Float[Tensor, "P K n"],
    used: Bool[Tensor, "P K"],
    guess: Float[Tensor, "P n"],
    variance: Float[Tensor, " P"],
    origin: Float[Tensor, "P n"],
    prior: Float[Tensor, " P"],
    grain: Float[Tensor, " P"],
    doubt: Float[Tensor, " P"],
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
        doubt: least share (P,) of the scatter of values that counts as ripples: few values fit anything.
    """
    n = x.shape[-1]
    count = used.sum(-1).to(x.dtype).clamp_min(2.0)
    # Units in which neither squares nor their sums overflow.
    unit = prior.clamp_min(1e-300)
    x = torch.where(used[..., None], (x - origin[:, None]) / unit[:, None, None], 0.0)
    size = torch.where(used[..., None], g.abs(), 0.0).amax((1, 2)).clamp_min(1e-300)
    g = torch.where(used[..., None], g / size[:, None, None], 0.0)
    lowest = torch.where(used, f, torch.inf).amin(-1)
    f = torch.where(used, (f - lowest[:, None]) / (size * unit)[:, None], 0.0)
    start = (guess - origin) / unit[:, None], variance / unit.square()
    blurred = (grain / unit).square()
    best: Bowl | None = None
    likelihood = torch.full_like(count, -torch.inf)
    for of_gradients, of_values in POWERS:
        m, v = start
        squared = _squared_distance(x, m, v + blurred)
        for _ in range(ROUNDS):
            gradients = _by_gradients(x, g, used, count, squared**-of_gradients)
            m, v, values = _by_values(x, f, used, count, squared**-of_values, gradients, doubt)
            squared = _squared_distance(x, m, v + blurred)
        left = (g - gradients.h[:, None, None] * (x - m[:, None])).square().mean(-1).clamp_min(EXACT)
        scatter = torch.where(used, left / squared**of_gradients, 0.0).sum(-1) / count
        spread = torch.where(used, squared.log(), 0.0).sum(-1)
        likely = -0.5 * n * (count * scatter.clamp_min(1e-300).log() + of_gradients * spread)
        sound = (
            (gradients.h > 0) & (gradients.free > 0) & m.isfinite().all(-1) & v.isfinite() & (v > 0) & likely.isfinite()
        )
        likely = torch.where(sound, likely, -torch.inf)
        wavenumber = (n * scatter / values.clamp_min(1e-300)).sqrt() / unit
        if of_gradients != of_values:  # no waves
            wavenumber = torch.full_like(wavenumber, torch.inf)
        power = torch.full_like(count, of_gradients)
        found = Bowl(origin + m * unit[:, None], v * unit.square(), power, wavenumber, sound)
        if best is None:
            best, likelihood = found, likely
            continue
        better = likely > likelihood
        pairs = zip(found, best, strict=True)
        best = Bowl(*(torch.where(better.reshape(-1, *[1] * (a.dim() - 1)), a, b) for a, b in pairs))
        likelihood = torch.where(better, likely, likelihood)
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

    h: Tensor
    relative: Tensor
    middle: Tensor
    minimum: Tensor
    information: Tensor
    free: Tensor


def _squared_distance(x: Tensor, m: Tensor, v: Tensor) -> Tensor:
    """Mean squared distances (P, K) of the samples from the minimum, which is known up to the variance ``v`` (P,)."""
    return ((x - m[:, None]).square().mean(-1) + v[:, None]).clamp_min(1e-30)


def _by_gradients(x: Tensor, g: Tensor, used: Tensor, count: Tensor, precise: Tensor) -> _Gradients:
    """The line through the gradients, each as ``precise`` (P, K) as it says, up to a factor."""
    w = torch.where(used, precise, 0.0)
    w = w / w.sum(-1, keepdim=True).clamp_min(1e-300)
    middle, mean = _mean(w, x), _mean(w, g)
    away, change = x - middle[:, None], g - mean[:, None]
    spread = (w * away.square().sum(-1)).sum(-1).clamp_min(1e-300)
    h = (w * (away * change).sum(-1)).sum(-1) / spread
    stiff = torch.where(h > 0, h, 1.0)
    left = (w * (change - stiff[:, None, None] * away).square().mean(-1)).sum(-1)
    # A mean for each unknown, and one slope for all of them. w sums up to 1, so a sample's variance is this over its w.
    free = count - 1 - 1 / x.shape[-1]
    noise = (left / free.clamp_min(0.5)).clamp_min(EXACT)
    relative = noise / (spread * stiff.square())
    return _Gradients(h, relative, middle, middle - mean / stiff[:, None], stiff.square() / noise, free)


def _by_values(
    x: Tensor, f: Tensor, used: Tensor, count: Tensor, precise: Tensor, seen: _Gradients, doubt: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """m (P, n) and its mean variance (P,) from all there is, and the scatter of values (P,), over ``precise``."""
    n = x.shape[-1]
    h = torch.where(seen.h > 0, seen.h, 1.0)
    w = torch.where(used, precise, 0.0)
    total = w.sum(-1).clamp_min(1e-300)
    w = w / total[:, None]
    # f - h/2 |x|^2 is linear in x, with slope -h m. Far away the least error of h would drown all else, so what values
    # say about h, as about e, is left out: two of their equations.
    away = torch.where(used[..., None], x - _mean(w, x)[:, None], 0.0)
    square = 0.5 * away.square().sum(-1)
    y = f - 0.5 * h[:, None] * x.square().sum(-1)
    y = torch.where(used, y - (w * y).sum(-1, keepdim=True), 0.0)
    square = torch.where(used, square - (w * square).sum(-1, keepdim=True), 0.0)
    share = w * square / (w * square.square()).sum(-1, keepdim=True).clamp_min(1e-300)
    y = y - square * (share * y).sum(-1, keepdim=True)
    away = away - square[..., None] * _mean(share, away)[:, None]
    left = (w * (y + h[:, None] * (away @ seen.minimum[..., None])[..., 0]).square()).sum(-1)
    expected = h.square() * (w * away.square().sum(-1)).sum(-1) / seen.information
    noise = torch.maximum(left - expected, doubt * left).clamp_min(EXACT) / (count - 2).clamp_min(1.0)
    w = torch.where((count > 2)[:, None], w, 0.0)  # of two values nothing is left
    known = seen.information + 1.0  # the prior: a distance of 1 from 0 in each unknown
    m, v = _combined(away, y, h, w / noise[:, None], seen, known)
    if w.shape[-1] > ENOUGH * n:  # then what the fit leaves tells the ripples
        rest = (w * (y + h[:, None] * (away @ m[..., None])[..., 0]).square()).sum(-1)
        free = count - 2 - n
        rest = (rest / free.clamp_min(1.0)).clamp_min(EXACT)
        noise = torch.where((count > ENOUGH * n) & (free >= 1) & rest.isfinite(), rest, noise)
        m, v = _combined(away, y, h, w / noise[:, None], seen, known)
    v = v + seen.relative * (m - seen.middle).square().mean(-1)
    return m, v, noise * total


def _combined(
    away: Tensor, y: Tensor, h: Tensor, weight: Tensor, seen: _Gradients, known: Tensor
) -> tuple[Tensor, Tensor]:
    """m (P, n) and its mean variance (P,) from gradients and the equations y = -h away m, of ``weight`` (P, K) each."""
    n = away.shape[-1]
    rows = away * (h[:, None] * weight.sqrt())[..., None]
    target = -(y * weight.sqrt())
    right = seen.information[:, None] * seen.minimum + (rows.mT @ target[..., None])[..., 0]
    if rows.shape[1] < n:  # (known + R'R)^-1 by the smaller matrix of the two (Woodbury)
        gram = rows @ rows.mT
        solved, sound = _solve(gram + known[:, None, None] * _eye(gram), torch.cat([rows @ right[..., None], gram], -1))
        m = (right - (rows.mT @ solved[..., :1])[..., 0]) / known[:, None]
        v = (1 - solved[..., 1:].diagonal(dim1=1, dim2=2).sum(-1) / n) / known
    else:
        information = rows.mT @ rows
        information = information + known[:, None, None] * _eye(information)
        solved, sound = _solve(information, torch.cat([right[..., None], _eye(information)], -1))
        m, v = solved[..., 0], solved[..., 1:].diagonal(dim1=1, dim2=2).sum(-1) / n
    return torch.where(sound[:, None], m, torch.nan), v


def _mean(w: Tensor, a: Tensor) -> Tensor:
    return (w[..., None] * a).sum(1)


def _eye(A: Tensor) -> Tensor:
    return torch.eye(A.shape[-1], dtype=A.dtype, device=A.device).expand_as(A)


def _solve(A: Tensor, B: Tensor) -> tuple[Tensor, Tensor]:
    """Solutions of A X = B for positive definite A, and where (P,) there is one."""
    factor, info = torch.linalg.cholesky_ex(A)
    return torch.cholesky_solve(B, factor), info == 0
