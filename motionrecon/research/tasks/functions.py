"""The classical test functions as batches of random problems: what Optimus is trained on, and measured on.

    batch = sample("ackley", n=10, P=64, seed=stream("train").seed("ackley", 10, 0))
    x = batch.start(generator)                 # (64, 10)
    f, g = batch.value_and_gradient(x)         # (64,), (64, 10)

An instance is f(x) = F base(z), z = z* + R (x / s - u*): its minimizer is x = s u*, with u* uniform in the middle half
of the domain, R a random rotation about it (so no function stays separable), s log-uniform in 0.1 to 10, F log-uniform
in 1e-3 to 1e3. Starts are uniform in the domain. Everything is float64, on CPU or CUDA.

A rotated point may lie outside the domain of the base function. Functions whose minimum does not hold there, or whose
powers overflow there (Michalewicz, Perm, Schwefel, sum of powers), are evaluated at the nearest point of their domain,
plus ``wall`` times the squared distance to it in half widths of the domain, coordinate by coordinate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from motionrecon.errors import InputError
from motionrecon.research.tasks import classical
from motionrecon.research.tasks.classical import Array

#: Shares of the domain's half width between the centre and the farthest minimizer.
_PLACE = 0.5
_SCALES = (0.1, 10.0)
_HEIGHTS = (1e-3, 1e3)


@dataclass(frozen=True)
class BenchmarkFunction:
    """A test function in any number n of unknowns.

    Attributes:
        name: its key in :data:`FUNCTIONS`.
        base: values (...,) and gradients (..., n) at z (..., n); see ``classical.py``.
        domain: n -> lower and upper limit of every coordinate.
        minimizer: n -> a point (n,) where it is lowest.
        minimum: n -> its value there.
        wall: where not None, the function is continued by a wall outside its domain (see the module), this high per
            coordinate one half width outside.
    """

    name: str
    base: Callable[[Array, Array], tuple[Array, Array]]
    domain: Callable[[int], tuple[float, float]]
    minimizer: Callable[[int], np.ndarray]
    minimum: Callable[[int], float] = lambda n: 0.0
    wall: float | None = None

    def value_and_gradient(self, z: Array, i: Array) -> tuple[Array, Array]:
        """The base function, continued; ``i`` holds 1 to n as floats, of the same kind as z (..., n)."""
        if self.wall is None:
            return self.base(z, i)
        lower, upper = self.domain(z.shape[-1])
        half = (upper - lower) / 2
        inside = z.clip(lower, upper)
        beyond = (z - inside) / half
        value, gradient = self.base(inside, i)
        return (
            value + self.wall * (beyond * beyond).sum(-1),
            gradient * (z == inside) + (2 * self.wall / half) * beyond,
        )


def _box(lower: float, upper: float) -> Callable[[int], tuple[float, float]]:
    return lambda n: (lower, upper)


def _all(value: float) -> Callable[[int], np.ndarray]:
    return lambda n: np.full(n, value)


def _count(n: int) -> np.ndarray:
    return np.arange(1.0, n + 1)


def _michalewicz_minimum(n: int) -> float:
    return float(classical.michalewicz(classical.michalewicz_point(n), _count(n))[0])


def _styblinski_tang_minimum(n: int) -> float:
    return float(classical.styblinski_tang(np.full(n, classical.styblinski_tang_point()), _count(n))[0])


_ALL = [
    BenchmarkFunction("ackley", classical.ackley, _box(-32.768, 32.768), _all(0.0)),
    BenchmarkFunction(
        "dixon_price", classical.dixon_price, _box(-10, 10), lambda n: 2.0 ** (2.0 ** (1 - _count(n)) - 1)
    ),
    BenchmarkFunction("griewank", classical.griewank, _box(-600, 600), _all(0.0)),
    BenchmarkFunction("hyper_ellipsoid", classical.hyper_ellipsoid, _box(-65.536, 65.536), _all(0.0)),
    BenchmarkFunction("levy", classical.levy, _box(-10, 10), _all(1.0)),
    BenchmarkFunction(
        "michalewicz", classical.michalewicz, _box(0, np.pi), classical.michalewicz_point, _michalewicz_minimum, 1.0
    ),
    BenchmarkFunction("perm", classical.perm, lambda n: (-float(n), float(n)), lambda n: 1 / _count(n), wall=100.0),
    BenchmarkFunction("powell", classical.powell, _box(-4, 5), _all(0.0)),
    BenchmarkFunction("rastrigin", classical.rastrigin, _box(-5.12, 5.12), _all(0.0)),
    BenchmarkFunction("rosenbrock", classical.rosenbrock, _box(-5, 10), _all(1.0)),
    BenchmarkFunction("schwefel", classical.schwefel, _box(-500, 500), _all(classical.SCHWEFEL_POINT), wall=400.0),
    BenchmarkFunction("sphere", classical.sphere, _box(-5.12, 5.12), _all(0.0)),
    BenchmarkFunction(
        "styblinski_tang",
        classical.styblinski_tang,
        _box(-5, 5),
        _all(classical.styblinski_tang_point()),
        _styblinski_tang_minimum,
    ),
    BenchmarkFunction("sum_of_powers", classical.sum_of_powers, _box(-1, 1), _all(0.0), wall=1.0),
    BenchmarkFunction("sum_squares", classical.sum_squares, _box(-10, 10), _all(0.0)),
    BenchmarkFunction(
        "trid",
        classical.trid,
        lambda n: (-float(n * n), float(n * n)),
        lambda n: _count(n) * (n + 1 - _count(n)),
        lambda n: -n * (n + 4.0) * (n - 1) / 6,
    ),
    BenchmarkFunction("zakharov", classical.zakharov, _box(-5, 10), _all(0.0)),
]

#: The test functions by name.
FUNCTIONS: dict[str, BenchmarkFunction] = {function.name: function for function in _ALL}

#: Never trained on, and reported apart.
HELD_OUT = ("griewank", "levy", "powell", "zakharov")

#: What may be trained on.
TRAINED = tuple(name for name in FUNCTIONS if name not in HELD_OUT)

#: Those with many minima, where restarts and large steps may pay.
MULTIMODAL = ("ackley", "griewank", "levy", "michalewicz", "rastrigin", "schwefel", "styblinski_tang")


def function(name: str) -> BenchmarkFunction:
    """The function called ``name``; :class:`InputError` listing the known names for any other."""
    if name not in FUNCTIONS:
        raise InputError(f"no test function is called {name!r}: choose from {', '.join(FUNCTIONS)}")
    return FUNCTIONS[name]


@dataclass(frozen=True)
class Stream:
    """Seeds for one purpose. Streams of different purposes have no seed in common."""

    name: str
    number: int

    def seed(self, *key: str | int) -> int:
        """The seed that belongs to ``key``, for example ``("ackley", 10, 0)``: always the same, 0 to 2^32 - 1.

        No more, because torch's generator of the CPU looks at the lowest 32 bits only.
        """
        digest = hashlib.sha256(repr(key).encode()).digest()
        return (self.number << 30) | (int.from_bytes(digest[:4]) >> 2)


_STREAMS = ("train", "tune", "test")


def stream(name: str) -> Stream:
    """The seeds of ``train`` (learned weights), ``tune`` (learning rates of peers) or ``test`` (tables)."""
    if name not in _STREAMS:
        raise InputError(f"no stream of seeds is called {name!r}: choose from {', '.join(_STREAMS)}")
    return Stream(name, _STREAMS.index(name))


@dataclass(frozen=True)
class FunctionBatch:
    """P random instances of one test function in n unknowns.

    Attributes:
        function: the test function.
        height: factors F (P,) on the values.
        scale_of_x: factors s (P,) on the unknowns.
        place: minimizers u* (P, n) in the units of the domain.
        rotation: R (P, n, n), or (1, n, n) if all instances share it.
    """

    function: BenchmarkFunction
    height: Tensor
    scale_of_x: Tensor
    place: Tensor
    rotation: Tensor
    _minimizer: Tensor = field(init=False, repr=False)
    _count: Tensor = field(init=False, repr=False)
    _slope: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # derived once: the base's minimizer (n,), the numbers 1 to n, and the factors on u and on gradients
        device, n = self.place.device, self.n
        minimizer = torch.tensor(self.function.minimizer(n), dtype=torch.float64, device=device)
        count = torch.arange(1, n + 1, dtype=torch.float64, device=device)
        object.__setattr__(self, "_minimizer", minimizer)
        object.__setattr__(self, "_count", count)
        object.__setattr__(self, "_slope", (self.height / self.scale_of_x)[:, None])

    @property
    def P(self) -> int:
        return self.place.shape[0]

    @property
    def n(self) -> int:
        return self.place.shape[1]

    @property
    def domain(self) -> tuple[Tensor, Tensor]:
        """Lower and upper limits (P,) of every unknown."""
        lower, upper = self.function.domain(self.n)
        return self.scale_of_x * lower, self.scale_of_x * upper

    @property
    def scale(self) -> Tensor:
        """Half widths (P,) of the domain, in the units of x."""
        lower, upper = self.domain
        return (upper - lower) / 2

    @property
    def minimizer(self) -> Tensor:
        """A point (P, n) where each instance is lowest."""
        return self.scale_of_x[:, None] * self.place

    @property
    def minimum(self) -> Tensor:
        """The lowest value (P,) of each instance."""
        return self.height * self.function.minimum(self.n)

    def value_and_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """f (..., P) and its gradient (..., P, n) at x (..., P, n). May be ``inf`` or ``nan`` far from the domain.

        Pure: it may be differentiated and vmapped. The gradient is a formula, not a backward pass.
        """
        rotation = self.rotation
        offset = x / self.scale_of_x[:, None] - self.place
        turned = offset @ rotation[0].T if len(rotation) == 1 else torch.einsum("pij,...pj->...pi", rotation, offset)
        value, slope = self.function.value_and_gradient(self._minimizer + turned, self._count)
        slope = slope @ rotation[0] if len(rotation) == 1 else torch.einsum("pij,...pi->...pj", rotation, slope)
        return self.height * value, self._slope * slope

    def start(self, generator: torch.Generator) -> Tensor:
        """Random points (P, n), uniform in the domain. ``generator`` is one of the CPU."""
        lower, upper = self.function.domain(self.n)
        share = torch.rand(self.P, self.n, dtype=torch.float64, generator=generator).to(self.place.device)
        return self.scale_of_x[:, None] * (lower + (upper - lower) * share)

    def take(self, index: list[int] | slice) -> FunctionBatch:
        """The instances numbered in ``index``, as a batch of their own."""
        return replace(
            self,
            height=self.height[index],
            scale_of_x=self.scale_of_x[index],
            place=self.place[index],
            rotation=self.rotation if len(self.rotation) == 1 else self.rotation[index],
        )

    def to(self, device: torch.device | str) -> FunctionBatch:
        """The same instances on another device."""
        return replace(
            self,
            height=self.height.to(device),
            scale_of_x=self.scale_of_x.to(device),
            place=self.place.to(device),
            rotation=self.rotation.to(device),
        )

    def problem(self, k: int) -> FunctionProblem:
        """Instance ``k`` as a NumPy problem for ``motionrecon.optimizers``."""
        return FunctionProblem(
            function=self.function,
            height=float(self.height[k]),
            scale_of_x=float(self.scale_of_x[k]),
            place=self.place[k].cpu().numpy(),
            rotation=self.rotation[0 if len(self.rotation) == 1 else k].cpu().numpy(),
        )


@dataclass(frozen=True)
class FunctionProblem:
    """One instance in NumPy, a ``motionrecon.optimizers.Problem``; its attributes are as in :class:`FunctionBatch`."""

    function: BenchmarkFunction
    height: float
    scale_of_x: float
    place: np.ndarray
    rotation: np.ndarray
    _minimizer: np.ndarray = field(init=False, repr=False)
    _count: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_minimizer", self.function.minimizer(self.n))
        object.__setattr__(self, "_count", _count(self.n))

    @property
    def n(self) -> int:
        return len(self.place)

    @property
    def domain(self) -> tuple[float, float]:
        """Lower and upper limit of every unknown."""
        lower, upper = self.function.domain(self.n)
        return self.scale_of_x * lower, self.scale_of_x * upper

    @property
    def scale(self) -> float:
        """Half the width of the domain, in the units of x."""
        lower, upper = self.domain
        return (upper - lower) / 2

    @property
    def minimizer(self) -> np.ndarray:
        """A point (n,) where it is lowest."""
        return self.scale_of_x * self.place

    @property
    def minimum(self) -> float:
        """The lowest value."""
        return self.height * self.function.minimum(self.n)

    def value(self, x: np.ndarray) -> float:
        """f at ``x`` (n,)."""
        return self.value_and_gradient(x)[0]

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and its gradient (n,) at ``x`` (n,)."""
        with np.errstate(all="ignore"):
            z = self._minimizer + self.rotation @ (x / self.scale_of_x - self.place)
            value, slope = self.function.value_and_gradient(z, self._count)
            return float(self.height * value), (self.height / self.scale_of_x) * (slope @ self.rotation)


