"""The formulas of the classical test functions, each with its gradient, for NumPy arrays and torch tensors alike.

Every formula takes ``z`` (..., n) and ``i``, the numbers 1 to n as floats of the same kind, and gives the values (...,)
and the gradients (..., n). There is no control flow on the values, only on n. The formulas and domains are those of
Surjanovic and Bingham's "Virtual Library of Simulation Experiments" (sfu.ca/~ssurjano); where it leaves a dimension
out, the docstring says how the formula is continued.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

#: A NumPy array or a torch tensor.
Array = Any


def _module(z: Array) -> ModuleType:
    """numpy or torch, whichever ``z`` belongs to."""
    if isinstance(z, np.ndarray):
        return np
    import torch

    return torch


def sphere(z: Array, i: Array) -> tuple[Array, Array]:
    """sum z_i^2"""
    return (z * z).sum(-1), 2 * z


def sum_squares(z: Array, i: Array) -> tuple[Array, Array]:
    """sum i z_i^2"""
    return (i * z * z).sum(-1), 2 * i * z


def hyper_ellipsoid(z: Array, i: Array) -> tuple[Array, Array]:
    """The rotated hyper-ellipsoid, sum over i of sum over j <= i of z_j^2. In a random rotation it is ``sum_squares``
    with another domain."""
    weight = i[-1] + 1 - i
    return (weight * z * z).sum(-1), 2 * weight * z


def sum_of_powers(z: Array, i: Array) -> tuple[Array, Array]:
    """The sum of different powers, sum |z_i|^(i + 1)"""
    xp = _module(z)
    size = xp.abs(z)
    power = size**i
    return (power * size).sum(-1), (i + 1) * power * xp.sign(z)


def trid(z: Array, i: Array) -> tuple[Array, Array]:
    """sum (z_i - 1)^2 - sum z_i z_(i-1)"""
    xp = _module(z)
    none = xp.zeros_like(z[..., :1])
    before = xp.concatenate([none, z[..., :-1]], -1)
    after = xp.concatenate([z[..., 1:], none], -1)
    return ((z - 1) ** 2 - z * before).sum(-1), 2 * (z - 1) - before - after


def zakharov(z: Array, i: Array) -> tuple[Array, Array]:
    """sum z_i^2 + t^2 + t^4 with t = sum i z_i / 2"""
    t = (0.5 * i * z).sum(-1)
    square = t * t
    return (z * z).sum(-1) + square + square * square, 2 * z + (2 * t + 4 * t * square)[..., None] * (0.5 * i)


def dixon_price(z: Array, i: Array) -> tuple[Array, Array]:
    """(z_1 - 1)^2 + sum from 2 of i (2 z_i^2 - z_(i-1))^2"""
    xp = _module(z)
    first = z[..., :1] - 1
    low, high = z[..., :-1], z[..., 1:]
    r = 2 * high * high - low
    pull = i[1:] * r
    none = xp.zeros_like(first)
    gradient = xp.concatenate([2 * first, 8 * pull * high], -1) - xp.concatenate([2 * pull, none], -1)
    return (first * first).sum(-1) + (pull * r).sum(-1), gradient


def rosenbrock(z: Array, i: Array) -> tuple[Array, Array]:
    """sum to n - 1 of 100 (z_(i+1) - z_i^2)^2 + (1 - z_i)^2; for n = 1, where that sum is empty, (1 - z_1)^2"""
    if z.shape[-1] == 1:
        return ((1 - z) ** 2).sum(-1), 2 * (z - 1)
    xp = _module(z)
    low, high = z[..., :-1], z[..., 1:]
    r, s = high - low * low, low - 1
    none = xp.zeros_like(z[..., :1])
    gradient = xp.concatenate([2 * s - 400 * r * low, none], -1) + xp.concatenate([none, 200 * r], -1)
    return (100 * r * r + s * s).sum(-1), gradient


def powell(z: Array, i: Array) -> tuple[Array, Array]:
    """sum over groups of four (a, b, c, d) of (a + 10 b)^2 + 5 (c - d)^2 + (b - 2 c)^4 + 10 (a - d)^4

    Where n is no multiple of four, the numbers that the last group lacks are zero, as they are at the minimum.
    """
    xp = _module(z)
    n = z.shape[-1]
    padded = xp.concatenate([z, *([xp.zeros_like(z[..., :1])] * (-n % 4))], -1)
    a, b, c, d = (padded[..., k::4] for k in range(4))
    p, q, r, s = a + 10 * b, c - d, b - 2 * c, a - d
    r3, s3 = r * r * r, s * s * s
    gradient = xp.stack([2 * p + 40 * s3, 20 * p + 4 * r3, 10 * q - 8 * r3, -10 * q - 40 * s3], -1)
    value = (p * p + 5 * q * q + r * r3 + 10 * s * s3).sum(-1)
    return value, gradient.reshape(padded.shape)[..., :n]


def perm(z: Array, i: Array) -> tuple[Array, Array]:
    """Perm 0, d, beta with beta = 10: sum over k of ((sum over j of (j + beta) (z_j^k - j^-k)) / n^k)^2

    The k-th sum is divided by n^k, its size in the domain [-n, n]: minimizer and minimum are the classical ones, but
    the values stay finite at n = 500, where the classical ones have 2,700 digits.
    """
    xp = _module(z)
    n = z.shape[-1]
    rows = xp.zeros_like(i)[:, None]
    powers = xp.cumprod((z / n)[..., None, :] + rows, -2)  # (..., k, j): (z_j / n)^k
    targets = xp.cumprod((1 / (n * i))[None, :] + rows, -2)
    weight = i + 10.0
    sums = (powers - targets) @ weight  # (..., k)
    # d powers_k / d z_j = k / n * (z_j / n)^(k - 1)
    lower = xp.concatenate([xp.ones_like(powers[..., :1, :]), powers[..., :-1, :]], -2)
    inner = ((sums * i)[..., None, :] @ lower)[..., 0, :]
    return (sums * sums).sum(-1), 2 / n * weight * inner


def ackley(z: Array, i: Array) -> tuple[Array, Array]:
    """20 + e - 20 exp(-0.2 rms(z)) - exp(mean cos(2 pi z)); its gradient at the cone's tip is taken as zero"""
    xp = _module(z)
    n, c = z.shape[-1], 2 * np.pi
    rms = xp.sqrt((z * z).mean(-1))
    cone, ripple = xp.exp(-0.2 * rms), xp.exp(xp.cos(c * z).mean(-1))
    slope = 4 * cone / (n * xp.where(rms > 0, rms, xp.ones_like(rms)))
    # expm1 keeps the differences exact near the minimum
    value = -20 * xp.expm1(-0.2 * rms) - np.e * xp.expm1((xp.cos(c * z) - 1).mean(-1))
    return value, slope[..., None] * z + (c / n * ripple)[..., None] * xp.sin(c * z)


