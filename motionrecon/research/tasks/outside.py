"""Problems as users have them, outside the classical test functions: nothing was ever trained or tuned on them.

    batch = draw("bundle_adjustment", P=16, seed=0)
    f, g = batch.value_and_gradient(batch.start)         # (P,), (P, n)

None is shifted, rotated or scaled: the unknowns have the units that somebody would write them in, and starts are as
rough as somebody would have them. Everything is float64 on the CPU; gradients come from autograd.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionrecon.errors import InputError
from motionrecon.research.tasks import classical


class Drawn(NamedTuple):
    """P instances of a family.

    Attributes:
        start: (P, n).
        data: what the values depend on besides, each tensor with P rows.
    """

    start: Float[Tensor, "P n"]
    data: tuple[Tensor, ...]


@dataclass(frozen=True)
class OutsideFamily:
    """A kind of problem.

    Attributes:
        draw: random instances, from a generator and their number.
        value: of points (P, n), with the instances' data, (P,).
        minimum: where it is known.
    """

    draw: Callable[[torch.Generator, int], Drawn]
    value: Callable[..., Tensor]
    minimum: float | None = None


@dataclass(frozen=True)
class OutsideBatch:
    """P instances of one family in n unknowns."""

    family: OutsideFamily
    start: Float[Tensor, "P n"]
    data: tuple[Tensor, ...]

    def value_and_gradient(self, x: Float[Tensor, "P n"]) -> tuple[Float[Tensor, " P"], Float[Tensor, "P n"]]:
        """f and its gradient; may be ``inf`` or ``nan``."""
        with torch.inference_mode(False), torch.enable_grad():
            point = x.detach().clone().requires_grad_()
            f = self.family.value(point, *self.data)
            (g,) = torch.autograd.grad(f.sum(), point)
        return f.detach(), g

    def problem(self, k: int) -> OutsideProblem:
        """Instance ``k`` as a NumPy problem for ``motionrecon.optimizers``."""
        one = slice(k, k + 1)
        return OutsideProblem(OutsideBatch(self.family, self.start[one], tuple(a[one] for a in self.data)))


@dataclass(frozen=True)
class OutsideProblem:
    """One instance in NumPy, a ``motionrecon.optimizers.Problem``."""

    batch: OutsideBatch

    @property
    def n(self) -> int:
        return self.batch.start.shape[-1]

    @property
    def start(self) -> Float[np.ndarray, " n"]:
        start: np.ndarray = self.batch.start[0].numpy()
        return start

    def value(self, x: np.ndarray) -> float:
        """f at ``x`` (n,)."""
        return self.value_and_gradient(x)[0]

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and its gradient (n,) at ``x`` (n,)."""
        f, g = self.batch.value_and_gradient(torch.from_numpy(np.array(x, dtype=float))[None])
        return float(f[0]), g[0].numpy()


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def _uniform(generator: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(*shape, dtype=torch.float64, generator=generator)


# ---- a network with one hidden layer of tanh, fitted to 40 points of a noisy wave

_HIDDEN, _POINTS = 10, 40


def _draw_network(generator: torch.Generator, P: int) -> Drawn:
    t = torch.linspace(-1, 1, _POINTS, dtype=torch.float64).expand(P, -1)
    wave = torch.sin(_uniform(generator, 2, 6, P, 1) * t + _uniform(generator, 0, 6, P, 1))
    return Drawn(_normal(generator, P, 3 * _HIDDEN + 1), (t, wave + 0.05 * _normal(generator, P, _POINTS)))


def _network(x: Tensor, t: Tensor, seen: Tensor) -> Tensor:
    """Mean squared error."""
    slope, offset, weight = (x[:, i * _HIDDEN : (i + 1) * _HIDDEN] for i in range(3))
    hidden = torch.tanh(slope[:, None] * t[..., None] + offset[:, None])
    return ((hidden @ weight[..., None])[..., 0] + x[:, -1:] - seen).square().mean(-1)


# ---- logistic regression on 200 samples of 20 properties in different units, with a weak prior

_SAMPLES, _PROPERTIES = 200, 20


def _draw_regression(generator: torch.Generator, P: int) -> Drawn:
    units = 10 ** _uniform(generator, -1, 1, P, 1, _PROPERTIES)
    mixing = torch.eye(_PROPERTIES, dtype=torch.float64) + 0.3 * _normal(generator, P, _PROPERTIES, _PROPERTIES)
    seen = _normal(generator, P, _SAMPLES, _PROPERTIES) @ mixing
    score = (seen @ _normal(generator, P, _PROPERTIES, 1))[..., 0]
    label = (score + _normal(generator, P, _SAMPLES) > 0).double() * 2 - 1
    return Drawn(torch.zeros(P, _PROPERTIES, dtype=torch.float64), (units * seen, label))


def _regression(x: Tensor, seen: Tensor, label: Tensor) -> Tensor:
    """Mean negative log likelihood."""
    margin = label * (seen @ x[..., None])[..., 0]
    return torch.nn.functional.softplus(-margin).mean(-1) + 5e-4 * x.square().sum(-1)


# ---- bundle adjustment: three cameras beside a fixed one, and ten points, from pixels that are off by half of one

_CAMERAS, _MARKS, _FOCAL = 4, 10, 500.0


def _pixels(pose: Tensor, marks: Tensor) -> Tensor:
    """Pixels (P, cameras, marks, 2) of marks (P, marks, 3) for poses (P, cameras, 6): turn, then shift."""
    turn, shift = pose[..., :3], pose[..., 3:]
    square = turn.square().sum(-1)[..., None, None]
    angle = (square + 1e-24).sqrt()
    x, y, z = turn.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], -1).reshape(*x.shape, 3, 3)
    # Rodrigues' formula
    R = (
        torch.eye(3, dtype=torch.float64)
        + torch.sin(angle) / angle * cross
        + 0.5 * (torch.sin(angle / 2) / (angle / 2)) ** 2 * cross @ cross
    )
    seen = marks[:, None] @ R.transpose(-1, -2) + shift[..., None, :]
    pixels: Tensor = _FOCAL * seen[..., :2] / seen[..., 2:]
    return pixels