def sample(
    which: str | BenchmarkFunction,
    n: int,
    P: int,
    seed: int | torch.Generator,
    *,
    shared_rotation: bool = False,
    device: torch.device | str = "cpu",
) -> FunctionBatch:
    """``P`` random instances of a function in ``n`` unknowns.

    Args:
        which: one of :data:`FUNCTIONS`, by name, or a function that is not among them.
        n: unknowns, at least 1.
        P: instances, at least 1.
        seed: an integer, or a generator of the CPU. The instances are drawn on the CPU whatever the device.
        shared_rotation: one rotation for all instances; saves time and memory where P n^2 is large.
        device: where the instances shall live.

    Raises:
        InputError: for an unknown name, or no unknowns or instances.
    """
    chosen = function(which) if isinstance(which, str) else which
    if n < 1 or P < 1:
        raise InputError(f"{P} instances of {chosen.name} in {n} unknowns were asked for: ask for at least 1 of each")
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, dtype=torch.float64, generator=generator)

    def log_uniform(low: float, high: float) -> Tensor:
        return low * (high / low) ** uniform(P)

    lower, upper = chosen.domain(n)
    centre, half = (lower + upper) / 2, (upper - lower) / 2
    height, scale_of_x = log_uniform(*_HEIGHTS), log_uniform(*_SCALES)
    place = centre + _PLACE * half * (2 * uniform(P, n) - 1)
    normal = torch.randn(1 if shared_rotation else P, n, n, dtype=torch.float64, generator=generator)
    # with the signs of R's diagonal, Q is uniform over the orthogonal matrices (Mezzadri 2007)
    q, r = torch.linalg.qr(normal)
    rotation = q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]
    return FunctionBatch(chosen, height, scale_of_x, place, rotation.contiguous()).to(device)