def griewank(z: Array, i: Array) -> tuple[Array, Array]:
    """sum z_i^2 / 4000 - prod cos(z_i / sqrt(i)) + 1"""
    xp = _module(z)
    root = xp.sqrt(i)
    cosine, one = xp.cos(z / root), xp.ones_like(z[..., :1])
    left = xp.cumprod(xp.concatenate([one, cosine[..., :-1]], -1), -1)
    back = xp.flip(cosine, (-1,))
    right = xp.flip(xp.cumprod(xp.concatenate([one, back[..., :-1]], -1), -1), (-1,))
    product = left[..., -1] * cosine[..., -1]
    return (z * z).sum(-1) / 4000 - product + 1, z / 2000 + xp.sin(z / root) / root * left * right


def levy(z: Array, i: Array) -> tuple[Array, Array]:
    """With w = 1 + (z - 1) / 4: sin^2(pi w_1) + sum to n - 1 of (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1))
    + (w_n - 1)^2 (1 + sin^2(2 pi w_n))"""
    xp = _module(z)
    v = (z - 1) / 4  # w - 1; the sines below have the period of w
    first, middle, last = v[..., :1], v[..., :-1], v[..., -1:]
    s1, sm, sl = xp.sin(np.pi * first), xp.sin(np.pi * (middle + 1) + 1), xp.sin(2 * np.pi * last)
    value = (s1 * s1).sum(-1) + (middle**2 * (1 + 10 * sm * sm)).sum(-1) + (last**2 * (1 + sl * sl)).sum(-1)
    body = 2 * middle * (1 + 10 * sm * sm) + middle**2 * 10 * np.pi * xp.sin(2 * (np.pi * (middle + 1) + 1))
    end = 2 * last * (1 + sl * sl) + last**2 * 2 * np.pi * xp.sin(4 * np.pi * last)
    start = np.pi * xp.sin(2 * np.pi * first)
    rest = xp.zeros_like(middle)
    return value, 0.25 * (xp.concatenate([body, end], -1) + xp.concatenate([start, rest], -1))