def _draw_bundle(generator: torch.Generator, P: int) -> Drawn:
    marks = _uniform(generator, -1, 1, P, _MARKS, 3)
    around = torch.linspace(0, 1.5, _CAMERAS, dtype=torch.float64)
    pose = torch.zeros(P, _CAMERAS, 6, dtype=torch.float64)
    pose[..., 1] = around
    pose[..., 5] = 4.0
    pixels = _pixels(pose, marks) + 0.5 * _normal(generator, P, _CAMERAS, _MARKS, 2)
    rough = pose[:, 1:] + 0.05 * _normal(generator, P, _CAMERAS - 1, 6)
    start = torch.cat([rough.flatten(1), (marks + 0.2 * _normal(generator, P, _MARKS, 3)).flatten(1)], -1)
    return Drawn(start, (pose[:, :1], pixels))


def _bundle(x: Tensor, fixed: Tensor, pixels: Tensor) -> Tensor:
    """Sum of squares of pixels."""
    moved = 6 * (_CAMERAS - 1)
    pose = torch.cat([fixed, x[:, :moved].reshape(len(x), -1, 6)], 1)
    off: Tensor = _pixels(pose, x[:, moved:].reshape(len(x), -1, 3)) - pixels
    return off.square().sum((1, 2, 3))


# ---- Lennard-Jones clusters of 13 atoms, from a loose random heap; the icosahedron is the best

_ATOMS = 13
_ATOM_PAIRS = torch.triu_indices(_ATOMS, _ATOMS, 1)


def _draw_atoms(generator: torch.Generator, P: int) -> Drawn:
    grid = torch.cartesian_prod(*[torch.arange(-1.0, 2.0, dtype=torch.float64)] * 3)
    places = torch.stack([torch.randperm(27, generator=generator)[:_ATOMS] for _ in range(P)])
    return Drawn((1.3 * grid[places] + 0.1 * _normal(generator, P, _ATOMS, 3)).flatten(1), ())


def _atoms(x: Tensor) -> Tensor:
    """Energy: 4 (r^-12 - r^-6) for each pair."""
    atoms = x.reshape(-1, _ATOMS, 3)
    square = (atoms[:, _ATOM_PAIRS[0]] - atoms[:, _ATOM_PAIRS[1]]).square().sum(-1)
    sixth = square**-3
    return 4 * (sixth.square() - sixth).sum(-1)


# ---- an arm of three links in the plane goes from rest to a place, smoothly, and not through two discs

_KNOTS, _LINKS = 15, 3


def _draw_arm(generator: torch.Generator, P: int) -> Drawn:
    rest = _uniform(generator, -0.5, 0.5, P, 1, _LINKS)
    goal = _reached(_uniform(generator, -1.5, 1.5, P, 1, _LINKS) + 1.0)[:, 0, -1]
    discs = torch.cat([_uniform(generator, -2.5, 2.5, P, 2, 2), _uniform(generator, 0.2, 0.5, P, 2, 1)], -1)
    start = rest + 0.05 * _normal(generator, P, _KNOTS, _LINKS)
    return Drawn(start.flatten(1), (rest, goal, discs))


def _reached(angles: Tensor) -> Tensor:
    """Ends (P, T, links, 2) of links of length 1 whose angles (P, T, links) are between neighbours."""
    turned = angles.cumsum(-1)
    return torch.stack([turned.cos(), turned.sin()], -1).cumsum(-2)


