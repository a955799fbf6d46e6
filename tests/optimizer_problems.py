"""The table of problems that every optimizer's tests run through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Residuals = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass
class Squares:
    """A least-squares problem from a function that gives r (m,) and its Jacobian (m, n).

    ``minimum`` is the lowest value there is; ``scale`` multiplies every residual.
    """

    name: str
    x0: np.ndarray
    function: Residuals
    minimum: float = 0.0
    scale: float = 1.0

    @property
    def n(self) -> int:
        return len(self.x0)

    def residuals(self, x):
        return self.scale * self.function(x)[0]

    def residuals_and_jacobian(self, x):
        r, J = self.function(x)
        return self.scale * r, self.scale * J

    def value(self, x):
        with np.errstate(over="ignore", invalid="ignore"):
            return self.residuals(x) @ self.residuals(x)

    def value_and_gradient(self, x):
        r, J = self.residuals_and_jacobian(x)
        with np.errstate(over="ignore", invalid="ignore"):
            return r @ r, 2 * J.T @ r


class Smooth:
    """The same problem without its residuals."""

    def __init__(self, problem):
        self.n = problem.n
        self.value = problem.value
        self.value_and_gradient = problem.value_and_gradient


def linear(m: int, n: int, seed: int = 0, noise: float = 1.0, condition: float = 100.0) -> Squares:
    """An overdetermined linear fit with columns of very different size."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n)) * np.geomspace(1, condition, n)
    b = A @ rng.normal(size=n) + noise * rng.normal(size=m)
    least = np.linalg.lstsq(A, b, rcond=None)[0]
    return Squares("linear", np.zeros(n), lambda x: (A @ x - b, A), float(np.sum((A @ least - b) ** 2)))


def _rosenbrock(x):
    n = len(x)
    J = np.zeros((2 * n - 2, n))
    i = np.arange(n - 1)
    J[i, i + 1], J[i, i], J[n - 1 + i, i] = 10, -20 * x[:-1], -1
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]]), J


def _powell(x):
    a, b, c, d = x
    s5, s10 = np.sqrt(5), np.sqrt(10)
    r = np.array([a + 10 * b, s5 * (c - d), (b - 2 * c) ** 2, s10 * (a - d) ** 2])
    u, v = 2 * (b - 2 * c), 2 * s10 * (a - d)
    return r, np.array([[1, 10, 0, 0], [0, 0, s5, -s5], [0, u, -2 * u, 0], [v, 0, 0, -v]])


def _beale(x):
    a, b = x
    k = np.arange(1, 4)
    return a * (1 - b**k) - np.array([1.5, 2.25, 2.625]), np.stack([1 - b**k, -a * k * b ** (k - 1)], axis=1)


def _decay(x):
    """Fit of amplitude, rate and offset of a decay to samples of (2, 1.3, 0.5)."""
    t = np.linspace(0, 4, 40)
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(-x[1] * t)
        r = x[0] * e + x[2] - (2 * np.exp(-1.3 * t) + 0.5)
        return r, np.stack([e, -x[0] * t * e, np.ones_like(t)], axis=1)


def _log_wall(x):
    """Has no value (nan) where a number is not positive, and falls towards there from the start."""
    with np.errstate(invalid="ignore"):
        r = np.log(np.where(x > 0, x, np.nan)) - np.log([0.01, 0.02, 0.05])
        return r, np.diag(1 / np.where(x > 0, x, np.nan))


def _contact(x):
    """A floor: |x| kinks at zero in every number, and pulls along a line that crosses the kinks."""
    r = np.concatenate([np.abs(x) - 0.1 * np.maximum(x, 0), 0.3 * (x - np.linspace(-1, 2, len(x)))])
    return r, np.concatenate([np.diag(np.where(x > 0, 0.9, -1.0)), 0.3 * np.eye(len(x))])


def _contact_minimum(n: int) -> float:
    target = np.linspace(-1, 2, n)
    slope = np.where(target > 0, 0.9, -1.0)
    best = 0.09 * target / (slope**2 + 0.09)
    return float(np.sum((slope * best) ** 2 + 0.09 * (best - target) ** 2))


#: Every optimizer must get down each of these; see ``test_optimizers.py`` for how far.
PROBLEMS: list[Squares] = [
    linear(30, 5, condition=5.0),
    Squares("rosenbrock", np.array([-1.2, 1.0]), _rosenbrock),
    Squares("rosenbrock10", np.full(10, 0.5), _rosenbrock),
    Squares("powell", np.array([3.0, -1.0, 0.0, 1.0]), _powell),
    Squares("beale", np.array([1.0, 1.0]), _beale),
    Squares("decay", np.array([1.0, 0.3, 0.0]), _decay),
    Squares("log_wall", np.array([1.0, 2.0, 3.0]), _log_wall),
    Squares("contact", np.full(8, 1.0), _contact, _contact_minimum(8)),
]


class Quadratic:
    """|A x - b|^2."""

    def __init__(self, m: int, n: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.A, self.b, self.n = rng.standard_normal((m, n)), rng.standard_normal(m), n

    def residuals(self, x):
        return self.A @ x - self.b

    def residuals_and_jacobian(self, x):
        return self.residuals(x), self.A

    def value(self, x):
        return float(self.residuals(x) @ self.residuals(x))

    def value_and_gradient(self, x):
        r, J = self.residuals_and_jacobian(x)
        return float(r @ r), 2 * J.T @ r


class Curved(Quadratic):
    """The same with a cubic bend; ``hole`` makes it undefined beyond a radius."""

    def __init__(self, m: int, n: int, seed: int = 0, scale: float = 1.0, hole: float = np.inf) -> None:
        super().__init__(m, n, seed)
        self.scale, self.hole = scale, hole

    def residuals(self, x):
        with np.errstate(over="ignore", invalid="ignore"):
            y = self.A @ (x / self.scale)
            out = y + 0.3 * y**3 - self.b
        return out if np.linalg.norm(x / self.scale) < self.hole else np.full(len(out), np.nan)

    def residuals_and_jacobian(self, x):
        with np.errstate(over="ignore", invalid="ignore"):
            y = self.A @ (x / self.scale)
            return self.residuals(x), (1 + 0.9 * y**2)[:, None] * self.A / self.scale