def michalewicz(z: Array, i: Array) -> tuple[Array, Array]:
    """-sum sin(z_i) sin^20(i z_i^2 / pi)"""
    xp = _module(z)
    phase = i * z * z / np.pi
    sine, s = xp.sin(z), xp.sin(phase)
    s2 = s * s
    s4 = s2 * s2
    s18 = s4 * s4 * s4 * s4 * s2
    chain = 40 / np.pi * i * z * s * xp.cos(phase)
    return -(sine * s18 * s2).sum(-1), -s18 * (xp.cos(z) * s2 + sine * chain)


def rastrigin(z: Array, i: Array) -> tuple[Array, Array]:
    """sum z_i^2 + 10 (1 - cos(2 pi z_i))"""
    xp = _module(z)
    s = xp.sin(np.pi * z)
    return (z * z + 20 * s * s).sum(-1), 2 * z + 20 * np.pi * xp.sin(2 * np.pi * z)


def schwefel(z: Array, i: Array) -> tuple[Array, Array]:
    """sum m - z_i sin(sqrt|z_i|), where m = 418.98... is the largest value of that product in the domain"""
    xp = _module(z)
    root = xp.sqrt(xp.abs(z))
    sine = xp.sin(root)
    return (_SCHWEFEL_HEIGHT - z * sine).sum(-1), -sine - 0.5 * root * xp.cos(root)


def styblinski_tang(z: Array, i: Array) -> tuple[Array, Array]:
    """sum (z_i^4 - 16 z_i^2 + 5 z_i) / 2"""
    square = z * z
    return 0.5 * (square * square - 16 * square + 5 * z).sum(-1), 2 * z * square - 16 * z + 2.5


def _schwefel_root() -> float:
    """Where z sin(sqrt z) is largest in [0, 500]: the root of tan r = -r / 2 near r = 20.5, squared."""
    r = 20.5
    for _ in range(50):
        slope = 1.5 * np.cos(r) - 0.5 * r * np.sin(r)
        r -= float((np.sin(r) + 0.5 * r * np.cos(r)) / slope)
    return r * r


#: Every coordinate of Schwefel's minimizer.
SCHWEFEL_POINT = _schwefel_root()
_SCHWEFEL_HEIGHT = float(SCHWEFEL_POINT * np.sin(np.sqrt(SCHWEFEL_POINT)))


def styblinski_tang_point() -> float:
    """Every coordinate of Styblinski and Tang's minimizer, the lowest root of 4 z^3 - 32 z + 5."""
    return float(np.roots([4.0, 0.0, -32.0, 5.0]).real.min())


@lru_cache(maxsize=64)
def michalewicz_point(n: int) -> np.ndarray:
    """The minimizer (n,) of Michalewicz's function, read-only.

    It has no closed form but is separable. sin(z) sin^20(i z^2 / pi) has one peak between neighbouring zeros of the
    second factor, where cot(z) + 40 i z / pi cot(i z^2 / pi) = 0; the highest peak is among those next to pi / 2.
    """
    i = np.arange(1.0, n + 1)[:, None]
    k = np.clip(np.floor(i / 4) + np.arange(-2.0, 3.0), 0, i - 1)  # the peak's number
    low, high = np.pi * np.sqrt(k / i), np.pi * np.sqrt((k + 1) / i)
    with np.errstate(divide="ignore"):
        for _ in range(80):
            middle = 0.5 * (low + high)
            slope = 1 / np.tan(middle) + 40 * i * middle / np.pi / np.tan(i * middle**2 / np.pi)
            low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
    peak = 0.5 * (low + high)
    height = np.sin(peak) * np.sin(i * peak**2 / np.pi) ** 20
    point = np.take_along_axis(peak, height.argmax(1)[:, None], axis=1)[:, 0]
    point.setflags(write=False)
    return point