def _arm(x: Tensor, rest: Tensor, goal: Tensor, discs: Tensor) -> Tensor:
    """Squared accelerations, distance from the goal at the end, and depth in the discs."""
    angles = torch.cat([rest, rest, x.reshape(-1, _KNOTS, _LINKS)], 1)
    ends = _reached(angles)
    jerky = 10 * angles.diff(n=2, dim=1).square().sum((1, 2))
    away = 100 * (ends[:, -1, -1] - goal).square().sum(-1)
    distance = ((ends[..., None, :] - discs[:, None, None, :, :2]).square().sum(-1) + 1e-12).sqrt()
    inside = torch.nn.functional.softplus((discs[:, None, None, :, 2] - distance) * 20) / 20
    return jerky + away + 50 * inside.square().sum((1, 2, 3))


# ---- a sum of four Gaussians fitted to a spectrum, and a landscape that is such a sum

_PEAKS, _CHANNELS = 4, 80


def _spectrum(x: Tensor, t: Tensor) -> Tensor:
    height, place, width = x.reshape(-1, 3, _PEAKS).unbind(1)
    bend = (t[..., None] - place[:, None]) / width.exp()[:, None]
    return (height[:, None] * (-0.5 * bend.square()).exp()).sum(-1)


def _draw_spectrum(generator: torch.Generator, P: int) -> Drawn:
    t = torch.linspace(0, 10, _CHANNELS, dtype=torch.float64).expand(P, -1)
    truth = torch.cat(
        [
            _uniform(generator, 0.5, 2, P, _PEAKS),
            torch.linspace(1.5, 8.5, _PEAKS, dtype=torch.float64) + 0.5 * _normal(generator, P, _PEAKS),
            _uniform(generator, -1, 0.2, P, _PEAKS),
        ],
        -1,
    )
    rough = torch.tensor([0.3, 0.6, 0.4], dtype=torch.float64).repeat_interleave(_PEAKS)
    seen = _spectrum(truth, t) + 0.02 * _normal(generator, P, _CHANNELS)
    return Drawn(truth + rough * _normal(generator, P, 3 * _PEAKS), (t, seen))


def _fit_of_spectrum(x: Tensor, t: Tensor, seen: Tensor) -> Tensor:
    """Sum of squares."""
    return (_spectrum(x, t) - seen).square().sum(-1)


_HILLS, _HILLY = 12, 6


def _draw_hills(generator: torch.Generator, P: int) -> Drawn:
    place = _uniform(generator, -3, 3, P, _HILLS, _HILLY)
    data = (place, _uniform(generator, 0.5, 2, P, _HILLS), _uniform(generator, 1.0, 2.0, P, _HILLS))
    return Drawn(_uniform(generator, -3, 3, P, _HILLY), data)


def _hills(x: Tensor, place: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Hills upside down, on a shallow bowl that keeps everybody inside."""
    square = (x[:, None] - place).square().sum(-1)
    return 0.01 * x.square().sum(-1) - (height * (-0.5 * square / width.square()).exp()).sum(-1)


# ---- Rosenbrock's function in a few unknowns, near its classical start


def _draw_valley(n: int, generator: torch.Generator, P: int) -> Drawn:
    classical_start = torch.tensor([-1.2, 1.0], dtype=torch.float64).repeat(n // 2)
    return Drawn(classical_start + 0.2 * _normal(generator, P, n), ())


def _valley(x: Tensor) -> Tensor:
    value: Tensor = classical.rosenbrock(x, None)[0]
    return value


#: The families by name. A new one is one line here.
OUTSIDE: dict[str, OutsideFamily] = {
    "neural_fit": OutsideFamily(_draw_network, _network),
    "logistic_regression": OutsideFamily(_draw_regression, _regression),
    "bundle_adjustment": OutsideFamily(_draw_bundle, _bundle),
    "lennard_jones_13": OutsideFamily(_draw_atoms, _atoms, -44.326801),
    "arm_trajectory": OutsideFamily(_draw_arm, _arm),
    "gaussians_fit": OutsideFamily(_draw_spectrum, _fit_of_spectrum),
    "gaussian_hills": OutsideFamily(_draw_hills, _hills),
    **{f"rosenbrock_{n}": OutsideFamily(partial(_draw_valley, n), _valley, 0.0) for n in (2, 6, 10)},
}


def draw(name: str, P: int, seed: int) -> OutsideBatch:
    """``P`` random instances of the family called ``name``, the same for the same seed.

    Raises:
        InputError: for an unknown name, or no instances.
    """
    if name not in OUTSIDE:
        raise InputError(f"no outside problem is called {name!r}: choose from {', '.join(OUTSIDE)}")
    if P < 1:
        raise InputError(f"{P} instances of {name} were asked for: ask for at least 1")
    family = OUTSIDE[name]
    place = list(OUTSIDE).index(name)
    start, data = family.draw(torch.Generator().manual_seed(1000 * place + 7919 * seed), P)
    assert all(len(a) == P for a in data) and math.isfinite(float(start.sum()))
    return OutsideBatch(family, start, tuple(a.contiguous() for a in data))
